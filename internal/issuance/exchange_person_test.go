package issuance_test

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/identity"
	"authsec/internal/issuance"
	"authsec/internal/policy"
)

// lentBy are the delegations that a template made.
func (w *world) lentBy(template string) []domain.Delegation {
	var out []domain.Delegation
	for _, id := range slices.Sorted(maps.Keys(w.delegations)) {
		if w.delegations[id].TemplateID == template {
			out = append(out, w.delegations[id])
		}
	}
	return out
}

// The first exchange makes the user, the link and the delegation; the token names
// the person, and the agent as the actor.
func TestAPersonWhoIsPresentLends(t *testing.T) {
	h := newTrade(t)
	got, c := h.exchange(t, frontID, badge(t, nil))
	lent := h.world.lentBy(templateID)
	if len(lent) != 1 || len(h.world.links) != 1 {
		t.Fatalf("%d delegations, %d links", len(lent), len(h.world.links))
	}
	d, link := lent[0], h.world.links[0]
	user := h.world.users[link.UserID]
	if user.Email != "pat@example.com" || user.Name != "Support Lead" || user.Level != domain.LevelMember || len(user.Roles) != 0 || user.PasswordHash != "" || !user.Active() {
		t.Errorf("made the user %+v", user)
	}
	if link.ProviderID != providerID || link.Subject != "person-1" || d.DelegatorID != user.ID || d.ClientID != frontID || d.Role != "support" || !slices.Equal(d.Actions, []string{read}) ||
		d.MaxDuration != 30*time.Minute || len(d.Resources) != 0 || !slices.Equal(d.SubAgents, []string{secondID}) || d.Status != domain.DelegationActive || !d.EndsAt.IsZero() {
		t.Errorf("link %+v, delegation %+v", link, d)
	}
	if c.Subject != user.ID || c.Email != user.Email || c.DelegationID != d.ID || !slices.Equal(actors(c), []string{frontID}) || c.Scope != read || c.ExpiresAt-c.IssuedAt != 1800 ||
		!slices.Equal(c.Audience, []string{"authsec-api"}) || c.Status == nil || got.Attestation != "k8s" {
		t.Errorf("claims %+v", c)
	}
	var said []string
	for _, ev := range h.world.taken(t) {
		said = append(said, ev.Action)
		if ev.Actor != (domain.Party{Type: "agent", ID: frontID, Name: "Agent 01", Via: domain.ViaSDK}) || ev.ClientID != frontID || ev.IP != "192.0.2.7" || ev.RequestID != "req-1" {
			t.Errorf("%s is by %+v", ev.Action, ev.Actor)
		}
		var details struct {
			ProviderID string           `json:"provider_id"`
			Subject    string           `json:"subject"`
			Exchange   *json.RawMessage `json:"exchange"`
		}
		must(t, json.Unmarshal(ev.Details, &details))
		if ev.Action == "token.issue" {
			must(t, json.Unmarshal(*details.Exchange, &details))
		}
		if details.ProviderID != providerID || details.Subject != "person-1" {
			t.Errorf("%s says %s", ev.Action, ev.Details)
		}
	}
	if want := []string{"user.create", "identity_link.create", "delegation.create", "token.issue"}; !slices.Equal(said, want) {
		t.Errorf("events %v, want %v", said, want)
	}
	// And from then on, nothing but tokens.
	if _, again := h.exchange(t, frontID, badge(t, map[string]any{"email": "moved@example.com"})); again.DelegationID != d.ID || again.Subject != user.ID {
		t.Errorf("claims %+v", again)
	}
	if n := len(h.world.taken(t)); n != 1 || len(h.world.lentBy(templateID)) != 1 || h.world.users[user.ID].Email != "pat@example.com" {
		t.Errorf("%d events the second time", n)
	}
}

// One agent serves many people, each token naming its own person.
func TestEachPersonHasTheirOwnDelegation(t *testing.T) {
	h := newTrade(t)
	_, one := h.exchange(t, frontID, badge(t, nil))
	_, two := h.exchange(t, frontID, badge(t, map[string]any{"sub": "person-2", "email": "second@example.com"}))
	if one.Subject == two.Subject || one.DelegationID == two.DelegationID || refOf(t, one) == refOf(t, two) {
		t.Errorf("%+v and %+v", one, two)
	}
}

