package issuance_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"authsec/internal/attest"
	"authsec/internal/domain"
	"authsec/internal/issuance"
	"authsec/internal/policy"
	"authsec/internal/token"
)

// Nothing of a token or a delegation is told before the caller is proven, and a
// stranger's request costs no look at either.
func TestAnExchangeBeginsWithWhoAsks(t *testing.T) {
	for _, tt := range []struct {
		name    string
		kind    domain.Kind
		code    string
		counted bool // aggregated, not written at once
		change  change
	}{
		{"a client that is none", domain.Invalid, "invalid_request", true, func(r *issuance.ExchangeRequest) { r.ClientID = "me" }},
		{"an unknown client", domain.NotFound, "unknown_client", true, func(r *issuance.ExchangeRequest) { r.ClientID = nobodyID }},
		{"no proof", domain.Unauthenticated, "workload_proof_required", true, func(r *issuance.ExchangeRequest) { r.Proof = issuance.Presented{} }},
		{"a bad proof", domain.Unauthenticated, "invalid_workload_proof", true, func(r *issuance.ExchangeRequest) { r.Proof = bearer("wrong") }},
		{"another workload's proof", domain.Forbidden, "selectors_not_satisfied", false, func(r *issuance.ExchangeRequest) { r.Proof = bearer("elsewhere") }},
		{"an outage", domain.Unavailable, "temporarily_unavailable", true, func(r *issuance.ExchangeRequest) { r.Proof = bearer("outage") }},
		{"no subject token", domain.Invalid, "invalid_request", true, func(r *issuance.ExchangeRequest) { r.Subject = "" }},
		{"a subject token that is too long", domain.Invalid, "invalid_request", true, func(r *issuance.ExchangeRequest) {
			r.Subject = domain.Secret(strings.Repeat("a", issuance.MaxSubjectToken+1))
		}},
		{"a kind of token that is not exchanged", domain.Invalid, "invalid_request", true, func(r *issuance.ExchangeRequest) { r.SubjectKind = "refresh_token" }},
		{"a ttl that is too short", domain.Invalid, "invalid_request", true, func(r *issuance.ExchangeRequest) { r.TTL = time.Second }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newTrade(t)
			first := h.first(t)
			h.Tokens, h.People, h.Store = untouched{t}, nil, agentsAlone{h.world, t}
			e := h.refused(t, tt.kind, tt.code, asking(secondID, first, tt.change))
			if strings.Contains(e.Public, lentID) || strings.Contains(e.Public, "delegation") {
				t.Errorf("it tells %q", e.Public)
			}
			list := h.world.taken(t)
			if tt.kind == domain.Unavailable {
				return
			}
			if len(list) != 1 || (list[0].Count == 1) != tt.counted || list[0].DelegationID != "" || len(list[0].Reasons) != 1 || list[0].Reasons[0].Code != tt.code {
				t.Errorf("events %+v", list)
			}
		})
	}
	t.Run("a suspended agent", func(t *testing.T) {
		h := newTrade(t)
		first := h.first(t)
		h.setAgent(secondID, func(a *domain.Agent) { a.Status = domain.StatusSuspended })
		h.Tokens = untouched{t}
		h.refused(t, domain.Forbidden, "agent_suspended", asking(secondID, first))
	})
	t.Run("too often", func(t *testing.T) {
		h := newTrade(t)
		first := h.first(t)
		limiter, err := issuance.NewTokenBuckets(issuance.Rates{PerClient: 0, PerAddress: 1})
		must(t, err)
		h.Limiter, h.Tokens = limiter, untouched{t}
		h.exchangeFails(t, asking(secondID, first)) // a bucket holds one
		if e := h.refused(t, domain.RateLimited, "rate_limited", asking(secondID, first)); e.RetryAfter == 0 {
			t.Error("not told how long to wait")
		}
	})
}

// exchangeFails asks and does not look at the answer.
func (h *trade) exchangeFails(t testing.TB, r issuance.ExchangeRequest) {
	t.Helper()
	h.Tokens = failing{}
	if _, err := h.Exchange(t.Context(), r); err == nil {
		t.Fatal("it gave a token")
	}
}

// untouched is asked by nobody.
type untouched struct{ t testing.TB }

func (u untouched) Live(context.Context, string) (token.Claims, domain.StatusRef, error) {
	u.t.Error("a stranger's token was looked at")
	return token.Claims{}, domain.StatusRef{}, errors.New("untouched")
}

