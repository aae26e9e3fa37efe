package domain

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind says what sort of failure an Error is. It is not an HTTP status: only
// httpapi/wire maps kinds to statuses.
type Kind uint8

// The kinds of failure. The zero value is Internal, so that an error nobody
// classified never tells a caller anything.
const (
	Internal         Kind = iota // our fault; the caller learns nothing
	Invalid                      // the request can never succeed as it is
	Unauthenticated              // no proof of who is calling, or a bad one
	Forbidden                    // known caller, not allowed
	NotFound                     // no such thing, or none the caller may know of
	Conflict                     // clashes with what is stored
	Gone                         // existed, and ended for good
	TooLarge                     // more bytes than an input may have
	RateLimited                  // too often; RetryAfter says when
	Unavailable                  // a dependency is away; RetryAfter says when
	MethodNotAllowed             // the thing exists, but not for this verb
	Misdirected                  // meant for another server
	UnsupportedMedia             // a body in a form that is not taken
)

// String returns the kind's name, for logs.
func (k Kind) String() string {
	names := [...]string{"internal", "invalid", "unauthenticated", "forbidden", "not_found",
		"conflict", "gone", "too_large", "rate_limited", "unavailable", "method_not_allowed", "misdirected",
		"unsupported_media_type"}
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

// FieldError is one fault of one input field.
type FieldError struct {
	Field   string // JSON pointer below the body ("/selectors/0/key"), or a query parameter's name
	Code    string // machine-readable: "required", "too_long", "unknown", …
	Message string // a sentence for a person
}

// Error is the one error type that crosses package borders. Public is shown to
// callers; Err is for the log only.
type Error struct {
	Kind       Kind
	Code       string         // machine-readable, stable: "ambiguous_delegation"
	Public     string         // a sentence that says what to do
	Fields     []FieldError   // for Invalid: every faulty field
	RetryAfter time.Duration  // for RateLimited and Unavailable
	Details    map[string]any // extra members of the answer's body; never a secret
	Err        error          // the cause, never shown
}

// Error returns code, public text and cause: a line for the log.
func (e *Error) Error() string {
	var b strings.Builder
	if b.WriteString(e.Code); e.Code == "" {
		b.WriteString(e.Kind.String())
	}
	if e.Public != "" {
		b.WriteString(": " + e.Public)
	}
	for _, f := range e.Fields {
		fmt.Fprintf(&b, " [%s: %s]", f.Field, f.Message)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the first Error in err's chain, Internal if there is none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// CodeOf returns the code of the first Error in err's chain, or "".
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// Errorf returns an Error whose public text is formatted from format and args.
func Errorf(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Public: fmt.Sprintf(format, args...)}
}

// Faults collects field errors, so that a caller learns of all of them at once.
type Faults []FieldError

// Add appends one fault.
func (f *Faults) Add(field, code, format string, args ...any) {
	*f = append(*f, FieldError{Field: field, Code: code, Message: fmt.Sprintf(format, args...)})
}

// Err returns nil when there are no faults, else one Invalid error that lists them.
func (f Faults) Err() error {
	if len(f) == 0 {
		return nil
	}
	public := f[0].Message
	if len(f) > 1 {
		public = fmt.Sprintf("%s (and %d more)", public, len(f)-1)
	}
	return &Error{Kind: Invalid, Code: "invalid_request", Public: public, Fields: f}
}
