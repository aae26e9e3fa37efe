package jws

import (
	"crypto"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// MaxBytes is the length of the longest token that is read: it bounds the work
// an unknown caller can ask for.
const MaxBytes = 16 << 10

// The signature algorithms that can be accepted (RFC 7518 §3.1, RFC 8037 §3.1).
// There is none that a public key could be mistaken for the secret of (HS256).
const (
	RS256 = "RS256"
	RS384 = "RS384"
	RS512 = "RS512"
	PS256 = "PS256"
	PS384 = "PS384"
	PS512 = "PS512"
	ES256 = "ES256"
	ES384 = "ES384"
	ES512 = "ES512"
	EdDSA = "EdDSA"
)

// Algorithms lists all of them.
func Algorithms() []string {
	return []string{RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA}
}

// RefusedParameters lists the header parameters that name a key or certificate
// of the token's own choice (RFC 8725 §3.10), demand an extension (RFC 7515
// §4.1.11), change what is signed (RFC 7797), or announce a nested token (RFC
// 7519 §5.2). Other unknown parameters are ignored, as RFC 7515 §4 requires.
func RefusedParameters() []string {
	return []string{"crit", "b64", "jwk", "jku", "x5c", "x5u", "cty"}
}

// strictBase64 also refuses non-zero trailing bits, which would give one token
// several spellings.
//
//nolint:gochecknoglobals // a value that never changes
var strictBase64 = base64.RawURLEncoding.Strict()

// Token is a token of good form, whose signature has not been checked.
type Token struct {
	raw       string
	algorithm string
	header    Object
}

// Parse checks all that can be known of a raw token without a key, cheapest
// first: the header in whole, of the payload only the encoding. Its errors are
// of type *[Error].
func Parse(raw string, algorithms ...string) (*Token, error) {
	return ParseUpTo(MaxBytes, raw, algorithms...)
}

// ParseUpTo is Parse with another limit, for what is longer than a token: a
// status list.
func ParseUpTo(maxBytes int, raw string, algorithms ...string) (*Token, error) {
	return parse(maxBytes, raw, RefusedParameters(), algorithms)
}

// ParseCarrying is ParseUpTo for a token that carries the public key of its own
// signature, as a proof of possession does (RFC 9449 §4.2), and returns that key's
// members. Whoever made the token chose the key: its signature shows that they hold
// the private half, and nothing about who they are.
func ParseCarrying(maxBytes int, raw string, algorithms ...string) (token *Token, jwk Object, err error) {
	refused := slices.DeleteFunc(RefusedParameters(), func(name string) bool { return name == "jwk" })
	if token, err = parse(maxBytes, raw, refused, algorithms); err != nil {
		return nil, nil, err
	}
	members, ok := token.header["jwk"].(map[string]any)
	if !ok {
		return nil, nil, &Error{Header, "want jwk to be an object"}
	}
	return token, members, nil
}

func parse(maxBytes int, raw string, refused, algorithms []string) (*Token, error) {
	header, _, err := read(maxBytes, raw)
	if err != nil {
		return nil, err
	}
	for _, name := range refused {
		if header.Has(name) {
			return nil, &Error{Header, name}
		}
	}
	alg, _ := header.Text("alg")
	if !slices.Contains(algorithms, alg) || !slices.Contains(Algorithms(), alg) {
		return nil, &Error{Algorithm, "want " + strings.Join(algorithms, ", ")}
	}
	return &Token{raw: raw, algorithm: alg, header: header}, nil
}

// Peek reads the claims of a token that anybody can have made: to find out whose
// keys to ask for, and nothing else. Only its form is checked. Its errors are of
// type *[Error].
func Peek(raw string) (Object, error) {
	_, payload, err := read(MaxBytes, raw)
	if err != nil {
		return nil, err
	}
	return claims(payload)
}

func read(maxBytes int, raw string) (header Object, payload []byte, err error) {
	if len(raw) > maxBytes {
		return nil, nil, malformed("longer than %d bytes", maxBytes)
	}
	if strings.Count(raw, ".") != 2 {
		return nil, nil, malformed("want three parts")
	}
	parts := [3]string(strings.Split(raw, "."))
	var decoded [3][]byte
	for i, part := range parts {
		// The decoder skips line breaks; a token has none (RFC 7515 §2).
		if strings.ContainsAny(part, "\r\n") {
			return nil, nil, malformed("want base64url without padding")
		}
		if decoded[i], err = strictBase64.DecodeString(part); err != nil {
			return nil, nil, malformed("want base64url without padding")
		}
	}
	if header, err = ParseObject(decoded[0]); err != nil {
		return nil, nil, malformed("header: %s", err)
	}
	return header, decoded[1], nil
}

func claims(payload []byte) (Object, error) {
	o, err := ParseObject(payload)
	if err != nil {
		return nil, malformed("payload: %s", err)
	}
	return o, nil
}

// Algorithm returns the header's alg: one of those given to [Parse].
func (t *Token) Algorithm() string { return t.algorithm }

// KeyID returns the header's kid, "" when there is none or it is no string.
func (t *Token) KeyID() string {
	id, _ := t.header.Text("kid")
	return id
}

// Type returns the header's typ without the prefix that may be left out (RFC
// 7515 §4.1.9), in lower case; ok is false when it is no string.
func (t *Token) Type() (typ string, ok bool) {
	typ, ok = t.header.Text("typ")
	return strings.TrimPrefix(strings.ToLower(typ), "application/"), ok
}

// Verify checks the signature by a public key of type *[crypto/rsa.PublicKey],
// *[crypto/ecdsa.PublicKey] or [crypto/ed25519.PublicKey], and returns the claims.
// The payload is not looked at before it holds. Its errors are of type *[Error].
func (t *Token) Verify(key crypto.PublicKey) (Object, error) {
	if !Fits(key, t.algorithm) {
		return nil, &Error{Signature, "the key is not one of the algorithm"}
	}
	signed, err := jose.ParseSignedCompact(t.raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(t.algorithm)})
	if err != nil {
		return nil, malformed("not a compact JWS")
	}
	payload, err := signed.Verify(key)
	if err != nil || !t.saltFits(key) {
		return nil, &Error{Reason: Signature}
	}
	return claims(payload)
}
