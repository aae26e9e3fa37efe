package issuance

import (
	"context"
	"time"

	"authsec/internal/domain"
	"authsec/internal/policy"
	"authsec/internal/proofkey"
)

// PresentedKey is what a request shows of the key that its token is to be bound to.
type PresentedKey = proofkey.Presented

// CodeInvalidDPoPProof is RFC 9449's (§5) for a proof that is not good.
const CodeInvalidDPoPProof = proofkey.CodeInvalidProof

// key returns the key that the request proves, for the decision. A proof that is
// presented is checked even if nothing demands one.
func (s *Service) key(r Request, now time.Time) (proofkey.Key, error) {
	key, err := s.Keys.Check(r.Key, r.Proof.Certificates, now)
	if err != nil {
		s.unprovenKey(r, now, err)
	}
	return key, err
}

// unprovenKey counts a request whose key is not proven. A demand for a nonce is a
// step of the protocol and no refusal: it is not noted.
func (s *Service) unprovenKey(r Request, now time.Time, err error) {
	code := domain.CodeOf(err)
	s.Metrics.TokenRefused(code)
	if code == proofkey.CodeUseNonce {
		return
	}
	ev := s.event(r, now, nil) // the client may be made up
	ev.Outcome, ev.Reasons = domain.OutcomeRefused, []domain.Reason{{Code: code, Message: publicOf(err)}}
	s.Refusals.Note(ev)
}

// decide is policy's decision. Where that demands a bound token, and the workload
// proved itself by a client certificate, the token is bound to that without being
// asked: nobody else can use it.
func (s *Service) decide(now time.Time, a domain.Authority, proof evidence, r Request, key *proofkey.Key) (policy.Grant, *policy.Denial) {
	r.Confirmation = key.Confirmation
	grant, denial := policy.Decide(now, s.Policy, a, proof.Proof, r.Request)
	if denial == nil || !key.None() || (denial.First().Code != policy.CodeConstraint && denial.First().Code != policy.CodeKeyProof) {
		return grant, denial
	}
	certificate := proofkey.OfCertificate(r.Proof.Certificates)
	if certificate.None() {
		return grant, denial
	}
	*key, r.Confirmation = certificate, certificate.Confirmation
	return policy.Decide(now, s.Policy, a, proof.Proof, r.Request)
}

// useKey notes that the key's proof was used, if the caller is known: strangers
// write nothing. A proof that was used before is refused, whatever was decided.
func (s *Service) useKey(ctx context.Context, r Request, now time.Time, agent *domain.Agent, proof evidence, key proofkey.Key, denial *policy.Denial) error {
	if denial != nil && !known(denial) {
		return nil
	}
	err := s.Keys.Use(ctx, key, now)
	if domain.CodeOf(err) != proofkey.CodeInvalidProof {
		return err
	}
	reasons := []domain.Reason{{Code: proofkey.CodeInvalidProof, Message: publicOf(err)}}
	return s.refuseAs(ctx, r, now, agent, proof, &policy.Denial{Reasons: reasons}, domain.Errorf(domain.Invalid, reasons[0].Code, "%s", reasons[0].Message))
}

// confirmed is what the audit event of a token says of the key that it is bound to.
type confirmed struct {
	Confirmation string `json:"confirmation,omitempty"` // dpop or mtls; "" : it is a bearer token
	Thumbprint   string `json:"key_thumbprint,omitempty"`
}

func confirmedBy(c domain.Confirmation) confirmed {
	switch {
	case c.KeyThumbprint != "":
		return confirmed{"dpop", c.KeyThumbprint}
	case c.CertThumbprint != "":
		return confirmed{"mtls", c.CertThumbprint}
	}
	return confirmed{}
}
