package store

import (
	"context"
	"encoding/json"
	"fmt"

	"authsec/internal/domain"
)

const sourceColumns = `id, name, kind, enabled, settings, created_at, updated_at`

func scanSource(row func(dest ...any) error) (domain.WorkloadSource, error) {
	var s domain.WorkloadSource
	var settings string
	var enabled, created, updated int64
	if err := row(&s.ID, &s.Name, &s.Kind, &enabled, &settings, &created, &updated); err != nil {
		return s, err
	}
	s.Enabled = enabled != 0
	s.CreatedAt, s.UpdatedAt = fromMicros(created), fromMicros(updated)
	if err := json.Unmarshal([]byte(settings), &s.Settings); err != nil {
		return s, fmt.Errorf("settings of the workload source %s: %w", s.ID, err)
	}
	return s, nil
}

func loadSource(ctx context.Context, t *tx, id string) (domain.WorkloadSource, error) {
	src, err := scanSource(func(dest ...any) error {
		return t.row(ctx, `SELECT `+sourceColumns+` FROM workload_sources WHERE id = $1`, []any{id}, dest...)
	})
	return src, missing(err, "workload source", id)
}

// WorkloadSource returns the workload source of the ID, or NotFound.
func (s *Store) WorkloadSource(ctx context.Context, id string) (domain.WorkloadSource, error) {
	var src domain.WorkloadSource
	err := s.view(ctx, "read a workload source", func(t *tx) (err error) {
		src, err = loadSource(ctx, t, id)
		return err
	})
	return src, err
}

// WorkloadSources returns a page of workload sources by name, without regard to case.
func (s *Store) WorkloadSources(ctx context.Context, page domain.Page) (domain.List[domain.WorkloadSource], error) {
	var list domain.List[domain.WorkloadSource]
	err := s.view(ctx, "list workload sources", func(t *tx) error {
		var w where
		w.searchOrID("search", "id", page.Search)
		if page.After != "" {
			w.and("name_key > ?", page.After)
		}
		query := `SELECT ` + sourceColumns + ` FROM workload_sources` + w.sql() + ` ORDER BY name_key LIMIT ` + w.bind(page.Limit+1)
		items, err := collect(ctx, t, query, w.args, scanSource)
		if err != nil {
			return err
		}
		list = domain.Cut(items, page.Limit, func(src domain.WorkloadSource) string { return nameKey(src.Name) })
		return nil
	})
	return list, err
}

// WorkloadSourceSet returns the enabled workload sources, the oldest first, and
// their revision, in one snapshot.
func (s *Store) WorkloadSourceSet(ctx context.Context) (domain.SourceSet, error) {
	var set domain.SourceSet
	err := s.view(ctx, "read the workload sources", func(t *tx) (err error) {
		if set.Revision, err = sourcesRevision(ctx, t); err != nil {
			return err
		}
		set.Sources, err = enabledSources(ctx, t)
		return err
	})
	return set, err
}

func enabledSources(ctx context.Context, t *tx) ([]domain.WorkloadSource, error) {
	return collect(ctx, t, `SELECT `+sourceColumns+` FROM workload_sources WHERE enabled = 1 ORDER BY id`, nil, scanSource)
}

func sourcesRevision(ctx context.Context, t *tx) (int64, error) {
	var n int64
	err := t.row(ctx, `SELECT n FROM workload_source_revision WHERE id = 1`, nil, &n)
	return n, err
}

// changeSources is change for what alters workload sources: it raises their revision.
func (s *Store) changeSources(ctx context.Context, doing string, fn func(*tx) error) error {
	return s.change(ctx, doing, func(t *tx) error {
		if err := t.exec(ctx, `UPDATE workload_source_revision SET n = n + 1 WHERE id = 1`); err != nil {
			return err
		}
		return fn(t)
	})
}

