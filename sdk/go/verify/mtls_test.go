package verify

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func newCertificate(t *testing.T) (certificate tls.Certificate, thumbprint string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, base64.RawURLEncoding.EncodeToString(sum[:])
}

// RFC 8705 §3, over a real connection with a self-signed certificate (§2.2).
func TestRFC8705_3_OverTLS(t *testing.T) {
	issuer := newTestIssuer(t)
	own, thumbprint := newCertificate(t)
	other, _ := newCertificate(t)
	token := issuer.token(t, map[string]any{"cnf": map[string]any{"x5t#S256": thumbprint}})
	api := httptest.NewUnstartedServer(issuer.verifier(t, WithMTLS(nil), WithLogger(slog.New(slog.DiscardHandler))).Middleware(
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	api.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	api.StartTLS()
	t.Cleanup(api.Close)
	for _, c := range []struct {
		name         string
		certificates []tls.Certificate
		status       int
	}{
		{"its certificate", []tls.Certificate{own}, 200},
		{"another", []tls.Certificate{other}, 401},
		{"none", nil, 401},
		{"another, with its own behind it", []tls.Certificate{{Certificate: [][]byte{other.Certificate[0], own.Certificate[0]}, PrivateKey: other.PrivateKey}}, 401},
	} {
		transport := api.Client().Transport.(*http.Transport).Clone()
		transport.TLSClientConfig.Certificates = c.certificates
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		resp, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		transport.CloseIdleConnections()
		if resp.StatusCode != c.status {
			t.Errorf("%s: got %d, want %d", c.name, resp.StatusCode, c.status)
		}
	}
}

// A function of the API's own finds the certificate where a proxy put it.
func TestWithMTLSFromElsewhere(t *testing.T) {
	issuer := newTestIssuer(t)
	own, thumbprint := newCertificate(t)
	certificate, err := x509.ParseCertificate(own.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	v := issuer.verifier(t, WithMTLS(func(r *http.Request) *x509.Certificate {
		if r.Header.Get("X-Test-Certificate") == "" {
			return nil
		}
		return certificate
	}))
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+issuer.token(t, map[string]any{"cnf": map[string]any{"x5t#S256": thumbprint}}))
	if _, err := v.VerifyRequest(r); !errors.Is(err, ErrBinding) {
		t.Errorf("without: %v", err)
	}
	r.Header.Set("X-Test-Certificate", "1")
	if _, err := v.VerifyRequest(r); err != nil {
		t.Errorf("with: %v", err)
	}
}

// Of many that send one proof at once, one passes.
func TestRFC9449_11_1_OneOfMany(t *testing.T) {
	v := loadVectors(t)
	verifier := v.verifier(t, WithDPoP(DPoP{PublicURL: publicURL}))
	c := requestCase(t, "request_dpop")
	var passed, replayed atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		r := c.request(t)
		all.Go(func() {
			switch _, err := verifier.VerifyRequest(r); {
			case err == nil:
				passed.Add(1)
			case errors.Is(err, ErrReplayed):
				replayed.Add(1)
			}
		})
	}
	all.Wait()
	if passed.Load() != 1 || replayed.Load() != 49 {
		t.Errorf("%d passed, %d were refused", passed.Load(), replayed.Load())
	}
}
