package verify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"

	"authsec/sdk/go/dpop"
)

const (
	// noncePeriod is for how long one nonce is given out. It is good for as long again.
	noncePeriod  = 150 * time.Second
	nonceKeySize = 32
)

// nonces are those of this API (RFC 9449 §9). None is remembered: a nonce is a MAC
// of the time, and replicas that share the key take each other's. It shows that a
// proof was made lately, not that it is seen for the first time.
type nonces struct{ key []byte }

func newNonces(key []byte) (*nonces, error) {
	if len(key) < nonceKeySize {
		return nil, fmt.Errorf("DPoP: NonceKey: want at least %d bytes", nonceKeySize)
	}
	return &nonces{append([]byte{}, key...)}, nil
}

// at returns the nonce to give out now.
func (n *nonces) at(now time.Time) string { return n.of(period(now)) }

// accepts reports whether a nonce is of this period or the one before, by the clock
// of any replica.
func (n *nonces) accepts(nonce string, now time.Time) bool {
	accepted := false
	for p := period(now) - 1; p <= period(now.Add(dpop.Leeway)); p++ {
		accepted = hmac.Equal([]byte(nonce), []byte(n.of(p))) || accepted
	}
	return accepted
}

func period(now time.Time) int64 { return now.Unix() / int64(noncePeriod/time.Second) }

func (n *nonces) of(period int64) string {
	mac := hmac.New(sha256.New, n.key)
	mac.Write(binary.BigEndian.AppendUint64([]byte("authsec resource DPoP nonce "), uint64(period))) //nolint:gosec // only its bits count
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
