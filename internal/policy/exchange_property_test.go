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
	someConstraints   = []domain.SenderConstraint{"", domain.SenderUnconstrained, domain.SenderAny, domain.SenderDPoP, domain.SenderMTLS}
	someConfirmations = []domain.Confirmation{{}, byKey, byCert}
)

// almost draws good but for one time in fifteen: a scene has many conditions.
func almost[T any](t *rapid.T, label string, good T, others ...T) T {
	if rapid.IntRange(0, 14).Draw(t, label+"?") < 14 {
		return good
	}
	return rapid.SampledFrom(others).Draw(t, label)
}

// anyTerms redraws what a delegation and its template say, good often enough.
func anyTerms(t *rapid.T, x *exchange) {
	d, c := x.first(), &x.all[0]
	d.Actions = almost(t, "delegated", someActions, subset(t, "few delegated", someActions))
	c.Role.Actions = almost(t, "in role", someActions, subset(t, "few in role", someActions))
	d.Resources = almost(t, "reach", someAudience, subset(t, "little reach", someAudience))
	d.MaxDuration = time.Duration(rapid.IntRange(60, 7200).Draw(t, "max")) * time.Second
	d.SenderConstrained = almost(t, "constraint", "", someConstraints...)
	d.SubAgents = almost(t, "sub-agents", []string{agentID(1), agentID(2), agentID(3)}, []string{agentID(1)}, nil)
	if m := x.template(); m != nil {
		m.Actions = almost(t, "template's actions", someActions, subset(t, "template's few", someActions))
		m.Resources = almost(t, "template's reach", someAudience, subset(t, "template's little reach", someAudience))
		m.MaxDuration = time.Duration(rapid.IntRange(60, 7200).Draw(t, "template's max")) * time.Second
		m.SenderConstrained = almost(t, "template's constraint", "", someConstraints...)
		m.SubAgents = almost(t, "template's sub-agents", []string{agentID(1), agentID(2), agentID(3)}, []string{agentID(2)})
		m.Enabled, c.Linked = almost(t, "enabled", true, false), almost(t, "linked", true, false)
	}
}

// anyExchange draws exchanges of which many are granted.
func anyExchange(t *rapid.T) *exchange {
	x := handedOn(0)
	if rapid.Bool().Draw(t, "template?") {
		x = present()
		if rapid.Bool().Draw(t, "of a token?") {
			x.request.Present, x.request.Parent = nil, handedOn(0).request.Parent
		}
	}
	anyTerms(t, x)
	x.settings.MaxChain = almost(t, "most", 0, 1, 2, 4)
	for range rapid.SampledFrom([]int{0, 1, 1, 2, 2, 3}).Draw(t, "links") {
		n := almost(t, "next", len(x.chain)+1, 0, 1, 2)
		next := link(n)
		if n == 0 {
			next = *x.agent
		}
		next.Status = almost(t, "status", domain.StatusActive, domain.StatusSuspended, domain.StatusDeleted)
		x.chain = append(x.chain, next)
		x.request.ClientID, x.proof.Selectors = next.ClientID, next.Selectors
	}
	if p := x.request.Parent; p != nil {
		p.Actions = almost(t, "parent's actions", someActions, subset(t, "parent's few", someActions))
		p.Audience = almost(t, "parent's audience", someAudience, subset(t, "parent's little", someAudience))
		p.ExpiresAt = now.Add(time.Duration(almost(t, "parent ends", rapid.Int64Range(int64(time.Second), int64(2*time.Hour)).Draw(t, "in"), 0, -int64(time.Minute))))
		p.Confirmation = almost(t, "parent's key", domain.Confirmation{}, byKey, byCert, domain.Confirmation{KeyThumbprint: "other"})
	}
	if p := x.request.Present; p != nil {
		p.UserID = almost(t, "who", anaID, bobID)
		p.Claims = almost(t, "claims", p.Claims, nil)
	}
	x.request.Confirmation = rapid.SampledFrom(someConfirmations).Draw(t, "key")
	return x
}

