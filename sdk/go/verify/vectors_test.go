package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// vectors is testdata/vectors, shared with the server and the Python SDK.
type vectors struct {
	Now           int64
	Issuer        string
	Audience      string
	LeewaySeconds int64 `json:"leeway_seconds"`
	Cases         []vector
	jwks          []byte
}

type vector struct {
	Name   string
	Token  string
	Valid  bool
	Error  string
	Claims json.RawMessage
}

func loadVectors(tb testing.TB) *vectors {
	tb.Helper()
	const folder = "../../../testdata/vectors/"
	text, err := os.ReadFile(folder + "tokens.json")
	if err != nil {
		tb.Fatal(err)
	}
	v := &vectors{}
	if err := json.Unmarshal(text, v); err != nil {
		tb.Fatal(err)
	}
	if v.jwks, err = os.ReadFile(folder + "jwks.json"); err != nil {
		tb.Fatal(err)
	}
	return v
}

// verifier returns a Verifier that stands at the vectors' time, with their keys
// unless options say otherwise.
func (v *vectors) verifier(tb testing.TB, options ...Option) *Verifier {
	tb.Helper()
	options = append([]Option{
		WithKeys(v.jwks),
		WithClock(func() time.Time { return time.Unix(v.Now, 0) }),
		WithLeeway(time.Duration(v.LeewaySeconds) * time.Second),
	}, options...)
	verifier, err := New(v.Issuer, v.Audience, options...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(verifier.Close)
	return verifier
}

func (v *vectors) token(tb testing.TB, name string) string {
	tb.Helper()
	i := slices.IndexFunc(v.Cases, func(c vector) bool { return c.Name == name })
	if i < 0 {
		tb.Fatalf("no vector %s", name)
	}
	return v.Cases[i].Token
}

func TestVectors(t *testing.T) {
	v := loadVectors(t)
	verifier := v.verifier(t)
	seen := map[string]bool{}
	for _, c := range v.Cases {
		t.Run(c.Name, func(t *testing.T) {
			claims, err := verifier.Verify(t.Context(), c.Token)
			if got := Code(err); got != c.Error || (err == nil) != c.Valid {
				t.Fatalf("got code %q, error %v: want code %q", got, err, c.Error)
			}
			seen[c.Error] = true
			if err != nil {
				if claims != nil {
					t.Error("claims beside an error")
				}
				checkTellsNothing(t, err, c.Token)
				return
			}
			checkClaims(t, claims, c.Claims)
		})
	}
	for _, want := range []error{
		ErrMalformed, ErrAlgorithm, ErrType, ErrHeader, ErrUnknownKey, ErrSignature, ErrIssuer,
		ErrAudience, ErrExpired, ErrNotYetValid, ErrClaims, ErrConstrained,
	} {
		if !seen[Code(want)] {
			t.Errorf("no vector is refused as %s", Code(want))
		}
	}
}

// checkTellsNothing fails when an error's text holds a part of the token.
func checkTellsNothing(t *testing.T, err error, token string) {
	t.Helper()
	for part := range strings.SplitSeq(token, ".") {
		if len(part) >= 16 && strings.Contains(err.Error(), part[:16]) {
			t.Errorf("the error quotes the token: %v", err)
		}
	}
}

// checkClaims compares claims to the expected ones of a vector.
func checkClaims(t *testing.T, c *Claims, want []byte) {
	t.Helper()
	got := map[string]any{
		"iss": c.Issuer, "sub": c.Subject, "act": actorJSON(&c.Actor), "client_id": c.ClientID, "aud": c.Audience, "jti": c.ID,
		"exp": c.ExpiresAt.Unix(), "iat": c.IssuedAt.Unix(), "nbf": c.NotBefore.Unix(), "actions": append([]string{}, c.Actions...),
	}
	for name, value := range map[string]string{
		"delegation_id": c.DelegationID, "role": c.Role, "attestation": c.Attestation, "spiffe_id": c.SPIFFEID,
		"agent_type": c.AgentType, "user_id": c.UserID, "email": c.Email,
	} {
		if value != "" {
			got[name] = value
		}
	}
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(decode(t, text), decode(t, want)) {
		t.Errorf("got claims %s\nwant %s", text, want)
	}
}

func actorJSON(a *Actor) map[string]any {
	m := map[string]any{"sub": a.Subject}
	if a.ClientID != "" {
		m["client_id"] = a.ClientID
	}
	if a.Actor != nil {
		m["act"] = actorJSON(a.Actor)
	}
	return m
}

func decode(t *testing.T, text []byte) (v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestErrorsAreSentinels(t *testing.T) {
	v := loadVectors(t)
	verifier := v.verifier(t)
	_, err := verifier.Verify(t.Context(), v.token(t, "exp_long_ago"))
	if !errors.Is(err, ErrExpired) || errors.Is(err, ErrSignature) {
		t.Errorf("got %v: want ErrExpired and nothing else", err)
	}
	if got, want := err.Error(), "the token has expired: 1h0m0s ago"; got != want {
		t.Errorf("got text %q: want %q", got, want)
	}
	if Code(nil) != "" || Code(errors.New("other")) != "" {
		t.Error("Code names an error that is not a token's")
	}
}

func TestLeewayIsConfigurable(t *testing.T) {
	v := loadVectors(t)
	token := v.token(t, "valid_exp_now")
	if _, err := v.verifier(t, WithLeeway(0)).Verify(t.Context(), token); !errors.Is(err, ErrExpired) {
		t.Errorf("without leeway: got %v, want ErrExpired", err)
	}
	if _, err := v.verifier(t, WithLeeway(time.Second)).Verify(t.Context(), token); err != nil {
		t.Errorf("with a second of leeway: %v", err)
	}
}

func TestHasAction(t *testing.T) {
	c := &Claims{Actions: []string{"billing:read"}}
	if !c.HasAction("billing:read") || c.HasAction("billing") || c.HasAction("billing:refund") {
		t.Error("HasAction must compare exactly")
	}
}

func TestNewReportsAllFaults(t *testing.T) {
	_, err := New("http://authsec.example.com", `bad "audience"`,
		WithLeeway(time.Hour), WithMaxStaleness(time.Minute), WithClock(nil))
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"https", "audience", "leeway", "max staleness", "clock"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not mention %s: %v", want, err)
		}
	}
}

