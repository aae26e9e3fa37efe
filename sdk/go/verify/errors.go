package verify

import "errors"

// A fault is one reason to refuse a token. Its text is fixed: nothing that came
// with the token can reach a log or an answer through it.
type fault struct {
	code string
	text string
}

func (f *fault) Error() string { return f.text }

// Why a token is refused. Compare with [errors.Is]; an error that Verify
// returns may add what was expected, but never any part of the token.
var (
	// ErrMalformed: not a compact JWS of at most 16 KiB that holds two JSON
	// objects without duplicated members (RFC 7515 §3, §5.2; RFC 8725 §2.4).
	ErrMalformed error = &fault{"malformed", "the token is malformed"}
	// ErrAlgorithm: alg is not RS256 (RFC 8725 §3.1).
	ErrAlgorithm error = &fault{"algorithm", "the token is signed with an algorithm that is not accepted"}
	// ErrType: typ is not at+jwt (RFC 9068 §4, RFC 8725 §3.11).
	ErrType error = &fault{"type", "the token is not an access token"}
	// ErrHeader: the header names a key of its own, an extension or an
	// encoding that is never accepted (RFC 7515 §4.1.11, RFC 8725 §3.10).
	ErrHeader error = &fault{"header", "the token's header has a parameter that is not accepted"}
	// ErrUnknownKey: kid is absent or is none of the issuer's signing keys.
	ErrUnknownKey error = &fault{"unknown_key", "the token's signing key is not one of the issuer's"}
	// ErrSignature: the signature does not match (RFC 7515 §5.2).
	ErrSignature error = &fault{"signature", "the token's signature is not valid"}
	// ErrIssuer: iss is not exactly the expected issuer (RFC 8725 §3.8).
	ErrIssuer error = &fault{"issuer", "the token was issued by another issuer"}
	// ErrAudience: aud does not hold our audience (RFC 8725 §3.9).
	ErrAudience error = &fault{"audience", "the token is for another audience"}
	// ErrExpired: exp has passed, the leeway included (RFC 7519 §4.1.4).
	ErrExpired error = &fault{"expired", "the token has expired"}
	// ErrNotYetValid: nbf or iat lies in the future beyond the leeway.
	ErrNotYetValid error = &fault{"not_yet_valid", "the token is not valid yet"}
	// ErrClaims: a claim is missing, has the wrong type, or contradicts another.
	ErrClaims error = &fault{"claims", "the token's claims are missing, of the wrong type or contradictory"}
	// ErrConstrained: the token is bound to a key (cnf, RFC 7800) in a way that this
	// verifier does not know or was not told to check, or it was given without the
	// request that carried it.
	ErrConstrained error = &fault{"constrained", "the token is bound to a key that cannot be checked here"}
	// ErrUnbound: the token is bound to no key, where [WithSenderConstrained] wants one.
	ErrUnbound error = &fault{"unbound", "the token is bound to no key, and only those that are get accepted here"}
	// ErrBinding: the sender has not shown that it holds the token's key: another key,
	// another certificate, or the wrong scheme (RFC 9449 §7.1, §7.2; RFC 8705 §3).
	ErrBinding error = &fault{"binding", "the token is bound to another key, or was sent in another way than its binding demands"}
	// ErrProof: the DPoP proof is missing or wrong (RFC 9449 §4.3). An [*dpop.Error]
	// within says why.
	ErrProof error = &fault{"proof", "the DPoP proof is missing or not accepted"}
	// ErrReplayed: the DPoP proof was used before (RFC 9449 §11.1).
	ErrReplayed error = &fault{"replayed", "the DPoP proof was used before: make a new one for each request"}
	// ErrNonce: the DPoP proof has no nonce of ours, or an old one (RFC 9449 §9).
	ErrNonce error = &fault{"nonce", "the DPoP proof wants the nonce of the header DPoP-Nonce"}
	// ErrReplayUnknown: no more proofs can be remembered at the moment, so it could not
	// be told if one comes twice. The caller may try again (503).
	ErrReplayUnknown error = &fault{"replay_unknown", "more DPoP proofs than can be remembered are in use at the moment"}
	// ErrTokenRequired: the request carries no token (RFC 6750 §3.1).
	ErrTokenRequired error = &fault{"token_required", "send an access token in the Authorization header"}
	// ErrAuthorization: the Authorization header is not scheme, space, token (400).
	ErrAuthorization error = &fault{"authorization", "the Authorization header is malformed: send the scheme, a space, the token"}
	// ErrTokenTwice: more than one Authorization header, or a token in the query as
	// well (RFC 6750 §2, RFC 9449 §7.2) (400).
	ErrTokenTwice error = &fault{"token_twice", "send the token once, in one Authorization header"}
	// ErrRevoked: the token, or the delegation that it draws on, has been recalled.
	ErrRevoked error = &fault{"revoked", "the token has been revoked"}
	// ErrRevocationUnknown: it cannot be told at the moment whether the token has
	// been revoked. The caller may try again (503).
	ErrRevocationUnknown error = &fault{"revocation_unknown", "it cannot be told at the moment whether the token has been revoked"}
	// ErrKeysUnavailable: no usable keys could be had, so nothing is known about
	// the token. The caller may try again (503).
	ErrKeysUnavailable error = &fault{"keys_unavailable", "the issuer's keys cannot be had at the moment"}
)

// Code returns the short stable name of an error of [Verifier.Verify] or [Verifier.VerifyRequest]
// ("expired", "unknown_key" …), which suits logs and metrics, or "" for nil and
// for an error that is none of this package's.
func Code(err error) string {
	if f, ok := errors.AsType[*fault](err); ok {
		return f.code
	}
	return ""
}
