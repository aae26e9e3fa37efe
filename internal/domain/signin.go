package domain

import "time"

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

// APIToken is a credential of automation. It has no authority of its own: it
// carries its owner's, as that is at each use.
type APIToken struct {
	ID         string
	UserID     string
	UserEmail  string // filled by lists, for people
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

// SetupSpec is what the holder of a set-up link says.
type SetupSpec struct {
	Password Secret
	Email    string // only for the first admin
	Name     string // only for the first admin
}
