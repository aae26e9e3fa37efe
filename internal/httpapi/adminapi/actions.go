package adminapi

import (
	"context"

	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"
)

func (s server) ListActions(ctx context.Context, r api.ListActionsRequestObject) (api.ListActionsResponseObject, error) {
	page, err := domain.NewPage(r.Params.Limit, r.Params.Cursor, r.Params.Q)
	if err != nil {
		return nil, err
	}
	list, err := s.Directory.Actions(ctx, page)
	if err != nil {
		return nil, err
	}
	return api.ListActions200JSONResponse{Items: each(list.Items, toAction), NextCursor: list.Next}, nil
}

func (s server) CreateAction(ctx context.Context, r api.CreateActionRequestObject) (api.CreateActionResponseObject, error) {
	a, err := s.Directory.CreateAction(ctx, callerOf(ctx), domain.Action{
		Name: r.Body.Name, Description: valueOf(r.Body.Description), Sensitive: valueOf(r.Body.Sensitive)})
	if err != nil {
		return nil, err
	}
	return api.CreateAction201JSONResponse(toAction(a)), nil
}

func (s server) GetAction(ctx context.Context, r api.GetActionRequestObject) (api.GetActionResponseObject, error) {
	a, err := s.Directory.Action(ctx, r.Name)
	if err != nil {
		return nil, err
	}
	return api.GetAction200JSONResponse(toAction(a)), nil
}

func (s server) UpdateAction(ctx context.Context, r api.UpdateActionRequestObject) (api.UpdateActionResponseObject, error) {
	a, err := s.Directory.UpdateAction(ctx, callerOf(ctx), r.Name, valueOf(r.Body.Description), valueOf(r.Body.Sensitive))
	if err != nil {
		return nil, err
	}
	return api.UpdateAction200JSONResponse(toAction(a)), nil
}

func (s server) DeleteAction(ctx context.Context, r api.DeleteActionRequestObject) (api.DeleteActionResponseObject, error) {
	if err := s.Directory.DeleteAction(ctx, callerOf(ctx), r.Name); err != nil {
		return nil, err
	}
	return api.DeleteAction204Response{}, nil
}

func toAction(a domain.Action) api.Action {
	return api.Action{Name: a.Name, Description: a.Description, Sensitive: a.Sensitive, CreatedAt: a.CreatedAt.UTC(), UpdatedAt: a.UpdatedAt.UTC()}
}
