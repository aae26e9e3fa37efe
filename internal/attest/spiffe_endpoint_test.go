package attest_test

import (
	"crypto/tls"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"authsec/internal/attest/spiffetest"
	"authsec/internal/clocktest"
	"authsec/internal/domain"
)

// bundleEndpoint is a bundle endpoint over real TLS.
type bundleEndpoint struct {
	*spiffetest.Authority
	*httptest.Server
	answer atomic.Pointer[http.HandlerFunc] // nil: the authority's bundle
	asked  atomic.Int32
	svid   atomic.Pointer[tls.Certificate] // nil: the Web's kind of certificate
}

func newBundleEndpoint(t *testing.T, before func()) *bundleEndpoint {
	t.Helper()
	e := &bundleEndpoint{Authority: spiffetest.NewAuthority(t, "example.org")}
	e.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.asked.Add(1)
		before()
		if f := e.answer.Load(); f != nil {
			(*f)(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(e.Document())
	}))
	e.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that fail are the point
	e.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		svid := e.svid.Load()
		if svid == nil {
			return nil, nil
		}
		return &tls.Config{Certificates: []tls.Certificate{*svid}}, nil
	}}
	e.StartTLS()
	t.Cleanup(e.Close)
	return e
}

func (e *bundleEndpoint) caBundle() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: e.Certificate().Raw}))
}

// trust verifies by the endpoint in the https_web profile.
func (e *bundleEndpoint) trust(t *testing.T) *trust {
	t.Helper()
	tr := &trust{Authority: e.Authority, clock: clocktest.At(time.Now().Truncate(time.Second))}
	tr.Verifier = newVerifier(t, tr.clock, domain.SPIFFESource{TrustDomain: "example.org", Audience: spiffeAudience, BundleURL: e.URL + "/bundle", CABundle: e.caBundle()})
	return tr
}

func nothing() {}

func (e *bundleEndpoint) answers(f http.HandlerFunc) { e.answer.Store(&f) }

func TestBundleEndpoint(t *testing.T) {
	e := newBundleEndpoint(t, nothing)
	tr := e.trust(t)
	// A source whose settings are only checked asks nobody.
	unused := newVerifier(t, tr.clock, domain.SPIFFESource{TrustDomain: "example.org", Audience: spiffeAudience, BundleURL: e.URL, CABundle: e.caBundle()})
	if err := unused.Close(); err != nil || e.asked.Load() != 0 {
		t.Errorf("asked %d times: %v", e.asked.Load(), err)
	}
	old := tr.svids()
	tr.eachAccepted(t, old)

	// A proof with a key that is not in the bundle has the endpoint asked again,
	// but not at every such proof.
	e.Rotate()
	fresh := tr.svids()
	tr.eachRejected(t, fresh)
	if n := e.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	tr.clock.Advance(10 * time.Second)
	tr.eachAccepted(t, fresh)
	tr.eachAccepted(t, old)
	if n := e.asked.Load(); n != 2 {
		t.Errorf("asked %d times", n)
	}
	e.Rotate()
	e.Retire()
	tr.clock.Advance(10 * time.Second)
	tr.eachAccepted(t, tr.svids())
	tr.eachRejected(t, old)
	tr.eachRejected(t, fresh)

	// It is down: its last word holds for a while, and not longer.
	e.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	known, lasting := tr.svids(), tr.live(t)
	e.Rotate()
	tr.clock.Advance(10 * time.Second)
	tr.eachRejected(t, tr.svids())
	tr.eachAccepted(t, known)
	tr.clock.Advance(bundleLife)
	tr.eachUntold(t, lasting, "502 Bad Gateway")
	e.answer.Store(nil)
	tr.clock.Advance(10 * time.Second)
	tr.eachAccepted(t, lasting)
}

