package httpapi_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"authsec/internal/attest/oidctest"
	"authsec/internal/directory"
	"authsec/internal/domain"
)

// One agent serves many people, each token naming its own person (RFC 8693 §1.1,
// delegation), by the signature of a real issuer.
func TestPeopleLendWhileTheyArePresent(t *testing.T) {
	h := newLogin(t, options{})
	one := h.present(h.badge(nil)).accessToken()
	two := h.present(h.badge(object{"sub": "person-2", "email": "second@example.com"})).accessToken()
	again := h.present(h.badge(object{"email": "moved@example.com"})).accessToken()
	user, err := h.dir.User(t.Context(), one["sub"].(string)) //nolint:forcetypeassert // a test
	h.must(err)
	if user.Email != "pat@example.com" || user.Level != domain.LevelMember || len(user.Roles) != 0 || one["email"] != user.Email || one["role"] != h.role ||
		one["scope"] != "billing:read orders:read" || one["attestation"] != "secret" || !slices.Equal(chainOf(one), []string{h.agent.ClientID}) || mustJSON(t, one["aud"]) != `["authsec-api"]` {
		t.Errorf("%+v, %v", user, one)
	}
	if two["sub"] == one["sub"] || two["delegation_id"] == one["delegation_id"] || again["sub"] != one["sub"] || again["delegation_id"] != one["delegation_id"] {
		t.Errorf("%v, %v, then %v", one, two, again)
	}
	for action, want := range map[string]int{"user.create": 2, "identity_link.create": 2, "delegation.create": 2} {
		list, err := h.store.Events(t.Context(), domain.EventFilter{Action: action, Actor: h.agent.ClientID}, domain.Page{Limit: 10})
		h.must(err)
		if len(list.Items) != want || !strings.Contains(string(list.Items[0].Details), `"provider_id":"`+h.provider.ID+`"`) {
			t.Errorf("%d events %s", len(list.Items), action)
		}
	}
	h.present(h.badge(nil), "scope", "billing:refund").want(400)
	if got := h.present(h.badge(nil), "scope", "orders:read", "ttl", "60").accessToken(); got["scope"] != "orders:read" {
		t.Errorf("%v", got)
	}
	// A key that the issuer rotates to is found.
	h.issuer.Rotate("ES256")
	h.clock.Advance(2 * time.Minute)
	h.present(h.badge(nil)).want(200)
}

// RFC 8693 §2.2.2: tokens of people that are no good, each told why.
func TestRFC8693_2_2_2_PeoplesTokens(t *testing.T) {
	h := newLogin(t, options{})
	elsewhere := oidctest.New(t, "")
	now := h.clock.Now()
	good := h.issuer.Claims(now, h.publicURL.String(), object{"sub": "person-1", "groups": "support"})
	key := oidctest.NewKey(t, "a", "ES256")
	signer := h.signer(key)
	for _, c := range []struct {
		name, token, kind string
		by                request
		code, own, told   string
	}{
		{name: "for another audience", token: h.badge(object{"aud": "https://app.example.com"}), told: "audience"},
		{name: "for its issuer's own endpoints", token: h.badge(object{"aud": h.issuer.URL()}), told: "audience"},
		{name: "expired", token: h.badge(object{"iat": now.Add(-time.Hour).Unix(), "exp": now.Add(-time.Minute).Unix()}), told: "expired"},
		{name: "not valid yet", token: h.badge(object{"nbf": now.Add(time.Minute).Unix()}), told: "not valid yet"},
		{name: "that lives too long", token: h.badge(object{"exp": now.Add(400 * 24 * time.Hour).Unix()}), told: "longer"},
		{name: "without a subject", token: h.badge(object{"sub": ""}), told: "sub"},
		{name: "of an issuer that is not known", token: elsewhere.Sign(elsewhere.Claims(now, h.publicURL.String(), object{"groups": "support"})), told: "no identity provider"},
		{name: "of another's key", token: oidctest.Sign(t, oidctest.NewKey(t, "key-1", "RS256"), good, nil), told: "signature"},
		{name: "of another type", token: oidctest.Sign(t, h.issuer.Current(), good, object{"typ": "logout+jwt"}), told: "type"},
		{name: "an ID token as an access token", token: h.badge(nil), kind: accessTokenOf, told: "type"},
		{name: "an agent's own SVID", token: h.badge(object{"sub": "spiffe://authsec.local/agent/" + h.agent.ClientID}), told: "workload"},
		{name: "an agent's own assertion", token: h.assert(key, signer, nil), told: "workload"},
		{name: "of a person who meets no template", token: h.badge(object{"groups": []string{"staff"}}), own: "template_not_satisfied", told: "template"},
		{name: "for an agent without a template", token: h.badge(nil), by: h.helper.as, own: "template_not_satisfied", told: "template"},
		{name: "without an email that is verified", token: h.badge(object{"email_verified": false}), own: "person_not_linked", told: "administrator"},
		{name: "with a user's email", token: h.badge(object{"email": strings.ToUpper(h.member.Email)}), own: "person_not_linked", told: "administrator"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.t = t
			if c.own == "" {
				c.own = "invalid_subject_token"
			}
			if c.kind == "" {
				c.kind = idTokenOf
			}
			if c.by == nil {
				c.by = h.agent.as
			}
			a := h.swap(c.by, c.token, "subject_token_type", c.kind)
			checkOAuthError(t, a, 400, "invalid_request", c.own)
			if !strings.Contains(a.member("error_description"), c.told) || strings.Contains(a.body, c.token) {
				t.Errorf("%s", a.body)
			}
		})
	}
	if list, err := h.store.Events(t.Context(), domain.EventFilter{Action: "user.create", Actor: h.agent.ClientID}, domain.Page{Limit: 10}); err != nil || len(list.Items) != 0 {
		t.Errorf("somebody was made a user: %+v %v", list.Items, err)
	}
}

