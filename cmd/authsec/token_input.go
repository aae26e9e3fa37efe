package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"authsec/internal/domain"
)

// maxTokenFile is longer than any token, so that a long one is judged and not cut.
const maxTokenFile = 64 << 10

// tokenFrom reads a token from a file, or from standard input for "-" and "",
// without the white space that files end in.
func (p *program) tokenFrom(name string) (domain.Secret, error) {
	in := io.Reader(os.Stdin)
	if name != "" && name != "-" {
		file, err := os.Open(name) //nolint:gosec // G304: the operator names the file
		if err != nil {
			return "", err
		}
		defer file.Close() //nolint:errcheck // only read
		in = file
	} else if terminal(os.Stdin) {
		fmt.Fprintln(p.stderr, "Paste the token, then press Enter and Ctrl-D.")
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxTokenFile+1))
	switch {
	case err != nil:
		return "", err
	case len(raw) > maxTokenFile:
		return "", errors.New("it is longer than any token")
	}
	text := strings.TrimSpace(string(raw))
	if text == "" {
		return "", errors.New("it is empty: it must hold the token alone")
	}
	return domain.Secret(text), nil
}

// looksLikeToken reports whether an argument is a compact JWS rather than a file's name.
func looksLikeToken(arg string) bool {
	return strings.HasPrefix(arg, "eyJ") && strings.Count(arg, ".") == 2
}
