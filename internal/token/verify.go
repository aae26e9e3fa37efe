package token

import (
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

const minKeyBits = 2048 // RFC 7518 §3.3

// Keys finds the public key with a key ID.
type Keys func(kid string) (jose.JSONWebKey, bool)

// PublicKeys are Keys that are found by their ID in any other way; of another
// type than *rsa.PublicKey, none is used.
func PublicKeys(find func(kid string) (crypto.PublicKey, bool)) Keys {
	return func(kid string) (jose.JSONWebKey, bool) {
		key, ok := find(kid)
		return jose.JSONWebKey{Key: key, KeyID: kid}, ok
	}
}

// VerifyPayload verifies what SignPayload made and returns its payload. An
// access token never passes.
func VerifyPayload(typ, compact string, keys Keys) ([]byte, error) {
	if !payloadType(typ) {
		return nil, refuse(CodeType, "The signature's type is not one that is verified this way.")
	}
	return open(typ, compact, keys)
}

// open verifies a compact JWS of one typ and returns its payload, which is not
// looked at before the signature holds.
func open(typ, compact string, keys Keys) ([]byte, error) {
	kid, err := checkHeader(typ, compact)
	if err != nil {
		return nil, err
	}
	jws, err := jose.ParseSignedCompact(compact, []jose.SignatureAlgorithm{algorithm})
	if err != nil {
		return nil, refuse(CodeMalformed, "The token is malformed. Send it exactly as it was issued.")
	}
	key, ok := keys(kid)
	if !ok || !usable(key) {
		return nil, refuse(CodeUnknownKey, "The token names no signing key of this server. Fetch a new token.")
	}
	payload, err := jws.Verify(key.Key)
	if err != nil {
		return nil, refuse(CodeSignature, "The token's signature is not valid. Use a token that this server issued, unchanged.")
	}
	return payload, nil
}

// usable holds whatever Keys returns to what may verify RS256 signatures.
func usable(k jose.JSONWebKey) bool {
	public, ok := k.Key.(*rsa.PublicKey)
	return ok && public.N.BitLen() >= minKeyBits &&
		(k.Use == "" || k.Use == "sig") && (k.Algorithm == "" || k.Algorithm == string(algorithm))
}

// checkHeader checks all that can be known without a key, cheapest first, and
// returns the key's ID. go-jose sees only what has passed it.
func checkHeader(typ, compact string) (kid string, err error) {
	malformed := func(what string) error { return refuse(CodeMalformed, "The token is malformed: "+what+".") }
	if len(compact) > MaxBytes {
		return "", malformed("it is too long")
	}
	parts := strings.SplitN(compact, ".", 4)
	if len(parts) != 3 {
		return "", malformed("it must have three parts")
	}
	// The decoder skips line breaks; a token has none (RFC 7515 §2).
	if strings.ContainsAny(compact, "\r\n") {
		return "", malformed("it contains a line break")
	}
	// Strict also refuses trailing bits, which would give one token several spellings.
	strict := base64.RawURLEncoding.Strict()
	var header []byte
	for i, part := range parts {
		decoded, err := strict.DecodeString(part)
		if err != nil {
			return "", malformed("its parts must be base64url without padding")
		}
		if i == 0 {
			header = decoded
		}
	}
	h, err := parseObject(header)
	if err != nil {
		return "", malformed("its header is not a JSON object of unique members")
	}
	// These name a key of the token's own choice (RFC 8725 §3.10), demand an
	// extension (RFC 7515 §4.1.11), change what is signed (RFC 7797), or announce a
	// nested token (RFC 7519 §5.2). Others that are unknown are ignored (RFC 7515 §4).
	for _, name := range []string{"crit", "b64", "jwk", "jku", "x5c", "x5u", "cty"} {
		if h.has(name) {
			return "", refuse(CodeHeader, "The token's header has the parameter "+name+", which is never accepted.")
		}
	}
	if alg, _ := h.text("alg"); alg != string(algorithm) {
		return "", refuse(CodeAlgorithm, "The token's algorithm is not accepted. Only RS256 is.")
	}
	// Media types are compared without case, and application/ may be left out (RFC 7515 §4.1.9).
	got, _ := h.text("typ")
	if !strings.EqualFold(got, typ) && !strings.EqualFold(got, "application/"+typ) {
		return "", refuse(CodeType, "This is not an "+typ+".")
	}
	if kid, _ = h.text("kid"); kid == "" {
		return "", refuse(CodeUnknownKey, "The token does not name its signing key.")
	}
	return kid, nil
}
