package jwks

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"authsec/sdk/go/jws"

	"github.com/go-jose/go-jose/v4"
)

// jwkText returns the JWK of a key with members set or, for nil, dropped.
func jwkText(t *testing.T, key any, members map[string]any) string {
	t.Helper()
	text, err := json.Marshal(jose.JSONWebKey{Key: key, KeyID: "k", Use: "sig"})
	if err != nil {
		t.Fatal(err)
	}
	jwk := map[string]any{}
	if err := json.Unmarshal(text, &jwk); err != nil {
		t.Fatal(err)
	}
	for name, value := range members {
		jwk[name] = value
		if value == nil {
			delete(jwk, name)
		}
	}
	if text, err = json.Marshal(jwk); err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func document(jwks ...string) []byte { return []byte(`{"keys":[` + strings.Join(jwks, ",") + `]}`) }

func rsaKey(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return private
}

func ecKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	private, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return private
}

func TestParseChoosesSigningKeys(t *testing.T) {
	private := rsaKey(t, 2048)
	public := &private.PublicKey
	edPublic, edPrivate, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		jwk  string
		ok   bool
	}{
		{"as it should be", jwkText(t, public, map[string]any{"alg": "RS256"}), true},
		{"use and alg unspecified", jwkText(t, public, map[string]any{"use": nil, "alg": nil}), true},
		{"key_ops verify", jwkText(t, public, map[string]any{"key_ops": []string{"verify"}}), true},
		{"unknown member", jwkText(t, public, map[string]any{"x-note": 1}), true},
		{"use enc", jwkText(t, public, map[string]any{"use": "enc"}), false},
		{"alg RS512", jwkText(t, public, map[string]any{"alg": "RS512"}), false},
		{"alg RSA-OAEP", jwkText(t, public, map[string]any{"alg": "RSA-OAEP"}), false},
		{"key_ops encrypt", jwkText(t, public, map[string]any{"key_ops": []string{"encrypt"}}), false},
		{"key_ops empty", jwkText(t, public, map[string]any{"key_ops": []string{}}), false},
		{"no kid", jwkText(t, public, map[string]any{"kid": nil}), false},
		{"kty unknown", jwkText(t, public, map[string]any{"kty": "XX"}), false},
		{"modulus missing", jwkText(t, public, map[string]any{"n": nil}), false},
		{"private key", jwkText(t, private, nil), false},
		{"private Ed25519 key", jwkText(t, edPrivate, nil), false},
		{"a key of another kind", jwkText(t, edPublic, nil), false},
		{"symmetric key", jwkText(t, []byte("0123456789abcdef0123456789abcdef"), nil), false},
		{"not an object", `7`, false},
		{"null", `null`, false},
	} {
		set, err := Parse(document(c.jwk), Policy{Algorithms: []string{jws.RS256}})
		if err != nil || (set.Len() == 1) != c.ok {
			t.Errorf("%s: got %v, error %v: want the key to be used: %t", c.name, set, err, c.ok)
		}
		// The same key in a set that is all meant for us is a fault that is named.
		if _, err := ParseAll(document(c.jwk), Policy{Algorithms: []string{jws.RS256}}); (err == nil) != c.ok || err != nil && !strings.Contains(err.Error(), "key 1 ") {
			t.Errorf("%s: ParseAll: %v", c.name, err)
		}
	}
}

func TestParseRefusesBadSets(t *testing.T) {
	jwk := jwkText(t, &rsaKey(t, 2048).PublicKey, nil)
	var many []string
	for i := range maxKeys + 1 {
		many = append(many, fmt.Sprintf(`{"kty":"XX","kid":"%d"}`, i))
	}
	policy := Policy{Algorithms: jws.Algorithms(), KeyIDOptional: true}
	for name, set := range map[string]string{
		"empty":           ``,
		"not JSON":        `<html>`,
		"array":           `[]`,
		"no keys member":  `{}`,
		"keys is null":    `{"keys":null}`,
		"Keys":            `{"Keys":[]}`,
		"keys twice":      `{"keys":[],"keys":[]}`,
		"trailing":        `{"keys":[]}x`,
		"one ID twice":    `{"keys":[` + jwk + `,` + jwk + `]}`,
		"too many":        `{"keys":[` + strings.Join(many, ",") + `]}`,
		"nested too deep": `{"keys":[],"x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`,
	} {
		if keys, err := Parse([]byte(set), policy); err == nil {
			t.Errorf("%s: accepted as %v", name, keys)
		}
		if keys, err := ParseAll([]byte(set), policy); err == nil {
			t.Errorf("%s: ParseAll accepted it as %v", name, keys)
		}
	}
	if _, err := Parse([]byte(`{"keys":[`+strings.Join(many[:maxKeys], ",")+`]}`), policy); err != nil {
		t.Errorf("as many keys as allowed: %v", err)
	}
}

