// Package keyring holds the signing keys: made, encrypted at rest, published
// before they sign and long enough after, and rotated, without a token ever
// being refused for it.
package keyring

import (
	"context"
	"crypto/rsa"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"authsec/internal/domain"
	"authsec/internal/token"

	"github.com/go-jose/go-jose/v4"
)

const (
	// maxPublished bounds the JWKS, which verifiers read with a limit of their own.
	maxPublished = 20
	retrySoon    = 2 * time.Second
)

// Store keeps the keys.
type Store interface {
	// SigningKeys returns every key there ever was.
	SigningKeys(ctx context.Context) ([]domain.StoredKey, error)
	// CreateFirstKey inserts a key if there is none, and reports whether it did.
	CreateFirstKey(ctx context.Context, key domain.StoredKey, ev domain.Event) (bool, error)
	// CreateNextKey inserts a key. Conflict: there is none yet, or one is pending.
	CreateNextKey(ctx context.Context, key domain.StoredKey, ev domain.Event) error
}

// Keyring is the signing keys of a deployment; it is a token.Signer. It is safe
// for concurrent use. Load it before anything else.
type Keyring struct {
	Store  Store
	Master MasterKey
	Now    func() time.Time
	Log    *slog.Logger
	// MaxTokenTTL is the longest life of a token. When it is lowered, wait for
	// the tokens that are out to end before rotating: keys retire by this value.
	MaxTokenTTL time.Duration
	// NewKey makes a private key; nil makes RSA-2048. Go ignores a reader given
	// to its RSA generation, so randomness cannot be injected one level below.
	NewKey func() (*rsa.PrivateKey, error)

	reloading sync.Mutex
	line      atomic.Pointer[timeline]
	jwks      atomic.Pointer[Document]
}

// Load reads and opens all keys; none is no error. An error, such as a master
// key that does not match, must stop the start.
func (k *Keyring) Load(ctx context.Context) error { return k.Reload(ctx) }

// Reload reads the keys again: another process may have rotated. When it fails,
// what was known stays in use. A row that does not open fails all: whoever made
// it does not hold the master key.
func (k *Keyring) Reload(ctx context.Context) error {
	k.reloading.Lock()
	defer k.reloading.Unlock()
	now := k.Now() // before the read: a key made during it might be missed
	rows, err := k.Store.SigningKeys(ctx)
	if err != nil {
		return fmt.Errorf("load signing keys: %w", err)
	}
	known := k.timeline()
	keys := make([]*key, 0, len(rows))
	for _, row := range rows {
		opened := known.byKID[row.KID]
		if opened == nil || opened.row != row {
			if opened, err = k.Master.unseal(row); err != nil {
				return fmt.Errorf("load signing key %q: %w", row.KID, err)
			}
		}
		keys = append(keys, opened)
	}
	k.line.Store(newTimeline(keys, k.MaxTokenTTL, now))
	return nil
}

// Run reloads at each tick (every ReloadInterval) until ctx ends or tick is
// closed. It logs when reloading begins to fail and when it works again, not
// each time between.
func (k *Keyring) Run(ctx context.Context, tick <-chan time.Time) {
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case _, ok := <-tick:
			if !ok {
				return
			}
		}
		bounded, cancel := context.WithTimeout(ctx, reloadTimeout)
		err := k.Reload(bounded)
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !failing:
			k.Log.ErrorContext(ctx, "signing keys cannot be reloaded; the known ones stay in use",
				"error", err, "loaded_at", k.LoadedAt(), "signing_stops_at", k.LoadedAt().Add(MaxStaleness))
		case err == nil && failing:
			k.Log.InfoContext(ctx, "signing keys are reloaded again")
		}
		failing = err != nil
	}
}

// LoadedAt returns the time of the last successful load; zero: never.
func (k *Keyring) LoadedAt() time.Time { return k.timeline().loadedAt }

// Current implements token.Signer. Unavailable: no key's time has come, which
// after the first start means that a clock was set back; or the keys have not
// been reloaded for MaxStaleness, and another may have taken over unseen.
func (k *Keyring) Current(now time.Time) (token.SigningKey, error) {
	t := k.timeline()
	unavailable := func(format string, args ...any) error {
		return &domain.Error{Kind: domain.Unavailable, Code: "temporarily_unavailable", RetryAfter: retrySoon,
			Public: "No token can be signed at the moment. Try again shortly.", Err: fmt.Errorf(format, args...)}
	}
	i := t.active(now)
	switch {
	case len(t.keys) == 0:
		return nil, unavailable("there is no signing key")
	case i < 0:
		return nil, unavailable("it is %s by this machine's clock, before the first signing key was made (%s): set the clock right",
			now.UTC().Format(time.RFC3339), t.keys[0].row.ActiveAt.Format(time.RFC3339))
	case now.Sub(t.loadedAt) > MaxStaleness:
		return nil, unavailable("the signing keys were last reloaded at %s, more than %s ago", t.loadedAt.UTC().Format(time.RFC3339), MaxStaleness)
	}
	return t.keys[i], nil
}

// Keys tells of every key at an instant, the newest first.
func (k *Keyring) Keys(now time.Time) []KeyInfo { return k.timeline().infos(now) }

// PublishedKeys finds what is in the JWKS at an instant, to verify tokens.
func (k *Keyring) PublishedKeys(now time.Time) token.Keys {
	published := k.timeline().published(now)
	return func(kid string) (jose.JSONWebKey, bool) {
		for _, k := range published {
			if k.row.KID == kid {
				return k.public, true
			}
		}
		return jose.JSONWebKey{}, false
	}
}

// PublicKeys finds every key there ever was, to verify what outlives tokens.
// All of them were sealed under the master key: a planted row fails the load.
func (k *Keyring) PublicKeys() token.Keys {
	byKID := k.timeline().byKID
	return func(kid string) (jose.JSONWebKey, bool) {
		if k := byKID[kid]; k != nil {
			return k.public, true
		}
		return jose.JSONWebKey{}, false
	}
}

func (k *Keyring) timeline() *timeline {
	if t := k.line.Load(); t != nil {
		return t
	}
	return &timeline{}
}
