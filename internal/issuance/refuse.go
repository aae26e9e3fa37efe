package issuance

import (
	"context"
	"errors"
	"fmt"
	"time"

	"authsec/internal/domain"
	"authsec/internal/policy"
)

// The codes of answers that no decision makes.
const (
	codeRateLimited = "rate_limited"
	codeUnavailable = "temporarily_unavailable"
)

// limited counts a request that came too soon. The client is not noted: it may
// be made up, and one address could make up many.
func (s *Service) limited(r Request, now time.Time, wait time.Duration) error {
	refusal := &domain.Error{Kind: domain.RateLimited, Code: codeRateLimited, RetryAfter: wait,
		Public: "Too many requests for this client or from this address. Wait as Retry-After says; a token can be used until it expires."}
	s.Metrics.TokenRefused(refusal.Code)
	ev := s.event(r, now, nil)
	ev.Outcome, ev.Reasons = domain.OutcomeRefused, []domain.Reason{{Code: refusal.Code, Message: refusal.Public}}
	s.Refusals.Note(ev)
	return refusal
}

func publicOf(err error) string {
	var e *domain.Error
	if errors.As(err, &e) {
		return e.Public
	}
	return ""
}

// retryAfterOutage is what callers are told to wait when a proof cannot be judged.
const retryAfterOutage = 2 * time.Second

// unattested is the answer when an attestor cannot tell now: never a pass, and
// never a refusal that would make a workload throw a good proof away.
func unattested(err error) error {
	if own := (*domain.Error)(nil); errors.As(err, &own) {
		return fmt.Errorf("attest the workload: %w", err)
	}
	return &domain.Error{Kind: domain.Unavailable, Code: codeUnavailable, RetryAfter: retryAfterOutage,
		Public: "The workload's proof cannot be verified now. Try again shortly.", Err: fmt.Errorf("attest the workload: %w", err)}
}

// refused is what the audit event of a refusal adds to its reasons: what was
// attested, so that an administrator sees which selector is off.
type refused struct {
	Proof *proven `json:"proof,omitempty"`
}

// refuse audits a denial and returns it as an error. What callers who proved
// nothing cause is only counted, so that nobody can flood the chain.
func (s *Service) refuse(ctx context.Context, r Request, now time.Time, agent *domain.Agent, proof evidence, denial *policy.Denial) error {
	return s.refuseAs(ctx, r, now, agent, proof, denial, denial.Err())
}

// refuseAs is refuse with an error that the caller gets instead of the denial's own.
func (s *Service) refuseAs(ctx context.Context, r Request, now time.Time, agent *domain.Agent, proof evidence, denial *policy.Denial, refusal *domain.Error) error {
	refusal.Err = proof.cause
	s.Metrics.TokenRefused(refusal.Code)
	ev := s.event(r, now, agent)
	ev.Outcome, ev.Reasons, ev.DelegationID = domain.OutcomeRefused, denial.Reasons, denial.DelegationID
	if denial.BeforeProof() || proof.State != policy.ProofAccepted {
		s.Refusals.Note(ev)
		return refusal
	}
	if refusal.Code != policy.CodeSelectors { // some workload is proven, and it is this agent's
		ev.Actor = actor(agent.ClientID, agent.Name)
	}
	var err error
	if ev, err = ev.WithDetails(refused{Proof: proof.details()}); err != nil {
		return err
	}
	if err := s.Recorder.Record(ctx, ev, nil); err != nil {
		return fmt.Errorf("record the refusal: %w", err)
	}
	return refusal
}
