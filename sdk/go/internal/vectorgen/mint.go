package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

const (
	now      = 1780000000 // 2026-05-28T20:26:40Z
	leeway   = 30
	issuer   = "https://authsec.example.com"
	audience = "https://billing.example.com"
	agent    = "6f8c2f3e-58d1-4f0a-9a3c-0d6b5a1f7e21"

	unpublished = "vector-unpublished"
)

// minter makes tokens. It signs with the standard library and not with a JOSE
// library, which would not agree to most of what is wanted here.
type minter struct {
	keys map[string]any // private, by key ID
}

// signer returns the signature of a JWS signing input.
type signer func(input string) []byte

// member is one name and JSON text of an object. Objects are lists of them,
// because hostile ones repeat names.
type member struct{ name, value string }

// draft is a token to be. Its methods return changed copies.
type draft struct {
	header, payload []member
	rawHeader       *string // instead of header
	rawPayload      *string // instead of payload
	sign            signer
}

// base is a minimal valid token.
func (m minter) base() draft {
	return draft{
		header: []member{{"alg", `"RS256"`}, {"typ", `"at+jwt"`}, {"kid", `"vector-a"`}},
		payload: []member{
			{"iss", quote(issuer)},
			{"sub", `"user-7"`},
			{"act", fmt.Sprintf(`{"sub":"spiffe://authsec.local/agent/%s","client_id":"%s"}`, agent, agent)},
			{"client_id", quote(agent)},
			{"aud", quote(audience)},
			{"exp", fmt.Sprint(now + 300)},
			{"iat", fmt.Sprint(now - 10)},
			{"nbf", fmt.Sprint(now - 10)},
			{"jti", `"token-1"`},
			{"scope", `"billing:read"`},
		},
		sign: m.rs256("vector-a"),
	}
}

func (d draft) head(name, value string) draft {
	d.header = set(d.header, name, value)
	return d
}

func (d draft) dropHead(name string) draft {
	d.header = drop(d.header, name)
	return d
}

func (d draft) claim(name, value string) draft {
	d.payload = set(d.payload, name, value)
	return d
}

func (d draft) dropClaim(name string) draft {
	d.payload = drop(d.payload, name)
	return d
}

// claimAgain adds a claim whether or not there is one of the name.
func (d draft) claimAgain(name, value string) draft {
	d.payload = append(slices.Clone(d.payload), member{name, value})
	return d
}

func (d draft) headAgain(name, value string) draft {
	d.header = append(slices.Clone(d.header), member{name, value})
	return d
}

func (d draft) headText(text string) draft {
	d.rawHeader = &text
	return d
}

func (d draft) payloadText(text string) draft {
	d.rawPayload = &text
	return d
}

func (d draft) by(s signer) draft {
	d.sign = s
	return d
}

func (d draft) parts() (header, payload, signature string) {
	headerText, payloadText := object(d.header), object(d.payload)
	if d.rawHeader != nil {
		headerText = *d.rawHeader
	}
	if d.rawPayload != nil {
		payloadText = *d.rawPayload
	}
	header, payload = b64(headerText), b64(payloadText)
	return header, payload, b64(string(d.sign(header + "." + payload)))
}

func (d draft) token() string {
	header, payload, signature := d.parts()
	return header + "." + payload + "." + signature
}

// expected returns the claims that a verifier must report, in one form: aud
// always an array, scope as the array actions, each once.
func (d draft) expected() map[string]any {
	var all map[string]any
	decoder := json.NewDecoder(strings.NewReader(object(d.payload)))
	decoder.UseNumber()
	must(0, decoder.Decode(&all))
	claims := map[string]any{}
	for _, name := range []string{
		"iss", "sub", "act", "client_id", "exp", "iat", "nbf", "jti", "delegation_id", "role",
		"attestation", "spiffe_id", "agent_type", "user_id", "email",
	} {
		if v, ok := all[name]; ok {
			claims[name] = v
		}
	}
	claims["aud"] = all["aud"]
	if one, ok := all["aud"].(string); ok {
		claims["aud"] = []string{one}
	}
	scope, _ := all["scope"].(string)
	actions := []string{}
	for _, action := range strings.Fields(scope) {
		if !slices.Contains(actions, action) {
			actions = append(actions, action)
		}
	}
	claims["actions"] = actions
	return claims
}

func set(members []member, name, value string) []member {
	members = slices.Clone(members)
	if i := slices.IndexFunc(members, func(m member) bool { return m.name == name }); i >= 0 {
		members[i].value = value
		return members
	}
	return append(members, member{name, value})
}

func drop(members []member, name string) []member {
	return slices.DeleteFunc(slices.Clone(members), func(m member) bool { return m.name == name })
}

func object(members []member) string {
	var b strings.Builder
	for i, m := range members {
		b.WriteString(map[bool]string{true: "{", false: ","}[i == 0])
		b.WriteString(`"` + m.name + `":` + m.value) // names may hold escapes on purpose
	}
	return b.String() + "}"
}

func (m minter) rs256(key string) signer { return m.rs(key, crypto.SHA256) }

func (m minter) rs(key string, hash crypto.Hash) signer {
	return func(input string) []byte {
		return must(rsa.SignPKCS1v15(nil, m.keys[key].(*rsa.PrivateKey), hash, digest(hash, input)))
	}
}

func (m minter) ps256(key string) signer { return m.pss(key, rsa.PSSSaltLengthEqualsHash) }

// pss salts with zeros, so that the signature is the same every time.
func (m minter) pss(key string, saltLength int) signer {
	return func(input string) []byte {
		zeros := bytes.NewReader(make([]byte, 1024))
		options := &rsa.PSSOptions{SaltLength: saltLength}
		return must(rsa.SignPSS(zeros, m.keys[key].(*rsa.PrivateKey), crypto.SHA256, digest(crypto.SHA256, input), options))
	}
}

func (m minter) es256(key string) signer { return m.es(key, crypto.SHA256, 32) }

// es signs with a curve whose numbers take size bytes.
func (m minter) es(key string, hash crypto.Hash, size int) signer {
	return func(input string) []byte {
		// Without a source of randomness it is deterministic (RFC 6979).
		der := must(m.keys[key].(*ecdsa.PrivateKey).Sign(nil, digest(hash, input), hash))
		var point struct{ R, S *big.Int }
		must(asn1.Unmarshal(der, &point))
		return append(point.R.FillBytes(make([]byte, size)), point.S.FillBytes(make([]byte, size))...)
	}
}

// der leaves the signature in ASN.1, as no JWS has it.
func (m minter) der(key string) signer {
	return func(input string) []byte {
		return must(m.keys[key].(*ecdsa.PrivateKey).Sign(nil, digest(crypto.SHA256, input), crypto.SHA256))
	}
}

func (m minter) ed25519(key string) signer {
	return func(input string) []byte { return ed25519.Sign(m.keys[key].(ed25519.PrivateKey), []byte(input)) }
}

func hs256(secret []byte) signer {
	return func(input string) []byte {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(input))
		return mac.Sum(nil)
	}
}

func constant(signature []byte) signer { return func(string) []byte { return signature } }

func digest(hash crypto.Hash, input string) []byte {
	h := hash.New()
	h.Write([]byte(input))
	return h.Sum(nil)
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func quote(s string) string { return string(must(json.Marshal(s))) }

// must ends the program: whatever fails here is a mistake in it.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
