package token

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"authsec/internal/domain"
)

// The examples of RFC 9449 §6.1 and, its last character in the one spelling that
// a strict decoder takes, of RFC 8705 §3.1.
const (
	keyThumbprint  = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
	certThumbprint = "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg0"
)

func TestConfirmationIsRead(t *testing.T) {
	payload := func(cnf string) []byte {
		c := fullClaims()
		c.Issuer = issuer
		b, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		return []byte(strings.TrimSuffix(string(b), "}") + `,"cnf":` + cnf + "}")
	}
	for cnf, want := range map[string]Confirmation{
		`{"jkt":"` + keyThumbprint + `"}`:       {KeyThumbprint: keyThumbprint},
		`{"x5t#S256":"` + certThumbprint + `"}`: {CertThumbprint: certThumbprint},
	} {
		if c, err := parseClaims(payload(cnf)); err != nil || !reflect.DeepEqual(c.Confirmation, &want) {
			t.Errorf("%s: %+v, %v", cnf, c.Confirmation, err)
		}
	}
	for _, cnf := range []string{`null`, `"x"`, `[]`, `{}`, `{"jkt":""}`, `{"jkt":null}`, `{"jkt":7}`, `{"jkt":"` + keyThumbprint + `="}`,
		`{"jkt":"` + keyThumbprint[:42] + `"}`, `{"jkt":"` + keyThumbprint[:42] + `J"}`, `{"jkt":"` + keyThumbprint[:42] + `\n"}`, `{"x5t#S256":"` + certThumbprint + certThumbprint + `"}`,
		`{"jwk":{"kty":"EC"}}`, `{"jkt":"` + keyThumbprint + `","kid":"a"}`, `{"jkt":"` + keyThumbprint + `","x5t#S256":"` + certThumbprint + `"}`, `{"JKT":"` + keyThumbprint + `"}`} {
		_, err := parseClaims(payload(cnf))
		wantCode(t, err, domain.Unauthenticated, CodeConstrained)
	}
}

// Who does not say that the key does not matter never gets a bound token's claims.
func TestBoundTokenIsNoBearerToken(t *testing.T) {
	m, keys := testMinter(t)
	for _, cnf := range []Confirmation{{KeyThumbprint: keyThumbprint}, {CertThumbprint: certThumbprint}} {
		c := fullClaims()
		c.Confirmation = &cnf
		_, err := Parse(mustMint(t, m, c), keys, expectation())
		wantCode(t, err, domain.Unauthenticated, CodeConstrained)
	}
}
