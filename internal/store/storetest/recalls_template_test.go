package storetest

import (
	"slices"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/store"
)

// Every kind of change to what a template's delegation rests on, in the direction
// that takes something away and in the other.
func TestWhichTemplateChangesRecall(t *testing.T) {
	templ := func(change func(*domain.DelegationTemplate)) func(*templateWorld) {
		return func(w *templateWorld) { w.change(change) }
	}
	provider := func(change func(*domain.IdentityProviderSettings)) func(*templateWorld) {
		return func(w *templateWorld) {
			w.changeProvider(func(p *domain.IdentityProvider) { change(&p.Settings) })
		}
	}
	enabled := func(on bool) func(*templateWorld) {
		return templ(func(d *domain.DelegationTemplate) { d.Enabled = on })
	}
	groups := func(names ...string) func(*templateWorld) {
		return templ(func(d *domain.DelegationTemplate) { d.Conditions[0].Values = names })
	}
	for name, tt := range map[string]struct{ takes, gives func(*templateWorld) }{
		"disabled": {enabled(false), enabled(true)},
		"deleted": {func(w *templateWorld) {
			w.must(w.s.DeleteDelegationTemplate(w.t.Context(), w.template.ID, func(d domain.DelegationTemplate) (domain.Event, error) {
				return did("delegation_template.delete", d.ID), nil
			}))
		}, nil},
		"fewer actions":     {templ(func(d *domain.DelegationTemplate) { d.Actions = []string{aRead} }), templ(func(d *domain.DelegationTemplate) { d.Actions = []string{aRead, aRefund} })},
		"shorter":           {templ(func(d *domain.DelegationTemplate) { d.MaxDuration = time.Minute }), templ(func(d *domain.DelegationTemplate) { d.MaxDuration = 2 * time.Hour })},
		"other resources":   {templ(func(d *domain.DelegationTemplate) { d.Resources = []string{uriA} }), templ(func(d *domain.DelegationTemplate) { d.Resources = []string{uriA, uriB} })},
		"fewer groups":      {groups("support"), groups("support", "finance")},
		"bound":             {templ(func(d *domain.DelegationTemplate) { d.SenderConstrained = domain.SenderAny }), templ(func(d *domain.DelegationTemplate) { d.SenderConstrained = domain.SenderUnconstrained })},
		"a name alone":      {nil, templ(func(d *domain.DelegationTemplate) { d.Name = "Another" })},
		"disabled provider": {func(w *templateWorld) { w.changeProvider(func(p *domain.IdentityProvider) { p.Enabled = false }) }, func(w *templateWorld) { w.changeProvider(func(p *domain.IdentityProvider) { p.Enabled = true }) }},
		"provider's keys":   {provider(func(p *domain.IdentityProviderSettings) { p.JWKSURL = "https://id.example.com/keys" }), nil},
		"provider's token":  {provider(func(p *domain.IdentityProviderSettings) { p.Audience = "other" }), nil},
		"provider's sign-in": {nil, provider(func(p *domain.IdentityProviderSettings) {
			p.SignIn, p.ClientID, p.Scopes = true, "console", []string{"email"}
		})},
		"link removed": {func(w *templateWorld) {
			w.must(w.s.DeleteIdentityLink(w.t.Context(), w.provider.ID, w.link.Subject, func(l domain.IdentityLink) (domain.Event, error) {
				return did("identity_link.delete", l.Subject), nil
			}))
		}, func(w *templateWorld) { putLinked(w.t, w.s, w.provider, w.ana, "ana") }},
		"suspended person": {func(w *templateWorld) { w.user(func(u *domain.User) { u.Status = domain.StatusSuspended }) }, func(w *templateWorld) { w.user(func(u *domain.User) { u.Status = domain.StatusActive }) }},
		// The rule of the template gives the role: its person need not hold it.
		"role taken":     {nil, func(w *templateWorld) { w.user(func(u *domain.User) { u.Roles = []string{} }) }},
		"role's actions": {func(w *templateWorld) { w.role(aRead) }, func(w *templateWorld) { w.role(aRead, aRefund) }},
		"agent":          {func(w *templateWorld) { w.agent(func(a *domain.Agent) { a.Status = domain.StatusSuspended }) }, func(w *templateWorld) { w.agent(func(a *domain.Agent) { a.Status = domain.StatusActive }) }},
	} {
		t.Run(name, func(t *testing.T) {
			Each(t, func(t *testing.T, s *store.Store) {
				w := newTemplateWorld(t, s)
				putResource(t, s, "C", "https://c.example.com")
				if tt.takes != nil {
					w.wantRecall(func(*recallWorld) { tt.takes(w) })
				}
				if tt.gives != nil {
					w.wantNone(func(*recallWorld) { tt.gives(w) })
				}
			})
		})
	}
}

