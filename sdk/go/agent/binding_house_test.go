package agent

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"authsec/sdk/go/dpop"
	"authsec/sdk/go/verify"
)

const (
	testIssuer   = "https://authsec.example.com"
	testAudience = "https://billing.example.com"
)

// bindingServer issues tokens that are bound to what the request proves, and
// demands a nonce, as AuthSec does.
type bindingServer struct {
	*httptest.Server
	signer jose.Signer
	keys   []byte

	mu     sync.Mutex
	issuer string   // what proofs must name
	nonce  string   // what they must hold
	asked  []string // what each request came to: a code, or "" for a token
	proofs map[string]bool
}

func newBindingServer(t *testing.T) *bindingServer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	jwk := jose.JSONWebKey{Key: key, KeyID: "k", Algorithm: "RS256", Use: "sig"}
	s := &bindingServer{nonce: "server-1", proofs: map[string]bool{}}
	if s.signer, err = jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jwk}, (&jose.SignerOptions{}).WithType("at+jwt")); err != nil {
		t.Fatal(err)
	}
	if s.keys, err = json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{jwk.Public()}}); err != nil {
		t.Fatal(err)
	}
	s.Server = httptest.NewUnstartedServer(s)
	s.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	s.StartTLS()
	s.issuer = s.URL
	t.Cleanup(s.Close)
	return s
}

func (s *bindingServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	cnf, code := s.confirm(r)
	s.asked = append(s.asked, code)
	if r.Header.Get("DPoP") != "" {
		w.Header().Set("DPoP-Nonce", s.nonce)
	}
	if code != "" {
		refusal(http.StatusBadRequest, code, nil)(w, r)
		return
	}
	now := time.Now()
	claims := map[string]any{"iss": testIssuer, "aud": testAudience, "sub": "user-7", "client_id": clientID, "act": map[string]any{"sub": "spiffe://authsec.local/agent/a"},
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Unix() + 3600, "jti": rand.Text(), "scope": "billing:read"}
	body := map[string]any{"expires_at": now.Add(time.Hour), "ttl_seconds": 3600, "client_id": clientID}
	if cnf != nil {
		claims["cnf"], body["cnf"] = cnf, cnf
	}
	if cnf["jkt"] != "" {
		body["token_type"] = "DPoP"
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	signed, err := s.signer.Sign(payload)
	if err != nil {
		panic(err)
	}
	if body["token"], err = signed.CompactSerialize(); err != nil {
		panic(err)
	}
	writeJSON(w, http.StatusOK, body)
}

func (s *bindingServer) confirm(r *http.Request) (cnf map[string]string, code string) {
	compact, err := dpop.FromHeader(r.Header)
	switch {
	case err != nil:
		return nil, codeProof
	case compact != "":
		p, err := dpop.Parse(compact, dpop.Expectation{Method: r.Method, URL: s.issuer + r.URL.EscapedPath(), Now: time.Now(), Leeway: dpop.Leeway})
		switch {
		case err != nil, s.proofs[p.ID]:
			return nil, codeProof
		case p.Nonce != s.nonce:
			return nil, codeNonce
		}
		s.proofs[p.ID] = true
		return map[string]string{"jkt": p.Thumbprint}, ""
	case r.URL.Query().Get("token_binding") == "mtls" && len(r.TLS.PeerCertificates) > 0 && r.Header.Get("Authorization") == "":
		sum := sha256.Sum256(r.TLS.PeerCertificates[0].Raw)
		return map[string]string{"x5t#S256": base64.RawURLEncoding.EncodeToString(sum[:])}, ""
	case r.URL.Query().Has("token_binding"):
		return nil, "invalid_request"
	}
	return nil, ""
}

func (s *bindingServer) answers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

func (s *bindingServer) setNonce(nonce string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nonce = nonce
}

// newAPI guards a handler with a verifier that trusts the server.
func (s *bindingServer) newAPI(t *testing.T, handler http.HandlerFunc, options func(url string) []verify.Option) *httptest.Server {
	t.Helper()
	api := httptest.NewUnstartedServer(nil)
	api.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	api.StartTLS()
	t.Cleanup(api.Close)
	v, err := verify.New(testIssuer, testAudience, append([]verify.Option{verify.WithKeys(s.keys)}, options(api.URL)...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	api.Config.Handler = v.Middleware(handler)
	return api
}

func newCertificate(t *testing.T) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(7), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func hostOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}