// A workload's token never passes for a person: no issuer is both a workload source
// and an identity provider.
func TestAWorkloadIsNobodysPerson(t *testing.T) {
	h := newLogin(t, options{})
	var err error
	h.admin.token, _, err = h.signIn.CreateAPIToken(t.Context(), h.admin.caller(), domain.APITokenSpec{Name: "automation"})
	h.must(err)
	h.call("POST", "/api/v1/workload-sources", object{"name": "Actions", "kind": "oidc", "oidc": githubSource()}, bearer(h.admin.token)).want(201)
	runner := h.runner()
	proof := h.runnerToken(nil).Reveal()
	checkOAuthError(t, h.swap(nil, proof, "subject_token_type", jwtOf, "client_id", runner.ClientID, "client_assertion_type", jwtBearer, "client_assertion", proof), 400, "invalid_request", "invalid_subject_token")
	checkOAuthError(t, h.swap(h.agent.as, proof, "subject_token_type", jwtOf), 400, "invalid_request", "invalid_subject_token")
	issuer, _ := githubSource()["issuer"].(string)
	_, err = h.dir.CreateIdentityProvider(t.Context(), h.admin.caller(), domain.IdentityProviderSpec{Name: "Actions", Enabled: true,
		Settings: domain.IdentityProviderSettings{Issuer: issuer, Audience: h.publicURL.String()}})
	if domain.KindOf(err) != domain.Conflict {
		t.Errorf("the issuer of a workload source is an identity provider's, too: %v", err)
	}
}

// (issuer, subject) makes a person a user: by an admin's link where the provider
// may not make users.
func TestAnAdminLinksAPerson(t *testing.T) {
	h := newLogin(t, options{})
	_, err := h.dir.UpdateIdentityProvider(t.Context(), h.admin.caller(), h.provider.ID,
		directory.ProviderChange{Settings: func(s *domain.IdentityProviderSettings) { s.CreateUsers = false }})
	h.must(err)
	checkOAuthError(t, h.present(h.badge(nil)), 400, "invalid_request", "person_not_linked")
	_, err = h.dir.LinkIdentity(t.Context(), h.admin.caller(), h.other.ID, h.provider.ID, "person-1")
	h.must(err)
	got := h.present(h.badge(object{"email": nil})).accessToken()
	if got["sub"] != h.other.ID || got["email"] != h.other.Email {
		t.Errorf("%v", got)
	}
	suspended := domain.StatusSuspended
	_, err = h.dir.UpdateUser(t.Context(), h.admin.caller(), h.other.ID, domain.UserPatch{Status: &suspended})
	h.must(err)
	checkOAuthError(t, h.present(h.badge(nil)), 400, "invalid_request", "delegator_inactive")
}

