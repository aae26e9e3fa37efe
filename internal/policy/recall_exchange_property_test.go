package policy_test

import (
	"slices"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/policy"

	"pgregory.net/rapid"
)

// exchangeFields are what drawExchange draws.
func exchangeFields() []string {
	return []string{"sub-agents", "constraint", "resources", "actions", "agent", "link status", "link selectors", "link attestation"}
}

func templateFields() []string {
	return []string{"template", "template actions", "template duration", "template resources", "template constraint", "template sub-agents",
		"conditions", "provider", "linked", "person"}
}

// drawExchange draws the named fields of grounds with a template, a chain or both.
func drawExchange(t *rapid.T, from domain.Grounds, names ...string) domain.Grounds {
	redraw := func(field string) bool { return slices.Contains(names, field) }
	g := from
	agent := *from.Agent
	g.Agent, g.Chain = &agent, slices.Clone(from.Chain)
	listed := func(label string) []string {
		return mostly(t, label, []string{agentID(1), agentID(2)}, []string{agentID(1)}, []string{agentID(2)}, nil)
	}
	if redraw("sub-agents") {
		g.Delegation.SubAgents = listed("sub-agents")
	}
	if redraw("constraint") {
		g.Delegation.SenderConstrained = rapid.SampledFrom(someConstraints).Draw(t, "constraint")
	}
	if redraw("resources") {
		g.Delegation.Resources = subset(t, "reach", someAudience)
	}
	if redraw("actions") {
		g.Delegation.Actions = mostly(t, "delegated", someActions, subset(t, "few delegated", someActions))
	}
	if redraw("agent") {
		agent.Status = mostly(t, "agent", domain.StatusActive, domain.StatusSuspended)
		agent.Selectors = rapid.SampledFrom(someSelectors()).Draw(t, "agent demands")
	}
	for i := range g.Chain {
		l := *from.Chain[i].Agent
		if redraw("link status") {
			l.Status = mostly(t, "link", domain.StatusActive, domain.StatusSuspended, domain.StatusDeleted)
		}
		if redraw("link selectors") {
			l.Selectors = rapid.SampledFrom(someSelectors()).Draw(t, "link demands")
		}
		if redraw("link attestation") {
			l.Attestation = rapid.SampledFrom([]domain.Attestation{domain.AttestationPermissive, domain.AttestationRequired}).Draw(t, "link mode")
			l.AttestationChosen = rapid.Bool().Draw(t, "link chosen")
		}
		g.Chain[i].Agent = &l
	}
	if g.Template == nil {
		return g
	}
	m, p, who := *from.Template, *from.Provider, *from.Delegator
	if redraw("template") {
		m.Enabled, m.Role = mostly(t, "enabled", true, false), mostly(t, "template's role", "support", "finance")
	}
	if redraw("template actions") {
		m.Actions = mostly(t, "template's", someActions, subset(t, "template's few", someActions))
	}
	if redraw("template duration") {
		m.MaxDuration = time.Duration(rapid.IntRange(60, 70).Draw(t, "template's max")) * time.Second
	}
	if redraw("template resources") {
		m.Resources = subset(t, "template's reach", someAudience)
	}
	if redraw("template constraint") {
		m.SenderConstrained = rapid.SampledFrom(someConstraints).Draw(t, "template's constraint")
	}
	if redraw("template sub-agents") {
		m.SubAgents = listed("template's sub-agents")
	}
	if redraw("conditions") {
		m.Conditions = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) domain.ClaimCondition {
			values := rapid.SampledFrom([][]string{{"a"}, {"b"}, {"a", "b"}, {"b", "c"}, {"a", "b", "c"}, {domain.AnyValue}}).Draw(t, "values")
			return domain.ClaimCondition{Claim: rapid.SampledFrom([]string{"g", "h"}).Draw(t, "claim"), Values: values}
		}), 1, 2).Draw(t, "conditions")
	}
	if redraw("provider") {
		p.Enabled, p.Settings.Audience = mostly(t, "provider", true, false), mostly(t, "audience", "authsec", "")
	}
	if redraw("linked") {
		g.Linked = mostly(t, "linked", true, false)
	}
	if redraw("person") {
		who.Status = mostly(t, "person", domain.StatusActive, domain.StatusSuspended)
	}
	g.Template, g.Provider, g.Delegator = &m, &p, &who
	return g
}

// exchangeGrounds are those of a delegation with a template or a chain.
func exchangeGrounds(links int, byTemplate bool) domain.Grounds {
	x := handedOn(links)
	if byTemplate {
		subAgents := x.first().SubAgents
		x.scene = present().scene
		x.first().SubAgents, x.template().SubAgents = subAgents, subAgents
	}
	g := x.grounds()
	for i := range links {
		l := link(i + 1)
		l.Attestation, l.AttestationChosen = domain.AttestationPermissive, true
		g.Chain = append(g.Chain, domain.ChainLink{ClientID: l.ClientID, Agent: &l})
	}
	return g
}

