package recall

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"authsec/sdk/go/jwks"
	"authsec/sdk/go/jws"
)

// maxInteger is the greatest whole number that every JSON reader agrees on
// (RFC 8259 §6).
const maxInteger = 1<<53 - 1

// reader checks what the issuer has signed.
type reader struct {
	issuer string
	leeway time.Duration
	now    func() time.Time
	keys   jwks.Keys
}

const (
	typRecall    = "authsec-recall+jwt"
	typHeartbeat = "authsec-heartbeat+jwt"
)

// Event is a recall of a status or of a token; or a heartbeat, which says that
// every recall up to Sequence has been sent or concerns others.
type Event struct {
	Heartbeat bool
	Sequence  int64
	IssuedAt  time.Time // of a recall: when it was made
	Status    *Reference
	TokenID   string
}

// list reads the status list token found at uri.
func (r *reader) list(ctx context.Context, uri, raw string) (*List, error) {
	o, _, err := r.open(ctx, maxListBytes, raw, "statuslist+jwt")
	if err != nil {
		return nil, err
	}
	if sub, _ := o.Text("sub"); sub != uri {
		return nil, refuse("subject", "it is another list")
	}
	if iss, ok := o.Text("iss"); !ok || o.Has("iss") && iss != r.issuer {
		return nil, refuse("issuer", "want the token's issuer")
	}
	issuedAt, err := r.issuedAt(o)
	if err != nil {
		return nil, err
	}
	exp, ok := o.Seconds("exp")
	if !ok {
		return nil, refuse("claims", "exp: want whole seconds")
	}
	l, err := parseList(o)
	if err != nil {
		return nil, err
	}
	l.IssuedAt, l.ExpiresAt = issuedAt, time.Unix(exp, 0).UTC()
	if r.expired(l) {
		return nil, refuse("expired", "the list is out of date")
	}
	return l, nil
}

func (r *reader) expired(l *List) bool { return r.now().Sub(l.ExpiresAt) >= r.leeway }

// event reads an event of the stream or the feed.
func (r *reader) event(ctx context.Context, raw string) (*Event, error) {
	o, typ, err := r.open(ctx, jws.MaxBytes, raw, typRecall, typHeartbeat)
	if err != nil {
		return nil, err
	}
	if iss, _ := o.Text("iss"); iss != r.issuer {
		return nil, refuse("issuer", "want the tokens' issuer")
	}
	e := &Event{Heartbeat: typ == typHeartbeat}
	if e.IssuedAt, err = r.issuedAt(o); err != nil {
		return nil, err
	}
	var ok bool
	if e.Sequence, ok = o.Whole("seq", maxInteger); !ok {
		return nil, refuse("claims", "seq: want a whole number")
	}
	if o.Has("jti") {
		if e.TokenID, ok = o.Text("jti"); !ok || e.TokenID == "" {
			return nil, refuse("claims", "jti: want a non-empty string")
		}
	}
	if o.Has("status_list") {
		if e.Status, err = parseReference(o["status_list"], r.issuer); err != nil {
			return nil, err
		}
	}
	switch {
	case e.Heartbeat && (e.Status != nil || e.TokenID != ""):
		return nil, refuse("claims", "a heartbeat recalls nothing")
	case e.Heartbeat:
	case (e.Status != nil) == (e.TokenID != ""):
		return nil, refuse("claims", "want a status or a token, and not both")
	case e.Sequence == 0:
		return nil, refuse("claims", "seq: want at least 1")
	}
	return e, nil
}

// isAlive reports whether a heartbeat was made now, as far as clocks can tell.
func (r *reader) isAlive(e *Event) bool { return r.now().Sub(e.IssuedAt) <= r.leeway }

func (r *reader) issuedAt(o jws.Object) (time.Time, error) {
	iat, ok := o.Seconds("iat")
	if !ok {
		return time.Time{}, refuse("claims", "iat: want whole seconds")
	}
	at := time.Unix(iat, 0).UTC()
	if at.Sub(r.now()) > r.leeway {
		return time.Time{}, refuse("not_yet_valid", "iat is in the future")
	}
	return at, nil
}

// open checks form, type and signature, and returns the claims.
func (r *reader) open(ctx context.Context, maxBytes int, raw string, types ...string) (claims jws.Object, typ string, err error) {
	token, err := jws.ParseUpTo(maxBytes, raw, jws.RS256)
	if err != nil {
		return nil, "", named(err)
	}
	if typ, _ = token.Type(); !slices.Contains(types, typ) {
		return nil, "", refuse("type", "want typ %s", strings.Join(types, " or "))
	}
	key, err := r.keys.Key(ctx, token.KeyID(), token.Algorithm())
	switch {
	case errors.Is(err, jwks.ErrUnknown):
		return nil, "", refuse("unknown_key", "its key is not one of the issuer's")
	case err != nil:
		return nil, "", err
	}
	if claims, err = token.Verify(key); err != nil {
		return nil, "", named(err)
	}
	return claims, typ, nil
}

func named(err error) error {
	if e, ok := errors.AsType[*jws.Error](err); ok {
		return &Error{string(e.Reason), e.Detail}
	}
	return err
}
