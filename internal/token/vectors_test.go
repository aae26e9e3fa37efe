package token

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"

	"github.com/go-jose/go-jose/v4"
)

// The cases are shared with the verifier of sdk/go: the server and the APIs
// behind it must never judge a token differently.
type vectorFile struct {
	Now      int64
	Issuer   string
	Audience string
	Leeway   int64 `json:"leeway_seconds"`
	Cases    []vector
}

type vector struct {
	Name, Description, Token string
	Valid                    bool
	Error                    string
	Claims                   map[string]any
}

func (f *vectorFile) expectation() Expectation {
	return Expectation{Issuer: f.Issuer, Audience: f.Audience, Leeway: time.Duration(f.Leeway) * time.Second, Now: time.Unix(f.Now, 0)}
}

func publishedVectors(t testing.TB) Keys {
	t.Helper()
	var set jose.JSONWebKeySet
	vectors(t, "jwks.json", &set)
	return func(kid string) (jose.JSONWebKey, bool) {
		if found := set.Key(kid); len(found) == 1 {
			return found[0], true
		}
		return jose.JSONWebKey{}, false
	}
}

func TestParseDecidesEveryVector(t *testing.T) {
	var file vectorFile
	vectors(t, "tokens.json", &file)
	keys := publishedVectors(t)
	valid := 0
	for _, v := range file.Cases {
		t.Run(v.Name, func(t *testing.T) {
			c, err := Parse(v.Token, keys, file.expectation())
			if !v.Valid {
				wantCode(t, err, domain.Unauthenticated, v.Error)
				if !reflect.DeepEqual(c, Claims{}) {
					t.Error("claims of a refused token were returned")
				}
				return
			}
			valid++
			if err != nil {
				t.Fatalf("%s: %v", v.Description, err)
			}
			if got := asVector(&c); v.Claims != nil && !reflect.DeepEqual(got, v.Claims) {
				t.Errorf("claims\n got %v\nwant %v", got, v.Claims)
			}
		})
	}
	if valid < 20 || len(file.Cases)-valid < 300 {
		t.Errorf("%d valid of %d cases: the file is not the whole one", valid, len(file.Cases))
	}
}

// asVector is a token's claims in the form of the vectors, absent ones left out.
func asVector(c *Claims) map[string]any {
	list := func(texts []string) []any {
		out := []any{}
		for _, s := range texts {
			out = append(out, s)
		}
		return out
	}
	m := map[string]any{"iss": c.Issuer, "sub": c.Subject, "act": actorVector(&c.Actor), "client_id": c.ClientID,
		"aud": list(c.Audience), "exp": float64(c.ExpiresAt), "iat": float64(c.IssuedAt), "nbf": float64(c.NotBefore),
		"jti": c.ID, "actions": list(c.Actions())}
	for name, value := range map[string]string{"spiffe_id": c.SPIFFEID, "agent_type": c.AgentType, "user_id": c.UserID,
		"email": c.Email, "delegation_id": c.DelegationID, "role": c.Role, "attestation": c.Attestation} {
		if value != "" {
			m[name] = value
		}
	}
	return m
}

func actorVector(a *Actor) map[string]any {
	m := map[string]any{"sub": a.Subject}
	if a.ClientID != "" {
		m["client_id"] = a.ClientID
	}
	if a.Act != nil {
		m["act"] = actorVector(a.Act)
	}
	return m
}

// What a refused token holds must not reach an answer or a log through the error.
func TestRefusalsQuoteNothing(t *testing.T) {
	var file vectorFile
	vectors(t, "tokens.json", &file)
	keys := publishedVectors(t)
	for _, v := range file.Cases {
		if _, err := Parse(v.Token, keys, file.expectation()); err != nil {
			for _, part := range strings.Split(v.Token, ".") {
				if len(part) > 20 && strings.Contains(err.Error(), part[:20]) {
					t.Errorf("%s: %v quotes the token", v.Name, err)
				}
			}
			if strings.Contains(err.Error(), "evil") {
				t.Errorf("%s: %v quotes the token's contents", v.Name, err)
			}
		}
	}
}
