package jwks

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

const (
	minKeyAge     = time.Minute
	defaultKeyAge = 5 * time.Minute
	maxKeyAge     = time.Hour
	// RefreshInterval is the least time between two refreshes, whatever the
	// reason for them: tokens with made-up key IDs, or an issuer that is down,
	// never cause more. A caller who was told [ErrUnavailable] may come back after it.
	RefreshInterval = 5 * time.Second
	refreshTimeout  = 10 * time.Second
	// MinStaleness is the least that [Options.MaxStaleness] can be: keys may be
	// used that long without asking again if their issuer says so.
	MinStaleness = maxKeyAge
)

// Options say where an issuer's keys are and how long they last. Issuer,
// Metadata, Policy, Client, MaxStaleness, Now and Log are required, Issuer and
// Metadata only without URL.
type Options struct {
	Issuer string
	// URL is where the key set is; "" looks jwks_uri up in the issuer's metadata,
	// at the first of the addresses that Metadata returns for the issuer that
	// answers: [OAuthMetadata] or [OpenIDMetadata].
	URL      string
	Metadata func(issuer string) []string
	Policy   Policy
	// Client fetches. Its redirect policy is replaced by ours: never to another origin.
	Client *http.Client
	// PlainHTTP lets keys come over http from another machine.
	PlainHTTP bool
	// MaxStaleness is for how long after they were last fetched keys are trusted
	// while the issuer cannot be reached: at least [MinStaleness].
	MaxStaleness time.Duration
	Now          func() time.Time
	Log          *slog.Logger
}

// fetchFunc gets the issuer's keys and how long they may be used without
// asking again (0: the answer did not say).
type fetchFunc func(context.Context) (*Set, time.Duration, error)

// Remote fetches the issuer's keys when they are first needed, and caches them.
// Safe for concurrent use.
//
//	age of the keys:  0 ───── ¾ max-age ───── max-age ──────── max staleness
//	                  use     use, refresh    refresh, wait;    refuse
//	                          in background   after a failure
//	                                          use, retry in
//	                                          background
type Remote struct {
	fetch        fetchFunc
	maxStaleness time.Duration
	now          func() time.Time
	log          *slog.Logger

	// A refresh outlives the request that needs it, so that a caller who goes
	// away does not fail the others; ctx ends with Close.
	ctx     context.Context //nolint:containedctx // the cache's own life, no caller's
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu        sync.Mutex
	closed    bool
	keys      *Set          // nil: there are none yet
	fetchedAt time.Time     // when keys were asked for
	refreshAt time.Time     // when to refresh in the background
	expiresAt time.Time     // when to refresh before use
	nextAt    time.Time     // when the next refresh may start
	lastErr   error         // of the latest refresh
	flight    chan struct{} // closed when the refresh that runs ends; nil: none does
}

// NewRemote checks the options and does no I/O. Its error names every fault.
func NewRemote(o Options) (*Remote, error) {
	var faults []error
	address := o.URL
	if address == "" {
		address = o.Issuer
	}
	if err := CheckURL(address, o.PlainHTTP); err != nil {
		faults = append(faults, fmt.Errorf("address of the keys: %w", err))
	}
	if o.MaxStaleness < MinStaleness {
		faults = append(faults, fmt.Errorf("max staleness %s: want at least %s", o.MaxStaleness, MinStaleness))
	}
	if o.Now == nil || o.Client == nil || o.Log == nil || o.URL == "" && o.Metadata == nil {
		faults = append(faults, errors.New("clock, HTTP client, logger and metadata addresses must not be nil"))
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return newRemote(o, newFetcher(o).fetch), nil
}

func newRemote(o Options, fetch fetchFunc) *Remote {
	r := &Remote{fetch: fetch, maxStaleness: o.MaxStaleness, now: o.Now, log: o.Log}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// Key implements [Keys], refreshing first where needed. ctx bounds how long the
// caller waits, not the refresh.
func (r *Remote) Key(ctx context.Context, id, algorithm string) (crypto.PublicKey, error) {
	if err := wait(ctx, r.keepFresh()); err != nil {
		return nil, err
	}
	key, refresh, err := r.find(ctx, id, algorithm, true)
	if refresh == nil {
		return key, err
	}
	if err := wait(ctx, refresh); err != nil {
		return nil, err
	}
	key, _, err = r.find(ctx, id, algorithm, false)
	return key, err
}

// keepFresh starts a refresh when one is due, and returns its end when the
// caller must wait for it.
func (r *Remote) keepFresh() <-chan struct{} {
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

// find looks a key up. When it is not found and mayRefresh says so, it may
// return the end of a refresh after which to look again: the issuer can have
// taken a new key into use.
func (r *Remote) find(ctx context.Context, id, algorithm string, mayRefresh bool) (crypto.PublicKey, <-chan struct{}, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if r.usable(now) {
		if key, err := r.keys.Key(ctx, id, algorithm); err == nil {
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
		return nil, nil, fmt.Errorf("%w: %w", ErrUnavailable, r.lastErr)
	case !r.usable(now):
		return nil, nil, ErrUnavailable
	}
	return nil, nil, ErrUnknown
}

// usable reports whether there are keys young enough to trust. r.mu is held.
func (r *Remote) usable(now time.Time) bool {
	return r.keys != nil && now.Sub(r.fetchedAt) <= r.maxStaleness
}

// start returns the end of the refresh that runs, beginning one if none does;
// nil when it is too early for another. r.mu is held.
func (r *Remote) start(now time.Time) <-chan struct{} {
	if r.flight == nil {
		if r.closed || now.Before(r.nextAt) {
			return nil
		}
		r.flight = make(chan struct{})
		r.running.Go(r.refresh)
	}
	return r.flight
}

func (r *Remote) refresh() {
	ctx, cancel := context.WithTimeout(r.ctx, refreshTimeout)
	defer cancel()
	asked := r.now()
	keys, maxAge, err := r.fetch(ctx)
	if err != nil {
		r.log.WarnContext(ctx, "key_refresh_failed", "error", err)
	} else {
		r.log.DebugContext(ctx, "keys_refreshed", "keys", keys.Len())
	}

	r.mu.Lock()
	defer r.mu.Unlock()
	r.nextAt = r.now().Add(RefreshInterval)
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

// Close stops refreshing and waits until nothing runs in the background. After
// it, the keys at hand serve until they are too old.
func (r *Remote) Close() {
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
		return fmt.Errorf("%w: %w", ErrUnavailable, context.Cause(ctx))
	}
}
