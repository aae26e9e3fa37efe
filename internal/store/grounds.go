package store

import (
	"context"
	"slices"
	"strings"

	"authsec/internal/domain"
)

// lending is a delegation in the hands of an actor chain (”: the agent alone):
// what a status index belongs to.
type lending struct{ delegation, chain string }

// affected says from which lendings a change may take something. A delegation
// that is not active gives nothing that could be taken.
type affected struct {
	delegations string // a condition on delegations d: all their chains
	chains      string // a condition on status_chain_agents c: these alone, whosever they are; "" : none
	values      []any  // $1, $2, … of both
}

func ofDelegation(id string) affected    { return affected{`d.id = $1`, "", []any{id}} }
func ofRole(name string) affected        { return affected{`d.role = $1`, "", []any{name}} }
func ofDelegator(userID string) affected { return affected{`d.delegator_id = $1`, "", []any{userID}} }
func ofTemplate(id string) affected      { return affected{`d.template_id = $1`, "", []any{id}} }
func ofProvider(id string) affected {
	return affected{`d.template_id IN (SELECT x.id FROM delegation_templates x WHERE x.provider_id = $1)`, "", []any{id}}
}

func ofAgent(clientID string) affected {
	return affected{`d.client_id = $1`, `c.client_id = $1`, []any{clientID}}
}

func ofPlatforms(platforms []string) affected {
	in := `client_id IN (SELECT a.client_id FROM agents a WHERE a.platform IN (` + placeholders(len(platforms)) + `))`
	of := affected{`d.` + in, `c.` + in, nil}
	for _, p := range platforms {
		of.values = append(of.values, p)
	}
	return of
}

// lendings returns what is affected, in order.
func (of affected) lendings(ctx context.Context, t *tx) ([]lending, error) {
	ids, err := collect(ctx, t, `SELECT d.id FROM delegations d WHERE (`+of.delegations+`) AND d.status = $`+itoa(len(of.values)+1)+` ORDER BY d.id`,
		append(slices.Clone(of.values), string(domain.DelegationActive)), scanString)
	if err != nil {
		return nil, err
	}
	out := make([]lending, 0, len(ids))
	whole := make(map[string]bool, len(ids))
	for _, id := range ids {
		out, whole[id] = append(out, lending{id, ""}), true
	}
	scan := func(row func(dest ...any) error) (l lending, err error) {
		err = row(&l.delegation, &l.chain)
		return l, err
	}
	if err := inChunks(ids, func(part []string) error {
		chains, err := collect(ctx, t, `SELECT delegation_id, chain FROM status_indexes WHERE chain <> '' AND delegation_id IN (`+
			placeholders(len(part))+`) ORDER BY delegation_id, chain`, values(part), scan)
		out = append(out, chains...)
		return err
	}); err != nil || of.chains == "" {
		return out, err
	}
	elsewhere, err := collect(ctx, t, `SELECT x.delegation_id, x.chain FROM status_indexes x
		WHERE x.n IN (SELECT c.n FROM status_chain_agents c WHERE `+of.chains+`) ORDER BY x.delegation_id, x.chain`, of.values, scan)
	for _, l := range elsewhere {
		if !whole[l.delegation] {
			out = append(out, l)
		}
	}
	return out, err
}

// grounds returns what lendings rest on now. Its statements are of bounded size.
func (t *tx) grounds(ctx context.Context, of []lending) (map[lending]domain.Grounds, error) {
	now := make(map[lending]domain.Grounds, len(of))
	err := inChunks(of, func(part []lending) error {
		ids := map[string]bool{}
		for _, l := range part {
			ids[l.delegation] = true
		}
		in, args := keysOf(ids)
		page, err := candidates(ctx, t, "", ` WHERE d.id IN (`+in+`)`, args)
		if err != nil {
			return err
		}
		return t.rest(ctx, page, part, now)
	})
	return now, err
}

// rest adds to a page of delegations their roles, people, agents and sources, for
// each of the lendings that are theirs.
func (t *tx) rest(ctx context.Context, page []domain.Candidate, of []lending, now map[lending]domain.Grounds) error {
	if err := withGrounds(ctx, t, page); err != nil || len(page) == 0 {
		return err
	}
	lent, agents := map[string]domain.Candidate{}, map[string]*domain.Agent{}
	for _, c := range page {
		lent[c.Delegation.ID], agents[c.Delegation.ClientID] = c, nil
	}
	for _, l := range of {
		for id := range strings.FieldsSeq(l.chain) {
			agents[id] = nil
		}
	}
	if err := fillAgents(ctx, t, agents); err != nil {
		return err
	}
	enabled, err := enabledSources(ctx, t)
	if err != nil {
		return err
	}
	provers := map[string][]domain.WorkloadSource{}
	sources := func(a *domain.Agent) []domain.WorkloadSource {
		if a == nil {
			return nil
		}
		if _, ok := provers[a.Platform]; !ok {
			provers[a.Platform] = domain.Provers(enabled, a.Platform, t.store.trustDomain)
		}
		return domain.Possible(provers[a.Platform], *a, t.store.trustDomain)
	}
	for _, l := range of {
		c, ok := lent[l.delegation]
		if !ok {
			continue
		}
		g := domain.Grounds{Agent: agents[c.Delegation.ClientID], Candidate: c}
		g.Sources = sources(g.Agent)
		for id := range strings.FieldsSeq(l.chain) {
			g.Chain = append(g.Chain, domain.ChainLink{ClientID: id, Agent: agents[id], Sources: sources(agents[id])})
		}
		now[l] = g
	}
	return nil
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
