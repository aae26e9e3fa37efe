package domain_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"authsec/internal/domain"
)

const hidden = "hunter2-hunter2"

// printings are the ways in which a value could reach a log or an answer.
func printings(v any) map[string]string {
	out := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%b", "%o", "%c", "%U", "%e", "%t", "%10.3s", "%z"} {
		out[verb] = fmt.Sprintf(verb, v)
	}
	out["Sprint"], out["Sprintln"] = fmt.Sprint(v), fmt.Sprintln(v)
	out["Errorf"] = fmt.Errorf("refused %v: %w", v, io.EOF).Error()
	out["extra argument"] = fmt.Sprintf("%s", append([]any{"x"}, v)...) //nolint:govet // the mistake is the point
	b, err := json.Marshal(v)
	out["json"] = fmt.Sprint(string(b), err)
	for name, handler := range map[string]func(io.Writer) slog.Handler{
		"slog json": func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
		"slog text": func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
	} {
		var buf bytes.Buffer
		slog.New(handler(&buf)).Info("x", "value", v, slog.Group("group", "value", v))
		out[name] = buf.String()
	}
	return out
}

func TestSecretIsNeverPrinted(t *testing.T) {
	secret := domain.Secret(hidden)
	hash := secret.Hash()
	values := map[string]any{
		"alone":      secret,
		"pointer":    &secret,
		"slice":      []domain.Secret{secret},
		"map value":  map[string]domain.Secret{"password": secret},
		"struct":     domain.UserSpec{Email: "ana@example.com", Password: secret},
		"in a user":  &domain.User{PasswordHash: secret},
		"interface":  struct{ V any }{secret},
		"error":      &domain.Error{Code: "x", Details: map[string]any{"password": secret}, Err: fmt.Errorf("bad %v", secret)},
		"joined":     errors.Join(fmt.Errorf("one %s", secret), fmt.Errorf("two %q", secret)),
		"hash":       hash,
		"an agent's": domain.Agent{Secrets: []domain.ClientSecret{{Hash: hash}}},
		"a session":  &domain.Session{Hash: hash},
	}
	leaks := []string{hidden, "hunter2", fmt.Sprintf("%x", hidden), fmt.Sprintf("%X", hidden), fmt.Sprintf("% x", hidden),
		domain.Hash(hash).String(), fmt.Sprintf("%d, %d", hash[0], hash[1]), fmt.Sprintf("%d %d", hash[0], hash[1]), fmt.Sprintf("%d,%d", hash[0], hash[1])}
	for name, v := range values {
		for how, printed := range printings(v) {
			for _, leak := range leaks {
				if strings.Contains(printed, leak) {
					t.Errorf("%s by %s shows %q: %s", name, how, leak, printed)
				}
			}
		}
	}
	if got := fmt.Sprintf("%s|%#v|%d", secret, secret, hash); got != "[redacted]|[redacted]|[redacted]" {
		t.Errorf("placeholder is %q", got)
	}
	if secret.Reveal() != hidden {
		t.Errorf("Reveal lost the value")
	}
}

// A request body may carry a secret in: only the way out is closed.
func TestSecretIsReadFromJSON(t *testing.T) {
	var got struct{ Password domain.Secret }
	if err := json.Unmarshal([]byte(`{"Password":"`+hidden+`"}`), &got); err != nil {
		t.Fatal(err)
	}
	if got.Password.Reveal() != hidden {
		t.Error("the secret was not read")
	}
}

func TestNewSecret(t *testing.T) {
	a, err := domain.NewSecret(rand.Reader, domain.PrefixClientSecret)
	if err != nil {
		t.Fatal(err)
	}
	b, err := domain.NewSecret(rand.Reader, domain.PrefixClientSecret)
	if err != nil {
		t.Fatal(err)
	}
	if a == b {
		t.Error("two secrets are equal")
	}
	// 256 bits are 43 characters of base64url.
	if v := a.Reveal(); !strings.HasPrefix(v, "authsec_cs_") || len(v) != len("authsec_cs_")+43 || strings.ContainsAny(v, "+/=") {
		t.Error("the secret has another form than prefix and 43 characters of base64url")
	}
	if len(a.Reveal()) > domain.MaxSecretBytes {
		t.Error("our own secrets are longer than what is accepted")
	}
	if _, err := domain.NewSecret(bytes.NewReader(make([]byte, 31)), domain.PrefixSession); err == nil {
		t.Error("too little randomness made a secret")
	}
}

func TestSecretHash(t *testing.T) {
	h := domain.Secret(hidden).Hash()
	if !h.Matches(hidden) || h.Matches(hidden+"x") || h.Matches("") {
		t.Error("Matches is wrong")
	}
	if (domain.SecretHash{}).Matches("") {
		t.Error("the zero hash matches the empty secret")
	}
	// NIST's example for SHA-256.
	if got := domain.Hash(domain.Secret("abc").Hash()).String(); got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("hash is %s", got)
	}
}
