package issuance_test

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/attest"
	"authsec/internal/attest/oidctest"
	"authsec/internal/clocktest"
	"authsec/internal/domain"
	"authsec/internal/identity"
	"authsec/internal/issuance"
	"authsec/internal/policy"
	"authsec/internal/revocation"
	"authsec/internal/token"
	"authsec/sdk/go/jws"

	"github.com/go-jose/go-jose/v4"
)

const (
	ordersURI  = "https://orders.example.com"
	idpIssuer  = "https://login.example.com"
	providerID = "0190a000-0000-7000-8000-000000000d01"
	templateID = "0190a000-0000-7000-8000-000000000e01"
	lentID     = "0190a000-0000-7000-8000-000000000b01"
	anaID      = "0190a000-0000-7000-8000-0000000000a1"
	frontID    = "0190a000-0000-7000-8000-00000000c001"
	secondID   = "0190a000-0000-7000-8000-00000000c002"
	thirdID    = "0190a000-0000-7000-8000-00000000c003"
	fourthID   = "0190a000-0000-7000-8000-00000000c004"
	strangerID = "0190a000-0000-7000-8000-00000000c0ff"
)

// trade is where tokens are exchanged: Ana lends to the front agent, which may
// hand on to the second, third and fourth, and people of a provider who are in the
// group support may lend to it, too. All is in memory but what decides and signs.
type trade struct {
	*issuance.Exchanger
	world   *world
	clock   *clocktest.Clock
	metrics *metrics
}

func (k key) PublishedKeys(time.Time) token.Keys { return k.find }

func newTrade(t testing.TB) *trade {
	t.Helper()
	w := newWorld()
	h := &trade{world: w, clock: clocktest.At(time.Date(2026, 5, 21, 6, 25, 36, 700_000_000, time.UTC)), metrics: &metrics{counts: map[string]int{}}}
	limiter, err := issuance.NewTokenBuckets(issuance.DefaultRates())
	must(t, err)
	h.Exchanger = &issuance.Exchanger{
		Service: &issuance.Service{Authority: w, Attestor: attest.Chain{attest.ClientSecret{}, pods{clock: h.clock}},
			Minter: &token.Minter{Issuer: issuer, Signer: newKey()}, Recorder: w, Refusals: w, Limiter: limiter, Metrics: h.metrics,
			Policy: policy.Settings{TrustDomain: "authsec.local", DefaultAudience: "authsec-api", MaxTokenTTL: 24 * time.Hour},
			Issuer: issuer, Now: h.clock.Now, Random: rand.Reader},
		Tokens: &revocation.Introspector{Deployment: revocation.Deployment{Issuer: issuer, DefaultAudience: "authsec-api"}, Keys: newKey(), Store: w, Now: h.clock.Now},
		People: desk{settings: w.settings}, Store: w,
	}
	for _, id := range []string{frontID, secondID, thirdID, fourthID, strangerID} {
		w.agents[id] = domain.Agent{ClientID: id, Name: "Agent " + id[len(id)-2:], Type: "langchain", Platform: domain.PlatformKubernetes,
			Selectors:   []domain.Selector{{Key: "k8s:ns", Value: "production"}, {Key: "k8s:sa", Value: "support"}},
			Attestation: domain.AttestationRequired, AttestationChosen: true, Status: domain.StatusActive}
	}
	w.users[anaID] = domain.User{ID: anaID, Email: "ana@example.com", Status: domain.StatusActive, Level: domain.LevelMember, Roles: []string{"support"}}
	w.roles["support"] = domain.Role{Name: "support", Actions: []string{read, refund, orders}}
	w.delegations[lentID] = domain.Delegation{ID: lentID, ClientID: frontID, Role: "support", DelegatorID: anaID, Actions: []string{read, refund},
		MaxDuration: time.Hour, Resources: []string{apiURI, ordersURI}, SubAgents: []string{secondID, thirdID, fourthID}, Status: domain.DelegationActive}
	w.give(place{lentID, ""})
	w.providers[providerID] = domain.IdentityProvider{ID: providerID, Name: "Login", Enabled: true,
		Settings: domain.IdentityProviderSettings{Issuer: idpIssuer, Audience: issuer, CreateUsers: true}}
	w.templates[templateID] = domain.DelegationTemplate{ID: templateID, Name: "Support", Enabled: true, ClientID: frontID, ProviderID: providerID,
		Conditions: []domain.ClaimCondition{{Claim: "groups", Values: []string{"support"}}}, Role: "support", Actions: []string{read},
		MaxDuration: 30 * time.Minute, SubAgents: []string{secondID}, SenderConstrained: domain.SenderUnconstrained}
	return h
}

