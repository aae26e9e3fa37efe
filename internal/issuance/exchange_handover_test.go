package issuance_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/issuance"
	"authsec/internal/token"
)

// The receiving agent becomes the actor, the one before it nests, and the rest is
// the token's (RFC 8693 §4.1).
func TestAHandedOverTokenNestsItsActors(t *testing.T) {
	h := newTrade(t)
	got, c := h.exchange(t, secondID, h.first(t))
	if !slices.Equal(actors(c), []string{secondID, frontID}) || c.Actor.Subject != "spiffe://authsec.local/agent/"+secondID || c.Actor.Act.Subject != "spiffe://authsec.local/agent/"+frontID {
		t.Errorf("act %+v", c.Actor)
	}
	if c.ClientID != secondID || c.SPIFFEID != c.Actor.Subject || c.Subject != anaID || c.Email != "ana@example.com" || c.DelegationID != lentID || c.Role != "support" ||
		!slices.Equal(c.Actions(), []string{read, refund}) || !slices.Equal(c.Audience, []string{apiURI, ordersURI}) || c.Attestation != "k8s" {
		t.Errorf("claims %+v", c)
	}
	if third, c := h.exchange(t, thirdID, got.Token); !slices.Equal(actors(c), []string{thirdID, secondID, frontID}) || third.ID == got.ID {
		t.Errorf("act %+v", c.Actor)
	}
}

// Whoever asks narrows; nobody widens.
func TestAnExchangeNarrows(t *testing.T) {
	h := newTrade(t)
	narrow := h.first(t, func(r *issuance.Request) {
		r.Actions, r.Audience, r.TTL = []string{read}, []string{apiURI}, 10*time.Minute
	})
	parent := h.claims(t, narrow)
	h.clock.Advance(4 * time.Minute)
	if _, c := h.exchange(t, secondID, narrow); c.Scope != read || !slices.Equal(c.Audience, []string{apiURI}) || c.ExpiresAt != parent.ExpiresAt {
		t.Errorf("claims %+v", c)
	}
	wide := h.first(t)
	_, c := h.exchange(t, secondID, wide, func(r *issuance.ExchangeRequest) {
		r.Actions, r.Audience, r.TTL = []string{refund}, []string{ordersURI}, time.Minute
	})
	if c.Scope != refund || !slices.Equal(c.Audience, []string{ordersURI}) || c.ExpiresAt-c.IssuedAt != 60 {
		t.Errorf("claims %+v", c)
	}
	h.refused(t, domain.Forbidden, "action_not_delegated", asking(secondID, narrow, func(r *issuance.ExchangeRequest) { r.Actions = []string{refund} }))
	h.refused(t, domain.Forbidden, "audience_not_allowed", asking(secondID, narrow, func(r *issuance.ExchangeRequest) { r.Audience = []string{ordersURI} }))
}

// The token's own agent may narrow it: the chain stays as it is.
func TestAnAgentNarrowsItsOwnToken(t *testing.T) {
	h := newTrade(t)
	first := h.first(t)
	_, c := h.exchange(t, frontID, first, func(r *issuance.ExchangeRequest) { r.Actions = []string{read} })
	if !slices.Equal(actors(c), []string{frontID}) || c.Scope != read || refOf(t, c) != refOf(t, h.claims(t, first)) {
		t.Errorf("claims %+v", c)
	}
	second, before := h.exchange(t, secondID, first)
	if _, c := h.exchange(t, secondID, second.Token, func(r *issuance.ExchangeRequest) { r.TTL = time.Minute }); !slices.Equal(actors(c), []string{secondID, frontID}) || refOf(t, c) != refOf(t, before) {
		t.Errorf("claims %+v", c)
	}
}

