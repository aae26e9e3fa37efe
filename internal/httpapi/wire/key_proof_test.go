package wire_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/httpapi/wire"
)

// nonces gives the time itself.
type nonces struct{}

func (nonces) At(now time.Time) string { return now.UTC().Format("150405") }

func proofs(publicURL string) wire.KeyProofs {
	return wire.KeyProofs{PublicURL: publicURL, Nonces: nonces{}, Now: func() time.Time { return time.Unix(0, 0) }}
}

func TestRFC9449_4_3_1_OneHeader(t *testing.T) {
	for name, c := range map[string]struct {
		values []string
		proof  string
		fails  bool
	}{
		"none":                  {nil, "", false},
		"one":                   {[]string{"a.b.c"}, "a.b.c", false},
		"one that is just long": {[]string{strings.Repeat("a", 8<<10)}, strings.Repeat("a", 8<<10), false},
		"one that is too long":  {[]string{strings.Repeat("a", 8<<10+1)}, "", true},
		"two":                   {[]string{"a.b.c", "a.b.c"}, "", true},
		"one and an empty one":  {[]string{"a.b.c", ""}, "", true},
		"an empty one":          {[]string{""}, "", true},
	} {
		r, w := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/x?y=z", nil), httptest.NewRecorder()
		r.Header["Dpop"] = c.values
		got, err := proofs("https://auth.example.com").Read(w, r)
		if c.fails != (err != nil) || (c.fails && (domain.KindOf(err) != domain.Invalid || domain.CodeOf(err) != "invalid_dpop_proof")) {
			t.Errorf("%s: %v", name, err)
		}
		want := wire.KeyProof{}
		if c.proof != "" {
			want = wire.KeyProof{Proof: c.proof, Method: "GET", URL: "https://auth.example.com/x"}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %.80v", name, got)
		}
		// RFC 9449 §8.2: whoever sends a proof hears of the nonce, also when it was bad.
		if nonce := w.Header().Get("DPoP-Nonce"); (nonce == "000000") != (c.values != nil) {
			t.Errorf("%s: nonce %q", name, nonce)
		}
	}
}

