package revocation

import (
	"context"
	"fmt"
	"time"

	"authsec/internal/domain"
	"authsec/internal/token"
)

// TokenRevoker records that one token counts no more. Doing it again changes
// nothing.
type TokenRevoker interface {
	RevokeToken(ctx context.Context, r domain.Recall, ev domain.Event) error
}

// Revoker lets an agent revoke its own tokens (RFC 7009). All fields are required.
type Revoker struct {
	Deployment
	Keys     Keys
	Store    TokenRevoker
	Recalled func() // told after each
	Now      func() time.Time
}

// revoked is what the audit event says of the token; never the token.
type revoked struct {
	ID        string    `json:"jti"`
	Subject   string    `json:"subject"`
	Audience  []string  `json:"audience"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Revoke recalls a token of the agent's. What is no good token of ours is nothing
// to revoke, and no error (§2.2). Invalid: another agent's (§2.1).
func (v *Revoker) Revoke(ctx context.Context, agent domain.Agent, compact string, from Peer) error {
	now := v.Now().UTC()
	c, err := token.Parse(compact, v.Keys.PublishedKeys(now), token.Expectation{Issuer: v.Issuer, AnyAudience: true, AnyKey: true, Leeway: token.Leeway, Now: now})
	if err != nil {
		return nil //nolint:nilerr // it counts for nothing already
	}
	if c.ClientID != agent.ClientID {
		return domain.Errorf(domain.Invalid, CodeUnauthorizedClient,
			"The token was issued to another agent. Only that agent may revoke it; an admin can revoke its delegation.")
	}
	until := time.Unix(c.ExpiresAt, 0).UTC()
	caller := domain.Caller{Via: domain.ViaSDK, IP: from.IP, RequestID: from.RequestID}
	ev := domain.NewEvent(now, caller, "token.revoke", domain.Party{Type: "token", ID: c.ID})
	ev.Actor = domain.Party{Type: "agent", ID: agent.ClientID, Name: agent.Name, Via: domain.ViaSDK}
	ev.ClientID, ev.DelegationID = agent.ClientID, c.DelegationID
	if ev, err = ev.WithDetails(revoked{ID: c.ID, Subject: c.Subject, Audience: c.Audience, ExpiresAt: until}); err != nil {
		return err
	}
	if err := v.Store.RevokeToken(ctx, domain.Recall{At: now, TokenID: c.ID, Audience: c.Audience, Until: until}, ev); err != nil {
		return fmt.Errorf("revoke a token: %w", err)
	}
	v.Recalled()
	return nil
}
