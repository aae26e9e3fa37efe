package store

import (
	"context"
	"slices"
	"strings"

	"authsec/internal/domain"
)

const resourceColumns = `id, name, uri, secret_hash, created_at, updated_at`

func scanResource(row func(dest ...any) error) (domain.Resource, error) {
	var r domain.Resource
	var hash string
	var created, updated int64
	if err := row(&r.ID, &r.Name, &r.URI, &hash, &created, &updated); err != nil {
		return r, err
	}
	var err error
	r.SecretHash, err = parseHash(hash)
	r.CreatedAt, r.UpdatedAt = fromMicros(created), fromMicros(updated)
	return r, err
}

func loadResource(ctx context.Context, t *tx, id string) (domain.Resource, error) {
	r, err := scanResource(func(dest ...any) error {
		return t.row(ctx, `SELECT `+resourceColumns+` FROM resources WHERE id = $1`, []any{id}, dest...)
	})
	return r, missing(err, "resource", id)
}

// Resource returns the resource of the ID, or NotFound.
func (s *Store) Resource(ctx context.Context, id string) (domain.Resource, error) {
	var r domain.Resource
	err := s.view(ctx, "read a resource", func(t *tx) (err error) {
		r, err = loadResource(ctx, t, id)
		return err
	})
	return r, err
}

// Resources returns a page of resources by name, without regard to case.
func (s *Store) Resources(ctx context.Context, page domain.Page) (domain.List[domain.Resource], error) {
	var list domain.List[domain.Resource]
	err := s.view(ctx, "list resources", func(t *tx) error {
		var w where
		w.searchOrID("search", "id", page.Search)
		if page.After != "" {
			w.and("name_key > ?", page.After)
		}
		query := `SELECT ` + resourceColumns + ` FROM resources` + w.sql() + ` ORDER BY name_key LIMIT ` + w.bind(page.Limit+1)
		items, err := collect(ctx, t, query, w.args, scanResource)
		if err != nil {
			return err
		}
		list = domain.Cut(items, page.Limit, func(r domain.Resource) string { return nameKey(r.Name) })
		return nil
	})
	return list, err
}

// CreateResource adds a resource; a Conflict on /name or /uri when that is
// taken. Addresses that differ only in case are refused: to people they are one.
func (s *Store) CreateResource(ctx context.Context, r domain.Resource, ev domain.Event) error {
	return s.change(ctx, "create a resource", func(t *tx) error {
		if err := t.resourceNameFree(ctx, r); err != nil {
			return err
		}
		if err := t.resourceURIFree(ctx, r.URI); err != nil {
			return err
		}
		t.record(ev)
		return t.exec(ctx, `INSERT INTO resources (id, name, name_key, uri, secret_hash, search, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			r.ID, r.Name, nameKey(r.Name), r.URI, hashText(r.SecretHash), searchable(r.Name, r.URI), micros(r.CreatedAt), micros(r.UpdatedAt))
	})
}

// resourceURIFree folds ASCII letters only, as both databases' lower() does
// with these columns; the unique index compares bytes.
func (t *tx) resourceURIFree(ctx context.Context, uri string) error {
	folded := strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, uri)
	var n int64
	if err := t.row(ctx, `SELECT COUNT(*) FROM resources WHERE lower(uri) = $1`, []any{folded}, &n); err != nil {
		return err
	}
	if n > 0 {
		return taken("/uri", "There is a resource with the URI %q already.", uri)
	}
	return nil
}

func (t *tx) resourceNameFree(ctx context.Context, r domain.Resource) error {
	var n int64
	if err := t.row(ctx, `SELECT COUNT(*) FROM resources WHERE name_key = $1 AND id <> $2`, []any{nameKey(r.Name), r.ID}, &n); err != nil {
		return err
	}
	if n > 0 {
		return taken("/name", "There is a resource named %q already. Choose another name.", r.Name)
	}
	return nil
}

// UpdateResource changes the name or the secret of a resource and returns it as
// it is afterwards. A Conflict on /name when another resource has it.
func (s *Store) UpdateResource(ctx context.Context, id string, fn func(*domain.Resource) (domain.Event, error)) (domain.Resource, error) {
	var r domain.Resource
	err := s.change(ctx, "update a resource", func(t *tx) (err error) {
		if r, err = loadResource(ctx, t, id); err != nil {
			return err
		}
		ev, err := fn(&r)
		if err != nil {
			return err
		}
		if err := t.resourceNameFree(ctx, r); err != nil {
			return err
		}
		t.record(ev)
		return t.exec(ctx, `UPDATE resources SET name = $2, name_key = $3, secret_hash = $4, search = $5, updated_at = $6 WHERE id = $1`,
			id, r.Name, nameKey(r.Name), hashText(r.SecretHash), searchable(r.Name, r.URI), micros(r.UpdatedAt))
	})
	return r, changed(err)
}

// DeleteResource removes a resource, unless a delegation that is not revoked, or
// a template, lists its URI: then a Conflict names some of them.
func (s *Store) DeleteResource(ctx context.Context, id string, fn func(domain.Resource) (domain.Event, error)) error {
	return s.change(ctx, "delete a resource", func(t *tx) error {
		r, err := loadResource(ctx, t, id)
		if err != nil {
			return err
		}
		lenders, err := t.lenders(ctx, `d.id IN (SELECT delegation_id FROM delegation_resources WHERE uri = $1)`, r.URI)
		if err != nil {
			return err
		}
		templates, err := t.templatesWith(ctx, func(d domain.DelegationTemplate) bool { return slices.Contains(d.Resources, r.URI) })
		if err != nil {
			return err
		}
		if err := refuseInUse("resource", r.Name, append(lenders, templates...), "Take it out of them first."); err != nil {
			return err
		}
		ev, err := fn(r)
		if err != nil {
			return err
		}
		t.record(ev)
		return t.exec(ctx, `DELETE FROM resources WHERE id = $1`, id)
	})
}