// agentsAlone tells who the agents are, and is asked nothing else.
type agentsAlone struct {
	issuance.ExchangeStore
	t testing.TB
}

func (a agentsAlone) ExchangeAuthority(ctx context.Context, ids []string, delegationID string) (domain.Authority, error) {
	if len(ids) != 1 || delegationID != "" {
		a.t.Errorf("a stranger had the delegation %q looked at, of %v", delegationID, ids)
	}
	return a.ExchangeStore.ExchangeAuthority(ctx, ids, "")
}

func (a agentsAlone) EnabledTemplates(context.Context, string, string) ([]domain.DelegationTemplate, error) {
	a.t.Error("a stranger had the templates looked at")
	return nil, errAway
}

type failing struct{}

var errAway = errors.New("the database is away")

func (failing) Live(context.Context, string) (token.Claims, domain.StatusRef, error) {
	return token.Claims{}, domain.StatusRef{}, errAway
}

// What the decision refuses, a sub-agent that is listed is told.
func TestAHandoverIsDecided(t *testing.T) {
	for _, tt := range []struct {
		name   string
		code   string
		change func(h *trade, first domain.Secret) issuance.ExchangeRequest
	}{
		{"a token that has been here", "chain_not_allowed", func(h *trade, first domain.Secret) issuance.ExchangeRequest {
			return asking(secondID, h.chain(first, secondID, thirdID))
		}},
		{"too long a chain", "chain_not_allowed", func(h *trade, first domain.Secret) issuance.ExchangeRequest {
			return asking(fourthID, h.chain(first, secondID, thirdID))
		}},
		{"another role", "no_delegation", func(_ *trade, first domain.Secret) issuance.ExchangeRequest {
			return asking(secondID, first, func(r *issuance.ExchangeRequest) { r.Role = "finance" })
		}},
		{"another delegation", "no_delegation", func(_ *trade, first domain.Secret) issuance.ExchangeRequest {
			return asking(secondID, first, func(r *issuance.ExchangeRequest) { r.DelegationID = nobodyID })
		}},
		{"an audience more", "audience_not_allowed", func(_ *trade, first domain.Secret) issuance.ExchangeRequest {
			return asking(secondID, first, func(r *issuance.ExchangeRequest) { r.Audience = []string{apiURI, "https://other.example.com"} })
		}},
		{"an action more", "action_not_delegated", func(_ *trade, first domain.Secret) issuance.ExchangeRequest {
			return asking(secondID, first, func(r *issuance.ExchangeRequest) { r.Actions = []string{read, orders} })
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newTrade(t)
			r := tt.change(h, h.first(t))
			h.world.taken(t)
			_, err := h.Exchange(t.Context(), r)
			if domain.CodeOf(err) != tt.code {
				t.Fatalf("got %v, want %s", err, tt.code)
			}
			list := h.world.taken(t)
			if len(list) != 1 || list[0].Outcome != domain.OutcomeRefused || list[0].Actor.ID != r.ClientID || list[0].Reasons[0].Code != tt.code {
				t.Errorf("events %+v", list)
			}
		})
	}
}

// chain hands a token on from agent to agent.
func (h *trade) chain(first domain.Secret, by ...string) domain.Secret {
	for _, id := range by {
		got, err := h.Exchange(context.Background(), asking(id, first))
		if err != nil {
			panic(err)
		}
		first = got.Token
	}
	return first
}

func TestTheDepthIsTheDeployments(t *testing.T) {
	h := newTrade(t)
	h.Policy.MaxChain = 4
	last := h.chain(h.first(t), secondID, thirdID)
	if _, c := h.exchange(t, fourthID, last); len(actors(c)) != 4 {
		t.Errorf("act %v", actors(c))
	}
	h.Policy.MaxChain = 1
	h.refused(t, domain.Forbidden, policy.CodeChain, asking(secondID, h.first(t)))
}

// A delegation that demands a bound token demands it of each in the chain.
func TestAHandoverMeetsTheSenderConstraint(t *testing.T) {
	h := newTrade(t)
	first := h.first(t)
	h.world.mu.Lock()
	d := h.world.delegations[lentID]
	d.SenderConstrained = domain.SenderAny
	h.world.delegations[lentID] = d // and nothing is recalled
	h.world.mu.Unlock()
	h.refused(t, domain.Forbidden, policy.CodeConstraint, asking(secondID, first))
}

