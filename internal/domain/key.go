package domain

import "time"

// StoredKey is a signing key as the store keeps it. Nothing in it ever changes:
// what a key may do at an instant follows from the times of all keys.
type StoredKey struct {
	KID         string    // RFC 7638 thumbprint of the public key
	Alg         string    // JWS algorithm: RS256
	Sealed      string    // the private key, encrypted under the master key (JWE)
	PublishedAt time.Time // in the JWKS from here on
	ActiveAt    time.Time // may sign from here on, until a later key may
}

// ErrRotationPending refuses a rotation while the key of an earlier one, which
// signs from activeAt on, still waits: verifiers need that time to fetch it.
func ErrRotationPending(activeAt time.Time) *Error {
	return Errorf(Conflict, "rotation_pending", "A new key is published already and signs from %s on. Rotate again after that.",
		activeAt.UTC().Add(time.Second-1).Truncate(time.Second).Format(time.RFC3339))
}
