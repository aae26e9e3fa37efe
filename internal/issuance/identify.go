package issuance

import (
	"context"

	"authsec/internal/domain"
	"authsec/internal/policy"
)

// Identify finds out which agent is calling, by what would get it a token, and
// issues none. An agent that gets tokens without proof is whoever says so. What
// it may do is not asked: a suspended agent is still that agent. action is what
// it is about to do, for the audit event of a refusal; the errors are those of Issue.
func (s *Service) Identify(ctx context.Context, action string, r Request) (domain.Agent, error) {
	now := s.Now().UTC()
	if wait, ok := s.Limiter.Allow(r.ClientID, r.IP, now); !ok {
		return domain.Agent{}, s.limited(r, now, wait)
	}
	r.Request = policy.Request{ClientID: r.ClientID}
	authority, err := s.authority(ctx, r)
	if err != nil {
		return domain.Agent{}, err
	}
	proof, err := s.attest(ctx, authority, r.Proof, now)
	if err != nil {
		return domain.Agent{}, err
	}
	_, denial := policy.Decide(now, s.Policy, authority, proof.Proof, r.Request)
	if denial == nil || known(denial) {
		return *authority.Agent, nil
	}
	refusal := denial.Err()
	refusal.Err = proof.cause
	ev := s.event(r, now, authority.Agent)
	ev.Action, ev.Outcome, ev.Reasons = action, domain.OutcomeRefused, denial.Reasons[:1]
	s.Refusals.Note(ev)
	return domain.Agent{}, refusal
}

// known reports whether a denial is of a caller who is proven to be the agent.
func known(denial *policy.Denial) bool {
	return !denial.BeforeProof() && denial.First().Code != policy.CodeSelectors
}
