package dpop

import (
	"errors"

	"authsec/sdk/go/jws"
)

// Reason is why a proof is refused.
type Reason string

// The reasons, in the order in which they are looked for.
const (
	// Malformed: not exactly one DPoP header, or not a compact JWS of at most
	// [MaxBytes] with two JSON objects without duplicated members (RFC 9449 §4.3
	// nos. 1 and 2).
	Malformed Reason = "malformed"
	// Header: the header has an extension, an encoding or a certificate that is
	// never accepted, or jwk is no object (RFC 9449 §4.2).
	Header Reason = "header"
	// Algorithm: alg is none of [Algorithms] (RFC 9449 §4.3 no. 5).
	Algorithm Reason = "algorithm"
	// Type: typ is not dpop+jwt (RFC 9449 §4.3 no. 4).
	Type Reason = "type"
	// Key: jwk is not a public key of the kind and strength that alg needs, in its
	// one spelling (RFC 9449 §4.3 no. 7, RFC 7518 §6).
	Key Reason = "key"
	// Signature: the signature does not match jwk (RFC 9449 §4.3 no. 6).
	Signature Reason = "signature"
	// Claims: a claim is missing, of the wrong type or too long (RFC 9449 §4.3 no. 3).
	Claims Reason = "claims"
	// Method: htm is not the request's (RFC 9449 §4.3 no. 8).
	Method Reason = "method"
	// Target: htu is not the request's (RFC 9449 §4.3 no. 9).
	Target Reason = "target"
	// Time: iat is too long ago or too far ahead (RFC 9449 §4.3 no. 11).
	Time Reason = "time"
	// Token: ath is not the hash of the access token (RFC 9449 §4.3 no. 12).
	Token Reason = "token"
)

// Error says why a proof is refused. Its text holds no part of the proof.
type Error struct {
	Reason Reason
	Detail string // "htm: want \"GET\""
}

// Error implements error.
func (e *Error) Error() string {
	if e.Detail == "" {
		return "DPoP proof: " + string(e.Reason)
	}
	return "DPoP proof: " + string(e.Reason) + ": " + e.Detail
}

// refused gives an error of package jws our name for its reason.
func refused(err error) error {
	e, ok := errors.AsType[*jws.Error](err)
	if !ok {
		return err
	}
	return &Error{Reason(e.Reason), e.Detail} // every reason there is one here
}