// A recall between the look at a token and the signature of the next is not lost.
func TestAHandoverLosesToARecall(t *testing.T) {
	h := newTrade(t)
	first := h.first(t)
	h.world.beforeStart = func() { h.world.revoke(h.claims(t, first).ID) }
	if e := h.refused(t, domain.Invalid, issuance.CodeSubjectToken, asking(secondID, first)); !strings.Contains(e.Public, "not valid now") {
		t.Errorf("%q", e.Public)
	}
}

// What changes under a decision is decided again, and not for ever.
func TestAStaleHandoverIsDecidedAgain(t *testing.T) {
	h := newTrade(t)
	first := h.first(t, func(r *issuance.Request) { r.Actions = []string{read} })
	times := 0
	more := func(*domain.Delegation) {} // a change of something else
	h.world.beforeStart = func() {
		if times++; times < 3 {
			h.setLent(more)
		}
	}
	if _, c := h.exchange(t, secondID, first); times != 3 || h.world.retired[refOf(t, c)] {
		t.Errorf("decided %d times", times)
	}
	h.world.beforeStart = func() { times++; h.setLent(more) }
	times = 0
	e := h.refused(t, domain.Unavailable, "temporarily_unavailable", asking(thirdID, first))
	if times != 3 || e.RetryAfter == 0 {
		t.Errorf("decided %d times, %+v", times, e)
	}
	if len(h.world.handed) != 1 {
		t.Errorf("%d handovers", len(h.world.handed))
	}
}

// What the caller proved itself with must still be so in the snapshot that is
// decided on.
func TestAWithdrawnProofProvesNothing(t *testing.T) {
	for name, withdraw := range map[string]func(h *trade){
		"a secret": func(h *trade) {
			h.world.edit(func(w *world) {
				a := w.agents[secondID]
				a.Secrets = []domain.ClientSecret{{Hash: domain.Secret("next").Hash()}}
				w.agents[secondID] = a
			})
		},
		"a workload source": func(h *trade) { h.world.edit(func(w *world) { w.sources++ }) },
		"a key":             func(h *trade) { h.setAgent(secondID, func(a *domain.Agent) { a.Keys = []domain.AgentKey{{}} }) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newTrade(t)
			secret := domain.Secret("authsec_cs_0123456789")
			h.setAgent(secondID, func(a *domain.Agent) {
				a.Platform, a.Selectors, a.Secrets = domain.PlatformOther, nil, []domain.ClientSecret{{Hash: secret.Hash()}}
			})
			first := h.first(t)
			r := asking(secondID, first, func(r *issuance.ExchangeRequest) {
				r.Proof = attest.Presented{Basic: &attest.Basic{ClientID: secondID, Secret: secret}}
			})
			_, err := h.Exchange(t.Context(), r)
			must(t, err)
			times := 0
			h.world.beforeAuthority = func() {
				if times++; times == 2 { // between the look at the caller and the decision
					withdraw(h)
				}
			}
			h.refused(t, domain.Unavailable, "temporarily_unavailable", r)
		})
	}
}

// Failures of what is asked are neither a pass nor a refusal.
func TestAnExchangeWhoseDatabaseIsAway(t *testing.T) {
	for _, method := range []string{"TokenState", "ExchangeAuthority", "StartExchange", "Record", "EnabledTemplates", "Lend"} {
		h := newTrade(t)
		subject := h.first(t)
		if method == "EnabledTemplates" || method == "Lend" {
			subject = badge(t, nil)
		}
		h.world.fails[method] = errAway
		by := secondID
		if method == "EnabledTemplates" || method == "Lend" {
			by = frontID
		}
		got, err := h.Exchange(t.Context(), asking(by, subject))
		if !errors.Is(err, errAway) || domain.KindOf(err) != domain.Internal || got.Token != "" {
			t.Errorf("%s: %+v, %v", method, got, err)
		}
	}
}

// Those who are gone since leave a token that nobody can exchange.
func TestAnAgentOfTheChainIsGone(t *testing.T) {
	for id, code := range map[string]string{frontID: issuance.CodeSubjectToken, secondID: policy.CodeChain} {
		h := newTrade(t)
		second, _ := h.exchange(t, secondID, h.first(t))
		h.world.mu.Lock()
		delete(h.world.agents, id) // and nothing is recalled
		h.world.mu.Unlock()
		if _, err := h.Exchange(t.Context(), asking(thirdID, second.Token)); domain.CodeOf(err) != code {
			t.Errorf("without %s: %v", id, err)
		}
	}
}
