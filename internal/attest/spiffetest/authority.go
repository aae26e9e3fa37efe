// Package spiffetest is a SPIFFE trust domain for tests: it makes SVIDs and
// bundles, rotates its keys, and serves them as SPIRE does.
package spiffetest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

// Authority signs the SVIDs of one trust domain. Make it with NewAuthority; it
// is safe for concurrent use.
type Authority struct {
	t      testing.TB
	domain spiffeid.TrustDomain

	mu   sync.Mutex
	keys []signer // the last one signs, all are published
	made int
	hint time.Duration
}

// signer is one generation of the authority's keys.
type signer struct {
	keyID string
	jwt   *ecdsa.PrivateKey
	ca    *x509.Certificate
	caKey *ecdsa.PrivateKey
}

// NewAuthority makes the authority of a trust domain with its first keys.
func NewAuthority(t testing.TB, trustDomain string) *Authority {
	t.Helper()
	domain, err := spiffeid.TrustDomainFromString(trustDomain)
	if err != nil {
		t.Fatal(err)
	}
	a := &Authority{t: t, domain: domain}
	a.Rotate()
	return a
}

// ID returns the SPIFFE ID with the path in the authority's trust domain.
func (a *Authority) ID(path string) string { return a.domain.IDString() + path }

// Rotate adds new keys, which sign from now on; the old ones stay in the bundle.
func (a *Authority) Rotate() {
	a.t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.made++
	next := signer{keyID: fmt.Sprintf("key-%d", a.made), jwt: newKey(a.t), caKey: newKey(a.t)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(int64(a.made)), Subject: pkix.Name{CommonName: fmt.Sprintf("%s CA %d", a.domain, a.made)},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(365 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, BasicConstraintsValid: true, IsCA: true,
		URIs: []*url.URL{a.domain.ID().URL()},
	}
	next.ca = sign(a.t, template, template, &next.caKey.PublicKey, next.caKey)
	a.keys = append(a.keys, next)
}

// Retire takes all but the newest keys out of the bundle.
func (a *Authority) Retire() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.keys = a.keys[len(a.keys)-1:]
}

// SetHint sets the bundle's spiffe_refresh_hint.
func (a *Authority) SetHint(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.hint = d
}

// Bundle returns what verifies the authority's SVIDs now.
func (a *Authority) Bundle() *spiffebundle.Bundle {
	a.t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	b := spiffebundle.New(a.domain)
	for _, k := range a.keys {
		b.AddX509Authority(k.ca)
		if err := b.AddJWTAuthority(k.keyID, k.jwt.Public()); err != nil {
			a.t.Fatal(err)
		}
	}
	if a.hint > 0 {
		b.SetRefreshHint(a.hint)
	}
	b.SetSequenceNumber(uint64(a.made)) //nolint:gosec // never negative
	return b
}

// Document is the bundle in its JSON form.
func (a *Authority) Document() []byte {
	a.t.Helper()
	doc, err := a.Bundle().Marshal()
	if err != nil {
		a.t.Fatal(err)
	}
	return doc
}

// signing returns the keys that sign now.
func (a *Authority) signing() signer {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.keys[len(a.keys)-1]
}

// Leaf says what an X.509-SVID is to be.
type Leaf struct {
	Path      string // of its SPIFFE ID
	NotBefore time.Time
	NotAfter  time.Time
	DNSNames  []string
	IPs       []net.IP
	// Change makes it other than it should be; nil: nothing is changed.
	Change func(*x509.Certificate)
}

// X509SVID makes an X.509-SVID with its key, good for an hour around now unless the leaf says otherwise.
func (a *Authority) X509SVID(l Leaf) tls.Certificate {
	a.t.Helper()
	if l.NotBefore.IsZero() {
		l.NotBefore = time.Now().Add(-time.Minute)
	}
	if l.NotAfter.IsZero() {
		l.NotAfter = time.Now().Add(time.Hour)
	}
	id, err := url.Parse(a.ID(l.Path))
	if err != nil {
		a.t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, NotBefore: l.NotBefore, NotAfter: l.NotAfter, URIs: []*url.URL{id}, DNSNames: l.DNSNames, IPAddresses: l.IPs,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
	if l.Change != nil {
		l.Change(template)
	}
	key, by := newKey(a.t), a.signing()
	leaf := sign(a.t, template, by.ca, &key.PublicKey, by.caKey)
	return tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t testing.TB, template, parent *x509.Certificate, public crypto.PublicKey, by crypto.Signer) *x509.Certificate {
	t.Helper()
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, public, by)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}
