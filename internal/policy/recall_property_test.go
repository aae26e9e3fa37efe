package policy_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/policy"

	"pgregory.net/rapid"
)

// someSelectors are what agents demand: none stands for a client secret.
func someSelectors() [][]domain.Selector {
	ns := domain.Selector{Key: "k8s:ns", Value: "production"}
	sa := domain.Selector{Key: "k8s:sa", Value: "agent"}
	id := func(ids string) []domain.Selector {
		return []domain.Selector{{Key: domain.SelectorSPIFFEID, Value: ids}}
	}
	return [][]domain.Selector{nil, {ns}, {sa, ns}, {ns, {Key: "k8s:sa", Value: "other"}}, {{Key: "k8s:ns", Value: "staging"}},
		id("spiffe://a/1"), id("spiffe://a/1 spiffe://a/2"), id("spiffe://a/2 spiffe://a/3 spiffe://a/1")}
}

// fields are what drawGrounds draws; the first of them end everything at times.
func fields() []string {
	return []string{"agent", "state", "person", "gone", "attestation", "selectors", "actions", "duration", "resources", "end", "role"}
}

// drawGrounds draws the named fields of what Decide looks at; the others stay.
func drawGrounds(t *rapid.T, from domain.Grounds, names ...string) domain.Grounds {
	redraw := func(field string) bool { return slices.Contains(names, field) }
	g := from
	agent, role, delegator := *from.Agent, &domain.Role{Name: "support"}, *from.Delegator
	if from.Role != nil {
		*role = *from.Role
	}
	if redraw("agent") {
		agent.Status = mostly(t, "status", domain.StatusActive, domain.StatusSuspended, domain.StatusDeleted)
	}
	if redraw("attestation") {
		agent.Attestation = rapid.SampledFrom([]domain.Attestation{domain.AttestationPermissive, domain.AttestationRequired}).Draw(t, "mode")
		agent.AttestationChosen = rapid.Bool().Draw(t, "chosen")
	}
	if redraw("selectors") {
		agent.Selectors = rapid.SampledFrom(someSelectors()).Draw(t, "demanded")
	}
	if redraw("actions") {
		g.Delegation.Actions = mostly(t, "delegated", someActions, subset(t, "few delegated", someActions))
	}
	if redraw("duration") {
		g.Delegation.MaxDuration = time.Duration(rapid.IntRange(60, 70).Draw(t, "max")) * time.Second
	}
	if redraw("resources") {
		g.Delegation.Resources = subset(t, "reach", someAudience)
	}
	if redraw("end") {
		g.Delegation.EndsAt = rapid.SampledFrom([]time.Time{{}, now.Truncate(time.Second).Add(time.Hour), now.Truncate(time.Second).Add(2 * time.Hour)}).Draw(t, "ends")
	}
	if redraw("state") {
		g.Delegation.Status = mostly(t, "delegation", domain.DelegationActive, domain.DelegationDisabled, domain.DelegationRevoked)
	}
	if redraw("role") {
		role.Actions = mostly(t, "in role", someActions, subset(t, "few in role", someActions))
	}
	if redraw("person") {
		delegator.Status = mostly(t, "person", domain.StatusActive, domain.StatusSuspended)
		delegator.Level = mostly(t, "level", domain.LevelMember, domain.LevelAdmin)
		delegator.Roles = mostly(t, "held", someRoles, nil)
	}
	g.Agent, g.Role, g.Delegator = &agent, role, &delegator
	if redraw("gone") {
		g.Role = mostly(t, "there", role, nil)
	}
	return g
}

// attempts are the ways to ask for a token of the delegation that tell any
// difference: as every workload that the agent ever demanded, without proof, far
// ahead of any end and at it, and wherever the default audience is.
func attempts(before, after domain.Grounds) []*scene {
	proofs := []policy.Proof{{}, {Loopback: true}, {State: policy.ProofAccepted, Kind: policy.AttestedBySecret}}
	for _, sel := range before.Agent.Selectors {
		if sel.Key != domain.SelectorSPIFFEID {
			proofs = append(proofs, policy.Proof{State: policy.ProofAccepted, Kind: "k8s", Selectors: before.Agent.Selectors})
			continue
		}
		for id := range strings.FieldsSeq(sel.Value) {
			proofs = append(proofs, policy.Proof{State: policy.ProofAccepted, Kind: "spiffe", Selectors: []domain.Selector{{Key: sel.Key, Value: id}}})
		}
	}
	instants := []time.Time{now.Add(-time.Hour)}
	for _, end := range []time.Time{before.Delegation.EndsAt, after.Delegation.EndsAt} {
		if !end.IsZero() {
			instants = append(instants, end.Add(-time.Second), end)
		}
	}
	var all []*scene
	for _, at := range instants {
		for _, proof := range proofs {
			for _, exposed := range []bool{false, true} {
				for _, audience := range []string{"authsec-api", "https://elsewhere.example.com"} {
					s := granted()
					s.now, s.proof = at, proof
					s.settings.Exposed, s.settings.DefaultAudience = exposed, audience
					s.request.DelegationID = before.Delegation.ID
					all = append(all, s)
				}
			}
		}
	}
	return all
}

func (s *scene) on(g domain.Grounds) (policy.Grant, *policy.Denial) {
	s.agent, s.all = g.Agent, []policy.Candidate{g.Candidate}
	return s.decide()
}

// yieldsLess reports whether some attempt gets less afterwards.
func yieldsLess(before, after domain.Grounds) bool {
	return slices.ContainsFunc(attempts(before, after), func(s *scene) bool {
		b, denied := s.on(before)
		if denied != nil {
			return false
		}
		a, denied := s.on(after)
		covers := func(large, small []string) bool {
			return !slices.ContainsFunc(small, func(m string) bool { return !slices.Contains(large, m) })
		}
		return denied != nil || a.Lifetime < b.Lifetime || !covers(a.Actions, b.Actions) || !covers(a.Audience, b.Audience)
	})
}

// Recalls says exactly whether Decide yields less: a change that it misses
// leaves tokens in the world that say too much, and one too many disturbs agents
// for nothing.
func TestRecallsIsWhatDecideYields(t *testing.T) {
	recalled, kept, widened := map[string]int{}, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		before := drawGrounds(t, granted().grounds(), fields()[4:]...)
		if rapid.IntRange(0, 4).Draw(t, "any state?") == 0 {
			before = drawGrounds(t, before, fields()[:4]...)
		}
		for _, changed := range append(fields(), "selectors", "selectors", "end", "two") {
			names := []string{changed}
			if changed == "two" {
				names = rapid.SliceOfN(rapid.SampledFrom(fields()), 2, 4).Draw(t, "fields")
			}
			after := drawGrounds(t, before, names...)
			got, want := policy.Recalls(before, after), yieldsLess(before, after)
			if got != want {
				t.Fatalf("of %v: recalls %v, yields less %v\nbefore %+v %+v\nafter  %+v %+v", names, got, want, before, before.Agent, after, after.Agent)
			}
			switch {
			case got:
				recalled[changed]++
			case yieldsLess(after, before):
				widened++
			default:
				kept++
			}
		}
	})
	for _, field := range fields() {
		if recalled[field] == 0 {
			t.Errorf("no draw of %s recalled: this test proves nothing about it", field)
		}
	}
	if kept == 0 || widened == 0 {
		t.Errorf("the draws prove nothing: %d widen, %d do neither", widened, kept)
	}
}
