package policy_test

import (
	"fmt"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/policy"
)

const (
	clientID = "0190a000-0000-7000-8000-000000000001"
	anaID    = "0190a000-0000-7000-8000-0000000000a1"
	bobID    = "0190a000-0000-7000-8000-0000000000b1"
	refundID = "billing:refund"
	readID   = "billing:read"
	apiURI   = "https://billing.example.com"
)

var now = time.Date(2026, 5, 21, 6, 25, 36, 700_000_000, time.UTC)

// scene is everything Decide looks at. A test changes one thing in it.
type scene struct {
	now      time.Time
	settings policy.Settings
	agent    *domain.Agent
	all      []policy.Candidate
	proof    policy.Proof
	request  policy.Request
}

// granted is a scene in which everything holds: Ana lent billing:read and
// billing:refund of the role support for an hour to a proven Kubernetes agent.
func granted() *scene {
	selectors := []domain.Selector{{Key: "k8s:ns", Value: "production"}, {Key: "k8s:sa", Value: "agent-sa"}}
	return &scene{
		now: now,
		settings: policy.Settings{TrustDomain: "authsec.local", DefaultAudience: "authsec-api",
			MaxTokenTTL: 24 * time.Hour},
		agent: &domain.Agent{ClientID: clientID, Name: "Customer Support", Type: "langchain", Platform: "kubernetes",
			Selectors: selectors, Attestation: domain.AttestationRequired, AttestationChosen: true,
			Status: domain.StatusActive, DefaultDelegationID: delegationID(1)},
		all:     []policy.Candidate{candidate(1, ana())},
		proof:   policy.Proof{State: policy.ProofAccepted, Kind: "k8s", Selectors: selectors},
		request: policy.Request{ClientID: clientID},
	}
}

func (s *scene) decide() (policy.Grant, *policy.Denial) {
	return policy.Decide(s.now, s.settings, policy.Authority{Agent: s.agent, Delegations: s.all}, s.proof, s.request)
}

// first is the delegation of the scene, to be changed.
func (s *scene) first() *domain.Delegation { return &s.all[0].Delegation }

func delegationID(n int) string { return fmt.Sprintf("0190b000-0000-7000-8000-%012x", n) }

func ana() *domain.User {
	return &domain.User{ID: anaID, Email: "ana@example.com", Status: domain.StatusActive,
		Level: domain.LevelMember, Roles: []string{"finance", "support"}}
}

func bob() *domain.User {
	return &domain.User{ID: bobID, Email: "bob@example.com", Status: domain.StatusActive,
		Level: domain.LevelMember, Roles: []string{"finance", "support"}}
}

func candidate(n int, by *domain.User) policy.Candidate {
	return policy.Candidate{
		Delegation: domain.Delegation{ID: delegationID(n), ClientID: clientID, Role: "support", DelegatorID: by.ID,
			Actions: []string{readID, refundID}, MaxDuration: time.Hour, Status: domain.DelegationActive},
		Role:      &domain.Role{Name: "support", Actions: []string{readID, refundID, "orders:read", "tickets:write"}},
		Delegator: by,
	}
}

// inRole moves a candidate to another role with the same actions.
func inRole(c policy.Candidate, role string) policy.Candidate {
	c.Delegation.Role = role
	c.Role = &domain.Role{Name: role, Actions: c.Role.Actions}
	return c
}

func codes(d *policy.Denial) []string {
	if d == nil {
		return nil
	}
	out := make([]string, 0, len(d.Reasons))
	for _, r := range d.Reasons {
		out = append(out, r.Code)
	}
	return out
}

func mustGrant(t *testing.T, s *scene) policy.Grant {
	t.Helper()
	g, d := s.decide()
	if d != nil {
		t.Fatalf("denied: %+v", d.Reasons)
	}
	return g
}

func mustDeny(t *testing.T, s *scene, want ...string) *policy.Denial {
	t.Helper()
	g, d := s.decide()
	if d == nil {
		t.Fatalf("granted %+v, want a denial with %v", g, want)
	}
	got := codes(d)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("reasons are %v, want %v", got, want)
	}
	return d
}
