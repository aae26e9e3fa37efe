package keyring

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Document is the JWKS (RFC 7517 §5) as it goes out. Its max-age is JWKSMaxAge.
type Document struct {
	Body []byte // do not change
	ETag string // strong, with its quotes
	keys []*key
}

// JWKS returns the published keys at an instant. It is encoded again only when
// they change.
func (k *Keyring) JWKS(now time.Time) (*Document, error) {
	keys := k.timeline().published(now)
	if d := k.jwks.Load(); d != nil && slices.Equal(d.keys, keys) {
		return d, nil
	}
	set := jose.JSONWebKeySet{Keys: make([]jose.JSONWebKey, len(keys))} // [], never null
	for i, key := range keys {
		set.Keys[i] = key.public
	}
	body, err := json.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("encode the JWKS: %w", err)
	}
	sum := sha256.Sum256(body)
	d := &Document{Body: body, ETag: `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`, keys: keys}
	k.jwks.Store(d)
	return d, nil
}
