package main_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"authsec/internal/attest/spiffetest"
)

const supportPath = "/ns/production/sa/support"

// spiffeDeployment is a deployment that trusts a SPIFFE trust domain, with a
// second listener for its X.509-SVIDs.
type spiffeDeployment struct {
	*deployment
	*spiffetest.Authority
	web     *spiffetest.Authority // of the certificates in files
	roots   *x509.CertPool        // what clients verify the server with
	address string                // of the second listener
}

func newSPIFFEDeployment(t *testing.T) spiffeDeployment {
	t.Helper()
	d := spiffeDeployment{newDeployment(t).withAdmin(), spiffetest.NewAuthority(t, "example.org"), spiffetest.NewAuthority(t, "web.example"), x509.NewCertPool(), freeAddress(t)}
	for _, a := range []*spiffetest.Authority{d.Authority, d.web} {
		d.roots.AddCert(a.Bundle().X509Authorities()[0])
	}
	d.env["AUTHSEC_LISTEN_MTLS"] = d.address
	return d
}

func pemOf(t testing.TB, c tls.Certificate) (cert, key string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// files gives the second listener a certificate for the name.
func (d spiffeDeployment) files(name string) {
	d.t.Helper()
	cert, key := pemOf(d.t, d.web.X509SVID(spiffetest.Leaf{Path: "/authsec", DNSNames: []string{name}}))
	d.env["AUTHSEC_MTLS_CERT_FILE"], d.env["AUTHSEC_MTLS_KEY_FILE"] = d.file("tls.crt", cert), d.file("tls.key", key)
}

// caller calls the second listener, known by the name, with an SVID if one is given.
func (d spiffeDeployment) caller(name string, svid ...tls.Certificate) *client {
	d.t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: d.roots, Certificates: svid, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) { // no DNS knows the name
			return (&net.Dialer{}).DialContext(ctx, network, d.address)
		}}
	d.t.Cleanup(transport.CloseIdleConnections)
	_, port, _ := net.SplitHostPort(d.address)
	return &client{t: d.t, base: "https://" + net.JoinHostPort(name, port), http: &http.Client{Timeout: patience, Transport: transport}}
}

// svid is an X.509-SVID of the trust domain.
func (d spiffeDeployment) svid(path string) tls.Certificate {
	return d.X509SVID(spiffetest.Leaf{Path: path})
}

// trusting starts the server, and makes an agent that is one of two workloads.
func (d spiffeDeployment) trusting() (s *server, admin *client, clientID string) {
	d.t.Helper()
	s, admin = d.start(), d.automation()
	admin.furnish()
	admin.call(201, "POST", "/api/v1/workload-sources", object{"name": "SPIRE", "kind": "spiffe", "spiffe": object{"trust_domain": "example.org",
		"audience": d.base, "bundle_file": d.file("bundle.json", string(d.Document()))}})
	clientID = admin.call(201, "POST", "/api/v1/agents", object{"name": "Support", "type": "langchain", "platform": "spiffe",
		"selectors": []object{{"key": "spiffe:id", "value": d.ID(supportPath) + " " + d.ID("/standby")}}}).text("client_id")
	admin.call(201, "POST", "/api/v1/delegations", delegationOf(clientID))
	return s, admin, clientID
}

// An X.509-SVID, presented by mutual TLS to the listener for it, is all that an
// agent needs; what the trust domain takes back is refused without a restart.
func TestMutualTLS(t *testing.T) {
	d := newSPIFFEDeployment(t)
	const name = "authsec.example.org"
	d.files(name)
	s, admin, clientID := d.trusting()
	ask := sdkPath + clientID
	for _, path := range []string{supportPath, "/standby"} {
		got := d.caller(name, d.svid(path)).call(200, "GET", ask, nil)
		if got.text("client_id") != clientID || got.text("token") == "" {
			t.Errorf("%s: %s", path, got.body)
		}
	}
	foreign := spiffetest.NewAuthority(t, "elsewhere.example").X509SVID(spiffetest.Leaf{Path: supportPath})
	forged := spiffetest.NewAuthority(t, "example.org").X509SVID(spiffetest.Leaf{Path: supportPath})
	expired := d.X509SVID(spiffetest.Leaf{Path: supportPath, NotAfter: time.Now().Add(-time.Second)})
	for what, c := range map[string]struct {
		caller *client
		status int
		code   string
	}{
		"another workload":     {d.caller(name, d.svid("/ns/production/sa/other")), 403, "selectors_not_satisfied"},
		"no certificate":       {d.caller(name), 401, "workload_proof_required"},
		"not over TLS":         {d.client(), 401, "workload_proof_required"},
		"another trust domain": {d.caller(name, foreign), 401, "invalid_workload_proof"},
		"a forged one":         {d.caller(name, forged), 401, "invalid_workload_proof"},
		"an expired one":       {d.caller(name, expired), 401, "invalid_workload_proof"},
	} {
		if got := c.caller.call(c.status, "GET", ask, nil); got.text("error") != c.code || got.text("token") != "" {
			t.Errorf("%s: %s", what, got.body)
		}
	}
	// A bearer token is the proof, and the certificate beside it none.
	if got := d.caller(name, d.svid(supportPath)).call(401, "GET", ask, nil, "Authorization", "Bearer x"); got.text("error") != "invalid_workload_proof" {
		t.Errorf("%s", got.body)
	}

	// The server's certificate is renewed in its files, for another name.
	d.files("new.example.org")
	d.caller("new.example.org", d.svid(supportPath)).call(200, "GET", ask, nil)
	if _, err := d.caller(name, d.svid(supportPath)).send("GET", ask, nil); err == nil {
		t.Error("the old certificate is served still")
	}

	// The trust domain takes its keys back. A connection that is open is no way around.
	before := d.caller("new.example.org", d.svid(supportPath))
	before.call(200, "GET", ask, nil)
	d.Rotate()
	d.Retire()
	d.file("bundle.json", string(d.Document()))
	d.caller("new.example.org", d.svid(supportPath)).call(200, "GET", ask, nil)
	source := "/api/v1/workload-sources/" + d.source(admin)
	admin.call(200, "POST", source+"/disable", nil)
	admin.call(200, "POST", source+"/enable", nil) // which forgets what was verified
	if got := before.call(401, "GET", ask, nil); got.text("error") != "invalid_workload_proof" {
		t.Errorf("%s", got.body)
	}
	if code := s.stop(); code != 0 {
		t.Errorf("exit %d\n%s", code, s.stderr)
	}
	var attested int
	for _, e := range parseExport(t, d.run("audit", "export").want(0).stdout) {
		if e.Event.Action == "token.issue" && e.Event.Outcome == "success" {
			attested++
		}
	}
	if attested != 5 {
		t.Errorf("%d tokens are in the audit log, want 5", attested)
	}
}

