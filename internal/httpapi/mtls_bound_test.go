package httpapi_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"authsec/internal/attest/oidctest"
	"authsec/internal/attest/spiffetest"
	"authsec/internal/domain"
)

const workloadPath = "/ns/production/sa/support"

// spiffeWorkload makes an agent that proves itself by SVIDs of a trust domain that
// the server knows, with something lent to it.
func (h *house) spiffeWorkload(a *spiffetest.Authority) domain.Agent {
	h.t.Helper()
	_, err := h.dir.CreateWorkloadSource(h.t.Context(), h.admin.caller(), domain.WorkloadSourceSpec{Name: "SPIRE", Kind: domain.SourceSPIFFE, Enabled: true,
		Settings: domain.SourceSettings{SPIFFE: &domain.SPIFFESource{TrustDomain: "authsec.local", Audience: "https://auth.example.com", WorkloadAPI: spiffetest.ServeWorkloadAPI(h.t, a.Bundle()).Address()}}})
	h.must(err)
	agent, _, err := h.dir.CreateAgent(h.t.Context(), h.admin.caller(), domain.AgentSpec{Name: "Workload", Type: "custom", Platform: "spiffe",
		Selectors: []domain.Selector{{Key: "spiffe:id", Value: a.ID(workloadPath)}}})
	h.must(err)
	h.delegate(h.member, agent, "billing:read")
	return agent
}

// over comes with a client certificate.
func over(c tls.Certificate) request {
	return func(r *http.Request) { r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{c.Leaf}} }
}

// binding sends token_binding to either route.
func binding(value string) request {
	return func(r *http.Request) {
		if r.Method == http.MethodGet {
			r.URL.RawQuery += "&token_binding=" + value
			return
		}
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body) + "&token_binding=" + value))
	}
}

