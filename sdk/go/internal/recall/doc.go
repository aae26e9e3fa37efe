// Package recall tells whether a token that is in order has been taken back. It
// asks the issuer's status lists (draft-ietf-oauth-status-list), its stream and
// feed of recalls, or its introspection endpoint (RFC 7662).
//
// What it learns only ever adds: nothing that is recalled comes back, for the
// issuer never uses an index or a jti again. So events may arrive twice, late or
// out of order, and what is known to be recalled is refused however old that
// knowledge is. What must be fresh is the knowledge that a token is not.
package recall

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrRevoked says that the token, or the status it refers to, has been recalled.
	ErrRevoked = errors.New("recalled")
	// ErrUnknown says that it cannot be told at the moment.
	ErrUnknown = errors.New("it is not known whether the token has been recalled")
)

// Reference is a place in a status list.
type Reference struct {
	URI   string
	Index int64
}

// Token is what is to be known of a token whose signature and claims are good.
type Token struct {
	Raw      string
	ID       string // jti
	IssuedAt time.Time
	Status   *Reference // nil: it refers to none
}

// Error is why a list or an event is refused. Its text holds nothing of it.
type Error struct {
	Code   string // as in testdata/vectors/revocation
	Detail string
}

func (e *Error) Error() string {
	if e.Detail == "" {
		return e.Code
	}
	return e.Code + ": " + e.Detail
}

func refuse(code, format string, args ...any) error {
	return &Error{code, fmt.Sprintf(format, args...)}
}
