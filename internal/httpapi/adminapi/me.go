package adminapi

import (
	"context"

	"authsec/internal/directory"
	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"
	"authsec/internal/httpapi/wire"
)

func (s server) GetMe(ctx context.Context, _ api.GetMeRequestObject) (api.GetMeResponseObject, error) {
	user, err := s.Directory.User(ctx, callerOf(ctx).UserID)
	if err != nil {
		return nil, err
	}
	me, err := s.me(ctx, user)
	return api.GetMe200JSONResponse(me), err
}

func (s server) UpdateMe(ctx context.Context, r api.UpdateMeRequestObject) (api.UpdateMeResponseObject, error) {
	user, err := s.Directory.Rename(ctx, callerOf(ctx), r.Body.Name)
	if err != nil {
		return nil, err
	}
	me, err := s.me(ctx, user)
	return api.UpdateMe200JSONResponse(me), err
}

func (s server) ChangePassword(ctx context.Context, r api.ChangePasswordRequestObject) (api.ChangePasswordResponseObject, error) {
	got, err := s.SignIn.ChangePassword(ctx, callerOf(ctx), wire.FromContext(ctx).Session,
		domain.Secret(r.Body.CurrentPassword), domain.Secret(r.Body.NewPassword))
	if err != nil {
		return nil, err
	}
	return api.ChangePassword204Response{Headers: api.ChangePassword204ResponseHeaders{
		SetCookie: s.Cookie.Set(got.Secret, got.Session.ExpiresAt).String()}}, nil
}

func (s server) me(ctx context.Context, user domain.User) (api.Me, error) {
	delegable, err := s.Directory.Delegable(ctx, callerOf(ctx))
	if err != nil {
		return api.Me{}, err
	}
	return api.Me{User: toUser(user), Level: api.Level(user.Level), Roles: orEmpty(user.Roles), Delegable: each(delegable, toDelegable)}, nil
}

func toDelegable(r directory.DelegableRole) api.DelegableRole {
	return api.DelegableRole{Name: r.Name, Description: r.Description, Actions: each(r.Actions, func(a domain.Action) api.DelegableAction {
		return api.DelegableAction{Name: a.Name, Description: a.Description, Sensitive: a.Sensitive}
	})}
}
