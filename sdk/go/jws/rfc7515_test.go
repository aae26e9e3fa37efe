package jws

import (
	"crypto"
	"errors"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// The examples of RFC 7515 Appendix A and their keys, letter by letter.
const (
	rfc7515Payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
	rfc7515HS256   = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + rfc7515Payload + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	rfc7515RS256   = "eyJhbGciOiJSUzI1NiJ9." + rfc7515Payload +
		".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK" +
		"5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
	rfc7515RSAKey = `{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-` +
		`bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}`
	rfc7515ES256   = "eyJhbGciOiJFUzI1NiJ9." + rfc7515Payload + ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
	rfc7515P256Key = `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`
	rfc7515ES512   = "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn"
	rfc7515P521Key = `{"kty":"EC","crv":"P-521","x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk","y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"}`
	rfc7515None    = "eyJhbGciOiJub25lIn0." + rfc7515Payload + "."
	rfc7515JSON    = `{"payload":"` + rfc7515Payload + `","signatures":[{"protected":"eyJhbGciOiJFUzI1NiJ9","header":{"kid":"e9bc097a-ce51-4036-9562-d2ade882db0d"},` +
		`"signature":"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"}]}`
)

func publicKey(t *testing.T, jwk string) crypto.PublicKey {
	t.Helper()
	var key jose.JSONWebKey
	if err := key.UnmarshalJSON([]byte(jwk)); err != nil {
		t.Fatal(err)
	}
	return key.Key
}

func TestRFC7515_A_Examples(t *testing.T) {
	for _, c := range []struct{ section, token, key string }{
		{"A.2", rfc7515RS256, rfc7515RSAKey},
		{"A.3", rfc7515ES256, rfc7515P256Key},
	} {
		token, err := Parse(c.token, Algorithms()...)
		if err != nil {
			t.Fatalf("%s: %v", c.section, err)
		}
		claims, err := token.Verify(publicKey(t, c.key))
		if err != nil {
			t.Fatalf("%s: %v", c.section, err)
		}
		exp, ok := claims.Seconds("exp")
		if iss, _ := claims.Text("iss"); iss != "joe" || !ok || exp != 1300819380 || claims["http://example.com/is_root"] != true {
			t.Errorf("%s: got %v", c.section, claims)
		}
	}
}

// The signature of A.4 holds; its payload is no JSON object, as that of a token must be.
func TestRFC7515_A_4_APayloadThatIsNoJSON(t *testing.T) {
	token, err := Parse(rfc7515ES512, ES512)
	if err != nil {
		t.Fatal(err)
	}
	_, err = token.Verify(publicKey(t, rfc7515P521Key))
	var refused *Error
	if !errors.As(err, &refused) || refused.Reason != Malformed || !strings.HasPrefix(refused.Detail, "payload") {
		t.Errorf("got %v", err)
	}
}

func TestRFC7515_A_ExamplesThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		section, token string
		reason         Reason
	}{
		{"A.1, HS256 (RFC 8725 §3.1)", rfc7515HS256, Algorithm},
		{"A.5, none (RFC 8725 §3.2)", rfc7515None, Algorithm},
		{"A.6, the JSON serialization", rfc7515JSON, Malformed},
		{"A.2 under another algorithm", rfc7515RS256, Algorithm},
	} {
		algorithms := Algorithms()
		if strings.HasPrefix(c.section, "A.2") {
			algorithms = []string{ES256}
		}
		_, err := Parse(c.token, algorithms...)
		var refused *Error
		if !errors.As(err, &refused) || refused.Reason != c.reason {
			t.Errorf("%s: got %v", c.section, err)
		}
	}
	token, err := Parse(rfc7515ES256, ES256)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{rfc7515RSAKey, rfc7515P521Key} {
		if _, err := token.Verify(publicKey(t, key)); err == nil {
			t.Errorf("A.3 by the key %s", key)
		}
	}
}
