package store

import (
	"context"
	"time"

	"authsec/internal/domain"
)

// maxSignInStates bounds what anybody may begin: then the oldest go.
const maxSignInStates = 10_000

// PutSignInState keeps a sign-in that was begun at an identity provider. What
// nobody completed in time is forgotten on the way. NotFound for a provider that
// there is not.
func (s *Store) PutSignInState(ctx context.Context, st domain.SignInState) error {
	return s.update(ctx, "begin a sign-in", func(t *tx) error {
		if err := t.exec(ctx, `DELETE FROM sign_in_states WHERE expires_at <= $1`, micros(st.CreatedAt)); err != nil {
			return err
		}
		if _, err := loadProvider(ctx, t, st.ProviderID); err != nil {
			return err
		}
		var n int64
		if err := t.row(ctx, `SELECT COUNT(*) FROM sign_in_states`, nil, &n); err != nil {
			return err
		}
		if over := n + 1 - maxSignInStates; over > 0 {
			if err := t.exec(ctx, `DELETE FROM sign_in_states WHERE hash IN (SELECT hash FROM sign_in_states ORDER BY expires_at, hash LIMIT $1)`, over); err != nil {
				return err
			}
		}
		return t.exec(ctx, `INSERT INTO sign_in_states (hash, browser, provider_id, return_to, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			hashText(st.Hash), hashText(st.Browser), st.ProviderID, st.ReturnTo, micros(st.CreatedAt), micros(st.ExpiresAt))
	})
}

// TakeSignInState returns the sign-in with a hash and forgets it, so that it
// serves once: NotFound if there is none, or it was not completed in time.
func (s *Store) TakeSignInState(ctx context.Context, hash domain.SecretHash, now time.Time) (domain.SignInState, error) {
	st := domain.SignInState{Hash: hash}
	err := s.update(ctx, "complete a sign-in", func(t *tx) error {
		var browser string
		var created, expires int64
		if err := t.row(ctx, `DELETE FROM sign_in_states WHERE hash = $1 AND expires_at > $2 RETURNING browser, provider_id, return_to, created_at, expires_at`,
			[]any{hashText(hash), micros(now)}, &browser, &st.ProviderID, &st.ReturnTo, &created, &expires); err != nil {
			return err
		}
		st.CreatedAt, st.ExpiresAt = fromMicros(created), fromMicros(expires)
		var err error
		st.Browser, err = parseHash(browser)
		return err
	})
	if err != nil {
		return domain.SignInState{}, err
	}
	return st, nil
}
