package proofkey

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/sdk/go/dpop"

	"github.com/go-jose/go-jose/v4"
)

const target = "https://auth.example.com/oauth2/token"

// memory is a ProofStore.
type memory struct {
	mu      sync.Mutex
	used    map[[2]string]time.Time // until when
	failing error
}

func (m *memory) UseProof(_ context.Context, thumbprint, idHash string, expires, _ time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failing != nil {
		return false, m.failing
	}
	if _, seen := m.used[[2]string{thumbprint, idHash}]; seen {
		return false, nil
	}
	if m.used == nil {
		m.used = map[[2]string]time.Time{}
	}
	m.used[[2]string{thumbprint, idHash}] = expires
	return true, nil
}

func newSigner(t testing.TB) *dpop.Signer {
	t.Helper()
	s, err := dpop.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sign(t testing.TB, s *dpop.Signer, nonce string, now time.Time) string {
	t.Helper()
	proof, err := s.Sign(dpop.Request{Method: "POST", URL: target, Now: now, Nonce: nonce})
	if err != nil {
		t.Fatal(err)
	}
	return proof
}

func post(proof string) Presented {
	return Presented{Proof: proof, Method: "POST", URL: target}
}

func wantCode(t *testing.T, err error, kind domain.Kind, code string) {
	t.Helper()
	if domain.KindOf(err) != kind || domain.CodeOf(err) != code {
		t.Errorf("got %v, want %s %s", err, kind, code)
	}
}

func TestCheckBinds(t *testing.T) {
	p, s := Prover{Nonces: testNonces(t), Used: &memory{}}, newSigner(t)
	got, err := p.Check(post(sign(t, s, p.Nonces.At(start), start)), nil, start)
	if err != nil || got.Confirmation != (domain.Confirmation{KeyThumbprint: s.Thumbprint()}) {
		t.Errorf("%+v, %v", got, err)
	}
	if none, err := p.Check(Presented{Method: "POST", URL: target}, []*x509.Certificate{exampleCertificate(t)}, start); err != nil || !none.None() {
		t.Errorf("nothing was shown, and %+v, %v", none, err)
	}
}

// RFC 9449 §8: a proof without a nonce of ours gets the one to use, unless it is
// bad anyway: a client would try that again for ever.
func TestRFC9449_8_NonceIsDemanded(t *testing.T) {
	p, s := Prover{Nonces: testNonces(t), Used: &memory{}}, newSigner(t)
	for _, nonce := range []string{"", "x", p.Nonces.At(start.Add(-time.Hour))} {
		_, err := p.Check(post(sign(t, s, nonce, start)), nil, start)
		wantCode(t, err, domain.Invalid, CodeUseNonce)
		_, err = p.Check(post(sign(t, s, nonce, start.Add(-time.Hour))), nil, start)
		wantCode(t, err, domain.Invalid, CodeInvalidProof)
	}
}

// The vectors that both SDKs read: what they refuse is refused here, by its name,
// and what they take has but the nonce against it. A token endpoint has no token,
// so that ath says nothing.
func TestRFC9449_4_3_Vectors(t *testing.T) {
	p := Prover{Nonces: testNonces(t), Used: &memory{}}
	for _, v := range readVectors(t) {
		if v.DPoP == "" { // wire refuses an empty header
			continue
		}
		t.Run(v.Name, func(t *testing.T) {
			key, err := p.Check(Presented{Proof: v.DPoP, Method: v.Method, URL: v.URL}, nil, v.at())
			code := CodeInvalidProof
			if v.Valid || v.Error == string(dpop.Token) {
				code = CodeUseNonce
			}
			wantCode(t, err, domain.Invalid, code)
			if key != (Key{}) {
				t.Error("a key was proven")
			}
			for part := range strings.SplitSeq(v.DPoP, ".") {
				if len(part) >= 16 && strings.Contains(err.Error(), part[:16]) {
					t.Errorf("the error quotes the proof: %v", err)
				}
			}
		})
	}
}

type vector struct {
	Name, Method, URL, DPoP, Error string
	Valid                          bool
	Now                            int64
}

func (v vector) at() time.Time { return time.Unix(v.Now, 0) }

func readVectors(t testing.TB) []vector {
	t.Helper()
	b, err := os.ReadFile("../../testdata/vectors/dpop/proofs.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Now   int64
		Cases []vector
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) < 100 {
		t.Fatalf("only %d cases", len(file.Cases))
	}
	for i := range file.Cases {
		if file.Cases[i].Now == 0 {
			file.Cases[i].Now = file.Now
		}
	}
	return file.Cases
}

// RFC 9449 §11.1: once, for as long as any replica could take it again.
func TestRFC9449_11_1_ProofIsUsedOnce(t *testing.T) {
	used := &memory{}
	p, s, other := Prover{Nonces: testNonces(t), Used: used}, newSigner(t), newSigner(t)
	proof := sign(t, s, p.Nonces.At(start), start)
	check := func(proof string) Key {
		t.Helper()
		k, err := p.Check(post(proof), nil, start.Add(30*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	first, again := check(proof), check(proof)
	if len(used.used) != 0 {
		t.Error("checking alone noted a use")
	}
	if err := p.Use(t.Context(), first, start); err != nil {
		t.Fatal(err)
	}
	wantCode(t, p.Use(t.Context(), again, start), domain.Invalid, CodeInvalidProof)
	// The same jti of another key is another proof: nobody can spoil somebody's.
	if err := p.Use(t.Context(), Key{Confirmation: domain.Confirmation{KeyThumbprint: other.Thumbprint()}, id: first.id, expires: first.expires}, start); err != nil {
		t.Error(err)
	}
	for _, until := range used.used {
		// A replica that is the leeway behind takes it until iat + 30 s of its clock.
		if want := start.Add(time.Minute); !until.Equal(want) {
			t.Errorf("remembered until %s, want %s", until, want)
		}
	}
	if err := p.Use(t.Context(), Key{}, start); err != nil || len(used.used) != 2 {
		t.Errorf("no proof was noted: %v", err)
	}
	used.failing = errors.New("dial")
	if err := p.Use(t.Context(), first, start); domain.KindOf(err) != domain.Internal {
		t.Errorf("an outage is %v", err)
	}
}

// exampleCertificate is RFC 8705's (appendix A).
func exampleCertificate(t testing.TB) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode([]byte(`-----BEGIN CERTIFICATE-----
MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAx
ODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqG
SM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ
/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwID
SQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOV
bUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=
-----END CERTIFICATE-----`))
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// RFC 8705 §3.1 and appendix A: the thumbprint of the leaf alone.
func TestRFC8705_3_1_Thumbprint(t *testing.T) {
	leaf := exampleCertificate(t)
	const want = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"
	if got := OfCertificate([]*x509.Certificate{leaf, {Raw: []byte("issuer")}}); got.Confirmation != (domain.Confirmation{CertThumbprint: want}) {
		t.Errorf("%+v", got)
	}
	for _, none := range [][]*x509.Certificate{nil, {}, {{}}} {
		if got := OfCertificate(none); !got.None() {
			t.Errorf("%v gives %+v", none, got)
		}
	}
}

// A certificate binds where that was asked for, and there alone.
func TestRFC8705_3_BindingIsAskedFor(t *testing.T) {
	p, s := Prover{Nonces: testNonces(t), Used: &memory{}}, newSigner(t)
	chain := []*x509.Certificate{exampleCertificate(t)}
	proof := sign(t, s, p.Nonces.At(start), start)
	got, err := p.Check(Presented{MutualTLS: true}, chain, start)
	if err != nil || got != OfCertificate(chain) || got.None() {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err = p.Check(post(proof), chain, start); err != nil || got.KeyThumbprint != s.Thumbprint() || got.CertThumbprint != "" {
		t.Errorf("DPoP over mTLS: %+v, %v", got, err)
	}
	_, err = p.Check(Presented{MutualTLS: true}, nil, start)
	wantCode(t, err, domain.Invalid, CodeInvalidRequest)
	both := post(proof)
	both.MutualTLS = true
	_, err = p.Check(both, chain, start)
	wantCode(t, err, domain.Invalid, CodeInvalidRequest)
}

// vectorSigner signs with a key that every process of a fuzzing run has.
func vectorSigner(f *testing.F) *dpop.Signer {
	f.Helper()
	b, err := os.ReadFile("../../testdata/vectors/dpop/private.jwk.json")
	if err != nil {
		f.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(b, &set); err != nil {
		f.Fatal(err)
	}
	private, ok := set.Key("dpop-es256")[0].Key.(crypto.Signer)
	if !ok {
		f.Fatal("no key to sign with")
	}
	s, err := dpop.NewSigner(private)
	if err != nil {
		f.Fatal(err)
	}
	return s
}

// FuzzCheck: any proof is one that the holder of the key made, or the caller's fault.
func FuzzCheck(f *testing.F) {
	p, s := Prover{Nonces: testNonces(f), Used: &memory{}}, vectorSigner(f)
	f.Add(sign(f, s, p.Nonces.At(start), start))
	f.Add(sign(f, s, "", start))
	for _, v := range readVectors(f) {
		if len(v.DPoP) < 4<<10 {
			f.Add(v.DPoP)
		}
	}
	f.Fuzz(func(t *testing.T, proof string) {
		if proof == "" {
			return
		}
		key, err := p.Check(post(proof), nil, start)
		switch code := domain.CodeOf(err); {
		case err == nil && key.Confirmation != (domain.Confirmation{KeyThumbprint: s.Thumbprint()}):
			t.Fatalf("taken: %q", proof)
		case err != nil && (domain.KindOf(err) != domain.Invalid || (code != CodeInvalidProof && code != CodeUseNonce) || key != (Key{})):
			t.Fatalf("%v with %+v", err, key)
		}
	})
}

// BenchmarkCheck is what a DPoP proof costs a token request, its entry aside.
func BenchmarkCheck(b *testing.B) {
	p, s := Prover{Nonces: testNonces(b), Used: &memory{}}, newSigner(b)
	shown := post(sign(b, s, p.Nonces.At(start), start))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Check(shown, nil, start); err != nil {
			b.Fatal(err)
		}
	}
}
