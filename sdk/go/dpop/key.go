package dpop

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"

	"authsec/sdk/go/jws"
)

// Algorithms returns the JWS algorithms of proofs, those to prefer first. All are
// asymmetric (RFC 9449 §4.2). Suits dpop_signing_alg_values_supported (§5.1).
func Algorithms() []string {
	return []string{jws.ES256, jws.ES384, jws.ES512, jws.EdDSA, jws.PS256, jws.PS384, jws.PS512, jws.RS256, jws.RS384, jws.RS512}
}

// Thumbprint returns the SHA-256 thumbprint of a public key (RFC 7638) in
// base64url: what a bound token's cnf.jkt holds (RFC 9449 §6.1). The key is of one
// of the types that [jws.Token.Verify] takes; any other is an error.
func Thumbprint(key crypto.PublicKey) (string, error) {
	jwk := jose.JSONWebKey{Key: key}
	if !jwk.IsPublic() || !jwk.Valid() {
		return "", errors.New("DPoP key: want a public RSA, EC or Ed25519 key")
	}
	sum, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("DPoP key: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}

// AccessTokenHash returns what a proof's ath must hold for an access token (RFC
// 9449 §4.2).
func AccessTokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// privateMembers hold what nobody else may have (RFC 7518 §6.2.2, §6.3.2, §6.4.1).
func privateMembers() []string { return []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} }

// parseKey reads jwk. Members that do not describe the public key itself (alg, use,
// kid) are the sender's word about their own key and decide nothing.
func parseKey(members jws.Object, algorithm string) (crypto.PublicKey, error) {
	for _, name := range privateMembers() {
		if members.Has(name) {
			return nil, &Error{Key, "jwk: want a public key, without " + name}
		}
	}
	given := jws.Object{}
	for _, name := range []string{"kty", "crv", "x", "y", "n", "e"} {
		if members.Has(name) {
			given[name] = members[name]
		}
	}
	text, err := json.Marshal(given)
	if err != nil {
		return nil, &Error{Key, "jwk: cannot be read"}
	}
	var jwk jose.JSONWebKey
	if jwk.UnmarshalJSON(text) != nil || !jwk.IsPublic() || !jws.Fits(jwk.Key, algorithm) {
		return nil, &Error{Key, fmt.Sprintf("jwk: want a public key for %s, RSA of %d to %d bits", algorithm, jws.MinRSABits, jose.MaxRSAModulusBits)}
	}
	// One key, one spelling: libraries differ in what else they read, and a
	// thumbprint is of the spelling (RFC 7638 §7).
	canonical, err := jose.JSONWebKey{Key: jwk.Key}.MarshalJSON()
	if err != nil {
		return nil, &Error{Key, "jwk: cannot be read"}
	}
	want, err := jws.ParseObject(canonical)
	if err != nil {
		return nil, &Error{Key, "jwk: cannot be read"}
	}
	spelt, err := json.Marshal(want)
	if err != nil || !bytes.Equal(spelt, text) {
		return nil, &Error{Key, "jwk: want each member in the one form of RFC 7518 §6"}
	}
	return jwk.Key, nil
}
