package policy_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/policy"

	"pgregory.net/rapid"
)

var (
	someActions  = []string{readID, refundID, "orders:read", "orders:write", "tickets:write"}
	someAudience = []string{"authsec-api", apiURI, "https://orders.example.com"}
	someRoles    = []string{"support", "finance"}
)

// subset draws distinct members of from, sorted.
func subset(t *rapid.T, label string, from []string) []string {
	keep := rapid.SliceOfN(rapid.Bool(), len(from), len(from)).Draw(t, label)
	var out []string
	for i, m := range from {
		if keep[i] {
			out = append(out, m)
		}
	}
	slices.Sort(out)
	return out
}

// mostly draws good four times out of five.
func mostly[T any](t *rapid.T, label string, good T, others ...T) T {
	if rapid.IntRange(0, 4).Draw(t, label+"?") < 4 {
		return good
	}
	return rapid.SampledFrom(others).Draw(t, label)
}

// anyScene draws scenes in which conditions hold often enough to be granted.
func anyScene(t *rapid.T) *scene {
	s := granted()
	s.now = now.Add(time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "now")))
	s.settings.RequireAttestation = rapid.Bool().Draw(t, "require")
	s.settings.MaxTokenTTL = time.Duration(rapid.IntRange(60, 200_000).Draw(t, "max ttl")) * time.Second
	s.agent.Status = mostly(t, "status", domain.StatusActive, domain.StatusSuspended, domain.StatusDeleted)
	s.agent.Attestation = mostly(t, "attestation", domain.AttestationPermissive, domain.AttestationRequired)
	s.agent.AttestationChosen = rapid.Bool().Draw(t, "chosen")
	s.proof.State = mostly(t, "proof", policy.ProofAccepted, policy.ProofAbsent, policy.ProofAbsent, policy.ProofRejected, policy.ProofAssumed, 9)
	s.proof.Loopback = rapid.Bool().Draw(t, "loopback")
	s.proof.Selectors = mostly(t, "selectors", s.proof.Selectors, nil)
	s.all = nil
	for n := range rapid.IntRange(1, 4).Draw(t, "delegations") {
		s.all = append(s.all, anyCandidate(t, s.now, n+1))
	}
	s.agent.DefaultDelegationID = mostly(t, "default", delegationID(1), "", delegationID(2))
	s.request.DelegationID = mostly(t, "delegation", "", delegationID(1), delegationID(3))
	s.request.Role = mostly(t, "role", "", "support", "finance")
	s.request.Actions = mostly(t, "actions", subset(t, "few actions", someActions[:2]), nil, subset(t, "asked actions", someActions))
	s.request.Audience = mostly(t, "audience", nil, subset(t, "asked audience", someAudience))
	if rapid.Bool().Draw(t, "ttl?") {
		s.request.TTL = time.Duration(rapid.IntRange(60, 100_000).Draw(t, "ttl")) * time.Second
	}
	return s
}

func anyCandidate(t *rapid.T, now time.Time, n int) policy.Candidate {
	who := rapid.SampledFrom([]func() *domain.User{ana, bob}).Draw(t, "who")()
	who.Status = mostly(t, "person", domain.StatusActive, domain.StatusSuspended)
	who.Level = mostly(t, "level", domain.LevelMember, domain.LevelAdmin)
	who.Roles = mostly(t, "held", someRoles, subset(t, "some held", someRoles))
	c := inRole(candidate(n, who), rapid.SampledFrom(someRoles).Draw(t, "of role"))
	c.Delegation.Actions = mostly(t, "delegated", someActions, subset(t, "few delegated", someActions))
	c.Role.Actions = mostly(t, "in role", someActions, subset(t, "few in role", someActions))
	c.Delegation.Resources = subset(t, "resources", someAudience)
	c.Delegation.MaxDuration = time.Duration(rapid.IntRange(60, 100_000).Draw(t, "max")) * time.Second
	c.Delegation.Status = mostly(t, "delegation status", domain.DelegationActive, domain.DelegationDisabled, domain.DelegationRevoked)
	if rapid.Bool().Draw(t, "ends?") {
		c.Delegation.EndsAt = now.Add(time.Duration(rapid.Int64Range(-int64(time.Hour), int64(24*time.Hour)).Draw(t, "ends in")))
	}
	c.Role = mostly(t, "role", c.Role, nil)
	return c
}