// selfSigned is a certificate that nobody vouches for.
func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func x5t(c tls.Certificate) string {
	sum := sha256.Sum256(c.Certificate[0])
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// TestRFC8705_3_CertificateBound: the token is bound to the certificate by which
// the workload proves itself, if that is asked for.
func TestRFC8705_3_CertificateBound(t *testing.T) {
	h := newHouse(t, options{nobodySignedIn: true, at: time.Now()}) // by which go-spiffe judges
	authority := spiffetest.NewAuthority(t, "authsec.local")
	agent := h.spiffeWorkload(authority)
	svid, elsewhere := authority.X509SVID(spiffetest.Leaf{Path: workloadPath}), spiffetest.NewAuthority(t, "elsewhere.example").X509SVID(spiffetest.Leaf{Path: workloadPath})
	key := oidctest.NewKey(t, "a", "ES256")
	jwt := authority.JWTSVID(workloadPath, "https://auth.example.com", h.clock.Now(), nil)
	for _, route := range tokenRoutes() {
		a := route.ask(h, agent, over(svid), binding("mtls")).want(200)
		compact := a.member(route.member)
		// RFC 8705 §3.1: SHA-256 of the certificate's DER.
		if got, want := mustJSON(t, claimsOf(t, compact)["cnf"]), `{"x5t#S256":"`+x5t(svid)+`"}`; got != want {
			t.Errorf("%s: cnf %s, want %s", route.name, got, want)
		}
		// RFC 8705 §3: it goes as a Bearer token.
		if kind := a.member("token_type"); kind == "DPoP" || a.header.Values("DPoP-Nonce") != nil {
			t.Errorf("%s: %s %v", route.name, a.body, a.header)
		}
		// RFC 8705 §3.2.
		if told := h.introspect(compact, h.asBilling()).want(200); told.member("token_type") != "Bearer" || !strings.Contains(told.body, `"cnf":{"x5t#S256":"`+x5t(svid)+`"}`) {
			t.Errorf("%s: introspection %s", route.name, told.body)
		}
		for name, c := range map[string]struct {
			changes []request
			status  int
			code    string
		}{
			"no certificate":                 {[]request{binding("mtls")}, 400, "invalid_request"},
			"an unknown binding":             {[]request{over(svid), binding("dpop")}, 400, "invalid_request"},
			"both bindings":                  {[]request{over(svid), binding("mtls"), dpop(h.prove(key, route, nil, nil))}, 400, "invalid_request"},
			"a certificate beside a secret":  {[]request{over(svid), binding("mtls"), basic(h.secretAgent, h.clientSecret)}, 400, "invalid_request"},
			"a certificate of nobody known":  {[]request{over(elsewhere), binding("mtls")}, 401, "invalid_workload_proof"},
			"a self-signed certificate":      {[]request{over(selfSigned(t)), binding("mtls")}, 401, "invalid_workload_proof"},
			"another workload's certificate": {[]request{over(authority.X509SVID(spiffetest.Leaf{Path: "/ns/x"})), binding("mtls")}, 0, "selectors_not_satisfied"},
		} {
			of := agent
			if strings.Contains(name, "secret") {
				of = h.secretAgent
			}
			got := route.ask(h, of, c.changes...)
			code := got.member("error")
			if own := got.member("authsec_error"); own != "" {
				code = own
			}
			if (c.status != 0 && got.status != c.status) || code != c.code || got.member(route.member) != "" {
				t.Errorf("%s, %s: %d %s", route.name, name, got.status, got.body)
			}
		}
		// Not by its mere presence: a mesh may have made the connection.
		if c := claimsOf(t, route.ask(h, agent, over(svid)).want(200).member(route.member)); c["cnf"] != nil {
			t.Errorf("%s: bound without being asked: %v", route.name, c["cnf"])
		}
		// RFC 9449 over mutual TLS: the certificate authenticates, DPoP binds.
		a = route.ask(h, agent, over(svid), dpop(h.prove(key, route, nil, nil))).want(200)
		if got := mustJSON(t, claimsOf(t, a.member(route.member))["cnf"]); got != `{"jkt":"`+h.jkt(key)+`"}` || a.member("token_type") != "DPoP" {
			t.Errorf("%s: DPoP over mTLS: cnf %s, %s", route.name, got, a.body)
		}
	}
	// A JWT-SVID beside the certificate is the credential, and so the certificate is none.
	parameters := []string{"client_id", agent.ClientID, "client_assertion_type", jwtSPIFFE, "client_assertion", jwt, "token_binding", "mtls"}
	if a := h.ask(parameters, over(svid)).want(400); a.member("error") != "invalid_request" {
		t.Errorf("%s", a.body)
	}
}

// TestRFC8705_2_MutualTLS is the whole way: a real handshake, in which the client
// proves that it holds the certificate's key.
func TestRFC8705_2_MutualTLS(t *testing.T) {
	h := newHouse(t, options{nobodySignedIn: true, at: time.Now()})
	authority := spiffetest.NewAuthority(t, "authsec.local")
	agent := h.spiffeWorkload(authority)
	server := httptest.NewUnstartedServer(h.handler)
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	first, second := authority.X509SVID(spiffetest.Leaf{Path: workloadPath}), authority.X509SVID(spiffetest.Leaf{Path: workloadPath})
	for _, svid := range []tls.Certificate{first, second} {
		client := server.Client()
		transport, ok := client.Transport.(*http.Transport)
		if !ok {
			t.Fatal("another transport")
		}
		transport = transport.Clone()
		transport.TLSClientConfig.Certificates = []tls.Certificate{svid}
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {agent.ClientID}, "token_binding": {"mtls"}}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+oauthTokenPath, strings.NewReader(form.Encode()))
		h.must(err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := transport.RoundTrip(r)
		h.must(err)
		body, err := io.ReadAll(resp.Body)
		h.must(err)
		h.must(resp.Body.Close())
		var got struct {
			AccessToken string `json:"access_token"`
			TokenType   string `json:"token_type"`
		}
		h.must(json.Unmarshal(body, &got))
		if resp.StatusCode != 200 || got.TokenType != "Bearer" {
			t.Fatalf("%d %s", resp.StatusCode, body)
		}
		// A new certificate is another key: nothing is reused for it.
		if cnf := mustJSON(t, claimsOf(t, got.AccessToken)["cnf"]); cnf != `{"x5t#S256":"`+x5t(svid)+`"}` {
			t.Errorf("cnf %s, want %s", cnf, x5t(svid))
		}
		transport.CloseIdleConnections()
	}
}
