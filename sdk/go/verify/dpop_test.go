package verify

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"authsec/sdk/go/dpop"
)

// sender is a client with a key of its own, to which its token is bound by a
// verifier that trusts its issuer.
type sender struct {
	signer *dpop.Signer
	token  string
	now    func() time.Time
}

// newSender takes a bound token from the vectors' issuer.
func newSender(t *testing.T, issuer *testIssuer, now func() time.Time) *sender {
	t.Helper()
	signer, err := dpop.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return &sender{signer, issuer.token(t, map[string]any{"cnf": map[string]any{"jkt": signer.Thumbprint()}}), now}
}

func (s *sender) sign(t *testing.T, r *http.Request, url, nonce string) {
	t.Helper()
	proof, err := s.signer.Sign(dpop.Request{Method: r.Method, URL: url, Now: s.now(), AccessToken: s.token, Nonce: nonce})
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "DPoP "+s.token)
	r.Header.Set("DPoP", proof)
}

// RFC 9449 §9: the resource gives a nonce, and takes it for a while.
func TestRFC9449_9_Nonce(t *testing.T) {
	c, issuer := newClock(), newTestIssuer(t)
	key := []byte(strings.Repeat("k", 32))
	verifier := issuer.verifier(t, WithClock(c.now), WithDPoP(DPoP{PublicURL: publicURL, RequireNonce: true, NonceKey: key}))
	replica := issuer.verifier(t, WithClock(c.now), WithDPoP(DPoP{PublicURL: publicURL, RequireNonce: true, NonceKey: key}))
	stranger := issuer.verifier(t, WithClock(c.now), WithDPoP(DPoP{PublicURL: publicURL, RequireNonce: true}))
	s := newSender(t, issuer, c.now)
	send := func(v *Verifier, nonce string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/bills/7", nil)
		s.sign(t, r, publicURL+"/bills/7", nonce)
		w := httptest.NewRecorder()
		v.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
		return w
	}
	for _, nonce := range []string{"", "made-up", stranger.Nonce()} {
		w := send(verifier, nonce)
		if w.Code != 401 || !strings.Contains(strings.Join(w.Header().Values("WWW-Authenticate"), " "), `DPoP realm="https://billing.example.com", error="use_dpop_nonce"`) ||
			w.Header().Get("DPoP-Nonce") != verifier.Nonce() || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("nonce %q: got %d, %v", nonce, w.Code, w.Header())
		}
	}
	nonce := send(verifier, "").Header().Get("DPoP-Nonce")
	for _, v := range []*Verifier{verifier, replica} {
		if w := send(v, nonce); w.Code != 200 || w.Header().Get("DPoP-Nonce") != "" {
			t.Errorf("with the nonce: got %d, %v", w.Code, w.Header())
		}
	}
	c.advance(noncePeriod)
	w := send(verifier, nonce)
	if next := w.Header().Get("DPoP-Nonce"); w.Code != 200 || next == "" || next == nonce || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("with the nonce before: got %d, %v", w.Code, w.Header())
	}
	c.advance(noncePeriod)
	if w := send(verifier, nonce); w.Code != 401 {
		t.Errorf("with an old nonce: got %d", w.Code)
	}
	if issuer.verifier(t).Nonce() != "" || issuer.verifier(t, WithDPoP(DPoP{})).Nonce() != "" {
		t.Error("a nonce that nobody demands")
	}
}

// The URL of a proof is the public one, or that of the connection: forwarding
// headers are anybody's.
func TestRFC9449_4_3_TheURLBehindAProxy(t *testing.T) {
	c, issuer := newClock(), newTestIssuer(t)
	s := newSender(t, issuer, c.now)
	for _, tt := range []struct {
		name, public, target, sent string
		tls, ok                    bool
	}{
		{"direct, plain", "", "http://localhost:7469/x?a=1", "http://localhost:7469/x", false, true},
		{"direct, TLS", "", "https://api.example.com/x", "https://api.example.com/x", true, true},
		{"direct, TLS is not plain", "", "https://api.example.com/x", "http://api.example.com/x", true, false},
		{"behind a proxy that ends TLS", publicURL, "http://10.0.0.7:8080/x", "https://billing.example.com/x", false, true},
		{"behind a proxy that takes a prefix off", publicURL + "/billing/", "http://10.0.0.7:8080/x", "https://billing.example.com/billing/x", false, true},
		{"the inner name counts no more", publicURL, "http://10.0.0.7:8080/x", "http://10.0.0.7:8080/x", false, false},
		{"forwarding headers do not count", "", "http://10.0.0.7:8080/x", "https://evil.example.com/x", false, false},
		{"an escaped slash", publicURL, "http://10.0.0.7:8080/a%2Fb", "https://billing.example.com/a%2fb", false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := issuer.verifier(t, WithClock(c.now), WithDPoP(DPoP{PublicURL: tt.public}))
			r := httptest.NewRequest(http.MethodGet, tt.target, nil)
			if !tt.tls {
				r.TLS = nil
			}
			r.Header.Set("X-Forwarded-Proto", "https")
			r.Header.Set("X-Forwarded-Host", "evil.example.com")
			r.Header.Set("Forwarded", "host=evil.example.com;proto=https")
			s.sign(t, r, tt.sent, "")
			if _, err := v.VerifyRequest(r); (err == nil) != tt.ok || err != nil && !errors.Is(err, ErrProof) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A router that cuts the path changes nothing: the request line counts.
func TestTheURLBehindARouter(t *testing.T) {
	c, issuer := newClock(), newTestIssuer(t)
	s := newSender(t, issuer, c.now)
	v := issuer.verifier(t, WithClock(c.now), WithDPoP(DPoP{PublicURL: publicURL}))
	handler := http.StripPrefix("/v1", v.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	r := httptest.NewRequest(http.MethodGet, "/v1/bills", nil)
	s.sign(t, r, publicURL+"/v1/bills", "")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	if w.Code != 200 {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	for uri, path := range map[string]string{"https://other.example.com/bills?a=1": "/bills", "": "/v1/bills?b", "/raw?c": "/raw"} {
		r := httptest.NewRequest(http.MethodGet, "/v1/bills?b", nil)
		r.RequestURI = uri
		s.sign(t, r, publicURL+path, "")
		if _, err := v.VerifyRequest(r); err != nil {
			t.Errorf("request line %q: %v", uri, err)
		}
	}
	r = httptest.NewRequest(http.MethodOptions, "*", nil)
	s.sign(t, r, publicURL, "")
	if _, err := v.VerifyRequest(r); !errors.Is(err, ErrProof) {
		t.Errorf("a request without a URL: %v", err)
	}
}

// An action that is missing is challenged with the scheme that was used.
func TestInsufficientScopeNamesTheScheme(t *testing.T) {
	c, issuer := newClock(), newTestIssuer(t)
	s := newSender(t, issuer, c.now)
	handler := issuer.verifier(t, WithClock(c.now), WithDPoP(DPoP{PublicURL: publicURL})).Middleware(RequireActions("billing:refund")(http.NotFoundHandler()))
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	s.sign(t, r, publicURL+"/", "")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	got := w.Header().Values("WWW-Authenticate")
	if w.Code != 403 || len(got) != 2 || strings.Contains(got[0], "error") || !strings.Contains(got[1], `error="insufficient_scope"`) || !strings.Contains(got[1], `scope="billing:refund"`) {
		t.Errorf("got %d, %q", w.Code, got)
	}
}
