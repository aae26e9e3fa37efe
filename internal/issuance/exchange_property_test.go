package issuance_test

import (
	"slices"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/issuance"
	"authsec/internal/policy"
	"authsec/internal/token"

	"pgregory.net/rapid"
)

// held is a token that was issued in a run, and the one that it was made from.
type held struct {
	compact domain.Secret
	claims  token.Claims
	parent  *held
	status  domain.StatusRef
}

// dead reports whether a token is recalled.
func (h *trade) dead(x *held) bool { return h.world.retired[x.status] || h.world.revoked[x.claims.ID] }

// has reports whether an agent is in a token's chain.
func (x *held) has(id string) bool { return slices.Contains(actors(x.claims), id) }

var someAgents = []string{frontID, secondID, thirdID, fourthID, strangerID}

func some(t *rapid.T, label string, from ...string) []string {
	var out []string
	for _, m := range from {
		if rapid.IntRange(0, 2).Draw(t, label) > 0 {
			out = append(out, m)
		}
	}
	return out
}

// run is a sequence of exchanges, with what others do between them.
type run struct {
	*trade
	t      *testing.T
	tokens []*held
	counts map[string]int
}

func (r *run) keep(t *rapid.T, compact domain.Secret, parent *held) *held {
	c, err := token.Parse(compact.Reveal(), newKey().find, token.Expectation{Issuer: issuer, AnyAudience: true, AnyKey: true, Now: r.clock.Now()})
	if err != nil {
		t.Fatal(err)
	}
	x := &held{compact, c, parent, refOf(r.t, c)}
	r.tokens = append(r.tokens, x)
	return x
}

// fetch is a first token, if there is one to have.
func (r *run) fetch(t *rapid.T) {
	ask := asking(frontID, "").Request
	ask.DelegationID = lentID
	if got, err := r.Issue(r.t.Context(), ask); err == nil {
		r.keep(t, got.Token, nil)
	}
}

// exchangeAny tries one; what it gives must not exceed what it was made from.
func (r *run) exchangeAny(t *rapid.T) {
	parent := rapid.SampledFrom(r.tokens).Draw(t, "token")
	by := rapid.SampledFrom(someAgents).Draw(t, "by")
	ask := asking(by, parent.compact, func(x *issuance.ExchangeRequest) {
		if rapid.IntRange(0, 2).Draw(t, "asks?") == 0 {
			x.Actions, x.Audience = some(t, "asked", read, refund, orders), some(t, "for", apiURI, ordersURI, "authsec-api")
		}
		if rapid.Bool().Draw(t, "ttl?") {
			x.TTL = time.Duration(rapid.IntRange(60, 7200).Draw(t, "ttl")) * time.Second
		}
	})
	was := r.dead(parent) || !r.clock.Now().Before(time.Unix(parent.claims.ExpiresAt, 0))
	got, err := r.Exchange(r.t.Context(), ask)
	if err != nil {
		if k := domain.KindOf(err); k == domain.Internal || k == domain.Unavailable {
			t.Fatal(err)
		}
		r.counts["refused"]++
		return
	}
	child := r.keep(t, got.Token, parent)
	r.counts[map[bool]string{true: "narrowed", false: "handed over"}[by == parent.claims.ClientID]]++
	r.check(t, child, by, ask, was)
}

