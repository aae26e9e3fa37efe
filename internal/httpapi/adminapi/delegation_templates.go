package adminapi

import (
	"context"
	"time"

	"authsec/internal/directory"
	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"
)

func (s server) ListDelegationTemplates(ctx context.Context, r api.ListDelegationTemplatesRequestObject) (api.ListDelegationTemplatesResponseObject, error) {
	p := r.Params
	page, err := domain.NewPage(p.Limit, p.Cursor, p.Q)
	if err != nil {
		return nil, err
	}
	list, err := s.Directory.DelegationTemplates(ctx, domain.TemplateFilter{ClientID: valueOf(p.ClientID), ProviderID: valueOf(p.IdentityProviderID)}, page)
	if err != nil {
		return nil, err
	}
	items, err := s.toDelegationTemplates(ctx, list.Items)
	return api.ListDelegationTemplates200JSONResponse{Items: items, NextCursor: list.Next}, err
}

func (s server) CreateDelegationTemplate(ctx context.Context, r api.CreateDelegationTemplateRequestObject) (api.CreateDelegationTemplateResponseObject, error) {
	b := r.Body
	t, err := s.Directory.CreateDelegationTemplate(ctx, callerOf(ctx), domain.DelegationTemplateSpec{Name: b.Name, Enabled: b.Enabled == nil || *b.Enabled,
		ClientID: b.ClientID, ProviderID: b.IdentityProviderID, Conditions: each(b.Conditions, fromCondition), Role: b.Role, Actions: b.Actions,
		MaxDuration: time.Duration(b.MaxDurationSeconds) * time.Second, Resources: b.Resources, SubAgents: b.SubAgents,
		SenderConstrained: domain.SenderConstraint(valueOf(b.SenderConstrained))})
	if err != nil {
		return nil, err
	}
	out, err := s.toDelegationTemplate(ctx, t)
	return api.CreateDelegationTemplate201JSONResponse(out), err
}

func (s server) GetDelegationTemplate(ctx context.Context, r api.GetDelegationTemplateRequestObject) (api.GetDelegationTemplateResponseObject, error) {
	t, err := s.Directory.DelegationTemplate(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	out, err := s.toDelegationTemplate(ctx, t)
	return api.GetDelegationTemplate200JSONResponse(out), err
}

func (s server) UpdateDelegationTemplate(ctx context.Context, r api.UpdateDelegationTemplateRequestObject) (api.UpdateDelegationTemplateResponseObject, error) {
	t, err := s.Directory.UpdateDelegationTemplate(ctx, callerOf(ctx), r.ID, fromTemplateUpdate(*r.Body))
	if err != nil {
		return nil, err
	}
	out, err := s.toDelegationTemplate(ctx, t)
	return api.UpdateDelegationTemplate200JSONResponse(out), err
}

func (s server) DeleteDelegationTemplate(ctx context.Context, r api.DeleteDelegationTemplateRequestObject) (api.DeleteDelegationTemplateResponseObject, error) {
	if err := s.Directory.DeleteDelegationTemplate(ctx, callerOf(ctx), r.ID); err != nil {
		return nil, err
	}
	return api.DeleteDelegationTemplate204Response{}, nil
}

func (s server) EnableDelegationTemplate(ctx context.Context, r api.EnableDelegationTemplateRequestObject) (api.EnableDelegationTemplateResponseObject, error) {
	t, err := s.Directory.EnableDelegationTemplate(ctx, callerOf(ctx), r.ID)
	if err != nil {
		return nil, err
	}
	out, err := s.toDelegationTemplate(ctx, t)
	return api.EnableDelegationTemplate200JSONResponse(out), err
}

func (s server) DisableDelegationTemplate(ctx context.Context, r api.DisableDelegationTemplateRequestObject) (api.DisableDelegationTemplateResponseObject, error) {
	t, err := s.Directory.DisableDelegationTemplate(ctx, callerOf(ctx), r.ID)
	if err != nil {
		return nil, err
	}
	out, err := s.toDelegationTemplate(ctx, t)
	return api.DisableDelegationTemplate200JSONResponse(out), err
}

// fromTemplateUpdate tells the members that are absent from those that are empty.
func fromTemplateUpdate(u api.DelegationTemplateUpdate) directory.TemplateChange {
	change := directory.TemplateChange{Name: u.Name, Actions: given(u.Actions), Resources: given(u.Resources), SubAgents: given(u.SubAgents),
		SenderConstrained: (*domain.SenderConstraint)(u.SenderConstrained)}
	if u.Conditions != nil {
		conditions := each(u.Conditions, fromCondition)
		change.Conditions = &conditions
	}
	if u.MaxDurationSeconds != nil {
		d := time.Duration(*u.MaxDurationSeconds) * time.Second
		change.MaxDuration = &d
	}
	return change
}

// given returns nil for a list that is absent.
func given(list []string) *[]string {
	if list == nil {
		return nil
	}
	return &list
}

func fromCondition(c api.ClaimCondition) domain.ClaimCondition {
	return domain.ClaimCondition{Claim: c.Claim, Values: c.Values}
}

func toCondition(c domain.ClaimCondition) api.ClaimCondition {
	return api.ClaimCondition{Claim: c.Claim, Values: orEmpty(c.Values)}
}

func (s server) toDelegationTemplate(ctx context.Context, t domain.DelegationTemplate) (api.DelegationTemplate, error) {
	out, err := s.toDelegationTemplates(ctx, []domain.DelegationTemplate{t})
	if err != nil {
		return api.DelegationTemplate{}, err
	}
	return out[0], nil
}

// toDelegationTemplates names what the templates refer to.
func (s server) toDelegationTemplates(ctx context.Context, list []domain.DelegationTemplate) ([]api.DelegationTemplate, error) {
	var ids []string
	for _, t := range list {
		ids = append(append(ids, t.ClientID), t.SubAgents...)
	}
	agents, err := s.Directory.AgentNames(ctx, ids)
	if err != nil {
		return nil, err
	}
	providers := map[string]api.IdentityProviderRef{}
	for _, t := range list {
		if _, known := providers[t.ProviderID]; known {
			continue
		}
		p, err := s.Directory.IdentityProvider(ctx, t.ProviderID)
		if err != nil {
			return nil, err
		}
		providers[t.ProviderID] = toProviderRef(p)
	}
	return each(list, func(t domain.DelegationTemplate) api.DelegationTemplate {
		return api.DelegationTemplate{ID: t.ID, Name: t.Name, Enabled: t.Enabled, ClientID: t.ClientID, Agent: toAgentRef(agents[t.ClientID]),
			IdentityProvider: providers[t.ProviderID], Conditions: each(t.Conditions, toCondition), Role: t.Role, Actions: orEmpty(t.Actions),
			MaxDurationSeconds: int(t.MaxDuration / time.Second), Resources: orEmpty(t.Resources),
			SubAgents:         each(t.SubAgents, func(id string) api.AgentRef { return toAgentRef(agents[id]) }),
			SenderConstrained: api.SenderConstraint(t.SenderConstrained), CreatedAt: t.CreatedAt.UTC(), UpdatedAt: t.UpdatedAt.UTC()}
	}), nil
}
