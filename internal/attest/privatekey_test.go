package attest

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"authsec/internal/attest/oidctest"
	"authsec/internal/domain"

	"github.com/go-jose/go-jose/v4"
)

const (
	agentID   = "0190a000-0000-7000-8000-000000000001"
	strangers = "0190a000-0000-7000-8000-000000000002"
	ourName   = "https://auth.example.com"
)

// ledger remembers used assertions.
type ledger struct {
	mu   sync.Mutex
	used map[string]time.Time
	err  error
}

func (l *ledger) UseAssertion(_ context.Context, clientID, idHash string, expires, _ time.Time) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return false, l.err
	}
	_, before := l.used[clientID+idHash]
	if l.used == nil {
		l.used = map[string]time.Time{}
	}
	l.used[clientID+idHash] = expires
	return !before, nil
}

func publicKeys(t testing.TB, keys ...jose.JSONWebKey) []domain.AgentKey {
	t.Helper()
	var raw []json.RawMessage
	for _, k := range keys {
		text, err := json.Marshal(k.Public())
		if err != nil {
			t.Fatal(err)
		}
		raw = append(raw, text)
	}
	parsed, err := domain.ParseAgentKeys(raw)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func assertion(changes map[string]any) map[string]any {
	claims := map[string]any{"iss": agentID, "sub": agentID, "aud": ourName, "iat": noon.Unix(), "exp": noon.Add(time.Minute).Unix(), "jti": "1"}
	for name, v := range changes {
		claims[name] = v
		if v == nil {
			delete(claims, name)
		}
	}
	return claims
}

func TestPrivateKey(t *testing.T) {
	key, second := oidctest.NewKey(t, "first", "ES256"), oidctest.NewKey(t, "second", "EdDSA")
	impostor := oidctest.NewKey(t, "first", "ES256")
	agent := domain.Agent{ClientID: agentID, Platform: domain.PlatformOther, Keys: publicKeys(t, key, second)}
	at := func(d time.Duration) int64 { return noon.Add(d).Unix() }
	sign := func(k jose.JSONWebKey, changes map[string]any) string {
		return oidctest.Sign(t, k, assertion(changes), nil)
	}
	for name, tt := range map[string]struct {
		raw     string
		problem string // "" : accepted; "-" : not of this kind
	}{
		"as it should be":            {sign(key, nil), ""},
		"by another of its keys":     {sign(second, nil), ""},
		"for the URL it is sent to":  {sign(key, map[string]any{"aud": []string{ourName + "/token"}}), ""},
		"of the newer type":          {oidctest.Sign(t, key, assertion(nil), map[string]any{"typ": "client-authentication+jwt"}), ""},
		"by an impostor":             {sign(impostor, nil), "not signed with a key"},
		"for another server":         {sign(key, map[string]any{"aud": "https://other.example.com"}), "another audience"},
		"for another server too":     {sign(key, map[string]any{"aud": []string{ourName, "https://other.example.com"}}), "another audience"},
		"for nobody":                 {sign(key, map[string]any{"aud": nil}), "another audience"},
		"expired":                    {sign(key, map[string]any{"iat": at(-3 * time.Minute), "exp": at(-time.Minute)}), "expired"},
		"not yet valid":              {sign(key, map[string]any{"iat": at(time.Minute), "exp": at(2 * time.Minute)}), "not valid yet"},
		"lives as long as it may":    {sign(key, map[string]any{"exp": at(5 * time.Minute)}), ""},
		"lives too long":             {sign(key, map[string]any{"exp": at(5*time.Minute + time.Second)}), "for longer"},
		"no iat":                     {sign(key, map[string]any{"iat": nil}), "iat and exp"},
		"no jti":                     {sign(key, map[string]any{"jti": nil}), "jti"},
		"an empty jti":               {sign(key, map[string]any{"jti": ""}), "jti"},
		"a jti that is a number":     {sign(key, map[string]any{"jti": 1}), "jti"},
		"a jti that is long":         {sign(key, map[string]any{"jti": strings.Repeat("x", 257)}), "jti"},
		"another client's":           {sign(key, map[string]any{"iss": strangers, "sub": strangers}), "-"},
		"of another subject":         {sign(key, map[string]any{"sub": strangers}), "-"},
		"of another issuer":          {sign(key, map[string]any{"iss": "https://issuer.example.com"}), "-"},
		"HS256 by the public key":    {oidctest.Sign(t, jose.JSONWebKey{Key: []byte(agent.Keys[0].JWK), KeyID: "first", Algorithm: "HS256"}, assertion(nil), nil), "algorithm"},
		"the other key's name":       {oidctest.Sign(t, jose.JSONWebKey{Key: key.Key, KeyID: "second", Algorithm: "ES256"}, assertion(nil), nil), "not signed with a key"},
		"a key of its own":           {oidctest.Sign(t, impostor, assertion(nil), map[string]any{"jwk": impostor.Public()}), "never accepted"},
		"an access token of our own": {oidctest.Sign(t, key, assertion(nil), map[string]any{"typ": "at+jwt"}), "another type"},
		"a client secret":            {"authsec_cs_x", "-"},
	} {
		got, err := PrivateKey{Audiences: []string{ourName, ourName + "/token"}, Used: &ledger{}}.Attest(t.Context(),
			Question{Agent: agent, Presented: Presented{Bearer: domain.Secret(tt.raw)}, Now: noon})
		switch tt.problem {
		case "":
			if err != nil || got.Kind != KindKey || len(got.Selectors) != 0 {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		case "-":
			if !errors.Is(err, ErrNotMine) {
				t.Errorf("%s: %v", name, err)
			}
		default:
			if !strings.Contains(rejected(err), tt.problem) || got.Kind != "" {
				t.Errorf("%s: got %v, want a rejection for %q", name, err, tt.problem)
			}
		}
	}
}

// An agent without keys, or with another one, is not told apart.
func TestPrivateKeyTellsNothingOfTheKeys(t *testing.T) {
	key := oidctest.NewKey(t, "first", "ES256")
	raw := domain.Secret(oidctest.Sign(t, key, assertion(nil), nil))
	var said []string
	for _, keys := range [][]domain.AgentKey{nil, publicKeys(t, oidctest.NewKey(t, "first", "ES256")), publicKeys(t, oidctest.NewKey(t, "x", "RS256"))} {
		_, err := PrivateKey{Audiences: []string{ourName}, Used: &ledger{}}.Attest(t.Context(),
			Question{Agent: domain.Agent{ClientID: agentID, Keys: keys}, Presented: Presented{Bearer: raw}, Now: noon})
		said = append(said, rejected(err))
	}
	if said[0] == "" || said[0] != said[1] || said[1] != said[2] {
		t.Errorf("%q", said)
	}
}

func TestAssertionIsAProofOnce(t *testing.T) {
	key := oidctest.NewKey(t, "", "ES256")
	agent := domain.Agent{ClientID: agentID, Keys: publicKeys(t, key)}
	used := &ledger{}
	k := PrivateKey{Audiences: []string{ourName}, Used: used}
	attest := func(jti string) error {
		_, err := k.Attest(t.Context(), Question{Agent: agent, Presented: Presented{Bearer: domain.Secret(oidctest.Sign(t, key, assertion(map[string]any{"jti": jti}), nil))}, Now: noon})
		return err
	}
	if err := attest("a"); err != nil {
		t.Fatal(err)
	}
	if err := attest("a"); !strings.Contains(rejected(err), "used before") {
		t.Errorf("again: %v", err)
	}
	if err := attest("b"); err != nil {
		t.Error(err)
	}
	for _, until := range used.used {
		if !until.Equal(noon.Add(time.Minute + leeway)) {
			t.Errorf("remembered until %s: it is good until then", until)
		}
	}
	used.err = errors.New("the database is away")
	if err := attest("c"); err == nil || rejected(err) != "" || errors.Is(err, ErrNotMine) {
		t.Errorf("a use that cannot be noted: %v", err)
	}
}

func TestCheckAgentKeys(t *testing.T) {
	ed := oidctest.NewKey(t, "a", "EdDSA")
	for name, tt := range map[string]struct {
		jwk string
		ok  bool
	}{
		"Ed25519":                  {publicKeys(t, ed)[0].JWK, true},
		"a small RSA key":          {`{"kty":"RSA","kid":"a","e":"AQAB","n":"` + strings.Repeat("x", 171) + `"}`, false},
		"no point of the curve":    {`{"kty":"EC","crv":"P-256","kid":"a","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`, false},
		"of another curve":         {`{"kty":"OKP","crv":"X25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`, false},
		"for encryption":           {strings.Replace(publicKeys(t, ed)[0].JWK, `"use":"sig"`, `"use":"enc"`, 1), false},
		"an alg that does not fit": {strings.Replace(publicKeys(t, ed)[0].JWK, "EdDSA", "RS256", 1), false},
	} {
		if err := (KeyChecker{}).CheckAgentKeys([]domain.AgentKey{{ID: "a", JWK: tt.jwk}}); (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzAssertion holds every assertion but the one that was signed to being no proof.
func FuzzAssertion(f *testing.F) {
	key := oidctest.NewKey(f, "", "EdDSA")
	agent := domain.Agent{ClientID: agentID, Keys: publicKeys(f, key)}
	good := oidctest.Sign(f, key, assertion(nil), nil)
	f.Add(good)
	f.Add("a.b.c")
	f.Add(critical(good))
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := PrivateKey{Audiences: []string{ourName}, Used: &ledger{}}.Attest(t.Context(),
			Question{Agent: agent, Presented: Presented{Bearer: domain.Secret(raw)}, Now: noon})
		if (err == nil) != (raw == good) || (got.Kind == KindKey) != (err == nil) {
			t.Fatalf("%q: %+v, %v", raw, got, err)
		}
		if err != nil && !errors.Is(err, ErrNotMine) && rejected(err) == "" {
			t.Fatalf("neither a rejection nor another's: %v", err)
		}
	})
}
