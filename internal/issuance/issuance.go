// Package issuance is the hot path: attest → decide → mint → record. A token
// leaves only when its audit event is durable.
package issuance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"authsec/internal/attest"
	"authsec/internal/domain"
	"authsec/internal/policy"
	"authsec/internal/proofkey"
	"authsec/internal/token"
)

// AuthorityReader reads one snapshot of what a decision rests on.
type AuthorityReader interface {
	Authority(ctx context.Context, clientID, delegationID, role string) (domain.Authority, error)
}

// Minter signs claims.
type Minter interface {
	Mint(ctx context.Context, c token.Claims, now time.Time) (string, error)
}

// Recorder makes an event durable before it returns.
type Recorder interface {
	Record(ctx context.Context, ev domain.Event, use *domain.Use) error
}

// Refusals counts refusals of callers who have proven nothing.
type Refusals interface {
	Note(ev domain.Event)
}

// Limiter says whether a client at an address may ask now, or how long to wait.
type Limiter interface {
	Allow(clientID, address string, now time.Time) (wait time.Duration, ok bool)
}

// Metrics counts outcomes.
type Metrics interface {
	TokenIssued(agentType string)
	TokenRefused(code string)
}

// Service issues tokens. All fields are required.
type Service struct {
	Authority AuthorityReader
	Attestor  attest.Attestor
	Keys      proofkey.Prover
	Minter    Minter
	Recorder  Recorder
	Refusals  Refusals
	Limiter   Limiter
	Metrics   Metrics
	Policy    policy.Settings
	Issuer    string // the server's public URL, as the Minter has it
	Now       func() time.Time
	Random    io.Reader
}

type (
	// Ask is the part of a request that says what is wanted.
	Ask = policy.Request
	// Presented is the workload's proof as it came.
	Presented = attest.Presented
	// Basic is a client secret as it came.
	Basic = attest.Basic
)

// The codes of faults that a transport finds before there is a request.
const (
	CodeInvalidRequest = policy.CodeInvalidRequest
	CodeInvalidProof   = policy.CodeInvalidProof
)

// Request is one request for a token.
type Request struct {
	policy.Request
	Proof     attest.Presented
	Key       PresentedKey
	IP        string
	RequestID string
}

// Issued is a token and what it says.
type Issued struct {
	Token domain.Secret
	policy.Grant
	ID        string // jti
	IssuedAt  time.Time
	ExpiresAt time.Time
	TTL       time.Duration // left when it was answered, whole seconds
}

// Issue returns a token for the request, or the error that the caller gets:
// the codes of DESIGN §4. Either way it is audited.
func (s *Service) Issue(ctx context.Context, r Request) (Issued, error) {
	now := s.Now().UTC()
	if wait, ok := s.Limiter.Allow(r.ClientID, r.IP, now); !ok {
		return Issued{}, s.limited(r, now, wait)
	}
	key, err := s.key(r, now) // before the workload's proof, which may be good only once
	if err != nil {
		return Issued{}, err
	}
	authority, err := s.authority(ctx, r)
	if err != nil {
		return Issued{}, err
	}
	proof, err := s.attest(ctx, authority, r.Proof, now)
	if err != nil {
		return Issued{}, err
	}
	grant, denial := s.decide(now, authority, proof, r, &key)
	if err := s.useKey(ctx, r, now, authority.Agent, proof, key, denial); err != nil {
		return Issued{}, err
	}
	if denial != nil {
		return Issued{}, s.refuse(ctx, r, now, authority.Agent, proof, denial)
	}
	d, err := s.draft(now, grant)
	if err != nil {
		return Issued{}, err
	}
	return s.mint(ctx, r, now, d, proof)
}

// authority reads what the decision rests on. A request that can never be
// granted costs no read.
func (s *Service) authority(ctx context.Context, r Request) (domain.Authority, error) {
	if r.Check() != nil { // Decide names the faults
		return domain.Authority{}, nil //nolint:nilerr // the denial is the answer
	}
	a, err := s.Authority.Authority(ctx, r.ClientID, r.DelegationID, r.Role)
	if err != nil {
		return a, fmt.Errorf("issue a token: %w", err)
	}
	return a, nil
}

// evidence is a proof as policy judges it, with what the audit event says of it.
type evidence struct {
	policy.Proof
	cause    error // why it was rejected, for the log
	attested attest.Attested
}

// attest turns what was presented into what policy judges. A proof that is
// presented is always checked, even for an agent that needs none.
func (s *Service) attest(ctx context.Context, a domain.Authority, p attest.Presented, now time.Time) (evidence, error) {
	proof := evidence{Proof: policy.Proof{Loopback: p.Loopback}}
	if a.Agent == nil || (p.Empty() && p.Peer == nil) {
		return proof, nil
	}
	got, err := s.Attestor.Attest(ctx, attest.Question{Agent: *a.Agent, Presented: p, Revision: a.SourcesRevision, Now: now})
	if p.Empty() && errors.Is(err, attest.ErrNotMine) {
		return proof, nil
	}
	if rejection := (*attest.Rejection)(nil); errors.As(err, &rejection) {
		proof.State, proof.Problem, proof.cause = policy.ProofRejected, rejection.Problem, rejection.Err
		return proof, nil
	}
	if err != nil {
		return proof, unattested(err)
	}
	proof.Proof, proof.attested = accepted(got), got
	proof.Implicit, proof.Loopback = p.Empty(), p.Loopback
	return proof, nil
}

// accepted is a verified proof as policy judges it.
func accepted(got attest.Attested) policy.Proof {
	p := policy.Proof{State: policy.ProofAccepted, Kind: got.Kind, Missing: got.Missing}
	for _, sel := range got.Selectors {
		p.Selectors = append(p.Selectors, sel.Selector)
	}
	return p
}