// CreateWorkloadSource adds a workload source; a Conflict on /name or on its
// issuer or trust domain when that is taken, and when there are
// domain.MaxWorkloadSources already.
func (s *Store) CreateWorkloadSource(ctx context.Context, src domain.WorkloadSource, ev domain.Event) error {
	return s.changeSources(ctx, "create a workload source", func(t *tx) error {
		var n int64
		if err := t.row(ctx, `SELECT COUNT(*) FROM workload_sources`, nil, &n); err != nil {
			return err
		}
		if n >= domain.MaxWorkloadSources {
			return domain.Errorf(domain.Conflict, "too_many", "There are %d workload sources already, which is the most. Delete one that is not needed.", n)
		}
		if err := t.sourceFree(ctx, src); err != nil {
			return err
		}
		settings, err := json.Marshal(src.Settings)
		if err != nil {
			return err
		}
		t.record(ev)
		_, origin := src.Settings.Origin()
		return t.exec(ctx, `INSERT INTO workload_sources (id, name, name_key, kind, enabled, settings, origin, search, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			src.ID, src.Name, nameKey(src.Name), string(src.Kind), bit(src.Enabled), string(settings), origin,
			searchable(src.Name, string(src.Kind), origin), micros(src.CreatedAt), micros(src.UpdatedAt))
	})
}

// sourceFree refuses a name, an issuer or a trust domain that another source
// has: of two sources with one issuer it would be left to chance which verifies.
// An identity provider's issuer is refused: see providerFree.
func (t *tx) sourceFree(ctx context.Context, src domain.WorkloadSource) error {
	field, origin := src.Settings.Origin()
	others, err := collect(ctx, t, `SELECT name, name_key, origin FROM workload_sources
		WHERE id <> $1 AND (name_key = $2 OR (origin <> '' AND origin = $3)) ORDER BY id`, []any{src.ID, nameKey(src.Name), origin},
		func(row func(dest ...any) error) (o struct{ name, key, origin string }, err error) {
			err = row(&o.name, &o.key, &o.origin)
			return o, err
		})
	if err != nil {
		return err
	}
	for _, o := range others {
		if o.key == nameKey(src.Name) {
			return taken("/name", "There is a workload source named %q already. Choose another name.", src.Name)
		}
	}
	for _, o := range others {
		return taken(field, "The workload source %q has %s already. Change that one, or delete it first.", o.name, origin)
	}
	people, err := collect(ctx, t, `SELECT name FROM identity_providers WHERE issuer = $1`, []any{origin}, scanString)
	if err == nil && len(people) > 0 {
		err = taken(field, "The identity provider %q has this issuer. One issuer is either for people or for workloads.", people[0])
	}
	return err
}

// UpdateWorkloadSource changes a workload source and returns it as it is
// afterwards. It has the conflicts of CreateWorkloadSource.
func (s *Store) UpdateWorkloadSource(ctx context.Context, id string, fn func(*domain.WorkloadSource) (domain.Event, error)) (domain.WorkloadSource, error) {
	var src domain.WorkloadSource
	err := s.changeSources(ctx, "update a workload source", func(t *tx) (err error) {
		if src, err = loadSource(ctx, t, id); err != nil {
			return err
		}
		before := src
		ev, err := fn(&src)
		if err != nil {
			return err
		}
		if err := t.sourceFree(ctx, src); err != nil {
			return err
		}
		settings, err := json.Marshal(src.Settings)
		if err != nil {
			return err
		}
		t.record(ev)
		_, origin := src.Settings.Origin()
		return t.recallingProven(ctx, before, func() error {
			return t.exec(ctx, `UPDATE workload_sources SET name = $2, name_key = $3, enabled = $4, settings = $5, origin = $6, search = $7, updated_at = $8
				WHERE id = $1`, id, src.Name, nameKey(src.Name), bit(src.Enabled), string(settings), origin,
				searchable(src.Name, string(src.Kind), origin), micros(src.UpdatedAt))
		})
	})
	return src, changed(err)
}

// DeleteWorkloadSource removes a workload source.
func (s *Store) DeleteWorkloadSource(ctx context.Context, id string, fn func(domain.WorkloadSource) (domain.Event, error)) error {
	return s.changeSources(ctx, "delete a workload source", func(t *tx) error {
		src, err := loadSource(ctx, t, id)
		if err != nil {
			return err
		}
		ev, err := fn(src)
		if err != nil {
			return err
		}
		t.record(ev)
		return t.recallingProven(ctx, src, func() error { return t.exec(ctx, `DELETE FROM workload_sources WHERE id = $1`, id) })
	})
}

// recallingProven is recalling for a change to a source: it concerns the agents
// of the platforms that the source proves.
func (t *tx) recallingProven(ctx context.Context, src domain.WorkloadSource, change func() error) error {
	platforms := src.Proves(t.store.trustDomain)
	if !src.Enabled || len(platforms) == 0 {
		return change()
	}
	return t.recalling(ctx, ofPlatforms(platforms), change)
}
