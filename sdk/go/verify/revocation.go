package verify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"authsec/sdk/go/internal/recall"
	"authsec/sdk/go/jwks"
)

// RevocationMode is how a Verifier learns what has been taken back.
type RevocationMode string

const (
	// RevocationNone does not ask: a token is good until it expires. The default.
	RevocationNone RevocationMode = "none"
	// RevocationPush listens to the issuer's stream of recalls, and is told within
	// a second. Checking a token then costs no request. While there is no stream,
	// it does as RevocationPoll does.
	RevocationPush RevocationMode = "push"
	// RevocationPoll reads the status lists that tokens name (Token Status List,
	// draft-ietf-oauth-status-list), and the feed of recalls where there is a
	// credential: without one, tokens that were revoked one by one stay unseen.
	RevocationPoll RevocationMode = "poll"
	// RevocationIntrospect asks the issuer about every token (RFC 7662).
	RevocationIntrospect RevocationMode = "introspect"
)

// Credential is what registering this API as a Resource gave: its id and
// resource_secret. It does not print its secret.
type Credential struct {
	ID     string
	Secret string `json:"-"`
}

// String implements [fmt.Stringer].
func (c Credential) String() string { return "resource " + c.ID }

// GoString implements [fmt.GoStringer].
func (c Credential) GoString() string { return c.String() }

// LogValue implements [slog.LogValuer].
func (c Credential) LogValue() slog.Value { return slog.StringValue(c.String()) }

const (
	defaultStaleness = 10 * time.Second
	minStaleness     = time.Second
	maxStaleness     = time.Hour
	maxAnswerAge     = time.Second
)

// WithRevocation refuses tokens that have been taken back. [RevocationPush] and
// [RevocationIntrospect] need the credential, [RevocationPoll] is better with it.
func WithRevocation(mode RevocationMode, credential Credential) Option {
	return func(s *settings) { s.revocation.mode, s.revocation.credential = mode, credential }
}

// WithRevocationStaleness sets for how long the issuer's last word is trusted that
// a token has not been recalled: 1 second to 1 hour, 10 seconds by default. It
// counts from the stream's last heartbeat, or from when a list or the feed was
// last read, on a clock that nobody sets. [RevocationIntrospect] has none.
func WithRevocationStaleness(d time.Duration) Option {
	return func(s *settings) { s.revocation.staleness = d }
}

// OnUnknown is what becomes of a token when its revocation cannot be told.
type OnUnknown int

const (
	// RefuseUnknown refuses it with [ErrRevocationUnknown]. The default.
	RefuseUnknown OnUnknown = iota
	// AcceptUnknown accepts it, and says so once in the log. What is known to be
	// revoked is refused all the same.
	AcceptUnknown
)

// WithOnUnknown sets what becomes of tokens whose revocation cannot be told.
func WithOnUnknown(what OnUnknown) Option {
	return func(s *settings) { s.revocation.onUnknown = what }
}

// WithStatusRequired refuses tokens without a status claim, which push and poll
// can only recall one by one. Older servers issue such tokens.
func WithStatusRequired() Option {
	return func(s *settings) { s.revocation.statusRequired = true }
}

// WithIntrospectionCache keeps an answer of [RevocationIntrospect] that a token is
// active for at most a second; by default, for the callers that wait for it.
func WithIntrospectionCache(d time.Duration) Option {
	return func(s *settings) { s.revocation.keep = d }
}

type revocationSettings struct {
	mode           RevocationMode
	credential     Credential
	staleness      time.Duration
	keep           time.Duration
	onUnknown      OnUnknown
	statusRequired bool
	steady         func() time.Duration
}

// steadyClock returns a clock of ages that does not jump when time is set.
func steadyClock() func() time.Duration {
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}

func (s *revocationSettings) check(issuer string, plainHTTP bool, fault func(string, ...any)) {
	switch s.mode {
	case RevocationNone:
		if s.credential != (Credential{}) || s.statusRequired || s.onUnknown != RefuseUnknown || s.keep != 0 || s.staleness != defaultStaleness {
			fault("revocation is none: what is set for it has no effect")
		}
		return
	case RevocationPush, RevocationIntrospect:
		if s.credential.ID == "" || s.credential.Secret == "" {
			fault("revocation %s: want the ID and the secret of the Resource", s.mode)
		}
	case RevocationPoll:
		if (s.credential.ID == "") != (s.credential.Secret == "") {
			fault("revocation poll: want the ID and the secret of the Resource, or neither")
		}
	default:
		fault("revocation %q: want push, poll, introspect or none", string(s.mode))
		return
	}
	if err := jwks.CheckURL(issuer, plainHTTP); err != nil {
		fault("revocation: issuer: %w", err)
	}
	if s.staleness < minStaleness || s.staleness > maxStaleness {
		fault("revocation staleness %s: want %s to %s", s.staleness, minStaleness, maxStaleness)
	}
	if s.keep < 0 || s.keep > maxAnswerAge {
		fault("introspection cache %s: want 0 to %s", s.keep, maxAnswerAge)
	}
	if s.onUnknown != RefuseUnknown && s.onUnknown != AcceptUnknown {
		fault("on unknown %d: want RefuseUnknown or AcceptUnknown", s.onUnknown)
	}
}

// checker is what tells whether a token has been recalled.
type checker interface {
	Check(ctx context.Context, token *recall.Token) error
	State() recall.State
	Close()
}

type revocation struct {
	checker
	revocationSettings
	issuer string
}

// newRevocation returns nil when nothing is to be checked.
func newRevocation(issuer string, s *settings, keys jwks.Keys) *revocation {
	r := &revocation{revocationSettings: s.revocation, issuer: issuer}
	id, secret, accept := r.credential.ID, r.credential.Secret, r.onUnknown == AcceptUnknown
	switch r.mode {
	case RevocationNone:
		return nil
	case RevocationIntrospect:
		r.checker = recall.NewIntrospector(recall.IntrospectorOptions{Issuer: issuer, ID: id, Secret: secret, Keep: r.keep,
			Accept: accept, Client: s.client, Steady: r.steady, Log: s.log})
	default:
		r.checker = recall.NewTracker(recall.Options{Issuer: issuer, ID: id, Secret: secret, Push: r.mode == RevocationPush,
			Staleness: r.staleness, Accept: accept, Leeway: s.leeway, Keys: keys, Client: s.client, Now: s.now, Steady: r.steady, Log: s.log})
	}
	return r
}

func (r *revocation) check(ctx context.Context, raw string, c *Claims) error {
	token := &recall.Token{Raw: raw, ID: c.ID, IssuedAt: c.IssuedAt}
	switch {
	case c.status != nil:
		status, err := recall.ParseStatus(c.status, r.issuer)
		if refusal, ok := errors.AsType[*recall.Error](err); ok {
			return fmt.Errorf("%w: %s", ErrClaims, refusal.Detail)
		}
		token.Status = status
	case r.statusRequired:
		return fmt.Errorf("%w: want a status", ErrClaims)
	}
	err := r.Check(ctx, token)
	switch {
	case errors.Is(err, recall.ErrRevoked):
		return ErrRevoked
	case err != nil:
		return fmt.Errorf("%w: %w", ErrRevocationUnknown, err)
	}
	return nil
}
