package verify

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"authsec/sdk/go/jwks"
)

// Verifier checks tokens of one issuer for one audience. Make it with [New].
type Verifier struct {
	issuer   string
	audience string
	leeway   time.Duration
	now      func() time.Time
	log      *slog.Logger
	keys     jwks.Keys
	recalls  *revocation // nil: not checked
	metadata *metadata   // nil: none to point to

	dpop        *proofs                               // nil: not accepted
	certificate func(*http.Request) *x509.Certificate // nil: not accepted
	constrained bool                                  // nothing else is accepted
}

// New returns a Verifier of the tokens that issuer issues for audience. Both
// are compared exactly: issuer is the AuthSec server's public URL as its tokens
// carry it, audience the URI under which this API is registered there (or the
// server's default audience).
//
// New does no I/O; the first token does, or [RevocationPush], which listens from
// the start, in the background. Its error names every fault of the
// arguments at once.
func New(issuer, audience string, options ...Option) (*Verifier, error) {
	s, keys, err := newSettings(issuer, audience, options)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	v := &Verifier{
		issuer:   issuer,
		audience: audience,
		leeway:   s.leeway,
		now:      s.now,
		log:      s.log,
		keys:     keys,
		metadata: s.metadata,

		dpop:        s.proofs,
		certificate: s.certificate,
		constrained: s.constrained,
	}
	v.recalls = newRevocation(issuer, s, keys) // the last, for it may start to listen
	return v, nil
}

// Close stops refreshing keys, listening and polling, and waits until nothing runs
// in the background. After it, Verify makes do with what it has until that is too
// old.
func (v *Verifier) Close() {
	if v.recalls != nil {
		v.recalls.Close()
	}
	v.keys.Close()
}

// Verify checks a token, in compact form and nothing around it, and returns its
// claims. ctx bounds how long the caller waits for the issuer's keys and word of
// revocations, which is never when they are at hand.
//
// A token that is bound to a key is refused with [ErrConstrained]: whether its
// sender holds the key shows only in the request. See [Verifier.VerifyRequest].
//
// Any error means: refuse. See [ErrMalformed] and its neighbours for the
// reasons, of which only [ErrKeysUnavailable] and [ErrRevocationUnknown] are worth
// another try.
func (v *Verifier) Verify(ctx context.Context, token string) (*Claims, error) {
	claims, err := v.read(ctx, token)
	switch {
	case err != nil:
		return nil, err
	case claims.Confirmation != (Confirmation{}):
		return nil, ErrConstrained
	case v.constrained:
		return nil, ErrUnbound
	}
	if err := v.current(ctx, token, claims); err != nil {
		return nil, err
	}
	return claims, nil
}

// read checks all of a token but its binding and its recall.
func (v *Verifier) read(ctx context.Context, token string) (*Claims, error) {
	// 1. What can be known without a key, cheaply.
	read, keyID, err := parseHeader(token)
	if err != nil {
		return nil, err
	}

	// 2. The signature, by a key of the issuer that the header names.
	key, err := v.keys.Key(ctx, keyID, algorithm)
	switch {
	case errors.Is(err, jwks.ErrUnknown):
		return nil, ErrUnknownKey
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrKeysUnavailable, err)
	}
	payload, err := read.Verify(key)
	if err != nil {
		return nil, refused(err)
	}

	// 3. The claims, by themselves and then against us and the clock.
	claims, err := parseClaims(payload)
	if err != nil {
		return nil, err
	}
	if err := v.judge(claims); err != nil {
		return nil, err
	}
	return claims, nil
}

// current checks that a token has not been taken back since.
func (v *Verifier) current(ctx context.Context, token string, claims *Claims) error {
	if v.recalls == nil {
		return nil
	}
	return v.recalls.check(ctx, token, claims)
}

func (v *Verifier) judge(c *Claims) error {
	if c.Issuer != v.issuer {
		return fmt.Errorf("%w: want %q", ErrIssuer, v.issuer)
	}
	if !slices.Contains(c.Audience, v.audience) {
		return fmt.Errorf("%w: want %q", ErrAudience, v.audience)
	}
	now := v.now()
	if past := now.Sub(c.ExpiresAt); past >= v.leeway {
		return fmt.Errorf("%w: %s ago", ErrExpired, past.Round(time.Second))
	}
	if ahead := c.NotBefore.Sub(now); ahead > v.leeway {
		return fmt.Errorf("%w: nbf is %s ahead", ErrNotYetValid, ahead.Round(time.Second))
	}
	if ahead := c.IssuedAt.Sub(now); ahead > v.leeway {
		return fmt.Errorf("%w: iat is %s ahead", ErrNotYetValid, ahead.Round(time.Second))
	}
	return nil
}
