package verify

import (
	"errors"
	"fmt"

	"authsec/sdk/go/jws"
)

// algorithm is the whole allow-list. It never depends on a token or a key.
const algorithm = jws.RS256

// parseHeader checks all that can be known of a raw token without a key, in the
// order cheapest first, and returns the ID of the key that is to verify it.
func parseHeader(raw string) (token *jws.Token, keyID string, err error) {
	if token, err = jws.Parse(raw, algorithm); err != nil {
		return nil, "", refused(err)
	}
	if typ, _ := token.Type(); typ != "at+jwt" {
		return nil, "", fmt.Errorf("%w: want typ at+jwt", ErrType)
	}
	if keyID = token.KeyID(); keyID == "" {
		return nil, "", fmt.Errorf("%w: want a kid", ErrUnknownKey)
	}
	return token, keyID, nil
}

// refused gives an error of package jws our name for its reason.
func refused(err error) error {
	e, ok := errors.AsType[*jws.Error](err)
	if !ok {
		return err
	}
	reason := ErrMalformed
	switch e.Reason {
	case jws.Malformed:
	case jws.Header:
		reason = ErrHeader
	case jws.Algorithm:
		reason = ErrAlgorithm
	case jws.Signature:
		return ErrSignature
	}
	return fmt.Errorf("%w: %s", reason, e.Detail)
}
