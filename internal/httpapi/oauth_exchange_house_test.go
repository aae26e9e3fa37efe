package httpapi_test

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/attest/oidctest"
	"authsec/internal/domain"
)

const (
	exchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange"
	accessTokenOf = "urn:ietf:params:oauth:token-type:access_token"
	idTokenOf     = "urn:ietf:params:oauth:token-type:id_token"
	jwtOf         = "urn:ietf:params:oauth:token-type:jwt"
)

// worker is an agent that authenticates with a secret of its own.
type worker struct {
	domain.Agent
	as request
}

func (h *house) worker(name string) worker {
	h.t.Helper()
	a, secret, err := h.dir.CreateAgent(h.t.Context(), domain.System(), domain.AgentSpec{Name: name, Type: "custom", Platform: "other"})
	h.must(err)
	return worker{a, basic(a, secret)}
}

// hands is a chain of agents: a member lends to the first, which may hand on to
// the second and the third; the last is nobody's.
type hands struct {
	*house
	first, second, third, stranger worker
	lent                           domain.DelegationView
}

func newHands(t *testing.T, o options) *hands {
	t.Helper()
	o.nobodySignedIn = true
	h := newHouse(t, o)
	x := &hands{house: h, first: h.worker("First"), second: h.worker("Second"), third: h.worker("Third"), stranger: h.worker("Stranger")}
	_, _, err := h.dir.CreateResource(t.Context(), domain.System(), domain.ResourceSpec{Name: "Orders", URI: ordersURI})
	h.must(err)
	x.lent, err = h.del.Create(t.Context(), h.member.caller(), domain.DelegationSpec{Role: h.role, ClientID: x.first.ClientID, Actions: []string{"billing:read", "orders:read"},
		MaxDuration: time.Hour, Resources: []string{h.resource.URI, ordersURI}, SubAgents: []string{x.second.ClientID, x.third.ClientID}})
	h.must(err)
	return x
}

const ordersURI = "https://orders.example.com"

// fetched is a token that the first agent fetched, with parameters.
func (h *hands) fetched(parameters ...string) string {
	h.t.Helper()
	return h.ask(parameters, h.first.as).want(200).member("access_token")
}

// swap asks for an exchange, of an access token unless the parameters say
// otherwise.
func (h *house) swap(by request, token string, parameters ...string) answer {
	h.t.Helper()
	all := append([]string{"grant_type", exchangeGrant, "subject_token", token}, parameters...)
	if !slices.Contains(parameters, "subject_token_type") {
		all = append(all, "subject_token_type", accessTokenOf)
	}
	var changes []request
	if by != nil {
		changes = append(changes, by)
	}
	return h.ask(all, changes...)
}

// given is the token that an exchange gave.
func (a answer) given() string { a.t.Helper(); return a.want(200).member("access_token") }

// active reports whether a resource would take a token now.
func (h *hands) active(compact string) bool {
	h.t.Helper()
	return h.introspect(compact, h.asBilling()).want(200).body != inactive
}

// login is an identity provider, whose people in the group support lend to an agent.
type login struct {
	*house
	issuer   *oidctest.Issuer
	provider domain.IdentityProvider
	template domain.DelegationTemplate
	agent    worker
	helper   worker // to which it may hand on
}

func newLogin(t *testing.T, o options) *login {
	t.Helper()
	o.nobodySignedIn = true
	h := newHouse(t, o)
	l := &login{house: h, issuer: oidctest.New(t, ""), agent: h.worker("Assistant"), helper: h.worker("Helper")}
	var err error
	l.provider, err = h.dir.CreateIdentityProvider(t.Context(), h.admin.caller(), domain.IdentityProviderSpec{Name: "Login", Enabled: true,
		Settings: domain.IdentityProviderSettings{Issuer: l.issuer.URL(), CABundle: l.issuer.CABundle(), Audience: h.publicURL.String(), CreateUsers: true}})
	h.must(err)
	l.template = l.lendsBy("groups", "support")
	return l
}

func (l *login) lendsBy(claim, value string) domain.DelegationTemplate {
	l.t.Helper()
	made, err := l.dir.CreateDelegationTemplate(l.t.Context(), l.admin.caller(), domain.DelegationTemplateSpec{Name: "By " + value, Enabled: true, ClientID: l.agent.ClientID,
		ProviderID: l.provider.ID, Conditions: []domain.ClaimCondition{{Claim: claim, Values: []string{value}}}, Role: l.role, Actions: []string{"billing:read", "orders:read"},
		MaxDuration: 30 * time.Minute, SubAgents: []string{l.helper.ClientID}})
	l.must(err)
	return made
}

// badge is a person's ID token, with changes; a nil value drops a claim.
func (l *login) badge(changes object) string {
	l.t.Helper()
	claims := object{"sub": "person-1", "email": "pat@example.com", "email_verified": true, "name": "Support Lead", "groups": []string{"staff", "support"}}
	for name, v := range changes {
		claims[name] = v
	}
	return l.issuer.Sign(l.issuer.Claims(l.clock.Now(), l.publicURL.String(), claims))
}

// present exchanges a person's ID token.
func (l *login) present(badge string, parameters ...string) answer {
	l.t.Helper()
	return l.swap(l.agent.as, badge, append([]string{"subject_token_type", idTokenOf}, parameters...)...)
}

// jsonPart decodes one part of a compact JWS.
func jsonPart(t *testing.T, compact string, n int) map[string]any {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(compact, ".")[n])
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
