package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"authsec/internal/domain"
)

// checkChain checks those to whom the agent handed its token on: each is listed
// by the delegation and active, none comes twice, and there are not too many.
func (d *Denial) checkChain(s Settings, a Authority, c *Candidate, r Request) {
	if len(a.Chain) == 0 {
		return
	}
	if r.Parent == nil {
		d.add(CodeChain, nil, "Another agent's authority comes by exchange of its token alone.")
	}
	if most := s.maxChain(); len(a.Chain)+1 > most {
		d.add(CodeChain, nil, "The token went through %d agents already, which is the most.", most)
	}
	if a.Agent.Status != domain.StatusActive {
		d.add(CodeChain, nil, "An agent that handed the token on is not active any more.")
	}
	seen := map[string]bool{a.Agent.ClientID: true}
	for i, link := range a.Chain {
		switch {
		case seen[link.ClientID]:
			d.add(CodeChain, nil, "The token has been at this agent already.")
		case !slices.Contains(c.Delegation.SubAgents, link.ClientID),
			c.Template != nil && !slices.Contains(c.Template.SubAgents, link.ClientID):
			d.add(CodeChain, nil, "The delegation does not let its agent hand tokens on to this one. Its person can add it to the sub-agents.")
		case i < len(a.Chain)-1 && link.Status != domain.StatusActive: // the last is the one who asks
			d.add(CodeChain, nil, "An agent that handed the token on is not active any more.")
		}
		seen[link.ClientID] = true
	}
}

func (s Settings) maxChain() int {
	if s.MaxChain == 0 {
		return DefaultMaxChain
	}
	return s.MaxChain
}

// earlier names the actors before the one who asks, the last first.
func earlier(s Settings, a Authority) []Actor {
	var out []Actor
	for i := len(a.Chain) - 2; i >= 0; i-- {
		out = append(out, actorOf(s, a.Chain[i]))
	}
	if len(a.Chain) > 0 {
		out = append(out, actorOf(s, *a.Agent))
	}
	return out
}

func actorOf(s Settings, a domain.Agent) Actor {
	return Actor{ClientID: a.ClientID, SPIFFEID: domain.SPIFFEID(s.TrustDomain, a.ClientID)}
}

// checkTemplate checks that what a template made is used as it says: while its
// person is present, or by exchange of a token that was issued while they were.
func (d *Denial) checkTemplate(c *Candidate, r Request) {
	if c.Delegation.TemplateID == "" {
		if r.Present != nil && !r.Present.Assumed && r.Present.UserID != c.Delegation.DelegatorID {
			d.add(CodePresenceRequired, nil, "The person who is present is not the one who delegated.")
		}
		return
	}
	if !templateStands(*c) {
		d.add(CodeTemplate, nil, "The delegation template does not give this any more. An administrator can change it.")
		return
	}
	switch p := r.Present; {
	case p == nil && r.Parent != nil:
	case p == nil:
		d.add(CodePresenceRequired, nil, "This delegation works while its person is present: exchange a token of theirs at the token endpoint.")
	case p.Assumed:
	case p.UserID != c.Delegation.DelegatorID || p.ProviderID != c.Template.ProviderID:
		d.add(CodePresenceRequired, nil, "The person who is present is not the one who delegated.")
	case !Meets(*c.Template, p.Claims):
		d.add(CodeTemplate, nil, "The person does not meet the conditions of the delegation template any more.")
	}
}

// templateStands reports whether the template that made a delegation still does.
func templateStands(c Candidate) bool {
	t, p := c.Template, c.Provider
	return t != nil && p != nil && c.Linked && t.Enabled && p.Enabled && p.Settings.Audience != "" && t.ID == c.Delegation.TemplateID &&
		t.ProviderID == p.ID && t.ClientID == c.Delegation.ClientID && t.Role == c.Delegation.Role
}

// Meets reports whether a person with the claims meets every condition of a
// template. One without conditions is met by nobody.
func Meets(t domain.DelegationTemplate, claims map[string]any) bool {
	for _, c := range t.Conditions {
		if !meets(c, domain.ClaimAt(claims, c.Claim)) {
			return false
		}
	}
	return len(t.Conditions) > 0
}

func meets(c domain.ClaimCondition, value any) bool {
	if list, ok := value.([]any); ok {
		return slices.ContainsFunc(list, func(v any) bool { return meetsOne(c, v) })
	}
	return meetsOne(c, value)
}

func meetsOne(c domain.ClaimCondition, value any) bool {
	var text string
	switch v := value.(type) {
	case string:
		text = v
	case bool:
		text = strconv.FormatBool(v)
	case fmt.Stringer: // a json.Number
		text = v.String()
	default:
		return false
	}
	return text != "" && (slices.Contains(c.Values, text) || slices.Equal(c.Values, []string{domain.AnyValue}))
}

// checkConstraint checks the key to which the token would be bound.
func (d *Denial) checkConstraint(c *Candidate, r Request) {
	for _, demanded := range []domain.SenderConstraint{c.Delegation.Constraint(), templateConstraint(*c)} {
		if !demanded.Admits(r.Confirmation) {
			d.add(CodeConstraint, nil, "The delegation demands a token that is bound to a key (%s). %s", demanded, howToBind(demanded))
			break
		}
	}
	if p := r.Parent; p != nil && !p.Confirmation.None() && p.Confirmation != r.Confirmation {
		d.add(CodeKeyProof, nil, "The token that is exchanged is bound to a key. Prove that key with the request.")
	}
}

func templateConstraint(c Candidate) domain.SenderConstraint {
	if c.Template == nil || c.Template.SenderConstrained == "" {
		return domain.SenderUnconstrained
	}
	return c.Template.SenderConstrained
}

func howToBind(c domain.SenderConstraint) string {
	var ways []string
	if c != domain.SenderMTLS {
		ways = append(ways, "Send a DPoP proof.")
	}
	if c != domain.SenderDPoP {
		ways = append(ways, "Come with a client certificate and token_binding=mtls.")
	}
	return strings.Join(ways, " Or: ")
}

// Choose returns the template under which the person who is present lends to the
// agent: the only one that they meet, of the role that was asked for if one was.
func Choose(templates []domain.DelegationTemplate, r Request) (domain.DelegationTemplate, *Denial) {
	var met []domain.DelegationTemplate
	for _, t := range templates {
		if t.Enabled && t.ClientID == r.ClientID && t.ProviderID == r.Present.ProviderID && (r.Role == "" || t.Role == r.Role) && Meets(t, r.Present.Claims) {
			met = append(met, t)
		}
	}
	switch len(met) {
	case 0:
		return domain.DelegationTemplate{}, deny(domain.Reason{Code: CodeTemplate,
			Message: "No delegation template lets this person lend this agent what was asked for. An administrator can add one."})
	case 1:
		return met[0], nil
	}
	d := deny(domain.Reason{Code: CodeAmbiguousDelegation, Message: "Several delegation templates would do. Name one by role."})
	for _, t := range met[:min(len(met), maxListed)] {
		d.Alternatives = append(d.Alternatives, Alternative{Role: t.Role})
	}
	return domain.DelegationTemplate{}, d
}
