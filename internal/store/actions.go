package store

import (
	"context"
	"slices"

	"authsec/internal/domain"
)

const actionColumns = `name, description, sensitive, created_at, updated_at`

func scanAction(row func(dest ...any) error) (domain.Action, error) {
	var a domain.Action
	var sensitive, created, updated int64
	err := row(&a.Name, &a.Description, &sensitive, &created, &updated)
	a.Sensitive, a.CreatedAt, a.UpdatedAt = sensitive != 0, fromMicros(created), fromMicros(updated)
	return a, err
}

func loadAction(ctx context.Context, t *tx, name string) (domain.Action, error) {
	a, err := scanAction(func(dest ...any) error {
		return t.row(ctx, `SELECT `+actionColumns+` FROM actions WHERE name = $1`, []any{name}, dest...)
	})
	return a, missing(err, "action", name)
}

// Action returns the action of the name, or NotFound.
func (s *Store) Action(ctx context.Context, name string) (domain.Action, error) {
	var a domain.Action
	err := s.view(ctx, "read an action", func(t *tx) (err error) {
		a, err = loadAction(ctx, t, name)
		return err
	})
	return a, err
}

// Actions returns a page of actions by name.
func (s *Store) Actions(ctx context.Context, page domain.Page) (domain.List[domain.Action], error) {
	var list domain.List[domain.Action]
	err := s.view(ctx, "list actions", func(t *tx) error {
		var w where
		w.search("search", page.Search)
		if page.After != "" {
			w.and("name > ?", page.After)
		}
		query := `SELECT ` + actionColumns + ` FROM actions` + w.sql() + ` ORDER BY name LIMIT ` + w.bind(page.Limit+1)
		items, err := collect(ctx, t, query, w.args, scanAction)
		if err != nil {
			return err
		}
		list = domain.Cut(items, page.Limit, func(a domain.Action) string { return a.Name })
		return nil
	})
	return list, err
}

// CreateAction adds an action; a Conflict on /name when the name is taken.
func (s *Store) CreateAction(ctx context.Context, a domain.Action, ev domain.Event) error {
	return s.change(ctx, "create an action", func(t *tx) error {
		n, err := t.execCount(ctx, `INSERT INTO actions (name, description, sensitive, search, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO NOTHING`,
			a.Name, a.Description, bit(a.Sensitive), searchable(a.Name, a.Description), micros(a.CreatedAt), micros(a.UpdatedAt))
		if err != nil {
			return err
		}
		if n == 0 {
			return taken("/name", "There is an action %q already.", a.Name)
		}
		t.record(ev)
		return nil
	})
}

// UpdateAction changes the description and the flag of an action and returns it
// as it is afterwards.
func (s *Store) UpdateAction(ctx context.Context, name string, fn func(*domain.Action) (domain.Event, error)) (domain.Action, error) {
	var a domain.Action
	err := s.change(ctx, "update an action", func(t *tx) (err error) {
		if a, err = loadAction(ctx, t, name); err != nil {
			return err
		}
		ev, err := fn(&a)
		if err != nil {
			return err
		}
		t.record(ev)
		return t.exec(ctx, `UPDATE actions SET description = $2, sensitive = $3, search = $4, updated_at = $5 WHERE name = $1`,
			name, a.Description, bit(a.Sensitive), searchable(name, a.Description), micros(a.UpdatedAt))
	})
	return a, changed(err)
}

// DeleteAction removes an action, unless a role contains it, or a delegation
// that is not revoked or a template lends it: then a Conflict names some of them.
func (s *Store) DeleteAction(ctx context.Context, name string, fn func(domain.Action) (domain.Event, error)) error {
	return s.change(ctx, "delete an action", func(t *tx) error {
		a, err := loadAction(ctx, t, name)
		if err != nil {
			return err
		}
		users, err := collect(ctx, t, `SELECT role FROM role_actions WHERE action = $1 ORDER BY role LIMIT $2`,
			[]any{name, maxUsers + 1}, func(row func(dest ...any) error) (string, error) {
				var role string
				err := row(&role)
				return "the role " + role, err
			})
		if err != nil {
			return err
		}
		lenders, err := t.lenders(ctx, `d.id IN (SELECT delegation_id FROM delegation_actions WHERE action = $1)`, name)
		if err != nil {
			return err
		}
		templates, err := t.templatesWith(ctx, func(d domain.DelegationTemplate) bool { return slices.Contains(d.Actions, name) })
		if err != nil {
			return err
		}
		if err := refuseInUse("action", name, slices.Concat(users, lenders, templates), "Take it out of them first."); err != nil {
			return err
		}
		ev, err := fn(a)
		if err != nil {
			return err
		}
		t.record(ev)
		return t.exec(ctx, `DELETE FROM actions WHERE name = $1`, name)
	})
}
