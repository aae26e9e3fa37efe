// Package jwks holds the public keys of an issuer of signed tokens: given once
// ([Parse]), or fetched from it and kept fresh ([NewRemote]). What may verify
// which token is the caller's to say ([Policy]), never the issuer's or the token's.
//
// Together with package jws it is what package verify is made of. It suits any
// issuer of JWTs that publishes a JWK Set (RFC 7517 §5), with metadata of OAuth
// (RFC 8414) or of OpenID Connect.
package jwks

import (
	"context"
	"crypto"
	"errors"
)

// Errors of a look-up. Compare with [errors.Is].
var (
	// ErrUnknown: the key ID is none of the issuer's keys for that algorithm.
	ErrUnknown = errors.New("not one of the issuer's signing keys")
	// ErrUnavailable: no usable keys could be had, so nothing is known about the
	// key. The caller may try again.
	ErrUnavailable = errors.New("the issuer's keys cannot be had at the moment")
)

// Keys finds an issuer's public key by the kid and alg of a token's header. Its
// errors are [ErrUnknown] and [ErrUnavailable].
type Keys interface {
	Key(ctx context.Context, id, algorithm string) (crypto.PublicKey, error)
	// Close ends what runs in the background.
	Close()
}
