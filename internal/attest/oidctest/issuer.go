// Package oidctest is an OpenID Connect issuer for tests: it signs tokens,
// rotates its keys, and serves them as issuers do.
package oidctest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Issuer is an issuer on a TLS server of its own. Make it with New; it is safe
// for concurrent use.
type Issuer struct {
	t      testing.TB
	server *httptest.Server
	path   string

	mu      sync.Mutex
	made    int
	current jose.JSONWebKey // signs
	keys    []jose.JSONWebKey
	down    bool
	fetches int
}

// New starts an issuer whose URL ends in path, with a first key for RS256.
func New(t testing.TB, path string) *Issuer {
	t.Helper()
	i := &Issuer{t: t, path: path}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+strings.TrimSuffix(path, "/")+"/.well-known/openid-configuration", i.serveMetadata)
	mux.HandleFunc("GET /keys", i.serveKeys)
	i.server = httptest.NewTLSServer(mux)
	t.Cleanup(i.server.Close)
	i.Rotate("RS256")
	return i
}

// URL is the issuer's iss.
func (i *Issuer) URL() string { return i.server.URL + i.path }

// CABundle is the certificate, in PEM, that the issuer's server is trusted by.
func (i *Issuer) CABundle() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.server.Certificate().Raw}))
}

// JWKS is the issuer's key set as it is now.
func (i *Issuer) JWKS() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	text, err := json.Marshal(jose.JSONWebKeySet{Keys: i.keys})
	if err != nil {
		i.t.Fatal(err)
	}
	return string(text)
}

// Fetches is how often the keys were asked for.
func (i *Issuer) Fetches() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetches
}

// Rotate adds a key for the algorithm, which signs from now on.
func (i *Issuer) Rotate(algorithm string) {
	i.t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	i.made++
	i.current = NewKey(i.t, fmt.Sprintf("key-%d", i.made), algorithm)
	i.keys = append(i.keys, i.current.Public())
}

// Publish replaces what is published; the key that signs stays as it is.
func (i *Issuer) Publish(keys ...jose.JSONWebKey) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = keys
}

// Current is the private key that signs.
func (i *Issuer) Current() jose.JSONWebKey {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.current
}

// Down makes the issuer answer 500, or well again.
func (i *Issuer) Down(down bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.down = down
}

// Claims are good claims at an instant, for an audience, with changes; a nil
// value drops a claim.
func (i *Issuer) Claims(now time.Time, audience string, changes map[string]any) map[string]any {
	claims := map[string]any{"iss": i.URL(), "sub": "workload", "aud": audience, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

// Sign signs claims with the issuer's current key.
func (i *Issuer) Sign(claims map[string]any) string {
	i.t.Helper()
	return Sign(i.t, i.Current(), claims, nil)
}

// NewKey makes a private key for an algorithm, which stands in it as its alg.
func NewKey(t testing.TB, id, algorithm string) jose.JSONWebKey {
	t.Helper()
	var private crypto.Signer
	var err error
	switch algorithm {
	case "ES256":
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		private, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ES512":
		private, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "EdDSA":
		_, private, err = ed25519.GenerateKey(rand.Reader)
	default:
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	return jose.JSONWebKey{Key: private, KeyID: id, Algorithm: algorithm, Use: "sig"}
}

// Sign signs claims with a key, by its alg and with its ID, and with header
// parameters of the caller's choice.
func Sign(t testing.TB, key jose.JSONWebKey, claims map[string]any, header map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	options := (&jose.SignerOptions{}).WithType("JWT")
	for name, value := range header {
		options.WithHeader(jose.HeaderKey(name), value)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(key.Algorithm), Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func (i *Issuer) serveMetadata(w http.ResponseWriter, _ *http.Request) {
	if i.isDown() {
		http.Error(w, "down", http.StatusInternalServerError)
		return
	}
	fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, i.URL(), i.server.URL+"/keys")
}

func (i *Issuer) serveKeys(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	i.fetches++
	i.mu.Unlock()
	if i.isDown() {
		http.Error(w, "down", http.StatusInternalServerError)
		return
	}
	_, _ = w.Write([]byte(i.JWKS()))
}

func (i *Issuer) isDown() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.down
}