// A key verifies only what its kind, its size, its curve and its own alg allow.
func TestKeyFitsTheAlgorithm(t *testing.T) {
	edPublic, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaAll := []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
	for name, c := range map[string]struct {
		public any
		alg    any
		want   []string
	}{
		"RSA":                       {&rsaKey(t, 2048).PublicKey, nil, rsaAll},
		"RSA for PS384":             {&rsaKey(t, 2048).PublicKey, "PS384", []string{"PS384"}},
		"RSA of 1024 bits":          {&rsaKey(t, 1024).PublicKey, nil, nil},
		"P-256":                     {&ecKey(t, elliptic.P256()).PublicKey, nil, []string{"ES256"}},
		"P-384":                     {&ecKey(t, elliptic.P384()).PublicKey, nil, []string{"ES384"}},
		"P-521":                     {&ecKey(t, elliptic.P521()).PublicKey, nil, []string{"ES512"}},
		"P-256 that says RS256":     {&ecKey(t, elliptic.P256()).PublicKey, "RS256", nil},
		"P-256 that says ES384":     {&ecKey(t, elliptic.P256()).PublicKey, "ES384", nil},
		"Ed25519":                   {edPublic, nil, []string{"EdDSA"}},
		"RSA that says HS256":       {&rsaKey(t, 2048).PublicKey, "HS256", nil},
		"RSA that says none":        {&rsaKey(t, 2048).PublicKey, "none", nil},
		"a secret that says RS256":  {[]byte("0123456789abcdef0123456789abcdef"), "RS256", nil},
		"a secret that says no alg": {[]byte("0123456789abcdef0123456789abcdef"), nil, nil},
	} {
		set, err := Parse(document(jwkText(t, c.public, map[string]any{"alg": c.alg})), Policy{Algorithms: jws.Algorithms()})
		if err != nil {
			t.Fatal(err)
		}
		for _, alg := range append(jws.Algorithms(), "HS256", "none", "") {
			key, err := set.Key(t.Context(), "k", alg)
			want := strings.Contains(" "+strings.Join(c.want, " ")+" ", " "+alg+" ") && alg != ""
			if (err == nil) != want || (key != nil) != want || err != nil && !errors.Is(err, ErrUnknown) {
				t.Errorf("%s for %q: key %v, error %v, want one: %t", name, alg, key, err, want)
			}
		}
	}
}

// A token that names no key is verified only where no other key could be meant.
func TestKeyIDOptional(t *testing.T) {
	rsa1, rsa2, ec := &rsaKey(t, 2048).PublicKey, &rsaKey(t, 2048).PublicKey, &ecKey(t, elliptic.P256()).PublicKey
	bare := map[string]any{"kid": nil}
	for name, c := range map[string]struct {
		set      []byte
		optional bool
		id, alg  string
		want     crypto.PublicKey
	}{
		"one key without ID":                  {document(jwkText(t, rsa1, bare)), true, "", "RS256", rsa1},
		"one key with ID":                     {document(jwkText(t, rsa1, nil)), true, "", "RS256", rsa1},
		"one key per algorithm":               {document(jwkText(t, rsa1, bare), jwkText(t, ec, bare)), true, "", "ES256", ec},
		"two keys without ID":                 {document(jwkText(t, rsa1, bare), jwkText(t, rsa2, bare)), true, "", "RS256", nil},
		"two keys, one without ID":            {document(jwkText(t, rsa1, bare), jwkText(t, rsa2, nil)), true, "", "RS256", nil},
		"the one of two that is named":        {document(jwkText(t, rsa1, bare), jwkText(t, rsa2, nil)), true, "k", "RS256", rsa2},
		"an ID that no key has":               {document(jwkText(t, rsa1, bare)), true, "k", "RS256", nil},
		"not allowed":                         {document(jwkText(t, rsa1, nil)), false, "", "RS256", nil},
		"one ID for keys of different kinds":  {document(jwkText(t, rsa1, nil), jwkText(t, ec, nil)), false, "k", "ES256", ec},
		"one ID for keys of different kinds²": {document(jwkText(t, ec, nil), jwkText(t, rsa1, nil)), false, "k", "RS256", rsa1},
	} {
		set, err := Parse(c.set, Policy{Algorithms: jws.Algorithms(), KeyIDOptional: c.optional})
		if err != nil {
			t.Fatal(name, err)
		}
		got, err := set.Key(t.Context(), c.id, c.alg)
		equal := got == nil
		if c.want != nil && got != nil {
			equal = c.want.(interface{ Equal(crypto.PublicKey) bool }).Equal(got)
		} else if c.want != nil {
			equal = false
		}
		if !equal || (err == nil) != (c.want != nil) {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}

func TestVectorKeys(t *testing.T) {
	text, err := os.ReadFile("../../../testdata/vectors/jwks.json")
	if err != nil {
		t.Fatal(err)
	}
	set, err := Parse(text, Policy{Algorithms: []string{jws.RS256}})
	if err != nil || set.Len() != 2 || set.keys[0].id != "vector-a" || set.keys[1].id != "vector-b" {
		t.Errorf("got %+v, %v: want vector-a and vector-b", set, err)
	}
}

// FuzzParse looks for a set that breaks the reader, or a key that must not pass.
func FuzzParse(f *testing.F) {
	for _, set := range []string{
		`{"keys":[]}`, `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`,
		`{"keys":[{"kty":"oct","k":"AAAA","kid":"k"}]}`, `{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA","kid":"k"}]}`,
	} {
		f.Add([]byte(set))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := Parse(text, Policy{Algorithms: jws.Algorithms(), KeyIDOptional: true})
		if (err == nil) != (set != nil) {
			t.Fatalf("set %v beside error %v", set, err)
		}
		if err != nil {
			return
		}
		for _, k := range set.keys {
			for _, alg := range k.algorithms {
				if !jws.Fits(k.public, alg) {
					t.Fatalf("%T passed for %s", k.public, alg)
				}
			}
		}
	})
}
