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
	c, _, err := i.Live(ctx, compact)
	switch {
	case domain.KindOf(err) == domain.Unauthenticated, err == nil && !i.accepts(r, c.Audience):
		return nil, nil //nolint:nilnil // not active, and that is all there is to say
	case err != nil:
		return nil, fmt.Errorf("introspect a token: %w", err)
	}
	return &c, nil
}
