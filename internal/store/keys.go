package store

import (
	"context"

	"authsec/internal/domain"
)

// SigningKeys returns every signing key there ever was, oldest first.
func (s *Store) SigningKeys(ctx context.Context) ([]domain.StoredKey, error) {
	var keys []domain.StoredKey
	err := s.view(ctx, "read signing keys", func(t *tx) error {
		var err error
		keys, err = collect(ctx, t, `SELECT kid, alg, sealed, published_at, active_at FROM signing_keys ORDER BY active_at, kid`, nil, scanKey)
		return err
	})
	return keys, err
}

// CreateFirstKey inserts the key if there is none yet, and reports whether it
// did. Of several processes that start on an empty database, one wins.
func (s *Store) CreateFirstKey(ctx context.Context, key domain.StoredKey, ev domain.Event) (created bool, err error) {
	err = s.change(ctx, "create the first signing key", func(t *tx) error {
		created = false
		var n int64
		if err := t.row(ctx, `SELECT count(*) FROM signing_keys`, nil, &n); err != nil || n > 0 {
			return err
		}
		if err := insertKey(ctx, t, key); err != nil {
			return err
		}
		t.record(ev)
		created = true
		return nil
	})
	return created && err == nil, err
}

// CreateNextKey inserts a key that takes over from the others at its ActiveAt.
// Conflict: there is no key to take over from, or another already waits at
// key.PublishedAt, which is now.
func (s *Store) CreateNextKey(ctx context.Context, key domain.StoredKey, ev domain.Event) error {
	return s.change(ctx, "create the next signing key", func(t *tx) error {
		var latest int64
		if err := t.row(ctx, `SELECT coalesce(max(active_at), 0) FROM signing_keys`, nil, &latest); err != nil {
			return err
		}
		switch {
		case latest == 0:
			return domain.Errorf(domain.Conflict, "no_signing_key", "There is no signing key to rotate yet. The server makes the first one when it starts.")
		case latest > micros(key.PublishedAt):
			return domain.ErrRotationPending(fromMicros(latest))
		}
		if err := insertKey(ctx, t, key); err != nil {
			return err
		}
		t.record(ev)
		return nil
	})
}

func insertKey(ctx context.Context, t *tx, k domain.StoredKey) error {
	return t.exec(ctx, `INSERT INTO signing_keys (kid, alg, sealed, published_at, active_at) VALUES ($1, $2, $3, $4, $5)`,
		k.KID, k.Alg, k.Sealed, micros(k.PublishedAt), micros(k.ActiveAt))
}

func scanKey(row func(dest ...any) error) (domain.StoredKey, error) {
	var k domain.StoredKey
	var published, active int64
	err := row(&k.KID, &k.Alg, &k.Sealed, &published, &active)
	k.PublishedAt, k.ActiveAt = fromMicros(published), fromMicros(active)
	return k, err
}