// What an exchange gives never exceeds what was lent, what the template lets, or
// the token that was exchanged, and goes to nobody who is not listed.
func TestExchangesAreBounded(t *testing.T) {
	granted, handed, byTemplate, denied := 0, 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		x := anyExchange(t)
		g, d := x.decide()
		if d != nil {
			denied++
			if len(d.Reasons) == 0 || fmt.Sprint(g) != fmt.Sprint(policy.Grant{}) {
				t.Fatalf("a denial with %+v, for %v", g, codes(d))
			}
			return
		}
		granted++
		c, p := x.all[0], x.request.Parent
		actions, audiences := [][]string{c.Delegation.Actions, c.Role.Actions}, [][]string{reach(x, c.Delegation.Resources)}
		lives := []time.Duration{c.Delegation.MaxDuration}
		constraints := []domain.SenderConstraint{c.Delegation.Constraint()}
		if m := c.Template; m != nil {
			byTemplate++
			actions, audiences, lives = append(actions, m.Actions), append(audiences, reach(x, m.Resources)), append(lives, m.MaxDuration)
			if m.SenderConstrained != "" {
				constraints = append(constraints, m.SenderConstrained)
			}
			if !m.Enabled || !c.Linked || (p == nil && (x.request.Present == nil || x.request.Present.UserID != anaID || !policy.Meets(*m, x.request.Present.Claims))) {
				t.Fatalf("granted by a template that does not stand, or to who does not meet it: %+v", x.request)
			}
		}
		if p != nil {
			actions, audiences, lives = append(actions, p.Actions), append(audiences, p.Audience), append(lives, p.ExpiresAt.Sub(now.Truncate(time.Second)))
			if !p.Confirmation.None() && p.Confirmation != g.Confirmation {
				t.Fatalf("a token bound to %+v went to %+v", p.Confirmation, g.Confirmation)
			}
		}
		for _, bound := range actions {
			within(t, "actions", g.Actions, bound)
		}
		for _, bound := range audiences {
			within(t, "audience", g.Audience, bound)
		}
		if least := slices.Min(lives); g.Lifetime > least || g.Lifetime <= 0 || least-g.Lifetime >= time.Second {
			t.Fatalf("lifetime %s of %v", g.Lifetime, lives)
		}
		for _, demanded := range constraints {
			if !demanded.Admits(g.Confirmation) || g.Confirmation != x.request.Confirmation {
				t.Fatalf("bound to %+v, and %s is demanded", g.Confirmation, demanded)
			}
		}
		checkChain(t, x, g)
		if len(x.chain) > 0 {
			handed++
		}
	})
	if granted == 0 || handed == 0 || byTemplate == 0 || denied == 0 {
		t.Fatalf("the draws prove nothing: %d grants, %d handed on, %d by templates, %d denials", granted, handed, byTemplate, denied)
	}
}

func reach(x *exchange, resources []string) []string {
	if len(resources) == 0 {
		return []string{x.settings.DefaultAudience}
	}
	return resources
}

func checkChain(t *rapid.T, x *exchange, g policy.Grant) {
	most := x.settings.MaxChain
	if most == 0 {
		most = policy.DefaultMaxChain
	}
	var want []string // the last first, the first agent last
	for i := len(x.chain) - 1; i >= 0; i-- {
		a := x.chain[i]
		if a.Status != domain.StatusActive || !slices.Contains(x.first().SubAgents, a.ClientID) || a.ClientID == clientID || slices.Contains(want, a.ClientID) ||
			(x.template() != nil && !slices.Contains(x.template().SubAgents, a.ClientID)) {
			t.Fatalf("handed on to %s", a.ClientID)
		}
		want = append(want, a.ClientID)
	}
	want = append(want, clientID)
	got := []string{g.ClientID}
	for _, a := range g.Earlier {
		got = append(got, a.ClientID)
	}
	if !slices.Equal(got, want) || len(got) > most || (len(x.chain) > 0 && x.request.Parent == nil) {
		t.Fatalf("actors %v, want %v, and at most %d", got, want, most)
	}
}

// No sequence of exchanges ever widens actions, audience or lifetime, whatever
// becomes of the delegation between them.
func TestNoSequenceOfExchangesWidens(t *testing.T) {
	lengths := map[int]int{}
	rapid.Check(t, func(t *rapid.T) {
		x := handedOn(0)
		if rapid.Bool().Draw(t, "template?") {
			x = present()
		}
		x.request.Parent = nil
		x.first().SubAgents = []string{agentID(1), agentID(2), agentID(3)}
		if m := x.template(); m != nil {
			m.SubAgents = x.first().SubAgents
		}
		x.settings.MaxChain = 4
		var last policy.Grant
		var ends time.Time
		for step := range rapid.IntRange(2, 6).Draw(t, "steps") {
			if step > 0 {
				if rapid.Bool().Draw(t, "edited?") {
					anyTerms(t, x)
				}
				x.now = x.now.Add(time.Duration(rapid.Int64Range(0, int64(10*time.Minute)).Draw(t, "later")))
				x.request.Present = nil
				x.request.Parent = &policy.Parent{Actions: last.Actions, Audience: last.Audience, ExpiresAt: ends, Confirmation: last.Confirmation}
				if n := len(x.chain); n < 3 && rapid.Bool().Draw(t, "handed on?") {
					x.chain = append(x.chain, link(n+1))
					x.request.ClientID, x.proof.Selectors = agentID(n+1), link(n+1).Selectors
				}
			}
			x.request.Confirmation = last.Confirmation
			if last.Confirmation.None() {
				x.request.Confirmation = almost(t, "key", domain.Confirmation{}, byKey, byCert)
			}
			x.request.Actions = almost(t, "asked", nil, subset(t, "few", someActions))
			x.request.TTL = almost(t, "ttl", 0, time.Minute, time.Hour)
			g, d := x.decide()
			if d != nil {
				lengths[step]++
				return
			}
			until := x.now.Truncate(time.Second).Add(g.Lifetime)
			if step > 0 {
				within(t, "actions", g.Actions, last.Actions)
				within(t, "audience", g.Audience, last.Audience)
				if until.After(ends) || g.Subject != last.Subject || g.DelegationID != last.DelegationID || len(g.Earlier) < len(last.Earlier) ||
					(!last.Confirmation.None() && g.Confirmation != last.Confirmation) {
					t.Fatalf("after %+v until %s came %+v until %s", last, ends, g, until)
				}
			}
			last, ends = g, until
		}
		lengths[6]++
	})
	if lengths[6] == 0 || lengths[1]+lengths[2]+lengths[3] == 0 {
		t.Fatalf("the draws prove nothing: %v", lengths)
	}
}
