package identity

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// readSecret reads a client secret without the white space around it, which
// files end in.
func readSecret(r io.Reader) (string, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxClientSecret+1))
	if err != nil {
		return "", err
	}
	if len(raw) > maxClientSecret {
		return "", fmt.Errorf("it has more than %d KiB", maxClientSecret>>10)
	}
	secret := strings.TrimSpace(string(raw))
	if secret == "" {
		return "", errors.New("it is empty")
	}
	return secret, nil
}
