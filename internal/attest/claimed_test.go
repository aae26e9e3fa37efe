package attest

import (
	"encoding/base64"
	"strings"
	"testing"

	"authsec/internal/domain"
)

// What a token says of its client is read without its signature, and only where
// it is its own to say.
func TestClaims(t *testing.T) {
	const id = "0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e"
	encode := base64.RawURLEncoding.EncodeToString
	token := func(claims string) string {
		return encode([]byte(`{"alg":"ES256"}`)) + "." + encode([]byte(claims)) + "." + encode([]byte("unverified"))
	}
	for name, c := range map[string]struct {
		bearer string
		want   Claimed
	}{
		"nothing":                          {"", Claimed{}},
		"no token":                         {"abc", Claimed{}},
		"an agent's own assertion":         {token(`{"iss":"` + id + `","sub":"` + id + `"}`), Claimed{ClientID: id}},
		"an issuer that names its subject": {token(`{"iss":"https://issuer.example.com","sub":"` + id + `"}`), Claimed{}},
		"no issuer":                        {token(`{"sub":"` + id + `"}`), Claimed{}},
		"no client ID":                     {token(`{"iss":"a","sub":"a"}`), Claimed{}},
		"an agent's SVID":                  {token(`{"sub":"spiffe://authsec.local/agent/` + id + `"}`), Claimed{ClientID: id, SVID: true}},
		"another SVID":                     {token(`{"iss":"https://spire.example.com","sub":"spiffe://example.com/ns/production"}`), Claimed{SVID: true}},
		"an SVID below an agent's":         {token(`{"sub":"spiffe://authsec.local/agent/` + id + `/x"}`), Claimed{SVID: true}},
		"too long":                         {token(`{"iss":"` + id + `","sub":"` + id + `","x":"` + strings.Repeat("a", 16<<10) + `"}`), Claimed{}},
	} {
		if got := (Presented{Bearer: domain.Secret(c.bearer)}).Claims(); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