// What a Grant gives never exceeds any of its bounds, and exactly one of Grant
// and Denial is set.
func TestGrantIsBounded(t *testing.T) {
	granted, denied := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		s := anyScene(t)
		g, d := s.decide()
		if d != nil {
			denied++
			checkDenial(t, g, d)
			return
		}
		granted++
		i := slices.IndexFunc(s.all, func(c policy.Candidate) bool { return c.Delegation.ID == g.DelegationID })
		if i < 0 {
			t.Fatalf("granted from a delegation that there is not: %s", g.DelegationID)
		}
		c := s.all[i]
		bounds := [][]string{c.Delegation.Actions, c.Role.Actions}
		if len(s.request.Actions) > 0 {
			bounds = append(bounds, s.request.Actions)
		}
		for _, bound := range bounds {
			within(t, "actions", g.Actions, bound)
		}
		allowed := c.Delegation.Resources
		if len(allowed) == 0 {
			allowed = []string{s.settings.DefaultAudience}
		}
		within(t, "audience", g.Audience, allowed)
		if len(s.request.Audience) > 0 {
			within(t, "audience", g.Audience, s.request.Audience)
		}
		checkLifetime(t, s, c, g)
		if !c.Delegation.ActiveAt(s.now) || !c.Delegator.Active() || !c.Delegator.MayDelegate(g.Role) || s.agent.Status != domain.StatusActive {
			t.Fatalf("granted though a condition fails: %+v", c)
		}
		if g.Subject != c.Delegation.DelegatorID || g.Role != c.Delegation.Role || g.ClientID != clientID {
			t.Fatalf("granted in another's name: %+v", g)
		}
		if unproven := g.Attestation == policy.AttestedByNone; unproven != (s.proof.State == policy.ProofAbsent) {
			t.Fatalf("attestation %q with proof %d", g.Attestation, s.proof.State)
		}
	})
	if granted == 0 || denied == 0 {
		t.Fatalf("the draws prove nothing: %d grants, %d denials", granted, denied)
	}
}

func checkDenial(t *rapid.T, g policy.Grant, d *policy.Denial) {
	if fmt.Sprint(g) != fmt.Sprint(policy.Grant{}) {
		t.Fatalf("a denial comes with a grant: %+v", g)
	}
	if len(d.Reasons) == 0 {
		t.Fatal("a denial without a reason")
	}
	order := []string{policy.CodeInvalidRequest, policy.CodeUnknownClient, policy.CodeProofRequired, policy.CodeInvalidProof,
		policy.CodeSelectors, policy.CodeAgentSuspended, policy.CodeNoDelegation, policy.CodeAmbiguousDelegation,
		policy.CodeDelegationEnded, policy.CodeDelegatorInactive, policy.CodeRoleNotHeld, policy.CodeAudienceNotAllowed,
		policy.CodeActionNotDelegated, policy.CodeNoEffectiveActions}
	at := -1
	for _, code := range codes(d) {
		i := slices.Index(order, code)
		if i <= at {
			t.Fatalf("reasons out of order, repeated or unknown: %v", codes(d))
		}
		at = i
	}
	if e := d.Err(); e.Kind == domain.Internal || e.Public == "" {
		t.Fatalf("the refusal is answered as %+v", e)
	}
}

func checkLifetime(t *rapid.T, s *scene, c policy.Candidate, g policy.Grant) {
	bounds := []time.Duration{c.Delegation.MaxDuration, s.settings.MaxTokenTTL}
	if s.request.TTL > 0 {
		bounds = append(bounds, s.request.TTL)
	}
	if end := c.Delegation.EndsAt; !end.IsZero() {
		bounds = append(bounds, end.Sub(s.now.Truncate(time.Second)))
	}
	least := slices.Min(bounds)
	if g.Lifetime <= 0 || g.Lifetime > least || least-g.Lifetime >= time.Second {
		t.Fatalf("lifetime %s, least bound %s of %v", g.Lifetime, least, bounds)
	}
}

func within(t *rapid.T, what string, got, bound []string) {
	if len(got) == 0 || !slices.IsSorted(got) {
		t.Fatalf("%s %v are empty or not sorted", what, got)
	}
	for i, g := range got {
		if !slices.Contains(bound, g) || (i > 0 && got[i-1] == g) {
			t.Fatalf("%s %v are not distinct members of %v", what, got, bound)
		}
	}
}

// failures are ways to break one condition, whatever else holds.
var failures = map[string]func(*scene){
	"agent suspended":      func(s *scene) { s.agent.Status = domain.StatusSuspended },
	"agent deleted":        func(s *scene) { s.agent.Status = domain.StatusDeleted },
	"proof rejected":       func(s *scene) { s.proof.State = policy.ProofRejected },
	"attested nothing":     func(s *scene) { s.proof.State, s.proof.Selectors = policy.ProofAccepted, nil },
	"permissive forbidden": func(s *scene) { s.settings.RequireAttestation = true },
	"delegators suspended": each(func(c *policy.Candidate) { c.Delegator.Status = domain.StatusSuspended }),
	"roles taken":          each(func(c *policy.Candidate) { c.Delegator.Roles, c.Delegator.Level = nil, domain.LevelMember }),
	"roles deleted":        each(func(c *policy.Candidate) { c.Role = nil }),
	"roles emptied":        each(func(c *policy.Candidate) { c.Role = &domain.Role{} }),
	"delegations disabled": each(func(c *policy.Candidate) { c.Delegation.Status = domain.DelegationDisabled }),
	"delegations ended":    each(func(c *policy.Candidate) { c.Delegation.EndsAt = now }),
	"of another agent":     each(func(c *policy.Candidate) { c.Delegation.ClientID = bobID }),
	"a foreign action":     func(s *scene) { s.request.Actions = append(s.request.Actions, "payroll:read") },
	"a foreign audience":   func(s *scene) { s.request.Audience = append(s.request.Audience, "https://other.example.com") },
	"a ttl too short":      func(s *scene) { s.request.TTL = time.Second },
	"a delegation unknown": func(s *scene) { s.request.DelegationID = delegationID(77) },
	"a role nobody has":    func(s *scene) { s.request.Role = "nobody" },
	"the default has ended": func(s *scene) {
		s.agent.DefaultDelegationID, s.request.DelegationID, s.request.Role = delegationID(77), "", ""
	},
}

