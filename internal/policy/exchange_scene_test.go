package policy_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/policy"
)

const (
	templateID = "0190c000-0000-7000-8000-000000000001"
	providerID = "0190d000-0000-7000-8000-000000000001"
)

var (
	byKey  = domain.Confirmation{KeyThumbprint: "key"}
	byCert = domain.Confirmation{CertThumbprint: "certificate"}
)

func agentID(n int) string { return fmt.Sprintf("0190a000-0000-7000-8000-%012x", 0x100+n) }

// link is an agent to whom a token is handed on, with selectors of its own.
func link(n int) domain.Agent {
	return domain.Agent{ClientID: agentID(n), Name: fmt.Sprintf("Agent %d", n), Status: domain.StatusActive, Attestation: domain.AttestationRequired,
		Selectors: []domain.Selector{{Key: "k8s:sa", Value: agentID(n)}}}
}

// exchange is a scene with what token exchange adds to one.
type exchange struct {
	*scene
	chain []domain.Agent
}

func (x *exchange) decide() (policy.Grant, *policy.Denial) {
	return policy.Decide(x.now, x.settings, policy.Authority{Agent: x.agent, Delegations: x.all, Chain: x.chain}, x.proof, x.request)
}

// handedOn is an exchange in which everything holds: of Ana's token, handed on
// by the agent to agent 1 and so on.
func handedOn(n int) *exchange {
	x := &exchange{scene: granted()}
	x.request.DelegationID = delegationID(1)
	for i := range n {
		x.chain = append(x.chain, link(i+1))
		x.first().SubAgents = append(x.first().SubAgents, agentID(i+1))
		x.request.ClientID, x.proof.Selectors = agentID(i+1), x.chain[i].Selectors
	}
	x.request.Parent = &policy.Parent{Actions: []string{readID, refundID}, Audience: []string{"authsec-api"}, ExpiresAt: now.Truncate(time.Second).Add(time.Hour)}
	return x
}

// present is an exchange in which everything holds: of a token of Ana's identity
// provider, under a template that her groups meet.
func present() *exchange {
	x := &exchange{scene: granted()}
	x.request.DelegationID = delegationID(1)
	x.request.Present = &policy.Presence{ProviderID: providerID, UserID: anaID, Claims: map[string]any{"groups": []any{"staff", "support"}}}
	c := &x.all[0]
	c.Delegation.TemplateID, c.Delegator.Roles = templateID, nil
	c.Template = &domain.DelegationTemplate{ID: templateID, Enabled: true, ClientID: clientID, ProviderID: providerID, Role: "support",
		Conditions: []domain.ClaimCondition{{Claim: "groups", Values: []string{"support", "billing"}}},
		Actions:    []string{readID, refundID}, MaxDuration: time.Hour}
	c.Provider = &domain.IdentityProvider{ID: providerID, Enabled: true, Settings: domain.IdentityProviderSettings{Issuer: "https://id.example.com", Audience: "authsec"}}
	c.Linked = true
	return x
}

// template is that of the scene, to be changed.
func (x *exchange) template() *domain.DelegationTemplate { return x.all[0].Template }

func (x *exchange) mustGrant(t *testing.T) policy.Grant {
	t.Helper()
	g, d := x.decide()
	if d != nil {
		t.Fatalf("denied: %+v", d.Reasons)
	}
	return g
}

func (x *exchange) mustDeny(t *testing.T, want ...string) {
	t.Helper()
	g, d := x.decide()
	if d == nil || !slices.Equal(codes(d), want) {
		t.Fatalf("granted %+v, or denied for %v, want %v", g, codes(d), want)
	}
}
