package store

import (
	"context"

	"authsec/internal/domain"
)

// errCredentialsChanged is what loses a race with a new password or a suspension.
func errCredentialsChanged() error {
	return domain.Errorf(domain.Conflict, "credentials_changed", "The password or the account was changed meanwhile. Try again.")
}

// errUsersExist is what making the first admin gets when there is a user already.
func errUsersExist() error {
	return domain.Errorf(domain.Conflict, "users_exist", "There are users already: sign in, or ask an admin for an account.")
}

// AnyUser reports whether there is a user.
func (s *Store) AnyUser(ctx context.Context) (bool, error) {
	var exists bool
	err := s.view(ctx, "look for users", func(t *tx) (err error) {
		exists, err = anyUser(ctx, t)
		return err
	})
	return exists, err
}

func anyUser(ctx context.Context, t *tx) (bool, error) {
	var exists bool
	err := t.row(ctx, `SELECT EXISTS (SELECT 1 FROM users)`, nil, &exists)
	return exists, err
}

// CreateFirstAdmin adds the first user and ends the links that would make one.
// Conflict with code users_exist when there is a user, which is checked in the
// same transaction as the insert: of two callers at once, one wins.
func (s *Store) CreateFirstAdmin(ctx context.Context, u domain.User, ev domain.Event) error {
	return s.change(ctx, "create the first admin", func(t *tx) error {
		t.record(ev)
		return insertFirstAdmin(ctx, t, u)
	})
}

// insertFirstAdmin needs the row of changes, which s.change holds: all that adds
// users waits for it, so what anyUser saw stays true until the commit.
func insertFirstAdmin(ctx context.Context, t *tx, u domain.User) error {
	exists, err := anyUser(ctx, t)
	if err != nil {
		return err
	}
	if exists {
		return errUsersExist()
	}
	if err := t.exec(ctx, `DELETE FROM setup_links WHERE user_id = ''`); err != nil {
		return err
	}
	return insertUser(ctx, t, u)
}

// ChangePassword sets a user's password hash from verified to fresh, ends all
// their sessions and set-up links, and replaces the session with hash old by
// its successor. Conflict when the hash is no longer verified or the user is
// suspended; NotFound when the session has ended.
func (s *Store) ChangePassword(ctx context.Context, verified, fresh domain.Secret, old domain.SecretHash, successor domain.Session, ev domain.Event) error {
	return s.change(ctx, "change a password", func(t *tx) error {
		n, err := t.execCount(ctx, `UPDATE users SET password_hash = $2, updated_at = $3 WHERE id = $1 AND password_hash = $4 AND status = $5`,
			successor.UserID, fresh.Reveal(), micros(ev.Time), verified.Reveal(), string(domain.StatusActive))
		if err != nil {
			return err
		}
		if n == 0 {
			return errCredentialsChanged()
		}
		t.record(ev)
		if err := replaceSession(ctx, t, old, successor); err != nil {
			return err
		}
		if err := t.exec(ctx, `DELETE FROM sessions WHERE user_id = $1 AND hash <> $2`, successor.UserID, hashText(successor.Hash)); err != nil {
			return err
		}
		return t.exec(ctx, `DELETE FROM setup_links WHERE user_id = $1`, successor.UserID)
	})
}
