// Package providertest is an OpenID Connect provider for tests: the authorization
// code flow with PKCE on a TLS server of its own, with keys that rotate, and with
// every fault that a provider, or somebody in its place, can have.
package providertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Client is a client that the provider knows.
type Client struct {
	ID          string
	Secret      string // "" : a public client
	RedirectURI string
}

// Faults are what the provider does wrong. The zero value does nothing wrong.
type Faults struct {
	Deny        string                      // the error of every authorization
	Alter       func(claims map[string]any) // of every ID token; a nil value drops a claim
	Sign        func(claims map[string]any) string
	Issuer      string // iss of the authorization response, in place of its own; "-" : none
	Metadata    func(map[string]any)
	Status      int           // of every answer but authorizations
	Hang        chan struct{} // metadata and tokens wait until it is closed
	Padding     int           // bytes of white space before every JSON answer
	Redirect    string        // metadata is elsewhere
	NoIDToken   bool
	TokenAnswer string // in place of the token endpoint's
}

// Provider is the provider. Make it with New; it is safe for concurrent use.
type Provider struct {
	t      testing.TB
	server *httptest.Server
	client Client
	now    func() time.Time

	mu     sync.Mutex
	faults Faults
	person map[string]any // who is at the browser
	keys   []jose.JSONWebKey
	made   int
	codes  map[string]grant
	asked  map[string]int // requests by path
}

type grant struct {
	challenge, nonce, redirectURI string
	claims                        map[string]any
}

// New starts a provider with one client, and a first key.
func New(t testing.TB, client Client, now func() time.Time) *Provider {
	t.Helper()
	p := &Provider{t: t, client: client, now: now, codes: map[string]grant{}, asked: map[string]int{}, person: map[string]any{"sub": "person-1"}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.serveMetadata)
	mux.HandleFunc("GET /keys", p.serveKeys)
	mux.HandleFunc("GET /authorize", p.serveAuthorize)
	mux.HandleFunc("POST /token", p.serveToken)
	p.server = httptest.NewTLSServer(mux)
	t.Cleanup(p.server.Close)
	p.Rotate()
	return p
}

// Issuer is the provider's iss.
func (p *Provider) Issuer() string { return p.server.URL }

// CABundle is the certificate, in PEM, that the provider's server is trusted by.
func (p *Provider) CABundle() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.server.Certificate().Raw}))
}

// HTTP is a client that trusts the provider and follows no redirect: a browser
// whose steps a test takes one by one.
func (p *Provider) HTTP() *http.Client {
	c := *p.server.Client()
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// At says who is at the browser from now on: their claims, sub among them.
func (p *Provider) At(claims map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.person = maps.Clone(claims)
}

// Fail sets what goes wrong from now on.
func (p *Provider) Fail(f Faults) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = f
}

// Asked is how often a path was requested.
func (p *Provider) Asked(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[path]
}

// Rotate adds a key, which signs from now on; the one before stays published.
func (p *Provider) Rotate() {
	p.t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.made++
	p.keys = append(p.keys, jose.JSONWebKey{Key: private, KeyID: fmt.Sprintf("key-%d", p.made), Algorithm: "ES256", Use: "sig"})
	p.keys = p.keys[max(0, len(p.keys)-2):]
}

// Claims are good claims of the person at the browser, for an audience, with
// changes; a nil value drops a claim.
func (p *Provider) Claims(audience any, changes map[string]any) map[string]any {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	claims := map[string]any{"iss": p.server.URL, "aud": audience, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
	maps.Copy(claims, p.person)
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

// Sign signs claims with the current key, as a token of a type ("" : none).
func (p *Provider) Sign(claims map[string]any, typ string) string {
	p.t.Helper()
	p.mu.Lock()
	key := p.keys[len(p.keys)-1]
	p.mu.Unlock()
	return Sign(p.t, key, claims, typ)
}

// Sign signs claims with a key by its own algorithm.
func Sign(t testing.TB, key jose.JSONWebKey, claims map[string]any, typ string) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	options := &jose.SignerOptions{}
	if typ != "" {
		options = options.WithType(jose.ContentType(typ))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(key.Algorithm), Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

// Public is the current key, as it is published.
func (p *Provider) Public() jose.JSONWebKey {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keys[len(p.keys)-1].Public()
}
