package verify

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
)

// requestVector is a case of testdata/vectors/dpop/requests.json.
type requestVector struct {
	Name, Method, URL  string
	SenderConstrained  bool `json:"sender_constrained"`
	After, Certificate string
	Authorization      []string
	DPoP               []string
	Valid              bool
	Status             int
	Error, Scheme      string
}

func loadRequests(tb testing.TB) []requestVector {
	tb.Helper()
	text, err := os.ReadFile("../../../testdata/vectors/dpop/requests.json")
	if err != nil {
		tb.Fatal(err)
	}
	var file struct{ Cases []requestVector }
	if err := json.Unmarshal(text, &file); err != nil {
		tb.Fatal(err)
	}
	if len(file.Cases) < 35 {
		tb.Fatalf("only %d cases", len(file.Cases))
	}
	return file.Cases
}

func requestCase(tb testing.TB, name string) requestVector {
	tb.Helper()
	all := loadRequests(tb)
	i := slices.IndexFunc(all, func(c requestVector) bool { return c.Name == name })
	if i < 0 {
		tb.Fatalf("no request %s", name)
	}
	return all[i]
}

func (c requestVector) request(tb testing.TB) *http.Request {
	tb.Helper()
	r := httptest.NewRequest(c.Method, c.URL, nil)
	r.Header["Authorization"], r.Header["Dpop"] = c.Authorization, c.DPoP
	r.TLS = &tls.ConnectionState{}
	if c.Certificate != "" {
		der, err := base64.StdEncoding.DecodeString(c.Certificate)
		if err != nil {
			tb.Fatal(err)
		}
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			tb.Fatal(err)
		}
		r.TLS.PeerCertificates = []*x509.Certificate{certificate}
	}
	return r
}

const publicURL = "https://billing.example.com"

// TestRFC9449_7_RFC8705_3_Vectors sends whole requests through the middleware. Each
// case carries its source.
func TestRFC9449_7_RFC8705_3_Vectors(t *testing.T) {
	v := loadVectors(t)
	for _, c := range loadRequests(t) {
		t.Run(c.Name, func(t *testing.T) {
			var log strings.Builder
			options := []Option{WithDPoP(DPoP{PublicURL: publicURL}), WithMTLS(nil), WithLogger(slog.New(slog.NewTextHandler(&log, nil)))}
			if c.SenderConstrained {
				options = append(options, WithSenderConstrained())
			}
			passed := 0
			handler := v.verifier(t, options...).Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { passed++ }))
			if c.After != "" {
				first := httptest.NewRecorder()
				handler.ServeHTTP(first, requestCase(t, c.After).request(t))
				if first.Code != 200 {
					t.Fatalf("the first request got %d", first.Code)
				}
				passed = 0
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, c.request(t))
			if w.Code != c.Status || (passed == 1) != c.Valid {
				t.Fatalf("got status %d, passed on: %d; want %d (%s)", w.Code, passed, c.Status, log.String())
			}
			if c.Valid {
				return
			}
			challenges := w.Header().Values("WWW-Authenticate")
			if len(challenges) != 2 || !strings.HasPrefix(challenges[0], "Bearer ") || !strings.HasPrefix(challenges[1], "DPoP ") || !strings.Contains(challenges[1], ` algs="ES256 `) {
				t.Fatalf("got challenges %q", challenges)
			}
			told := 0
			for _, challenge := range challenges {
				if strings.Contains(challenge, ` error="`+c.Error+`"`) && (c.Scheme == "" || strings.HasPrefix(challenge, c.Scheme+" ")) {
					told++
				}
			}
			if told != 1 || strings.Count(strings.Join(challenges, ""), " error=") != 1 {
				t.Errorf("got challenges %q: want the error %s with the scheme %s", challenges, c.Error, c.Scheme)
			}
			for _, value := range append(c.Authorization, c.DPoP...) {
				if len(value) > 20 && strings.Contains(log.String()+w.Body.String(), value[len(value)-20:]) {
					t.Error("a token or proof is in the log or in the answer")
				}
			}
		})
	}
}

// What a verifier was not told to check it refuses, as ever.
func TestBoundTokensAreRefusedUnlessAskedFor(t *testing.T) {
	v := loadVectors(t)
	bound, certified := requestCase(t, "request_dpop"), requestCase(t, "request_certificate")
	for _, c := range []struct {
		name    string
		request requestVector
		scheme  string
		options []Option
		want    error
	}{
		{"a DPoP-bound token as Bearer, nothing set", bound, "Bearer", nil, ErrConstrained},
		{"a DPoP-bound token, nothing set", bound, "DPoP", nil, ErrTokenRequired},
		{"a DPoP-bound token as Bearer, certificates set", bound, "Bearer", []Option{WithMTLS(nil)}, ErrConstrained},
		{"a certificate-bound token, nothing set", certified, "Bearer", nil, ErrConstrained},
		{"a certificate-bound token, DPoP set", certified, "Bearer", []Option{WithDPoP(DPoP{PublicURL: publicURL})}, ErrConstrained},
	} {
		r := c.request.request(t)
		_, token, _ := strings.Cut(c.request.Authorization[0], " ")
		r.Header.Set("Authorization", c.scheme+" "+token)
		if claims, err := v.verifier(t, c.options...).VerifyRequest(r); !errors.Is(err, c.want) || claims != nil {
			t.Errorf("%s: got %v, %v", c.name, claims, err)
		}
	}
}

