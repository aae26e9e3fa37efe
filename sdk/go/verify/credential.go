package verify

import (
	"net/http"
	"strings"
)

// The schemes under which a token can come (RFC 6750 §2.1, RFC 9449 §7.1).
const (
	schemeBearer = "Bearer"
	schemeDPoP   = "DPoP"
)

// credential is what a request's Authorization header holds.
type credential struct{ scheme, token string }

// credential takes the token from the request or says why it cannot.
func (v *Verifier) credential(r *http.Request) (credential, error) {
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		return credential{}, ErrTokenRequired
	}
	if len(headers) > 1 {
		return credential{}, ErrTokenTwice
	}
	c, err := parseAuthorization(headers[0], v.dpop != nil)
	if err != nil {
		return credential{}, err
	}
	if r.URL.RawQuery != "" && r.URL.Query().Has("access_token") {
		return credential{}, ErrTokenTwice
	}
	return c, nil
}

// parseAuthorization reads scheme 1*SP b64token. Credentials of another scheme are
// not ours to judge: they are no token.
func parseAuthorization(header string, dpop bool) (credential, error) {
	scheme, rest, _ := strings.Cut(header, " ")
	switch {
	case strings.EqualFold(scheme, schemeBearer):
		scheme = schemeBearer
	case dpop && strings.EqualFold(scheme, schemeDPoP):
		scheme = schemeDPoP
	default:
		return credential{}, ErrTokenRequired
	}
	token := strings.TrimLeft(rest, " ")
	body := strings.TrimRight(token, "=")
	if body == "" || strings.ContainsFunc(body, notB64token) {
		return credential{}, ErrAuthorization
	}
	return credential{scheme, token}, nil
}

func notB64token(c rune) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return false
	}
	return !strings.ContainsRune("-._~+/", c)
}
