package store

import (
	"context"

	"authsec/internal/domain"
)

// maxCandidates bounds the delegations that one decision looks at. Active ones
// come first, and two already make an unnamed request ambiguous.
const maxCandidates = 200

// Authority returns one snapshot of what decisions about an agent rest on: the
// agent, its delegations (all that are not revoked, its default, and the newest
// revoked one of the role asked for, which tells "ended" from "never was"), and
// each one's role and person. With delegationID it reads that delegation alone.
func (s *Store) Authority(ctx context.Context, clientID, delegationID, role string) (domain.Authority, error) {
	var a domain.Authority
	err := s.view(ctx, "read authority", func(t *tx) error {
		agent, err := optional(loadAgent(ctx, t, clientID))
		if err != nil || agent == nil {
			return err
		}
		a.Agent = agent
		var ds []domain.Delegation
		if delegationID != "" {
			ds, err = candidates(ctx, t, ` WHERE d.client_id = $1 AND d.id = $2`, []any{clientID, delegationID})
		} else {
			ds, err = candidates(ctx, t, ` WHERE d.client_id = $1 AND (d.status <> $2 OR d.id = $3 OR d.id =
				(SELECT MAX(x.id) FROM delegations x WHERE x.client_id = $1 AND x.status = $2 AND ($4 = '' OR x.role = $4)))
				ORDER BY CASE d.status WHEN 'active' THEN 0 WHEN 'disabled' THEN 1 ELSE 2 END, d.id DESC LIMIT $5`,
				[]any{clientID, string(domain.DelegationRevoked), agent.DefaultDelegationID, role, maxCandidates})
		}
		if err != nil {
			return err
		}
		a.Delegations, err = withGrounds(ctx, t, ds)
		return err
	})
	return a, err
}

func candidates(ctx context.Context, t *tx, tail string, args []any) ([]domain.Delegation, error) {
	ds, err := collect(ctx, t, `SELECT `+delegationColumns+` FROM delegations d`+tail, args,
		func(row func(dest ...any) error) (domain.Delegation, error) { return scanDelegation(row) })
	if err != nil {
		return nil, err
	}
	refs := make([]*domain.Delegation, len(ds))
	for i := range ds {
		refs[i] = &ds[i]
	}
	return ds, fillDelegations(ctx, t, refs)
}

// withGrounds adds to each delegation its role and its person, each read once.
func withGrounds(ctx context.Context, t *tx, ds []domain.Delegation) ([]domain.Candidate, error) {
	roles, users := map[string]*domain.Role{}, map[string]*domain.User{}
	out := make([]domain.Candidate, 0, len(ds))
	var err error
	for _, d := range ds {
		role, ok := roles[d.Role]
		if !ok {
			if role, err = optional(loadRole(ctx, t, d.Role)); err != nil {
				return nil, err
			}
			roles[d.Role] = role
		}
		user, ok := users[d.DelegatorID]
		if !ok {
			if user, err = optional(loadUser(ctx, t, d.DelegatorID)); err != nil {
				return nil, err
			}
			users[d.DelegatorID] = user
		}
		out = append(out, domain.Candidate{Delegation: d, Role: role, Delegator: user})
	}
	return out, nil
}
