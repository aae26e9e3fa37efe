package jws

import "fmt"

// Reason is why a token cannot be read or is not genuine.
type Reason string

// The reasons.
const (
	// Malformed: not a compact JWS of at most [MaxBytes] that holds two JSON
	// objects without duplicated members (RFC 7515 §3, §5.2; RFC 8725 §2.4).
	Malformed Reason = "malformed"
	// Header: the header names a key of its own, an extension or an encoding that
	// is never accepted (RFC 7515 §4.1.11, RFC 8725 §3.10).
	Header Reason = "header"
	// Algorithm: alg is none of those that the caller accepts (RFC 8725 §3.1).
	Algorithm Reason = "algorithm"
	// Signature: the signature does not match the key (RFC 7515 §5.2).
	Signature Reason = "signature"
)

// Error says why a token is refused. Its text holds no part of the token.
type Error struct {
	Reason Reason
	Detail string // "want three parts"
}

// Error implements error.
func (e *Error) Error() string {
	if e.Detail == "" {
		return "token: " + string(e.Reason)
	}
	return "token: " + string(e.Reason) + ": " + e.Detail
}

func malformed(format string, args ...any) error {
	return &Error{Malformed, fmt.Sprintf(format, args...)}
}
