package verify

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"maps"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// testIssuer issues tokens for what the vectors, whose keys are fixed, do not hold.
type testIssuer struct {
	signer jose.Signer
	keys   []byte
	vs     *vectors
}

func newTestIssuer(tb testing.TB) *testIssuer {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	jwk := jose.JSONWebKey{Key: key, KeyID: "k", Algorithm: "RS256", Use: "sig"}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jwk}, (&jose.SignerOptions{}).WithType("at+jwt"))
	if err != nil {
		tb.Fatal(err)
	}
	keys, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{jwk.Public()}})
	if err != nil {
		tb.Fatal(err)
	}
	return &testIssuer{signer, keys, loadVectors(tb)}
}

// verifier stands at the vectors' time, as theirs do.
func (i *testIssuer) verifier(tb testing.TB, options ...Option) *Verifier {
	tb.Helper()
	return i.vs.verifier(tb, append([]Option{WithKeys(i.keys)}, options...)...)
}

// token returns a minimal token with more claims.
func (i *testIssuer) token(tb testing.TB, more map[string]any) string {
	tb.Helper()
	claims := map[string]any{
		"iss": i.vs.Issuer, "aud": i.vs.Audience, "sub": "user-7", "client_id": "agent", "act": map[string]any{"sub": "spiffe://authsec.local/agent/agent"},
		"iat": i.vs.Now, "nbf": i.vs.Now, "exp": i.vs.Now + 3600, "jti": "token-1", "scope": "billing:read",
	}
	maps.Copy(claims, more)
	text, err := json.Marshal(claims)
	if err != nil {
		tb.Fatal(err)
	}
	signed, err := i.signer.Sign(text)
	if err != nil {
		tb.Fatal(err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		tb.Fatal(err)
	}
	return compact
}
