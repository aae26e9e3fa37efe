package keyring

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"time"

	"authsec/internal/domain"
)

var errMadeNoKey = errors.New("no key is stored although one was made")

// EnsureKey makes the first key if there is none, and loads the keys. It signs
// at once: there is no JWKS yet that a verifier could have kept. Of several
// processes that start together one makes the key, and all use it.
func (k *Keyring) EnsureKey(ctx context.Context, caller domain.Caller) error {
	if err := k.Reload(ctx); err != nil || len(k.timeline().keys) > 0 {
		return err
	}
	private, row, err := k.newKey(0)
	if err != nil {
		return fmt.Errorf("make the first signing key: %w", err)
	}
	if row.Sealed, err = k.Master.seal(row, private); err != nil {
		return fmt.Errorf("make the first signing key: %w", err)
	}
	ev, err := keyEvent("key.create", caller, nil, row)
	if err != nil {
		return err
	}
	if _, err := k.Store.CreateFirstKey(ctx, row, ev); err != nil {
		return fmt.Errorf("make the first signing key: %w", err)
	}
	if err := k.Reload(ctx); err != nil {
		return err
	}
	if len(k.timeline().keys) == 0 {
		return errMadeNoKey
	}
	return nil
}

// Rotate publishes a new key, which signs from Lead on, and returns it.
// Conflict: one waits to sign already, there is none yet, or as many as
// verifiers will read are published.
func (k *Keyring) Rotate(ctx context.Context, caller domain.Caller) (KeyInfo, error) {
	if err := k.Reload(ctx); err != nil {
		return KeyInfo{}, err
	}
	// The store decides; this saves making a key for nothing.
	if err := k.mayRotate(k.Now()); err != nil {
		return KeyInfo{}, err
	}
	private, row, err := k.newKey(Lead)
	if err != nil {
		return KeyInfo{}, fmt.Errorf("rotate: %w", err)
	}
	if row.Sealed, err = k.Master.seal(row, private); err != nil {
		return KeyInfo{}, fmt.Errorf("rotate: %w", err)
	}
	var before *domain.StoredKey
	t := k.timeline()
	if i := t.active(row.PublishedAt); i >= 0 {
		before = &t.keys[i].row
	}
	ev, err := keyEvent("key.rotate", caller, before, row)
	if err != nil {
		return KeyInfo{}, err
	}
	bounded, cancel := context.WithTimeout(ctx, storeTimeout) // Lead counts on it
	defer cancel()
	if err := k.Store.CreateNextKey(bounded, row, ev); err != nil {
		return KeyInfo{}, fmt.Errorf("rotate: %w", err)
	}
	if err := k.Reload(ctx); err != nil {
		return KeyInfo{}, fmt.Errorf("the new key %s is stored: %w", row.KID, err)
	}
	for _, info := range k.Keys(row.PublishedAt) {
		if info.KID == row.KID {
			return info, nil
		}
	}
	return KeyInfo{}, errMadeNoKey
}

// mayRotate checks what is known of the keys.
func (k *Keyring) mayRotate(now time.Time) error {
	t := k.timeline()
	if n := len(t.keys); n > 0 && t.keys[n-1].row.ActiveAt.After(now) {
		return domain.ErrRotationPending(t.keys[n-1].row.ActiveAt)
	}
	if n := len(t.published(now)); n >= maxPublished {
		return domain.Errorf(domain.Conflict, "too_many_keys", "%d keys are published, as many as may be. Rotate again after %s, when the oldest retires.",
			n, t.retiresAt(len(t.keys)-n).Add(time.Second-1).Truncate(time.Second).Format(time.RFC3339))
	}
	return nil
}

// newKey generates a key, which takes its time, and then reads the clock.
func (k *Keyring) newKey(lead time.Duration) (*rsa.PrivateKey, domain.StoredKey, error) {
	generate := k.NewKey
	if generate == nil {
		generate = generateRSA
	}
	private, err := generate()
	if err != nil {
		return nil, domain.StoredKey{}, fmt.Errorf("generate: %w", err)
	}
	kid, err := thumbprint(&private.PublicKey)
	if err != nil {
		return nil, domain.StoredKey{}, err
	}
	now := k.Now().UTC().Truncate(time.Microsecond) // as it is stored, since it is sealed
	return private, domain.StoredKey{KID: kid, Alg: string(algorithm), PublishedAt: now, ActiveAt: now.Add(lead)}, nil
}

// keyFacts is a key in an audit event.
type keyFacts struct {
	KID         string    `json:"kid"`
	Alg         string    `json:"alg"`
	PublishedAt time.Time `json:"published_at"`
	ActiveAt    time.Time `json:"active_at"`
}

// keyEvent tells that after was made, to take over from before, if any.
func keyEvent(action string, caller domain.Caller, before *domain.StoredKey, after domain.StoredKey) (domain.Event, error) {
	facts := func(k domain.StoredKey) keyFacts { return keyFacts{k.KID, k.Alg, k.PublishedAt, k.ActiveAt} }
	ev := domain.NewEvent(after.PublishedAt, caller, action, domain.Party{Type: "key", ID: after.KID})
	if before == nil {
		return ev.WithChange(nil, facts(after))
	}
	return ev.WithChange(facts(*before), facts(after))
}
