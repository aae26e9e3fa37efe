package main

import (
	"cmp"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

const (
	sha384 = crypto.SHA384
	sha512 = crypto.SHA512
)

func (m minter) public(key string) *rsa.PublicKey { return &m.keys[key].(*rsa.PrivateKey).PublicKey }

func (m minter) publicJWK(key string) []byte {
	return must(json.Marshal(jose.JSONWebKey{Key: m.public(key), KeyID: key, Algorithm: "RS256", Use: "sig"}))
}

// publicSecrets returns the forms of a public key that a verifier confused
// about the algorithm could take for an HMAC secret.
func (m minter) publicSecrets() map[string][]byte {
	public := m.public("vector-a")
	pkix := must(x509.MarshalPKIXPublicKey(public))
	pkcs1 := x509.MarshalPKCS1PublicKey(public)
	block := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix})
	return map[string][]byte{
		"pem":            block,
		"pem_no_newline": []byte(strings.TrimSpace(string(block))),
		"pem_pkcs1":      pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: pkcs1}),
		"der":            pkix,
		"der_pkcs1":      pkcs1,
		"jwk":            m.publicJWK("vector-a"),
		"modulus":        public.N.Bytes(),
		"empty":          {},
	}
}

func sortByName(cases []vector) {
	slices.SortFunc(cases, func(a, b vector) int { return cmp.Compare(a.Name, b.Name) })
}

func (m minter) keyCases() []vector {
	b := m.base()
	cases := []vector{
		refuse(unknownKey, "kid_missing", "RFC 8725 §3.8", "No kid: keys are not tried in turn.", b.dropHead("kid")),
		refuse(unknownKey, "kid_of_unpublished", "RFC 8725 §3.8", "Signed by a key that is not published, under its own kid.",
			b.head("kid", quote(unpublished)).by(m.rs256(unpublished))),
		refuse(unknownKey, "kid_of_weak", "RFC 7518 §3.3", "Signed by a published RSA key of 1024 bits.",
			b.head("kid", `"vector-weak"`).by(m.rs256("vector-weak"))),
		refuse(unknownKey, "kid_of_encryption", "RFC 7517 §4.2", "Signed by a published key with use enc.",
			b.head("kid", `"vector-enc"`).by(m.rs256("vector-enc"))),
		refuse(unknownKey, "kid_of_other_algorithm", "RFC 7517 §4.4", "RS256 by a published key with alg PS256.",
			b.head("kid", `"vector-ps256"`).by(m.rs256("vector-ps256"))),
		refuse(unknownKey, "kid_of_ec", "RFC 7517 §4.1", "RS256 under the kid of an EC key.", b.head("kid", `"vector-ec"`)),
		refuse(signature, "kid_of_another", "RFC 8725 §3.1", "Signed by vector-a under the kid of vector-b.", b.head("kid", `"vector-b"`)),
		refuse(signature, "kid_stolen", "RFC 8725 §3.1", "Signed by a key that is not published under the kid of one that is.", b.by(m.rs256(unpublished))),
	}
	for i, value := range []string{
		`""`, `null`, `1`, `["vector-a"]`, `{"kid":"vector-a"}`, `"VECTOR-A"`, `"vector-a "`, `"vector-a\u0000"`, `"vector"`,
		`"../../../../dev/null"`, `"/dev/null"`, `"' OR '1'='1"`, `"x' UNION SELECT 'secret' --"`, `"$(id)"`, `"http://169.254.169.254/"`,
		quote(strings.Repeat("k", 5000)),
	} {
		cases = append(cases, refuse(unknownKey, fmt.Sprintf("kid_wrong_%02d", i+1), "RFC 8725 §3.10",
			"kid names no key: empty, of the wrong type, nearly right, or meant for a file system, a database or a shell.", b.head("kid", value)))
	}
	return cases
}

func (m minter) parameterCases() []vector {
	b := m.base()
	evil := m.publicJWK(unpublished)
	stolen := m.rs256(unpublished)
	cases := []vector{
		refuse(header, "header_jwk_attacker", "RFC 8725 §3.10", "Signed by the key that the header carries.", b.head("jwk", string(evil)).by(stolen)),
		refuse(header, "header_jwk_right_key", "RFC 8725 §3.10", "The header carries the published key: still refused.", b.head("jwk", string(m.publicJWK("vector-a")))),
		refuse(header, "header_jwk_null", "RFC 8725 §3.10", "jwk is null.", b.head("jwk", "null")),
		refuse(header, "header_jku", "RFC 8725 §3.10", "The header says where to fetch keys.", b.head("jku", `"https://evil.example.com/jwks.json"`).by(stolen)),
		refuse(header, "header_jku_issuer", "RFC 8725 §3.10", "Even when that is the issuer's own address.", b.head("jku", `"https://authsec.example.com/.well-known/jwks.json"`)),
		refuse(header, "header_x5u", "RFC 8725 §3.10", "The header says where to fetch a certificate.", b.head("x5u", `"https://evil.example.com/cert.pem"`)),
		refuse(header, "header_x5c", "RFC 8725 §3.10", "The header carries a certificate chain.", b.head("x5c", `["MIIB"]`)),
		refuse(header, "header_x5c_empty", "RFC 8725 §3.10", "The header carries an empty certificate chain.", b.head("x5c", `[]`)),
		refuse(header, "header_crit_unknown", "RFC 7515 §4.1.11", "An extension that nobody knows must be understood.", b.head("crit", `["x-note"]`).head("x-note", `1`)),
		refuse(header, "header_crit_known", "RFC 7515 §4.1.11", "crit names a registered parameter.", b.head("crit", `["exp"]`).head("exp", fmt.Sprint(now+300))),
		refuse(header, "header_crit_empty", "RFC 7515 §4.1.11", "crit must not be empty.", b.head("crit", `[]`)),
		refuse(header, "header_crit_null", "RFC 7515 §4.1.11", "crit is null.", b.head("crit", `null`)),
		refuse(header, "header_b64_false", "RFC 7797 §6", "b64 false under crit: the payload would be signed as it is.", b.head("crit", `["b64"]`).head("b64", `false`)),
		refuse(header, "header_b64_false_no_crit", "RFC 7797 §6", "b64 false without crit.", b.head("b64", `false`)),
		refuse(header, "header_b64_true", "RFC 7797 §7", "b64 true, which a JWT must not carry either.", b.head("b64", `true`)),
		refuse(header, "header_cty_jwt", "RFC 7519 §5.2", "cty announces a nested token.", b.head("cty", `"JWT"`)),
	}
	return cases
}
