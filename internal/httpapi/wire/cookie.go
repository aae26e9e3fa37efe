package wire

import (
	"net/http"
	"time"

	"authsec/internal/domain"
)

// SessionCookie is how a session's secret travels: HttpOnly, SameSite=Lax, for
// the whole site. On https it is Secure and has the __Host- prefix, so that no
// subdomain and no plain-http answer can plant one (RFC 6265bis §4.1.3.2).
type SessionCookie struct {
	Secure bool // the public URL is https
}

// Name returns the cookie's name.
func (c SessionCookie) Name() string {
	if c.Secure {
		return "__Host-authsec_session"
	}
	return "authsec_session"
}

// Set returns the cookie that carries a session's secret until its absolute end.
func (c SessionCookie) Set(secret domain.Secret, expires time.Time) *http.Cookie {
	//nolint:gosec // Secure is set wherever the public URL is https
	return &http.Cookie{Name: c.Name(), Value: secret.Reveal(), Path: "/", Expires: expires.UTC(),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: c.Secure}
}

// Clear returns the cookie that removes it.
func (c SessionCookie) Clear() *http.Cookie {
	//nolint:gosec // as above
	return &http.Cookie{Name: c.Name(), Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: c.Secure}
}

// Read returns the secret that a request carries, "" if none. Two cookies of
// the name are refused: one of them was planted.
func (c SessionCookie) Read(r *http.Request) domain.Secret {
	cookies := r.CookiesNamed(c.Name())
	if len(cookies) != 1 {
		return ""
	}
	return domain.Secret(cookies[0].Value)
}
