package identity_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/identity"
	"authsec/internal/identity/providertest"

	"github.com/go-jose/go-jose/v4"
)

func secretFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestSubject(t *testing.T) {
	h := newHouse(t)
	h.peer.At(map[string]any{"sub": "00u1", "email": "ana@example.com", "email_verified": true, "name": "Ana", "groups": []string{"support"}})
	got, err := h.Subject(t.Context(), h.peer.Sign(h.peer.Claims(audience, nil), "JWT"), identity.IDToken, h.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	if got.ProviderID != h.entry.ID || got.Subject != "00u1" || got.Email != "ana@example.com" || !got.EmailVerified || got.Name != "Ana" ||
		!got.ExpiresAt.Equal(h.clock.Now().Add(5*time.Minute)) {
		t.Errorf("%+v", got)
	}
	if groups, ok := got.Claims["groups"].([]any); !ok || len(groups) != 1 || groups[0] != "support" {
		t.Errorf("claims: %v", got.Claims)
	}
}

// TestSubjectRules is every way in which a token is no good one for us.
func TestSubjectRules(t *testing.T) {
	h := newHouse(t)
	now := h.clock.Now()
	for _, c := range []struct {
		name     string
		kind     identity.Kind
		typ      string
		audience any
		changes  map[string]any
		says     string // "" : it is accepted
	}{
		{"an ID token without typ", identity.IDToken, "", audience, nil, ""},
		{"RFC 9068 §2.1 an access token", identity.AccessToken, "at+jwt", audience, nil, ""},
		{"RFC 9068 §2.1 with its prefix", identity.AccessToken, "application/at+jwt", audience, nil, ""},
		{"RFC 8693 §3 jwt takes either", identity.JWT, "at+jwt", audience, nil, ""},
		{"RFC 8693 §3 jwt takes the other", identity.JWT, "JWT", audience, nil, ""},
		{"RFC 8725 §3.11 an access token as an ID token", identity.IDToken, "at+jwt", audience, nil, "another type"},
		{"RFC 8725 §3.11 an ID token as an access token", identity.AccessToken, "JWT", audience, nil, "another type"},
		{"RFC 8725 §3.11 no type as an access token", identity.AccessToken, "", audience, nil, "another type"},
		{"RFC 8725 §3.11 a logout token", identity.JWT, "logout+jwt", audience, nil, "another type"},
		{"RFC 8725 §3.11 a DPoP proof", identity.JWT, "dpop+jwt", audience, nil, "another type"},
		{"RFC 8417 §2.2 a security event", identity.JWT, "JWT", audience, map[string]any{"events": map[string]any{}}, "security event"},
		{"a kind that there is not", "saml2", "", audience, nil, "another type"},
		{"RFC 7519 §4.1.3 another audience", identity.IDToken, "JWT", "console", nil, "another audience"},
		{"RFC 7519 §4.1.3 no audience", identity.IDToken, "JWT", nil, nil, "another audience"},
		{"OpenID Connect Core §3.1.3.7 item 4, several without azp", identity.IDToken, "JWT", []string{audience, "console"}, nil, "azp"},
		{"OpenID Connect Core §3.1.3.7 item 5, another's azp", identity.IDToken, "JWT", []string{audience, "console"}, map[string]any{"azp": "console"}, "azp"},
		{"OpenID Connect Core §3.1.3.7 our azp", identity.IDToken, "JWT", []string{"x", audience}, map[string]any{"azp": audience}, ""},
		{"an access token's azp is its requester", identity.JWT, "JWT", []string{"account", audience}, map[string]any{"azp": "frontend"}, ""},
		{"RFC 7519 §4.1.4 expired beyond the leeway", identity.IDToken, "JWT", audience, map[string]any{"exp": now.Add(-31 * time.Second).Unix(), "iat": now.Add(-time.Minute).Unix()}, "expired"},
		{"expired within the leeway", identity.IDToken, "JWT", audience, map[string]any{"exp": now.Add(-29 * time.Second).Unix(), "iat": now.Add(-time.Minute).Unix()}, ""},
		{"no exp", identity.IDToken, "JWT", audience, map[string]any{"exp": nil}, "when it was issued"},
		{"no iat", identity.IDToken, "JWT", audience, map[string]any{"iat": nil}, "when it was issued"},
		{"exp with a fraction", identity.IDToken, "JWT", audience, map[string]any{"exp": 1e10 + 0.5}, "when it was issued"},
		{"issued in the future", identity.IDToken, "JWT", audience, map[string]any{"iat": now.Add(31 * time.Second).Unix()}, "not valid yet"},
		{"RFC 7519 §4.1.5 not before", identity.IDToken, "JWT", audience, map[string]any{"nbf": now.Add(31 * time.Second).Unix()}, "not valid yet"},
		{"nbf is text", identity.IDToken, "JWT", audience, map[string]any{"nbf": "soon"}, "when it was issued"},
		{"issued for too long", identity.IDToken, "JWT", audience, map[string]any{"exp": now.Add(2 * time.Hour).Unix()}, "for longer"},
		{"no sub", identity.IDToken, "JWT", audience, map[string]any{"sub": nil}, "whose it is"},
		{"an empty sub", identity.IDToken, "JWT", audience, map[string]any{"sub": ""}, "whose it is"},
		{"sub is a number", identity.IDToken, "JWT", audience, map[string]any{"sub": 7}, "whose it is"},
		{"OpenID Connect Core §2 sub of 255 bytes", identity.IDToken, "JWT", audience, map[string]any{"sub": strings.Repeat("s", 255)}, ""},
		{"OpenID Connect Core §2 sub of 256 bytes", identity.IDToken, "JWT", audience, map[string]any{"sub": strings.Repeat("s", 256)}, "whose it is"},
		{"sub with a line break", identity.IDToken, "JWT", audience, map[string]any{"sub": "a\nb"}, "whose it is"},
	} {
		t.Run(c.name, func(t *testing.T) {
			compact := h.peer.Sign(h.peer.Claims(c.audience, c.changes), c.typ)
			_, err := h.Subject(t.Context(), compact, c.kind, now)
			if c.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantCode(t, err, domain.Unauthenticated, identity.CodeInvalidToken)
			if own, ok := errors.AsType[*domain.Error](err); !ok || !strings.Contains(own.Public, c.says) {
				t.Errorf("says %v, want %q", err, c.says)
			}
		})
	}
}

// TestSubjectSignatures: RFC 8725 §3.1, §3.2, and whoever else signs.
func TestSubjectSignatures(t *testing.T) {
	h := newHouse(t)
	claims := h.peer.Claims(audience, nil)
	good := h.peer.Sign(claims, "JWT")
	parts := strings.Split(good, ".")
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := json.Marshal(h.peer.Public())
	if err != nil {
		t.Fatal(err)
	}
	key := h.peer.Public().KeyID
	b64 := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	for name, compact := range map[string]string{
		"alg none":                 b64(`{"alg":"none"}`) + "." + parts[1] + ".",
		"alg None":                 b64(`{"alg":"nOnE"}`) + "." + parts[1] + ".",
		"HS256 with a public key":  providertest.Sign(t, jose.JSONWebKey{Key: public, KeyID: key, Algorithm: "HS256"}, claims, "JWT"),
		"a stranger under our kid": providertest.Sign(t, jose.JSONWebKey{Key: stranger, KeyID: key, Algorithm: "ES256"}, claims, "JWT"),
		"a kid that there is not":  providertest.Sign(t, jose.JSONWebKey{Key: stranger, KeyID: "other", Algorithm: "ES256"}, claims, "JWT"),
		"another payload":          parts[0] + "." + b64(`{"iss":"`+h.peer.Issuer()+`","sub":"root"}`) + "." + parts[2],
		"no signature":             parts[0] + "." + parts[1] + ".",
		"a key of its own":         b64(`{"alg":"ES256","jwk":`+string(public)+`}`) + "." + parts[1] + "." + parts[2],
		"crit":                     b64(`{"alg":"ES256","crit":["b64"],"b64":false}`) + "." + parts[1] + "." + parts[2],
		"nothing":                  "",
		"words":                    "not a token",
		"17 KiB":                   good + strings.Repeat("A", 17<<10),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.Subject(t.Context(), compact, identity.IDToken, h.clock.Now())
			wantCode(t, err, domain.Unauthenticated, identity.CodeInvalidToken)
		})
	}
	if _, err := h.Subject(t.Context(), good, identity.IDToken, h.clock.Now()); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

func FuzzSubject(f *testing.F) {
	f.Add("a.b.c", "id_token")
	f.Add(base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))+"."+base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"https://id.example.com","sub":"a"}`))+".", "jwt")
	p := &identity.Providers{Reader: &reader{all: []domain.IdentityProvider{{ID: "p", Enabled: true, Settings: domain.IdentityProviderSettings{
		Issuer: "https://id.example.com", Audience: audience, JWKS: `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`}}}},
		Now: time.Now}
	f.Fuzz(func(t *testing.T, compact, kind string) {
		got, err := p.Subject(t.Context(), compact, identity.Kind(kind), time.Now())
		if err == nil {
			t.Fatalf("accepted %q: %+v", compact, got)
		}
		if domain.KindOf(err) != domain.Unauthenticated {
			t.Fatalf("%q: %v", compact, err)
		}
	})
}
