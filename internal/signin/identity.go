package signin

import (
	"context"
	"time"

	"authsec/internal/domain"
)

// IdentityProviders run a sign-in at a provider (OpenID Connect, authorization
// code with PKCE). Unavailable: the provider does not answer. Unauthenticated:
// what it said cannot be believed.
type IdentityProviders interface {
	// AuthorizeURL returns where the browser goes.
	AuthorizeURL(ctx context.Context, p domain.IdentityProvider, b Binding) (string, error)
	// Redeem exchanges the code that came back for who the person is.
	Redeem(ctx context.Context, p domain.IdentityProvider, code, issuer string, b Binding) (Person, error)
}

// Binding is what one sign-in is bound to, besides the browser.
type Binding struct {
	State    string
	Nonce    string // OpenID Connect Core §3.1.2.1
	Verifier string // of PKCE, RFC 7636 §4.1
}

// Person is who a provider says has signed in.
type Person struct {
	Subject       string
	Email         string // "" : not told
	EmailVerified bool
	Name          string // "" : not told
}

// People are the users as identity providers know them: by provider and
// subject, never by an email.
type People interface {
	// IdentityProvider returns the provider of an ID, enabled or not, or NotFound.
	IdentityProvider(ctx context.Context, id string) (domain.IdentityProvider, error)
	// LinkedUser returns the user, active or not, whom a provider calls subject, or NotFound.
	LinkedUser(ctx context.Context, providerID, subject string) (domain.User, error)
	// CreateLinkedUser adds a user with their link. Conflict (already_exists): on
	// /email another user has the address, on /subject the person has a user.
	CreateLinkedUser(ctx context.Context, u domain.User, l domain.IdentityLink, events ...domain.Event) error
}

// SignIns are the sign-ins that were begun.
type SignIns interface {
	// PutSignInState keeps one, or NotFound when its provider is gone.
	PutSignInState(ctx context.Context, s domain.SignInState) error
	// TakeSignInState returns one and forgets it. NotFound: it is spent, over or
	// never was.
	TakeSignInState(ctx context.Context, hash domain.SecretHash, now time.Time) (domain.SignInState, error)
}

// The codes of a sign-in that came to nothing, as the contract's SignInError has
// them (api/openapi.yaml).
const (
	CodeProviderUnknown     = "provider_unknown"
	CodeProviderUnavailable = "provider_unavailable"
	CodeDenied              = "denied"
	CodeExpired             = "expired"
	CodeFailed              = "failed"
	CodeNotLinked           = "not_linked"
	CodeEmailTaken          = "email_taken"
	CodeEmailMissing        = "email_missing"
	CodeSuspended           = "suspended"
	CodeRateLimited         = "rate_limited"
)
