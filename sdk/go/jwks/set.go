package jwks

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"

	"authsec/sdk/go/jws"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

// maxKeys bounds what is read of a JWK Set.
const maxKeys = 100

// Policy says which keys of a set may be used.
type Policy struct {
	// Algorithms are the signature algorithms that keys are used for, of those
	// that package jws names.
	Algorithms []string
	// KeyIDOptional finds the key of a token that names none, where the set has
	// only one for the algorithm (OpenID Connect Core §10.1). Without it such
	// tokens, and keys without an ID, are not used.
	KeyIDOptional bool
}

// Set is a set of public keys that never changes. Safe for concurrent use.
type Set struct {
	keys     []key
	optional bool
}

type key struct {
	id         string
	algorithms []string
	public     crypto.PublicKey
}

// Parse reads a JWK Set (RFC 7517 §5) of at most 100 keys, and keeps those that
// the policy allows to be used. Others are passed over, so that an issuer can
// publish keys of other types and for other uses; two usable keys of one ID and
// algorithm make the set ambiguous, which is an error.
func Parse(document []byte, policy Policy) (*Set, error) {
	raws, err := members(document)
	if err != nil {
		return nil, err
	}
	set := &Set{optional: policy.KeyIDOptional}
	for _, raw := range raws {
		k, err := parseKey(raw, policy)
		if err != nil {
			continue
		}
		if k.id != "" && slices.ContainsFunc(set.keys, k.clashes) {
			return nil, fmt.Errorf("two keys in the JWK Set have the ID %q", k.id)
		}
		set.keys = append(set.keys, k)
	}
	return set, nil
}

// ParseAll is Parse for a set whose every key is meant for us: one that cannot
// be used is an error that says which and why.
func ParseAll(document []byte, policy Policy) (*Set, error) {
	raws, err := members(document)
	if err != nil {
		return nil, err
	}
	var faults []error
	for i, raw := range raws {
		if _, err := parseKey(raw, policy); err != nil {
			faults = append(faults, fmt.Errorf("key %d of the JWK Set: %w", i+1, err))
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return Parse(document, policy)
}

func members(document []byte) ([]json.RawMessage, error) {
	if jws.Depth(document) > jws.MaxDepth {
		return nil, errors.New("not a JWK Set: nested too deeply")
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(document, &set); err != nil || set.Keys == nil {
		return nil, errors.New("not a JWK Set")
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("%d keys in the JWK Set: want at most %d", len(set.Keys), maxKeys)
	}
	return set.Keys, nil
}

// parseKey returns a public key that may verify signatures, or why it may not.
func parseKey(raw []byte, policy Policy) (key, error) {
	var jwk jose.JSONWebKey
	var more struct {
		Operations []string `json:"key_ops"`
	}
	if jwk.UnmarshalJSON(raw) != nil || json.Unmarshal(raw, &more) != nil {
		return key{}, errors.New("not a key that can be read, of RSA (at most 4096 bits), EC or Ed25519")
	}
	k := key{id: jwk.KeyID, public: jwk.Key}
	for _, algorithm := range policy.Algorithms {
		if (jwk.Algorithm == "" || jwk.Algorithm == algorithm) && jws.Fits(jwk.Key, algorithm) {
			k.algorithms = append(k.algorithms, algorithm)
		}
	}
	switch {
	// A private key does not pass: once published it proves nothing.
	case !jwk.IsPublic():
		return key{}, errors.New("not a public key")
	case k.id == "" && !policy.KeyIDOptional:
		return key{}, errors.New("it has no ID (kid)")
	case jwk.Use != "" && jwk.Use != "sig", more.Operations != nil && !slices.Contains(more.Operations, "verify"):
		return key{}, errors.New("it is not for signatures (use, key_ops)")
	case len(k.algorithms) == 0:
		return key{}, fmt.Errorf("it fits no algorithm that is accepted: want RSA of at least %d bits, EC or Ed25519, and an alg that goes with it", jws.MinRSABits)
	}
	return k, nil
}

// clashes reports whether a look-up could mean either key.
func (k key) clashes(other key) bool {
	return k.id == other.id && slices.ContainsFunc(k.algorithms, func(a string) bool { return slices.Contains(other.algorithms, a) })
}

// Len returns how many keys may be used.
func (s *Set) Len() int { return len(s.keys) }

// Key implements [Keys].
func (s *Set) Key(_ context.Context, id, algorithm string) (crypto.PublicKey, error) {
	if id == "" && !s.optional {
		return nil, ErrUnknown
	}
	var found crypto.PublicKey
	for _, k := range s.keys {
		if id != "" && k.id != id || !slices.Contains(k.algorithms, algorithm) {
			continue
		}
		if found != nil { // the token names none of several
			return nil, ErrUnknown
		}
		found = k.public
	}
	if found == nil {
		return nil, ErrUnknown
	}
	return found, nil
}

// Close implements [Keys]: there is nothing to end.
func (*Set) Close() {}
