package attest

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

// maxBundleAge is how long a bundle is believed after its source was last heard
// of: as long as an issuer's keys. A key that was taken back can live that long
// here if we are cut off.
const maxBundleAge = staleKeys

// kept is the last good bundle of a trust domain: a SPIFFE bundle, or one half
// of it. Make it with keep; it is safe for concurrent use.
type kept[T any] struct {
	trustDomain spiffeid.TrustDomain
	env         Environment

	mu      sync.Mutex
	bundle  T
	has     bool
	live    bool          // its source would tell of a change
	heard   time.Time     // when it was last known to be the source's
	problem error         // of the last attempt; nil: it succeeded
	tried   chan struct{} // closed when the first attempt has ended
	begun   bool          // tried is closed
}

func keep[T any](td spiffeid.TrustDomain, e Environment) *kept[T] {
	return &kept[T]{trustDomain: td, env: e, tried: make(chan struct{})}
}

// set notes the source's bundle. live: it is the source's until told otherwise.
func (k *kept[T]) set(ctx context.Context, bundle T, live bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.problem != nil || !k.has {
		k.env.Log.LogAttrs(ctx, slog.LevelInfo, "SPIFFE bundle received", slog.String("trust_domain", k.trustDomain.Name()))
	}
	k.bundle, k.has, k.live, k.heard, k.problem = bundle, true, live, k.env.Now(), nil
	k.end()
}

// failed notes that the source cannot be asked.
func (k *kept[T]) failed(ctx context.Context, problem error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.problem == nil { // once per outage
		k.env.Log.LogAttrs(ctx, slog.LevelWarn, "SPIFFE bundle cannot be renewed",
			slog.String("trust_domain", k.trustDomain.Name()), slog.Any("error", problem))
	}
	if k.live {
		k.live, k.heard = false, k.env.Now()
	}
	k.problem = problem
	k.end()
}

// gone notes that the source has no bundle of the trust domain any more.
func (k *kept[T]) gone(ctx context.Context, problem error) {
	k.failed(ctx, problem)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.has = false
}

func (k *kept[T]) end() {
	if !k.begun {
		k.begun = true
		close(k.tried)
	}
}

// latest returns the bundle, however old it is.
func (k *kept[T]) latest() (T, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.bundle, k.has
}

// get returns the bundle as long as it is recent enough. It waits for the first
// attempt to end.
func (k *kept[T]) get(ctx context.Context, now time.Time) (T, error) {
	select {
	case <-k.tried:
	case <-ctx.Done():
		var none T
		return none, fmt.Errorf("the bundle of the trust domain %s is still being fetched: %w", k.trustDomain, ctx.Err())
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	var none T
	switch {
	case !k.has:
		return none, fmt.Errorf("there is no bundle of the trust domain %s yet: %w", k.trustDomain, k.problem)
	case !k.live && now.Sub(k.heard) > maxBundleAge:
		return none, fmt.Errorf("the bundle of the trust domain %s was last confirmed at %s: %w", k.trustDomain, k.heard.UTC().Format(time.RFC3339), k.problem)
	}
	return k.bundle, nil
}
