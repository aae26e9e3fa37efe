package store

import (
	"context"
	"time"

	"authsec/internal/domain"
)

const sessionColumns = `hash, user_id, level, created_at, seen_at, expires_at`

func scanSession(row func(dest ...any) error) (domain.Session, error) {
	var s domain.Session
	var hash string
	var created, seen, expires int64
	if err := row(&hash, &s.UserID, &s.Level, &created, &seen, &expires); err != nil {
		return s, err
	}
	s.CreatedAt, s.SeenAt, s.ExpiresAt = fromMicros(created), fromMicros(seen), fromMicros(expires)
	var err error
	s.Hash, err = parseHash(hash)
	return s, err
}

// maxSessions bounds the sessions of one user; a new one ends the oldest.
const maxSessions = 20

// errNoSession is what a session that is not there gets. It does not repeat the
// hash, which is as good as an identifier of the secret.
func errNoSession() error {
	return domain.Errorf(domain.NotFound, "not_found", "There is no such session.")
}

// insertSession stores a session and ends the user's oldest ones beyond maxSessions.
// The caller holds the user's row, so that two sign-ins at once cannot both miss the bound.
func insertSession(ctx context.Context, t *tx, s domain.Session) error {
	if err := t.exec(ctx, `DELETE FROM sessions WHERE user_id = $1 AND hash NOT IN
		(SELECT hash FROM sessions WHERE user_id = $1 ORDER BY created_at DESC, hash LIMIT $2)`, s.UserID, maxSessions-1); err != nil {
		return err
	}
	return t.exec(ctx, `INSERT INTO sessions (`+sessionColumns+`) VALUES ($1, $2, $3, $4, $5, $6)`,
		hashText(s.Hash), s.UserID, string(s.Level), micros(s.CreatedAt), micros(s.SeenAt), micros(s.ExpiresAt))
}

// CreateSession stores a sign-in and notes its time on the user, provided that
// the user is active and their password hash is still verified, which is set to
// upgraded. Otherwise Conflict: the password was changed, or the person
// suspended, while the password was being checked.
func (s *Store) CreateSession(ctx context.Context, session domain.Session, verified, upgraded domain.Secret, ev domain.Event) error {
	return s.update(ctx, "create a session", func(t *tx) error {
		n, err := t.execCount(ctx, `UPDATE users SET last_sign_in_at = $2, password_hash = $3
			WHERE id = $1 AND password_hash = $4 AND status = $5`,
			session.UserID, micros(session.CreatedAt), upgraded.Reveal(), verified.Reveal(), string(domain.StatusActive))
		if err != nil {
			return err
		}
		if n == 0 {
			return errCredentialsChanged()
		}
		t.record(ev)
		return insertSession(ctx, t, session)
	})
}

// Session returns the session with a hash, live or not; NotFound if there is none.
func (s *Store) Session(ctx context.Context, hash domain.SecretHash) (domain.Session, error) {
	var out domain.Session
	err := s.view(ctx, "read a session", func(t *tx) (err error) {
		out, err = scanSession(func(dest ...any) error {
			return t.row(ctx, `SELECT `+sessionColumns+` FROM sessions WHERE hash = $1`, []any{hashText(hash)}, dest...)
		})
		return err
	})
	return out, err
}

// TouchSession notes when a session was last used. A session that has ended
// meanwhile is left alone, and so is a later time.
func (s *Store) TouchSession(ctx context.Context, hash domain.SecretHash, at time.Time) error {
	return s.update(ctx, "touch a session", func(t *tx) error {
		return t.exec(ctx, `UPDATE sessions SET seen_at = $2 WHERE hash = $1 AND seen_at < $2`, hashText(hash), micros(at))
	})
}

// ReplaceSession ends the session with hash old and stores its successor. One
// of two concurrent callers gets NotFound.
func (s *Store) ReplaceSession(ctx context.Context, old domain.SecretHash, successor domain.Session, ev domain.Event) error {
	return s.update(ctx, "replace a session", func(t *tx) error {
		t.record(ev)
		return replaceSession(ctx, t, old, successor)
	})
}

func replaceSession(ctx context.Context, t *tx, old domain.SecretHash, successor domain.Session) error {
	n, err := t.execCount(ctx, `DELETE FROM sessions WHERE hash = $1 AND user_id = $2`, hashText(old), successor.UserID)
	if err != nil {
		return err
	}
	if n == 0 {
		return errNoSession()
	}
	return insertSession(ctx, t, successor)
}

// DeleteSession ends a session; NotFound if it has ended already.
func (s *Store) DeleteSession(ctx context.Context, hash domain.SecretHash, ev domain.Event) error {
	return s.update(ctx, "end a session", func(t *tx) error {
		n, err := t.execCount(ctx, `DELETE FROM sessions WHERE hash = $1`, hashText(hash))
		if err != nil {
			return err
		}
		if n == 0 {
			return errNoSession()
		}
		t.record(ev)
		return nil
	})
}

// DeleteSessions ends a user's sessions but the one with hash except (the zero
// hash spares none). It records ev only when there was one to end.
func (s *Store) DeleteSessions(ctx context.Context, userID string, except domain.SecretHash, ev domain.Event) error {
	return s.update(ctx, "end a user's sessions", func(t *tx) error {
		n, err := t.execCount(ctx, `DELETE FROM sessions WHERE user_id = $1 AND hash <> $2`, userID, hashText(except))
		if n > 0 {
			t.record(ev)
		}
		return err
	})
}

// CleanSessions deletes the sessions that have ended by themselves, and the
// sign-ins that nobody completed in time.
func (s *Store) CleanSessions(ctx context.Context, now time.Time) error {
	return s.update(ctx, "clean up sessions", func(t *tx) error {
		if err := t.exec(ctx, `DELETE FROM sessions WHERE expires_at <= $1 OR seen_at <= $2`,
			micros(now), micros(now.Add(-domain.SessionIdle))); err != nil {
			return err
		}
		return t.exec(ctx, `DELETE FROM sign_in_states WHERE expires_at <= $1`, micros(now))
	})
}
