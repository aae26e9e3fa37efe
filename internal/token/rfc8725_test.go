package token

import (
	"strings"
	"testing"

	"authsec/internal/domain"
)

// Each recommendation of RFC 8725 (JSON Web Token Best Current Practices) is
// held by shared vectors, which both SDKs' verifiers decide in the same way.
// §3.4 (key agreement) and §3.6 (compression before encryption) have no place here.
func TestRFC8725(t *testing.T) {
	var file vectorFile
	vectors(t, "tokens.json", &file)
	keys := publishedVectors(t)
	for _, section := range []struct {
		name   string
		begin  []string // of the vectors' names
		reason string   // "" : any
	}{
		{"§3.1 only the algorithms that are supported", []string{"alg_"}, ""},
		{"§3.1 a key is used with one algorithm", []string{"kid_of_other_algorithm", "alg_es256_kid_of_rsa", "alg_ps256_right_key"}, ""},
		{"§3.2 none is never accepted", []string{"alg_none_"}, CodeAlgorithm},
		{"§3.3 every cryptographic operation is validated", []string{"signature_"}, CodeSignature},
		{"§3.3 a nested token is no payload", []string{"json_payload_token", "header_cty_jwt"}, ""},
		{"§3.5 keys are strong enough", []string{"kid_of_weak"}, CodeUnknownKey},
		{"§3.7 UTF-8 alone", []string{"json_header_invalid_utf8", "json_payload_invalid_utf8", "json_payload_utf16", "json_payload_bom"}, CodeMalformed},
		{"§3.8 the issuer is the expected one", []string{"iss_wrong_", "iss_missing", "iss_type_"}, CodeIssuer},
		{"§3.8 the key is the issuer's", []string{"kid_of_unpublished", "kid_stolen"}, ""},
		{"§3.8 the subject is there", []string{"sub_missing", "sub_wrong_"}, CodeClaims},
		{"§3.9 the audience is the expected one", []string{"aud_wrong_", "aud_missing", "aud_other_several"}, CodeAudience},
		{"§3.10 received claims are not trusted: kid", []string{"kid_wrong_"}, CodeUnknownKey},
		{"§3.10 received claims are not trusted: jku, x5u, jwk, x5c", []string{"header_jku", "header_x5u", "header_jwk_", "header_x5c"}, CodeHeader},
		{"§3.11 typ is explicit", []string{"typ_missing", "typ_wrong_"}, CodeType},
		{"§3.12 kinds of tokens exclude each other", []string{"act_missing", "typ_wrong_"}, ""},
	} {
		t.Run(section.name, func(t *testing.T) {
			for _, prefix := range section.begin {
				decided := 0
				for _, v := range file.Cases {
					if !strings.HasPrefix(v.Name, prefix) || v.Valid {
						continue
					}
					decided++
					reason := section.reason
					if reason == "" {
						reason = v.Error
					}
					_, err := Parse(v.Token, keys, file.expectation())
					wantCode(t, err, domain.Unauthenticated, reason)
				}
				if decided == 0 {
					t.Errorf("no vector is named %s…", prefix)
				}
			}
		})
	}
}
