package config

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
)

// Secret is a setting that must not be printed. Every formatting verb, JSON and
// slog show a placeholder; Reveal is the only way to the value.
type Secret string

const redacted = "[redacted]"

// Reveal returns the value.
func (s Secret) Reveal() string { return string(s) }

// Format implements fmt.Formatter.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText implements encoding.TextMarshaler; JSON uses it too.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// DatabaseURLValue returns the PostgreSQL URL, from the setting or its file;
// "" means the embedded database. The value holds a password: it goes to the
// driver and nowhere else.
func (c Config) DatabaseURLValue() (string, error) {
	if c.DatabaseURLFile == "" {
		return c.DatabaseURL.Reveal(), nil
	}
	s, err := ReadSecretFile(c.DatabaseURLFile)
	if err != nil {
		return "", fault("DatabaseURLFile", "%v", err)
	}
	if problem := databaseURLProblem(s); problem != "" {
		return "", fault("DatabaseURLFile", "the file's content %s", problem)
	}
	return s.Reveal(), nil
}

// AdminPasswordValue returns the first admin's password, from the setting or
// its file; "" means that none is set.
func (c Config) AdminPasswordValue() (Secret, error) {
	if c.AdminPasswordFile == "" {
		return c.AdminPassword, nil
	}
	s, err := ReadSecretFile(c.AdminPasswordFile)
	if err != nil {
		return "", fault("AdminPasswordFile", "%v", err)
	}
	return s, nil
}

// maxSecretFile bounds the file of one secret, in bytes.
const maxSecretFile = 16 << 10

// ReadSecretFile returns a file's content without the line break at its end,
// which editors add. It reads once, so a pipe will do. Errors name the file and
// nothing that is in it.
func ReadSecretFile(path string) (Secret, error) {
	f, err := os.Open(path) //nolint:gosec // G304: the operator names the file
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	s := strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
	switch {
	case len(b) > maxSecretFile:
		return "", fmt.Errorf("%s has more than %d bytes: it must hold the secret alone", path, maxSecretFile)
	case s == "":
		return "", fmt.Errorf("%s is empty: it must hold the secret alone", path)
	case strings.ContainsAny(s, "\r\n\x00"):
		return "", fmt.Errorf("%s has several lines: it must hold the secret alone", path)
	}
	return Secret(s), nil
}
