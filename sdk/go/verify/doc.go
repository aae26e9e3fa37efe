// Package verify checks the access tokens that AuthSec issues to AI agents.
//
// A downstream API makes one [Verifier] when it starts, and puts its routes
// behind it:
//
//	verifier, err := verify.New("https://authsec.example.com", "https://billing.example.com")
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer verifier.Close()
//	http.Handle("GET /bills/{id}", verifier.Middleware(verify.RequireActions("billing:read")(bills)))
//
// A handler learns from [FromContext] whose authority is used
// ([Claims.Subject], a person) and who uses it ([Claims.Actor], an agent).
//
// A token is an RS256 JWT of type at+jwt (RFC 9068) with an act claim
// (RFC 8693 §4.1). It is accepted only when everything about it is known to be
// right: what cannot be checked is refused. That holds for keys that cannot be
// had ([ErrKeysUnavailable]) and for constraints this package does not
// understand ([ErrConstrained]). The rules follow RFC 8725; the shared cases in
// testdata/vectors pin each of them.
//
// The issuer's keys are fetched when first needed, refreshed in the background,
// and kept for a bounded time while the issuer cannot be reached. A Verifier is
// safe for concurrent use.
//
// # Sender-constrained tokens
//
// With [WithDPoP] and [WithMTLS], tokens that are bound to a key or a certificate are
// accepted by [Verifier.Middleware] and [Verifier.VerifyRequest], from their holder.
//
// # Revocation
//
// Without [WithRevocation] a token is good until it expires. With it, a token that
// has been recalled since is refused with [ErrRevoked], within a second in
// [RevocationPush]; and where that cannot be told for longer than the stated
// staleness, with [ErrRevocationUnknown].
package verify
