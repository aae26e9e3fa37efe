package httpapi_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"testing"
)

// Over TLS the name that the connection was made for is ours: who checks names
// has found it in our certificate. It is no other, and none in the clear.
func TestHostsOverTLS(t *testing.T) {
	h := newHouse(t, options{publicURL: "https://authsec.example"})
	connected := func(name string, overTLS bool) request {
		return func(r *http.Request) {
			*r = *r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.ParseIP("10.0.0.5"), Port: 7443}))
			if r.TLS = nil; overTLS {
				r.TLS = &tls.ConnectionState{ServerName: name}
			}
		}
	}
	for _, c := range []struct {
		host, name string
		tls, ok    bool
	}{
		{"authsec.authsec.svc:7443", "authsec.authsec.svc", true, true},
		{"AuthSec.authsec.svc", "authsec.authsec.svc", true, true},
		{"authsec.example:7443", "other.example", true, true},
		{"10.0.0.5:7443", "", true, true}, // an address is no server name
		{"evil.example:7443", "authsec.authsec.svc", true, false},
		{"evil.example:7443", "", true, false},
		{"", "", true, false},
		{"authsec.authsec.svc:7443", "authsec.authsec.svc", false, false},
	} {
		for _, path := range []string{"/healthz", tokenPath + "?client_id=" + h.agent.ClientID} {
			if a := h.call("GET", path, nil, host(c.host), connected(c.name, c.tls)); (a.status != 421) != c.ok {
				t.Errorf("host %q on a connection for %q, TLS %t, %s: %d %s", c.host, c.name, c.tls, path, a.status, a.body)
			}
		}
	}
}

// A client certificate is a proof like any other: one that nobody can verify is
// refused, for a permissive agent too, and its connection is not kept. Beside a
// header it is none.
func TestClientCertificates(t *testing.T) {
	h := newHouse(t, options{publicURL: "https://authsec.example"})
	with := func(certificates ...*x509.Certificate) request {
		return func(r *http.Request) { r.TLS = &tls.ConnectionState{PeerCertificates: certificates} }
	}
	path := tokenPath + "?client_id=" + h.agent.ClientID
	a := h.call("GET", path, nil, host("authsec.example"), with(&x509.Certificate{Raw: []byte("x")}))
	if a.status != 401 || a.member("error") != "invalid_workload_proof" || a.header.Get("Connection") != "close" {
		t.Errorf("%d %s %v", a.status, a.body, a.header)
	}
	if a = h.call("GET", path, nil, host("authsec.example"), with()); a.status != 200 || a.header.Get("Connection") != "" {
		t.Errorf("without one: %d %s", a.status, a.body)
	}
	secret := tokenPath + "?client_id=" + h.secretAgent.ClientID
	if a = h.call("GET", secret, nil, host("authsec.example"), with(&x509.Certificate{Raw: []byte("x")}), basic(h.secretAgent, h.clientSecret)); a.member("error") != "no_delegation" { // which is told to nobody before its proof
		t.Errorf("beside a client secret: %d %s", a.status, a.body)
	}
}
