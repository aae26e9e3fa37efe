package storetest

import (
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/store"
)

// exchangeWorld is a delegation whose agent may hand its tokens on to two others.
type exchangeWorld struct {
	*recallWorld
	first, second domain.Agent
}

func newExchangeWorld(t *testing.T, s *store.Store) *exchangeWorld {
	t.Helper()
	w := &exchangeWorld{recallWorld: newRecallWorld(t, s), first: putAgent(t, s, "Ledger"), second: putAgent(t, s, "Archive")}
	w.delegation(func(d *domain.Delegation) { d.SubAgents = ids(w.first, w.second) })
	return w
}

// ids are the client IDs of agents, in the order of their making.
func ids(agents ...domain.Agent) []string {
	out := []string{}
	for _, a := range agents {
		out = append(out, a.ClientID)
	}
	return out
}

// exchangeAuthority is what a decision for the chain rests on.
func (w *exchangeWorld) exchangeAuthority(chain ...domain.Agent) domain.Authority {
	w.t.Helper()
	a, err := w.s.ExchangeAuthority(w.t.Context(), append([]string{w.support.ClientID}, ids(chain...)...), w.lent.ID)
	w.must(err)
	if len(a.Delegations) != 1 || len(a.Chain) != len(chain) {
		w.t.Fatalf("of the chain: %+v", a)
	}
	return a
}

// token is one of the agent's own.
func (w *exchangeWorld) token(id string) domain.TokenRef {
	w.t.Helper()
	return domain.TokenRef{Status: w.status(w.lent), ID: id}
}

// handover is one that was just decided on, for t0's tokens.
func (w *exchangeWorld) handover(parent domain.TokenRef, id string, chain ...domain.Agent) domain.Handover {
	w.t.Helper()
	a := w.exchangeAuthority(chain...)
	return domain.Handover{DelegationID: w.lent.ID, Chain: domain.ChainKey(ids(chain...)), Status: a.Delegations[0].Status, Change: a.Change,
		Parent: parent, TokenID: id, Audience: []string{uriA}, ExpiresAt: t0.Add(time.Hour)}
}

// handOn exchanges a token for one of the chain.
func (w *exchangeWorld) handOn(parent domain.TokenRef, id string, chain ...domain.Agent) domain.TokenRef {
	w.t.Helper()
	status, err := w.s.StartExchange(w.t.Context(), w.handover(parent, id, chain...))
	w.must(err)
	if status.List == 0 {
		w.t.Fatal("the token cannot be recalled")
	}
	return domain.TokenRef{Status: status, ID: id}
}

// counts reports whether a token counts: whether nothing is recorded against it.
func (w *recallWorld) counts(r domain.TokenRef) bool {
	w.t.Helper()
	return tokenState(w.t, w.s, r.Status, r.ID) == domain.TokenState{Known: true}
}

func (w *recallWorld) wantCounts(what string, want bool, refs ...domain.TokenRef) {
	w.t.Helper()
	for _, r := range refs {
		if got := w.counts(r); got != want {
			w.t.Errorf("%s: token %s counts: %v, want %v", what, r.ID, got, want)
		}
	}
}

func putProvider(t *testing.T, s *store.Store, name, issuer string) domain.IdentityProvider {
	t.Helper()
	p := domain.IdentityProvider{ID: newID(t), Name: name, Enabled: true, CreatedAt: t0, UpdatedAt: t0,
		Settings: domain.IdentityProviderSettings{Issuer: issuer, Audience: "authsec", MaxTokenSeconds: 600}}
	if err := s.CreateIdentityProvider(t.Context(), p, did("identity_provider.create", p.ID)); err != nil {
		t.Fatal(err)
	}
	return p
}

func putLinked(t *testing.T, s *store.Store, p domain.IdentityProvider, u domain.User, subject string) domain.IdentityLink {
	t.Helper()
	l := domain.IdentityLink{ProviderID: p.ID, Subject: subject, UserID: u.ID, CreatedAt: t0}
	if err := s.CreateIdentityLink(t.Context(), l, did("identity_link.create", subject)); err != nil {
		t.Fatal(err)
	}
	return l
}

func newTemplate(t *testing.T, name string, p domain.IdentityProvider, a domain.Agent) domain.DelegationTemplate {
	t.Helper()
	return domain.DelegationTemplate{ID: newID(t), Name: name, Enabled: true, ClientID: a.ClientID, ProviderID: p.ID,
		Conditions: []domain.ClaimCondition{{Claim: "groups", Values: []string{"support", "finance"}}}, Role: "support",
		Actions: []string{aRead, aRefund}, MaxDuration: time.Hour, Resources: []string{}, SubAgents: []string{}, CreatedAt: t0, UpdatedAt: t0}
}

func putTemplate(t *testing.T, s *store.Store, d domain.DelegationTemplate) domain.DelegationTemplate {
	t.Helper()
	if err := s.CreateDelegationTemplate(t.Context(), d, did("delegation_template.create", d.ID)); err != nil {
		t.Fatal(err)
	}
	return d
}

// templateWorld is a person who lent by a template, beside a recallWorld's own.
type templateWorld struct {
	*recallWorld
	provider domain.IdentityProvider
	link     domain.IdentityLink
	template domain.DelegationTemplate
}

// newTemplateWorld puts what the template made where the suite's steps look for it.
func newTemplateWorld(t *testing.T, s *store.Store) *templateWorld {
	t.Helper()
	w := &templateWorld{recallWorld: newRecallWorld(t, s)}
	w.provider = putProvider(t, s, "People", "https://id.example.com")
	w.link = putLinked(t, s, w.provider, w.ana, "ana")
	w.template = putTemplate(t, s, newTemplate(t, "Support by people", w.provider, w.support))
	id, err := s.Lend(t.Context(), w.provider.ID, w.link.Subject, w.template.ID, func(d *domain.LoanDraft) ([]domain.Event, error) {
		made := w.made(d.User.ID)
		d.NewDelegation = &made
		return []domain.Event{did("delegation.create", made.ID)}, nil
	})
	w.must(err)
	lent, err := s.Delegation(t.Context(), id)
	w.must(err)
	revoke(t, s, w.lent.ID) // the template's alone is looked at
	w.lent = lent.Delegation
	return w
}

// made is what the template makes for a user.
func (w *templateWorld) made(userID string) domain.Delegation {
	w.t.Helper()
	return domain.Delegation{ID: newID(w.t), ClientID: w.support.ClientID, Role: w.template.Role, DelegatorID: userID, Actions: w.template.Actions,
		MaxDuration: w.template.MaxDuration, Resources: []string{}, TemplateID: w.template.ID, Status: domain.DelegationActive, CreatedAt: t0, UpdatedAt: t0}
}

func (w *templateWorld) change(change func(*domain.DelegationTemplate)) {
	w.t.Helper()
	_, err := w.s.UpdateDelegationTemplate(w.t.Context(), w.template.ID, func(d *domain.DelegationTemplate) (domain.Event, error) {
		change(d)
		return did("delegation_template.update", d.ID), nil
	})
	w.must(err)
}

func (w *templateWorld) changeProvider(change func(*domain.IdentityProvider)) {
	w.t.Helper()
	_, err := w.s.UpdateIdentityProvider(w.t.Context(), w.provider.ID, func(p *domain.IdentityProvider) (domain.Event, error) {
		change(p)
		return did("identity_provider.update", p.ID), nil
	})
	w.must(err)
}
