package recall

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"io"
	"time"

	"authsec/sdk/go/jws"
)

const (
	// maxListBytes bounds a list token, and what it decompresses to.
	maxListBytes = 1 << 20
	maxTTL       = 253402300799
)

// List is a status list whose signature holds.
type List struct {
	bits     int
	statuses []byte

	IssuedAt  time.Time
	ExpiresAt time.Time
	TTL       time.Duration // 0: it does not say
}

// parseList reads the status_list claim (draft-ietf-oauth-status-list §4.2).
func parseList(o jws.Object) (*List, error) {
	members, ok := o["status_list"].(map[string]any)
	if !ok {
		return nil, refuse("claims", "want status_list to be an object")
	}
	list := jws.Object(members)
	bits, ok := list.Whole("bits", 8)
	if !ok || bits != 1 && bits != 2 && bits != 4 && bits != 8 {
		return nil, refuse("claims", "bits: want 1, 2, 4 or 8")
	}
	lst, ok := list.Text("lst")
	if !ok {
		return nil, refuse("claims", "lst: want a string")
	}
	statuses, err := inflate(lst)
	if err != nil {
		return nil, err
	}
	l := &List{bits: int(bits), statuses: statuses}
	if o.Has("ttl") {
		ttl, ok := o.Whole("ttl", maxTTL)
		if !ok || ttl == 0 {
			return nil, refuse("claims", "ttl: want a positive whole number")
		}
		l.TTL = time.Duration(min(ttl, 86400)) * time.Second // longer is not of interest
	}
	return l, nil
}

// inflate reads base64url of one zlib stream (RFC 1950), and stops before it
// has become too large.
func inflate(lst string) ([]byte, error) {
	packed, err := base64.RawURLEncoding.Strict().DecodeString(lst)
	if err != nil || bytes.ContainsAny([]byte(lst), "\r\n") { // which the decoder skips
		return nil, refuse("claims", "lst: want base64url without padding")
	}
	in := bytes.NewReader(packed)
	z, err := zlib.NewReader(in)
	if err != nil {
		return nil, refuse("claims", "lst: want a zlib stream")
	}
	statuses, err := io.ReadAll(io.LimitReader(z, maxListBytes+1))
	switch {
	case len(statuses) > maxListBytes:
		return nil, refuse("too_large", "more than %d bytes when decompressed", maxListBytes)
	case err != nil, z.Close() != nil, in.Len() > 0:
		return nil, refuse("claims", "lst: want one whole zlib stream")
	}
	return statuses, nil
}

// Len returns how many statuses the list holds.
func (l *List) Len() int { return len(l.statuses) * 8 / l.bits }

// Status returns the status of an index: 0 is valid (§7.1). ok is false when the list has
// no such index.
func (l *List) Status(index int64) (status byte, ok bool) {
	if index < 0 || index >= int64(l.Len()) {
		return 0, false
	}
	bit := int(index) * l.bits
	return l.statuses[bit/8] >> (bit % 8) & (1<<l.bits - 1), true
}

// retire marks an index invalid, when there is one.
func (l *List) retire(index int64) {
	if index < 0 || index >= int64(l.Len()) {
		return
	}
	bit := int(index) * l.bits
	l.statuses[bit/8] |= 1 << (bit % 8)
}