// A person is known by (issuer, subject), whatever email their token says.
func TestALinkAndNeverAnEmailMakesAUser(t *testing.T) {
	h := newTrade(t)
	taken := badge(t, map[string]any{"email": "ana@example.com"})
	e := h.refused(t, domain.Forbidden, issuance.CodeNotLinked, asking(frontID, taken))
	if !strings.Contains(e.Public, "administrator") || len(h.world.lentBy(templateID)) != 0 || len(h.world.links) != 0 {
		t.Errorf("%q, links %v", e.Public, h.world.links)
	}
	h.setProvider(func(p *domain.IdentityProvider) { p.Settings.CreateUsers = false })
	if same := h.refused(t, domain.Forbidden, issuance.CodeNotLinked, asking(frontID, badge(t, nil))); same.Public != e.Public {
		t.Errorf("%q tells who has an account: %q", e.Public, same.Public)
	}
	h.world.edit(func(w *world) {
		w.links = append(w.links, domain.IdentityLink{ProviderID: providerID, Subject: "person-1", UserID: anaID})
	})
	if _, c := h.exchange(t, frontID, badge(t, map[string]any{"email": nil})); c.Subject != anaID || c.Email != "ana@example.com" || c.DelegationID == lentID {
		t.Errorf("claims %+v", c)
	}
	// She holds the role, but the template does not ask for that.
	h.world.edit(func(w *world) {
		u := w.users[anaID]
		u.Roles = nil
		w.users[anaID] = u
	})
	h.exchange(t, frontID, badge(t, nil))
}

func (h *trade) setProvider(fn func(*domain.IdentityProvider)) {
	h.world.edit(func(w *world) {
		p := w.providers[providerID]
		fn(&p)
		w.providers[providerID] = p
	})
}

func (h *trade) setTemplate(fn func(*domain.DelegationTemplate)) {
	h.world.edit(func(w *world) {
		x := w.templates[templateID]
		fn(&x)
		w.templates[templateID] = x
	})
}

// setLoan changes the delegation that the first exchange made.
func (h *trade) setLoan(fn func(*domain.Delegation)) {
	h.world.edit(func(w *world) {
		d := w.lentBy(templateID)[0]
		fn(&d)
		w.delegations[d.ID] = d
	})
}