// RFC 9449 §4.3 no. 9: htu is held to the name that clients know this server by,
// not to what a request claims. On one machine its names are one.
func TestRFC9449_4_3_9_TheURLOfARequest(t *testing.T) {
	for _, c := range []struct{ public, host, want string }{
		{"https://auth.example.com", "auth.example.com", "https://auth.example.com"},
		{"https://auth.example.com", "evil.example", "https://auth.example.com"},
		{"https://auth.example.com", "auth.authsec.svc:7443", "https://auth.example.com"},
		{"https://auth.example.com", "127.0.0.1:7468", "https://auth.example.com"},
		{"https://auth.example.com", "localhost", "https://auth.example.com"},
		{"https://auth.example.com", "", "https://auth.example.com"},
		{"http://localhost:7468", "localhost:7468", "http://localhost:7468"},
		{"http://localhost:7468", "127.0.0.1:7468", "http://127.0.0.1:7468"},
		{"http://localhost:7468", "[::1]:7468", "http://[::1]:7468"},
		{"http://127.0.0.1:7468", "LOCALHOST:7468", "http://LOCALHOST:7468"},
		{"http://localhost:7468", "localhost:7469", "http://localhost:7468"},
		{"http://localhost:7468", "127.0.0.1:7469", "http://localhost:7468"},
		{"http://localhost:7468", "localhost", "http://localhost:7468"},
		{"http://localhost:7468", "evil.example:7468", "http://localhost:7468"},
		{"http://localhost:7468", "10.0.0.5:7468", "http://localhost:7468"},
		{"http://localhost:7468", "localhost.evil.example:7468", "http://localhost:7468"},
		{"http://localhost", "127.0.0.1", "http://127.0.0.1"},
		{"https://localhost", "[::1]", "https://[::1]"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/oauth2/token?a=b", nil)
		r.Host = c.host
		r.Header.Set("DPoP", "a.b.c")
		r.Header.Set("X-Forwarded-Host", "evil.example")
		if got, err := proofs(c.public).Read(httptest.NewRecorder(), r); err != nil || got.URL != c.want+"/oauth2/token" {
			t.Errorf("public %s, host %s: %s, %v", c.public, c.host, got.URL, err)
		}
	}
}

// RFC 8705 §5: on the listener for mutual TLS a request's URL is the one that the
// metadata names for it.
func TestRFC8705_5_TheURLOfARequest(t *testing.T) {
	for _, c := range []struct {
		mtls, host string
		tls        bool
		want       string
	}{
		{"https://auth.authsec.svc:7443", "auth.authsec.svc:7443", true, "https://auth.authsec.svc:7443"},
		{"https://auth.authsec.svc:7443", "AUTH.authsec.svc:7443", true, "https://auth.authsec.svc:7443"},
		{"https://mtls.example.com", "mtls.example.com:443", true, "https://mtls.example.com"},
		{"https://mtls.example.com", "mtls.example.com", true, "https://mtls.example.com"},
		{"https://auth.authsec.svc:7443", "auth.authsec.svc:7443", false, "https://auth.example.com"}, // no TLS of ours
		{"https://auth.authsec.svc:7443", "auth.authsec.svc", true, "https://auth.example.com"},
		{"https://auth.authsec.svc:7443", "evil.example:7443", true, "https://auth.example.com"},
		{"https://auth.authsec.svc:7443", "auth.example.com", true, "https://auth.example.com"},
		{"", "auth.authsec.svc:7443", true, "https://auth.example.com"},
		{"", "", true, "https://auth.example.com"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/oauth2/token", nil)
		r.Host = c.host
		r.Header.Set("DPoP", "a.b.c")
		if r.TLS = nil; c.tls {
			r.TLS = &tls.ConnectionState{ServerName: "auth.authsec.svc"}
		}
		k := proofs("https://auth.example.com")
		k.MutualTLSURL = c.mtls
		if got, err := k.Read(httptest.NewRecorder(), r); err != nil || got.URL != c.want+"/oauth2/token" {
			t.Errorf("%+v: %s, %v", c, got.URL, err)
		}
	}
}

func TestHowABoundTokenIsTold(t *testing.T) {
	for _, c := range []struct {
		key  domain.Confirmation
		cnf  map[string]string
		kind string
	}{
		{domain.Confirmation{}, nil, "Bearer"},
		{domain.Confirmation{KeyThumbprint: "k"}, map[string]string{"jkt": "k"}, "DPoP"},
		{domain.Confirmation{CertThumbprint: "c"}, map[string]string{"x5t#S256": "c"}, "Bearer"},
	} {
		if cnf, kind := wire.Confirmation(c.key), wire.TokenType(c.key); !reflect.DeepEqual(cnf, c.cnf) || kind != c.kind {
			t.Errorf("%+v: %v %s", c.key, cnf, kind)
		}
	}
}

// FuzzKeyProofs: any two headers and any host are one proof for a URL of ours, or
// the caller's fault.
func FuzzKeyProofs(f *testing.F) {
	f.Add("a.b.c", "", "localhost:7468")
	f.Add("a", "b", "[::1]:7468")
	f.Add("", "x", "localhost:7468@evil.example")
	f.Add("\x00", "\xff", "[::1%25eth0]:7468")
	f.Fuzz(func(t *testing.T, one, two, host string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/x", nil)
		r.Host, r.Header["Dpop"] = host, []string{one}
		if two != "" {
			r.Header["Dpop"] = append(r.Header["Dpop"], two)
		}
		w := httptest.NewRecorder()
		got, err := proofs("http://localhost:7468").Read(w, r)
		if w.Header().Get("DPoP-Nonce") == "" {
			t.Fatal("no nonce")
		}
		switch {
		case err != nil && (domain.CodeOf(err) != "invalid_dpop_proof" || got != wire.KeyProof{}):
			t.Fatalf("%v with %v", err, got)
		case err == nil && (got.Proof != one || two != "" || len(one) > 8<<10):
			t.Fatalf("took %q", got.Proof)
		case err == nil && !strings.HasPrefix(got.URL, "http://localhost:7468/") && !strings.HasPrefix(got.URL, "http://"+host+"/"):
			t.Fatalf("for %s", got.URL)
		}
	})
}
