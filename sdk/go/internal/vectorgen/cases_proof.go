package main

import (
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"strings"
)

const (
	noProof   = "RFC 9449 §4.3"
	htuSource = "RFC 9449 §4.3 no. 9, RFC 3986 §6.2"
)

func (m minter) proofCases() []proofVector {
	var all []proofVector
	for _, group := range [][]proofVector{
		rfc9449Cases(), m.goodProofCases(), m.proofFormCases(), m.proofKeyCases(), m.proofClaimCases(), m.targetCases(),
	} {
		all = append(all, group...)
	}
	return all
}

func (m minter) goodProof(name, source, description, key string, d draft) proofVector {
	v := badText("", name, source, description, d.token())
	v.Valid, v.Result = true, d.result(m.thumbprint(key))
	return v
}

func badProof(code, name, source, description string, d draft) proofVector {
	return badText(code, name, source, description, d.token())
}

// badText is for the request that most proofs are for, which carries no token.
func badText(code, name, source, description, proof string) proofVector {
	return proofVector{Name: name, Description: description, Source: source, Method: proofMethod, URL: proofURL, Proof: proof, Error: code}
}

// rfc9449Cases are the RFC's own examples, letter by letter.
func rfc9449Cases() []proofVector {
	const (
		jkt  = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" // §6.1
		head = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdC" +
			"RnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19"
		token = head + ".eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ" +
			".2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
		resource = head + ".eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2" +
			"MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9" +
			".2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
	)
	example := func(name, source, description, method, url, proof string, at int64) proofVector {
		v := badText("", name, source, description, proof)
		v.Method, v.URL, v.Now, v.Valid = method, url, at, true
		return v
	}
	const server = "https://server.example.com/token"
	asked := example("rfc9449_token_request", "RFC 9449 §4.1, §4.2", "The RFC's proof for a token request.", "POST", server, token, 1562262616)
	asked.Result = &proofResult{jkt, "-BwC3ESc6acc2lTc", "", 1562262616, "ES256"}
	used := example("rfc9449_resource_request", "RFC 9449 §7.1", "The RFC's proof for a request with an access token.",
		"GET", "https://resource.example.org/protectedresource", resource, 1562262618)
	used.AccessToken, used.Result = opaque, &proofResult{jkt, "e1j3V_bKic8-LAEB", "", 1562262618, "ES256"}
	late := example("rfc9449_token_request_later", "RFC 9449 §4.1, §4.3 no. 11", "The first, 31 seconds later.", "POST", server, token, 1562262616+leeway+1)
	late.Valid, late.Error = false, badTime
	return []proofVector{asked, used, late}
}

