package store

import (
	"context"
	"slices"

	"authsec/internal/domain"
)

// maxCandidates bounds the delegations that one decision looks at. What can
// give authority comes first, the default before all, and two live ones already
// make an unnamed request ambiguous: those cut off decide nothing.
const maxCandidates = 200

// Authority returns one snapshot of what decisions about an agent rest on: the
// agent, its delegations (all that are not revoked, its default, and the newest
// revoked one, which tells "ended" from "never was"), each one's role and
// person and template, and the revision of the workload sources. With role it reads only
// delegations of that role, with delegationID that delegation alone. The default
// comes first, then the active ones, of these the ones that end last, then the newest.
func (s *Store) Authority(ctx context.Context, clientID, delegationID, role string) (domain.Authority, error) {
	if id, ok := domain.ParseID(delegationID); ok {
		delegationID = id
	}
	var a domain.Authority
	err := s.view(ctx, "read authority", func(t *tx) error {
		agent, err := optional(loadAgent(ctx, t, clientID))
		if err != nil || agent == nil {
			return err
		}
		a.Agent = agent
		if err := withRevisions(ctx, t, &a); err != nil {
			return err
		}
		if delegationID != "" {
			a.Delegations, err = candidates(ctx, t, "", ` WHERE d.client_id = $1 AND d.id = $2`, []any{clientID, delegationID})
		} else {
			// An end date that has passed lies before every one that has not, so this
			// order puts the live ones first without knowing the time. Templates' come
			// after all: they are never what an unnamed request gets.
			a.Delegations, err = candidates(ctx, t, "", ` WHERE d.client_id = $1 AND ($4 = '' OR d.role = $4) AND (d.status <> $2 OR d.id = $3 OR d.id =
				(SELECT MAX(x.id) FROM delegations x WHERE x.client_id = $1 AND x.status = $2 AND x.template_id = '' AND ($4 = '' OR x.role = $4)))
				ORDER BY CASE WHEN d.id = $3 THEN 0 WHEN d.template_id <> '' THEN 4 WHEN d.status = 'active' THEN 1 WHEN d.status = 'disabled' THEN 2 ELSE 3 END,
				CASE d.ends_at WHEN 0 THEN 0 ELSE 1 END, d.ends_at DESC, d.id DESC LIMIT $5`,
				[]any{clientID, string(domain.DelegationRevoked), agent.DefaultDelegationID, role, maxCandidates})
		}
		if err != nil {
			return err
		}
		return withGrounds(ctx, t, a.Delegations)
	})
	return a, err
}

// withRevisions adds which workload sources, and which changes, the view has.
func withRevisions(ctx context.Context, t *tx, a *domain.Authority) error {
	return t.row(ctx, `SELECT s.n, c.n FROM workload_source_revision s, changes c WHERE s.id = 1 AND c.id = 1`, nil, &a.SourcesRevision, &a.Change)
}

// candidates reads delegations d with the status indexes of an actor chain, and
// nothing else of their grounds. tail uses $1 to $len(args).
func candidates(ctx context.Context, t *tx, chain, tail string, args []any) ([]domain.Candidate, error) {
	args = append(slices.Clone(args), chain)
	out, err := collect(ctx, t, `SELECT `+delegationColumns+`,
		COALESCE((SELECT x.n FROM status_indexes x WHERE x.delegation_id = d.id AND x.chain = $`+itoa(len(args))+`), -1) FROM delegations d`+tail, args,
		func(row func(dest ...any) error) (c domain.Candidate, err error) {
			var n int64
			c.Delegation, err = scanDelegation(row, &n)
			c.Status = refOf(n)
			return c, err
		})
	if err != nil {
		return nil, err
	}
	refs := make([]*domain.Delegation, len(out))
	for i := range out {
		refs[i] = &out[i].Delegation
	}
	return out, fillDelegations(ctx, t, refs)
}

// withGrounds adds to each candidate its role, its person and what its template
// says: a few queries in all, however many there are.
func withGrounds(ctx context.Context, t *tx, cs []domain.Candidate) error {
	if len(cs) == 0 {
		return nil
	}
	roles, users := map[string]*domain.Role{}, map[string]*domain.User{}
	for _, c := range cs {
		roles[c.Delegation.Role], users[c.Delegation.DelegatorID] = nil, nil
	}
	if err := fillRoles(ctx, t, roles); err != nil {
		return err
	}
	if err := fillUsers(ctx, t, users); err != nil {
		return err
	}
	for i := range cs {
		cs[i].Role, cs[i].Delegator = roles[cs[i].Delegation.Role], users[cs[i].Delegation.DelegatorID]
	}
	return withTemplates(ctx, t, cs)
}

// fillRoles reads the roles that are the keys; what there is not stays nil.
func fillRoles(ctx context.Context, t *tx, roles map[string]*domain.Role) error {
	in, names := keysOf(roles)
	found, err := collect(ctx, t, `SELECT `+roleColumns+` FROM roles WHERE name IN (`+in+`)`, names, scanRole)
	if err != nil {
		return err
	}
	for i := range found {
		roles[found[i].Name] = &found[i]
	}
	return eachPair(ctx, t, `SELECT role, action FROM role_actions WHERE role IN (`+in+`) ORDER BY action`, names,
		func(role, action string) { roles[role].Actions = append(roles[role].Actions, action) })
}

// fillUsers reads the users that are the keys; what there is not stays nil.
func fillUsers(ctx context.Context, t *tx, users map[string]*domain.User) error {
	in, ids := keysOf(users)
	found, err := collect(ctx, t, `SELECT `+userColumns+` FROM users WHERE id IN (`+in+`)`, ids, scanUser)
	if err != nil {
		return err
	}
	for i := range found {
		users[found[i].ID] = &found[i]
	}
	return eachPair(ctx, t, `SELECT user_id, role FROM user_roles WHERE user_id IN (`+in+`) ORDER BY role`, ids,
		func(id, role string) { users[id].Roles = append(users[id].Roles, role) })
}

// keysOf returns the keys of a map as values for IN, and their placeholders.
func keysOf[V any](m map[string]V) (in string, keys []any) {
	keys = make([]any, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	return placeholders(len(keys)), keys
}
