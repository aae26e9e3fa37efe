package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"authsec/internal/domain"
)

// Decide returns the Grant that the request gets at an instant, or a Denial
// with every failed condition in the order of DESIGN §2. Exactly one is set.
func Decide(now time.Time, s Settings, a Authority, p Proof, r Request) (Grant, *Denial) {
	if err := r.Check(); err != nil {
		return Grant{}, deny(domain.Reason{Code: CodeInvalidRequest, Message: publicOf(err)})
	}
	actor := a.Actor()
	if actor == nil || actor.Status == domain.StatusDeleted || actor.ClientID != r.ClientID {
		return Grant{}, deny(domain.Reason{Code: CodeUnknownClient,
			Message: "There is no agent with this client_id. Copy the Client ID from the agent's page in the console."})
	}
	agent := *actor
	d := &Denial{}
	attestation := d.checkProof(s, agent, p)
	if agent.Status != domain.StatusActive {
		d.add(CodeAgentSuspended, nil, "This agent is suspended. An administrator can activate it again.")
	}
	c := d.choose(now, *a.Agent, a.Delegations, r)
	if c == nil {
		return Grant{}, d
	}
	d.DelegationID = c.Delegation.ID
	g := Grant{
		ClientID: agent.ClientID, AgentName: agent.Name, AgentType: agent.Type,
		SPIFFEID:     domain.SPIFFEID(s.TrustDomain, agent.ClientID),
		DelegationID: c.Delegation.ID, Role: c.Delegation.Role, Attestation: attestation, Status: c.Status,
		Confirmation: r.Confirmation, Earlier: earlier(s, a),
	}
	if g.Lifetime = lifetime(now, s, c, r); g.Lifetime <= 0 {
		d.add(CodeDelegationEnded, nil, "The delegation, or the token that is exchanged, ends within this second. Its person must delegate again.")
	}
	d.checkChain(s, a, c, r)
	d.checkTemplate(c, r)
	d.checkConstraint(c, r)
	d.checkDelegator(c)
	if c.Delegator != nil {
		g.Subject, g.Email = c.Delegator.ID, c.Delegator.Email
	}
	g.Audience = d.checkAudience(s, c, r)
	g.Actions = d.checkActions(c, r)
	if len(d.Reasons) > 0 {
		return Grant{}, d
	}
	return g, nil
}

func deny(r domain.Reason) *Denial { return &Denial{Reasons: []domain.Reason{r}} }

func (d *Denial) add(code string, keys []string, format string, args ...any) {
	d.Reasons = append(d.Reasons, domain.Reason{Code: code, Message: fmt.Sprintf(format, args...), Keys: keys})
}

// publicOf is the public text of an error that Check made.
func publicOf(err error) string {
	if e, ok := err.(*domain.Error); ok { //nolint:errorlint // made above, never wrapped
		return e.Public
	}
	return "The request is not valid."
}

// checkProof checks proof and selectors, and returns the attestation claim.
func (d *Denial) checkProof(s Settings, agent domain.Agent, p Proof) string {
	switch p.State {
	case ProofRejected:
		d.add(CodeInvalidProof, nil, "%s", orElse(p.Problem, "The workload proof is not valid."))
		return ""
	case ProofAssumed:
		return orElse(p.Kind, "assumed")
	case ProofAbsent:
		return d.checkAbsent(s, agent, p)
	case ProofAccepted:
	default:
		d.add(CodeInvalidProof, nil, "The workload proof is not valid.")
		return ""
	}
	missing, own := Unsatisfied(agent, p)
	if !own {
		d.add(CodeInvalidProof, nil, ownProofAdvice)
		return ""
	}
	if len(missing) == 0 {
		return p.Kind
	}
	if p.Implicit && mayGoWithout(s, agent, p) {
		return AttestedByNone
	}
	d.add(CodeSelectors, missing, "The workload's proof does not establish %s as this agent demands. %s", strings.Join(missing, ", "),
		orElse(p.whyMissing(missing), "Run the agent where its selectors hold, or have an administrator correct them."))
	return p.Kind
}

// checkAbsent judges a request without proof.
func (d *Denial) checkAbsent(s Settings, agent domain.Agent, p Proof) string {
	if !mayGoWithout(s, agent, p) {
		d.add(CodeProofRequired, nil, proofAdvice)
	}
	return AttestedByNone
}

// mayGoWithout reports whether the agent gets tokens without proof (DESIGN §5).
func mayGoWithout(s Settings, agent domain.Agent, p Proof) bool {
	permissive := agent.Attestation == domain.AttestationPermissive && !s.RequireAttestation
	return permissive && (agent.AttestationChosen || (!s.Exposed && p.Loopback))
}

