package main

import (
	"context"
	"maps"
	"slices"

	"authsec/internal/app"
	"authsec/internal/domain"
)

// demoUnixAgent proves itself by the kernel's word on who it is.
const demoUnixAgent = "Customer Support on this machine"

// seedUnix makes the agent that must prove the selectors, or has the one that
// is there prove them, and returns its client ID.
func seedUnix(ctx context.Context, a *app.App, wanted map[string]string) (string, error) {
	var selectors []domain.Selector
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		selectors = append(selectors, domain.Selector{Key: key, Value: wanted[key]})
	}
	page, err := domain.NewPage(1, "", demoUnixAgent)
	if err != nil {
		return "", err
	}
	list, err := a.Directory.Agents(ctx, domain.AgentFilter{Platform: domain.PlatformUnix}, page)
	if err != nil {
		return "", err
	}
	if len(list.Items) > 0 {
		agent, err := a.Directory.UpdateAgent(ctx, domain.System(), list.Items[0].ClientID, domain.AgentPatch{Selectors: &selectors})
		return agent.ClientID, err
	}
	agent, _, err := a.Directory.CreateAgent(ctx, domain.System(), domain.AgentSpec{Name: demoUnixAgent, Type: "langchain",
		Platform: domain.PlatformUnix, Selectors: selectors, Attestation: domain.AttestationRequired})
	if err != nil {
		return "", err
	}
	lead, err := a.Store.UserByEmail(ctx, demoUserEmail)
	if err != nil {
		return "", err
	}
	return agent.ClientID, lendDemo(ctx, a, lead, agent.ClientID)
}

// lendDemo has the demo's person delegate to an agent: it is the person's
// authority, so the person is the caller.
func lendDemo(ctx context.Context, a *app.App, lead domain.User, clientID string) error {
	caller := domain.Caller{UserID: lead.ID, Email: lead.Email, Name: lead.Name, Level: lead.Level, Roles: lead.Roles, Via: domain.ViaSystem}
	_, err := a.Delegation.Create(ctx, caller, domain.DelegationSpec{Role: demoRole, ClientID: clientID,
		Actions: []string{"billing:read", "orders:read", "tickets:write"}, MaxDuration: demoDuration})
	return err
}
