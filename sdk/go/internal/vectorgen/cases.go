package main

import "fmt"

// Reasons to refuse, as testdata/vectors/README.md explains them.
const (
	malformed   = "malformed"
	algorithm   = "algorithm"
	typ         = "type"
	header      = "header"
	unknownKey  = "unknown_key"
	signature   = "signature"
	wrongIssuer = "issuer"
	wrongAud    = "audience"
	expired     = "expired"
	notYetValid = "not_yet_valid"
	claims      = "claims"
	constrained = "constrained"
)

// cases returns all vectors. Each hostile one has a single fault, so that the
// order in which a verifier looks does not matter.
func (m minter) cases() []vector {
	var all []vector
	for _, group := range [][]vector{
		m.validCases(), m.algorithmCases(), m.typeCases(), m.keyCases(), m.parameterCases(),
		m.formCases(), m.jsonCases(), m.signatureCases(),
		m.issuerCases(), m.audienceCases(), m.timeCases(), m.requiredCases(), m.actorCases(), m.scopeCases(), m.otherCases(),
	} {
		all = append(all, group...)
	}
	return all
}

func accept(name, source, description string, d draft) vector {
	return vector{Name: name, Description: description, Source: source, Token: d.token(), Valid: true, Claims: d.expected()}
}

func refuse(code, name, source, description string, d draft) vector {
	return refuseText(code, name, source, description, d.token())
}

func refuseText(code, name, source, description, token string) vector {
	return vector{Name: name, Description: description, Source: source, Token: token, Error: code}
}

func (m minter) validCases() []vector {
	b := m.base()
	full := b.claim("scope", `"billing:read billing:refund"`).
		claim("permissions", `["billing:read","billing:refund"]`).
		claim("spiffe_id", quote("spiffe://authsec.local/agent/"+agent)).
		claim("agent_type", `"langchain"`).claim("user_id", `"user-7"`).claim("email", `"ada@example.com"`).
		claim("delegation_id", `"delegation-3"`).claim("role", `"support"`).claim("attestation", `"k8s"`)
	return []vector{
		accept("valid_minimal", "RFC 9068 §2.2", "Only the claims that are required, and a scope.", b),
		accept("valid_full", "RFC 9068 §2.2", "Every claim of an ordinary AuthSec token.", full),
		accept("valid_second_key", "RFC 7517 §4.5", "Signed by the second published key.", b.head("kid", `"vector-b"`).by(m.rs256("vector-b"))),
		accept("valid_status", "draft-ietf-oauth-status-list §6.1", "A status reference alone changes nothing for a verifier that does not check it.",
			b.claim("status", `{"status_list":{"idx":4,"uri":"https://authsec.example.com/oauth2/status-lists/1"}}`)),
		accept("valid_unknown_claim", "RFC 7519 §4.3", "Claims that are not understood are ignored.", b.claim("x_note", `{"a":[1,2.5,null,true]}`)),
		accept("valid_unknown_header_parameter", "RFC 7515 §4", "Header parameters that are not understood are ignored, without crit.", b.head("x-note", `"hello"`)),
		accept("valid_other_case_claims", "RFC 7519 §10.1.1", "Claim names are case-sensitive: EXP, Scope and ISS are other claims.",
			b.claim("EXP", "1").claim("Scope", `"billing:refund"`).claim("ISS", `"https://other.example.com"`).claim("Cnf", "{}")),
		accept("valid_other_case_header_parameters", "RFC 7515 §4", "Header parameter names are case-sensitive: ALG and Crit are other parameters.",
			b.head("ALG", `"none"`).head("Crit", `["x"]`)),
		accept("valid_json_whitespace", "RFC 8259 §2", "White space between the members of the payload.",
			b.payloadText("\n {\t"+object(b.payload)[1:]+"\r\n ")),
		accept("valid_escaped_name", "RFC 8259 §7", "An escape in a member's name: jti is still jti.",
			b.dropClaim("jti").claimAgain(`\u006ati`, `"token-1"`)),
	}
}

