package realclients

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

// subjects is the audience of ID tokens that lend by exchange.
const subjects = "api://authsec"

// people is the identity provider of a person who is present.
type people struct {
	key    jose.JSONWebKey
	server *httptest.Server
}

func newPeople() (*people, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	p := &people{key: jose.JSONWebKey{Key: private, KeyID: "people", Algorithm: "ES256", Use: "sig"}}
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		var body any
		switch r.URL.Path {
		case "/.well-known/openid-configuration":
			body = object{"issuer": p.server.URL, "jwks_uri": p.server.URL + "/keys", "authorization_endpoint": p.server.URL + "/authorize",
				"token_endpoint": p.server.URL + "/token", "response_types_supported": []string{"code"},
				"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"ES256"}}
		case "/keys":
			body = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{p.key.Public()}}
		default:
			http.NotFound(w, r)
			return
		}
		_ = json.NewEncoder(w).Encode(body) // the peer may be gone
	}))
	return p, nil
}

// idToken says that a person of a subject is present, and is of the support staff.
func (p *people) idToken(subject string) (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: p.key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", err
	}
	now := time.Now()
	claims, err := json.Marshal(object{"iss": p.server.URL, "sub": subject, "aud": subjects, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"email": subject + "@example.com", "email_verified": true, "name": "Support " + subject, "groups": []string{"everybody", "support"}})
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}