// Unsatisfied lists the keys of the agent's selectors that are not among those
// that an accepted proof attests: SPIRE's rule. own is false where the proof
// cannot be this agent's at all: one without selectors is satisfied by its own
// secret or key alone, for by the subset rule any workload's proof would do.
func Unsatisfied(agent domain.Agent, p Proof) (missing []string, own bool) {
	if len(agent.Selectors) == 0 && p.Kind != AttestedBySecret && p.Kind != AttestedByKey {
		return nil, false
	}
	for _, want := range agent.Selectors {
		if !slices.ContainsFunc(p.Selectors, want.Accepts) {
			missing = append(missing, want.Key)
		}
	}
	return missing, true
}

// whyMissing says why the proof cannot establish the keys, each reason once.
func (p Proof) whyMissing(keys []string) string {
	var why []string
	for _, key := range keys {
		if slices.ContainsFunc(p.Selectors, func(s domain.Selector) bool { return s.Key == key }) {
			continue // it is established, with another value
		}
		reason := p.Missing[key]
		for i := strings.LastIndex(key, ":"); reason == "" && i > 0; i = strings.LastIndex(key[:i], ":") {
			reason = p.Missing[key[:i+1]]
		}
		if reason != "" && !slices.Contains(why, reason) {
			why = append(why, reason)
		}
	}
	return strings.Join(why, " ")
}

// choose finds the delegation that the request means (DESIGN §2), or adds why
// there is none.
func (d *Denial) choose(now time.Time, agent domain.Agent, all []Candidate, r Request) *Candidate {
	const again = "The person can delegate again, or an administrator can choose another default."
	if r.DelegationID != "" {
		i := slices.IndexFunc(all, func(c Candidate) bool { return strings.EqualFold(c.Delegation.ID, r.DelegationID) })
		switch {
		case i < 0 || all[i].Delegation.ClientID != agent.ClientID || (r.Role != "" && all[i].Delegation.Role != r.Role):
			d.add(CodeNoDelegation, nil, "This agent has no such delegation. Check delegation_id and role, or leave them out.")
			return nil
		case !all[i].Delegation.ActiveAt(now):
			d.DelegationID = all[i].Delegation.ID
			d.add(CodeDelegationEnded, nil, "The delegation asked for is %s. Its person must delegate again.", all[i].Delegation.StatusAt(now))
			return nil
		}
		return &all[i]
	}
	var live []int
	ended := false
	fallback := -1 // the agent's default, if it is among the delegations asked for
	for i, c := range all {
		if c.Delegation.ClientID != agent.ClientID || (r.Role != "" && c.Delegation.Role != r.Role) {
			continue
		}
		if c.Delegation.TemplateID != "" {
			continue // one that needs its person present is always named
		}
		if agent.DefaultDelegationID == c.Delegation.ID {
			fallback = i
		}
		if c.Delegation.ActiveAt(now) {
			live = append(live, i)
		} else {
			ended = true
		}
	}
	switch {
	case fallback >= 0 && all[fallback].Delegation.ActiveAt(now):
		return &all[fallback]
	case agent.DefaultDelegationID != "" && (r.Role == "" || fallback >= 0):
		// Authority never slides silently to another person's delegation, nor
		// does it for an agent that always names the default's role.
		d.DelegationID = agent.DefaultDelegationID
		d.add(CodeDelegationEnded, nil, "The agent's default delegation has ended. "+again)
	case len(live) == 1:
		return &all[live[0]]
	case len(live) > 1:
		for _, i := range live[:min(len(live), maxListed)] {
			d.Alternatives = append(d.Alternatives, Alternative{all[i].Delegation.ID, all[i].Delegation.Role})
		}
		d.add(CodeAmbiguousDelegation, nil, "Several delegations would do. Name one with delegation_id, or have an administrator choose the agent's default.")
	case ended:
		d.add(CodeDelegationEnded, nil, "Every delegation that would do has ended. "+again)
	default:
		d.add(CodeNoDelegation, nil, "Nobody has delegated %s to this agent. Create a trust delegation for it in the console.", orElse(r.Role, "anything"))
	}
	return nil
}

func (d *Denial) checkDelegator(c *Candidate) {
	if c.Delegator == nil || !c.Delegator.Active() {
		d.add(CodeDelegatorInactive, nil, "The person who delegated is not active any more. Another person must delegate.")
	}
	switch {
	case c.Role == nil:
		d.add(CodeRoleNotHeld, nil, "The role %s does not exist any more.", c.Delegation.Role)
	case c.Delegation.TemplateID != "": // its rule gives the role
	case c.Delegator != nil && !c.Delegator.MayDelegate(c.Delegation.Role):
		d.add(CodeRoleNotHeld, nil, "The person who delegated does not hold the role %s any more.", c.Delegation.Role)
	}
}

