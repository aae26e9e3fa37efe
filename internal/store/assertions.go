package store

import (
	"context"
	"time"
)

// UseAssertion notes that the assertion of a client with an ID, by its hash, was
// used, until it cannot be used any more. It is false if it was used before: of
// two at once, one is first. What has expired is forgotten on the way.
func (s *Store) UseAssertion(ctx context.Context, clientID, idHash string, expires, now time.Time) (first bool, err error) {
	err = s.update(ctx, "use an assertion", func(t *tx) error {
		if err := t.exec(ctx, `DELETE FROM used_assertions WHERE expires_at <= $1`, micros(now)); err != nil {
			return err
		}
		n, err := t.execCount(ctx, `INSERT INTO used_assertions (client_id, id_hash, expires_at) VALUES ($1, $2, $3)
			ON CONFLICT (client_id, id_hash) DO NOTHING`, clientID, idHash, micros(expires))
		first = n == 1
		return err
	})
	return first && err == nil, err
}
