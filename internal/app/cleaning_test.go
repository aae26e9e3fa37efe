package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"authsec/internal/clocktest"
)

// cleaned counts cleanings, and fails as long as it is told to.
type cleaned struct {
	now  time.Time
	keep time.Duration
	n    int
	err  error
}

func (c *cleaned) CleanRecalls(_ context.Context, now time.Time, keep time.Duration) error {
	c.now, c.keep, c.n = now, keep, c.n+1
	return c.err
}

// A failure is logged, and the next tick tries again.
func TestRecallsAreCleaned(t *testing.T) {
	clock := clocktest.At(time.Date(2026, 5, 21, 7, 0, 0, 0, time.UTC))
	var log bytes.Buffer
	store := &cleaned{err: errors.New("the database is locked")}
	c := recallCleaner{store: store, keep: 25 * time.Hour, now: clock.Now, log: slog.New(slog.NewTextHandler(&log, nil))}
	tick := make(chan time.Time)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { c.Run(ctx, tick) })
	tick <- time.Time{}
	tick <- time.Time{} // it takes the second when it is done with the first
	stop()
	running.Wait()
	if store.n != 2 || store.keep != 25*time.Hour || !store.now.Equal(clock.Now()) || strings.Count(log.String(), "the database is locked") < 1 {
		t.Errorf("%+v: %s", store, &log)
	}
	store.err = nil
	log.Reset()
	ctx, stop = context.WithCancel(t.Context())
	running.Go(func() { c.Run(ctx, tick) })
	tick <- time.Time{}
	tick <- time.Time{}
	stop()
	running.Wait()
	if store.n != 4 || strings.Contains(log.String(), "ERROR") || !strings.Contains(log.String(), "forgotten") {
		t.Errorf("%+v: %s", store, &log)
	}
}

func TestJitter(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 100 {
		d, err := jittered(rand.Reader, cleanRecallsEvery, cleanRecallsJitter)
		if err != nil || d < cleanRecallsEvery || d >= cleanRecallsEvery+cleanRecallsJitter {
			t.Fatalf("%v %v", d, err)
		}
		seen[d] = true
	}
	if len(seen) < 90 {
		t.Errorf("%d intervals of 100", len(seen))
	}
	if _, err := jittered(strings.NewReader(""), time.Hour, time.Minute); err == nil {
		t.Error("no randomness, and no error")
	}
}
