package store

import (
	"context"

	"authsec/internal/domain"
)

const delegationColumns = `d.id, d.client_id, d.role, d.delegator_id, d.max_duration_s, d.ends_at, d.status,
	d.disabled_by_admin, d.disabled_by_delegator, d.revoke_reason, d.revoked_at, d.created_at, d.updated_at,
	COALESCE((SELECT u.last_at FROM last_use u WHERE u.delegation_id = d.id), 0)`

// scanDelegation scans delegationColumns, then extra.
func scanDelegation(row func(dest ...any) error, extra ...any) (domain.Delegation, error) {
	var d domain.Delegation
	var status string
	var seconds, endsAt, byAdmin, byDelegator, revokedAt, createdAt, updatedAt, lastUsedAt int64
	dest := append([]any{&d.ID, &d.ClientID, &d.Role, &d.DelegatorID, &seconds, &endsAt, &status,
		&byAdmin, &byDelegator, &d.RevokeReason, &revokedAt, &createdAt, &updatedAt, &lastUsedAt}, extra...)
	if err := row(dest...); err != nil {
		return d, err
	}
	d.MaxDuration, d.EndsAt = fromSeconds(seconds), fromMicros(endsAt)
	d.Status, d.DisabledByAdmin, d.DisabledByDelegator = domain.DelegationStatus(status), byAdmin != 0, byDelegator != 0
	d.RevokedAt, d.CreatedAt, d.UpdatedAt = fromMicros(revokedAt), fromMicros(createdAt), fromMicros(updatedAt)
	d.LastUsedAt = fromMicros(lastUsedAt)
	return d, nil
}

// Delegations returns delegations, newest first.
func (s *Store) Delegations(ctx context.Context, f domain.DelegationFilter, p domain.Page) (domain.List[domain.DelegationView], error) {
	var w where
	w.is("d.client_id", f.ClientID)
	w.is("d.role", f.Role)
	w.is("d.delegator_id", f.DelegatorID)
	now := micros(f.Now)
	switch f.Status {
	case "":
	case domain.DelegationActive:
		w.and(`d.status = ? AND (d.ends_at = 0 OR d.ends_at > ?)`, string(domain.DelegationActive), now)
	case domain.DelegationEnded:
		w.and(`d.status = ? AND d.ends_at <> 0 AND d.ends_at <= ?`, string(domain.DelegationActive), now)
	default:
		w.is("d.status", string(f.Status))
	}
	if id, ok := domain.ParseID(p.Search); ok { // somebody pasted an ID
		w.and(`(d.id = ? OR d.client_id = ? OR d.delegator_id = ?)`, id, id, id)
	} else if p.Search != "" {
		like := pattern(p.Search)
		w.and(`(d.role LIKE ? ESCAPE '\' OR a.search LIKE ? ESCAPE '\' OR p.search LIKE ? ESCAPE '\'
			OR EXISTS (SELECT 1 FROM delegation_actions x WHERE x.delegation_id = d.id AND x.action LIKE ? ESCAPE '\'))`, like, like, like, like)
	}
	if p.After != "" {
		w.and(`d.id < ?`, p.After)
	}
	var list domain.List[domain.DelegationView]
	err := s.view(ctx, "list delegations", func(t *tx) error {
		tail := w.sql() + ` ORDER BY d.id DESC LIMIT ` + w.bind(p.Limit+1)
		items, err := delegationViews(ctx, t, tail, w.args)
		list = domain.Cut(items, p.Limit, func(v domain.DelegationView) string { return v.ID })
		return err
	})
	return list, err
}

// Delegation returns one delegation.
func (s *Store) Delegation(ctx context.Context, id string) (domain.DelegationView, error) {
	var v domain.DelegationView
	err := s.view(ctx, "read delegation", func(t *tx) error {
		items, err := delegationViews(ctx, t, ` WHERE d.id = $1`, []any{id})
		if err != nil {
			return err
		}
		if len(items) == 0 {
			return notFound("delegation", id)
		}
		v = items[0]
		return nil
	})
	return v, err
}

// DelegationsOfRole returns up to limit delegations of a role that are not
// revoked, and how many there are of how many agents.
func (s *Store) DelegationsOfRole(ctx context.Context, role string, limit int) (items []domain.DelegationView, total, agents int, err error) {
	err = s.view(ctx, "list the role's delegations", func(t *tx) error {
		if err := t.row(ctx, `SELECT COUNT(*), COUNT(DISTINCT client_id) FROM delegations WHERE role = $1 AND status <> $2`,
			[]any{role, string(domain.DelegationRevoked)}, &total, &agents); err != nil {
			return err
		}
		var err error
		items, err = delegationViews(ctx, t, ` WHERE d.role = $1 AND d.status <> $2 ORDER BY d.id DESC LIMIT $3`,
			[]any{role, string(domain.DelegationRevoked), limit})
		return err
	})
	return items, total, agents, err
}

