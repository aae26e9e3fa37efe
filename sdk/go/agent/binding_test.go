package agent

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"authsec/sdk/go/dpop"
	"authsec/sdk/go/verify"
)

func hostOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// A client with DPoP, the server and an API that all demand what RFC 9449 lets
// them, over TLS.
func TestRFC9449_DPoPFromEndToEnd(t *testing.T) {
	s := newBindingServer(t)
	var bodies, schemes []string
	api := s.newAPI(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		bodies, schemes = append(bodies, string(body)), append(schemes, scheme)
	}, func(url string) []verify.Option {
		return []verify.Option{verify.WithDPoP(verify.DPoP{PublicURL: url, RequireNonce: true}), verify.WithSenderConstrained()}
	})
	own := client(t, Config{BaseURL: s.URL, HTTPClient: s.Client(), DPoP: true}, nil, "")
	caller := &http.Client{Transport: own.Transport(api.Client().Transport, hostOf(t, api.URL))}
	for range 3 {
		resp, err := caller.Post(api.URL+"/bills?q=1", "text/plain", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		if resp.Body.Close() != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("got %d, %q", resp.StatusCode, resp.Header.Values("WWW-Authenticate"))
		}
	}
	if !slices.Equal(bodies, []string{"x", "x", "x"}) || !slices.Equal(schemes, []string{"DPoP", "DPoP", "DPoP"}) {
		t.Errorf("the API got %q under %q", bodies, schemes)
	}
	// One token for all; the nonce was learnt by one refusal.
	if got := s.answers(); !slices.Equal(got, []string{"use_dpop_nonce", ""}) {
		t.Errorf("the server answered %q", got)
	}
	d, err := own.Delegation(t.Context(), Ask{Actions: []string{"billing:read"}})
	if err != nil || d.TokenType != "DPoP" {
		t.Errorf("got type %q, %v", d.TokenType, err)
	}
	if got := s.answers(); !slices.Equal(got, []string{"use_dpop_nonce", "", ""}) {
		t.Errorf("the server answered %q: its nonce is to be kept", got)
	}
	s.setNonce("server-2")
	if _, err := own.Delegation(t.Context(), Ask{Actions: []string{"billing:refund"}}); err != nil {
		t.Error(err)
	}
	if got := s.answers(); !slices.Equal(got, []string{"use_dpop_nonce", "", "", "use_dpop_nonce", ""}) {
		t.Errorf("the server answered %q to an old nonce", got)
	}
	source, err := own.TokenSource(t.Context()).Token()
	if err != nil || source.Type() != "DPoP" {
		t.Errorf("got type %q, %v", source.Type(), err)
	}
}

// RFC 9449 §8: exactly one more try, and none without a nonce to come with.
func TestRFC9449_8_OneMoreTryWithTheNonce(t *testing.T) {
	const code = "use_dpop_nonce"
	give := func(nonces ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			for _, nonce := range nonces {
				w.Header().Add("DPoP-Nonce", nonce)
			}
			refusal(http.StatusBadRequest, code, nil)(w, r)
		}
	}
	for name, c := range map[string]struct {
		reply http.HandlerFunc
		tries int
	}{
		"a nonce":             {give("n-1"), 2},
		"no nonce":            {give(), 1},
		"an empty nonce":      {give(""), 1},
		"a nonce with quotes": {give(`a"b`), 1},
		"a huge nonce":        {give(strings.Repeat("n", dpop.MaxNonce+1)), 1},
	} {
		s := newServer(t)
		s.queue(c.reply, c.reply, c.reply)
		_, err := client(t, Config{BaseURL: s.URL, DPoP: true}, nil, "").Token(t.Context())
		var refused *Error
		if !errors.As(err, &refused) || refused.Code != code {
			t.Errorf("%s: got %v", name, err)
		}
		if n := len(s.requests()); n != c.tries {
			t.Errorf("%s: %d tries, want %d", name, n, c.tries)
		}
	}
	s := newServer(t)
	s.queue(give("n-1"), give("n-1"))
	if _, err := client(t, Config{BaseURL: s.URL}, nil, "").Token(t.Context()); err == nil || len(s.requests()) != 1 {
		t.Errorf("without DPoP: %d tries, %v", len(s.requests()), err)
	}
}

// A server that does not know of DPoP must not turn a client that asked for it
// into one with Bearer tokens.
func TestATokenThatIsNotBoundIsRefused(t *testing.T) {
	key := func() *dpop.Signer {
		k, err := dpop.Generate()
		if err != nil {
			t.Fatal(err)
		}
		return k
	}()
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
		"another key":          {Config{DPoP: true}, map[string]any{"token_type": "DPoP", "cnf": map[string]string{"jkt": key.Thumbprint()}}},
		"a key nobody gave":    {Config{}, map[string]any{"token_type": "DPoP", "cnf": map[string]string{"jkt": key.Thumbprint()}}},
		"a key that is a list": {Config{DPoP: true}, map[string]any{"cnf": []string{}}},
	} {
		s := newServer(t)
		s.queue(answerWith(c.more))
		c.config.BaseURL = s.URL
		if got, err := client(t, c.config, nil, "").Token(t.Context()); err == nil {
			t.Errorf("%s: got %s", name, got)
		}
	}
	s := httptest.NewTLSServer(answerWith(map[string]any{"cnf": map[string]string{"x5t#S256": "other"}}))
	t.Cleanup(s.Close)
	if got, err := client(t, Config{BaseURL: s.URL, HTTPClient: s.Client(), ClientCertificate: newCertificate(t)}, nil, "").Token(t.Context()); err == nil {
		t.Errorf("another certificate: got %s", got)
	}
}

