package store

import (
	"context"
	"encoding/json"

	"authsec/internal/domain"
)

const providerColumns = `id, name, enabled, settings, created_at, updated_at`

func scanProvider(row func(dest ...any) error) (domain.IdentityProvider, error) {
	var p domain.IdentityProvider
	var settings string
	var enabled, created, updated int64
	if err := row(&p.ID, &p.Name, &enabled, &settings, &created, &updated); err != nil {
		return p, err
	}
	p.Enabled = enabled != 0
	p.CreatedAt, p.UpdatedAt = fromMicros(created), fromMicros(updated)
	return p, readJSON(settings, &p.Settings, "settings of the identity provider "+p.ID)
}

func loadProvider(ctx context.Context, t *tx, id string) (domain.IdentityProvider, error) {
	p, err := scanProvider(func(dest ...any) error {
		return t.row(ctx, `SELECT `+providerColumns+` FROM identity_providers WHERE id = $1`, []any{id}, dest...)
	})
	return p, missing(err, "identity provider", id)
}

// IdentityProvider returns the identity provider of the ID, or NotFound.
func (s *Store) IdentityProvider(ctx context.Context, id string) (domain.IdentityProvider, error) {
	var p domain.IdentityProvider
	err := s.view(ctx, "read an identity provider", func(t *tx) (err error) {
		p, err = loadProvider(ctx, t, id)
		return err
	})
	return p, err
}

// IdentityProviders returns a page of identity providers by name, without regard to case.
func (s *Store) IdentityProviders(ctx context.Context, page domain.Page) (domain.List[domain.IdentityProvider], error) {
	var list domain.List[domain.IdentityProvider]
	err := s.view(ctx, "list identity providers", func(t *tx) error {
		var w where
		w.searchOrID("search", "id", page.Search)
		if page.After != "" {
			w.and("name_key > ?", page.After)
		}
		query := `SELECT ` + providerColumns + ` FROM identity_providers` + w.sql() + ` ORDER BY name_key LIMIT ` + w.bind(page.Limit+1)
		items, err := collect(ctx, t, query, w.args, scanProvider)
		list = domain.Cut(items, page.Limit, func(p domain.IdentityProvider) string { return nameKey(p.Name) })
		return err
	})
	return list, err
}

// EnabledIdentityProviders returns those that are enabled, the oldest first.
func (s *Store) EnabledIdentityProviders(ctx context.Context) ([]domain.IdentityProvider, error) {
	var all []domain.IdentityProvider
	err := s.view(ctx, "read the identity providers", func(t *tx) (err error) {
		all, err = collect(ctx, t, `SELECT `+providerColumns+` FROM identity_providers WHERE enabled = 1 ORDER BY id`, nil, scanProvider)
		return err
	})
	return all, err
}