// What a person lends needs them: nobody else can name it, and a sub-agent gets it
// by exchange alone. Whatever ends it recalls all of it.
func TestWhatAPersonLentIsRecalled(t *testing.T) {
	for _, c := range []struct {
		name  string
		end   func(h *login, delegationID string)
		after string // of the next try; "" : it works again
	}{
		{"the delegation is revoked", func(h *login, id string) {
			_, err := h.del.Revoke(h.t.Context(), h.admin.caller(), id, "")
			h.must(err)
		}, "delegation_ended"},
		{"the delegation is disabled", func(h *login, id string) {
			_, err := h.del.Disable(h.t.Context(), h.admin.caller(), id, "")
			h.must(err)
		}, "delegation_ended"},
		{"the template gives less", func(h *login, _ string) {
			less := []string{"billing:read"}
			_, err := h.dir.UpdateDelegationTemplate(h.t.Context(), h.admin.caller(), h.template.ID, directory.TemplateChange{Actions: &less})
			h.must(err)
		}, ""},
		{"the template is disabled", func(h *login, _ string) {
			_, err := h.dir.DisableDelegationTemplate(h.t.Context(), h.admin.caller(), h.template.ID)
			h.must(err)
		}, "template_not_satisfied"},
		{"the template is deleted", func(h *login, _ string) {
			h.must(h.dir.DeleteDelegationTemplate(h.t.Context(), h.admin.caller(), h.template.ID))
		}, "template_not_satisfied"},
		{"the provider is disabled", func(h *login, _ string) {
			_, err := h.dir.DisableIdentityProvider(h.t.Context(), h.admin.caller(), h.provider.ID)
			h.must(err)
		}, "invalid_subject_token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newLogin(t, options{})
			mine := h.present(h.badge(nil)).given()
			theirs := h.swap(h.helper.as, mine).given()
			id, _ := claimsOf(t, mine)["delegation_id"].(string)
			checkOAuthError(t, h.ask([]string{"delegation_id", id}, h.agent.as), 400, "invalid_grant", "presence_required")
			checkOAuthError(t, h.ask(nil, h.agent.as), 400, "invalid_grant", "no_delegation")
			counts := func(compact string) bool { return h.introspect(compact, h.asBilling()).want(200).body != inactive }
			if !counts(mine) || !counts(theirs) {
				t.Fatal("they do not count to begin with")
			}
			c.end(h, id)
			if counts(mine) || counts(theirs) {
				t.Errorf("they count: %v, %v", counts(mine), counts(theirs))
			}
			if c.after == "" {
				if got := h.present(h.badge(nil)).accessToken(); got["scope"] != "billing:read" || got["delegation_id"] != id {
					t.Errorf("%v", got)
				}
				return
			}
			checkOAuthError(t, h.present(h.badge(nil)), 400, "invalid_request", c.after)
		})
	}
}

// Two first exchanges at once are one person, one link and one delegation.
func TestFirstExchangesAtOnce(t *testing.T) {
	h := newLogin(t, options{})
	badge := h.badge(nil)
	h.present(badge, "scope", "billing:refund").want(400) // the issuer's keys are fetched
	const many = 6
	answers := make([]answer, many)
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() { answers[i] = h.present(badge) })
	}
	all.Wait()
	for _, a := range answers {
		if a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		if got, first := claimsOf(t, a.member("access_token")), claimsOf(t, answers[0].member("access_token")); got["sub"] != first["sub"] || got["delegation_id"] != first["delegation_id"] {
			t.Errorf("%v and %v", got, first)
		}
	}
}

// A provider that does not answer makes a 503: the token may be good.
func TestAnIssuerThatIsDown(t *testing.T) {
	h := newLogin(t, options{})
	h.issuer.Down(true)
	checkOAuthError(t, h.present(h.badge(nil)), 503, "temporarily_unavailable", "temporarily_unavailable")
}
