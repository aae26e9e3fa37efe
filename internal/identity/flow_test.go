package identity_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/identity"
	"authsec/internal/identity/providertest"

	"github.com/go-jose/go-jose/v4"
)

var binding = identity.Authorization{State: "authsec_ss_state", Nonce: "the-nonce", Verifier: "abcdefghijklmnopqrstuvwxyz0123456789-._~ABCDE"}

// authorize goes to the provider as a browser does and returns what comes back.
func (h *house) authorize(t *testing.T, b identity.Authorization) url.Values {
	t.Helper()
	address, err := h.AuthorizeURL(t.Context(), h.entry, b)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := h.peer.HTTP().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	back, err := resp.Location()
	if err != nil || !strings.HasPrefix(back.String(), redirect+"?") || back.Query().Get("state") != b.State {
		t.Fatalf("the provider answers %s %v", resp.Status, back)
	}
	return back.Query()
}

// signIn is a whole sign-in.
func (h *house) signIn(t *testing.T, b identity.Authorization) (identity.Person, error) {
	t.Helper()
	q := h.authorize(t, b)
	return h.Redeem(t.Context(), h.entry, identity.Answer{Code: q.Get("code"), Issuer: q.Get("iss")}, b)
}

func TestSignIn(t *testing.T) {
	h := newHouse(t)
	h.entry.Settings.Scopes = []string{"email", "profile"}
	h.peer.At(map[string]any{"sub": "00u1", "email": "ana@example.com", "email_verified": "true", "name": "Ana"})
	address, err := h.AuthorizeURL(t.Context(), h.entry, binding)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil || u.Query().Get("scope") != "openid email profile" || strings.Contains(address, binding.Verifier) {
		t.Errorf("%s %v", address, err)
	}
	got, err := h.signIn(t, binding)
	if err != nil || got.Subject != "00u1" || got.Email != "ana@example.com" || !got.EmailVerified || got.ProviderID != h.entry.ID {
		t.Fatalf("%+v %v", got, err)
	}
	if n := h.peer.Asked("/.well-known/openid-configuration"); n > 2 { // the flow's and the keys'
		t.Errorf("metadata was asked for %d times", n)
	}
}

// TestPublicClient has no secret, and how the others send theirs is the provider's choice.
func TestHowTheClientAuthenticates(t *testing.T) {
	for name, c := range map[string]struct {
		secret  string
		methods []string
	}{"public": {"", nil}, "in the body": {"s3cret", []string{"client_secret_post"}}, "basic": {"s3cret", []string{"client_secret_post", "client_secret_basic"}}} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.peer = providertest.New(t, providertest.Client{ID: "console", Secret: c.secret, RedirectURI: redirect}, h.clock.Now)
			h.entry.Settings.Issuer, h.entry.Settings.CABundle = h.peer.Issuer(), h.peer.CABundle()
			if c.secret == "" {
				h.entry.Settings.ClientSecretFile = ""
			}
			if c.methods != nil {
				h.peer.Fail(providertest.Faults{Metadata: func(m map[string]any) { m["token_endpoint_auth_methods_supported"] = c.methods }})
			}
			if _, err := h.signIn(t, binding); err != nil {
				t.Error(err)
			}
			if n := h.peer.Asked("/token"); n != 1 {
				t.Errorf("the code was sent %d times", n)
			}
		})
	}
}

// TestWhatIsNotBelieved of a provider's answers.
func TestWhatIsNotBelieved(t *testing.T) {
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	set := func(name string, value any) func(map[string]any) {
		return func(claims map[string]any) { claims[name] = value }
	}
	at := time.Date(2026, 5, 21, 7, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		faults providertest.Faults
		kind   domain.Kind
	}{
		"OpenID Connect Core §3.1.3.7 item 11, another nonce": {providertest.Faults{Alter: set("nonce", "other")}, domain.Unauthenticated},
		"no nonce":                               {providertest.Faults{Alter: set("nonce", nil)}, domain.Unauthenticated},
		"item 2, another issuer":                 {providertest.Faults{Alter: set("iss", "https://other.example.com")}, domain.Unauthenticated},
		"item 3, another audience":               {providertest.Faults{Alter: set("aud", "another-client")}, domain.Unauthenticated},
		"item 3, the audience of subject tokens": {providertest.Faults{Alter: set("aud", audience)}, domain.Unauthenticated},
		"items 4 and 5, issued to another":       {providertest.Faults{Alter: func(c map[string]any) { c["aud"], c["azp"] = []string{"console", "x"}, "x" }}, domain.Unauthenticated},
		"item 9, expired":                        {providertest.Faults{Alter: set("exp", at.Add(-time.Minute).Unix())}, domain.Unauthenticated},
		"item 10, issued long ago":               {providertest.Faults{Alter: set("iat", at.Add(-11*time.Minute).Unix())}, domain.Unauthenticated},
		"no subject":                             {providertest.Faults{Alter: set("sub", nil)}, domain.Unauthenticated},
		"item 6, a stranger's signature": {providertest.Faults{Sign: func(c map[string]any) string {
			return providertest.Sign(t, jose.JSONWebKey{Key: stranger, KeyID: "key-1", Algorithm: "ES256"}, c, "JWT")
		}}, domain.Unauthenticated},
		"item 7, none": {providertest.Faults{Sign: func(map[string]any) string { return "eyJhbGciOiJub25lIn0.e30." }}, domain.Unauthenticated},
		"item 7, HS256 by our secret": {providertest.Faults{Sign: func(c map[string]any) string {
			return providertest.Sign(t, jose.JSONWebKey{Key: []byte(strings.Repeat("s3cret", 6)), Algorithm: "HS256"}, c, "JWT")
		}}, domain.Unauthenticated},
		"an access token for an ID token": {providertest.Faults{Sign: func(c map[string]any) string {
			return providertest.Sign(t, jose.JSONWebKey{Key: stranger, KeyID: "key-1", Algorithm: "ES256"}, c, "at+jwt")
		}}, domain.Unauthenticated},
		"no ID token":                        {providertest.Faults{NoIDToken: true}, domain.Unauthenticated},
		"an ID token that is a number":       {providertest.Faults{TokenAnswer: `{"access_token":"a","token_type":"Bearer","id_token":7}`}, domain.Unauthenticated},
		"no JSON":                            {providertest.Faults{TokenAnswer: `<html>`}, domain.Unavailable},
		"RFC 9207 §2.4, another's answer":    {providertest.Faults{Issuer: "https://other.example.com"}, domain.Unauthenticated},
		"RFC 9207 §2.4, iss that was stated": {providertest.Faults{Issuer: "-"}, domain.Unauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.peer.Fail(c.faults)
			_, err := h.signIn(t, binding)
			if domain.KindOf(err) != c.kind {
				t.Errorf("%v, want %s", err, c.kind)
			}
			if err != nil && (strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), binding.Verifier)) {
				t.Errorf("shows a secret: %v", err)
			}
		})
	}
}