// The caller's key, of any kind, is used for all proofs; the URL of a proof is the
// server's public one.
func TestDPoPKeyAndPublicURL(t *testing.T) {
	s := newBindingServer(t)
	s.issuer = "https://authsec.example.com"
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	want, err := dpop.Thumbprint(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	own := client(t, Config{BaseURL: s.URL, HTTPClient: s.Client(), DPoP: true, DPoPKey: key, PublicURL: "https://authsec.example.com/"}, nil, "")
	token, err := own.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), "", "https://billing.example.com/bills/7?x", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Method, req.Host = "", "Other.example.com"
	if err := own.Authorize(req); err != nil {
		t.Fatal(err)
	}
	p, err := dpop.Parse(req.Header.Get("DPoP"), dpop.Expectation{Method: "GET", URL: "https://other.example.com/bills/7", Now: own.config.Now(), Leeway: dpop.Leeway, AccessToken: token})
	if err != nil || p.Thumbprint != want || p.Algorithm != "EdDSA" || req.Header.Get("Authorization") != "DPoP "+token {
		t.Errorf("got %+v, %v", p, err)
	}
}

// A socket has no name that a proof could hold.
func TestDPoPOverASocketNamesThePublicURL(t *testing.T) {
	s := newBindingServer(t)
	s.issuer = "https://authsec.example.com"
	socket := filepath.Join(t.TempDir(), "authsec.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	over := &http.Server{Handler: s} //nolint:gosec // a test's
	go over.Serve(listener)          //nolint:errcheck // ends with Close
	t.Cleanup(func() { _ = over.Close() })
	if _, err := client(t, Config{BaseURL: "unix://" + socket, PublicURL: "https://authsec.example.com", DPoP: true}, nil, "").Token(t.Context()); err != nil {
		t.Error(err)
	}
}

// A nonce belongs to the server that gave it (RFC 9449 §8.2).
func TestNoncesAreKeptPerServer(t *testing.T) {
	b, err := newBinding(Config{DPoP: true})
	if err != nil {
		t.Fatal(err)
	}
	b.learn(http.Header{"Dpop-Nonce": {"one"}}, "https://One.example.com/a")
	b.learn(http.Header{"Dpop-Nonce": {"two"}}, "https://two.example.com/b")
	for address, want := range map[string]string{"https://one.example.com/c?d": "one", "https://two.example.com": "two", "http://one.example.com": "", "https://one.example.com:8443": ""} {
		if got, _ := b.nonces.Get(origin(address)); got != want {
			t.Errorf("%s: got %q", address, got)
		}
	}
	for i := range 2 * maxOrigins {
		b.learn(http.Header{"Dpop-Nonce": {"n"}}, "https://h"+strings.Repeat("x", i)+".example.com")
	}
	if n := b.nonces.Len(); n != maxOrigins {
		t.Errorf("%d nonces are kept", n)
	}
}

// RFC 8705 §3, from end to end: the certificate is the proof and the key, and no
// other host is shown it.
func TestRFC8705_3_CertificateFromEndToEnd(t *testing.T) {
	s := newBindingServer(t)
	api := s.newAPI(t, func(http.ResponseWriter, *http.Request) {}, func(string) []verify.Option {
		return []verify.Option{verify.WithMTLS(nil), verify.WithSenderConstrained()}
	})
	var shown int
	other := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { shown += len(r.TLS.PeerCertificates) }))
	other.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	other.StartTLS()
	t.Cleanup(other.Close)
	env := map[string]string{tokenFileVariable: "/nowhere"} // would be an error, were it looked at
	own := client(t, Config{BaseURL: s.URL, HTTPClient: s.Client(), ClientCertificate: newCertificate(t)}, env, "")
	for address, want := range map[string]int{api.URL: http.StatusOK, other.URL: http.StatusOK} {
		base := api.Client().Transport.(*http.Transport).Clone()
		if address == other.URL {
			base = other.Client().Transport.(*http.Transport).Clone()
		}
		resp, err := (&http.Client{Transport: own.Transport(base, hostOf(t, api.URL))}).Get(address)
		if err != nil {
			t.Fatal(err)
		}
		if resp.Body.Close() != nil || resp.StatusCode != want {
			t.Errorf("got %d, %q", resp.StatusCode, resp.Header.Values("WWW-Authenticate"))
		}
	}
	if shown != 0 {
		t.Error("another host was shown the certificate")
	}
	if got := s.answers(); !slices.Equal(got, []string{""}) {
		t.Errorf("the server answered %q", got)
	}
	token, err := own.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// A thief of the token has another certificate, or none.
	thief := client(t, Config{BaseURL: s.URL, HTTPClient: s.Client(), ClientCertificate: newCertificate(t)}, nil, "")
	for _, transport := range []http.RoundTripper{api.Client().Transport, withCertificate(api.Client().Transport.(*http.Transport), thief.config.ClientCertificate)} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if resp.Body.Close() != nil || resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("a thief got %d", resp.StatusCode)
		}
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