// A token alone does not show who sent it.
func TestVerifyRefusesBoundTokensWithoutTheirRequest(t *testing.T) {
	v := loadVectors(t)
	verifier := v.verifier(t, WithDPoP(DPoP{PublicURL: publicURL}), WithMTLS(nil), WithSenderConstrained())
	for name, want := range map[string]error{"request_dpop": ErrConstrained, "request_certificate": ErrConstrained, "request_bearer": ErrUnbound} {
		_, token, _ := strings.Cut(requestCase(t, name).Authorization[0], " ")
		if _, err := verifier.Verify(t.Context(), token); !errors.Is(err, want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestVerifyRequestTellsTheBinding(t *testing.T) {
	v := loadVectors(t)
	verifier := v.verifier(t, WithDPoP(DPoP{PublicURL: publicURL}), WithMTLS(nil))
	for name, kind := range map[string]func(Confirmation) string{
		"request_dpop":        func(c Confirmation) string { return c.KeyThumbprint },
		"request_certificate": func(c Confirmation) string { return c.CertificateThumbprint },
		"request_bearer": func(c Confirmation) string {
			return c.KeyThumbprint + c.CertificateThumbprint + strings.Repeat("-", 43)
		},
	} {
		claims, err := verifier.VerifyRequest(requestCase(t, name).request(t))
		if err != nil || len(kind(claims.Confirmation)) != 43 {
			t.Errorf("%s: got %+v, %v", name, claims, err)
		}
	}
}

func TestSenderConstrainedOptionsAreChecked(t *testing.T) {
	_, err := New("https://authsec.example.com", "api", WithKeys(jwksOf(t)), WithSenderConstrained())
	if err == nil || !strings.Contains(err.Error(), "WithDPoP or WithMTLS") {
		t.Errorf("got %v", err)
	}
	for name, d := range map[string]DPoP{
		"public URL": {PublicURL: "billing.example.com"}, "want https": {PublicURL: "http://billing.example.com"}, "MaxProofs": {MaxProofs: -1},
		"at least 32 bytes": {RequireNonce: true, NonceKey: make([]byte, 31)}, "NonceKey goes with": {NonceKey: make([]byte, 32)},
	} {
		if _, err := New("https://authsec.example.com", "api", WithKeys(jwksOf(t)), WithDPoP(d)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// RFC 9728 §2.
func TestRFC9728_2_MetadataTellsOfBinding(t *testing.T) {
	resource := WithMetadata(Metadata{Resource: publicURL})
	for _, c := range []struct {
		options               []Option
		algorithms            bool
		required, certificate any
		schemes               string
	}{
		{nil, false, nil, nil, "Bearer"},
		{[]Option{WithDPoP(DPoP{})}, true, nil, nil, "Bearer DPoP"},
		{[]Option{WithMTLS(nil)}, false, nil, true, "Bearer"},
		{[]Option{WithDPoP(DPoP{}), WithSenderConstrained()}, true, true, nil, "DPoP"},
		{[]Option{WithDPoP(DPoP{}), WithMTLS(nil), WithSenderConstrained()}, true, nil, true, "Bearer DPoP"},
		{[]Option{WithMTLS(nil), WithSenderConstrained()}, false, nil, true, "Bearer"},
	} {
		verifier := loadVectors(t).verifier(t, append(c.options, resource)...)
		w := httptest.NewRecorder()
		verifier.MetadataHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, verifier.MetadataPath(), nil))
		var got map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		algorithms, _ := got["dpop_signing_alg_values_supported"].([]any)
		if (len(algorithms) == 10 && algorithms[0] == "ES256") != c.algorithms || got["dpop_bound_access_tokens_required"] != c.required ||
			got["tls_client_certificate_bound_access_tokens"] != c.certificate {
			t.Errorf("got %s", w.Body)
		}
		w = httptest.NewRecorder()
		verifier.Middleware(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		var schemes []string
		for _, challenge := range w.Header().Values("WWW-Authenticate") {
			scheme, _, _ := strings.Cut(challenge, " ")
			schemes = append(schemes, scheme)
			if strings.Contains(challenge, "error") || !strings.Contains(challenge, "resource_metadata=") {
				t.Errorf("got challenge %s", challenge)
			}
		}
		if strings.Join(schemes, " ") != c.schemes {
			t.Errorf("challenged with %v, want %s", schemes, c.schemes)
		}
	}
}
