package store

import (
	"context"

	"authsec/internal/domain"
)

// affected says which active delegations d a change may take something from;
// $1 is the value. One that is not active gives nothing that could be taken.
type affected struct {
	condition string
	value     string
}

func ofDelegation(id string) affected    { return affected{`d.id = $1`, id} }
func ofAgent(clientID string) affected   { return affected{`d.client_id = $1`, clientID} }
func ofRole(name string) affected        { return affected{`d.role = $1`, name} }
func ofDelegator(userID string) affected { return affected{`d.delegator_id = $1`, userID} }
func ofPlatform(platform string) affected {
	return affected{`d.client_id IN (SELECT a.client_id FROM agents a WHERE a.platform = $1)`, platform}
}

// ids returns the affected delegations, in order.
func (of affected) ids(ctx context.Context, t *tx) ([]string, error) {
	return collect(ctx, t, `SELECT d.id FROM delegations d WHERE `+of.condition+` AND d.status = $2 ORDER BY d.id`,
		[]any{of.value, string(domain.DelegationActive)}, scanString)
}

// grounds returns what delegations rest on now, by their IDs. Its statements are
// of bounded size.
func (t *tx) grounds(ctx context.Context, delegationIDs []string) (map[string]domain.Grounds, error) {
	now := make(map[string]domain.Grounds, len(delegationIDs))
	err := inChunks(delegationIDs, func(part []string) error {
		args := make([]any, len(part))
		for i, id := range part {
			args[i] = id
		}
		page, err := candidates(ctx, t, ` WHERE d.id IN (`+placeholders(len(args))+`)`, args)
		if err != nil {
			return err
		}
		found, err := t.rest(ctx, page)
		for _, g := range found {
			now[g.Delegation.ID] = g
		}
		return err
	})
	return now, err
}

// rest adds to a page of delegations their roles, people, agents and sources.
func (t *tx) rest(ctx context.Context, page []domain.Candidate) ([]domain.Grounds, error) {
	if err := withGrounds(ctx, t, page); err != nil || len(page) == 0 {
		return nil, err
	}
	agents := map[string]*domain.Agent{}
	for _, c := range page {
		agents[c.Delegation.ClientID] = nil
	}
	if err := fillAgents(ctx, t, agents); err != nil {
		return nil, err
	}
	enabled, err := enabledSources(ctx, t)
	if err != nil {
		return nil, err
	}
	provers := map[string][]domain.WorkloadSource{}
	out := make([]domain.Grounds, 0, len(page))
	for _, c := range page {
		g := domain.Grounds{Agent: agents[c.Delegation.ClientID], Candidate: c}
		if g.Agent != nil {
			sources, ok := provers[g.Agent.Platform]
			if !ok {
				sources = domain.Provers(enabled, g.Agent.Platform, t.store.trustDomain)
				provers[g.Agent.Platform] = sources
			}
			g.Sources = domain.Possible(sources, *g.Agent, t.store.trustDomain)
		}
		out = append(out, g)
	}
	return out, nil
}

// fillAgents reads the agents that are the keys, with selectors and secrets;
// what there is not stays nil.
func fillAgents(ctx context.Context, t *tx, agents map[string]*domain.Agent) error {
	in, ids := keysOf(agents)
	found, err := collect(ctx, t, `SELECT `+agentColumns+` FROM agents WHERE client_id IN (`+in+`)`, ids, scanAgent)
	if err != nil {
		return err
	}
	if err := t.fillSelectors(ctx, found); err != nil {
		return err
	}
	for i := range found {
		agents[found[i].ClientID] = &found[i]
	}
	return t.rows(ctx, `SELECT client_id, hash, created_at, expires_at FROM agent_secrets WHERE client_id IN (`+in+`)`, ids,
		func(row func(dest ...any) error) error {
			var id string
			secret, err := scanClientSecret(func(dest ...any) error { return row(append([]any{&id}, dest...)...) })
			if err == nil {
				agents[id].Secrets = append(agents[id].Secrets, secret)
			}
			return err
		})
}
