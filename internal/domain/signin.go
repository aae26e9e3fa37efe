package domain

import (
	"io"
	"time"
)

// The limits of a session.
const (
	SessionIdle = 30 * time.Minute // without use
	SessionLife = 12 * time.Hour   // whatever happens
)

// Session is one sign-in of a person to the console. Its secret is the
// cookie's value and is stored only as Hash.
type Session struct {
	Hash      SecretHash
	UserID    string
	Level     Level // the user's when the session got its ID
	CreatedAt time.Time
	SeenAt    time.Time // last use, to the minute
	ExpiresAt time.Time // the absolute limit; being idle ends it earlier
}

// EndsAt returns when the session ends if it is not used before.
func (s Session) EndsAt() time.Time {
	if idle := s.SeenAt.Add(SessionIdle); idle.Before(s.ExpiresAt) {
		return idle
	}
	return s.ExpiresAt
}

// LiveAt reports whether the session has not ended by itself at an instant.
func (s Session) LiveAt(now time.Time) bool { return now.Before(s.EndsAt()) }

// APIToken is a credential of automation. It has no authority of its own: it
// carries its owner's, as that is at each use.
type APIToken struct {
	ID         string
	UserID     string
	UserEmail  string // the owner's, for people; read-only
	UserName   string // the owner's, for people; read-only
	Name       string
	Hash       SecretHash
	CreatedAt  time.Time
	ExpiresAt  time.Time // zero: never
	LastUsedAt time.Time // zero: never; to the minute
}

// ExpiredAt reports whether the token's own end has come.
func (t APIToken) ExpiredAt(now time.Time) bool {
	return !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt)
}

// MaxAPITokenLife bounds how far ahead an API token's end may lie.
const MaxAPITokenLife = 366 * 24 * time.Hour

// APITokenSpec is what a person says to make an API token.
type APITokenSpec struct {
	Name      string
	ExpiresAt time.Time // zero: never
}

// Check validates and normalises the spec in place.
func (s *APITokenSpec) Check(now time.Time) error {
	var f Faults
	s.Name = CheckName(&f, "/name", s.Name)
	switch {
	case s.ExpiresAt.IsZero():
	case !s.ExpiresAt.After(now):
		f.Add("/expires_at", "in_the_past", "expires_at must be in the future.")
	case s.ExpiresAt.After(now.Add(MaxAPITokenLife)):
		f.Add("/expires_at", "out_of_range", "expires_at must be at most %d days ahead.", int(MaxAPITokenLife/(24*time.Hour)))
	}
	return f.Err()
}

// APITokenFilter narrows a list of API tokens.
type APITokenFilter struct {
	UserID string // "" : anybody's
}

// SetupLinkLife is how long a set-up link can be redeemed.
const SetupLinkLife = time.Hour

// SetupLink lets its holder choose a password once. Its secret is the link's
// fragment and is stored only as Hash.
type SetupLink struct {
	Hash      SecretHash
	UserID    string // "" : it makes the first admin
	CreatedAt time.Time
	ExpiresAt time.Time
}

// NewSetupLink makes a link for a user, or for the first admin ("").
// The secret is shown once.
func NewSetupLink(random io.Reader, userID string, now time.Time) (Secret, SetupLink, error) {
	secret, err := NewSecret(random, PrefixSetupLink)
	if err != nil {
		return "", SetupLink{}, err
	}
	return secret, SetupLink{Hash: secret.Hash(), UserID: userID, CreatedAt: now, ExpiresAt: now.Add(SetupLinkLife)}, nil
}

// LiveAt reports whether the link can still be redeemed at an instant.
func (l SetupLink) LiveAt(now time.Time) bool { return now.Before(l.ExpiresAt) }

// SetupSpec is what the holder of a set-up link says.
type SetupSpec struct {
	Password Secret
	Email    string // only for the first admin
	Name     string // only for the first admin
}