func TestNewChecksAddresses(t *testing.T) {
	jwks := loadVectors(t).jwks
	for _, c := range []struct {
		issuer  string
		options []Option
		ok      bool
	}{
		{"https://authsec.example.com", nil, true},
		{"https://authsec.example.com/tenant", nil, true},
		{"http://localhost:7468", nil, true},
		{"http://127.0.0.1:7468", nil, true},
		{"http://[::1]:7468", nil, true},
		{"http://authsec:7468", nil, false},
		{"http://10.0.0.1:7468", nil, false},
		{"http://authsec:7468", []Option{WithPlainHTTP()}, true},
		{"http://localhost.evil.example", nil, false},
		{"ftp://authsec.example.com", nil, false},
		{"https://", nil, false},
		{"", nil, false},
		{"authsec", nil, false},
		{"https://user:password@authsec.example.com", nil, false},
		{"https://authsec.example.com?x=1", nil, false},
		{"https://authsec.example.com#x", nil, false},
		{"any name", []Option{WithKeys(jwks)}, true},
		{"any name", []Option{WithJWKSURL("https://authsec.example.com/keys")}, true},
		{"any name", []Option{WithJWKSURL("http://authsec.example.com/keys")}, false},
		{"any name", []Option{WithKeys(jwks), WithJWKSURL("https://authsec.example.com/keys")}, false},
		{"https://authsec.example.com", []Option{WithKeys(nil)}, false},
		{"https://authsec.example.com", []Option{WithKeys([]byte(`{"keys":[]}`))}, false},
	} {
		v, err := New(c.issuer, "api", c.options...)
		if (err == nil) != c.ok {
			t.Errorf("New(%q): got error %v, want ok %t", c.issuer, err, c.ok)
		}
		if err == nil {
			v.Close()
		} else if strings.Contains(err.Error(), "password@") {
			t.Errorf("the error quotes a password: %v", err)
		}
	}
}
