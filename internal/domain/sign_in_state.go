package domain

import (
	"strings"
	"time"
)

// SignInState is a sign-in that somebody began at an identity provider. Its
// secret travels as the state parameter (OpenID Connect Core §3.1.2.1) and is
// stored only as Hash; it serves once.
type SignInState struct {
	Hash       SecretHash // of the state
	Browser    SecretHash // of the cookie of the browser that began it
	ProviderID string
	ReturnTo   string // a path of the console
	CreatedAt  time.Time
	ExpiresAt  time.Time
}

// SignInLife is how long a person may take at their identity provider.
const SignInLife = 10 * time.Minute

// Prefixes of the secrets of a sign-in.
const (
	PrefixSignInState   = "authsec_ss_"
	PrefixSignInBrowser = "authsec_sb_"
)

// LiveAt reports whether the sign-in can still be completed at an instant.
func (s SignInState) LiveAt(now time.Time) bool { return now.Before(s.ExpiresAt) }

// maxReturnPath bounds where a sign-in returns to, in bytes.
const maxReturnPath = 1024

// ReturnPath returns a path of the console to go to after a sign-in: path, or
// "/" for what could lead anywhere else. Browsers read "\" as "/", and "//" as
// the beginning of another site's address.
func ReturnPath(path string) string {
	local := strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && len(path) <= maxReturnPath &&
		!strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' })
	if !local {
		return "/"
	}
	return path
}