// source is the ID of the one workload source of the kind spiffe.
func (d spiffeDeployment) source(admin *client) string {
	d.t.Helper()
	items, _ := admin.call(200, "GET", "/api/v1/workload-sources", nil).json["items"].([]any)
	for _, item := range items {
		if m, _ := item.(map[string]any); m["kind"] == "spiffe" {
			id, _ := m["id"].(string)
			return id
		}
	}
	d.t.Fatal("no source")
	return ""
}

// The server's own X.509-SVID comes from a Workload API, and so may the bundle.
func TestMutualTLSByTheWorkloadAPI(t *testing.T) {
	d := newSPIFFEDeployment(t)
	api := spiffetest.ServeWorkloadAPI(t, d.Bundle())
	d.env["AUTHSEC_MTLS_WORKLOAD_API"] = api.Address()
	api.SetSVID(d.X509SVID(spiffetest.Leaf{Path: "/authsec", DNSNames: []string{"first.example.org"}}))
	_, _, clientID := d.trusting()
	d.caller("first.example.org", d.svid(supportPath)).call(200, "GET", sdkPath+clientID, nil)
	api.SetSVID(d.X509SVID(spiffetest.Leaf{Path: "/authsec", DNSNames: []string{"second.example.org"}}))
	eventually(t, "the new SVID is presented", func() bool {
		got, err := d.caller("second.example.org", d.svid(supportPath)).send("GET", sdkPath+clientID, nil)
		return err == nil && got.status == 200
	})
}

// What the second listener lacks stops the start, and is named.
func TestMutualTLSThatCannotStart(t *testing.T) {
	d := newSPIFFEDeployment(t)
	d.run("serve").want(2, "--listen-mtls", "without a certificate")
	d.files("authsec.example.org")
	cert := d.env["AUTHSEC_MTLS_CERT_FILE"]
	_, otherKey := pemOf(t, d.X509SVID(spiffetest.Leaf{Path: "/other"}))
	d.file("tls.key", otherKey)
	d.run("serve").want(1, "mtls-cert-file", "private key does not match")
	if err := os.Remove(cert); err != nil {
		t.Fatal(err)
	}
	d.run("serve").want(1, "mtls-cert-file", "no such file")
	d.files("authsec.example.org")
	busy, err := net.Listen("tcp", d.address)
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	d.run("serve").want(1, "listen-mtls "+d.address, "address already in use")
}

func TestSPIREEntryOfAnAgent(t *testing.T) {
	d, admin := house(t)
	clientID, _ := admin.agent("Customer Support", "kubernetes")
	r := d.run("agent", "spire-entry", clientID).want(0)
	for _, line := range []string{"spire-server entry create", "-spiffeID 'spiffe://authsec.local/agent/" + clientID + "'", "-selector 'k8s:ns:production'", "kind: ClusterSPIFFEID"} {
		if !strings.Contains(r.stdout, line) {
			t.Errorf("it lacks %q:\n%s", line, r.stdout)
		}
	}
	manifest := d.run("agent", "spire-entry", clientID, "--manifest").want(0).stdout
	if !strings.HasPrefix(manifest, "apiVersion: spire.spiffe.io/v1alpha1\n") || strings.Contains(manifest, "#") {
		t.Errorf("not a manifest:\n%s", manifest)
	}
	o := d.run("agent", "spire-entry", clientID, "-o", "json").want(0).object()
	if o.text("cluster_spiffeid") != manifest || o.text("spiffe_id") != "spiffe://authsec.local/agent/"+clientID || !strings.Contains(r.stdout, o.text("entry_command")) {
		t.Errorf("%v", o)
	}
	secretID, _ := admin.agent("Vault", "other")
	d.run("agent", "spire-entry", secretID).want(1, "no entry can hold its selectors")
	d.run("agent", "spire-entry", "0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e").want(1, "no agent")
}
