package adminapi

import (
	"context"
	"time"

	"authsec/internal/directory"
	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"
)

func (s server) ListAgents(ctx context.Context, r api.ListAgentsRequestObject) (api.ListAgentsResponseObject, error) {
	p := r.Params
	page, err := domain.NewPage(p.Limit, p.Cursor, p.Q)
	if err != nil {
		return nil, err
	}
	list, err := s.Directory.Agents(ctx, domain.AgentFilter{Type: valueOf(p.Type), Platform: valueOf(p.Platform),
		Attestation: domain.Attestation(valueOf(p.Attestation)), Status: domain.Status(valueOf(p.Status))}, page)
	if err != nil {
		return nil, err
	}
	return api.ListAgents200JSONResponse{Items: each(list.Items, s.toAgent), NextCursor: list.Next}, nil
}

func (s server) CreateAgent(ctx context.Context, r api.CreateAgentRequestObject) (api.CreateAgentResponseObject, error) {
	agent, secret, err := s.Directory.CreateAgent(ctx, callerOf(ctx), domain.AgentSpec{Name: r.Body.Name, Type: r.Body.Type,
		Platform: r.Body.Platform, Selectors: fromSelectors(r.Body.Selectors), Attestation: domain.Attestation(valueOf(r.Body.Attestation))})
	if err != nil {
		return nil, err
	}
	return api.CreateAgent201JSONResponse(s.withSecret(agent, secret)), nil
}

func (s server) GetAgent(ctx context.Context, r api.GetAgentRequestObject) (api.GetAgentResponseObject, error) {
	agent, err := s.Directory.Agent(ctx, r.ClientID)
	if err != nil {
		return nil, err
	}
	return api.GetAgent200JSONResponse(s.toAgent(agent)), nil
}

func (s server) UpdateAgent(ctx context.Context, r api.UpdateAgentRequestObject) (api.UpdateAgentResponseObject, error) {
	patch := domain.AgentPatch{Name: r.Body.Name, Type: r.Body.Type, Attestation: (*domain.Attestation)(r.Body.Attestation)}
	if r.Body.Selectors != nil {
		selectors := fromSelectors(r.Body.Selectors)
		patch.Selectors = &selectors
	}
	agent, err := s.Directory.UpdateAgent(ctx, callerOf(ctx), r.ClientID, patch)
	if err != nil {
		return nil, err
	}
	return api.UpdateAgent200JSONResponse(s.toAgent(agent)), nil
}

func (s server) DeleteAgent(ctx context.Context, r api.DeleteAgentRequestObject) (api.DeleteAgentResponseObject, error) {
	if err := s.Directory.DeleteAgent(ctx, callerOf(ctx), r.ClientID); err != nil {
		return nil, err
	}
	return api.DeleteAgent204Response{}, nil
}

func (s server) SuspendAgent(ctx context.Context, r api.SuspendAgentRequestObject) (api.SuspendAgentResponseObject, error) {
	agent, err := s.Directory.SuspendAgent(ctx, callerOf(ctx), r.ClientID)
	if err != nil {
		return nil, err
	}
	return api.SuspendAgent200JSONResponse(s.toAgent(agent)), nil
}

func (s server) ActivateAgent(ctx context.Context, r api.ActivateAgentRequestObject) (api.ActivateAgentResponseObject, error) {
	agent, err := s.Directory.ActivateAgent(ctx, callerOf(ctx), r.ClientID)
	if err != nil {
		return nil, err
	}
	return api.ActivateAgent200JSONResponse(s.toAgent(agent)), nil
}

func (s server) RotateAgentSecret(ctx context.Context, r api.RotateAgentSecretRequestObject) (api.RotateAgentSecretResponseObject, error) {
	overlap := directory.DefaultSecretOverlap
	if r.Body != nil && r.Body.OverlapSeconds != nil {
		overlap = time.Duration(*r.Body.OverlapSeconds) * time.Second
	}
	secret, agent, err := s.Directory.RotateAgentSecret(ctx, callerOf(ctx), r.ClientID, overlap)
	if err != nil {
		return nil, err
	}
	return api.RotateAgentSecret200JSONResponse(s.withSecret(agent, secret)), nil
}

func (s server) SetDefaultDelegation(ctx context.Context, r api.SetDefaultDelegationRequestObject) (api.SetDefaultDelegationResponseObject, error) {
	err := s.Delegation.SetDefault(ctx, callerOf(ctx), r.ClientID, valueOf(r.Body.DelegationID))
	if err != nil {
		return nil, err
	}
	agent, err := s.Directory.Agent(ctx, r.ClientID)
	if err != nil {
		return nil, err
	}
	return api.SetDefaultDelegation200JSONResponse(s.toAgent(agent)), nil
}

func (s server) toAgent(a domain.Agent) api.Agent {
	return api.Agent{ClientID: a.ClientID, Name: a.Name, Type: a.Type, TypeLabel: domain.AgentTypeLabel(a.Type), Platform: a.Platform,
		Selectors:   each(a.Selectors, func(sel domain.Selector) api.Selector { return api.Selector(sel) }),
		Attestation: api.AttestationMode(a.Attestation), AttestationChosen: a.AttestationChosen, Status: api.AgentStatus(a.Status),
		SPIFFEID:  domain.SPIFFEID(s.Policy.TrustDomain, a.ClientID),
		CreatedAt: a.CreatedAt.UTC(), UpdatedAt: a.UpdatedAt.UTC(), LastTokenAt: optionalTime(a.LastTokenAt),
		DefaultDelegationID: optional(a.DefaultDelegationID), Keys: each(a.Keys, toAgentKey)}
}

func (s server) withSecret(agent domain.Agent, secret domain.Secret) api.AgentWithSecret {
	a := s.toAgent(agent)
	return api.AgentWithSecret{ClientID: a.ClientID, Name: a.Name, Type: a.Type, TypeLabel: a.TypeLabel, Platform: a.Platform,
		Selectors: a.Selectors, Attestation: a.Attestation, AttestationChosen: a.AttestationChosen, Status: a.Status,
		SPIFFEID: a.SPIFFEID, CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt, LastTokenAt: a.LastTokenAt,
		DefaultDelegationID: a.DefaultDelegationID, ClientSecret: optional(secret.Reveal())}
}

func fromSelectors(list []api.Selector) []domain.Selector {
	return each(list, func(s api.Selector) domain.Selector { return domain.Selector(s) })
}

func toAgentRef(a domain.AgentRef) api.AgentRef {
	return api.AgentRef{ClientID: a.ClientID, Name: a.Name, Type: a.Type}
}
