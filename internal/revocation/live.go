package revocation

import (
	"context"
	"fmt"

	"authsec/internal/domain"
	"authsec/internal/token"
)

// Live returns the claims of a token that this server issued and that counts now,
// whoever it is for, and its place in a status list (List 0: it has none).
// Unauthenticated: it does not count. Why is for the log: whoever asks may not
// know (RFC 7662 §4).
func (i *Introspector) Live(ctx context.Context, compact string) (token.Claims, domain.StatusRef, error) {
	now := i.Now()
	c, err := token.Parse(compact, i.Keys.PublishedKeys(now), token.Expectation{Issuer: i.Issuer, AnyAudience: true, AnyKey: true, Leeway: token.Leeway, Now: now})
	if err != nil {
		return dead(err)
	}
	// The leeway is for the clocks of replicas; the end of a token is by ours.
	if now.Unix() >= c.ExpiresAt {
		return dead(domain.Errorf(domain.Unauthenticated, token.CodeExpired, "The token has expired."))
	}
	status, ours := i.statusOf(c)
	state, err := i.Store.TokenState(ctx, status, c.ID)
	if err != nil {
		return dead(fmt.Errorf("read the state of a token: %w", err))
	}
	if reasons := against(status, ours, state); len(reasons) > 0 {
		return dead(domain.Errorf(domain.Unauthenticated, reasons[0].Code, "%s", reasons[0].Message))
	}
	return c, status, nil
}

func dead(err error) (token.Claims, domain.StatusRef, error) {
	return token.Claims{}, domain.StatusRef{}, err
}
