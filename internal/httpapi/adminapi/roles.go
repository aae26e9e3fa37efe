package adminapi

import (
	"context"

	"authsec/internal/delegation"
	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"
	"authsec/internal/httpapi/wire"
)

func (s server) ListRoles(ctx context.Context, r api.ListRolesRequestObject) (api.ListRolesResponseObject, error) {
	page, err := domain.NewPage(r.Params.Limit, r.Params.Cursor, r.Params.Q)
	if err != nil {
		return nil, err
	}
	list, err := s.Directory.Roles(ctx, page)
	if err != nil {
		return nil, err
	}
	return api.ListRoles200JSONResponse{Items: each(list.Items, toRole), NextCursor: list.Next}, nil
}

func (s server) CreateRole(ctx context.Context, r api.CreateRoleRequestObject) (api.CreateRoleResponseObject, error) {
	role, err := s.Directory.CreateRole(ctx, callerOf(ctx), domain.Role{
		Name: r.Body.Name, Description: valueOf(r.Body.Description), Actions: r.Body.Actions})
	if err != nil {
		return nil, err
	}
	return api.CreateRole201JSONResponse(toRole(role)), nil
}

func (s server) GetRole(ctx context.Context, r api.GetRoleRequestObject) (api.GetRoleResponseObject, error) {
	role, err := s.Directory.Role(ctx, r.Name)
	if err != nil {
		return nil, err
	}
	return api.GetRole200JSONResponse(toRole(role)), nil
}

func (s server) UpdateRole(ctx context.Context, r api.UpdateRoleRequestObject) (api.UpdateRoleResponseObject, error) {
	role, err := s.Directory.UpdateRole(ctx, callerOf(ctx), r.Name, valueOf(r.Body.Description), r.Body.Actions, valueOf(r.Body.UpdatedAt))
	if err != nil {
		return nil, err
	}
	return api.UpdateRole200JSONResponse(toRole(role)), nil
}

func (s server) DeleteRole(ctx context.Context, r api.DeleteRoleRequestObject) (api.DeleteRoleResponseObject, error) {
	if err := s.Directory.DeleteRole(ctx, callerOf(ctx), r.Name); err != nil {
		return nil, err
	}
	return api.DeleteRole204Response{}, nil
}

func (s server) GetRoleImpact(ctx context.Context, r api.GetRoleImpactRequestObject) (api.GetRoleImpactResponseObject, error) {
	impact, err := s.Delegation.RoleImpact(ctx, r.Name, wire.Words(r.Params.Actions))
	if err != nil {
		return nil, err
	}
	return api.GetRoleImpact200JSONResponse(toImpact(impact)), nil
}

func toRole(r domain.Role) api.Role {
	return api.Role{Name: r.Name, Description: r.Description, Actions: orEmpty(r.Actions), CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC()}
}

func toImpact(i delegation.Impact) api.RoleImpact {
	out := api.RoleImpact{Role: i.Role, Added: orEmpty(i.Added), Removed: orEmpty(i.Removed), Agents: []api.AgentRef{},
		TotalAgents: i.TotalAgents, TotalDelegations: i.TotalDelegations}
	known := map[string]bool{}
	for _, d := range i.Delegations {
		if agent := d.Delegation.Agent; !known[agent.ClientID] {
			known[agent.ClientID] = true
			out.Agents = append(out.Agents, toAgentRef(agent))
		}
	}
	out.Delegations = each(i.Delegations, func(d delegation.DelegationImpact) api.DelegationImpact {
		return api.DelegationImpact{DelegationID: d.Delegation.ID, Agent: toAgentRef(d.Delegation.Agent),
			Delegator: toUserRef(d.Delegation.Delegator), Status: api.DelegationStatus(d.Delegation.Status),
			Lost: orEmpty(d.Lost), Gained: orEmpty(d.Gained), Remaining: orEmpty(d.Remaining)}
	})
	return out
}
