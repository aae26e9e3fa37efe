package jws

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

func sign(t testing.TB, key any, alg, payload string) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

type pair struct{ private, public any }

func pairs(t *testing.T) map[string]pair {
	t.Helper()
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	edPublic, edPrivate, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]pair{"EdDSA": {edPrivate, edPublic}}
	for _, alg := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"} {
		keys[alg] = pair{r, &r.PublicKey}
	}
	for alg, curve := range map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()} {
		k, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		keys[alg] = pair{k, &k.PublicKey}
	}
	return keys
}

func reason(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return ""
}

func TestEveryAlgorithmVerifiesAndOnlyWhereAccepted(t *testing.T) {
	keys := pairs(t)
	for _, alg := range Algorithms() {
		raw := sign(t, keys[alg].private, alg, `{"iss":"a"}`)
		token, err := Parse(raw, Algorithms()...)
		if err != nil || token.Algorithm() != alg {
			t.Fatalf("%s: %v", alg, err)
		}
		claims, err := token.Verify(keys[alg].public)
		if err != nil || claims["iss"] != "a" {
			t.Errorf("%s: %v, %v", alg, claims, err)
		}
		for other, k := range keys {
			if other == alg || bothRSA(k.public, keys[alg].public) {
				continue // one RSA key serves six algorithms
			}
			if _, err := token.Verify(k.public); reason(err) != Signature {
				t.Errorf("%s by the key of %s: %v", alg, other, err)
			}
		}
		if _, err := Parse(raw, "XX"); reason(err) != Algorithm {
			t.Errorf("%s where it is not accepted: %v", alg, err)
		}
		parts := strings.Split(raw, ".")
		forged := parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"b"}`)) + "." + parts[2]
		token, err = Parse(forged, alg)
		if err != nil {
			t.Fatal(err)
		}
		if claims, err := token.Verify(keys[alg].public); reason(err) != Signature || claims != nil {
			t.Errorf("%s with other claims: %v, %v", alg, claims, err)
		}
	}
}

// A key that is too small verifies nothing, whoever gives it.
func TestSmallKeysVerifyNothing(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for _, alg := range []string{RS256, PS256} {
		token, err := Parse(sign(t, small, alg, `{"iss":"a"}`), alg)
		if err != nil {
			t.Fatal(err)
		}
		if claims, err := token.Verify(&small.PublicKey); reason(err) != Signature || claims != nil {
			t.Errorf("%s: %v, %v", alg, claims, err)
		}
	}
}

func bothRSA(a, b crypto.PublicKey) bool {
	_, first := a.(*rsa.PublicKey)
	_, second := b.(*rsa.PublicKey)
	return first && second
}

func TestParseRefuses(t *testing.T) {
	b64 := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	head := func(s string) string { return b64(s) + "." + b64("{}") + ".AA" }
	for name, c := range map[string]struct {
		raw  string
		want Reason
	}{
		"nothing":              {"", Malformed},
		"two parts":            {"e30.e30", Malformed},
		"four parts":           {"e30.e30.AA.AA", Malformed},
		"too long":             {"e30.e30." + strings.Repeat("A", MaxBytes), Malformed},
		"padding":              {"e30=.e30.AA", Malformed},
		"a line break":         {"e3\n0.e30.AA", Malformed},
		"another spelling":     {"e31.e30.AA", Malformed},
		"header is an array":   {head(`[]`), Malformed},
		"header twice":         {head(`{"alg":"RS256"}{}`), Malformed},
		"a duplicated member":  {head(`{"alg":"RS256","alg":"RS256"}`), Malformed},
		"none":                 {head(`{"alg":"none"}`), Algorithm},
		"HS256":                {head(`{"alg":"HS256"}`), Algorithm},
		"rs256":                {head(`{"alg":"rs256"}`), Algorithm},
		"no alg":               {head(`{}`), Algorithm},
		"alg is no string":     {head(`{"alg":7}`), Algorithm},
		"a key of its own":     {head(`{"alg":"RS256","jwk":{}}`), Header},
		"an extension, as nil": {head(`{"alg":"RS256","crit":null}`), Header},
		"a nested token":       {head(`{"alg":"RS256","cty":"JWT"}`), Header},
	} {
		token, err := Parse(c.raw, append(Algorithms(), "none", "HS256")...)
		if reason(err) != c.want || token != nil {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

func TestTypeAndKeyID(t *testing.T) {
	b64 := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	for header, want := range map[string]struct {
		typ string
		ok  bool
		kid string
	}{
		`{"alg":"RS256"}`:                                     {"", true, ""},
		`{"alg":"RS256","typ":"JWT","kid":"k"}`:               {"jwt", true, "k"},
		`{"alg":"RS256","typ":"Application/AT+JWT","kid":""}`: {"at+jwt", true, ""},
		`{"alg":"RS256","typ":7,"kid":7}`:                     {"", false, ""},
	} {
		token, err := Parse(b64(header)+".e30.AA", RS256)
		if err != nil {
			t.Fatal(header, err)
		}
		if typ, ok := token.Type(); typ != want.typ || ok != want.ok || token.KeyID() != want.kid {
			t.Errorf("%s: %q, %t, %q", header, typ, ok, token.KeyID())
		}
	}
}

func TestPeekBelievesAnybody(t *testing.T) {
	raw := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"a"}`)) + "."
	if claims, err := Peek(raw); err != nil || claims["iss"] != "a" {
		t.Errorf("%v, %v", claims, err)
	}
	if _, err := Peek("e30.W10."); reason(err) != Malformed {
		t.Errorf("claims that are an array: %v", err)
	}
}

func TestErrorsQuoteNothing(t *testing.T) {
	b64 := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	for _, raw := range []string{b64(`{"alg":"sentinel"}`) + ".e30.AA", b64(`{"sentinel":`) + ".e30.AA", "sentinel!.e30.AA"} {
		if _, err := Parse(raw, RS256); err == nil || strings.Contains(err.Error(), "sentinel") {
			t.Errorf("%v", err)
		}
	}
}

// FuzzParse looks for a token that is read in more than one spelling, or whose
// algorithm was not accepted.
func FuzzParse(f *testing.F) {
	for _, raw := range []string{"", "e30.e30.AA", "eyJhbGciOiJSUzI1NiJ9.e30.AA", "eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJFUzI1NiIsImtpZCI6ImsifQ.eyJpc3MiOiJhIn0.AAAA"} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		token, err := Parse(raw, RS256, ES256)
		if (err == nil) != (token != nil) || err != nil && reason(err) == "" {
			t.Fatalf("token %v beside error %v", token, err)
		}
		_, _ = Peek(raw)
		if err != nil {
			return
		}
		if alg := token.Algorithm(); alg != RS256 && alg != ES256 {
			t.Fatalf("alg %s", alg)
		}
		for part := range strings.SplitSeq(raw, ".") {
			decoded, err := base64.RawURLEncoding.DecodeString(part)
			if err != nil || base64.RawURLEncoding.EncodeToString(decoded) != part {
				t.Fatalf("another spelling passed: %q", raw)
			}
		}
	})
}
