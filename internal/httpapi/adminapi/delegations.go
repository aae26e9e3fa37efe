package adminapi

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"
)

func (s server) ListDelegations(ctx context.Context, r api.ListDelegationsRequestObject) (api.ListDelegationsResponseObject, error) {
	p := r.Params
	page, err := domain.NewPage(p.Limit, p.Cursor, p.Q)
	if err != nil {
		return nil, err
	}
	list, err := s.Delegation.List(ctx, callerOf(ctx), domain.DelegationFilter{ClientID: valueOf(p.ClientID),
		Role: valueOf(p.Role), DelegatorID: valueOf(p.Delegator), Status: domain.DelegationStatus(valueOf(p.Status))}, page)
	if err != nil {
		return nil, err
	}
	items, err := s.toDelegations(ctx, list.Items)
	return api.ListDelegations200JSONResponse{Items: items, NextCursor: list.Next}, err
}

func (s server) CreateDelegation(ctx context.Context, r api.CreateDelegationRequestObject) (api.CreateDelegationResponseObject, error) {
	d, err := s.Delegation.Create(ctx, callerOf(ctx), domain.DelegationSpec{Role: r.Body.Role, ClientID: r.Body.ClientID,
		Actions: r.Body.Actions, MaxDuration: time.Duration(r.Body.MaxDurationSeconds) * time.Second,
		Resources: r.Body.Resources, EndsAt: valueOf(r.Body.EndsAt), Default: r.Body.Default,
		SubAgents: r.Body.SubAgents, SenderConstrained: domain.SenderConstraint(valueOf(r.Body.SenderConstrained))})
	if err != nil {
		return nil, err
	}
	out, err := s.toDelegation(ctx, d)
	return api.CreateDelegation201JSONResponse(out), err
}

func (s server) GetDelegation(ctx context.Context, r api.GetDelegationRequestObject) (api.GetDelegationResponseObject, error) {
	d, err := s.Delegation.Get(ctx, callerOf(ctx), r.ID)
	if err != nil {
		return nil, err
	}
	out, err := s.toDelegation(ctx, d)
	return api.GetDelegation200JSONResponse(out), err
}

func (s server) UpdateDelegation(ctx context.Context, r api.UpdateDelegationRequestObject) (api.UpdateDelegationResponseObject, error) {
	patch, err := fromDelegationUpdate(*r.Body)
	if err != nil {
		return nil, err
	}
	d, err := s.Delegation.Edit(ctx, callerOf(ctx), r.ID, patch)
	if err != nil {
		return nil, err
	}
	out, err := s.toDelegation(ctx, d)
	return api.UpdateDelegation200JSONResponse(out), err
}

func (s server) RevokeDelegation(ctx context.Context, r api.RevokeDelegationRequestObject) (api.RevokeDelegationResponseObject, error) {
	d, err := s.Delegation.Revoke(ctx, callerOf(ctx), r.ID, valueOf(valueOf(r.Body).Reason))
	if err != nil {
		return nil, err
	}
	out, err := s.toDelegation(ctx, d)
	return api.RevokeDelegation200JSONResponse(out), err
}

func (s server) DisableDelegation(ctx context.Context, r api.DisableDelegationRequestObject) (api.DisableDelegationResponseObject, error) {
	d, err := s.Delegation.Disable(ctx, callerOf(ctx), r.ID, valueOf(valueOf(r.Body).Reason))
	if err != nil {
		return nil, err
	}
	out, err := s.toDelegation(ctx, d)
	return api.DisableDelegation200JSONResponse(out), err
}

func (s server) EnableDelegation(ctx context.Context, r api.EnableDelegationRequestObject) (api.EnableDelegationResponseObject, error) {
	d, err := s.Delegation.Enable(ctx, callerOf(ctx), r.ID)
	if err != nil {
		return nil, err
	}
	out, err := s.toDelegation(ctx, d)
	return api.EnableDelegation200JSONResponse(out), err
}

func (s server) toDelegation(ctx context.Context, d domain.DelegationView) (api.Delegation, error) {
	out, err := s.toDelegations(ctx, []domain.DelegationView{d})
	if err != nil {
		return api.Delegation{}, err
	}
	return out[0], nil
}

// toDelegations names what the delegations refer to.
func (s server) toDelegations(ctx context.Context, list []domain.DelegationView) ([]api.Delegation, error) {
	var agentIDs, templateIDs []string
	for _, d := range list {
		agentIDs = append(agentIDs, d.SubAgents...)
		if d.TemplateID != "" {
			templateIDs = append(templateIDs, d.TemplateID)
		}
	}
	agents, err := s.Directory.AgentNames(ctx, agentIDs)
	if err != nil {
		return nil, err
	}
	templates, err := s.Directory.TemplateNames(ctx, templateIDs)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	return each(list, func(d domain.DelegationView) api.Delegation {
		out := api.Delegation{ID: d.ID, ClientID: d.ClientID, Agent: toAgentRef(d.Agent), Role: d.Role, Delegator: toUserRef(d.Delegator),
			Actions: orEmpty(d.Actions), MaxDurationSeconds: int(d.MaxDuration / time.Second), Resources: orEmpty(d.Resources),
			EndsAt: optionalTime(d.EndsAt), Status: api.DelegationStatus(d.StatusAt(now)), Default: d.Default,
			SubAgents:         each(d.SubAgents, func(id string) api.AgentRef { return toAgentRef(agents[id]) }),
			SenderConstrained: api.SenderConstraint(d.Constraint()),
			DisabledByAdmin:   d.DisabledByAdmin, DisabledByDelegator: d.DisabledByDelegator,
			RevokeReason: optional(d.RevokeReason), RevokedAt: optionalTime(d.RevokedAt),
			CreatedAt: d.CreatedAt.UTC(), UpdatedAt: d.UpdatedAt.UTC(), LastUsedAt: optionalTime(d.LastUsedAt)}
		if d.TemplateID != "" {
			out.Template = &api.DelegationTemplateRef{ID: d.TemplateID, Name: optional(templates[d.TemplateID])}
		}
		return out
	}), nil
}

// fromDelegationUpdate tells the members that are absent from those that are
// empty; an ends_at of null removes the end date.
func fromDelegationUpdate(u api.DelegationUpdate) (domain.DelegationPatch, error) {
	patch := domain.DelegationPatch{Default: u.Default, Actions: given(u.Actions), Resources: given(u.Resources), SubAgents: given(u.SubAgents),
		SenderConstrained: (*domain.SenderConstraint)(u.SenderConstrained)}
	if u.MaxDurationSeconds != nil {
		d := time.Duration(*u.MaxDurationSeconds) * time.Second
		patch.MaxDuration = &d
	}
	if u.EndsAt != nil {
		var end time.Time // null leaves it zero
		if err := json.Unmarshal(u.EndsAt, &end); err != nil {
			return patch, fmt.Errorf("decode ends_at, which the contract's check let through: %w", err)
		}
		patch.EndsAt = &end
	}
	return patch, nil
}
