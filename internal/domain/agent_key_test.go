package domain_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"authsec/internal/domain"
)

func raws(texts ...string) []json.RawMessage {
	out := make([]json.RawMessage, len(texts))
	for i, t := range texts {
		out[i] = json.RawMessage(t)
	}
	return out
}

func TestParseAgentKeys(t *testing.T) {
	const a, b, bare = `{"kty":"OKP","crv":"Ed25519","kid":"a","x":"AA"}`, `{"kty":"EC","kid":"b","alg":"ES256"}`, `{"kty":"OKP"}`
	for name, tt := range map[string]struct {
		keys []string
		want string
	}{
		"one":                 {[]string{a}, ""},
		"one without kid":     {[]string{bare}, ""},
		"several":             {[]string{a, b}, ""},
		"none":                {nil, "/keys:required"},
		"too many":            {strings.Split(strings.Repeat(bare+"|", 10)+bare, "|"), "/keys:too_many"},
		"several without kid": {[]string{a, bare}, "/keys/1/kid:required"},
		"one kid twice":       {[]string{a, a}, "/keys/1/kid:repeated"},
		"a private key":       {[]string{a, `{"kty":"OKP","kid":"p","d":"AA"}`}, "/keys/1:private_key"},
		"a private RSA prime": {[]string{`{"kty":"RSA","p":null}`}, "/keys/0:private_key"},
		"a secret":            {[]string{`{"kty":"oct","k":"AA"}`}, "/keys/0:private_key"},
		"no object":           {[]string{`7`}, "/keys/0:invalid_jwk"},
		"null":                {[]string{`null`}, "/keys/0:invalid_jwk"},
		"kid is a number":     {[]string{`{"kid":7}`}, "/keys/0:invalid_jwk"},
		"kid with a control":  {[]string{`{"kid":"a\u0007"}`}, "/keys/0/kid:control_character"},
		"longer than any":     {[]string{`{"x":"` + strings.Repeat("A", 4096) + `"}`}, "/keys/0:too_long"},
	} {
		t.Run(name, func(t *testing.T) {
			keys, err := domain.ParseAgentKeys(raws(tt.keys...))
			if tt.want != "" {
				wantFaults(t, err, tt.want)
				return
			}
			if err != nil || len(keys) != len(tt.keys) {
				t.Fatalf("%+v, %v", keys, err)
			}
			back, err := domain.ReadAgentKeySet(domain.AgentKeySet(keys))
			if err != nil || !reflect.DeepEqual(back, keys) {
				t.Errorf("read back %+v, %v", back, err)
			}
		})
	}
	if domain.AgentKeySet(nil) != "" {
		t.Error("no keys are no document")
	}
	if keys, err := domain.ReadAgentKeySet(""); keys != nil || err != nil {
		t.Error("no document is no keys")
	}
	if _, err := domain.ReadAgentKeySet("{"); err == nil {
		t.Error("half a document")
	}
}

// FuzzAgentKeys looks for a key that is kept with a private part.
func FuzzAgentKeys(f *testing.F) {
	f.Add(`{"kty":"OKP","crv":"Ed25519","kid":"a","x":"AA"}`)
	f.Add(`{"kty":"OKP","\u0064":"AA"}`)
	f.Add(`{"kty":"OKP","D":"AA","kid":"x","KID":"y"}`)
	f.Fuzz(func(t *testing.T, text string) {
		keys, err := domain.ParseAgentKeys(raws(text))
		if err != nil {
			return
		}
		var members map[string]any
		if err := json.Unmarshal([]byte(keys[0].JWK), &members); err != nil {
			t.Fatal(err)
		}
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"} {
			if _, has := members[private]; has {
				t.Fatalf("kept with %s: %s", private, keys[0].JWK)
			}
		}
		if again, err := domain.ReadAgentKeySet(domain.AgentKeySet(keys)); err != nil || !reflect.DeepEqual(again, keys) {
			t.Fatalf("read back %+v, %v, want %+v", again, err, keys)
		}
	})
}
