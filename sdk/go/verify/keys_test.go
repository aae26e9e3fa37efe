package verify

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// jwkText returns the JWK of a public RSA key with members set or, for nil, dropped.
func jwkText(t *testing.T, key any, members map[string]any) string {
	t.Helper()
	text, err := json.Marshal(jose.JSONWebKey{Key: key, KeyID: "k", Algorithm: "RS256", Use: "sig"})
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

func TestParseKeysChoosesSigningKeys(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public := &private.PublicKey
	for _, c := range []struct {
		name string
		jwk  string
		ok   bool
	}{
		{"as it should be", jwkText(t, public, nil), true},
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
		{"symmetric key", jwkText(t, []byte("0123456789abcdef0123456789abcdef"), nil), false},
		{"not an object", `7`, false},
		{"null", `null`, false},
	} {
		keys, err := parseKeys([]byte(`{"keys":[` + c.jwk + `]}`))
		if err != nil || (keys["k"] != nil) != c.ok {
			t.Errorf("%s: got keys %v, error %v: want the key to be used: %t", c.name, keys, err, c.ok)
		}
	}
}

func TestParseKeysRefusesBadSets(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	jwk := jwkText(t, &private.PublicKey, nil)
	var many []string
	for i := range maxKeys + 1 {
		many = append(many, fmt.Sprintf(`{"kty":"XX","kid":"%d"}`, i))
	}
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
		if keys, err := parseKeys([]byte(set)); err == nil {
			t.Errorf("%s: accepted as %v", name, keys)
		}
	}
	if _, err := parseKeys([]byte(`{"keys":[` + strings.Join(many[:maxKeys], ",") + `]}`)); err != nil {
		t.Errorf("as many keys as allowed: %v", err)
	}
}

func TestVectorKeys(t *testing.T) {
	keys, err := parseKeys(loadVectors(t).jwks)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for id := range keys {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	if want := []string{"vector-a", "vector-b"}; !slices.Equal(ids, want) {
		t.Errorf("got usable keys %v: want %v", ids, want)
	}
}
