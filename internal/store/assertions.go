package store

import (
	"context"
	"time"
)

// UseAssertion notes that the assertion of a client with an ID, by its hash, was
// used, until it cannot be used any more. It is false if it was used before: of
// two at once, one is first. What has expired is forgotten on the way.
func (s *Store) UseAssertion(ctx context.Context, clientID, idHash string, expires, now time.Time) (first bool, err error) {
	return s.useOnce(ctx, clientID, idHash, expires, now)
}

// UseProof is UseAssertion for a proof of a key, which is known by its
// thumbprint. No client ID begins as its entries do.
func (s *Store) UseProof(ctx context.Context, thumbprint, idHash string, expires, now time.Time) (first bool, err error) {
	return s.useOnce(ctx, "dpop:"+thumbprint, idHash, expires, now)
}

func (s *Store) useOnce(ctx context.Context, owner, idHash string, expires, now time.Time) (first bool, err error) {
	err = s.update(ctx, "use an assertion or a proof", func(t *tx) error {
		if err := t.exec(ctx, `DELETE FROM used_assertions WHERE expires_at <= $1`, micros(now)); err != nil {
			return err
		}
		n, err := t.execCount(ctx, `INSERT INTO used_assertions (client_id, id_hash, expires_at) VALUES ($1, $2, $3)
			ON CONFLICT (client_id, id_hash) DO NOTHING`, owner, idHash, micros(expires))
		first = n == 1
		return err
	})
	return first && err == nil, err
}
