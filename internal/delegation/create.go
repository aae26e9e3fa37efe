package delegation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"authsec/internal/domain"
)

// Create delegates as the spec says. The delegator is always the caller.
func (s Service) Create(ctx context.Context, caller domain.Caller, spec domain.DelegationSpec) (domain.DelegationView, error) {
	now := s.now()
	var none domain.DelegationView
	if caller.UserID == "" || caller.Level == domain.LevelAuditor {
		return none, domain.Errorf(domain.Forbidden, "not_a_delegator", "Only a person who is an admin or a member can delegate, and always their own authority.")
	}
	sent := sentLists{spec.Actions, spec.Resources, spec.SubAgents}
	if err := spec.Check(now); err != nil {
		return none, err
	}
	id, err := domain.NewID(s.Random)
	if err != nil {
		return none, err
	}
	d := domain.Delegation{ID: id, ClientID: spec.ClientID, Role: spec.Role, DelegatorID: caller.UserID, Actions: spec.Actions,
		MaxDuration: spec.MaxDuration, Resources: spec.Resources, EndsAt: spec.EndsAt, Status: domain.DelegationActive,
		SubAgents: spec.SubAgents, SenderConstrained: spec.SenderConstrained, CreatedAt: now, UpdatedAt: now}
	err = s.Store.CreateDelegation(ctx, d, func(draft *domain.DelegationDraft) (domain.Event, error) {
		if draft.Agent.Status != domain.StatusActive {
			return domain.Event{}, agentNotActive(draft.Agent)
		}
		if err := s.checkDraft(draft, domain.Delegation{}, sent); err != nil {
			return domain.Event{}, err
		}
		switch {
		case spec.Default == nil:
			draft.MakeDefault = draft.First || s.succeeds(draft)
		case *spec.Default && !caller.Admin() && !draft.First && !s.succeeds(draft):
			return domain.Event{}, defaultIsForAdmins()
		default:
			draft.MakeDefault = *spec.Default
		}
		return s.event(caller, "delegation.create", draft, nil)
	})
	if err != nil {
		return none, err
	}
	return s.Store.Delegation(ctx, id)
}

// succeeds reports whether the draft takes the place of an ended default of the
// same person: "until the same person delegates again" (DESIGN §2).
func (s Service) succeeds(draft *domain.DelegationDraft) bool {
	current := draft.CurrentDefault
	return current != nil && !current.ActiveAt(s.Now()) && current.DelegatorID == draft.Delegation.DelegatorID
}

func defaultIsForAdmins() error {
	return &domain.Error{Kind: domain.Forbidden, Code: "default_is_for_admins",
		Public: "Only an admin chooses which delegation an agent uses by default. Leave default out, or ask an admin.",
		Fields: []domain.FieldError{{Field: "/default", Code: "forbidden", Message: "Only an admin can make this the default."}}}
}

// agentNotActive refuses to delegate to an agent that could not use it.
func agentNotActive(a domain.Agent) error {
	var f domain.Faults
	if a.ClientID == "" || a.Status == domain.StatusDeleted {
		f.Add("/client_id", "unknown", "There is no agent with this client ID.")
	} else {
		f.Add("/client_id", "agent_suspended", "The agent %s is suspended. Have an administrator activate it first.", a.Name)
	}
	return f.Err()
}

// sentLists are the lists of a request in the caller's own order, which faults count.
type sentLists struct{ actions, resources, subAgents []string }

// checkDraft holds what a delegation gives, beyond what it gave before, to what
// its role, person, resources and sub-agents allow now.
func (s Service) checkDraft(draft *domain.DelegationDraft, before domain.Delegation, sent sentLists) error {
	d := draft.Delegation
	var f domain.Faults
	if draft.Role == nil {
		f.Add("/role", "unknown", "There is no role %s.", d.Role)
		return f.Err()
	}
	if draft.Delegator == nil || !draft.Delegator.Active() {
		return domain.Errorf(domain.Forbidden, "delegator_inactive", "The person who delegates is not active.")
	}
	if !draft.Delegator.MayDelegate(d.Role) {
		return &domain.Error{Kind: domain.Forbidden, Code: "role_not_held",
			Public: fmt.Sprintf("You do not hold the role %s, so you cannot delegate it. Choose a role you hold, or ask an administrator for it.", d.Role),
			Fields: []domain.FieldError{{Field: "/role", Code: "role_not_held", Message: "You do not hold this role."}}}
	}
	for _, action := range d.Actions {
		if !slices.Contains(draft.Role.Actions, action) && !slices.Contains(before.Actions, action) {
			f.Add(fmt.Sprintf("/actions/%d", slices.Index(sent.actions, action)), "not_in_role", "The role %s does not have the action %s.", d.Role, action)
		}
	}
	for _, uri := range d.Resources {
		if uri != s.Policy.DefaultAudience && !slices.Contains(draft.KnownResources, uri) && !slices.Contains(before.Resources, uri) {
			f.Add(fmt.Sprintf("/resources/%d", slices.Index(sent.resources, uri)), "unknown", "%s is not a registered resource. Register it under Clients, or choose one that is.", uri)
		}
	}
	for _, id := range d.SubAgents {
		if !slices.Contains(draft.KnownSubAgents, id) && !slices.Contains(before.SubAgents, id) {
			f.Add(fmt.Sprintf("/sub_agents/%d", sent.subAgent(id)), "unknown", "There is no agent with this client ID.")
		}
	}
	return f.Err()
}

// subAgent is where a canonical client ID stands in the request.
func (s sentLists) subAgent(id string) int {
	return slices.IndexFunc(s.subAgents, func(sent string) bool {
		canonical, ok := domain.ParseID(sent)
		return ok && canonical == id
	})
}

// narrowOnly is the refusal to widen what another person lent.
func narrowOnly(fields []string) error {
	return domain.Errorf(domain.Forbidden, "only_the_delegator_widens",
		"Only the person who delegated can give more (%s). You can narrow, disable or revoke it.", strings.Join(fields, ", "))
}
