// Package proofkey turns the key that a client proves with its request into what
// a token is bound to (cnf, RFC 7800): by DPoP (RFC 9449), or by the client
// certificate of the connection (RFC 8705). It decides nothing: policy says which
// binding is good enough.
//
// What a proof looks like, sdk/go/dpop knows; here is what only the server needs:
// nonces, and the memory of proofs that were used.
package proofkey
