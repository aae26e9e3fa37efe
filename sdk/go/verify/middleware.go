package verify

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
)

// contextKey finds what Middleware leaves for handlers.
type contextKey struct{}

type admitted struct {
	claims *Claims
	by     challenger
}

// FromContext returns the claims of the request's token, behind
// [Verifier.Middleware].
func FromContext(ctx context.Context) (*Claims, bool) {
	a, ok := ctx.Value(contextKey{}).(admitted)
	return a.claims, ok
}

// NewContext returns a context from which [FromContext] returns claims. It is
// for tests of handlers; it checks nothing.
func NewContext(ctx context.Context, claims *Claims) context.Context {
	return context.WithValue(ctx, contextKey{}, admitted{claims: claims})
}

// Middleware passes requests on that carry a valid token in their Authorization
// header, and answers the others itself as RFC 6750 §3 says:
//
//	400 invalid_request          the token is malformed as a credential, or sent twice
//	401 (no error code)          no token was sent
//	401 invalid_token            the token is refused
//	503 temporarily_unavailable  the issuer's keys, or word of revocations, cannot be had; see Retry-After
//
// The body is {"error": …, "error_description": …}. A token in the query is
// never used (RFC 9700 §4.3.2), and the body is never read.
func (v *Verifier) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, refusal := bearerToken(r)
		if refusal != nil {
			refusal.write(w, v.challenger())
			return
		}
		claims, err := v.Verify(r.Context(), token)
		if err != nil {
			v.refuse(w, r, err)
			return
		}
		ctx := context.WithValue(r.Context(), contextKey{}, admitted{claims, v.challenger()})
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func (v *Verifier) challenger() challenger {
	c := challenger{realm: v.audience}
	if v.metadata != nil {
		c.metadata = v.metadata.url
	}
	return c
}

// refuse answers a request whose token was not accepted. The reason goes to the
// log and the fixed text to the caller.
func (v *Verifier) refuse(w http.ResponseWriter, r *http.Request, err error) {
	v.log.InfoContext(r.Context(), "token_refused", "code", Code(err), "error", err)
	refusal := refusalInvalidToken
	if errors.Is(err, ErrKeysUnavailable) || errors.Is(err, ErrRevocationUnknown) {
		refusal = refusalUnavailable
	} else if f, ok := errors.AsType[*fault](err); ok {
		refusal.description = f.text
	}
	refusal.write(w, v.challenger())
}

// RequireActions passes requests on whose token allows every action named, and
// answers the others with 403 insufficient_scope. It belongs inside
// [Verifier.Middleware]; outside of it, it refuses every request with a 500.
//
// An action that could not stand in a scope (RFC 6749 §3.3) panics, as a
// malformed pattern does in [http.ServeMux.Handle].
func RequireActions(action string, more ...string) func(http.Handler) http.Handler {
	actions := append([]string{action}, more...)
	for _, a := range actions {
		if !isScopeToken(a) {
			panic("verify: RequireActions: malformed action")
		}
	}
	refusal := refusalInsufficient
	refusal.scope = strings.Join(actions, " ")
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a, ok := r.Context().Value(contextKey{}).(admitted)
			switch {
			case !ok || a.claims == nil:
				refusalMisplaced.write(w, challenger{})
			case slices.ContainsFunc(actions, func(action string) bool { return !a.claims.HasAction(action) }):
				refusal.write(w, a.by)
			default:
				next.ServeHTTP(w, r)
			}
		})
	}
}

// bearerToken takes the token from the request (RFC 6750 §2.1) or says why it
// cannot.
func bearerToken(r *http.Request) (string, *refusal) {
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		return "", &refusalNoToken
	}
	if len(headers) > 1 {
		return "", &refusalTwice
	}
	token, refusal := parseAuthorization(headers[0])
	if refusal != nil {
		return "", refusal
	}
	if r.URL.RawQuery != "" && r.URL.Query().Has("access_token") {
		return "", &refusalTwice
	}
	return token, nil
}

// parseAuthorization reads "Bearer" 1*SP b64token (RFC 6750 §2.1). Credentials
// of another scheme are not ours to judge: they are no token.
func parseAuthorization(header string) (string, *refusal) {
	scheme, rest, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", &refusalNoToken
	}
	token := strings.TrimLeft(rest, " ")
	body := strings.TrimRight(token, "=")
	if body == "" || strings.ContainsFunc(body, notB64token) {
		return "", &refusalMalformed
	}
	return token, nil
}

func notB64token(c rune) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return false
	}
	return !strings.ContainsRune("-._~+/", c)
}
