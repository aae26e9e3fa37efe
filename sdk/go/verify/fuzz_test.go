package verify

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"authsec/sdk/go/jws"
)

// FuzzVerify holds every token that is no vector to being refused: nobody but
// the issuer can make a valid one, and a valid one has a single spelling.
func FuzzVerify(f *testing.F) {
	v := loadVectors(f)
	verifier := v.verifier(f)
	valid := map[string]bool{}
	for _, c := range v.Cases {
		f.Add(c.Token)
		valid[c.Token] = c.Valid
	}
	f.Fuzz(func(t *testing.T, token string) {
		claims, err := verifier.Verify(t.Context(), token)
		if (err == nil) != (claims != nil) {
			t.Fatalf("claims %v beside error %v", claims, err)
		}
		if err == nil != valid[token] {
			t.Fatalf("got error %v for a token that is valid: %t", err, valid[token])
		}
		if err != nil && Code(err) == "" {
			t.Fatalf("an error without a code: %v", err)
		}
	})
}

// FuzzParseHeader looks for a header that passes and must not.
func FuzzParseHeader(f *testing.F) {
	for _, header := range []string{
		`{"alg":"RS256","typ":"at+jwt","kid":"k"}`,
		`{"alg":"RS256","typ":"application/at+jwt","kid":"k","x":[1,{"a":"\u0062"}]}`,
		`{"alg":"none","typ":"at+jwt","kid":"k"}`,
		`{"alg":"RS256","alg":"none","typ":"at+jwt","kid":"k"}`,
		`{"alg":"RS256","typ":"at+jwt","kid":"k","crit":["b64"],"b64":false}`,
	} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		_, keyID, err := parseHeader(base64.RawURLEncoding.EncodeToString([]byte(header)) + ".e30.AA")
		if (err == nil) != (keyID != "") {
			t.Fatalf("key ID %q beside error %v", keyID, err)
		}
		if err != nil {
			return
		}
		o, err := jws.ParseObject([]byte(header))
		if err != nil || o["alg"] != "RS256" || o["kid"] != keyID {
			t.Fatalf("passed: %q", header)
		}
		for _, name := range []string{"crit", "b64", "jwk", "jku", "x5c", "x5u", "cty"} {
			if o.Has(name) {
				t.Fatalf("passed with %s: %q", name, header)
			}
		}
	})
}

// FuzzParseClaims looks for a signed payload that breaks the reader: the issuer
// is trusted with authority, not with our memory.
func FuzzParseClaims(f *testing.F) {
	for _, c := range loadVectors(f).Cases {
		if parts := strings.Split(c.Token, "."); len(parts) == 3 {
			if payload, err := base64.RawURLEncoding.DecodeString(parts[1]); err == nil {
				f.Add(payload)
			}
		}
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		o, err := jws.ParseObject(payload)
		if err != nil {
			return
		}
		claims, err := parseClaims(o)
		if (err == nil) != (claims != nil) {
			t.Fatalf("claims %v beside error %v", claims, err)
		}
		if err == nil && (claims.Subject == "" || claims.Actor.Subject == "" || claims.ExpiresAt.IsZero() || len(claims.Issuer) == 0) {
			t.Fatalf("accepted without what is required: %+v", claims)
		}
	})
}

// FuzzAuthorizationHeader holds the header's reader to what RFC 6750 §2.1 and RFC
// 9449 §7.1 allow, and its answers to being well-formed.
func FuzzAuthorizationHeader(f *testing.F) {
	v := loadVectors(f)
	verifiers := []*Verifier{v.verifier(f), v.verifier(f, WithDPoP(DPoP{}))}
	for _, header := range []string{"", "Bearer", "Bearer x", "bearer  a.b.c==", "Basic YTpi", "Bearer a, Bearer b", "Bearer =", "Bearer\tx", "DPoP x", "dpop  a="} {
		f.Add(header, true)
		f.Add(header, false)
	}
	f.Fuzz(func(t *testing.T, header string, dpop bool) {
		verifier := verifiers[0]
		if dpop {
			verifier = verifiers[1]
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Authorization"] = []string{header}
		got, err := verifier.credential(r)
		if (got == credential{}) != (err != nil) {
			t.Fatalf("got %+v beside %v", got, err)
		}
		if err == nil {
			known := got.scheme == schemeBearer || dpop && got.scheme == schemeDPoP
			if !known || !strings.EqualFold(header[:len(got.scheme)+1], got.scheme+" ") || !strings.HasSuffix(header, got.token) || strings.ContainsAny(got.token, " ,\"\r\n\t") {
				t.Fatalf("took %+v from %q", got, header)
			}
			return
		}
		w := httptest.NewRecorder()
		verifier.Refuse(w, r, err)
		if w.Code != 400 && w.Code != 401 {
			t.Fatalf("got status %d", w.Code)
		}
	})
}
