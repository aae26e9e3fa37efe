package store

import (
	"context"
	"time"

	"authsec/internal/domain"
)

const selectAPIToken = `SELECT t.id, t.user_id, u.email, u.name, t.name, t.hash, t.created_at, t.expires_at, t.last_used_at
	FROM api_tokens t JOIN users u ON u.id = t.user_id`

func scanAPIToken(row func(dest ...any) error) (domain.APIToken, error) {
	var a domain.APIToken
	var hash string
	var created, expires, used int64
	if err := row(&a.ID, &a.UserID, &a.UserEmail, &a.UserName, &a.Name, &hash, &created, &expires, &used); err != nil {
		return a, err
	}
	a.CreatedAt, a.ExpiresAt, a.LastUsedAt = fromMicros(created), fromMicros(expires), fromMicros(used)
	var err error
	a.Hash, err = parseHash(hash)
	return a, err
}

// maxAPITokens bounds the API tokens of one user, ended ones included.
const maxAPITokens = 100

// CreateAPIToken stores a token of an active user. NotFound without the user or
// while they are suspended; Conflict (too_many_api_tokens) beyond maxAPITokens.
func (s *Store) CreateAPIToken(ctx context.Context, a domain.APIToken, ev domain.Event) error {
	return s.update(ctx, "create an API token", func(t *tx) error {
		// Writing the owner's row, which changes nothing, locks it: two tokens made
		// at once cannot both be the last that fits, and a suspension waits.
		n, err := t.execCount(ctx, `UPDATE users SET updated_at = updated_at WHERE id = $1 AND status = $2`, a.UserID, string(domain.StatusActive))
		if err != nil {
			return err
		}
		if n == 0 {
			return notFound("active user", a.UserID)
		}
		var count int64
		if err := t.row(ctx, `SELECT COUNT(*) FROM api_tokens WHERE user_id = $1`, []any{a.UserID}, &count); err != nil {
			return err
		}
		if count >= maxAPITokens {
			return domain.Errorf(domain.Conflict, "too_many_api_tokens", "A user may have at most %d API tokens. Delete one that is no longer used.", maxAPITokens)
		}
		t.record(ev)
		return t.exec(ctx, `INSERT INTO api_tokens (id, user_id, name, hash, search, created_at, expires_at, last_used_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			a.ID, a.UserID, a.Name, hashText(a.Hash), searchable(a.Name), micros(a.CreatedAt), micros(a.ExpiresAt), micros(a.LastUsedAt))
	})
}

// APIToken returns the token of the ID, live or not, or NotFound.
func (s *Store) APIToken(ctx context.Context, id string) (domain.APIToken, error) {
	var a domain.APIToken
	err := s.view(ctx, "read an API token", func(t *tx) (err error) {
		a, err = scanAPIToken(func(dest ...any) error {
			return t.row(ctx, selectAPIToken+` WHERE t.id = $1`, []any{id}, dest...)
		})
		return missing(err, "API token", id)
	})
	return a, err
}

// APITokenByHash returns the token with a hash, live or not, or NotFound.
func (s *Store) APITokenByHash(ctx context.Context, hash domain.SecretHash) (domain.APIToken, error) {
	var a domain.APIToken
	err := s.view(ctx, "read an API token", func(t *tx) (err error) {
		a, err = scanAPIToken(func(dest ...any) error {
			return t.row(ctx, selectAPIToken+` WHERE t.hash = $1`, []any{hashText(hash)}, dest...)
		})
		return err
	})
	return a, err
}

// APITokens returns a page of API tokens, newest first.
func (s *Store) APITokens(ctx context.Context, f domain.APITokenFilter, page domain.Page) (domain.List[domain.APIToken], error) {
	var list domain.List[domain.APIToken]
	err := s.view(ctx, "list API tokens", func(t *tx) error {
		var w where
		w.is("t.user_id", f.UserID)
		w.searchOrID("t.search", "t.id", page.Search)
		if page.After != "" {
			w.and("t.id < ?", page.After) // IDs are in the order of their making
		}
		query := selectAPIToken + w.sql() + ` ORDER BY t.id DESC LIMIT ` + w.bind(page.Limit+1)
		items, err := collect(ctx, t, query, w.args, scanAPIToken)
		list = domain.Cut(items, page.Limit, func(a domain.APIToken) string { return a.ID })
		return err
	})
	return list, err
}

// TouchAPIToken notes when a token was last used; a later time stays.
func (s *Store) TouchAPIToken(ctx context.Context, id string, at time.Time) error {
	return s.update(ctx, "touch an API token", func(t *tx) error {
		return t.exec(ctx, `UPDATE api_tokens SET last_used_at = $2 WHERE id = $1 AND last_used_at < $2`, id, micros(at))
	})
}

// DeleteAPIToken ends a token for good, or NotFound.
func (s *Store) DeleteAPIToken(ctx context.Context, id string, ev domain.Event) error {
	return s.update(ctx, "delete an API token", func(t *tx) error {
		n, err := t.execCount(ctx, `DELETE FROM api_tokens WHERE id = $1`, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return notFound("API token", id)
		}
		t.record(ev)
		return nil
	})
}
