package store

import (
	"context"
	"time"

	"authsec/internal/domain"
)

// errNoLink is what a set-up link that is not there gets, whatever the reason.
func errNoLink() error {
	return domain.Errorf(domain.NotFound, "not_found", "There is no such set-up link.")
}

// insertSetupLink stores a link and ends the earlier ones of the same user, or
// of the first admin: only the newest can be redeemed.
func insertSetupLink(ctx context.Context, t *tx, l domain.SetupLink) error {
	if err := t.exec(ctx, `DELETE FROM setup_links WHERE user_id = $1`, l.UserID); err != nil {
		return err
	}
	return t.exec(ctx, `INSERT INTO setup_links (hash, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)`,
		hashText(l.Hash), l.UserID, micros(l.CreatedAt), micros(l.ExpiresAt))
}

// CreateSetupLink stores a link in place of the user's earlier ones. A link for
// the first admin is a Conflict (users_exist) once there is a user; one for a
// user is NotFound without them and a Conflict (user_suspended) while they are suspended.
func (s *Store) CreateSetupLink(ctx context.Context, l domain.SetupLink, ev domain.Event) error {
	return s.change(ctx, "create a set-up link", func(t *tx) error {
		if l.UserID == "" {
			exists, err := anyUser(ctx, t)
			if err != nil {
				return err
			}
			if exists {
				return errUsersExist()
			}
		} else {
			var status domain.Status
			if err := t.row(ctx, `SELECT status FROM users WHERE id = $1`, []any{l.UserID}, &status); err != nil {
				return missing(err, "user", l.UserID)
			}
			if status != domain.StatusActive {
				return domain.Errorf(domain.Conflict, "user_suspended", "The user is suspended. Activate them first.")
			}
		}
		t.record(ev)
		return insertSetupLink(ctx, t, l)
	})
}

// SetupLink returns the link with a hash, live or not; NotFound if there is none.
func (s *Store) SetupLink(ctx context.Context, hash domain.SecretHash) (domain.SetupLink, error) {
	l := domain.SetupLink{Hash: hash}
	err := s.view(ctx, "read a set-up link", func(t *tx) error {
		var created, expires int64
		if err := t.row(ctx, `SELECT user_id, created_at, expires_at FROM setup_links WHERE hash = $1`,
			[]any{hashText(hash)}, &l.UserID, &created, &expires); err != nil {
			return err
		}
		l.CreatedAt, l.ExpiresAt = fromMicros(created), fromMicros(expires)
		return nil
	})
	return l, err
}

// consumeSetupLink deletes a live link; NotFound if another caller was first.
func consumeSetupLink(ctx context.Context, t *tx, l domain.SetupLink, at time.Time) error {
	n, err := t.execCount(ctx, `DELETE FROM setup_links WHERE hash = $1 AND user_id = $2 AND expires_at > $3`,
		hashText(l.Hash), l.UserID, micros(at))
	if err != nil {
		return err
	}
	if n == 0 {
		return errNoLink()
	}
	return nil
}

// RedeemFirstAdminLink consumes the link and creates its admin with a first
// session. NotFound when the link is spent or over at the session's creation;
// Conflict (users_exist) when there is a user.
func (s *Store) RedeemFirstAdminLink(ctx context.Context, l domain.SetupLink, u domain.User, session domain.Session, events ...domain.Event) error {
	return s.change(ctx, "redeem the first admin's set-up link", func(t *tx) error {
		if err := consumeSetupLink(ctx, t, l, session.CreatedAt); err != nil {
			return err
		}
		if err := insertFirstAdmin(ctx, t, u); err != nil {
			return err
		}
		t.record(events...)
		return insertSession(ctx, t, session)
	})
}

// RedeemSetupLink consumes a user's link, sets their password hash, ends their
// sessions and begins a new one. NotFound when the link is spent or over at the
// session's creation, or the user is not active: then it is not consumed.
func (s *Store) RedeemSetupLink(ctx context.Context, l domain.SetupLink, hash domain.Secret, session domain.Session, events ...domain.Event) error {
	return s.change(ctx, "redeem a set-up link", func(t *tx) error {
		if err := consumeSetupLink(ctx, t, l, session.CreatedAt); err != nil {
			return err
		}
		n, err := t.execCount(ctx, `UPDATE users SET password_hash = $2, last_sign_in_at = $3, updated_at = $3 WHERE id = $1 AND status = $4`,
			l.UserID, hash.Reveal(), micros(session.CreatedAt), string(domain.StatusActive))
		if err != nil {
			return err
		}
		if n == 0 {
			return errNoLink()
		}
		if err := t.exec(ctx, `DELETE FROM sessions WHERE user_id = $1`, l.UserID); err != nil {
			return err
		}
		t.record(events...)
		return insertSession(ctx, t, session)
	})
}

// CleanSetupLinks deletes the links that nobody redeemed in time.
func (s *Store) CleanSetupLinks(ctx context.Context, now time.Time) error {
	return s.update(ctx, "clean up set-up links", func(t *tx) error {
		return t.exec(ctx, `DELETE FROM setup_links WHERE expires_at <= $1`, micros(now))
	})
}
