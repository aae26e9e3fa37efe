package delegation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"authsec/internal/domain"
	"authsec/internal/policy"
)

// Verdict is what one decision would be now: a grant, or every reason against it.
type Verdict struct {
	Grant  *policy.Grant
	Denial *policy.Denial
}

// Explanation is the answer to "what can this agent do right now?".
type Explanation struct {
	Agent       domain.Agent
	Delegations []DelegationVerdict
	Unnamed     *Verdict // a request that names no delegation; nil when the caller may not know
}

// DelegationVerdict is what a request that names one delegation would get.
type DelegationVerdict struct {
	Delegation domain.DelegationView
	Verdict
	Missing []MissingAction
}

// MissingAction is an action that an agent cannot get, and why.
type MissingAction struct {
	Action  string
	Reason  string // not_in_role, not_delegated, not_in_template
	Message string
}

// Explain returns what requests would get now, by the function that enforces
// it; it mints nothing. A member sees what rests on their own delegations.
func (s Service) Explain(ctx context.Context, caller domain.Caller, r policy.Request, proof policy.Proof) (Explanation, error) {
	var out Explanation
	if err := r.Check(); err != nil {
		return out, err
	}
	a, err := s.Store.Authority(ctx, r.ClientID, r.DelegationID, r.Role)
	if err != nil {
		return out, err
	}
	if a.Agent == nil || a.Agent.Status == domain.StatusDeleted {
		return out, domain.Errorf(domain.NotFound, "not_found", "There is no agent %q.", r.ClientID)
	}
	out.Agent = *a.Agent
	now := s.Now()
	shown := a
	if !caller.ReadsAll() {
		if shown, err = s.owned(ctx, caller, r, a); err != nil {
			return out, err
		}
	}
	for _, c := range shown.Delegations {
		if r.Role != "" && c.Delegation.Role != r.Role {
			continue
		}
		named := r
		named.DelegationID = c.Delegation.ID
		if c.Delegation.TemplateID != "" {
			named.Present = &policy.Presence{Assumed: true}
		}
		out.Delegations = append(out.Delegations, DelegationVerdict{
			Delegation: view(*a.Agent, c), Verdict: s.decide(now, shown, proof, named), Missing: missing(c, r.Actions),
		})
	}
	if r.DelegationID != "" && len(out.Delegations) == 0 {
		return Explanation{}, hidden(r.DelegationID)
	}
	if r.DelegationID == "" {
		v := s.decide(now, a, proof, r)
		if caller.ReadsAll() || decidedByOwn(v, a, caller) {
			out.Unnamed = &v
		}
	}
	return out, nil
}

// owned narrows an authority to the caller's own delegations, and adds those
// that its bound left out: many people may lend to one agent, and each sees theirs.
func (s Service) owned(ctx context.Context, caller domain.Caller, r policy.Request, a domain.Authority) (domain.Authority, error) {
	out := domain.Authority{Agent: a.Agent}
	if caller.UserID == "" {
		return out, nil
	}
	add := func(all []domain.Candidate) {
		for _, c := range all {
			if c.Delegation.DelegatorID == caller.UserID {
				out.Delegations = append(out.Delegations, c)
			}
		}
	}
	add(a.Delegations)
	if r.DelegationID != "" {
		return out, nil
	}
	list, err := s.Store.Delegations(ctx, domain.DelegationFilter{ClientID: r.ClientID, Role: r.Role, DelegatorID: caller.UserID},
		domain.Page{Limit: domain.MaxPage})
	if err != nil {
		return out, err
	}
	for _, v := range list.Items {
		seen := slices.ContainsFunc(out.Delegations, func(c domain.Candidate) bool { return c.Delegation.ID == v.ID })
		if seen || v.Status == domain.DelegationRevoked {
			continue
		}
		more, err := s.Store.Authority(ctx, r.ClientID, v.ID, "")
		if err != nil {
			return out, err
		}
		add(more.Delegations)
	}
	return out, nil
}

// decidedByOwn reports whether an unnamed request is decided by the caller's own delegation.
func decidedByOwn(v Verdict, a domain.Authority, caller domain.Caller) bool {
	id := ""
	switch {
	case v.Grant != nil:
		id = v.Grant.DelegationID
	case v.Denial != nil:
		id = v.Denial.DelegationID
	}
	return slices.ContainsFunc(a.Delegations, func(c domain.Candidate) bool {
		return c.Delegation.ID == id && c.Delegation.DelegatorID == caller.UserID
	})
}