func (m minter) goodProofCases() []proofVector {
	b := m.proofBase()
	by := func(algorithm, key string, s signer) draft {
		return b.head("alg", quote(algorithm)).head("jwk", m.jwk(key)).by(s)
	}
	const algorithms = "RFC 9449 §4.2, RFC 7518 §3.1, RFC 8037 §3.1"
	cases := []proofVector{
		m.goodProof("valid_minimal", "RFC 9449 §4.2", "Only what must be in a proof.", keyES256, b),
		m.goodProof("valid_nonce", "RFC 9449 §8", "With a nonce, which the receiver judges.", keyES256, b.claim("nonce", `"eyJ7S_zG.eyJH0-Z.HX4w-7v"`)),
		m.goodProof("valid_es384", algorithms, "ES384.", "dpop-es384", by("ES384", "dpop-es384", m.es("dpop-es384", sha384, 48))),
		m.goodProof("valid_es512", algorithms, "ES512.", "dpop-es512", by("ES512", "dpop-es512", m.es("dpop-es512", sha512, 66))),
		m.goodProof("valid_eddsa", algorithms, "EdDSA with Ed25519.", "dpop-ed25519", by("EdDSA", "dpop-ed25519", m.ed25519("dpop-ed25519"))),
		m.goodProof("valid_rs256", algorithms, "RS256.", "dpop-rsa", by("RS256", "dpop-rsa", m.rs256("dpop-rsa"))),
		m.goodProof("valid_ps256", algorithms, "PS256.", "dpop-rsa", by("PS256", "dpop-rsa", m.ps256("dpop-rsa"))),
		m.goodProof("valid_typ_other_case", "RFC 7515 §4.1.9", "typ is a media type: compared without regard to case.", keyES256, b.head("typ", `"DPoP+JWT"`)),
		m.goodProof("valid_typ_application", "RFC 7515 §4.1.9", "The full media type.", keyES256, b.head("typ", `"application/dpop+jwt"`)),
		m.goodProof("valid_unknown_claim", "RFC 7519 §4.3", "Claims that are not understood are ignored.", keyES256, b.claim("x_note", `[1]`)),
		m.goodProof("valid_unknown_header_parameter", "RFC 7515 §4", "Header parameters that are not understood are ignored, without crit.", keyES256, b.head("x-note", `"hello"`)),
		m.goodProof("valid_jwk_more_members", "RFC 7517 §4", "jwk says more about the key: it decides nothing.", keyES256,
			b.head("jwk", strings.TrimSuffix(m.jwk(keyES256), "}")+`,"kid":"mine","use":"sig","alg":"ES256","x-note":1}`)),
		m.goodProof("valid_jti_longest", "AuthSec: at most 256 bytes", "A jti of 256 bytes.", keyES256, b.claim("jti", quote(strings.Repeat("j", 256)))),
		m.goodProof("valid_ath_unasked", "RFC 9449 §4.2", "An ath where the request carries no token is not looked at.", keyES256, b.claim("ath", `"x"`)),
		m.goodProof("valid_iat_at_leeway_ago", "RFC 9449 §4.3 no. 11", "iat 30 seconds ago.", keyES256, b.claim("iat", fmt.Sprint(now-leeway))),
		m.goodProof("valid_iat_at_leeway_ahead", "RFC 9449 §4.3 no. 11, §11.1", "iat 30 seconds ahead.", keyES256, b.claim("iat", fmt.Sprint(now+leeway))),
	}
	ath := m.goodProof("valid_ath", "RFC 9449 §4.2, §4.3 no. 12", "With the hash of the access token.", keyES256, m.proofFor(opaque))
	ath.AccessToken = opaque
	cases = append(cases, ath)
	for name, d := range map[string]draft{
		"ath_missing": b, "ath_of_other_token": m.proofFor(opaque + "x"), "ath_empty": b.claim("ath", `""`), "ath_padded": b.claim("ath", quote(athOf(opaque)+"=")),
		"ath_null": b.claim("ath", "null"), "ath_is_the_token": b.claim("ath", quote(opaque)),
	} {
		c := badProof(badToken, name, "RFC 9449 §4.3 no. 12", "ath is not the hash of the request's access token: "+name+".", d)
		c.AccessToken = opaque
		cases = append(cases, c)
	}
	sortProofs(cases[len(cases)-6:])
	return cases
}

