package domain

import (
	"fmt"
	"io"
	"strings"

	"github.com/google/uuid"
)

// NewID returns a version 7 UUID (RFC 9562 §5.7): unique everywhere, and
// sorted by the time of its making, which keyset paging relies on.
func NewID(random io.Reader) (string, error) {
	id, err := uuid.NewV7FromReader(random)
	if err != nil {
		return "", fmt.Errorf("make an id: %w", err)
	}
	return id.String(), nil
}

// ParseID returns the canonical form of a UUID in its 36-character form.
// Other spellings (braces, urn:, no dashes) are refused, so that one thing has one name.
func ParseID(s string) (string, bool) {
	if len(s) != 36 {
		return "", false
	}
	id, err := uuid.Parse(s)
	if err != nil {
		return "", false
	}
	return strings.ToLower(id.String()), true
}
