// Package signin is how people and their automation prove who they are:
// passwords, sign-in from identity providers, sessions, API tokens and one-time
// set-up links. What it returns is
// a domain.Caller; what a caller may do is decided elsewhere.
package signin

import (
	"io"
	"log/slog"
	"strings"
	"time"

	"authsec/internal/domain"
)

// Service signs people in. All fields are required; it is safe for concurrent use.
type Service struct {
	Accounts Accounts
	Sessions Sessions
	Tokens   APITokens
	Links    SetupLinks
	People   People
	SignIns  SignIns
	// Providers run sign-ins at identity providers.
	Providers IdentityProviders
	Hasher    *Hasher
	Throttle  *Throttle
	Refusals  *Refusals
	Now       func() time.Time
	Random    io.Reader    // of secrets and IDs; salts come from crypto/rand
	Log       *slog.Logger // what Run cannot return to anybody
}

// Peer is where an attempt to authenticate comes from.
type Peer struct {
	IP        string // of the connection's peer
	RequestID string
}

// Authenticated is who is calling, freshly read.
type Authenticated struct {
	Caller  domain.Caller
	User    domain.User
	Session domain.Session // zero for an API token
	// Secret is the session's new secret, when it got one: the cookie must be set
	// to it, the old one is dead. "" otherwise.
	Secret domain.Secret
}

// now is the instant as it is stored.
func (s Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// touchEvery is how stale the time of last use may be: writing it at each
// request would make every read a write.
const touchEvery = time.Minute

func callerOf(u domain.User, via domain.Via, p Peer) domain.Caller {
	return domain.Caller{UserID: u.ID, Email: u.Email, Name: u.Name, Level: u.Level, Roles: u.Roles,
		Via: via, IP: p.IP, RequestID: p.RequestID}
}

// nobody is the caller of an attempt that has proved nothing yet.
func nobody(p Peer) domain.Caller {
	return domain.Caller{Via: domain.ViaSession, IP: p.IP, RequestID: p.RequestID}
}

func userParty(u domain.User) domain.Party {
	return domain.Party{Type: "user", ID: u.ID, Name: u.Email}
}

// secretHash returns what to look a presented secret up by. Looking up by the
// hash of 256 random bits leaks nothing through its timing; what cannot be one
// of our secrets is refused before it is hashed.
func secretHash(secret domain.Secret, prefix string) (domain.SecretHash, bool) {
	if len(secret) > domain.MaxSecretBytes || !strings.HasPrefix(secret.Reveal(), prefix) {
		return domain.SecretHash{}, false
	}
	return secret.Hash(), true
}

// is reports whether err is of a kind.
func is(err error, kind domain.Kind) bool { return err != nil && domain.KindOf(err) == kind }
