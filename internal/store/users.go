package store

import (
	"context"
	"slices"

	"authsec/internal/domain"
)

const userColumns = `id, email, name, status, level, password_hash, created_at, updated_at, last_sign_in_at`

func scanUser(row func(dest ...any) error) (domain.User, error) {
	u := domain.User{Roles: []string{}}
	var hash string
	var created, updated, signedIn int64
	err := row(&u.ID, &u.Email, &u.Name, &u.Status, &u.Level, &hash, &created, &updated, &signedIn)
	u.PasswordHash = domain.Secret(hash)
	u.CreatedAt, u.UpdatedAt, u.LastSignInAt = fromMicros(created), fromMicros(updated), fromMicros(signedIn)
	return u, err
}

// loadUser reads a user with their roles by ID, or NotFound.
func loadUser(ctx context.Context, t *tx, id string) (domain.User, error) {
	return loadUserBy(ctx, t, "id", id, id)
}

// loadUserBy reads the user whose unique column holds key; shown is what a
// NotFound calls them.
func loadUserBy(ctx context.Context, t *tx, column, key, shown string) (domain.User, error) {
	u, err := scanUser(func(dest ...any) error {
		return t.row(ctx, `SELECT `+userColumns+` FROM users WHERE `+column+` = $1`, []any{key}, dest...)
	})
	if err != nil {
		return u, missing(err, "user", shown)
	}
	u.Roles, err = collect(ctx, t, `SELECT role FROM user_roles WHERE user_id = $1 ORDER BY role`, []any{u.ID}, scanString)
	return u, err
}

// User returns the user of the ID, or NotFound.
func (s *Store) User(ctx context.Context, id string) (domain.User, error) {
	var u domain.User
	err := s.view(ctx, "read a user", func(t *tx) (err error) {
		u, err = loadUser(ctx, t, id)
		return err
	})
	return u, err
}

// UserByEmail returns the user of the address in any case of its letters, or
// NotFound; also for what can be nobody's address.
func (s *Store) UserByEmail(ctx context.Context, email string) (domain.User, error) {
	var f domain.Faults
	if domain.CheckEmail(&f, "email", email); len(f) > 0 {
		return domain.User{}, notFound("user", email)
	}
	var u domain.User
	err := s.view(ctx, "read a user", func(t *tx) (err error) {
		u, err = loadUserBy(ctx, t, "email_key", domain.NormalEmail(email), email)
		return err
	})
	return u, err
}

// Users returns a page of users by email, each with their roles.
func (s *Store) Users(ctx context.Context, filter domain.UserFilter, page domain.Page) (domain.List[domain.User], error) {
	var list domain.List[domain.User]
	err := s.view(ctx, "list users", func(t *tx) error {
		var w where
		w.is("level", string(filter.Level))
		w.is("status", string(filter.Status))
		if filter.Role != "" {
			w.and("id IN (SELECT user_id FROM user_roles WHERE role = ?)", filter.Role)
		}
		w.searchOrID("search", "id", page.Search)
		if page.After != "" {
			w.and("email_key > ?", page.After)
		}
		query := `SELECT ` + userColumns + ` FROM users` + w.sql() + ` ORDER BY email_key LIMIT ` + w.bind(page.Limit+1)
		items, err := collect(ctx, t, query, w.args, scanUser)
		if err != nil {
			return err
		}
		list = domain.Cut(items, page.Limit, func(u domain.User) string { return domain.NormalEmail(u.Email) })
		ids := make([]string, len(list.Items))
		for i, u := range list.Items {
			ids[i] = u.ID
		}
		roles, err := t.members(ctx, `SELECT user_id, role FROM user_roles WHERE user_id IN (%s) ORDER BY user_id, role`, ids)
		if err != nil {
			return err
		}
		for i := range list.Items {
			list.Items[i].Roles = append(list.Items[i].Roles, roles[list.Items[i].ID]...)
		}
		return nil
	})
	return list, err
}

// CreateUser adds a user with their roles and, unless it is nil, the link by
// which they choose a password. A Conflict on /email when the address is taken;
// Invalid on /roles/N for a role there is not.
func (s *Store) CreateUser(ctx context.Context, u domain.User, link *domain.SetupLink, ev domain.Event) error {
	return s.change(ctx, "create a user", func(t *tx) error {
		if err := insertUser(ctx, t, u); err != nil {
			return err
		}
		t.record(ev)
		if link == nil {
			return nil
		}
		return insertSetupLink(ctx, t, *link)
	})
}