// leastClaims are the claims with which a person just meets the conditions.
func leastClaims(conditions []domain.ClaimCondition) []map[string]any {
	all := []map[string]any{{}}
	for _, c := range conditions {
		var next []map[string]any
		for _, have := range all {
			for _, v := range c.Values {
				if v == domain.AnyValue {
					v = "something else"
				}
				more := map[string]any{}
				for name, list := range have {
					more[name] = list
				}
				list, _ := more[c.Claim].([]any)
				more[c.Claim] = append(slices.Clone(list), v)
				next = append(next, more)
			}
		}
		all = next
	}
	return all
}

// exchanges are the ways to come to a token of the chain that tell any difference.
func exchanges(before domain.Grounds) []*exchange {
	who := before.Agent
	if n := len(before.Chain); n > 0 {
		who = before.Chain[n-1].Agent
	}
	asked := before
	asked.Agent = who
	people := []*policy.Presence{nil}
	if before.Template != nil && len(before.Chain) == 0 {
		people = nil
		for _, claims := range leastClaims(before.Template.Conditions) {
			people = append(people, &policy.Presence{ProviderID: providerID, UserID: anaID, Claims: claims})
		}
	}
	var all []*exchange
	for _, s := range attempts(asked, asked) {
		if s.settings.DefaultAudience != someAudience[0] {
			continue // below, wherever it may be
		}
		for i := range len(people) * len(someConfirmations) * (len(someAudience) + 1) {
			person, i := people[i%len(people)], i/len(people)
			k, i := someConfirmations[i%len(someConfirmations)], i/len(someConfirmations)
			x := &exchange{scene: &scene{now: s.now, settings: s.settings, proof: s.proof, request: s.request}}
			x.settings.DefaultAudience = append([]string{"https://elsewhere.example.com"}, someAudience...)[i]
			x.request.ClientID, x.request.Confirmation, x.request.Present = who.ClientID, k, person
			if len(before.Chain) > 0 {
				x.request.Parent = &policy.Parent{Actions: someActions, Audience: append([]string{"https://elsewhere.example.com"}, someAudience...), ExpiresAt: s.now.Add(24 * time.Hour)}
			}
			all = append(all, x)
		}
	}
	return all
}

func (x *exchange) on(g domain.Grounds) (policy.Grant, *policy.Denial) {
	x.agent, x.all, x.chain = g.Agent, []policy.Candidate{g.Candidate}, nil
	for _, l := range g.Chain {
		x.chain = append(x.chain, *l.Agent)
	}
	return x.decide()
}

// compare reports whether any exchange is granted before, and whether one of
// these gets less afterwards.
func compare(before, after domain.Grounds) (gave, less bool) {
	covers := func(large, small []string) bool {
		return !slices.ContainsFunc(small, func(m string) bool { return !slices.Contains(large, m) })
	}
	for _, x := range exchanges(before) {
		b, denied := x.on(before)
		if denied != nil {
			continue
		}
		gave = true
		a, denied := x.on(after)
		if denied != nil || a.Lifetime < b.Lifetime || !covers(a.Actions, b.Actions) || !covers(a.Audience, b.Audience) {
			return true, true
		}
	}
	return gave, false
}

// upTo are the grounds of the first n links alone.
func upTo(g domain.Grounds, n int) domain.Grounds {
	g.Chain = g.Chain[:n]
	return g
}

// A chain is recalled exactly when it, or one that it goes on from, gets less.
// What a delegation and its template both say may recall once too often: where
// the other withholds it anyway, or the two together give nothing.
func TestRecallsOfExchangesAreWhatDecideYields(t *testing.T) {
	recalled, kept, over := map[string]int{}, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		links, byTemplate := rapid.IntRange(0, 2).Draw(t, "links"), rapid.Bool().Draw(t, "template?")
		if links == 0 {
			byTemplate = true // the rest is TestRecallsIsWhatDecideYields
		}
		fields := exchangeFields()
		if byTemplate {
			fields = append(fields, templateFields()...)
		}
		before := drawExchange(t, exchangeGrounds(links, byTemplate), mostly(t, "any state?", fields[1:4], fields)...)
		for _, changed := range append(fields, fields...) {
			after := drawExchange(t, before, changed)
			got := policy.Recalls(before, after)
			gave, want := compare(before, after)
			for n := range links {
				_, less := compare(upTo(before, n), upTo(after, n))
				want = want || less
			}
			want = want && gave
			twice := byTemplate && (!gave || slices.Contains([]string{"resources", "template resources", "constraint", "template constraint"}, changed))
			switch {
			case got != want && (!got || !twice):
				t.Fatalf("of %s: recalls %v, yields less %v\nbefore %+v\nafter  %+v", changed, got, want, before, after)
			case got != want:
				over++
			case got:
				recalled[changed]++
			default:
				kept++
			}
		}
	})
	for _, field := range append(exchangeFields(), templateFields()...) {
		if recalled[field] == 0 {
			t.Errorf("no draw of %s recalled: this test proves nothing about it", field)
		}
	}
	if kept == 0 || over > kept {
		t.Errorf("the draws prove nothing: %d keep, %d recall once too often", kept, over)
	}
}