func TestAPersonsTokenIsRefused(t *testing.T) {
	good := func(t *testing.T) domain.Secret { return badge(t, nil) }
	with := func(name string, value any) func(*testing.T) domain.Secret {
		return func(t *testing.T) domain.Secret { return badge(t, map[string]any{name: value}) }
	}
	for _, tt := range []struct {
		name    string
		code    string
		setUp   func(t *testing.T, h *trade)
		subject func(*testing.T) domain.Secret
		change  change
	}{
		{name: "a provider that is not known", code: issuance.CodeSubjectToken, subject: with("iss", "https://elsewhere.example.com")},
		{name: "no issuer", code: issuance.CodeSubjectToken, subject: with("iss", nil)},
		{name: "our own issuer, and no token of ours", code: issuance.CodeSubjectToken, subject: with("iss", issuer)},
		{name: "a workload's SVID", code: issuance.CodeSubjectToken, subject: with("sub", "spiffe://authsec.local/ns/production/sa/support")},
		{name: "an agent's own assertion", code: issuance.CodeSubjectToken, subject: func(t *testing.T) domain.Secret {
			return badge(t, map[string]any{"iss": frontID, "sub": frontID})
		}},
		{name: "no template's person", code: policy.CodeTemplate, subject: with("groups", []string{"staff"})},
		{name: "no groups", code: policy.CodeTemplate, subject: with("groups", nil)},
		{name: "another agent", code: policy.CodeTemplate, subject: good, change: func(r *issuance.ExchangeRequest) { r.ClientID = secondID }},
		{name: "another role", code: policy.CodeTemplate, subject: good, change: func(r *issuance.ExchangeRequest) { r.Role = "finance" }},
		{name: "another delegation", code: policy.CodeNoDelegation, subject: good, change: func(r *issuance.ExchangeRequest) { r.DelegationID = lentID }},
		{name: "more than the template gives", code: policy.CodeActionNotDelegated, subject: good, change: func(r *issuance.ExchangeRequest) { r.Actions = []string{refund} }},
		{name: "an audience of another", code: policy.CodeAudienceNotAllowed, subject: good, change: func(r *issuance.ExchangeRequest) { r.Audience = []string{apiURI} }},
		{name: "a template that is off", code: policy.CodeTemplate, subject: good, setUp: func(_ *testing.T, h *trade) {
			h.setTemplate(func(x *domain.DelegationTemplate) { x.Enabled = false })
		}},
		{name: "no email that the provider vouches for", code: issuance.CodeNotLinked, subject: with("email_verified", false)},
		{name: "no email", code: issuance.CodeNotLinked, subject: with("email", nil)},
		{name: "an email that is none", code: issuance.CodeNotLinked, subject: with("email", "pat")},
		{name: "two templates", code: policy.CodeAmbiguousDelegation, subject: good, setUp: func(_ *testing.T, h *trade) {
			h.world.edit(func(w *world) {
				other := w.templates[templateID]
				other.ID = "0190a000-0000-7000-8000-000000000e02"
				w.templates[other.ID] = other
			})
		}},
		{name: "a suspended person, before their first", code: policy.CodeDelegatorInactive, subject: good, setUp: func(_ *testing.T, h *trade) {
			h.world.edit(func(w *world) {
				u := w.users[anaID]
				u.Status = domain.StatusSuspended
				w.users[anaID] = u
				w.links = append(w.links, domain.IdentityLink{ProviderID: providerID, Subject: "person-1", UserID: anaID})
			})
		}},
		{name: "a suspended person", code: policy.CodeDelegatorInactive, subject: good, setUp: func(t *testing.T, h *trade) {
			_, c := h.exchange(t, frontID, good(t))
			h.world.edit(func(w *world) {
				u := w.users[c.Subject]
				u.Status = domain.StatusSuspended
				w.users[u.ID] = u
			})
		}},
		{name: "what they lent was revoked", code: policy.CodeDelegationEnded, subject: good, setUp: func(t *testing.T, h *trade) {
			h.exchange(t, frontID, good(t))
			h.setLoan(func(d *domain.Delegation) { d.Status = domain.DelegationRevoked })
		}},
		{name: "what they lent is disabled", code: policy.CodeDelegationEnded, subject: good, setUp: func(t *testing.T, h *trade) {
			h.exchange(t, frontID, good(t))
			h.setLoan(func(d *domain.Delegation) { d.Status = domain.DelegationDisabled })
		}},
		{name: "a key is demanded", code: policy.CodeConstraint, subject: good, setUp: func(_ *testing.T, h *trade) {
			h.setTemplate(func(x *domain.DelegationTemplate) { x.SenderConstrained = domain.SenderDPoP })
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newTrade(t)
			if tt.setUp != nil {
				tt.setUp(t, h)
			}
			users, lent := len(h.world.users), len(h.world.delegations)
			h.world.taken(t)
			r := asking(frontID, tt.subject(t))
			if tt.change != nil {
				tt.change(&r)
			}
			got, err := h.Exchange(t.Context(), r)
			e, ok := errors.AsType[*domain.Error](err)
			if !ok || e.Code != tt.code || got.Token != "" || e.Kind == domain.Internal {
				t.Fatalf("%+v %v, want %s", got, err, tt.code)
			}
			list := h.world.taken(t)
			if len(list) == 0 {
				t.Fatal("nothing is in the log")
			}
			last := list[len(list)-1]
			if last.Action != "token.issue" || last.Outcome != domain.OutcomeRefused || last.Actor.ID != r.ClientID || last.Reasons[0].Code != tt.code {
				t.Errorf("the event says %+v", last)
			}
			// Who lends too little lends all the same; who may not lend leaves nothing behind.
			lends := slices.Contains([]string{policy.CodeActionNotDelegated, policy.CodeAudienceNotAllowed, policy.CodeNoDelegation, policy.CodeConstraint}, tt.code)
			if made := len(h.world.users) > users || len(h.world.delegations) > lent; made != lends || (len(list) > 1) != lends {
				t.Errorf("made something: %v, want %v; events %+v", made, lends, list)
			}
		})
	}
}

// The agent's own proof, whatever signed it, never stands for a person.
func TestTheProofOfAWorkloadIsNoPersons(t *testing.T) {
	h := newTrade(t)
	h.Attestor = anything{pods{clock: h.clock}}
	person := badge(t, nil)
	h.refused(t, domain.Invalid, issuance.CodeSubjectToken, asking(frontID, person, func(r *issuance.ExchangeRequest) { r.Proof.Bearer = person }))
}