// insertUser adds a user with their roles; its errors are CreateUser's.
func insertUser(ctx context.Context, t *tx, u domain.User) error {
	if err := t.refuseUnknown(ctx, "roles", "role", "/roles", u.Roles); err != nil {
		return err
	}
	n, err := t.execCount(ctx, `INSERT INTO users
		(id, email, email_key, name, status, level, password_hash, search, created_at, updated_at, last_sign_in_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (email_key) DO NOTHING`,
		u.ID, u.Email, domain.NormalEmail(u.Email), u.Name, string(u.Status), string(u.Level), u.PasswordHash.Reveal(),
		searchable(u.Email, u.Name), micros(u.CreatedAt), micros(u.UpdatedAt), micros(u.LastSignInAt))
	if err != nil {
		return err
	}
	if n == 0 {
		return taken("/email", "There is a user with the email %q already.", u.Email)
	}
	return t.insertUserRoles(ctx, u.ID, u.Roles)
}

func (t *tx) insertUserRoles(ctx context.Context, id string, roles []string) error {
	return t.insertPairs(ctx, `INSERT INTO user_roles (user_id, role) VALUES`, id, roles)
}

// UpdateUser changes the name, status, level, roles or password hash of a user
// and returns them as they are afterwards. A Conflict last_admin when no active
// admin would be left; Invalid on /roles/N for a role there is not. Suspending
// a person ends their sessions.
func (s *Store) UpdateUser(ctx context.Context, id string, fn func(*domain.User) (domain.Event, error)) (domain.User, error) {
	var u domain.User
	err := s.change(ctx, "update a user", func(t *tx) (err error) {
		if u, err = loadUser(ctx, t, id); err != nil {
			return err
		}
		before := u
		before.Roles = slices.Clone(u.Roles)
		ev, err := fn(&u)
		if err != nil {
			return err
		}
		t.record(ev)
		if activeAdmin(before) && !activeAdmin(u) {
			if err := t.keepAnAdmin(ctx, id); err != nil {
				return err
			}
		}
		return t.recalling(ctx, ofDelegator(id), func() error { return t.writeUser(ctx, before, u) })
	})
	return u, changed(err)
}

func activeAdmin(u domain.User) bool { return u.Active() && u.Level == domain.LevelAdmin }

// keepAnAdmin refuses to go on unless an active admin other than id is left.
// The row of changes orders such transactions, so two admins cannot demote each other.
func (t *tx) keepAnAdmin(ctx context.Context, id string) error {
	var others int64
	if err := t.row(ctx, `SELECT COUNT(*) FROM users WHERE level = $1 AND status = $2 AND id <> $3`,
		[]any{string(domain.LevelAdmin), string(domain.StatusActive), id}, &others); err != nil {
		return err
	}
	if others == 0 {
		return domain.Errorf(domain.Conflict, "last_admin",
			"This is the last active admin. Make another user an admin first.")
	}
	return nil
}

func (t *tx) writeUser(ctx context.Context, before, u domain.User) error {
	if err := t.exec(ctx, `UPDATE users SET name = $2, status = $3, level = $4, search = $5, updated_at = $6 WHERE id = $1`,
		u.ID, u.Name, string(u.Status), string(u.Level), searchable(u.Email, u.Name), micros(u.UpdatedAt)); err != nil {
		return err
	}
	// Only when it was changed: a sign-in beside this transaction may rehash a password.
	if u.PasswordHash != before.PasswordHash {
		if err := t.exec(ctx, `UPDATE users SET password_hash = $2 WHERE id = $1`, u.ID, u.PasswordHash.Reveal()); err != nil {
			return err
		}
	}
	if before.Active() && !u.Active() {
		if err := t.exec(ctx, `DELETE FROM sessions WHERE user_id = $1`, u.ID); err != nil {
			return err
		}
	}
	if slices.Equal(before.Roles, u.Roles) {
		return nil
	}
	if err := t.refuseUnknown(ctx, "roles", "role", "/roles", u.Roles); err != nil {
		return err
	}
	if err := t.exec(ctx, `DELETE FROM user_roles WHERE user_id = $1`, u.ID); err != nil {
		return err
	}
	return t.insertUserRoles(ctx, u.ID, u.Roles)
}
