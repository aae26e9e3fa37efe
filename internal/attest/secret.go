package attest

import (
	"context"
	"strings"

	"authsec/internal/domain"
)

// ClientSecret verifies client secrets presented by HTTP Basic (RFC 6749
// §2.3.1): the proof of agents on the platform "other".
type ClientSecret struct{}

// badSecret is one answer for every wrong credential: it must not tell a wrong
// secret from an expired one or from an agent that has none.
const badSecret = "The client secret is not valid for this client_id. Use the secret shown when the agent was onboarded or its secret last rotated."

// Attest implements Attestor. A client secret proves the agent itself and no selectors.
func (ClientSecret) Attest(_ context.Context, q Question) (Attested, error) {
	p, agent := q.Presented, q.Agent
	if p.Basic == nil {
		return Attested{}, ErrNotMine
	}
	valid := p.Basic.ClientID == agent.ClientID &&
		len(p.Basic.Secret.Reveal()) <= domain.MaxSecretBytes &&
		strings.HasPrefix(p.Basic.Secret.Reveal(), domain.PrefixClientSecret)
	matched := false
	for _, s := range agent.Secrets {
		live := s.ExpiresAt.IsZero() || q.Now.Before(s.ExpiresAt)
		// Every stored secret is compared, so that time tells nothing of which one matched.
		if s.Hash.Matches(p.Basic.Secret) && live {
			matched = true
		}
	}
	if !valid || !matched {
		return Attested{}, &Rejection{Problem: badSecret}
	}
	return Attested{Kind: KindSecret}, nil
}