// checkAudience returns the token's audience: of what the delegation, its
// template and the token that is exchanged all reach, what was asked for.
func (d *Denial) checkAudience(s Settings, c *Candidate, r Request) []string {
	allowed := audienceOf(c.Delegation.Resources, s)
	if c.Template != nil {
		allowed = common(allowed, audienceOf(c.Template.Resources, s))
	}
	if r.Parent != nil {
		allowed = common(allowed, r.Parent.Audience)
	}
	if len(r.Audience) == 0 {
		if len(allowed) == 0 {
			d.add(CodeAudienceNotAllowed, nil, "The delegation reaches no audience that the token or the template reaches, too.")
		}
		return slices.Clone(allowed) // a Grant shares nothing with what is stored
	}
	var audience, refused []string
	for _, a := range r.Audience {
		switch {
		case !slices.Contains(allowed, a):
			refused = append(refused, a)
		case !slices.Contains(audience, a):
			audience = append(audience, a)
		}
	}
	if len(refused) > 0 {
		d.add(CodeAudienceNotAllowed, refused, "The delegation does not reach the audience %s.", strings.Join(refused, ", "))
	}
	slices.Sort(audience)
	return audience
}

func audienceOf(resources []string, s Settings) []string {
	if len(resources) == 0 {
		return []string{s.DefaultAudience}
	}
	return resources
}

// common returns those of a that are in b, in the order of a.
func common(a, b []string) []string {
	out := make([]string, 0, len(a))
	for _, m := range a {
		if slices.Contains(b, m) {
			out = append(out, m)
		}
	}
	return out
}

// checkActions returns the effective actions: lent, still in the role, in the
// token that is exchanged, and asked for.
func (d *Denial) checkActions(c *Candidate, r Request) []string {
	effective := lent(*c)
	if r.Parent != nil {
		effective = common(effective, r.Parent.Actions)
	}
	if len(r.Actions) == 0 {
		if len(effective) == 0 {
			d.add(CodeNoEffectiveActions, nil, "None of the delegated actions is in the role %s now.", c.Delegation.Role)
		}
		return effective
	}
	var refused []string
	for _, a := range r.Actions {
		if _, ok := slices.BinarySearch(effective, a); !ok {
			refused = append(refused, a)
		}
	}
	if len(refused) > 0 {
		d.add(CodeActionNotDelegated, refused, "The delegation does not give %s now. Ask for less, or have its person delegate it.", strings.Join(refused, ", "))
	}
	if len(effective) == 0 {
		d.add(CodeNoEffectiveActions, nil, "None of the delegated actions is in the role %s now.", c.Delegation.Role)
	}
	got := slices.Clone(r.Actions)
	slices.Sort(got)
	return got
}

// lent returns what a delegation gives now, its template included; sorted.
func lent(c Candidate) []string {
	effective := Effective(c.Delegation.Actions, c.Role)
	if c.Template != nil {
		effective = common(effective, c.Template.Actions)
	}
	return effective
}

// Effective returns the delegated actions that the role has now, sorted as both
// of them are; role may be nil.
func Effective(delegated []string, role *domain.Role) []string {
	if role == nil {
		return nil
	}
	out := make([]string, 0, len(delegated))
	for _, a := range delegated {
		if _, ok := slices.BinarySearch(role.Actions, a); ok {
			out = append(out, a)
		}
	}
	return out
}

// lifetime is min(maximum duration, the template's, asked, end date − now, what
// is left of the token that is exchanged, server's maximum), in whole seconds
// from the second that now is in: a token's iat and exp are whole seconds, and
// exp never passes the end date. It is zero when the end is within this second.
func lifetime(now time.Time, s Settings, c *Candidate, r Request) time.Duration {
	life := min(c.Delegation.MaxDuration, s.MaxTokenTTL)
	if c.Template != nil {
		life = min(life, c.Template.MaxDuration)
	}
	if r.TTL > 0 {
		life = min(life, r.TTL)
	}
	if !c.Delegation.EndsAt.IsZero() {
		life = min(life, c.Delegation.EndsAt.Sub(now.Truncate(time.Second)))
	}
	if r.Parent != nil {
		life = min(life, r.Parent.ExpiresAt.Sub(now.Truncate(time.Second)))
	}
	return life.Truncate(time.Second)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