func (r *run) check(t *rapid.T, child *held, by string, ask issuance.ExchangeRequest, wasDead bool) {
	p, c := child.parent.claims, child.claims
	d := r.world.delegations[lentID]
	chain := actors(p)
	if by != p.ClientID {
		chain = append([]string{by}, chain...)
	}
	subset := func(what string, got, of []string) {
		for _, m := range got {
			if !slices.Contains(of, m) {
				t.Fatalf("%s %v exceed %v", what, got, of)
			}
		}
	}
	for _, of := range [][]string{p.Actions(), d.Actions, r.world.roles["support"].Actions} {
		subset("actions", c.Actions(), of)
	}
	subset("audience", c.Audience, p.Audience)
	if len(ask.Actions) > 0 {
		subset("actions", c.Actions(), ask.Actions)
	}
	if len(ask.Audience) > 0 {
		subset("audience", c.Audience, ask.Audience)
	}
	switch {
	case wasDead:
		t.Fatal("a token that was recalled or had ended was exchanged")
	case c.ExpiresAt > p.ExpiresAt || c.ExpiresAt-c.IssuedAt > int64(d.MaxDuration/time.Second) || (ask.TTL > 0 && c.ExpiresAt-c.IssuedAt > int64(ask.TTL/time.Second)):
		t.Fatalf("it lives until %d, the first until %d", c.ExpiresAt, p.ExpiresAt)
	case !slices.Equal(actors(c), chain) || len(chain) > policy.DefaultMaxChain || c.ClientID != by:
		t.Fatalf("its actors are %v, want %v", actors(c), chain)
	case c.Subject != p.Subject || c.DelegationID != p.DelegationID || c.Role != p.Role:
		t.Fatalf("in another name: %+v", c)
	case r.dead(child):
		t.Fatal("it is recalled before it leaves")
	}
	for i, id := range chain {
		if i < len(chain)-1 && !slices.Contains(d.SubAgents, id) {
			t.Fatalf("%s is in the chain, and not among the sub-agents %v", id, d.SubAgents)
		}
		if r.world.agents[id].Status != domain.StatusActive {
			t.Fatalf("%s is in the chain, and not active", id)
		}
	}
}

// happens is what goes on elsewhere: a person edits, an admin suspends, a token is revoked.
func (r *run) happens(t *rapid.T) {
	alive := map[*held]bool{}
	for _, x := range r.tokens {
		alive[x] = !r.dead(x)
	}
	switch rapid.SampledFrom([]string{"terms", "agent", "role", "revoke", "time"}).Draw(t, "what") {
	case "terms":
		r.setLent(func(d *domain.Delegation) {
			d.Actions, d.Resources = some(t, "lent", read, refund, orders), some(t, "reach", apiURI, ordersURI)
			d.SubAgents = some(t, "to", secondID, thirdID, fourthID)
			d.MaxDuration = time.Duration(rapid.IntRange(60, 7200).Draw(t, "most")) * time.Second
		})
	case "agent":
		id := rapid.SampledFrom(someAgents).Draw(t, "whose")
		r.setAgent(id, func(a *domain.Agent) {
			a.Status = rapid.SampledFrom([]domain.Status{domain.StatusActive, domain.StatusSuspended}).Draw(t, "status")
		})
		for x, was := range alive {
			if was && !x.has(id) && r.dead(x) {
				t.Fatalf("%s was suspended, and a token that it never had is recalled: %v", id, actors(x.claims))
			}
			if x.has(id) && r.world.agents[id].Status != domain.StatusActive && !r.dead(x) {
				t.Fatalf("%s is suspended, and its token counts: %v", id, actors(x.claims))
			}
		}
		r.counts["suspended"]++
	case "role":
		r.world.edit(func(w *world) {
			w.roles["support"] = domain.Role{Name: "support", Actions: some(t, "in role", read, refund, orders)}
		})
	case "revoke":
		r.world.revoke(rapid.SampledFrom(r.tokens).Draw(t, "token").claims.ID)
	case "time":
		r.clock.Advance(time.Duration(rapid.IntRange(0, 1800).Draw(t, "seconds")) * time.Second)
	}
	for _, x := range r.tokens {
		if x.parent != nil && r.dead(x.parent) && !r.dead(x) {
			t.Fatalf("what %v had is recalled, and what %v made from it is not", actors(x.parent.claims), actors(x.claims))
		}
	}
}

// No sequence of exchanges, whatever happens between them, widens actions,
// audience, lifetime or depth; and a recall takes along what was made from it.
func TestNoSequenceOfExchangesWidens(t *testing.T) {
	counts := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		r := &run{trade: newTrade(t), t: t, counts: counts}
		r.fetch(rt)
		for range rapid.IntRange(4, 24).Draw(rt, "steps") {
			switch rapid.IntRange(0, 7).Draw(rt, "step") {
			case 0:
				r.fetch(rt)
			case 1:
				r.happens(rt)
			default:
				r.exchangeAny(rt)
			}
		}
	})
	for _, what := range []string{"refused", "narrowed", "handed over", "suspended"} {
		if counts[what] == 0 {
			t.Errorf("the draws prove nothing: %v", counts)
		}
	}
}
