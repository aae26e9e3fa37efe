package domain

import (
	"time"
)

// IdentityProvider is where people sign in from: an OpenID Connect issuer
// (DESIGN §1). It is never a workload source.
type IdentityProvider struct {
	ID        string
	Name      string
	Enabled   bool
	Settings  IdentityProviderSettings
	CreatedAt time.Time
	UpdatedAt time.Time
}

// IdentityProviderSettings say what is believed of an issuer. They are stored
// as this JSON and hold no secret: what is secret is named by a file on the server.
type IdentityProviderSettings struct {
	Issuer string `json:"issuer"` // the tokens' iss
	// Audience is what a subject token must be made for (RFC 8693 §2.1); "" : the
	// provider lends nobody's authority by exchange.
	Audience        string `json:"audience,omitempty"`
	JWKS            string `json:"jwks,omitempty"`     // as OIDCSource
	JWKSURL         string `json:"jwks_url,omitempty"` // as OIDCSource; with neither, discovery
	CABundle        string `json:"ca_bundle,omitempty"`
	MaxTokenSeconds int64  `json:"max_token_seconds,omitempty"` // longest exp − iat of a subject token; 0: DefaultMaxProofAge
	// CreateUsers makes a member of a person who is not linked yet, at their first
	// exchange or sign-in; otherwise an admin links them before.
	CreateUsers bool `json:"create_users,omitempty"`

	// Console sign-in (OpenID Connect, authorization code with PKCE).
	SignIn           bool     `json:"sign_in,omitempty"`
	ClientID         string   `json:"client_id,omitempty"`          // of this server at the provider; the aud of ID tokens
	ClientSecretFile string   `json:"client_secret_file,omitempty"` // path of a file on the server; "" : a public client
	Scopes           []string `json:"scopes,omitempty"`             // besides openid
}

// MaxIdentityProviders bounds them: every exchange knows the enabled ones.
const MaxIdentityProviders = 50

const (
	maxScopes = 20
	maxScope  = 100 // characters of one
)

// IdentityProviderSpec is what an admin says to add an identity provider.
type IdentityProviderSpec struct {
	Name     string
	Enabled  bool
	Settings IdentityProviderSettings
}

// Check validates and normalises the spec in place.
func (s *IdentityProviderSpec) Check() error {
	var f Faults
	s.Name = CheckName(&f, "/name", s.Name)
	s.Settings.check(&f)
	return f.Err()
}

// IdentityProviderPatch is a change to an identity provider; nil leaves a field
// as it is. The settings are replaced as a whole; the issuer never changes: it
// would be other people.
type IdentityProviderPatch struct {
	Name     *string
	Settings *IdentityProviderSettings
}

// Check validates the patch in place.
func (p *IdentityProviderPatch) Check(issuer string) error {
	var f Faults
	if p.Name != nil {
		name := CheckName(&f, "/name", *p.Name)
		p.Name = &name
	}
	if p.Settings != nil {
		p.Settings.check(&f)
		if p.Settings.Issuer != issuer {
			f.Add("/issuer", "not_allowed", "issuer never changes: people are known by it. Add another identity provider.")
		}
	}
	return f.Err()
}

func (s *IdentityProviderSettings) check(f *Faults) {
	checkHTTPS(f, "/issuer", s.Issuer)
	if s.Audience != "" {
		CheckAudience(f, "/audience", s.Audience)
	}
	checkKeys(f, "", s.JWKS, s.JWKSURL)
	checkCABundle(f, "/ca_bundle", s.CABundle)
	checkTokenLife(f, "/max_token_seconds", s.MaxTokenSeconds)
	if s.ClientSecretFile != "" {
		checkPath(f, "/client_secret_file", s.ClientSecretFile)
	}
	CheckText(f, "/client_id", s.ClientID, MaxName, false)
	if s.SignIn && s.ClientID == "" {
		f.Add("/client_id", "required", "client_id is required for sign_in: what the provider calls this server.")
	}
	if !s.SignIn && s.Audience == "" {
		f.Add("/audience", "required", "audience is required unless sign_in is on: what a subject token must be made for.")
	}
	if s.Audience != "" && s.Audience == s.Issuer {
		f.Add("/audience", "not_allowed", "audience must not be the issuer: tokens for the issuer's own endpoints carry it.")
	}
	if len(s.Scopes) > maxScopes {
		f.Add("/scopes", "too_many", "scopes may list at most %d.", maxScopes)
		return
	}
	s.Scopes = checkSet(f, "/scopes", s.Scopes, func(f *Faults, field, scope string) {
		if !validScope(scope) || len(scope) > maxScope {
			f.Add(field, "invalid_name", "%s must be a scope, such as profile.", label(field))
		}
	})
}

// validScope reports whether s is a scope-token (RFC 6749 §3.3).
func validScope(s string) bool {
	for _, r := range s {
		if r < 0x21 || r > 0x7e || r == '"' || r == '\\' {
			return false
		}
	}
	return s != ""
}

// IdentityLink says that a person at a provider is a user: (issuer, subject),
// never an email, makes them one.
type IdentityLink struct {
	ProviderID string
	Subject    string // sub of the provider's tokens
	UserID     string
	CreatedAt  time.Time
}

// MaxSubject bounds the sub of a person, in bytes (OpenID Connect Core §2: 255).
const MaxSubject = 255
