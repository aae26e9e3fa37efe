package verify

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"authsec/sdk/go/dpop"
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
// header, by the sender that it is bound to if it is bound to one, and answers the
// others itself as RFC 6750 §3 and RFC 9449 §7.1 say:
//
//	400 invalid_request          the token is malformed as a credential, or sent twice
//	401 (no error code)          no token was sent
//	401 invalid_token            the token is refused, or its sender does not hold its key
//	401 invalid_dpop_proof       the DPoP proof is missing, wrong, or was used before
//	401 use_dpop_nonce           the DPoP proof wants the nonce in DPoP-Nonce
//	503 temporarily_unavailable  the issuer's keys, or word of revocations, cannot be had; see Retry-After
//
// The body is {"error": …, "error_description": …}. A token in the query is
// never used (RFC 9700 §4.3.2), and the body is never read.
func (v *Verifier) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, to, err := v.verifyRequest(r)
		if err != nil {
			v.refuse(w, r, to.scheme, err)
			return
		}
		if to.nonce != "" {
			w.Header().Set(dpop.NonceHeader, to.nonce)
			w.Header().Set("Cache-Control", "no-store") // RFC 9449 §8.2; a handler may say otherwise
		}
		ctx := context.WithValue(r.Context(), contextKey{}, admitted{claims, v.challenger(to.scheme)})
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// Refuse answers a request as [Verifier.Middleware] does, given the error of
// [Verifier.VerifyRequest].
func (v *Verifier) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	c, _ := v.credential(r) // a request without one is answered alike
	v.refuse(w, r, c.scheme, err)
}

// Nonce returns the nonce to send in the header DPoP-Nonce with the answer to a
// request with a DPoP proof, when [DPoP.RequireNonce] is set; else "". Middleware
// and Refuse send it themselves.
func (v *Verifier) Nonce() string { return v.dpop.nonce() }

func (v *Verifier) challenger(scheme string) challenger {
	c := challenger{realm: v.audience, scheme: scheme}
	if v.metadata != nil {
		c.metadata = v.metadata.url
	}
	if !v.constrained || v.certificate != nil { // certificate-bound tokens come as Bearer (RFC 8705 §3)
		c.schemes = append(c.schemes, schemeBearer)
	}
	if v.dpop != nil {
		c.schemes = append(c.schemes, schemeDPoP)
	}
	return c
}

// refuse answers a request whose token was not accepted. The reason goes to the
// log and the fixed text to the caller.
func (v *Verifier) refuse(w http.ResponseWriter, r *http.Request, scheme string, err error) {
	f := refusalOf(err)
	if f.code != codeNoToken && f.code != codeInvalid {
		v.log.InfoContext(r.Context(), "token_refused", "code", Code(err), "error", err)
	}
	if scheme == schemeDPoP {
		f.nonce = v.dpop.nonce()
	}
	f.write(w, v.challenger(scheme))
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