// A provider that does not answer makes a 503, and never a refusal.
func TestAProviderIsAway(t *testing.T) {
	h := newTrade(t)
	h.People = desk{err: domain.Errorf(domain.Unavailable, "temporarily_unavailable", "The identity provider does not answer.")}
	h.refused(t, domain.Unavailable, "temporarily_unavailable", asking(frontID, badge(t, nil)))
}

// Why a person's token is not good is told: its holder can read it.
func TestAPersonsTokenIsExplained(t *testing.T) {
	h := newTrade(t)
	h.People = desk{err: domain.Errorf(domain.Unauthenticated, identity.CodeInvalidToken, "The token has expired. Fetch a new one.")}
	if e := h.refused(t, domain.Invalid, issuance.CodeSubjectToken, asking(frontID, badge(t, nil))); e.Public != "The token has expired. Fetch a new one." {
		t.Errorf("%q", e.Public)
	}
}

// A delegation that a template made gives nothing without its person: not to
// whoever names it, and to a sub-agent by exchange alone.
func TestWhatAPersonLendsNeedsThem(t *testing.T) {
	h := newTrade(t)
	got, c := h.exchange(t, frontID, badge(t, nil))
	r := asking(frontID, "").Request
	r.DelegationID = c.DelegationID
	if _, err := h.Issue(t.Context(), r); domain.CodeOf(err) != policy.CodePresenceRequired {
		t.Errorf("without the person: %v", err)
	}
	_, handed := h.exchange(t, secondID, got.Token)
	if !slices.Equal(actors(handed), []string{secondID, frontID}) || handed.Subject != c.Subject {
		t.Errorf("claims %+v", handed)
	}
	// The provider's person lends to the front agent, whoever holds their token.
	h.refused(t, domain.Forbidden, policy.CodeTemplate, asking(secondID, badge(t, nil)))
	// A template that gives less now: what is out is recalled, what comes gives that.
	h.setTemplate(func(x *domain.DelegationTemplate) { x.SubAgents = nil })
	for _, claims := range []any{refOf(t, handed)} {
		if ref, ok := claims.(domain.StatusRef); !ok || !h.world.retired[ref] {
			t.Error("the sub-agent's token counts")
		}
	}
}

// What nobody has changed since follows the template, and what somebody narrowed
// stays narrow.
func TestALoanFollowsItsTemplate(t *testing.T) {
	h := newTrade(t)
	h.exchange(t, frontID, badge(t, nil))
	h.setTemplate(func(x *domain.DelegationTemplate) {
		x.Actions, x.Resources = []string{read, refund}, []string{ordersURI}
	})
	got, _ := h.exchange(t, frontID, badge(t, nil))
	if !slices.Equal(got.Actions, []string{read, refund}) || !slices.Equal(got.Audience, []string{ordersURI}) {
		t.Errorf("%v for %v", got.Actions, got.Audience)
	}
	if d := h.world.lentBy(templateID); len(d) != 1 || !d[0].UpdatedAt.Equal(d[0].CreatedAt) {
		t.Errorf("%+v", d)
	}
	before := len(h.world.taken(t))
	h.setLoan(func(d *domain.Delegation) {
		d.Actions, d.UpdatedAt = []string{refund}, d.UpdatedAt.Add(time.Minute)
	})
	h.setTemplate(func(x *domain.DelegationTemplate) { x.MaxDuration = time.Hour })
	if got, _ := h.exchange(t, frontID, badge(t, nil)); !slices.Equal(got.Actions, []string{refund}) {
		t.Errorf("what was narrowed gives %v", got.Actions)
	}
	if before == 0 {
		t.Error("nothing was recorded")
	}
}

// A token that was verified by settings which hold no more gives nothing.
func TestProviderSettingsChangeMeanwhile(t *testing.T) {
	h := newTrade(t)
	h.exchange(t, frontID, badge(t, nil))
	h.world.beforeLend = func() {
		h.setProvider(func(p *domain.IdentityProvider) { p.Settings.JWKSURL = "https://elsewhere.example.com/keys" })
	}
	h.refused(t, domain.Unavailable, "temporarily_unavailable", asking(frontID, badge(t, nil)))
	h.world.beforeLend = nil
	h.exchange(t, frontID, badge(t, nil))
}