// One status index per delegation and actor chain; the store knows of each token
// what it was made from, before it is signed.
func TestAHandoverIsToldToTheStore(t *testing.T) {
	h := newTrade(t)
	first := h.first(t)
	parent := h.claims(t, first)
	got, c := h.exchange(t, secondID, first)
	if len(h.world.handed) != 1 {
		t.Fatalf("%d handovers", len(h.world.handed))
	}
	want := domain.Handover{DelegationID: lentID, Chain: secondID, Change: h.world.change, Parent: domain.TokenRef{Status: refOf(t, parent), ID: parent.ID},
		TokenID: got.ID, Audience: []string{apiURI, ordersURI}, ExpiresAt: got.ExpiresAt}
	if g := h.world.handed[0]; g.DelegationID != want.DelegationID || g.Chain != want.Chain || g.Change != want.Change || g.Parent != want.Parent || g.TokenID != want.TokenID ||
		!slices.Equal(g.Audience, want.Audience) || !g.ExpiresAt.Equal(want.ExpiresAt) || g.Status != (domain.StatusRef{}) {
		t.Errorf("told %+v, want %+v", g, want)
	}
	if refOf(t, c) == refOf(t, parent) {
		t.Error("a chain has its parent's index")
	}
	if _, again := h.exchange(t, secondID, first); refOf(t, again) != refOf(t, c) || h.world.handed[1].Status != refOf(t, c) {
		t.Error("one chain has two indexes")
	}
	if _, other := h.exchange(t, thirdID, first); refOf(t, other) == refOf(t, c) {
		t.Error("two chains have one index")
	}
}

// The event says what the token was made from, and names the agents of the chain.
func TestAnExchangeIsOneEvent(t *testing.T) {
	h := newTrade(t)
	first := h.first(t)
	got, _ := h.exchange(t, secondID, first)
	list := h.world.taken(t)
	if len(list) != 1 {
		t.Fatalf("%d events", len(list))
	}
	ev := list[0]
	var details struct {
		ID       string `json:"jti"`
		Exchange struct {
			SubjectToken string   `json:"subject_token"`
			Chain        []string `json:"chain"`
		} `json:"exchange"`
	}
	must(t, json.Unmarshal(ev.Details, &details))
	if ev.Action != "token.issue" || ev.Outcome != domain.OutcomeSuccess || ev.Actor.ID != secondID || ev.ClientID != secondID || ev.DelegationID != lentID ||
		details.ID != got.ID || details.Exchange.SubjectToken != h.claims(t, first).ID || !slices.Equal(details.Exchange.Chain, []string{frontID, secondID}) {
		t.Errorf("%+v %s", ev, ev.Details)
	}
	if whole, err := ev.Encode(); err != nil || strings.Contains(string(whole), first.Reveal()) || strings.Contains(string(whole), got.Token.Reveal()) {
		t.Errorf("the event holds a token: %s %v", whole, err)
	}
	if h.metrics.all()["issued langchain"] != 2 {
		t.Errorf("counted %v", h.metrics.all())
	}
}

