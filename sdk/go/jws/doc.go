// Package jws reads signed JSON Web Tokens strictly: compact form, one
// spelling, JSON without duplicated members, an algorithm of the caller's
// choice, and no key of the token's own (RFC 7515, RFC 7519, RFC 8725).
//
//	token, err := jws.Parse(raw, jws.RS256, jws.ES256)
//	if err != nil { … } // an *Error: nothing in its text comes from the token
//	key, err := keys.Key(ctx, token.KeyID(), token.Algorithm()) // see package jwks
//	claims, err := token.Verify(key)
//
// It does not judge claims: issuer, audience and times are the caller's.
package jws
