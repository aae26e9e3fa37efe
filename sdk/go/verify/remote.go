package verify

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	minKeyAge     = time.Minute
	defaultKeyAge = 5 * time.Minute
	maxKeyAge     = time.Hour
	// refreshInterval is the least time between two refreshes, whatever the
	// reason for them: tokens with made-up key IDs, or an issuer that is down,
	// never cause more.
	refreshInterval = 5 * time.Second
	refreshTimeout  = 10 * time.Second
)

// fetchFunc gets the issuer's keys and how long they may be used without
// asking again (0: the answer did not say).
type fetchFunc func(context.Context) (keyMap, time.Duration, error)

// remoteKeys is a keySource that caches the issuer's keys.
//
//	age of the keys:  0 ───── ¾ max-age ───── max-age ──────── max staleness
//	                  use     use, refresh    refresh, wait;    refuse
//	                          in background   after a failure
//	                                          use, retry in
//	                                          background
type remoteKeys struct {
	fetch        fetchFunc
	maxStaleness time.Duration
	now          func() time.Time
	log          *slog.Logger

	// A refresh outlives the request that needs it, so that a caller who goes
	// away does not fail the others; ctx ends with close.
	ctx     context.Context //nolint:containedctx // the cache's own life, no caller's
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu        sync.Mutex
	closed    bool
	keys      keyMap
	fetchedAt time.Time     // when keys were asked for; zero: there are none yet
	refreshAt time.Time     // when to refresh in the background
	expiresAt time.Time     // when to refresh before use
	nextAt    time.Time     // when the next refresh may start
	lastErr   error         // of the latest refresh
	flight    chan struct{} // closed when the refresh that runs ends; nil: none does
}

func newRemoteKeys(s *settings, fetch fetchFunc) *remoteKeys {
	r := &remoteKeys{fetch: fetch, maxStaleness: s.maxStaleness, now: s.now, log: s.log}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// key returns the key with the ID, refreshing first where needed.
func (r *remoteKeys) key(ctx context.Context, id string) (*jose.JSONWebKey, error) {
	if err := wait(ctx, r.keepFresh()); err != nil {
		return nil, err
	}
	key, refresh, err := r.find(id, true)
	if refresh == nil {
		return key, err
	}
	if err := wait(ctx, refresh); err != nil {
		return nil, err
	}
	key, _, err = r.find(id, false)
	return key, err
}

// keepFresh starts a refresh when one is due, and returns its end when the
// caller must wait for it.
func (r *remoteKeys) keepFresh() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if now.Before(r.refreshAt) {
		return nil
	}
	refresh := r.start(now)
	// While the issuer is down, nobody waits for it again and again.
	lastGood := r.lastErr != nil && r.usable(now)
	if now.Before(r.expiresAt) || lastGood {
		return nil
	}
	return refresh
}

// find looks an ID up. When it is not found and mayRefresh says so, it may
// return the end of a refresh after which to look again: the issuer can have
// taken a new key into use.
func (r *remoteKeys) find(id string, mayRefresh bool) (*jose.JSONWebKey, <-chan struct{}, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if r.usable(now) {
		if key, ok := r.keys[id]; ok {
			return key, nil, nil
		}
	}
	if mayRefresh {
		if refresh := r.start(now); refresh != nil {
			return nil, refresh, nil
		}
	}
	switch {
	case r.lastErr != nil:
		// The key may exist: we cannot know.
		return nil, nil, fmt.Errorf("%w: %w", ErrKeysUnavailable, r.lastErr)
	case !r.usable(now):
		return nil, nil, ErrKeysUnavailable
	}
	return nil, nil, ErrUnknownKey
}

// usable reports whether there are keys young enough to trust. r.mu is held.
func (r *remoteKeys) usable(now time.Time) bool {
	return !r.fetchedAt.IsZero() && now.Sub(r.fetchedAt) <= r.maxStaleness
}

// start returns the end of the refresh that runs, beginning one if none does;
// nil when it is too early for another. r.mu is held.
func (r *remoteKeys) start(now time.Time) <-chan struct{} {
	if r.flight == nil {
		if r.closed || now.Before(r.nextAt) {
			return nil
		}
		r.flight = make(chan struct{})
		r.running.Go(r.refresh)
	}
	return r.flight
}

func (r *remoteKeys) refresh() {
	ctx, cancel := context.WithTimeout(r.ctx, refreshTimeout)
	defer cancel()
	asked := r.now()
	keys, maxAge, err := r.fetch(ctx)
	if err != nil {
		r.log.WarnContext(ctx, "key_refresh_failed", "error", err)
	} else {
		r.log.DebugContext(ctx, "keys_refreshed", "keys", len(keys))
	}

	r.mu.Lock()
	defer r.mu.Unlock()
	r.nextAt = r.now().Add(refreshInterval)
	r.lastErr = err
	if err == nil {
		if maxAge == 0 {
			maxAge = defaultKeyAge
		}
		maxAge = min(max(maxAge, minKeyAge), maxKeyAge)
		// An empty set is an answer too: the issuer has withdrawn its keys.
		r.keys = keys
		r.fetchedAt = asked
		r.refreshAt = asked.Add(maxAge / 4 * 3)
		r.expiresAt = asked.Add(maxAge)
	}
	close(r.flight)
	r.flight = nil
}

func (r *remoteKeys) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.cancel()
	r.running.Wait()
}

// wait waits for the end of a refresh, if there is one to wait for.
func wait(ctx context.Context, end <-chan struct{}) error {
	if end == nil {
		return nil
	}
	select {
	case <-end:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrKeysUnavailable, context.Cause(ctx))
	}
}
