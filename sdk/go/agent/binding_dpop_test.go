package agent

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"authsec/sdk/go/dpop"
	"authsec/sdk/go/verify"
)

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