func (m minter) proofFormCases() []proofVector {
	b := m.proofBase()
	head, payload, mac := b.parts()
	text := func(name, source, description, proof string) proofVector {
		return badText(malformed, name, source, description, proof)
	}
	long := b.claim("x_long", quote(strings.Repeat("x", 6200)))
	cases := []proofVector{
		text("form_empty", "RFC 9449 §4.3 no. 2", "Nothing.", ""),
		text("form_two_parts", "RFC 9449 §4.3 no. 2", "Two parts.", head+"."+payload),
		text("form_five_parts", "RFC 7516 §3.1", "Five parts: an encrypted JWT.", head+"."+payload+"."+mac+"."+mac+"."+mac),
		text("form_json", "RFC 7515 §7.2", "The JSON serialisation.", fmt.Sprintf(`{"protected":"%s","payload":"%s","signature":"%s"}`, head, payload, mac)),
		text("form_padding", "RFC 7515 §2", "Padding.", head+"."+payload+"."+mac+"=="),
		text("form_line_break", "RFC 7515 §2", "A line break at the end.", head+"."+payload+"."+mac+"\n"),
		text("form_two_proofs", "RFC 9449 §4.3 no. 1", "Two proofs in one header.", head+"."+payload+"."+mac+", "+head+"."+payload+"."+mac),
		text("form_too_long", "AuthSec: at most 8192 bytes", "More than 8192 bytes.", long.token()),
		badProof(malformed, "json_header_twice", "RFC 7515 §4", "A header parameter twice.", b.headAgain("typ", `"dpop+jwt"`)),
		badProof(malformed, "json_claim_twice", "RFC 7519 §4", "A claim twice.", b.claimAgain("htm", `"POST"`)),
		badProof(malformed, "json_claim_twice_escaped", "RFC 7519 §4, RFC 8259 §7", "A claim twice, once escaped.", b.claimAgain(`\u0068tm`, `"POST"`)),
		badProof(malformed, "json_jwk_member_twice", "RFC 7517 §4", "A member of jwk twice.",
			b.head("jwk", strings.TrimSuffix(m.jwk(keyES256), "}")+`,"kty":"EC"}`)),
		badProof(malformed, "json_payload_array", "RFC 7519 §7.2", "The payload is no object.", b.payloadText(`[]`)),
		badProof(typ, "typ_missing", noProof+" no. 4", "No typ.", b.dropHead("typ")),
	}
	for i, value := range []string{`"JWT"`, `"at+jwt"`, `"dpop"`, `"dpop+jwt "`, `""`, `null`, `["dpop+jwt"]`} {
		cases = append(cases, badProof(typ, fmt.Sprintf("typ_wrong_%02d", i+1), noProof+" no. 4", "typ is "+value+".", b.head("typ", value)))
	}
	for name, value := range map[string]string{
		"crit": `["x"]`, "b64": `false`, "cty": `"JWT"`, "jku": `"https://billing.example.com/keys"`, "x5c": `["MA"]`, "x5u": `"https://billing.example.com/cert"`,
	} {
		cases = append(cases, badProof(header, "header_"+name, "RFC 7515 §4.1, RFC 8725 §3.10", "The header has "+name+".", b.head(name, value)))
	}
	sortProofs(cases[len(cases)-6:])
	secret := []byte(m.jwk(keyES256))
	return append(cases,
		badProof(algorithm, "alg_missing", noProof+" no. 5", "No alg.", b.dropHead("alg")),
		badProof(algorithm, "alg_none", noProof+" no. 5", "alg none and no signature.", b.head("alg", `"none"`).by(constant(nil))),
		badProof(algorithm, "alg_hs256_jwk", noProof+" no. 5", "HS256 with jwk as the secret.", b.head("alg", `"HS256"`).by(hs256(secret))),
		badProof(algorithm, "alg_hs256_oct", noProof+" no. 5", "HS256 with a secret in jwk.",
			b.head("alg", `"HS256"`).head("jwk", `{"kty":"oct","k":"c2VjcmV0"}`).by(hs256([]byte("secret")))),
		badProof(algorithm, "alg_other_case", "RFC 7515 §4.1.1", "alg is case-sensitive.", b.head("alg", `"es256"`)),
		badProof(algorithm, "alg_es256k", noProof+" no. 5", "An algorithm that is not accepted.", b.head("alg", `"ES256K"`)),
		badProof(signature, "signature_of_other_key", noProof+" no. 6", "Signed by another key than jwk.", b.by(m.es256(keyES256Other))),
		badProof(signature, "signature_empty", noProof+" no. 6", "No signature.", b.by(constant(nil))),
		badProof(signature, "signature_zero", noProof+" no. 6, CVE-2022-21449", "r and s are zero.", b.by(constant(make([]byte, 64)))),
		badProof(signature, "signature_pss_salt", "RFC 7518 §3.5", "PS256 with a salt of 20 bytes.", b.head("alg", `"PS256"`).head("jwk", m.jwk("dpop-rsa")).by(m.pss("dpop-rsa", 20))),
		badProof(signature, "signature_der", "RFC 7518 §3.4", "The signature in ASN.1.", b.by(m.der(keyES256))),
		badText(signature, "signature_of_other_payload", noProof+" no. 6", "The signature of another proof.",
			head+"."+b64(object(b.claim("jti", `"proof-2"`).payload))+"."+mac),
	)
}

