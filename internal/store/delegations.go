package store

import (
	"context"

	"authsec/internal/domain"
)

const delegationColumns = `d.id, d.client_id, d.role, d.delegator_id, d.max_duration_s, d.ends_at, d.status,
	d.disabled_by_admin, d.disabled_by_delegator, d.revoke_reason, d.revoked_at, d.created_at, d.updated_at,
	d.sub_agents, d.sender_constrained, d.template_id, COALESCE((SELECT u.last_at FROM last_use u WHERE u.delegation_id = d.id), 0)`

// scanDelegation scans delegationColumns, then extra.
func scanDelegation(row func(dest ...any) error, extra ...any) (domain.Delegation, error) {
	var d domain.Delegation
	var status, subAgents string
	var seconds, endsAt, byAdmin, byDelegator, revokedAt, createdAt, updatedAt, lastUsedAt int64
	dest := append([]any{&d.ID, &d.ClientID, &d.Role, &d.DelegatorID, &seconds, &endsAt, &status,
		&byAdmin, &byDelegator, &d.RevokeReason, &revokedAt, &createdAt, &updatedAt,
		&subAgents, &d.SenderConstrained, &d.TemplateID, &lastUsedAt}, extra...)
	if err := row(dest...); err != nil {
		return d, err
	}
	d.MaxDuration, d.EndsAt = fromSeconds(seconds), fromMicros(endsAt)
	d.Status, d.DisabledByAdmin, d.DisabledByDelegator = domain.DelegationStatus(status), byAdmin != 0, byDelegator != 0
	d.RevokedAt, d.CreatedAt, d.UpdatedAt = fromMicros(revokedAt), fromMicros(createdAt), fromMicros(updatedAt)
	d.LastUsedAt = fromMicros(lastUsedAt)
	err := readJSON(subAgents, &d.SubAgents, "sub-agents of the delegation "+d.ID)
	return d, err
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
	in := placeholders(len(ids))
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
