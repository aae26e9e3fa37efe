// Package oauthapi serves what any OAuth and JWT client knows to look for: the
// signing keys (RFC 7517) and the server's metadata (RFC 8414). It lists what
// works, nothing else.
package oauthapi

import (
	"encoding/json"
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

// API answers the standard documents.
type API struct {
	Issuer string // the public URL
	Keys   KeySet
	Now    func() time.Time
}

// The routes' paths.
const (
	jwksPath     = "/.well-known/jwks.json"
	metadataPath = "/.well-known/oauth-authorization-server"
	sdkPath      = "/authsec/uflow/sdk/delegation-token"
)

// Endpoints returns the package's routes.
func (a API) Endpoints() []wire.Endpoint {
	return []wire.Endpoint{
		{Pattern: "GET " + jwksPath, Handler: wire.Handler{Serve: a.jwks, Fail: wire.OAuthError}},
		{Pattern: "GET " + metadataPath, Handler: wire.Handler{Serve: a.metadata, Fail: wire.OAuthError}},
	}
}

func (a API) jwks(w http.ResponseWriter, r *http.Request) error {
	doc, err := a.Keys.JWKS(a.Now())
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("ETag", doc.ETag)
	publish(h)
	if matches(r.Header.Get("If-None-Match"), doc.ETag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", "application/jwk-set+json")
	_, _ = w.Write(doc.Body) // the peer may be gone; nobody to tell
	return nil
}

// metadata is RFC 8414 §2. No grant is listed while there is no token endpoint.
type metadata struct {
	Issuer                 string   `json:"issuer"`
	JWKSURI                string   `json:"jwks_uri"`
	ResponseTypesSupported []string `json:"response_types_supported"`
	GrantTypesSupported    []string `json:"grant_types_supported"`
	// Ours, as RFC 8414 §2 allows: where the SDKs fetch tokens, and how they are signed.
	DelegationTokenEndpoint string   `json:"authsec_delegation_token_endpoint"`
	AccessTokenSigningAlgs  []string `json:"authsec_access_token_signing_alg_values_supported"`
}

func (a API) metadata(w http.ResponseWriter, _ *http.Request) error {
	body, err := json.Marshal(metadata{
		Issuer: a.Issuer, JWKSURI: a.Issuer + jwksPath,
		ResponseTypesSupported: []string{}, GrantTypesSupported: []string{},
		DelegationTokenEndpoint: a.Issuer + sdkPath, AccessTokenSigningAlgs: []string{"RS256"},
	})
	if err != nil {
		return err
	}
	publish(w.Header())
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(body, '\n')) // the peer may be gone; nobody to tell
	return nil
}

// publish lets anybody read a public document, from a page too, and keep it for
// as long as keys are published before use.
func publish(h http.Header) {
	h.Set("Cache-Control", fmt.Sprintf("public, max-age=%d", int(keyring.JWKSMaxAge/time.Second)))
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
