package issuance

import (
	"context"
	"fmt"
	"slices"
	"time"

	"authsec/internal/domain"
	"authsec/internal/policy"
	"authsec/internal/token"
)

// maxDecisions bounds how often an exchange is decided while authority changes
// under it.
const maxDecisions = 3

// handOver exchanges a token of ours: another agent's, that it handed over, or the
// caller's own, to narrow it. Nothing that it gives exceeds the token's.
func (x *exchange) handOver(ctx context.Context) (Issued, error) {
	claims, status, err := x.Tokens.Live(ctx, x.Subject.Reveal())
	switch {
	case domain.KindOf(err) == domain.Unauthenticated:
		return Issued{}, x.refuseSubject(ctx, publicOf(err))
	case err != nil:
		return Issued{}, fmt.Errorf("verify a subject token: %w", err)
	case x.SubjectKind == IDToken:
		return Issued{}, x.refuseSubject(ctx, "The subject token is an access token of this server, and no ID token.")
	case claims.DelegationID == "" || status.List == 0:
		return Issued{}, x.refuseSubject(ctx, "The subject token is of a kind that cannot be recalled.")
	}
	chain := chainOf(claims)
	own := chain[len(chain)-1] == x.ClientID // then it only narrows it
	if !own {
		chain = append(chain, x.ClientID)
	}
	if x.DelegationID == "" { // another one is refused by the decision
		x.DelegationID = claims.DelegationID
	}
	x.Parent = &policy.Parent{Actions: claims.Actions(), Audience: claims.Audience, ExpiresAt: time.Unix(claims.ExpiresAt, 0),
		Confirmation: confirmationOf(claims)}
	parent := domain.TokenRef{Status: status, ID: claims.ID}
	for range maxDecisions {
		d, err := x.decideHandOver(ctx, claims, chain, own)
		if err != nil {
			return Issued{}, err
		}
		d.Status, err = x.Store.StartExchange(ctx, domain.Handover{DelegationID: d.DelegationID, Chain: domain.ChainKey(chain[1:]), Status: d.Status,
			Change: d.change, Parent: parent, TokenID: d.id, Audience: d.Audience, ExpiresAt: d.expiresAt})
		switch domain.KindOf(err) {
		case domain.Conflict: // authority has changed since
			continue
		case domain.Gone:
			return Issued{}, x.refuseSubject(ctx, "The subject token was recalled.")
		}
		if err != nil {
			return Issued{}, fmt.Errorf("hand over a token: %w", err)
		}
		return x.mint(ctx, x.Request, x.now, d.draft, x.proof)
	}
	return Issued{}, busy("What the token rests on is being changed. Try again.")
}

// decided is a draft with the last change that it rests on.
type decided struct {
	draft
	change int64
}

func (x *exchange) decideHandOver(ctx context.Context, claims token.Claims, chain []string, own bool) (decided, error) {
	a, err := x.Store.ExchangeAuthority(ctx, chain, claims.DelegationID)
	if err != nil {
		return decided{}, fmt.Errorf("read the authority of an exchange: %w", err)
	}
	if !isChain(a, chain) {
		return decided{}, x.refuseSubject(ctx, "An agent that had the subject token is gone.")
	}
	grant, denial, err := x.decideOn(a)
	switch {
	case err != nil:
		return decided{}, err
	case denial != nil && known(denial) && !own && !lists(a, x.ClientID):
		return decided{}, x.refuseAlike(ctx, denial)
	case denial != nil:
		return decided{}, x.deny(ctx, denial)
	case grant.Subject != claims.Subject || grant.Role != claims.Role:
		return decided{}, x.refuseSubject(ctx, "The subject token does not say what its delegation does.")
	}
	d, err := x.draft(x.now, grant)
	d.exchanged = &exchanged{SubjectToken: claims.ID, Chain: chain}
	return decided{d, a.Change}, err
}

// isChain reports whether an authority is of all the agents of a chain.
func isChain(a domain.Authority, chain []string) bool {
	if a.Agent == nil || len(a.Chain) != len(chain)-1 || a.Agent.ClientID != chain[0] {
		return false
	}
	for i, agent := range a.Chain {
		if agent.ClientID != chain[i+1] {
			return false
		}
	}
	return true
}

// lists reports whether the delegation, which there must be one of, lists an agent
// among those to whom tokens are handed on.
func lists(a domain.Authority, clientID string) bool {
	return len(a.Delegations) == 1 && slices.Contains(a.Delegations[0].Delegation.SubAgents, clientID)
}

func confirmationOf(c token.Claims) domain.Confirmation {
	if c.Confirmation == nil {
		return domain.Confirmation{}
	}
	return domain.Confirmation{KeyThumbprint: c.Confirmation.KeyThumbprint, CertThumbprint: c.Confirmation.CertThumbprint}
}