func each(fn func(*policy.Candidate)) func(*scene) {
	return func(s *scene) {
		for i := range s.all {
			fn(&s.all[i])
		}
	}
}

// Breaking one more condition never turns a Denial into a Grant.
func TestFailingMoreNeverGrants(t *testing.T) {
	names := make([]string, 0, len(failures))
	for name := range failures {
		names = append(names, name)
	}
	slices.Sort(names)
	broke := 0
	rapid.Check(t, func(t *rapid.T) {
		s := anyScene(t)
		_, before := s.decide()
		name := rapid.SampledFrom(names).Draw(t, "failure")
		failures[name](s)
		_, after := s.decide()
		if before != nil && after == nil {
			t.Fatalf("%s turned %v into a grant", name, codes(before))
		}
		if before == nil && after != nil {
			broke++
		}
	})
	if broke == 0 {
		t.Fatal("no draw broke a grant: this test proves nothing")
	}
}

// Decide neither panics nor changes its inputs, whatever they are.
func TestDecideTakesAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String()
		texts := rapid.SliceOfN(text, 0, 4)
		instant := rapid.Custom(func(t *rapid.T) time.Time {
			return time.Unix(rapid.Int64().Draw(t, "s"), rapid.Int64().Draw(t, "ns"))
		})
		id := rapid.OneOf(text, rapid.Just(clientID), rapid.Just(delegationID(1)))
		s := &scene{now: instant.Draw(t, "now"), settings: policy.Settings{MaxTokenTTL: time.Duration(rapid.Int64().Draw(t, "max"))},
			proof:   policy.Proof{State: policy.ProofState(rapid.Uint8().Draw(t, "state")), Kind: text.Draw(t, "kind")},
			request: policy.Request{ClientID: id.Draw(t, "client"), DelegationID: id.Draw(t, "delegation"), Role: text.Draw(t, "role"), Actions: texts.Draw(t, "actions"), Audience: texts.Draw(t, "audience"), TTL: time.Duration(rapid.Int64().Draw(t, "ttl"))}}
		if rapid.Bool().Draw(t, "agent?") {
			s.agent = &domain.Agent{ClientID: id.Draw(t, "agent"), Status: domain.Status(text.Draw(t, "status")),
				Attestation: domain.AttestationPermissive, AttestationChosen: rapid.Bool().Draw(t, "chosen"), DefaultDelegationID: id.Draw(t, "default")}
			if rapid.Bool().Draw(t, "active?") {
				s.agent.Status = domain.StatusActive
			}
		}
		for range rapid.IntRange(0, 3).Draw(t, "n") {
			c := policy.Candidate{Delegation: domain.Delegation{ID: id.Draw(t, "id"), ClientID: id.Draw(t, "of"), Role: text.Draw(t, "r"),
				Actions: texts.Draw(t, "a"), Resources: texts.Draw(t, "res"), MaxDuration: time.Duration(rapid.Int64().Draw(t, "d")),
				EndsAt: instant.Draw(t, "ends"), Status: domain.DelegationActive}}
			if rapid.Bool().Draw(t, "role?") {
				c.Role = &domain.Role{Actions: texts.Draw(t, "role actions")}
			}
			if rapid.Bool().Draw(t, "user?") {
				c.Delegator = &domain.User{Status: domain.StatusActive, Level: domain.LevelAdmin}
			}
			s.all = append(s.all, c)
		}
		before := fmt.Sprintf("%+v", s.all)
		g, d := s.decide()
		if d == nil && (len(g.Actions) == 0 || len(g.Audience) == 0 || g.Lifetime <= 0) {
			t.Fatalf("an empty grant: %+v", g)
		}
		if d != nil && (len(d.Reasons) == 0 || d.Err() == nil) {
			t.Fatal("a denial without a reason")
		}
		if after := fmt.Sprintf("%+v", s.all); after != before {
			t.Fatalf("Decide changed its input:\n%s\n%s", before, after)
		}
	})
}