// What is unknown, foreign, expired or recalled, and what is not the caller's to
// exchange, is answered alike; the audit log knows the difference.
func TestSubjectTokensAreRefusedAlike(t *testing.T) {
	h := newTrade(t)
	answers := map[string]bool{}
	for _, tt := range []struct {
		name string
		why  string // in the event
		ask  func(t *testing.T) issuance.ExchangeRequest
	}{
		{"not a token", "not a JWT", func(*testing.T) issuance.ExchangeRequest { return asking(secondID, "abc") }},
		{"forged", "signature", func(t *testing.T) issuance.ExchangeRequest {
			first := h.first(t).Reveal()
			i := strings.LastIndex(first, ".") + 1
			return asking(secondID, domain.Secret(first[:i]+strings.Repeat("A", len(first)-i)))
		}},
		{"another type of ours", "at+jwt", func(t *testing.T) issuance.ExchangeRequest {
			signed, err := (&token.Minter{Issuer: issuer, Signer: newKey()}).SignPayload(t.Context(), token.TypRecall, []byte(`{"iss":"`+issuer+`"}`), h.clock.Now())
			must(t, err)
			return asking(secondID, domain.Secret(signed))
		}},
		{"expired", "expired", func(t *testing.T) issuance.ExchangeRequest {
			first := h.first(t, func(r *issuance.Request) { r.TTL = time.Minute })
			h.clock.Advance(time.Minute) // no leeway: its end is by our own clock
			return asking(secondID, first)
		}},
		{"recalled by itself", "revoked", func(t *testing.T) issuance.ExchangeRequest {
			first := h.first(t)
			h.world.revoke(h.claims(t, first).ID)
			return asking(secondID, first)
		}},
		{"recalled with its delegation", "recalled", func(t *testing.T) issuance.ExchangeRequest {
			first := h.first(t)
			h.setLent(func(d *domain.Delegation) { d.Actions = []string{read} })
			h.setLent(func(d *domain.Delegation) { d.Actions = []string{read, refund} })
			return asking(secondID, first)
		}},
		{"as an ID token", "no ID token", func(t *testing.T) issuance.ExchangeRequest {
			return asking(secondID, h.first(t), func(r *issuance.ExchangeRequest) { r.SubjectKind = issuance.IDToken })
		}},
		{"without a place in a status list", "cannot be recalled", func(t *testing.T) issuance.ExchangeRequest {
			c := h.claims(t, h.first(t))
			c.Status = nil
			return asking(secondID, h.minted(t, c))
		}},
		{"of no delegation", "cannot be recalled", func(t *testing.T) issuance.ExchangeRequest {
			c := h.claims(t, h.first(t))
			c.DelegationID = ""
			return asking(secondID, h.minted(t, c))
		}},
		{"in another's name", "does not say what", func(t *testing.T) issuance.ExchangeRequest {
			c := h.claims(t, h.first(t))
			c.Subject = nobodyID
			return asking(secondID, h.minted(t, c))
		}},
		{"of an agent that never had it", "no such delegation", func(t *testing.T) issuance.ExchangeRequest {
			c := h.claims(t, h.first(t))
			c.Actor.ClientID = strangerID
			return asking(strangerID, h.minted(t, c), func(r *issuance.ExchangeRequest) { r.ClientID = secondID })
		}},
		{"of a delegation that does not list the caller", "does not let its agent", func(t *testing.T) issuance.ExchangeRequest {
			return asking(strangerID, h.first(t))
		}},
		{"the same, and more than it holds", "does not let its agent", func(t *testing.T) issuance.ExchangeRequest {
			return asking(strangerID, h.first(t), func(r *issuance.ExchangeRequest) { r.Actions = []string{orders} })
		}},
		{"the same, of another delegation", "no such delegation", func(t *testing.T) issuance.ExchangeRequest {
			return asking(strangerID, h.first(t), func(r *issuance.ExchangeRequest) { r.DelegationID = nobodyID })
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := tt.ask(t)
			e := h.refused(t, domain.Invalid, issuance.CodeSubjectToken, r)
			answers[e.Public] = true
			list := h.world.taken(t)
			if len(list) != 1 || list[0].Outcome != domain.OutcomeRefused || list[0].Count != 0 || list[0].Actor.ID != r.ClientID {
				t.Fatalf("events %+v", list)
			}
			var reasons []string
			for _, reason := range list[0].Reasons {
				reasons = append(reasons, reason.Message)
			}
			if !strings.Contains(strings.Join(reasons, " "), tt.why) || strings.Contains(e.Error(), r.Subject.Reveal()) {
				t.Errorf("the event says %q", reasons)
			}
		})
	}
	if len(answers) != 1 {
		t.Errorf("%d answers tell them apart: %v", len(answers), answers)
	}
}

// minted is a token of ours that nothing here would make.
func (h *trade) minted(t testing.TB, c token.Claims) domain.Secret {
	t.Helper()
	signed, err := h.Minter.Mint(t.Context(), c, h.clock.Now())
	must(t, err)
	return domain.Secret(signed)
}

func (h *trade) setLent(fn func(*domain.Delegation)) {
	h.world.edit(func(w *world) {
		d := w.delegations[lentID]
		fn(&d)
		w.delegations[lentID] = d
	})
}

func (h *trade) setAgent(id string, fn func(*domain.Agent)) {
	h.world.edit(func(w *world) {
		a := w.agents[id]
		fn(&a)
		w.agents[id] = a
	})
}