func (m minter) algorithmCases() []vector {
	const source = "RFC 8725 §3.1, §3.2"
	b := m.base()
	none := constant(nil)
	some := constant([]byte("signature"))
	cases := []vector{
		refuse(algorithm, "alg_none_unsigned", source, "alg none and an empty signature.", b.head("alg", `"none"`).by(none)),
		refuse(algorithm, "alg_none_signature_part", source, "alg none and some signature.", b.head("alg", `"none"`).by(some)),
		refuse(algorithm, "alg_none_rs256_signature", source, "alg none and a right RS256 signature.", b.head("alg", `"none"`)),
		refuse(algorithm, "alg_none_title_case", source, "alg None.", b.head("alg", `"None"`).by(none)),
		refuse(algorithm, "alg_none_upper_case", source, "alg NONE.", b.head("alg", `"NONE"`).by(none)),
		refuse(algorithm, "alg_none_mixed_case", source, "alg nOnE.", b.head("alg", `"nOnE"`).by(none)),
		refuse(algorithm, "alg_missing", "RFC 7515 §4.1.1", "No alg.", b.dropHead("alg")),
		refuse(algorithm, "alg_empty", "RFC 7515 §4.1.1", "alg is empty.", b.head("alg", `""`)),
		refuse(algorithm, "alg_null", "RFC 7515 §4.1.1", "alg is null.", b.head("alg", "null")),
		refuse(algorithm, "alg_array", "RFC 7515 §4.1.1", "alg is an array.", b.head("alg", `["RS256"]`)),
		refuse(algorithm, "alg_lower_case", "RFC 7515 §4.1.1", "alg rs256: names are case-sensitive.", b.head("alg", `"rs256"`)),
		refuse(algorithm, "alg_ps256_right_key", source, "PS256 by a published key.", b.head("alg", `"PS256"`).by(m.ps256("vector-a"))),
		refuse(algorithm, "alg_ps256_key_for_it", source, "PS256 by a published PS256 key.", b.head("alg", `"PS256"`).head("kid", `"vector-ps256"`).by(m.ps256("vector-ps256"))),
		refuse(algorithm, "alg_es256_key_for_it", source, "ES256 by a published ES256 key.", b.head("alg", `"ES256"`).head("kid", `"vector-ec"`).by(m.es256("vector-ec"))),
		refuse(algorithm, "alg_es256_kid_of_rsa", source, "ES256 with the kid of an RSA key.", b.head("alg", `"ES256"`).by(m.es256("vector-ec"))),
		refuse(algorithm, "alg_rs384", source, "RS384 by a published key.", b.head("alg", `"RS384"`).by(m.rs("vector-a", sha384))),
		refuse(algorithm, "alg_rs512", source, "RS512 by a published key.", b.head("alg", `"RS512"`).by(m.rs("vector-a", sha512))),
		refuse(algorithm, "alg_rs512_kid_of_unpublished", source, "RS512 by a key that is not published.", b.head("alg", `"RS512"`).by(m.rs(unpublished, sha512))),
	}
	for name, secret := range m.publicSecrets() {
		cases = append(cases, refuse(algorithm, "alg_hs256_"+name, source,
			"HS256 with the public key as the secret, in the form the name says.", b.head("alg", `"HS256"`).by(hs256(secret))))
	}
	sortByName(cases)
	return append(cases,
		refuse(signature, "alg_rs256_over_sha512", source, "alg says RS256, the signature is RS512's.", b.by(m.rs("vector-a", sha512))),
		refuse(signature, "alg_rs256_over_pss", source, "alg says RS256, the signature is PS256's.", b.by(m.ps256("vector-a"))),
		refuse(signature, "alg_rs256_over_hmac", source, "alg says RS256, the signature is HS256's with the public key as the secret.", b.by(hs256(m.publicSecrets()["pem"]))),
	)
}

func (m minter) typeCases() []vector {
	const source = "RFC 9068 §4, RFC 8725 §3.11"
	b := m.base()
	cases := []vector{
		accept("valid_typ_upper_case", "RFC 9068 §4, RFC 7515 §4.1.9", "typ is compared without regard to case.", b.head("typ", `"AT+JWT"`)),
		accept("valid_typ_mixed_case", "RFC 9068 §4, RFC 7515 §4.1.9", "typ is compared without regard to case.", b.head("typ", `"at+JWT"`)),
		accept("valid_typ_application", "RFC 9068 §4", "The full media type.", b.head("typ", `"application/at+jwt"`)),
		accept("valid_typ_application_upper_case", "RFC 9068 §4", "The full media type, in capitals.", b.head("typ", `"APPLICATION/AT+JWT"`)),
		refuse(typ, "typ_missing", source, "No typ.", b.dropHead("typ")),
	}
	for i, value := range []string{
		`"JWT"`, `""`, `null`, `["at+jwt"]`, `"at+jwt "`, `"jwt+at"`, `"application/jwt"`, `"text/at+jwt"`,
		`"at+jwt; charset=utf-8"`, `"logout+jwt"`, `"dpop+jwt"`, `"statuslist+jwt"`,
	} {
		cases = append(cases, refuse(typ, fmt.Sprintf("typ_wrong_%02d", i+1), source, "typ is "+value+".", b.head("typ", value)))
	}
	return cases
}
