package app

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"math/big"
	"time"
)

const (
	cleanRecallsEvery = time.Hour
	// cleanRecallsJitter is how much longer it may be, so that replicas that started
	// together do not all clean at once.
	cleanRecallsJitter = 10 * time.Minute
)

// recallStore forgets recalls that concern no token any more.
type recallStore interface {
	CleanRecalls(ctx context.Context, now time.Time, keep time.Duration) error
}

// recallCleaner keeps recalls and status lists from growing for ever.
type recallCleaner struct {
	store recallStore
	keep  time.Duration // the longest life of a token, and the leeway of clocks
	now   func() time.Time
	log   *slog.Logger
}

// Run cleans at each tick until ctx ends.
func (c recallCleaner) Run(ctx context.Context, tick <-chan time.Time) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
		begin := c.now()
		err := c.store.CleanRecalls(ctx, begin, c.keep)
		switch {
		case err == nil:
			c.log.InfoContext(ctx, "recalls of ended tokens forgotten", "took", c.now().Sub(begin))
		case ctx.Err() == nil:
			c.log.ErrorContext(ctx, "recalls of ended tokens stay for now", "error", err)
		}
	}
}

// jittered returns an interval with up to most more.
func jittered(random io.Reader, interval, most time.Duration) (time.Duration, error) {
	more, err := rand.Int(random, big.NewInt(int64(most)))
	if err != nil {
		return 0, err
	}
	return interval + time.Duration(more.Int64()), nil
}