func (m minter) proofKeyCases() []proofVector {
	const source = "RFC 9449 §4.2, §4.3 no. 7"
	b := m.proofBase()
	ec := func(change func(member map[string]string)) string {
		members := map[string]string{}
		must(0, json.Unmarshal([]byte(m.jwk(keyES256)), &members))
		change(members)
		return string(must(json.Marshal(members)))
	}
	es384 := b.head("jwk", m.jwk("dpop-es384"))
	large := `{"kty":"RSA","e":"AQAB","n":"` + b64("\xff"+strings.Repeat("\xfe", 512)+"\xff") + `"}`
	rsaKey := m.keys["dpop-rsa"].(*rsa.PrivateKey)
	cases := []proofVector{
		badProof(header, "jwk_missing", source, "No jwk.", b.dropHead("jwk")),
		badProof(header, "jwk_text", source, "jwk is a string.", b.head("jwk", quote(m.jwk(keyES256)))),
		badProof(header, "jwk_null", source, "jwk is null.", b.head("jwk", "null")),
		badProof(badKey, "jwk_empty", source, "jwk is empty.", b.head("jwk", "{}")),
		badProof(badKey, "jwk_private", source, "jwk holds the private key.", b.head("jwk", ec(func(k map[string]string) { k["d"] = b64(strings.Repeat("d", 32)) }))),
		badProof(badKey, "jwk_private_rsa_part", source, "jwk holds a prime of an RSA key.",
			b.head("alg", `"RS256"`).head("jwk", strings.TrimSuffix(m.jwk("dpop-rsa"), "}")+`,"p":"`+b64(string(rsaKey.Primes[0].Bytes()))+`"}`).by(m.rs256("dpop-rsa"))),
		badProof(badKey, "jwk_secret", source, "jwk is a secret.", b.head("jwk", `{"kty":"oct","k":"c2VjcmV0"}`)),
		badProof(badKey, "jwk_unknown_type", source, "jwk is of an unknown type.", b.head("jwk", ec(func(k map[string]string) { k["kty"] = "ED" }))),
		badProof(badKey, "jwk_no_type", "RFC 7517 §4.1", "jwk has no kty.", b.head("jwk", ec(func(k map[string]string) { delete(k, "kty") }))),
		badProof(badKey, "jwk_no_y", "RFC 7518 §6.2.1", "jwk has no y.", b.head("jwk", ec(func(k map[string]string) { delete(k, "y") }))),
		badProof(badKey, "jwk_off_curve", "RFC 7518 §6.2.1", "The point is not on the curve.", b.head("jwk", ec(func(k map[string]string) { k["y"] = k["x"] }))),
		badProof(badKey, "jwk_padded", "RFC 7518 §6.2.1.2", "x with padding: another spelling of the same key.", b.head("jwk", ec(func(k map[string]string) { k["x"] += "=" }))),
		badProof(badKey, "jwk_leading_zero", "RFC 7518 §6.2.1.2", "x with a zero in front: another spelling of the same key.",
			b.head("jwk", ec(func(k map[string]string) { k["x"] = b64("\x00" + fromB64(k["x"])) }))),
		badProof(badKey, "jwk_rsa_leading_zero", "RFC 7518 §6.3.1.1", "n with a zero in front: another spelling of the same key.",
			b.head("alg", `"RS256"`).head("jwk", `{"kty":"RSA","e":"AQAB","n":"`+b64("\x00"+string(rsaKey.N.Bytes()))+`"}`).by(m.rs256("dpop-rsa"))),
		badProof(badKey, "jwk_weak", "RFC 7518 §3.3", "RSA of 1024 bits.", b.head("alg", `"RS256"`).head("jwk", m.jwk("dpop-rsa-weak")).by(m.rs256("dpop-rsa-weak"))),
		badProof(badKey, "jwk_large", "AuthSec: RSA of at most 4096 bits", "RSA of 4112 bits.", b.head("alg", `"RS256"`).head("jwk", large)),
		badProof(badKey, "jwk_other_curve", "RFC 7518 §3.4", "alg ES256, a key on P-384.", es384.by(m.es("dpop-es384", sha384, 48))),
		badProof(badKey, "jwk_of_rsa", "RFC 7518 §3.4", "alg ES256, an RSA key.", b.head("jwk", m.jwk("dpop-rsa"))),
		badProof(badKey, "jwk_of_ec", "RFC 7518 §3.3", "alg RS256, a key on P-256.", b.head("alg", `"RS256"`).by(m.rs256("dpop-rsa"))),
	}
	return cases
}
