package delegation_test

import (
	"slices"
	"strings"
	"testing"

	"authsec/internal/domain"
	"authsec/internal/policy"
)

func (h *house) onlyField(t *testing.T, err error, field string) {
	t.Helper()
	e, ok := err.(*domain.Error) //nolint:errorlint // as it is returned
	if !ok || e.Kind != domain.Invalid || len(e.Fields) != 1 || e.Fields[0].Field != field {
		t.Errorf("%v, want a fault of %s", err, field)
	}
}

func TestSubAgentsAndConstraint(t *testing.T) {
	h := newHouse(t)
	first, second := h.newAgent(t, "First"), h.newAgent(t, "Second")
	_, err := h.Create(t.Context(), h.ana, func() domain.DelegationSpec {
		s := h.spec()
		s.SubAgents = []string{strings.ToUpper(first.ClientID), nobodyID}
		return s
	}())
	h.onlyField(t, err, "/sub_agents/1")
	d := h.lend(t, h.ana, func(s *domain.DelegationSpec) {
		s.SubAgents, s.SenderConstrained = []string{strings.ToUpper(first.ClientID)}, domain.SenderDPoP
	})
	if !slices.Equal(d.SubAgents, []string{first.ClientID}) || d.SenderConstrained != domain.SenderDPoP {
		t.Fatalf("%+v", d)
	}
	both, none, weaker, stricter := []string{second.ClientID, first.ClientID}, []string{}, domain.SenderAny, domain.SenderDPoP
	for _, p := range []domain.DelegationPatch{{SubAgents: &both}, {SenderConstrained: &weaker}} { // only the delegator widens
		if _, err := h.Edit(t.Context(), h.root, d.ID, p); domain.CodeOf(err) != "only_the_delegator_widens" {
			t.Errorf("an admin: %v", err)
		}
		if _, err := h.Edit(t.Context(), h.ana, d.ID, p); err != nil {
			t.Errorf("the delegator: %v", err)
		}
	}
	self := []string{h.agent.ClientID}
	_, err = h.Edit(t.Context(), h.ana, d.ID, domain.DelegationPatch{SubAgents: &self})
	h.onlyField(t, err, "/sub_agents")
	unknown := []string{nobodyID}
	_, err = h.Edit(t.Context(), h.ana, d.ID, domain.DelegationPatch{SubAgents: &unknown})
	h.onlyField(t, err, "/sub_agents/0")
	got, err := h.Edit(t.Context(), h.root, d.ID, domain.DelegationPatch{SubAgents: &none, SenderConstrained: &stricter}) // anybody narrows
	if err != nil || len(got.SubAgents) != 0 || got.SenderConstrained != domain.SenderDPoP {
		t.Errorf("%+v %v", got, err)
	}
	e, err := h.Explain(t.Context(), h.ana, policy.Request{ClientID: h.agent.ClientID}, policy.Proof{State: policy.ProofAssumed})
	if err != nil || len(e.Delegations) != 1 || e.Delegations[0].Grant == nil || e.Delegations[0].Grant.Confirmation.KeyThumbprint == "" ||
		e.Unnamed == nil || e.Unnamed.Grant == nil {
		t.Errorf("explain assumes the key that is demanded: %+v %v", e, err)
	}
}

// byTemplate stores a delegation as an exchange makes it.
func (h *house) byTemplate(t *testing.T) domain.Delegation {
	t.Helper()
	p := domain.IdentityProvider{ID: newID(t), Name: "Directory", Enabled: true, Settings: domain.IdentityProviderSettings{Issuer: "https://id.example.com", Audience: "api://authsec"}}
	must(t, h.store.CreateIdentityProvider(t.Context(), p, h.setup("identity_provider")))
	tpl := domain.DelegationTemplate{ID: newID(t), Name: "Staff", Enabled: true, ClientID: h.agent.ClientID, ProviderID: p.ID, Role: "finance", Actions: []string{ledger},
		Conditions: []domain.ClaimCondition{{Claim: "sub", Values: []string{"*"}}}, MaxDuration: 3600e9, SenderConstrained: domain.SenderUnconstrained}
	must(t, h.store.CreateDelegationTemplate(t.Context(), tpl, h.setup("delegation_template")))
	must(t, h.store.CreateIdentityLink(t.Context(), domain.IdentityLink{ProviderID: p.ID, Subject: "ana", UserID: h.ana.UserID}, h.setup("identity_link")))
	d := domain.Delegation{ID: newID(t), ClientID: h.agent.ClientID, Role: "finance", DelegatorID: h.ana.UserID, Actions: []string{ledger}, MaxDuration: 3600e9,
		TemplateID: tpl.ID, Status: domain.DelegationActive}
	must(t, h.store.CreateDelegation(t.Context(), d, func(*domain.DelegationDraft) (domain.Event, error) { return h.setup("delegation"), nil }))
	return d
}

// TestWhatATemplateMade is narrowed, disabled and revoked, never widened by
// anybody, and never a default. Explain assumes that its person is present.
func TestWhatATemplateMade(t *testing.T) {
	h := newHouse(t)
	d := h.byTemplate(t)
	longer, shorter := d.MaxDuration*2, d.MaxDuration/2
	for _, by := range []domain.Caller{h.ana, h.root} {
		if _, err := h.Edit(t.Context(), by, d.ID, domain.DelegationPatch{MaxDuration: &longer}); domain.CodeOf(err) != "only_the_template_widens" {
			t.Errorf("%s widens: %v", by.Email, err)
		}
	}
	yes := true
	if _, err := h.Edit(t.Context(), h.root, d.ID, domain.DelegationPatch{Default: &yes}); domain.CodeOf(err) != "made_by_template" {
		t.Errorf("the default by an edit: %v", err)
	}
	if err := h.SetDefault(t.Context(), h.root, h.agent.ClientID, d.ID); domain.CodeOf(err) != "made_by_template" {
		t.Errorf("the default: %v", err)
	}
	got, err := h.Edit(t.Context(), h.ana, d.ID, domain.DelegationPatch{MaxDuration: &shorter})
	if err != nil || got.MaxDuration != shorter || got.TemplateID != d.TemplateID {
		t.Errorf("narrowed: %+v %v", got, err)
	}
	e, err := h.Explain(t.Context(), h.ana, policy.Request{ClientID: h.agent.ClientID}, policy.Proof{State: policy.ProofAssumed})
	if err != nil || len(e.Delegations) != 1 || e.Delegations[0].Grant == nil {
		t.Errorf("explain: %+v %v", e, err)
	}
	if e.Unnamed != nil && e.Unnamed.Grant != nil {
		t.Error("it is chosen unnamed")
	}
	for _, step := range []func() (domain.DelegationView, error){
		func() (domain.DelegationView, error) { return h.Disable(t.Context(), h.ana, d.ID, "") },
		func() (domain.DelegationView, error) { return h.Enable(t.Context(), h.ana, d.ID) },
		func() (domain.DelegationView, error) { return h.Revoke(t.Context(), h.ana, d.ID, "") },
	} {
		if _, err := step(); err != nil {
			t.Error(err)
		}
	}
}
