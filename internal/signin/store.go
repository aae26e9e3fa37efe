package signin

import (
	"context"
	"time"

	"authsec/internal/domain"
)

// Accounts are the users, as far as signing in is concerned.
type Accounts interface {
	// User returns the user of an ID, or NotFound.
	User(ctx context.Context, id string) (domain.User, error)
	// UserByEmail returns the user of an address in any case, or NotFound.
	UserByEmail(ctx context.Context, email string) (domain.User, error)
	// AnyUser reports whether there is a user.
	AnyUser(ctx context.Context) (bool, error)
	// CreateFirstAdmin adds the first user; Conflict (users_exist) when there is one.
	CreateFirstAdmin(ctx context.Context, u domain.User, ev domain.Event) error
	// ChangePassword replaces the hash verified by fresh and the session with hash
	// old by successor, and ends the user's other sessions and links. Conflict when
	// the hash is no longer verified, NotFound when the session has ended.
	ChangePassword(ctx context.Context, verified, fresh domain.Secret, old domain.SecretHash, successor domain.Session, ev domain.Event) error
}

// Sessions are the sign-ins that last. Each user has a bounded number; a new
// one ends the oldest.
type Sessions interface {
	// CreateSession stores a sign-in while the user is active and their hash is
	// still verified, and sets it to upgraded; Conflict otherwise.
	CreateSession(ctx context.Context, session domain.Session, verified, upgraded domain.Secret, ev domain.Event) error
	// Session returns the session with a hash, live or not, or NotFound.
	Session(ctx context.Context, hash domain.SecretHash) (domain.Session, error)
	// TouchSession notes when it was last used.
	TouchSession(ctx context.Context, hash domain.SecretHash, at time.Time) error
	// ReplaceSession ends one and stores its successor; NotFound if it has ended.
	ReplaceSession(ctx context.Context, old domain.SecretHash, successor domain.Session, ev domain.Event) error
	// DeleteSession ends one, or NotFound.
	DeleteSession(ctx context.Context, hash domain.SecretHash, ev domain.Event) error
	// DeleteSessions ends all of a user's but one; the event is recorded if any was ended.
	DeleteSessions(ctx context.Context, userID string, except domain.SecretHash, ev domain.Event) error
	// CleanSessions deletes those that have ended by themselves.
	CleanSessions(ctx context.Context, now time.Time) error
}

// APITokens are the credentials of automation.
type APITokens interface {
	// CreateAPIToken stores one; NotFound when its owner is not active, Conflict beyond the bound per user.
	CreateAPIToken(ctx context.Context, a domain.APIToken, ev domain.Event) error
	// APIToken returns the token of an ID, live or not, or NotFound.
	APIToken(ctx context.Context, id string) (domain.APIToken, error)
	// APITokenByHash returns the token with a hash, live or not, or NotFound.
	APITokenByHash(ctx context.Context, hash domain.SecretHash) (domain.APIToken, error)
	// APITokens returns a page of them, newest first.
	APITokens(ctx context.Context, f domain.APITokenFilter, page domain.Page) (domain.List[domain.APIToken], error)
	// TouchAPIToken notes when it was last used.
	TouchAPIToken(ctx context.Context, id string, at time.Time) error
	// DeleteAPIToken ends one for good, or NotFound.
	DeleteAPIToken(ctx context.Context, id string, ev domain.Event) error
}

// SetupLinks let their holders choose a password once.
type SetupLinks interface {
	// CreateSetupLink stores a link in place of the user's earlier ones.
	CreateSetupLink(ctx context.Context, l domain.SetupLink, ev domain.Event) error
	// SetupLink returns the link with a hash, live or not, or NotFound.
	SetupLink(ctx context.Context, hash domain.SecretHash) (domain.SetupLink, error)
	// RedeemFirstAdminLink consumes a link and creates its admin and session.
	// NotFound when the link is spent or over, Conflict (users_exist) when there is a user.
	RedeemFirstAdminLink(ctx context.Context, l domain.SetupLink, u domain.User, session domain.Session, events ...domain.Event) error
	// RedeemSetupLink consumes a link, sets the password hash and begins the only
	// session. NotFound when the link is spent or over, or its user is not active.
	RedeemSetupLink(ctx context.Context, l domain.SetupLink, hash domain.Secret, session domain.Session, events ...domain.Event) error
	// CleanSetupLinks deletes those that nobody redeemed in time.
	CleanSetupLinks(ctx context.Context, now time.Time) error
}

// Audit is the audit log.
type Audit interface {
	// AppendEvents makes events durable, in order.
	AppendEvents(ctx context.Context, events []domain.Event, uses []domain.Use) error
}
