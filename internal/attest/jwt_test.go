package attest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"authsec/internal/attest/oidctest"
	"authsec/internal/clocktest"
	"authsec/sdk/go/jwks"

	"github.com/go-jose/go-jose/v4"
)

var noon = time.Date(2026, 5, 21, 12, 0, 0, 0, time.UTC)

// rulesOf are rules for an issuer's tokens by its keys as they are now.
func rulesOf(t testing.TB, i *oidctest.Issuer) tokenRules {
	t.Helper()
	keys, err := newKeySet(keyOptions{JWKS: i.JWKS()})
	if err != nil {
		t.Fatal(err)
	}
	return tokenRules{Issuer: i.URL(), Audience: "authsec", MaxAge: time.Hour, Keys: keys}
}

func rejected(err error) string {
	if r, ok := errors.AsType[*Rejection](err); ok {
		return r.Problem
	}
	return ""
}

func TestTokenClaims(t *testing.T) {
	i := oidctest.New(t, "")
	rules := rulesOf(t, i)
	second := func(d time.Duration) int64 { return noon.Add(d).Unix() }
	for name, tt := range map[string]struct {
		change  map[string]any
		problem string // a part of it; "" : accepted
	}{
		"as it should be":             {nil, ""},
		"several audiences":           {map[string]any{"aud": []string{"x", "authsec"}}, ""},
		"another audience":            {map[string]any{"aud": "x"}, "another audience"},
		"a longer audience":           {map[string]any{"aud": "authsec2"}, "another audience"},
		"several others":              {map[string]any{"aud": []string{"x", "y"}}, "another audience"},
		"no audience":                 {map[string]any{"aud": nil}, "another audience"},
		"an audience that is none":    {map[string]any{"aud": []any{"authsec", 7}}, "another audience"},
		"expired within the leeway":   {map[string]any{"iat": second(-time.Minute), "exp": second(-29 * time.Second)}, ""},
		"expired":                     {map[string]any{"iat": second(-time.Minute), "exp": second(-30 * time.Second)}, "expired"},
		"no exp":                      {map[string]any{"exp": nil}, "iat and exp"},
		"no iat":                      {map[string]any{"iat": nil}, "iat and exp"},
		"exp is text":                 {map[string]any{"exp": "1800000000"}, "iat and exp"},
		"exp is a fraction":           {map[string]any{"exp": 1800000000.5}, "iat and exp"},
		"iat ahead within the leeway": {map[string]any{"iat": second(30 * time.Second)}, ""},
		"iat ahead":                   {map[string]any{"iat": second(31 * time.Second)}, "not valid yet"},
		"nbf ahead":                   {map[string]any{"nbf": second(31 * time.Second)}, "not valid yet"},
		"nbf ahead within the leeway": {map[string]any{"nbf": second(30 * time.Second)}, ""},
		"nbf is text":                 {map[string]any{"nbf": "soon"}, "nbf"},
		"nbf is null":                 {map[string]any{"nbf": json.RawMessage("null")}, "nbf"},
		"lives as long as it may":     {map[string]any{"exp": second(time.Hour)}, ""},
		"lives too long":              {map[string]any{"exp": second(time.Hour + time.Second)}, "for longer"},
		"ends before it begins":       {map[string]any{"exp": second(10 * time.Second), "iat": second(10 * time.Second)}, "expires before"},
	} {
		claims, expires, err := rules.verify(t.Context(), i.Sign(i.Claims(noon, "authsec", tt.change)), noon)
		if tt.problem == "" {
			if err != nil || claims["sub"] != "workload" || expires.IsZero() {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if got := rejected(err); !strings.Contains(got, tt.problem) || claims != nil || !expires.IsZero() {
			t.Errorf("%s: got %q (%v), want a rejection for %q", name, got, err, tt.problem)
		}
		if strings.Contains(rejected(err), rules.Audience) || strings.Contains(rejected(err), rules.Issuer) {
			t.Errorf("%s: the rejection tells what was expected: %s", name, rejected(err))
		}
	}
}

// What is not this issuer's is no fault of its sender's yet: another source may know it.
func TestTokensOfOthersAreNotMine(t *testing.T) {
	i := oidctest.New(t, "/")
	rules := rulesOf(t, i)
	for name, raw := range map[string]string{
		"another issuer":    i.Sign(i.Claims(noon, "authsec", map[string]any{"iss": "https://other.example.com"})),
		"without the slash": i.Sign(i.Claims(noon, "authsec", map[string]any{"iss": strings.TrimSuffix(i.URL(), "/")})),
		"no issuer":         i.Sign(i.Claims(noon, "authsec", map[string]any{"iss": nil})),
		"issuer is a list":  i.Sign(i.Claims(noon, "authsec", map[string]any{"iss": []string{i.URL()}})),
		"no token":          "authsec_cs_secret",
		"too long":          i.Sign(i.Claims(noon, "authsec", map[string]any{"x": strings.Repeat("x", 16<<10)})),
		"issuer twice":      twice(i.Sign(i.Claims(noon, "authsec", nil)), i.URL()),
	} {
		if claims, _, err := rules.verify(t.Context(), raw, noon); !errors.Is(err, ErrNotMine) || claims != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func twice(raw, issuer string) string {
	parts := strings.Split(raw, ".")
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"` + issuer + `","iss":"` + issuer + `"}`))
	return strings.Join(parts, ".")
}

func TestTokenSignatures(t *testing.T) {
	i := oidctest.New(t, "")
	for _, alg := range []string{"PS256", "ES256", "ES384", "ES512", "EdDSA", "RS512"} {
		i.Rotate(alg)
		if _, _, err := rulesOf(t, i).verify(t.Context(), i.Sign(i.Claims(noon, "authsec", nil)), noon); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
	}
	rules, good := rulesOf(t, i), i.Claims(noon, "authsec", nil)
	current := i.Current()
	impostor := oidctest.NewKey(t, current.KeyID, "RS512")
	stranger := oidctest.NewKey(t, "key-99", "RS256")
	other := current
	other.Algorithm = "RS256" // the key's own alg is RS512
	secret := jose.JSONWebKey{Key: []byte(i.JWKS()), KeyID: current.KeyID, Algorithm: "HS256"}
	signed := oidctest.Sign(t, current, good, nil)
	parts := strings.Split(signed, ".")
	for name, tt := range map[string]struct{ raw, problem string }{
		"another's key under the same ID":    {oidctest.Sign(t, impostor, good, nil), "signature"},
		"a key that nobody published":        {oidctest.Sign(t, stranger, good, nil), "does not publish"},
		"an algorithm that is not the key's": {oidctest.Sign(t, other, good, nil), "does not publish"},
		"HS256 by the public key":            {oidctest.Sign(t, secret, good, nil), "algorithm"},
		"none":                               {base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".", "algorithm"},
		"no signature":                       {parts[0] + "." + parts[1] + ".", "signature"},
		"a key of its own":                   {oidctest.Sign(t, stranger, good, map[string]any{"jwk": stranger.Public()}), "never accepted"},
		"another purpose":                    {oidctest.Sign(t, current, good, map[string]any{"typ": "logout+jwt"}), "another type"},
		"an unknown extension":               {critical(signed), "never accepted"},
	} {
		if claims, _, err := rules.verify(t.Context(), tt.raw, noon); !strings.Contains(rejected(err), tt.problem) || claims != nil {
			t.Errorf("%s: got %v, want a rejection for %q", name, err, tt.problem)
		}
	}
}

func critical(raw string) string {
	parts := strings.Split(raw, ".")
	parts[0] = base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS512","crit":["x"],"x":1}`))
	return strings.Join(parts, ".")
}

// A set of one key may leave its ID out, as may the token then.
func TestTokensWithoutKeyID(t *testing.T) {
	i := oidctest.New(t, "")
	bare := i.Current()
	bare.KeyID = ""
	i.Publish(bare.Public())
	raw := oidctest.Sign(t, bare, i.Claims(noon, "authsec", nil), nil)
	if _, _, err := rulesOf(t, i).verify(t.Context(), raw, noon); err != nil {
		t.Error(err)
	}
	second := oidctest.NewKey(t, "", "RS256")
	i.Publish(bare.Public(), second.Public())
	if _, _, err := rulesOf(t, i).verify(t.Context(), raw, noon); rejected(err) == "" {
		t.Errorf("one of two keys without IDs: %v", err)
	}
}

func TestRemoteKeys(t *testing.T) {
	i := oidctest.New(t, "/tenant")
	clock := clocktest.At(noon)
	options := keyOptions{Issuer: i.URL(), CABundle: i.CABundle(), Now: clock.Now, Log: slog.New(slog.DiscardHandler)}
	keys, err := newKeySet(options)
	if err != nil {
		t.Fatal(err)
	}
	if i.Fetches() != 0 {
		t.Error("the network was asked before there was a token")
	}
	t.Cleanup(func() { _ = keys.Close() })
	rules := tokenRules{Issuer: i.URL(), Audience: "authsec", MaxAge: time.Hour, Keys: keys}
	verify := func() error {
		_, _, err := rules.verify(context.Background(), i.Sign(i.Claims(clock.Now(), "authsec", nil)), clock.Now())
		return err
	}
	if err := verify(); err != nil {
		t.Fatal(err)
	}
	i.Rotate("ES256")
	clock.Advance(jwks.RefreshInterval)
	if err := verify(); err != nil {
		t.Errorf("the key was rotated: %v", err)
	}
	i.Down(true)
	if err := verify(); err != nil {
		t.Errorf("a known key while the issuer is down: %v", err)
	}
	clock.Advance(staleKeys + time.Hour)
	if err := verify(); err == nil || rejected(err) != "" || errors.Is(err, ErrNotMine) || !errors.Is(err, jwks.ErrUnavailable) {
		t.Errorf("keys that are too old: %v, want that it cannot be told", err)
	}

	untrusted := options
	untrusted.CABundle = ""
	strangers, err := newKeySet(untrusted)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = strangers.Close() })
	i.Down(false)
	if _, err := strangers.Key(t.Context(), "key-1", "RS256"); !errors.Is(err, jwks.ErrUnavailable) {
		t.Errorf("a server that the system does not trust: %v", err)
	}
}

