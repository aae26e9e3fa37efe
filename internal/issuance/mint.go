package issuance

import (
	"context"
	"fmt"
	"time"

	"authsec/internal/attest"
	"authsec/internal/domain"
	"authsec/internal/policy"
	"authsec/internal/token"
)

// mint signs the grant and records it; the event commits before the token leaves.
func (s *Service) mint(ctx context.Context, r Request, now time.Time, g policy.Grant, proof evidence) (Issued, error) {
	id, err := domain.NewID(s.Random)
	if err != nil {
		return Issued{}, err
	}
	issuedAt := now.Truncate(time.Second)
	expiresAt := issuedAt.Add(g.Lifetime)
	signed, err := s.Minter.Mint(ctx, Claims(s.Issuer, g, id, issuedAt, expiresAt), now)
	if err != nil {
		return Issued{}, err
	}
	ev := s.event(r, now, &domain.Agent{ClientID: g.ClientID, Name: g.AgentName})
	ev.Actor = actor(g.ClientID, g.AgentName)
	ev.DelegationID = g.DelegationID
	if ev, err = ev.WithDetails(minted{ID: id, Subject: g.Subject, Role: g.Role, Actions: g.Actions, Audience: g.Audience,
		IssuedAt: issuedAt, ExpiresAt: expiresAt, Attestation: g.Attestation, TTLSeconds: int64(g.Lifetime / time.Second),
		Proof: proof.details()}); err != nil {
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
	Proof       *proven   `json:"proof,omitempty"`
}

// proven is what an audit event says of an accepted proof: what it attested,
// and how each of it is known.
type proven struct {
	Kind      string           `json:"kind"`
	SourceID  string           `json:"source_id,omitempty"`
	Selectors []provenSelector `json:"selectors,omitempty"`
}

type provenSelector struct {
	Key   string     `json:"key"`
	Value string     `json:"value"`
	How   attest.How `json:"how"`
}

// maxProven bounds the selectors in an event: a pod may have any number of labels.
const maxProven = domain.MaxSelectors

// details returns what the event of a request says of its proof, nil if none was accepted.
func (e evidence) details() *proven {
	if e.State != policy.ProofAccepted {
		return nil
	}
	p := proven{Kind: e.Kind, SourceID: e.attested.SourceID}
	for _, sel := range e.attested.Selectors[:min(len(e.attested.Selectors), maxProven)] {
		p.Selectors = append(p.Selectors, provenSelector{sel.Key, sel.Value, sel.How})
	}
	return &p
}

func actor(clientID, name string) domain.Party {
	return domain.Party{Type: "agent", ID: clientID, Name: name, Via: domain.ViaSDK}
}

// event starts the audit event of a request for a token. The caller is
// anonymous until proven; agent is nil for an unknown client.
func (s *Service) event(r Request, now time.Time, agent *domain.Agent) domain.Event {
	target := domain.Party{Type: "agent"}
	if agent != nil {
		target.ID, target.Name = agent.ClientID, agent.Name
	}
	ev := domain.NewEvent(now, domain.Caller{Via: domain.ViaSDK, IP: r.IP, RequestID: r.RequestID}, domain.ActionTokenIssue, target)
	ev.ClientID = target.ID
	return ev
}

// Claims returns the claims that a grant's token carries (DESIGN §3); issuer is
// the server's public URL.
func Claims(issuer string, g policy.Grant, id string, issuedAt, expiresAt time.Time) token.Claims {
	c := token.Claims{
		Subject: g.Subject, Actor: token.Actor{Subject: g.SPIFFEID, ClientID: g.ClientID},
		ClientID: g.ClientID, Audience: g.Audience, ID: id,
		ExpiresAt: expiresAt.Unix(), IssuedAt: issuedAt.Unix(), NotBefore: issuedAt.Unix(),
		SPIFFEID: g.SPIFFEID, AgentType: g.AgentType, UserID: g.Subject, Email: g.Email,
		DelegationID: g.DelegationID, Role: g.Role, Attestation: g.Attestation,
	}
	c.SetActions(g.Actions)
	if g.Status.List != 0 {
		c.Status = &token.Status{StatusList: token.StatusEntry{Index: g.Status.Index, URI: token.StatusListURI(issuer, g.Status.List)}}
	}
	return c
}
