package store

import (
	"context"
	"slices"

	"authsec/internal/domain"
)

const roleColumns = `name, description, created_at, updated_at`

func scanRole(row func(dest ...any) error) (domain.Role, error) {
	r := domain.Role{Actions: []string{}}
	var created, updated int64
	err := row(&r.Name, &r.Description, &created, &updated)
	r.CreatedAt, r.UpdatedAt = fromMicros(created), fromMicros(updated)
	return r, err
}

// loadRole reads a role with its actions, or NotFound.
func loadRole(ctx context.Context, t *tx, name string) (domain.Role, error) {
	r, err := scanRole(func(dest ...any) error {
		return t.row(ctx, `SELECT `+roleColumns+` FROM roles WHERE name = $1`, []any{name}, dest...)
	})
	if err != nil {
		return r, missing(err, "role", name)
	}
	r.Actions, err = collect(ctx, t, `SELECT action FROM role_actions WHERE role = $1 ORDER BY action`, []any{name}, scanString)
	return r, err
}

// Role returns the role of the name, or NotFound.
func (s *Store) Role(ctx context.Context, name string) (domain.Role, error) {
	var r domain.Role
	err := s.view(ctx, "read a role", func(t *tx) (err error) {
		r, err = loadRole(ctx, t, name)
		return err
	})
	return r, err
}

// Roles returns a page of roles by name, each with its actions.
func (s *Store) Roles(ctx context.Context, page domain.Page) (domain.List[domain.Role], error) {
	var list domain.List[domain.Role]
	err := s.view(ctx, "list roles", func(t *tx) error {
		var w where
		w.search("search", page.Search)
		if page.After != "" {
			w.and("name > ?", page.After)
		}
		query := `SELECT ` + roleColumns + ` FROM roles` + w.sql() + ` ORDER BY name LIMIT ` + w.bind(page.Limit+1)
		items, err := collect(ctx, t, query, w.args, scanRole)
		if err != nil {
			return err
		}
		list = domain.Cut(items, page.Limit, func(r domain.Role) string { return r.Name })
		names := make([]string, len(list.Items))
		for i, r := range list.Items {
			names[i] = r.Name
		}
		actions, err := t.members(ctx, `SELECT role, action FROM role_actions WHERE role IN (%s) ORDER BY role, action`, names)
		if err != nil {
			return err
		}
		for i := range list.Items {
			list.Items[i].Actions = append(list.Items[i].Actions, actions[list.Items[i].Name]...)
		}
		return nil
	})
	return list, err
}

// roleSearch is what a search for roles looks at.
func roleSearch(r domain.Role) string {
	return searchable(append([]string{r.Name, r.Description}, r.Actions...)...)
}

func (t *tx) insertRoleActions(ctx context.Context, role string, actions []string) error {
	return t.insertPairs(ctx, `INSERT INTO role_actions (role, action) VALUES`, role, actions)
}

// CreateRole adds a role with its actions. A Conflict on /name when the name is
// taken; Invalid on /actions/N for an action there is not.
func (s *Store) CreateRole(ctx context.Context, r domain.Role, ev domain.Event) error {
	return s.change(ctx, "create a role", func(t *tx) error {
		if err := t.refuseUnknown(ctx, "actions", "action", "/actions", r.Actions); err != nil {
			return err
		}
		n, err := t.execCount(ctx, `INSERT INTO roles (name, description, search, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO NOTHING`,
			r.Name, r.Description, roleSearch(r), micros(r.CreatedAt), micros(r.UpdatedAt))
		if err != nil {
			return err
		}
		if n == 0 {
			return taken("/name", "There is a role %q already.", r.Name)
		}
		t.record(ev)
		return t.insertRoleActions(ctx, r.Name, r.Actions)
	})
}

// UpdateRole changes the description and the actions of a role and returns it
// as it is afterwards. Invalid on /actions/N for an action there is not.
func (s *Store) UpdateRole(ctx context.Context, name string, fn func(*domain.Role) (domain.Event, error)) (domain.Role, error) {
	var r domain.Role
	err := s.change(ctx, "update a role", func(t *tx) (err error) {
		if r, err = loadRole(ctx, t, name); err != nil {
			return err
		}
		before := slices.Clone(r.Actions)
		ev, err := fn(&r)
		if err != nil {
			return err
		}
		t.record(ev)
		if err := t.exec(ctx, `UPDATE roles SET description = $2, search = $3, updated_at = $4 WHERE name = $1`,
			name, r.Description, roleSearch(r), micros(r.UpdatedAt)); err != nil {
			return err
		}
		if slices.Equal(before, r.Actions) {
			return nil
		}
		if err := t.refuseUnknown(ctx, "actions", "action", "/actions", r.Actions); err != nil {
			return err
		}
		return t.recalling(ctx, ofRole(name), func() error {
			if err := t.exec(ctx, `DELETE FROM role_actions WHERE role = $1`, name); err != nil {
				return err
			}
			return t.insertRoleActions(ctx, name, r.Actions)
		})
	})
	return r, changed(err)
}

// DeleteRole removes a role, unless a user holds it, or a delegation that is not
// revoked or a template lends it: then a Conflict names some of them.
func (s *Store) DeleteRole(ctx context.Context, name string, fn func(domain.Role) (domain.Event, error)) error {
	return s.change(ctx, "delete a role", func(t *tx) error {
		r, err := loadRole(ctx, t, name)
		if err != nil {
			return err
		}
		users, err := collect(ctx, t, `SELECT u.email FROM user_roles r JOIN users u ON u.id = r.user_id
			WHERE r.role = $1 ORDER BY u.email_key LIMIT $2`, []any{name, maxUsers + 1},
			func(row func(dest ...any) error) (string, error) {
				var email string
				err := row(&email)
				return "the user " + email, err
			})
		if err != nil {
			return err
		}
		lenders, err := t.lenders(ctx, `d.role = $1`, name)
		if err != nil {
			return err
		}
		templates, err := t.templatesWith(ctx, func(d domain.DelegationTemplate) bool { return d.Role == name })
		if err != nil {
			return err
		}
		if err := refuseInUse("role", name, slices.Concat(users, lenders, templates),
			"Take it from its users, revoke its delegations and delete its templates first."); err != nil {
			return err
		}
		ev, err := fn(r)
		if err != nil {
			return err
		}
		t.record(ev)
		return t.recalling(ctx, ofRole(name), func() error { return t.exec(ctx, `DELETE FROM roles WHERE name = $1`, name) })
	})
}
