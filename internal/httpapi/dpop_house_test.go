package httpapi_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"net"
	"net/http"
	"net/netip"
	"time"

	"authsec/internal/attest/oidctest"
	"authsec/internal/domain"

	"github.com/go-jose/go-jose/v4"
)

// tokenRoute is a route that gives tokens, as one agent asks it.
type tokenRoute struct {
	name, method, path string
	ask                func(h *house, agent domain.Agent, changes ...request) answer
	// member is that of the answer's body with the token.
	member string
}

func (r tokenRoute) url(h *house) string { return h.publicURL.String() + r.path }

// tokenRoutes are both of them: what is said of bound tokens holds alike.
func tokenRoutes() []tokenRoute {
	return []tokenRoute{
		{"token endpoint", "POST", oauthTokenPath, func(h *house, agent domain.Agent, changes ...request) answer {
			return h.ask([]string{"client_id", agent.ClientID}, changes...)
		}, "access_token"},
		{"SDK endpoint", "GET", tokenPath, func(h *house, agent domain.Agent, changes ...request) answer {
			return h.token(agent, changes...)
		}, "token"},
	}
}

// nonce asks for the one that proofs must carry now.
func (h *house) nonce() string {
	h.t.Helper()
	nonce := h.token(h.agent, dpop("x")).want(400).header.Get("DPoP-Nonce")
	if nonce == "" {
		h.t.Fatal("no nonce")
	}
	return nonce
}

// later lets time pass, by more than keys may go without being reloaded.
func (h *house) later(d time.Duration) {
	h.t.Helper()
	h.clock.Advance(d)
	h.must(h.keys.Reload(h.t.Context()))
}

func dpop(proofs ...string) request { return header("DPoP", proofs...) }

// prove makes a good DPoP proof for a route; changes replace claims and header
// parameters, and nil leaves one out.
func (h *house) prove(key jose.JSONWebKey, route tokenRoute, claims, parameters object) string {
	h.t.Helper()
	with := func(all, changes object) object {
		for name, v := range changes {
			if all[name] = v; v == nil {
				delete(all, name)
			}
		}
		return all
	}
	all := object{"jti": rand.Text(), "htm": route.method, "htu": route.url(h), "iat": h.clock.Now().Unix()}
	if _, given := claims["nonce"]; !given {
		all["nonce"] = h.nonce()
	}
	return oidctest.Sign(h.t, key, with(all, claims), with(object{"typ": "dpop+jwt", "jwk": key.Public()}, parameters))
}

// jkt is a key's thumbprint (RFC 7638).
func (h *house) jkt(key jose.JSONWebKey) string {
	h.t.Helper()
	sum, err := key.Thumbprint(crypto.SHA256)
	h.must(err)
	return base64.RawURLEncoding.EncodeToString(sum)
}

// wantOAuthError holds an answer of either route to an error of RFC 9449, and to its nonce.
func (a answer) wantOAuthError(status int, code string) answer {
	a.t.Helper()
	a.want(status)
	if a.member("error") != code || a.member("error_description") == "" || a.member("token") != "" || a.member("access_token") != "" {
		a.t.Fatalf("want %s: %s", code, a.body)
	}
	if a.header.Get("DPoP-Nonce") == "" || a.header.Get("Cache-Control") != "no-store" {
		a.t.Errorf("headers %v", a.header)
	}
	return a
}

// unsigned and symmetric are proofs with a payload whose algorithms prove nothing.
func (h *house) unsigned(payload string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"dpop+jwt","jwk":{}}`)) + "." + payload + "."
}

func (h *house) symmetric(payload string) string {
	h.t.Helper()
	secret := jose.JSONWebKey{Key: make([]byte, 32)}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: secret}, (&jose.SignerOptions{}).WithType("dpop+jwt").WithHeader("jwk", secret))
	h.must(err)
	claims, err := base64.RawURLEncoding.DecodeString(payload)
	h.must(err)
	signed, err := signer.Sign(claims)
	h.must(err)
	compact, err := signed.CompactSerialize()
	h.must(err)
	return compact
}

// reached says at which address, one of this machine's, a request arrived.
func reached(address string) request {
	return func(r *http.Request) {
		at := net.TCPAddrFromAddrPort(netip.MustParseAddrPort(address))
		*r = *r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, at))
		r.Host = address
	}
}
