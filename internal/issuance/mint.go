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

// draft is a token that is about to be made.
type draft struct {
	policy.Grant
	id        string // jti
	issuedAt  time.Time
	expiresAt time.Time
	exchanged *exchanged // nil: it comes from no exchange
}

func (s *Service) draft(now time.Time, g policy.Grant) (draft, error) {
	id, err := domain.NewID(s.Random)
	issuedAt := now.Truncate(time.Second)
	return draft{Grant: g, id: id, issuedAt: issuedAt, expiresAt: issuedAt.Add(g.Lifetime)}, err
}

// mint signs a draft and records it; the event commits before the token leaves.
// One that no token can hold is refused.
func (s *Service) mint(ctx context.Context, r Request, now time.Time, d draft, proof evidence) (Issued, error) {
	issued, err := s.sign(ctx, r, now, d, proof)
	if domain.KindOf(err) == domain.Invalid { // asked for more than a token can hold
		return Issued{}, s.refuse(ctx, r, now, &domain.Agent{ClientID: d.ClientID, Name: d.AgentName}, proof, &policy.Denial{DelegationID: d.DelegationID,
			Reasons: []domain.Reason{{Code: CodeInvalidRequest, Message: publicOf(err)}}})
	}
	return issued, err
}

func (s *Service) sign(ctx context.Context, r Request, now time.Time, d draft, proof evidence) (Issued, error) {
	g := d.Grant
	signed, err := s.Minter.Mint(ctx, Claims(s.Issuer, g, d.id, d.issuedAt, d.expiresAt), now)
	if err != nil {
		return Issued{}, err
	}
	ev := s.event(r, now, &domain.Agent{ClientID: g.ClientID, Name: g.AgentName})
	ev.Actor = actor(g.ClientID, g.AgentName)
	ev.DelegationID = g.DelegationID
	if ev, err = ev.WithDetails(minted{ID: d.id, Subject: g.Subject, Role: g.Role, Actions: g.Actions, Audience: g.Audience,
		IssuedAt: d.issuedAt, ExpiresAt: d.expiresAt, Attestation: g.Attestation, TTLSeconds: int64(g.Lifetime / time.Second),
		confirmed: confirmedBy(g.Confirmation), Proof: proof.details(), Exchange: d.exchanged}); err != nil {
		return Issued{}, err
	}
	use := domain.Use{DelegationID: g.DelegationID, ClientID: g.ClientID, At: now}
	if err := s.Recorder.Record(ctx, ev, &use); err != nil {
		return Issued{}, fmt.Errorf("record the token: %w", err)
	}
	s.Metrics.TokenIssued(g.AgentType)
	return Issued{Token: domain.Secret(signed), Grant: g, ID: d.id, IssuedAt: d.issuedAt, ExpiresAt: d.expiresAt,
		TTL: max(d.expiresAt.Sub(s.Now()).Truncate(time.Second), 0)}, nil
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
	confirmed
	Proof    *proven    `json:"proof,omitempty"`
	Exchange *exchanged `json:"exchange,omitempty"`
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
		Subject: g.Subject, Actor: token.Actor{Subject: g.SPIFFEID, ClientID: g.ClientID, Act: nested(g.Earlier)},
		ClientID: g.ClientID, Audience: g.Audience, ID: id,
		ExpiresAt: expiresAt.Unix(), IssuedAt: issuedAt.Unix(), NotBefore: issuedAt.Unix(),
		SPIFFEID: g.SPIFFEID, AgentType: g.AgentType, UserID: g.Subject, Email: g.Email,
		DelegationID: g.DelegationID, Role: g.Role, Attestation: g.Attestation,
	}
	c.SetActions(g.Actions)
	if g.Status.List != 0 {
		c.Status = &token.Status{StatusList: token.StatusEntry{Index: g.Status.Index, URI: token.StatusListURI(issuer, g.Status.List)}}
	}
	if k := g.Confirmation; !k.None() {
		c.Confirmation = &token.Confirmation{KeyThumbprint: k.KeyThumbprint, CertThumbprint: k.CertThumbprint}
	}
	return c
}
