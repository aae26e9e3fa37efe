package domain

import (
	"fmt"
	"time"
)

// DelegationTemplate is a rule under which a person who is present lends a
// role's actions to an agent by token exchange (DESIGN §1, RFC 8693). Who meets
// the conditions need not hold the role: the rule gives it, while they are present.
type DelegationTemplate struct {
	ID          string
	Name        string
	Enabled     bool
	ClientID    string // the agent's
	ProviderID  string // the identity provider's
	Conditions  []ClaimCondition
	Role        string
	Actions     []string      // sorted; some of the role's
	MaxDuration time.Duration // of one token, whole seconds
	Resources   []string      // audience URIs, sorted; empty: the server's default audience
	SubAgents   []string      // client IDs, sorted: those to whom the agent may hand tokens on
	// SenderConstrained is what delegations made by it demand.
	SenderConstrained SenderConstraint
	CreatedAt         time.Time
	UpdatedAt         time.Time
}

// ClaimCondition is met by a subject token whose claim has one of the values,
// or holds one in a list.
type ClaimCondition struct {
	Claim  string   `json:"claim"`  // a name, or a path into nested objects as a JSON Pointer (RFC 6901)
	Values []string `json:"values"` // "*" alone: any value
}

// Limits of delegation templates.
const (
	MaxTemplatesPerAgent = 100
	MaxConditions        = 16
	MaxConditionValues   = 100
	MaxSubAgents         = 50
)

// DelegationTemplateSpec is what an admin says to add a template, and what one
// becomes when it is changed.
type DelegationTemplateSpec struct {
	Name              string
	Enabled           bool
	ClientID          string
	ProviderID        string
	Conditions        []ClaimCondition
	Role              string
	Actions           []string
	MaxDuration       time.Duration
	Resources         []string
	SubAgents         []string
	SenderConstrained SenderConstraint // "" : none
}

// Check validates and normalises the spec in place.
func (s *DelegationTemplateSpec) Check() error {
	var f Faults
	s.Name = CheckName(&f, "/name", s.Name)
	s.ClientID = checkID(&f, "/client_id", s.ClientID)
	s.ProviderID = checkID(&f, "/identity_provider_id", s.ProviderID)
	CheckRoleName(&f, "/role", s.Role)
	s.Actions = checkDelegatedActions(&f, s.Actions)
	checkDuration(&f, s.MaxDuration)
	s.Resources = checkResources(&f, s.Resources)
	s.SubAgents = checkSubAgents(&f, s.SubAgents, s.ClientID)
	s.SenderConstrained = checkConstraint(&f, s.SenderConstrained)
	checkConditions(&f, s.Conditions)
	return f.Err()
}

func checkConditions(f *Faults, conditions []ClaimCondition) {
	switch n := len(conditions); {
	case n == 0:
		f.Add("/conditions", "required", `conditions must say who may lend, such as groups with the value support. Anybody: sub with the value "*".`)
	case n > MaxConditions:
		f.Add("/conditions", "too_many", "conditions may list at most %d.", MaxConditions)
		return
	}
	for i, c := range conditions {
		at := fmt.Sprintf("/conditions/%d", i)
		checkClaim(f, at+"/claim", c.Claim)
		switch n := len(c.Values); {
		case n == 0:
			f.Add(at+"/values", "required", "%s must list at least one value.", label(at+"/values"))
		case n > MaxConditionValues:
			f.Add(at+"/values", "too_many", "%s may list at most %d.", label(at+"/values"), MaxConditionValues)
			continue
		}
		for j, v := range c.Values {
			field := fmt.Sprintf("%s/values/%d", at, j)
			if v == "" {
				f.Add(field, "required", "%s must not be empty.", label(field))
			}
			CheckText(f, field, v, MaxURI, false)
			if v == AnyValue && len(c.Values) > 1 {
				f.Add(field, "not_allowed", `%s: "*" stands alone.`, label(field))
			}
		}
	}
}

// AnyValue in a condition is met by any value that is there.
const AnyValue = "*"

func checkID(f *Faults, field, id string) string {
	if parsed, ok := ParseID(id); ok {
		return parsed
	}
	f.Add(field, "invalid_id", "%s must be an ID (a UUID).", label(field))
	return id
}

func checkConstraint(f *Faults, c SenderConstraint) SenderConstraint {
	if c == "" {
		return SenderUnconstrained
	}
	if !c.Valid() {
		f.Add("/sender_constrained", "unknown", "sender_constrained must be none, any, dpop or mtls.")
	}
	return c
}

// checkSubAgents returns the client IDs in canonical form, sorted. An agent is
// no sub-agent of its own: that would be a chain that goes nowhere.
func checkSubAgents(f *Faults, ids []string, own string) []string {
	if len(ids) > MaxSubAgents {
		f.Add("/sub_agents", "too_many", "sub_agents may list at most %d.", MaxSubAgents)
		return ids
	}
	canonical := make([]string, len(ids))
	for i, id := range ids {
		field := fmt.Sprintf("/sub_agents/%d", i)
		canonical[i] = checkID(f, field, id)
		if canonical[i] == own && own != "" {
			f.Add(field, "not_allowed", "%s must not be the agent itself.", label(field))
		}
	}
	return checkSet(f, "/sub_agents", canonical, func(*Faults, string, string) {})
}
