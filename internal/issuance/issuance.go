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
	Minter    Minter
	Recorder  Recorder
	Refusals  Refusals
	Limiter   Limiter
	Metrics   Metrics
	Policy    policy.Settings
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
		s.Metrics.TokenRefused(codeRateLimited)
		return Issued{}, &domain.Error{Kind: domain.RateLimited, Code: codeRateLimited, RetryAfter: wait,
			Public: "Too many requests for this client or from this address. Wait as Retry-After says; a token can be used until it expires."}
	}
	authority, err := s.authority(ctx, r)
	if err != nil {
		return Issued{}, err
	}
	proof, err := s.attest(ctx, authority.Agent, r.Proof, now)
	if err != nil {
		return Issued{}, err
	}
	grant, denial := policy.Decide(now, s.Policy, authority, proof, r.Request)
	if denial != nil {
		return Issued{}, s.refuse(ctx, r, now, authority.Agent, proof, denial)
	}
	return s.mint(ctx, r, now, grant)
}

const codeRateLimited = "rate_limited"

// authority reads what the decision rests on. A request that can never be
// granted costs no read.
func (s *Service) authority(ctx context.Context, r Request) (domain.Authority, error) {
	if r.Check() != nil { // Decide names the faults
		return domain.Authority{}, nil
	}
	a, err := s.Authority.Authority(ctx, r.ClientID, r.DelegationID, r.Role)
	if err != nil {
		return a, fmt.Errorf("issue a token: %w", err)
	}
	return a, nil
}

// attest turns what was presented into what policy judges. A proof that is
// presented is always checked, even for an agent that needs none.
func (s *Service) attest(ctx context.Context, agent *domain.Agent, p attest.Presented, now time.Time) (policy.Proof, error) {
	proof := policy.Proof{Loopback: p.Loopback}
	if agent == nil || p.Empty() {
		return proof, nil
	}
	got, err := s.Attestor.Attest(ctx, *agent, p, now)
	if rejection := (*attest.Rejection)(nil); errors.As(err, &rejection) {
		proof.State, proof.Problem = policy.ProofRejected, rejection.Problem
		return proof, nil
	}
	if err != nil {
		return proof, fmt.Errorf("attest the workload: %w", err)
	}
	proof.State, proof.Kind = policy.ProofAccepted, got.Kind
	for _, sel := range got.Selectors {
		proof.Selectors = append(proof.Selectors, sel.Selector)
	}
	return proof, nil
}

// refuse audits a denial and returns it as an error. What callers who proved
// nothing cause is only counted, so that nobody can flood the chain.
func (s *Service) refuse(ctx context.Context, r Request, now time.Time, agent *domain.Agent, proof policy.Proof, denial *policy.Denial) error {
	refusal := denial.Err()
	s.Metrics.TokenRefused(refusal.Code)
	ev := s.event(r, now, agent)
	ev.Outcome, ev.Reasons, ev.DelegationID = domain.OutcomeRefused, denial.Reasons, denial.DelegationID
	if denial.BeforeProof() || proof.State != policy.ProofAccepted {
		s.Refusals.Note(ev)
		return refusal
	}
	if err := s.Recorder.Record(ctx, ev, nil); err != nil {
		return fmt.Errorf("record the refusal: %w", err)
	}
	return refusal
}

// mint signs the grant and records it; the event commits before the token leaves.
func (s *Service) mint(ctx context.Context, r Request, now time.Time, g policy.Grant) (Issued, error) {
	id, err := domain.NewID(s.Random)
	if err != nil {
		return Issued{}, err
	}
	issuedAt := now.Truncate(time.Second)
	expiresAt := issuedAt.Add(g.Lifetime)
	signed, err := s.Minter.Mint(ctx, Claims(g, id, issuedAt, expiresAt), now)
	if err != nil {
		return Issued{}, err
	}
	ev := s.event(r, now, &domain.Agent{ClientID: g.ClientID, Name: g.AgentName})
	ev.Actor = domain.Party{Type: "agent", ID: g.ClientID, Name: g.AgentName, Via: domain.ViaSDK}
	ev.DelegationID = g.DelegationID
	if ev, err = ev.WithDetails(minted{ID: id, Subject: g.Subject, Role: g.Role, Actions: g.Actions, Audience: g.Audience,
		IssuedAt: issuedAt, ExpiresAt: expiresAt, Attestation: g.Attestation, TTLSeconds: int64(g.Lifetime / time.Second)}); err != nil {
		return Issued{}, err
	}
	use := domain.Use{DelegationID: g.DelegationID, ClientID: g.ClientID, At: now}
	if err := s.Recorder.Record(ctx, ev, &use); err != nil {
		return Issued{}, fmt.Errorf("record the token: %w", err)
	}
	s.Metrics.TokenIssued(g.AgentType)
	return Issued{Token: domain.Secret(signed), Grant: g, ID: id, IssuedAt: issuedAt, ExpiresAt: expiresAt,
		TTL: max(expiresAt.Sub(s.Now()).Truncate(time.Second), 0)}, nil
}

// minted is what the audit event of a token says about it; never the token.
type minted struct {
	ID          string    `json:"jti"`
	Subject     string    `json:"subject"`
	Role        string    `json:"role"`
	Actions     []string  `json:"actions"`
	Audience    []string  `json:"audience"`
	IssuedAt    time.Time `json:"issued_at"`
	ExpiresAt   time.Time `json:"expires_at"`
	Attestation string    `json:"attestation"`
	TTLSeconds  int64     `json:"ttl_seconds"`
}

// event starts the audit event of a request for a token. The caller is
// anonymous until proven; agent is nil for an unknown client.
func (s *Service) event(r Request, now time.Time, agent *domain.Agent) domain.Event {
	target := domain.Party{Type: "agent"}
	if agent != nil {
		target.ID, target.Name = agent.ClientID, agent.Name
	}
	ev := domain.NewEvent(now, domain.Caller{Via: domain.ViaSDK, IP: r.IP, RequestID: r.RequestID}, "token.issue", target)
	ev.ClientID = target.ID
	return ev
}

// Claims returns the claims that a grant's token carries (DESIGN §3).
func Claims(g policy.Grant, id string, issuedAt, expiresAt time.Time) token.Claims {
	c := token.Claims{
		Subject: g.Subject, Actor: token.Actor{Subject: g.SPIFFEID, ClientID: g.ClientID},
		ClientID: g.ClientID, Audience: g.Audience, ID: id,
		ExpiresAt: expiresAt.Unix(), IssuedAt: issuedAt.Unix(), NotBefore: issuedAt.Unix(),
		SPIFFEID: g.SPIFFEID, AgentType: g.AgentType, UserID: g.Subject, Email: g.Email,
		DelegationID: g.DelegationID, Role: g.Role, Attestation: g.Attestation,
	}
	c.SetActions(g.Actions)
	return c
}
