package agent

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"authsec/sdk/go/dpop"
)

// A server that does not know of DPoP must not turn a client that asked for it
// into one with Bearer tokens.
func TestATokenThatIsNotBoundIsRefused(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	thumbprint, err := dpop.Thumbprint(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	cnf := map[string]string{"jkt": thumbprint}
	answerWith := func(more map[string]any) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			body := map[string]any{"token": "t", "expires_at": "2030-01-01T00:00:00Z", "ttl_seconds": 60, "client_id": clientID}
			for name, value := range more {
				body[name] = value
			}
			writeJSON(w, http.StatusOK, body)
		}
	}
	for name, c := range map[string]struct {
		config Config
		more   map[string]any
	}{
		"nothing said":         {Config{DPoP: true}, nil},
		"a type alone":         {Config{DPoP: true}, map[string]any{"token_type": "DPoP"}},
		"another key":          {Config{DPoP: true}, map[string]any{"token_type": "DPoP", "cnf": cnf}},
		"a key nobody gave":    {Config{}, map[string]any{"token_type": "DPoP", "cnf": cnf}},
		"a key that is a list": {Config{DPoP: true}, map[string]any{"cnf": []string{}}},
		"the key alone":        {Config{DPoP: true, DPoPKey: key}, map[string]any{"cnf": cnf}},
		"another type":         {Config{DPoP: true, DPoPKey: key}, map[string]any{"token_type": "Bearer", "cnf": cnf}},
	} {
		s := newServer(t)
		s.queue(answerWith(c.more))
		c.config.BaseURL = s.URL
		if got, err := client(t, c.config, nil, "").Token(t.Context()); err == nil {
			t.Errorf("%s: got %s", name, got)
		}
	}
	bound := newServer(t)
	bound.queue(answerWith(map[string]any{"token_type": "dpop", "cnf": cnf})) // RFC 6749 §5.1: in any case
	if _, err := client(t, Config{BaseURL: bound.URL, DPoP: true, DPoPKey: key}, nil, "").Token(t.Context()); err != nil {
		t.Errorf("the key and the type: %v", err)
	}
	s := httptest.NewTLSServer(answerWith(map[string]any{"cnf": map[string]string{"x5t#S256": "other"}}))
	t.Cleanup(s.Close)
	if got, err := client(t, Config{BaseURL: s.URL, HTTPClient: s.Client(), ClientCertificate: newCertificate(t)}, nil, "").Token(t.Context()); err == nil {
		t.Errorf("another certificate: got %s", got)
	}
}

func TestBindingsThatAreRefused(t *testing.T) {
	certificate := newCertificate(t)
	key := certificate.PrivateKey.(crypto.Signer)
	for name, c := range map[string]Config{
		"a key without DPoP":            {DPoPKey: key},
		"both bindings":                 {DPoP: true, ClientCertificate: certificate},
		"DPoP over a nameless socket":   {DPoP: true, BaseURL: "unix:///run/authsec.sock"},
		"a public URL that is none":     {DPoP: true, PublicURL: "authsec"},
		"a public URL that is a socket": {DPoP: true, PublicURL: "unix:///run/authsec.sock"},
		"an empty certificate":          {ClientCertificate: &tls.Certificate{}},
		"a certificate over plain http": {ClientCertificate: certificate, BaseURL: "http://localhost:7468"},
		"a certificate over a socket":   {ClientCertificate: certificate, BaseURL: "unix:///run/authsec.sock"},
		"a certificate and a secret":    {ClientCertificate: certificate, ClientSecret: "s"},
		"a certificate and a file":      {ClientCertificate: certificate, WorkloadTokenFile: "/f"},
		"a transport of another kind":   {ClientCertificate: certificate, HTTPClient: &http.Client{Transport: http.NewFileTransport(http.Dir("/"))}},
	} {
		c.ClientID = clientID
		if c.BaseURL == "" {
			c.BaseURL = "https://authsec.example.com"
		}
		if _, err := New(c); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	t.Setenv("AUTHSEC_DPOP", "perhaps")
	if _, err := New(FromEnv()); err == nil || !strings.Contains(err.Error(), "AUTHSEC_DPOP") {
		t.Error(err)
	}
	t.Setenv("AUTHSEC_DPOP", "true")
	t.Setenv("AUTHSEC_PUBLIC_URL", "https://authsec.example.com")
	if c := FromEnv(); !c.DPoP || c.PublicURL != "https://authsec.example.com" {
		t.Errorf("got %t, %q", c.DPoP, c.PublicURL)
	}
}
