package verify

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// maxTokenBytes bounds the work an unknown caller can ask for.
const maxTokenBytes = 16 << 10

// algorithms is the whole allow-list. It never depends on a token or a key.
var algorithms = []jose.SignatureAlgorithm{jose.RS256}

// strictBase64 also refuses non-zero trailing bits, which would give one token
// several spellings.
var strictBase64 = base64.RawURLEncoding.Strict()

// refusedParameters are header parameters that name a key or certificate of the
// token's own choice (RFC 8725 §3.10), demand an extension (RFC 7515 §4.1.11),
// change what is signed (RFC 7797), or announce a nested token (RFC 7519 §5.2).
// Other unknown parameters are ignored, as RFC 7515 §4 requires.
var refusedParameters = []string{"crit", "b64", "jwk", "jku", "x5c", "x5u", "cty"}

// parseHeader checks all that can be known of a raw token without a key, in the
// order cheapest first, and returns the ID of the key that is to verify it.
// go-jose sees only tokens that have passed it.
func parseHeader(raw string) (keyID string, err error) {
	if len(raw) > maxTokenBytes {
		return "", fmt.Errorf("%w: longer than %d bytes", ErrMalformed, maxTokenBytes)
	}
	if strings.Count(raw, ".") != 2 {
		return "", fmt.Errorf("%w: want three parts", ErrMalformed)
	}
	parts := [3]string(strings.Split(raw, "."))
	var decoded [3][]byte
	for i, part := range parts {
		// The decoder skips line breaks; a token has none (RFC 7515 §2).
		if strings.ContainsAny(part, "\r\n") {
			return "", fmt.Errorf("%w: want base64url without padding", ErrMalformed)
		}
		if decoded[i], err = strictBase64.DecodeString(part); err != nil {
			return "", fmt.Errorf("%w: want base64url without padding", ErrMalformed)
		}
	}
	header, err := parseObject(decoded[0])
	if err != nil {
		return "", fmt.Errorf("%w: header: %w", ErrMalformed, err)
	}
	for _, name := range refusedParameters {
		if header.has(name) {
			return "", fmt.Errorf("%w: %s", ErrHeader, name)
		}
	}
	if alg, _ := header.text("alg"); alg != string(jose.RS256) {
		return "", fmt.Errorf("%w: want RS256", ErrAlgorithm)
	}
	typ, _ := header.text("typ")
	if !strings.EqualFold(typ, "at+jwt") && !strings.EqualFold(typ, "application/at+jwt") {
		return "", fmt.Errorf("%w: want typ at+jwt", ErrType)
	}
	if keyID, _ = header.text("kid"); keyID == "" {
		return "", fmt.Errorf("%w: want a kid", ErrUnknownKey)
	}
	return keyID, nil
}
