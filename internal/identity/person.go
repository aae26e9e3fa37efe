package identity

import (
	"time"

	"authsec/internal/domain"
	"authsec/sdk/go/jws"
)

// Person is whom an identity provider's token stands for.
type Person struct {
	ProviderID    string
	Subject       string // sub, unique at the provider; at most 255 bytes
	Email         string // "" : not told
	EmailVerified bool   // the provider vouches for Email
	Name          string // "" : not told
	Claims        map[string]any
	ExpiresAt     time.Time // the token's end
	// Settings are those of the provider by which the token was verified.
	Settings domain.IdentityProviderSettings
}

// personOf reads who a verified token's claims are about (OpenID Connect Core §5.1).
func personOf(provider domain.IdentityProvider, claims jws.Object, expires time.Time) Person {
	p := Person{ProviderID: provider.ID, Settings: provider.Settings, Claims: claims, ExpiresAt: expires}
	p.Subject, _ = claims.Text("sub")
	p.Email, _ = claims.Text("email")
	p.Name, _ = claims.Text("name")
	// Some providers write the flag as a string.
	switch v := claims["email_verified"].(type) {
	case bool:
		p.EmailVerified = v
	case string:
		p.EmailVerified = v == "true"
	}
	return p
}
