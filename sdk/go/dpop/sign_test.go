package dpop

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"io"
	"testing"
	"time"
)

func privateKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// hsm is a key of which only Public and Sign can be had.
type hsm struct{ key crypto.Signer }

func (h hsm) Public() crypto.PublicKey { return h.key.Public() }
func (h hsm) Sign(r io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	return h.key.Sign(r, digest, o)
}

func keys(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	made := map[string]crypto.Signer{}
	for name, curve := range map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		made[name] = hsm{key}
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	made["EdDSA"], made["PS256"] = hsm{ed}, hsm{r}
	return made
}

// What a Signer makes, Parse takes, for every kind of key; and one claim at a
// time decides.
func TestRFC9449_4_2_Sign(t *testing.T) {
	now := time.Unix(1780000000, 0)
	for algorithm, key := range keys(t) {
		signer, err := NewSigner(key)
		if err != nil {
			t.Fatal(err)
		}
		r := Request{Method: "POST", URL: "https://API.example.com:443/a/../b?q=1#f", Now: now, AccessToken: "token", Nonce: "nonce"}
		compact, err := signer.Sign(r)
		if err != nil {
			t.Fatal(err)
		}
		e := Expectation{Method: "POST", URL: "https://api.example.com/b", Now: now, Leeway: Leeway, AccessToken: "token"}
		p, err := Parse(compact, e)
		if err != nil {
			t.Fatal(err)
		}
		if p.Algorithm != algorithm || signer.Algorithm() != algorithm || p.Thumbprint != signer.Thumbprint() || p.Nonce != "nonce" || !p.IssuedAt.Equal(now) || len(p.ID) < 20 {
			t.Errorf("%s: got %+v", algorithm, p)
		}
		again, err := signer.Sign(r)
		if err != nil {
			t.Fatal(err)
		}
		if q, err := Parse(again, e); err != nil || q.ID == p.ID {
			t.Errorf("%s: the next proof has the same jti (%v)", algorithm, err)
		}
		e.AccessToken = "other"
		if _, err := Parse(compact, e); err == nil {
			t.Errorf("%s: a proof for another token passes", algorithm)
		}
	}
}

func TestGenerate(t *testing.T) {
	a, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	b, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	if a.Algorithm() != "ES256" || a.Thumbprint() == b.Thumbprint() {
		t.Errorf("got %s, %s and %s", a.Algorithm(), a.Thumbprint(), b.Thumbprint())
	}
}

func TestSignerRefuses(t *testing.T) {
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]crypto.Signer{"none": nil, "P-224": p224, "RSA of 1024 bits": weak} {
		if _, err := NewSigner(key); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	s, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{"", "/path", "ftp://example.com", "https://u:p@example.com"} {
		if _, err := s.Sign(Request{Method: "GET", URL: url}); err == nil {
			t.Errorf("%q is signed", url)
		}
	}
}