// What an endpoint must not answer with is no bundle, and no reason to call a proof bad.
func TestBundleEndpointsThatAreNone(t *testing.T) {
	elsewhere := newBundleEndpoint(t, nothing)
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		says   string
	}{
		"an error page": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, "404"},
		"a page":        {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, "unable to parse"},
		"more than can be": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(append([]byte(`{"keys":[],"x":"`), make([]byte, 1<<20)...))
		}, "larger than"},
		"another origin": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) }, "another origin"},
		"a circle":       {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, "too often"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newBundleEndpoint(t, nothing)
			e.answers(tt.answer)
			tr := e.trust(t)
			tr.eachUntold(t, tr.svids(), tt.says)
			e.answer.Store(nil)
			tr.clock.Advance(10 * time.Second)
			tr.eachAccepted(t, tr.svids())
		})
	}
	t.Run("a certificate of another authority", func(t *testing.T) {
		e, tr := newBundleEndpoint(t, nothing), &trust{clock: clocktest.At(time.Now())}
		tr.Authority = e.Authority
		tr.Verifier = newVerifier(t, tr.clock, domain.SPIFFESource{TrustDomain: "example.org", Audience: spiffeAudience, BundleURL: e.URL})
		tr.eachUntold(t, tr.svids(), "certificate signed by unknown authority")
	})
}

// withSVID makes the endpoint present an SVID from now on.
func (e *bundleEndpoint) withSVID(t *testing.T, path string) {
	t.Helper()
	svid := e.X509SVID(spiffetest.Leaf{Path: path, IPs: []net.IP{net.IPv4(127, 0, 0, 1)}})
	e.svid.Store(&svid)
}

func TestBundleEndpointKnownByItsSVID(t *testing.T) {
	e := newBundleEndpoint(t, nothing)
	file := filepath.Join(t.TempDir(), "first.json")
	if err := os.WriteFile(file, e.Document(), 0o600); err != nil {
		t.Fatal(err)
	}
	source := domain.SPIFFESource{TrustDomain: "example.org", Audience: spiffeAudience, BundleURL: e.URL, EndpointSPIFFEID: "spiffe://example.org/spire/server", BundleFile: file}
	clock := clocktest.At(time.Now().Truncate(time.Second))

	// Another workload of the trust domain is not the endpoint, nor is a web server.
	tr := &trust{Authority: e.Authority, clock: clock, Verifier: newVerifier(t, clock, source)}
	tr.eachUntold(t, tr.svids(), "x509svid")
	e.withSVID(t, "/another")
	clock.Advance(10 * time.Second)
	tr.eachUntold(t, tr.svids(), "unexpected ID")
	e.withSVID(t, "/spire/server")
	clock.Advance(10 * time.Second)
	tr.eachAccepted(t, tr.svids())

	// What it gave last verifies it next: the file has none of these keys.
	for range 2 {
		e.Rotate()
		clock.Advance(10 * time.Second)
		tr.eachAccepted(t, tr.svids())
		e.withSVID(t, "/spire/server")
	}
	fresh := &trust{Authority: e.Authority, clock: clock, Verifier: newVerifier(t, clock, source)}
	fresh.eachUntold(t, fresh.svids(), "x509svid") // for whoever has only the file, it is a stranger
	e.Rotate()
	e.withSVID(t, "/spire/server")
	clock.Advance(10 * time.Second)
	tr.eachRejected(t, tr.svids()) // by keys that it never told of: nobody is believed who has only those

	// An endpoint in the https_spiffe profile sends nobody elsewhere.
	other := newBundleEndpoint(t, nothing)
	other.withSVID(t, "/spire/server")
	if err := os.WriteFile(file, other.Document(), 0o600); err != nil {
		t.Fatal(err)
	}
	other.answers(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) })
	source.BundleURL = other.URL
	moved := &trust{Authority: other.Authority, clock: clock, Verifier: newVerifier(t, clock, source)}
	moved.eachUntold(t, moved.svids(), "302 Found")
}
