package domain

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
)

// Secret is a string that must not be printed. Every formatting verb, JSON and
// slog show a placeholder; Reveal is the only way to the value. Three holes are
// the standard library's own: fmt calls no method on an unexported struct field,
// nor for %p, and JSON takes a string map key as it is. So what could be printed
// holds a Secret in an exported field, and never as a key.
type Secret string

const redacted = "[redacted]"

// Reveal returns the value. Call it only where the value leaves for its holder
// or is compared.
func (s Secret) Reveal() string { return string(s) }

// Format implements fmt.Formatter, so that %v, %s, %q, %x and %#v all redact.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText implements encoding.TextMarshaler; JSON uses it too.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// Prefixes of the secrets that we generate, so that scanners recognise a leaked one.
const (
	PrefixClientSecret   = "authsec_cs_"
	PrefixResourceSecret = "authsec_rs_"
	PrefixAPIToken       = "authsec_at_"
	PrefixSession        = "authsec_se_"
	PrefixSetupLink      = "authsec_su_"
)

// MaxSecretBytes bounds a secret that a caller presents.
const MaxSecretBytes = 512

// NewSecret returns prefix followed by 256 bits from random, base64url.
func NewSecret(random io.Reader, prefix string) (Secret, error) {
	b := make([]byte, 32)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("read randomness: %w", err)
	}
	return Secret(prefix + base64.RawURLEncoding.EncodeToString(b)), nil
}

// SecretHash is the SHA-256 of a generated secret: what is stored in its place.
// Secrets that people choose (passwords) are never hashed this way.
type SecretHash [sha256.Size]byte

// Format implements fmt.Formatter: no hash of a secret is printed either.
func (SecretHash) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText implements encoding.TextMarshaler; JSON uses it too.
func (SecretHash) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements slog.LogValuer.
func (SecretHash) LogValue() slog.Value { return slog.StringValue(redacted) }

// Hash returns the hash to store or look up.
func (s Secret) Hash() SecretHash { return sha256.Sum256([]byte(s)) }

// Matches compares in constant time.
func (h SecretHash) Matches(s Secret) bool {
	other := s.Hash()
	return subtle.ConstantTimeCompare(h[:], other[:]) == 1
}
