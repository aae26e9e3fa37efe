package revocation

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"authsec/internal/domain"
	"authsec/internal/token"
)

// maxArray bounds what a list may inflate to: that of the largest is 256 KiB.
const maxArray = 1 << 20

// ReadStatus returns what is recorded of an index by the payload of a Status List
// Token, whose signature was verified, from the address uri (§8.3). Known is false
// for a list that is shorter.
func ReadStatus(payload []byte, uri string, index int64, now time.Time) (domain.TokenState, error) {
	var c statusListClaims
	if err := json.Unmarshal(payload, &c); err != nil {
		return domain.TokenState{}, errors.New("the status list token's claims are malformed")
	}
	switch bits := c.StatusList.Bits; {
	case c.Subject != uri:
		return domain.TokenState{}, fmt.Errorf("the status list at %s is another's", uri)
	case now.Sub(time.Unix(c.ExpiresAt, 0)) >= token.Leeway:
		return domain.TokenState{}, fmt.Errorf("the status list at %s has expired", uri)
	case bits != 1 && bits != 2 && bits != 4 && bits != 8:
		return domain.TokenState{}, fmt.Errorf("the status list at %s has places of %d bits", uri, bits)
	}
	array, err := inflate(c.StatusList.List)
	if err != nil {
		return domain.TokenState{}, fmt.Errorf("the status list at %s: %w", uri, err)
	}
	perByte := int64(8 / c.StatusList.Bits)
	if index < 0 || index >= int64(len(array))*perByte {
		return domain.TokenState{}, nil
	}
	status := array[index/perByte] >> (index % perByte * int64(c.StatusList.Bits)) & byte(1<<c.StatusList.Bits-1)
	return domain.TokenState{Known: true, Retired: status != 0}, nil
}

// inflate is the inverse of encode's last steps.
func inflate(lst string) ([]byte, error) {
	packed, err := base64.RawURLEncoding.Strict().DecodeString(lst)
	if err != nil {
		return nil, errors.New("lst is not base64url")
	}
	z, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, errors.New("lst is not compressed by zlib")
	}
	array, err := io.ReadAll(io.LimitReader(z, maxArray+1))
	switch {
	case len(array) > maxArray:
		return nil, fmt.Errorf("lst has more than %d bytes", maxArray)
	case err != nil:
		return nil, errors.New("lst is not compressed by zlib")
	}
	return array, nil
}
