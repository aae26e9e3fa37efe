package agent

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"authsec/sdk/go/verify"
)

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
