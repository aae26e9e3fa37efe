package revocation

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"fmt"

	"authsec/internal/domain"
)

// bits is how many a status takes. Two leave room for SUSPENDED (§7.1).
const bits = 2

// statusInvalid is the status type of a retired index (§7.1); 0 is VALID.
const statusInvalid byte = 0x01

// encode returns a list's lst: the compressed byte array of §4.1, base64url.
func encode(l domain.StatusList) (string, error) {
	if l.Size <= 0 || l.Size > domain.StatusListSize {
		return "", fmt.Errorf("status list %d has %d indexes", l.ID, l.Size)
	}
	array := make([]byte, (l.Size*bits+7)/8)
	for _, index := range l.Retired {
		if index < 0 || index >= l.Size {
			return "", fmt.Errorf("status list %d has no index %d", l.ID, index)
		}
		set(array, index, statusInvalid)
	}
	compressed, err := compress(array)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(compressed), nil
}

// set writes the status of an index: indexes fill a byte from its least
// significant bits up (§4.1 item 3).
func set(array []byte, index int64, status byte) {
	array[index*bits/8] |= status << (index * bits % 8)
}

// compress applies DEFLATE in the ZLIB format, as hard as it can (§4.1 item 4).
func compress(array []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, zlib.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("compress a status list: %w", err)
	}
	if _, err := w.Write(array); err != nil {
		return nil, fmt.Errorf("compress a status list: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compress a status list: %w", err)
	}
	return b.Bytes(), nil
}

// pack returns a text as gzip. A list is deflated inside, but base64url leaves a
// quarter to win.
func pack(text string) (string, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return "", fmt.Errorf("compress a status list token: %w", err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		return "", fmt.Errorf("compress a status list token: %w", err)
	}
	if err := w.Close(); err != nil {
		return "", fmt.Errorf("compress a status list token: %w", err)
	}
	return b.String(), nil
}