// delegationViews runs a query over delegations d, agents a and people p.
func delegationViews(ctx context.Context, t *tx, tail string, args []any) ([]domain.DelegationView, error) {
	items, err := collect(ctx, t, `SELECT `+delegationColumns+`, a.name, a.type, a.default_delegation_id, p.email, p.name
		FROM delegations d JOIN agents a ON a.client_id = d.client_id JOIN users p ON p.id = d.delegator_id`+tail, args,
		func(row func(dest ...any) error) (domain.DelegationView, error) {
			var v domain.DelegationView
			var byDefault string
			d, err := scanDelegation(row, &v.Agent.Name, &v.Agent.Type, &byDefault, &v.Delegator.Email, &v.Delegator.Name)
			v.Delegation, v.Agent.ClientID, v.Delegator.ID = d, d.ClientID, d.DelegatorID
			v.Default = byDefault == d.ID
			return v, err
		})
	if err != nil {
		return nil, err
	}
	refs := make([]*domain.Delegation, len(items))
	for i := range items {
		refs[i] = &items[i].Delegation
	}
	return items, fillDelegations(ctx, t, refs)
}

// fillDelegations reads the actions and resources of delegations, two queries in all.
func fillDelegations(ctx context.Context, t *tx, ds []*domain.Delegation) error {
	if len(ds) == 0 {
		return nil
	}
	byID := make(map[string]*domain.Delegation, len(ds))
	ids := make([]any, 0, len(ds))
	for _, d := range ds {
		d.Actions, d.Resources = []string{}, []string{}
		byID[d.ID] = d
		ids = append(ids, d.ID)
	}
	in := placeholders(1, len(ids))
	if err := eachPair(ctx, t, `SELECT delegation_id, action FROM delegation_actions WHERE delegation_id IN (`+in+`) ORDER BY action`, ids,
		func(id, action string) { byID[id].Actions = append(byID[id].Actions, action) }); err != nil {
		return err
	}
	return eachPair(ctx, t, `SELECT delegation_id, uri FROM delegation_resources WHERE delegation_id IN (`+in+`) ORDER BY uri`, ids,
		func(id, uri string) { byID[id].Resources = append(byID[id].Resources, uri) })
}

// eachPair calls fn for each row of two text columns.
func eachPair(ctx context.Context, t *tx, query string, args []any, fn func(a, b string)) error {
	return t.rows(ctx, query, args, func(row func(dest ...any) error) error {
		var a, b string
		if err := row(&a, &b); err != nil {
			return err
		}
		fn(a, b)
		return nil
	})
}

