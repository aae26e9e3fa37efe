package verify

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

const (
	maxKeys    = 100
	minKeyBits = 2048 // RFC 7518 §3.3; go-jose refuses more than 4096
)

// keyMap holds public RSA keys by key ID.
type keyMap map[string]*jose.JSONWebKey

// parseKeys reads a JWK Set and keeps the keys that may verify our tokens. Keys
// of other types and for other uses are passed over (RFC 7517 §5), so that the
// issuer can publish them; two usable keys of one ID make the set ambiguous.
func parseKeys(data []byte) (keyMap, error) {
	if jsonDepth(data) > maxJSONDepth {
		return nil, errors.New("not a JWK Set: nested too deeply")
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil || set.Keys == nil {
		return nil, errors.New("not a JWK Set")
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("%d keys in the JWK Set: want at most %d", len(set.Keys), maxKeys)
	}
	keys := make(keyMap, len(set.Keys))
	for _, raw := range set.Keys {
		key := parseKey(raw)
		if key == nil {
			continue
		}
		if _, taken := keys[key.KeyID]; taken {
			return nil, fmt.Errorf("two keys in the JWK Set have the ID %q", key.KeyID)
		}
		keys[key.KeyID] = key
	}
	return keys, nil
}

// parseKey returns a public key that may verify RS256 signatures, or nil.
func parseKey(raw []byte) *jose.JSONWebKey {
	var key jose.JSONWebKey
	var more struct {
		Operations []string `json:"key_ops"`
	}
	if key.UnmarshalJSON(raw) != nil || json.Unmarshal(raw, &more) != nil {
		return nil
	}
	// A private key does not pass either: once published it proves nothing.
	public, ok := key.Key.(*rsa.PublicKey)
	switch {
	case !ok, key.KeyID == "",
		public.N.BitLen() < minKeyBits,
		key.Use != "" && key.Use != "sig",
		key.Algorithm != "" && key.Algorithm != string(jose.RS256),
		more.Operations != nil && !slices.Contains(more.Operations, "verify"):
		return nil
	}
	return &key
}

// staticKeys is a keySource that never changes.
type staticKeys keyMap

func (k staticKeys) key(_ context.Context, id string) (*jose.JSONWebKey, error) {
	key, ok := k[id]
	if !ok {
		return nil, ErrUnknownKey
	}
	return key, nil
}

func (staticKeys) close() {}