// decide is what a request would get now, with a key if the delegation demands
// a token that is bound to one.
func (s Service) decide(now time.Time, a domain.Authority, proof policy.Proof, r policy.Request) Verdict {
	var v Verdict
	for _, key := range []domain.Confirmation{{}, {KeyThumbprint: AssumedKey}, {CertThumbprint: AssumedKey}} {
		r.Confirmation = key
		g, d := policy.Decide(now, s.Policy, a, proof, r)
		if d == nil {
			return Verdict{Grant: &g}
		}
		wantsKey := slices.ContainsFunc(d.Reasons, func(reason domain.Reason) bool { return reason.Code == policy.CodeConstraint })
		if v.Denial == nil || !wantsKey {
			v.Denial = d
		}
		if !wantsKey {
			break
		}
	}
	return v
}

// AssumedKey stands for the thumbprint of the key to which a token would be bound.
const AssumedKey = "assumed"

func view(agent domain.Agent, c domain.Candidate) domain.DelegationView {
	v := domain.DelegationView{Delegation: c.Delegation,
		Agent:     domain.AgentRef{ClientID: agent.ClientID, Name: agent.Name, Type: agent.Type},
		Delegator: domain.UserRef{ID: c.Delegation.DelegatorID},
		Default:   agent.DefaultDelegationID == c.Delegation.ID}
	if c.Delegator != nil {
		v.Delegator.Email, v.Delegator.Name = c.Delegator.Email, c.Delegator.Name
	}
	return v
}

// missing lists the delegated actions that the role lost, the role's actions
// that were not delegated, and actions asked for that are in neither.
func missing(c domain.Candidate, asked []string) []MissingAction {
	var out []MissingAction
	effective := policy.Effective(c.Delegation.Actions, c.Role)
	for _, a := range c.Delegation.Actions {
		switch {
		case !slices.Contains(effective, a):
			out = append(out, MissingAction{a, "not_in_role", fmt.Sprintf("The role %s does not have it now.", c.Delegation.Role)})
		case c.Template != nil && !slices.Contains(c.Template.Actions, a):
			out = append(out, MissingAction{a, "not_in_template", "The delegation template does not give it now."})
		}
	}
	var inRole []string
	if c.Role != nil {
		inRole = c.Role.Actions
	}
	for _, a := range inRole {
		if !slices.Contains(c.Delegation.Actions, a) {
			out = append(out, MissingAction{a, "not_delegated", "The person did not delegate it."})
		}
	}
	for _, a := range asked {
		if !slices.Contains(c.Delegation.Actions, a) && !slices.Contains(inRole, a) {
			out = append(out, MissingAction{a, "not_in_role", fmt.Sprintf("The role %s does not have it.", c.Delegation.Role)})
		}
	}
	return out
}

// maxImpact bounds the delegations that an impact names.
const maxImpact = 200

// Impact is what a change to a role's actions would do.
type Impact struct {
	Role             string
	Added, Removed   []string
	Delegations      []DelegationImpact // those that feel it, at most 200
	TotalDelegations int                // of the role, not revoked
	TotalAgents      int
}

// DelegationImpact is what one delegation would gain and lose.
type DelegationImpact struct {
	Delegation              domain.DelegationView
	Lost, Gained, Remaining []string
}

// RoleImpact tells which delegations feel the role's actions becoming actions.
func (s Service) RoleImpact(ctx context.Context, name string, actions []string) (Impact, error) {
	var f domain.Faults
	actions = domain.CheckActionNames(&f, "actions", actions)
	if err := f.Err(); err != nil {
		return Impact{}, err
	}
	if !domain.ValidRoleName(name) {
		return Impact{}, domain.Errorf(domain.NotFound, "not_found", "There is no such role.")
	}
	role, err := s.Roles.Role(ctx, name)
	if err != nil {
		return Impact{}, err
	}
	items, total, agents, err := s.Store.DelegationsOfRole(ctx, name, maxImpact)
	if err != nil {
		return Impact{}, err
	}
	after := domain.Role{Name: name, Actions: actions}
	out := Impact{Role: name, Added: minus(actions, role.Actions), Removed: minus(role.Actions, actions), TotalDelegations: total, TotalAgents: agents}
	now := s.Now()
	for _, v := range items {
		had, has := policy.Effective(v.Actions, &role), policy.Effective(v.Actions, &after)
		i := DelegationImpact{Delegation: v, Lost: minus(had, has), Gained: minus(has, had), Remaining: has}
		if len(i.Lost)+len(i.Gained) > 0 {
			i.Delegation.Status = v.StatusAt(now)
			out.Delegations = append(out.Delegations, i)
		}
	}
	return out, nil
}

// minus returns the members of a that are not in b; never nil.
func minus(a, b []string) []string {
	out := []string{}
	for _, x := range a {
		if !slices.Contains(b, x) {
			out = append(out, x)
		}
	}
	return out
}