// CreateDelegation stores d if rule lets it, in one transaction with what the
// rule sees. The rule is pure and may run again.
func (s *Store) CreateDelegation(ctx context.Context, d domain.Delegation, rule func(*domain.DelegationDraft) (domain.Event, error)) error {
	return s.change(ctx, "create delegation", func(t *tx) error {
		draft, err := loadDraft(ctx, t, d)
		if err != nil {
			return err
		}
		ev, err := rule(&draft)
		if err != nil {
			return err
		}
		d := draft.Delegation
		if err := t.exec(ctx, `INSERT INTO delegations (id, client_id, role, delegator_id, max_duration_s, ends_at, status,
			disabled_by_admin, disabled_by_delegator, revoke_reason, revoked_at, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
			d.ID, d.ClientID, d.Role, d.DelegatorID, seconds(d.MaxDuration), micros(d.EndsAt), string(d.Status),
			bit(d.DisabledByAdmin), bit(d.DisabledByDelegator), d.RevokeReason, micros(d.RevokedAt), micros(d.CreatedAt), micros(d.UpdatedAt)); err != nil {
			return err
		}
		t.record(ev)
		return writeDraft(ctx, t, draft)
	})
}

// UpdateDelegation changes a delegation as rule says, or not at all. The rule
// is pure and may run again; domain.ErrNoChange writes nothing.
func (s *Store) UpdateDelegation(ctx context.Context, id string, rule func(*domain.DelegationDraft) (domain.Event, error)) error {
	return changed(s.change(ctx, "change delegation", func(t *tx) error {
		d, err := loadDelegation(ctx, t, id)
		if err != nil {
			return err
		}
		draft, err := loadDraft(ctx, t, d)
		if err != nil {
			return err
		}
		ev, err := rule(&draft)
		if err != nil {
			return err
		}
		d = draft.Delegation
		if err := t.exec(ctx, `UPDATE delegations SET max_duration_s = $1, ends_at = $2, status = $3, disabled_by_admin = $4,
			disabled_by_delegator = $5, revoke_reason = $6, revoked_at = $7, updated_at = $8 WHERE id = $9`,
			seconds(d.MaxDuration), micros(d.EndsAt), string(d.Status), bit(d.DisabledByAdmin), bit(d.DisabledByDelegator),
			d.RevokeReason, micros(d.RevokedAt), micros(d.UpdatedAt), d.ID); err != nil {
			return err
		}
		t.record(ev)
		return writeDraft(ctx, t, draft)
	}))
}

// UpdateDefault changes the default of an agent: rule gets the draft of the
// delegation with the given ID, or of the current default when id is "".
func (s *Store) UpdateDefault(ctx context.Context, clientID, id string, rule func(*domain.DelegationDraft) (domain.Event, error)) error {
	return changed(s.change(ctx, "change the default delegation", func(t *tx) error {
		agent, err := loadAgent(ctx, t, clientID)
		if err != nil {
			return err
		}
		if id == "" {
			id = agent.DefaultDelegationID
		}
		draft := domain.DelegationDraft{Agent: agent}
		if id != "" {
			d, err := loadDelegation(ctx, t, id)
			if err != nil {
				return err
			}
			if d.ClientID != clientID {
				return notFound("delegation", id) // as if there were none: it is nobody's business here
			}
			if draft, err = loadDraft(ctx, t, d); err != nil {
				return err
			}
		}
		ev, err := rule(&draft)
		if err != nil {
			return err
		}
		t.record(ev)
		return writeDefault(ctx, t, draft)
	}))
}

func loadDelegation(ctx context.Context, t *tx, id string) (domain.Delegation, error) {
	d, err := scanDelegation(func(dest ...any) error {
		return t.row(ctx, `SELECT `+delegationColumns+` FROM delegations d WHERE d.id = $1`, []any{id}, dest...)
	})
	if err != nil {
		return d, missing(err, "delegation", id)
	}
	return d, fillDelegations(ctx, t, []*domain.Delegation{&d})
}

// loadDraft reads what a rule about d may look at.
func loadDraft(ctx context.Context, t *tx, d domain.Delegation) (domain.DelegationDraft, error) {
	draft := domain.DelegationDraft{Delegation: d}
	agent, err := optional(loadAgent(ctx, t, d.ClientID))
	if err != nil {
		return draft, err
	}
	if agent != nil {
		draft.Agent = *agent
	}
	if draft.Role, err = optional(loadRole(ctx, t, d.Role)); err != nil {
		return draft, err
	}
	if draft.Delegator, err = optional(loadUser(ctx, t, d.DelegatorID)); err != nil {
		return draft, err
	}
	if id := draft.Agent.DefaultDelegationID; id != "" {
		if draft.CurrentDefault, err = optional(loadDelegation(ctx, t, id)); err != nil {
			return draft, err
		}
	}
	var n int
	if err := t.row(ctx, `SELECT COUNT(*) FROM delegations WHERE client_id = $1`, []any{d.ClientID}, &n); err != nil {
		return draft, err
	}
	draft.First = n == 0
	draft.KnownResources, err = collect(ctx, t, `SELECT uri FROM resources ORDER BY uri`, nil, scanString)
	return draft, err
}

// optional turns NotFound into nil.
func optional[T any](v T, err error) (*T, error) {
	switch {
	case err == nil:
		return &v, nil
	case domain.KindOf(err) == domain.NotFound:
		return nil, nil
	}
	return nil, err
}

// writeDraft writes a delegation's actions and resources and the agent's default.
func writeDraft(ctx context.Context, t *tx, draft domain.DelegationDraft) error {
	d := draft.Delegation
	for _, table := range []string{"delegation_actions", "delegation_resources"} {
		if err := t.exec(ctx, `DELETE FROM `+table+` WHERE delegation_id = $1`, d.ID); err != nil {
			return err
		}
	}
	if err := t.insertPairs(ctx, `INSERT INTO delegation_actions (delegation_id, action) VALUES`, d.ID, d.Actions); err != nil {
		return err
	}
	if err := t.insertPairs(ctx, `INSERT INTO delegation_resources (delegation_id, uri) VALUES`, d.ID, d.Resources); err != nil {
		return err
	}
	return writeDefault(ctx, t, draft)
}

func writeDefault(ctx context.Context, t *tx, draft domain.DelegationDraft) error {
	id := draft.Delegation.ID
	switch {
	case draft.GiveUpDefault:
		id = ""
	case !draft.MakeDefault:
		return nil
	}
	return t.exec(ctx, `UPDATE agents SET default_delegation_id = $1 WHERE client_id = $2`, id, draft.Agent.ClientID)
}
