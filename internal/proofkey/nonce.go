package proofkey

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"authsec/sdk/go/dpop"
)

const (
	// NonceKeyBytes is the length of the key that nonces are made with.
	NonceKeyBytes = sha256.Size
	// noncePeriod is how long one nonce is given out; it is taken for as long again.
	noncePeriod = 150 * time.Second
	// nonceVersion separates this construction from any other use of the key.
	nonceVersion = "authsec-dpop-nonce-v1\n"
)

// Nonces are those that proofs must carry (RFC 9449 §8). They are made from the
// time and a key that all replicas share, so that each takes another's and none
// remembers any. Get them from NewNonces; the zero value takes none.
type Nonces struct{ key []byte }

// NewNonces returns the nonces of a key of NonceKeyBytes.
func NewNonces(key []byte) (Nonces, error) {
	if len(key) != NonceKeyBytes {
		return Nonces{}, errors.New("DPoP nonces need a key of 32 bytes")
	}
	return Nonces{key: key}, nil
}

// At returns the nonce to give out at an instant: 43 characters of base64url.
func (n Nonces) At(now time.Time) string { return n.of(bucket(now)) }

// Takes reports whether a nonce was given out in the present period or the one
// before, here or by a replica whose clock is ahead.
func (n Nonces) Takes(nonce string, now time.Time) bool {
	if len(n.key) == 0 {
		return false
	}
	taken, present := false, bucket(now)
	for b := present - 1; b <= bucket(now.Add(dpop.Leeway)); b++ {
		taken = hmac.Equal([]byte(nonce), []byte(n.of(b))) || taken
	}
	return taken
}

func bucket(now time.Time) int64 { return now.Unix() / int64(noncePeriod/time.Second) }

func (n Nonces) of(bucket int64) string {
	mac := hmac.New(sha256.New, n.key)
	mac.Write([]byte(nonceVersion))
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(bucket))) //nolint:gosec // G115: any int64 has its own eight bytes
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
