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
	return api.ListDelegations200JSONResponse{Items: each(list.Items, s.toDelegation), NextCursor: list.Next}, nil
}

func (s server) CreateDelegation(ctx context.Context, r api.CreateDelegationRequestObject) (api.CreateDelegationResponseObject, error) {
	d, err := s.Delegation.Create(ctx, callerOf(ctx), domain.DelegationSpec{Role: r.Body.Role, ClientID: r.Body.ClientID,
		Actions: r.Body.Actions, MaxDuration: time.Duration(r.Body.MaxDurationSeconds) * time.Second,
		Resources: r.Body.Resources, EndsAt: valueOf(r.Body.EndsAt), Default: r.Body.Default})
	if err != nil {
		return nil, err
	}
	return api.CreateDelegation201JSONResponse(s.toDelegation(d)), nil
}

func (s server) GetDelegation(ctx context.Context, r api.GetDelegationRequestObject) (api.GetDelegationResponseObject, error) {
	d, err := s.Delegation.Get(ctx, callerOf(ctx), r.ID)
	if err != nil {
		return nil, err
	}
	return api.GetDelegation200JSONResponse(s.toDelegation(d)), nil
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
	return api.UpdateDelegation200JSONResponse(s.toDelegation(d)), nil
}

func (s server) RevokeDelegation(ctx context.Context, r api.RevokeDelegationRequestObject) (api.RevokeDelegationResponseObject, error) {
	d, err := s.Delegation.Revoke(ctx, callerOf(ctx), r.ID, valueOf(valueOf(r.Body).Reason))
	if err != nil {
		return nil, err
	}
	return api.RevokeDelegation200JSONResponse(s.toDelegation(d)), nil
}

func (s server) DisableDelegation(ctx context.Context, r api.DisableDelegationRequestObject) (api.DisableDelegationResponseObject, error) {
	d, err := s.Delegation.Disable(ctx, callerOf(ctx), r.ID, valueOf(valueOf(r.Body).Reason))
	if err != nil {
		return nil, err
	}
	return api.DisableDelegation200JSONResponse(s.toDelegation(d)), nil
}

func (s server) EnableDelegation(ctx context.Context, r api.EnableDelegationRequestObject) (api.EnableDelegationResponseObject, error) {
	d, err := s.Delegation.Enable(ctx, callerOf(ctx), r.ID)
	if err != nil {
		return nil, err
	}
	return api.EnableDelegation200JSONResponse(s.toDelegation(d)), nil
}

func (s server) toDelegation(d domain.DelegationView) api.Delegation {
	return api.Delegation{ID: d.ID, ClientID: d.ClientID, Agent: toAgentRef(d.Agent), Role: d.Role, Delegator: toUserRef(d.Delegator),
		Actions: orEmpty(d.Actions), MaxDurationSeconds: int(d.MaxDuration / time.Second), Resources: orEmpty(d.Resources),
		EndsAt: optionalTime(d.EndsAt), Status: api.DelegationStatus(d.StatusAt(s.Now())), Default: d.Default,
		DisabledByAdmin: d.DisabledByAdmin, DisabledByDelegator: d.DisabledByDelegator,
		RevokeReason: optional(d.RevokeReason), RevokedAt: optionalTime(d.RevokedAt),
		CreatedAt: d.CreatedAt.UTC(), UpdatedAt: d.UpdatedAt.UTC(), LastUsedAt: optionalTime(d.LastUsedAt)}
}

// fromDelegationUpdate tells the members that are absent from those that are
// empty; an ends_at of null removes the end date.
func fromDelegationUpdate(u api.DelegationUpdate) (domain.DelegationPatch, error) {
	patch := domain.DelegationPatch{Default: u.Default}
	if u.Actions != nil {
		patch.Actions = &u.Actions
	}
	if u.Resources != nil {
		patch.Resources = &u.Resources
	}
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