func TestCodes(t *testing.T) {
	h := newHouse(t)
	q := h.authorize(t, binding)
	other := binding
	other.Verifier = strings.Repeat("v", 43)
	answer := identity.Answer{Code: q.Get("code"), Issuer: q.Get("iss")}
	_, err := h.Redeem(t.Context(), h.entry, answer, other) // RFC 7636 §4.6
	wantCode(t, err, domain.Unauthenticated, identity.CodeInvalidToken)
	q = h.authorize(t, binding)
	answer.Code = q.Get("code")
	if _, err := h.Redeem(t.Context(), h.entry, answer, binding); err != nil {
		t.Fatal(err)
	}
	_, err = h.Redeem(t.Context(), h.entry, answer, binding) // RFC 6749 §4.1.2: once
	wantCode(t, err, domain.Unauthenticated, identity.CodeInvalidToken)
}

// TestMetadataThatIsNotTaken: what it says could send people, or our secret, elsewhere.
func TestMetadataThatIsNotTaken(t *testing.T) {
	issuer := ""
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { // all that it says is good
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"issuer":%[1]q,"authorization_endpoint":"%[1]s/authorize","token_endpoint":"%[1]s/token","jwks_uri":"%[1]s/keys"}`, issuer)
	}))
	defer elsewhere.Close()
	set := func(name string, value any) func(map[string]any) {
		return func(m map[string]any) { m[name] = value }
	}
	for name, f := range map[string]providertest.Faults{
		"OpenID Connect Discovery §4.3, another issuer": {Metadata: set("issuer", "https://other.example.com")},
		"a plain authorization endpoint":                {Metadata: set("authorization_endpoint", "http://id.example.com/authorize")},
		"a plain one on this machine":                   {Metadata: set("authorization_endpoint", "http://127.0.0.1/authorize")},
		"a script":                                      {Metadata: set("authorization_endpoint", "javascript:alert(1)")},
		"a plain token endpoint":                        {Metadata: set("token_endpoint", "http://id.example.com/token")},
		"no token endpoint":                             {Metadata: set("token_endpoint", nil)},
		"credentials in it":                             {Metadata: set("token_endpoint", "https://a:b@id.example.com/token")},
		"a redirect to another origin":                  {Redirect: elsewhere.URL},
		"out of order":                                  {Status: http.StatusInternalServerError},
		"2 MiB":                                         {Padding: 2 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			issuer = h.peer.Issuer()
			h.peer.Fail(f)
			_, err := h.AuthorizeURL(t.Context(), h.entry, binding)
			wantCode(t, err, domain.Unavailable, "temporarily_unavailable")
			h.peer.Fail(providertest.Faults{})
			if _, err := h.AuthorizeURL(t.Context(), h.entry, binding); err == nil {
				t.Error("a failure is forgotten at once: everybody would ask again")
			}
			h.clock.Advance(5 * time.Second)
			if _, err := h.AuthorizeURL(t.Context(), h.entry, binding); err != nil {
				t.Errorf("after a while: %v", err)
			}
		})
	}
}

// TestSlowProvider holds nobody longer than they wait, and goes on for others.
func TestSlowProvider(t *testing.T) {
	h := newHouse(t)
	hang := make(chan struct{})
	h.peer.Fail(providertest.Faults{Hang: hang})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := h.AuthorizeURL(ctx, h.entry, binding)
	wantCode(t, err, domain.Unavailable, "temporarily_unavailable")
	close(hang)
	if _, err := h.AuthorizeURL(t.Context(), h.entry, binding); err != nil {
		t.Errorf("who stays: %v", err)
	}
	q := h.authorize(t, binding)
	h.peer.Fail(providertest.Faults{Hang: make(chan struct{})})
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	_, err = h.Redeem(ctx, h.entry, identity.Answer{Code: q.Get("code"), Issuer: q.Get("iss")}, binding)
	wantCode(t, err, domain.Unavailable, "temporarily_unavailable")
}

func TestHugeTokenAnswer(t *testing.T) {
	h := newHouse(t)
	q := h.authorize(t, binding)
	h.peer.Fail(providertest.Faults{Padding: 2 << 20})
	_, err := h.Redeem(t.Context(), h.entry, identity.Answer{Code: q.Get("code"), Issuer: q.Get("iss")}, binding)
	wantCode(t, err, domain.Unavailable, "temporarily_unavailable")
}
