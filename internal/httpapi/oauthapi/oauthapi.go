// Package oauthapi serves what any OAuth and JWT client knows to look for: the
// signing keys (RFC 7517), the server's metadata (RFC 8414), status lists and
// recalls, introspection (RFC 7662) and revocation (RFC 7009). It lists what
// works, nothing else.
package oauthapi

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"authsec/internal/httpapi/wire"
	"authsec/internal/keyring"
)

// KeySet gives the published keys at an instant.
type KeySet interface {
	JWKS(now time.Time) (*keyring.Document, error)
}

// API answers the standard documents and the token endpoint.
type API struct {
	Issuer    string // the public URL
	Keys      KeySet
	Tokens    TokenIssuer
	Proofs    wire.KeyProofs
	MutualTLS bool // clients can authenticate with an X.509-SVID
	// MutualTLSURL is where they do; "" : nobody said.
	MutualTLSURL string
	Now          func() time.Time
}

// The routes' paths.
const (
	jwksPath     = "/.well-known/jwks.json"
	metadataPath = "/.well-known/oauth-authorization-server"
	oidcPath     = "/.well-known/openid-configuration"
	sdkPath      = "/authsec/uflow/sdk/delegation-token"
)

// Endpoints returns the package's routes.
func (a API) Endpoints() []wire.Endpoint {
	return []wire.Endpoint{
		{Pattern: "GET " + jwksPath, Handler: wire.Handler{Serve: a.jwks, Fail: wire.OAuthError}},
		{Pattern: "GET " + metadataPath, Handler: wire.Handler{Serve: a.metadata, Fail: wire.OAuthError}},
		{Pattern: "GET " + oidcPath, Handler: wire.Handler{Serve: a.openID, Fail: wire.OAuthError}},
		a.authorizationEndpoint(),
		a.tokenEndpoint(),
	}
}

func (a API) jwks(w http.ResponseWriter, r *http.Request) error {
	doc, err := a.Keys.JWKS(a.Now())
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("ETag", doc.ETag)
	publish(h, keyring.JWKSMaxAge)
	if matches(r.Header.Get("If-None-Match"), doc.ETag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", "application/jwk-set+json")
	_, _ = w.Write(doc.Body) // the peer may be gone; nobody to tell
	return nil
}

// publish lets anybody read a public document, from a page too, and keep it.
func publish(h http.Header, maxAge time.Duration) {
	h.Set("Cache-Control", fmt.Sprintf("public, max-age=%d", int(maxAge/time.Second)))
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
}

// matches reports whether an If-None-Match header names the tag (RFC 9110 §13.1.2).
func matches(header, etag string) bool {
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		if tag == etag || tag == "*" {
			return true
		}
	}
	return false
}
