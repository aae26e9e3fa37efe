package jwks

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"strings"
	"testing"

	"authsec/sdk/go/jws"
)

// The key sets of RFC 7517 Appendix A, letter by letter.
const (
	rfc7517EC = `"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"enc","kid":"1"`
	rfc7517N  = `0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368` +
		`QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw`
	rfc7517RSA     = `"kty":"RSA","n":"` + rfc7517N + `","e":"AQAB","alg":"RS256","kid":"2011-04-29"`
	rfc7517Public  = `{"keys":[{` + rfc7517EC + `},{` + rfc7517RSA + `}]}`
	rfc7517Private = `{"keys":[{` + rfc7517EC + `,"d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"},{` + rfc7517RSA +
		`,"d":"X4cTteJY_gn4FYPsXB8rdXix5vwsg1FLN5E3EaG6RJoVH-HLLKD9M7dx5oo7GURknchnrRweUkC7hT5fJLM0WbFAKNLWY2vv7B6NqXSzUvxT0_YSfqijwp3RTzlBaCxWp4doFk5N2o8Gy_nHNKroADIkJ46pRUohsXywbReAdYaMwFs9tv8d_cPVY3i07a3t8MN6TNwm0dSawm9v47UiCl3Sk5ZiG7xojPLu4sbg1U2jx4IBTNBznbJSzFHK66jT8bgkuqsk0GjskDJk19Z4qwjwbsnn4j2WBii3RL-Us2lGVkY8fkFzme1z0HbIkfz0Y6mqnOYtqc0X4jfcKoAC8Q"` +
		`,"p":"83i-7IvMGXoMXCskv73TKr8637FiO7Z27zv8oj6pbWUQyLPQBQxtPVnwD20R-60eTDmD2ujnMt5PoqMrm8RfmNhVWDtjjMmCMjOpSXicFHj7XOuVIYQyqVWlWEh6dN36GVZYk93N8Bc9vY41xy8B9RzzOGVQzXvNEvn7O0nVbfs"` +
		`,"q":"3dfOR9cuYq-0S-mkFLzgItgMEfFzB2q3hWehMuG0oCuqnb3vobLyumqjVZQO1dIrdwgTnCdpYzBcOfW5r370AFXjiWft_NGEiovonizhKpo9VVS78TzFgxkIdrecRezsZ-1kYd_s1qDbxtkDEgfAITAG9LUnADun4vIcb6yelxk"` +
		`,"dp":"G4sPXkc6Ya9y8oJW9_ILj4xuppu0lzi_H7VTkS8xj5SdX3coE0oimYwxIi2emTAue0UOa5dpgFGyBJ4c8tQ2VF402XRugKDTP8akYhFo5tAA77Qe_NmtuYZc3C3m3I24G2GvR5sSDxUyAN2zq8Lfn9EUms6rY3Ob8YeiKkTiBj0"` +
		`,"dq":"s9lAH9fggBsoFR8Oac2R_E2gw282rT2kGOAhvIllETE1efrA6huUUvMfBcMpn8lqeW6vzznYY5SSQF7pMdC_agI3nG8Ibp1BUb0JUiraRNqUfLhcQb_d9GF4Dh7e74WbRsobRonujTYN1xCaP6TO61jvWrX-L18txXw494Q_cgk"` +
		`,"qi":"GyM_p6JrXySiz1toFgKbWV-JdI3jQ4ypu9rbMWx3rQJBfmt0FoYzgUIZEVFEcOqwemRN81zoDAaa-Bk0KWNGDjJHZDdDmFhW3AN7lI-puxk_mHZGJ11rxyR8O55XLSe3SPmRfKwZI6yU24ZxvQKFYItdldUKGzO6Ia6zTKhAVRU"}]}`
	rfc7517Symmetric = `{"keys":[{"kty":"oct","alg":"A128KW","k":"GawgguFyGrWKav7AX4VKUg"},` +
		`{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow","kid":"HMAC key used in JWS spec Appendix A.1 example"}]}`
)

// Of the published keys, the one that is not for encryption verifies, and only by
// its own algorithm.
func TestRFC7517_A_1_PublicKeys(t *testing.T) {
	set, err := Parse([]byte(rfc7517Public), Policy{Algorithms: jws.Algorithms()})
	if err != nil || set.Len() != 1 {
		t.Fatalf("got %v, %v", set, err)
	}
	key, err := set.Key(t.Context(), "2011-04-29", jws.RS256)
	if public, ok := key.(*rsa.PublicKey); err != nil || !ok || public.N.BitLen() != 2048 || public.E != 65537 {
		t.Errorf("got %v, %v", key, err)
	}
	for id, algorithm := range map[string]string{"1": jws.ES256, "2011-04-29": jws.RS512, "2011-04-30": jws.RS256, "": jws.RS256} {
		if key, err := set.Key(t.Context(), id, algorithm); err == nil {
			t.Errorf("%s, %s: got %v", id, algorithm, key)
		}
	}
	// The other is a key as well: without its use it verifies.
	set, err = Parse([]byte(strings.Replace(rfc7517Public, `"use":"enc",`, "", 1)), Policy{Algorithms: jws.Algorithms()})
	if err != nil {
		t.Fatal(err)
	}
	key, err = set.Key(t.Context(), "1", jws.ES256)
	if _, ok := key.(*ecdsa.PublicKey); err != nil || !ok {
		t.Errorf("got %v, %v", key, err)
	}
}

// Neither a published private key nor a secret ever verifies.
func TestRFC7517_A_2_A_3_PrivateAndSymmetricKeys(t *testing.T) {
	for name, document := range map[string]string{"A.2": rfc7517Private, "A.3": rfc7517Symmetric} {
		set, err := Parse([]byte(document), Policy{Algorithms: jws.Algorithms(), KeyIDOptional: true})
		if err != nil || set.Len() != 0 {
			t.Errorf("%s: got %v, %v", name, set, err)
		}
		if _, err := ParseAll([]byte(document), Policy{Algorithms: jws.Algorithms(), KeyIDOptional: true}); err == nil {
			t.Errorf("%s: they are taken for keys to verify with", name)
		}
	}
}