// desk knows the people of one provider by tokens of any signature.
type desk struct {
	err      error
	settings func() domain.IdentityProviderSettings // those by which it verifies
}

func (d desk) Subject(_ context.Context, compact string, kind identity.Kind, _ time.Time) (identity.Person, error) {
	claims, err := jws.Peek(compact)
	if err != nil {
		return identity.Person{}, err
	}
	if d.err != nil {
		return identity.Person{}, d.err
	}
	if from, _ := claims.Text("iss"); from != idpIssuer || !slices.Contains([]identity.Kind{issuance.AccessToken, issuance.IDToken, issuance.JWT}, kind) {
		return identity.Person{}, domain.Errorf(domain.Unauthenticated, "unknown_issuer", "No identity provider of this server made the token.")
	}
	p := identity.Person{ProviderID: providerID, Claims: claims, Settings: d.settings()}
	p.Subject, _ = claims.Text("sub")
	p.Email, _ = claims.Text("email")
	p.Name, _ = claims.Text("name")
	p.EmailVerified, _ = claims["email_verified"].(bool)
	return p, nil
}

// badge is a person's token with good claims, and changes.
func badge(t testing.TB, changes map[string]any) domain.Secret {
	t.Helper()
	claims := map[string]any{"iss": idpIssuer, "sub": "person-1", "aud": issuer, "email": "pat@example.com", "email_verified": true, "name": "Support Lead", "groups": []string{"staff", "support"}}
	for name, v := range changes {
		claims[name] = v
		if v == nil {
			delete(claims, name)
		}
	}
	return domain.Secret(oidctest.Sign(t, badgeKey(t), claims, nil))
}

var keyOfBadges jose.JSONWebKey

func badgeKey(t testing.TB) jose.JSONWebKey {
	t.Helper()
	if keyOfBadges.Key == nil {
		keyOfBadges = oidctest.NewKey(t, "a", "ES256")
	}
	return keyOfBadges
}

// change changes a request.
type change func(*issuance.ExchangeRequest)

// asking is a request by an agent, well proven.
func asking(by string, subject domain.Secret, changes ...change) issuance.ExchangeRequest {
	r := issuance.ExchangeRequest{Request: issuance.Request{Request: policy.Request{ClientID: by}, Proof: bearer("right"), IP: "192.0.2.7", RequestID: "req-1"},
		Subject: subject, SubjectKind: issuance.AccessToken}
	for _, c := range changes {
		c(&r)
	}
	return r
}

// exchange must succeed; it returns also the token's claims, verified.
func (h *trade) exchange(t testing.TB, by string, subject domain.Secret, changes ...change) (issuance.Issued, token.Claims) {
	t.Helper()
	got, err := h.Exchange(t.Context(), asking(by, subject, changes...))
	must(t, err)
	return got, h.claims(t, got.Token)
}

func (h *trade) claims(t testing.TB, compact domain.Secret) token.Claims {
	t.Helper()
	c, err := token.Parse(compact.Reveal(), newKey().find, token.Expectation{Issuer: issuer, AnyAudience: true, AnyKey: true, Now: h.clock.Now()})
	must(t, err)
	return c
}

// first is a token that the front agent got for Ana.
func (h *trade) first(t testing.TB, changes ...func(*issuance.Request)) domain.Secret {
	t.Helper()
	r := asking(frontID, "").Request
	r.DelegationID = lentID
	for _, c := range changes {
		c(&r)
	}
	got, err := h.Issue(t.Context(), r)
	must(t, err)
	h.world.taken(t)
	return got.Token
}

// refused must fail, with no token; it returns the error.
func (h *trade) refused(t testing.TB, kind domain.Kind, code string, r issuance.ExchangeRequest) *domain.Error {
	t.Helper()
	got, err := h.Exchange(t.Context(), r)
	var e *domain.Error
	if !errors.As(err, &e) || e.Kind != kind || e.Code != code {
		t.Fatalf("got %v, want %s %s", err, kind, code)
	}
	if got.Token != "" || got.ID != "" || got.DelegationID != "" {
		t.Fatalf("refused, and still answered with %+v", got)
	}
	return e
}

func idsOf(chain string) []string {
	if chain == "" {
		return nil
	}
	return strings.Split(chain, " ")
}

// actors are the client IDs of a token's act claim, the present actor first.
func actors(c token.Claims) []string {
	var out []string
	for a := &c.Actor; a != nil; a = a.Act {
		out = append(out, a.ClientID)
	}
	return out
}

// anything takes any bearer token for a right proof.
type anything struct{ pods }

func (a anything) Attest(ctx context.Context, q attest.Question) (attest.Attested, error) {
	q.Presented = bearer("right")
	return a.pods.Attest(ctx, q)
}