func TestNewKeySetRefuses(t *testing.T) {
	now, log := time.Now, slog.New(slog.DiscardHandler)
	small := `{"keys":[{"kty":"RSA","n":"` + strings.Repeat("A", 100) + `","e":"AQAB"}]}`
	for name, o := range map[string]keyOptions{
		"plain http":    {Issuer: "http://issuer.example.com", Now: now, Log: log},
		"a bad bundle":  {Issuer: "https://issuer.example.com", CABundle: "x", Now: now, Log: log},
		"no key set":    {JWKS: "x"},
		"no usable key": {JWKS: small},
	} {
		if keys, err := newKeySet(o); err == nil || keys != nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// FuzzToken holds every token but the one that was signed to being refused, and
// every refusal to being one that a caller can be told.
func FuzzToken(f *testing.F) {
	i := oidctest.New(f, "")
	rules := rulesOf(f, i)
	good := i.Sign(i.Claims(noon, "authsec", nil))
	f.Add(good)
	f.Add("")
	f.Add(twice(good, i.URL()))
	f.Add(critical(good))
	f.Fuzz(func(t *testing.T, raw string) {
		claims, expires, err := rules.verify(t.Context(), raw, noon)
		if (err == nil) != (raw == good) || (claims != nil) != (err == nil) || expires.IsZero() == (err == nil) {
			t.Fatalf("%q: %v, %v", raw, claims, err)
		}
		if err != nil && !errors.Is(err, ErrNotMine) && rejected(err) == "" {
			t.Fatalf("neither a rejection nor another's: %v", err)
		}
	})
}
