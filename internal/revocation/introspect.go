package revocation

import (
	"context"
	"fmt"
	"time"

	"authsec/internal/domain"
	"authsec/internal/token"
)

// StateReader reads what is recorded against a token.
type StateReader interface {
	TokenState(ctx context.Context, status domain.StatusRef, tokenID string) (domain.TokenState, error)
}

// Introspector says what a token is worth now (RFC 7662). All fields are required.
type Introspector struct {
	Deployment
	Keys  Keys
	Store StateReader
	Now   func() time.Time
}

// Introspect returns the claims of an active token that the resource may accept,
// and nil for any other: expired, recalled, forged, foreign, for another
// audience, or no token at all. Which of these it is, is not told (§4).
func (i *Introspector) Introspect(ctx context.Context, r domain.Resource, compact string) (*token.Claims, error) {
	now := i.Now()
	c, err := token.Parse(compact, i.Keys.PublishedKeys(now), token.Expectation{Issuer: i.Issuer, AnyAudience: true, AnyKey: true, Leeway: token.Leeway, Now: now})
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // not active, and that is all there is to say
	}
	// The leeway is for the clocks of replicas; the end of a token is by ours.
	if now.Unix() >= c.ExpiresAt || !i.accepts(r, c.Audience) {
		return nil, nil //nolint:nilnil // as above
	}
	status, ours := i.statusOf(c)
	if !ours {
		return nil, nil //nolint:nilnil // as above
	}
	state, err := i.Store.TokenState(ctx, status, c.ID)
	if err != nil {
		return nil, fmt.Errorf("introspect a token: %w", err)
	}
	// A token without a status index is of before there were any.
	if state.Retired || state.Revoked || (status.List != 0 && !state.Known) {
		return nil, nil //nolint:nilnil // as above
	}
	return &c, nil
}