// A template's sub-agents end its delegations' chains, and no one else's.
func TestATemplatesSubAgents(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newTemplateWorld(t, s)
		w.change(func(d *domain.DelegationTemplate) { d.SubAgents = ids(w.other) })
		w.delegation(func(d *domain.Delegation) { d.SubAgents = ids(w.other) })
		x := &exchangeWorld{recallWorld: w.recallWorld}
		parent := x.token("parent")
		child := x.handOn(parent, "child", w.other)
		w.change(func(d *domain.DelegationTemplate) { d.SubAgents = []string{} })
		w.wantCounts("the chain", false, child)
		w.wantCounts("the agent alone", true, parent)
	})
}

// A snapshot has what a template's delegation rests on, and what is gone is gone.
func TestAuthorityOfATemplate(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newTemplateWorld(t, s)
		read := func() domain.Candidate {
			t.Helper()
			a, _ := authority(t, s, w.support.ClientID, w.lent.ID, "")
			x, err := s.ExchangeAuthority(t.Context(), ids(w.support), w.lent.ID)
			if err != nil || len(a.Delegations) != 1 || len(x.Delegations) != 1 || x.Delegations[0].Linked != a.Delegations[0].Linked ||
				(x.Delegations[0].Template == nil) != (a.Delegations[0].Template == nil) {
				t.Fatalf("%+v\n%+v, %v", a, x, err)
			}
			return a.Delegations[0]
		}
		if c := read(); c.Template == nil || c.Template.ID != w.template.ID || c.Provider == nil || c.Provider.ID != w.provider.ID || !c.Linked {
			t.Errorf("%+v", c)
		}
		// A link elsewhere is none here.
		w.must(s.DeleteIdentityLink(t.Context(), w.provider.ID, "ana", func(domain.IdentityLink) (domain.Event, error) { return did("identity_link.delete", "ana"), nil }))
		putLinked(t, s, putProvider(t, s, "Other", "https://other.example.com"), w.ana, "ana")
		putLinked(t, s, w.provider, w.bob, "bob")
		if read().Linked {
			t.Error("they are linked still")
		}
		w.must(s.DeleteDelegationTemplate(t.Context(), w.template.ID, func(domain.DelegationTemplate) (domain.Event, error) {
			return did("delegation_template.delete", w.template.ID), nil
		}))
		if c := read(); c.Template != nil || c.Provider != nil || c.Linked || c.Delegation.TemplateID != w.template.ID {
			t.Errorf("%+v", c)
		}
	})
}

// What templates made never crowds out what an unnamed request may get.
func TestAuthorityPutsTemplatesLast(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newTemplateWorld(t, s)
		live := lend(t, s, w.bob, w.support, func(d *domain.Delegation) { d.EndsAt = t0.Add(time.Hour) })
		disabled := lend(t, s, w.bob, w.support, func(d *domain.Delegation) { d.Status = domain.DelegationDisabled })
		revoked := lend(t, s, w.bob, w.support, func(d *domain.Delegation) { d.Status = domain.DelegationRevoked })
		putLinked(t, s, w.provider, w.bob, "bob")
		lend(t, s, w.bob, w.support, func(d *domain.Delegation) { d.TemplateID, d.Status = w.template.ID, domain.DelegationRevoked })
		_, got := authority(t, s, w.support.ClientID, "", "")
		want := []string{live.ID, disabled.ID, revoked.ID, w.lent.ID}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}
