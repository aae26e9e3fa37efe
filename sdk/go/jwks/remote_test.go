package jwks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"authsec/sdk/go/jws"
)

const staleness = 24 * time.Hour

// clock is a time that moves only when told.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Unix(1780000000, 0)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// source is an issuer in memory.
type source struct {
	mu      sync.Mutex
	ids     []string
	maxAge  time.Duration
	err     error
	fetches atomic.Int64
	gate    chan struct{} // when set, a fetch waits for it
}

func (s *source) set(err error, ids ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err, s.ids = err, ids
}

func (s *source) fetch(ctx context.Context) (*Set, time.Duration, error) {
	s.fetches.Add(1)
	if s.gate != nil {
		select {
		case <-s.gate:
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	set := &Set{}
	for _, id := range s.ids {
		set.keys = append(set.keys, key{id: id, algorithms: []string{jws.RS256}, public: id})
	}
	return set, s.maxAge, s.err
}

func remoteOf(t *testing.T, s *source) (*Remote, *clock) {
	t.Helper()
	c := newClock()
	r := newRemote(Options{MaxStaleness: staleness, Now: c.now, Log: slog.New(slog.DiscardHandler)}, s.fetch)
	t.Cleanup(r.Close)
	return r, c
}

// wants fails unless looking id up ends in want (nil: found) after as many
// fetches in all, those in the background included.
func wants(t *testing.T, r *Remote, s *source, id string, want error, fetches int64) {
	t.Helper()
	key, err := r.Key(t.Context(), id, jws.RS256)
	if !errors.Is(err, want) || (err == nil) != (key != nil) {
		t.Errorf("key(%s): got key %v and error %v: want error %v", id, key, err, want)
	}
	r.running.Wait()
	if got := s.fetches.Load(); got != fetches {
		t.Errorf("key(%s): got %d fetches so far: want %d", id, got, fetches)
	}
}

// cancelled returns the context of a caller who does not wait.
func cancelled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func TestKeysAreFetchedOnceAndRefreshedInTime(t *testing.T) {
	s := &source{ids: []string{"a"}, maxAge: 20 * time.Minute}
	r, c := remoteOf(t, s)
	wants(t, r, s, "a", nil, 1)
	c.advance(15*time.Minute - time.Second)
	wants(t, r, s, "a", nil, 1)
	c.advance(time.Second) // three quarters: in the background
	wants(t, r, s, "a", nil, 2)
	c.advance(time.Second)
	wants(t, r, s, "a", nil, 2)
}

func TestBackgroundRefreshKeepsNobodyWaiting(t *testing.T) {
	s := &source{ids: []string{"a"}}
	r, c := remoteOf(t, s)
	wants(t, r, s, "a", nil, 1)
	c.advance(4 * time.Minute)
	s.gate = make(chan struct{}) // the next fetch hangs
	if _, err := r.Key(cancelled(t), "a", jws.RS256); err != nil {
		t.Errorf("who cannot wait got %v", err)
	}
	close(s.gate)
	r.running.Wait()
	if got := s.fetches.Load(); got != 2 {
		t.Errorf("got %d fetches: want 2", got)
	}
}

func TestKeyAgeIsBounded(t *testing.T) {
	for _, c := range []struct{ said, want time.Duration }{
		{0, defaultKeyAge}, {time.Nanosecond, minKeyAge}, {time.Second, minKeyAge}, {10 * time.Minute, 10 * time.Minute}, {48 * time.Hour, maxKeyAge},
	} {
		s := &source{ids: []string{"a"}, maxAge: c.said}
		r, clock := remoteOf(t, s)
		wants(t, r, s, "a", nil, 1)
		if got := r.expiresAt.Sub(clock.now()); got != c.want {
			t.Errorf("issuer says %s: got %s, want %s", c.said, got, c.want)
		}
	}
}

func TestWithdrawnKeyIsRefusedWhenItsAgeIsOver(t *testing.T) {
	s := &source{ids: []string{"a", "b"}}
	r, c := remoteOf(t, s)
	wants(t, r, s, "a", nil, 1)
	s.set(nil, "b")
	c.advance(defaultKeyAge)
	wants(t, r, s, "a", ErrUnknown, 2)
	wants(t, r, s, "b", nil, 2)
	s.set(nil) // all of them: an empty set is an answer too
	c.advance(defaultKeyAge)
	wants(t, r, s, "b", ErrUnknown, 3)
}

func TestUnknownKeyIDAsksAgain(t *testing.T) {
	s := &source{ids: []string{"a"}}
	r, c := remoteOf(t, s)
	wants(t, r, s, "a", nil, 1)
	s.set(nil, "a", "b")
	wants(t, r, s, "b", ErrUnknown, 1) // too soon
	c.advance(RefreshInterval)
	wants(t, r, s, "b", nil, 2)
}

func TestUnknownKeyIDStormIsBounded(t *testing.T) {
	s := &source{ids: []string{"a"}, maxAge: time.Hour}
	r, c := remoteOf(t, s)
	for second := range 60 {
		for i := range 100 {
			if _, err := r.Key(t.Context(), fmt.Sprintf("made-up-%d-%d", second, i), jws.RS256); !errors.Is(err, ErrUnknown) {
				t.Fatalf("got %v: want ErrUnknown", err)
			}
			if _, err := r.Key(t.Context(), "a", jws.RS256); err != nil {
				t.Fatalf("a known key in the storm: %v", err)
			}
		}
		c.advance(time.Second)
	}
	if got, want := s.fetches.Load(), int64(12); got != want {
		t.Errorf("6000 made-up key IDs in a minute: got %d fetches, want %d", got, want)
	}
}

func TestLastGoodKeysOutliveTheIssuerForAWhile(t *testing.T) {
	s := &source{ids: []string{"a"}}
	r, c := remoteOf(t, s)
	wants(t, r, s, "a", nil, 1)

	down := errors.New("issuer is down")
	s.set(down)
	c.advance(defaultKeyAge)
	wants(t, r, s, "a", nil, 2)
	wants(t, r, s, "a", nil, 2)            // not hammered
	wants(t, r, s, "b", ErrUnavailable, 2) // b may exist: we cannot know
	c.advance(RefreshInterval)
	wants(t, r, s, "a", nil, 3)

	c.advance(staleness - defaultKeyAge - RefreshInterval)
	wants(t, r, s, "a", nil, 4)
	c.advance(time.Second)
	wants(t, r, s, "a", ErrUnavailable, 4)
	c.advance(RefreshInterval)
	if _, err := r.Key(t.Context(), "a", jws.RS256); !errors.Is(err, ErrUnavailable) || !errors.Is(err, down) {
		t.Errorf("got %v: want ErrUnavailable for the reason %v", err, down)
	}

	s.set(nil, "a")
	c.advance(RefreshInterval)
	wants(t, r, s, "a", nil, 6)
}

func TestDownIssuerKeepsNobodyWaiting(t *testing.T) {
	s := &source{ids: []string{"a"}}
	r, c := remoteOf(t, s)
	wants(t, r, s, "a", nil, 1)
	s.set(errors.New("down"))
	c.advance(defaultKeyAge)
	wants(t, r, s, "a", nil, 2)
	c.advance(RefreshInterval)
	s.gate = make(chan struct{}) // now it hangs instead
	if _, err := r.Key(cancelled(t), "a", jws.RS256); err != nil {
		t.Errorf("who cannot wait got %v", err)
	}
	close(s.gate)
}

func TestFirstFetchFails(t *testing.T) {
	s := &source{err: errors.New("down")}
	r, c := remoteOf(t, s)
	wants(t, r, s, "a", ErrUnavailable, 1)
	wants(t, r, s, "a", ErrUnavailable, 1)
	s.set(nil, "a")
	c.advance(RefreshInterval)
	wants(t, r, s, "a", nil, 2)
}

func TestOneRefreshServesAll(t *testing.T) {
	s := &source{ids: []string{"a"}, gate: make(chan struct{})}
	r, _ := remoteOf(t, s)
	var started, done sync.WaitGroup
	for range 100 {
		started.Add(1)
		done.Go(func() {
			started.Done()
			if _, err := r.Key(t.Context(), "a", jws.RS256); err != nil {
				t.Error(err)
			}
		})
	}
	started.Wait()
	close(s.gate)
	done.Wait()
	if got := s.fetches.Load(); got != 1 {
		t.Errorf("got %d fetches: want 1", got)
	}
}

func TestRefreshOutlivesTheRequestThatNeedsIt(t *testing.T) {
	s := &source{ids: []string{"a"}, gate: make(chan struct{})}
	r, _ := remoteOf(t, s)
	if _, err := r.Key(cancelled(t), "a", jws.RS256); !errors.Is(err, ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v: want ErrUnavailable because of the cancelled context", err)
	}
	close(s.gate)
	wants(t, r, s, "a", nil, 1)
}

func TestClose(t *testing.T) {
	s := &source{ids: []string{"a"}, gate: make(chan struct{})}
	r, c := remoteOf(t, s)
	_, _ = r.Key(cancelled(t), "a", jws.RS256) // leaves a fetch behind that hangs
	r.Close()
	if !errors.Is(r.lastErr, context.Canceled) {
		t.Errorf("the fetch ended with %v: want it cancelled", r.lastErr)
	}
	c.advance(RefreshInterval)
	wants(t, r, s, "a", ErrUnavailable, 1)
	r.Close()
}