// CreateIdentityProvider adds an identity provider; a Conflict on /name or
// /issuer when that is taken, by a workload source too, and when there are
// domain.MaxIdentityProviders already.
func (s *Store) CreateIdentityProvider(ctx context.Context, p domain.IdentityProvider, ev domain.Event) error {
	return s.change(ctx, "create an identity provider", func(t *tx) error {
		var n int64
		if err := t.row(ctx, `SELECT COUNT(*) FROM identity_providers`, nil, &n); err != nil {
			return err
		}
		if n >= domain.MaxIdentityProviders {
			return domain.Errorf(domain.Conflict, "too_many", "There are %d identity providers already, which is the most. Delete one that is not needed.", n)
		}
		if err := t.providerFree(ctx, p); err != nil {
			return err
		}
		settings, err := json.Marshal(p.Settings)
		if err != nil {
			return err
		}
		t.record(ev)
		return t.exec(ctx, `INSERT INTO identity_providers (id, name, name_key, enabled, issuer, settings, search, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			p.ID, p.Name, nameKey(p.Name), bit(p.Enabled), p.Settings.Issuer, string(settings),
			searchable(p.Name, p.Settings.Issuer), micros(p.CreatedAt), micros(p.UpdatedAt))
	})
}

// providerFree refuses a name or an issuer that another has. A workload source
// is another, too: a workload's token must never pass for a person's.
func (t *tx) providerFree(ctx context.Context, p domain.IdentityProvider) error {
	for _, other := range []struct{ query, value, field, format string }{
		{`SELECT name FROM identity_providers WHERE id <> $1 AND name_key = $2`, nameKey(p.Name), "/name",
			"There is an identity provider named %q already. Choose another name."},
		{`SELECT name FROM identity_providers WHERE id <> $1 AND issuer = $2`, p.Settings.Issuer, "/issuer",
			"The identity provider %q has this issuer already. Change that one, or delete it first."},
		{`SELECT name FROM workload_sources WHERE id <> $1 AND origin = $2`, p.Settings.Issuer, "/issuer",
			"The workload source %q has this issuer. One issuer is either for people or for workloads."},
	} {
		names, err := collect(ctx, t, other.query, []any{p.ID, other.value}, scanString)
		if err != nil {
			return err
		}
		if len(names) > 0 {
			return taken(other.field, other.format, names[0])
		}
	}
	return nil
}

// UpdateIdentityProvider changes an identity provider and returns it as it is
// afterwards. It has the conflicts of CreateIdentityProvider.
func (s *Store) UpdateIdentityProvider(ctx context.Context, id string, fn func(*domain.IdentityProvider) (domain.Event, error)) (domain.IdentityProvider, error) {
	var p domain.IdentityProvider
	err := s.change(ctx, "update an identity provider", func(t *tx) (err error) {
		if p, err = loadProvider(ctx, t, id); err != nil {
			return err
		}
		ev, err := fn(&p)
		if err != nil {
			return err
		}
		if err := t.providerFree(ctx, p); err != nil {
			return err
		}
		settings, err := json.Marshal(p.Settings)
		if err != nil {
			return err
		}
		t.record(ev)
		return t.recalling(ctx, ofProvider(id), func() error {
			return t.exec(ctx, `UPDATE identity_providers SET name = $2, name_key = $3, enabled = $4, issuer = $5, settings = $6, search = $7, updated_at = $8
				WHERE id = $1`, id, p.Name, nameKey(p.Name), bit(p.Enabled), p.Settings.Issuer, string(settings),
				searchable(p.Name, p.Settings.Issuer), micros(p.UpdatedAt))
		})
	})
	return p, changed(err)
}

// DeleteIdentityProvider removes an identity provider with the sign-ins that
// wait for it, unless a template or a person's link names it: then a Conflict
// names some of them.
func (s *Store) DeleteIdentityProvider(ctx context.Context, id string, fn func(domain.IdentityProvider) (domain.Event, error)) error {
	return s.change(ctx, "delete an identity provider", func(t *tx) error {
		p, err := loadProvider(ctx, t, id)
		if err != nil {
			return err
		}
		users, err := t.templatesWith(ctx, func(d domain.DelegationTemplate) bool { return d.ProviderID == id })
		if err != nil {
			return err
		}
		people, err := collect(ctx, t, `SELECT u.email FROM identity_links l JOIN users u ON u.id = l.user_id
			WHERE l.provider_id = $1 ORDER BY u.email_key LIMIT $2`, []any{id, maxUsers + 1},
			func(row func(dest ...any) error) (string, error) {
				var email string
				err := row(&email)
				return "the user " + email, err
			})
		if err != nil {
			return err
		}
		if err := refuseInUse("identity provider", p.Name, append(users, people...), "Delete those templates and links first, or disable it."); err != nil {
			return err
		}
		ev, err := fn(p)
		if err != nil {
			return err
		}
		t.record(ev)
		return t.exec(ctx, `DELETE FROM identity_providers WHERE id = $1`, id)
	})
}
