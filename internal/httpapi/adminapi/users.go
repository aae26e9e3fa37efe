package adminapi

import (
	"context"

	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"
	"authsec/internal/httpapi/wire"
)

func (s server) ListUsers(ctx context.Context, r api.ListUsersRequestObject) (api.ListUsersResponseObject, error) {
	page, err := domain.NewPage(r.Params.Limit, r.Params.Cursor, r.Params.Q)
	if err != nil {
		return nil, err
	}
	list, err := s.Directory.Users(ctx, domain.UserFilter{Level: domain.Level(valueOf(r.Params.Level)),
		Status: domain.Status(valueOf(r.Params.Status)), Role: valueOf(r.Params.Role)}, page)
	if err != nil {
		return nil, err
	}
	return api.ListUsers200JSONResponse{Items: each(list.Items, toUser), NextCursor: list.Next}, nil
}

func (s server) CreateUser(ctx context.Context, r api.CreateUserRequestObject) (api.CreateUserResponseObject, error) {
	user, link, err := s.Directory.CreateUser(ctx, callerOf(ctx), domain.UserSpec{Email: r.Body.Email, Name: r.Body.Name,
		Level: domain.Level(r.Body.Level), Password: domain.Secret(valueOf(r.Body.Password)), Roles: r.Body.Roles})
	if err != nil {
		return nil, err
	}
	u := toUser(user)
	out := api.CreateUser201JSONResponse{ID: u.ID, Email: u.Email, Name: u.Name, Level: u.Level, Status: u.Status, Roles: u.Roles,
		HasPassword: u.HasPassword, CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt, LastSignInAt: u.LastSignInAt}
	if link != "" {
		out.SetupURL, out.SetupExpiresAt = optional(wire.SetupURL(s.PublicURL, link, user.Email)), optionalTime(user.CreatedAt.Add(domain.SetupLinkLife))
	}
	return out, nil
}

func (s server) GetUser(ctx context.Context, r api.GetUserRequestObject) (api.GetUserResponseObject, error) {
	user, err := s.Directory.User(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	return api.GetUser200JSONResponse(toUser(user)), nil
}

func (s server) UpdateUser(ctx context.Context, r api.UpdateUserRequestObject) (api.UpdateUserResponseObject, error) {
	patch := domain.UserPatch{Name: r.Body.Name, Status: (*domain.Status)(r.Body.Status), Level: (*domain.Level)(r.Body.Level)}
	if r.Body.Roles != nil {
		patch.Roles = &r.Body.Roles
	}
	user, err := s.Directory.UpdateUser(ctx, callerOf(ctx), r.ID, patch)
	if err != nil {
		return nil, err
	}
	return api.UpdateUser200JSONResponse(toUser(user)), nil
}

func (s server) CreateSetupLink(ctx context.Context, r api.CreateSetupLinkRequestObject) (api.CreateSetupLinkResponseObject, error) {
	secret, link, err := s.SignIn.NewSetupLink(ctx, callerOf(ctx), r.ID)
	if err != nil {
		return nil, err
	}
	user, err := s.Directory.User(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	return api.CreateSetupLink201JSONResponse{SetupURL: wire.SetupURL(s.PublicURL, secret, user.Email), ExpiresAt: link.ExpiresAt.UTC()}, nil
}

func toUser(u domain.User) api.User {
	return api.User{ID: u.ID, Email: u.Email, Name: u.Name, Level: api.Level(u.Level), Status: api.UserStatus(u.Status),
		Roles: orEmpty(u.Roles), HasPassword: u.PasswordHash != "", CreatedAt: u.CreatedAt.UTC(), UpdatedAt: u.UpdatedAt.UTC(),
		LastSignInAt: optionalTime(u.LastSignInAt)}
}

func toUserRef(u domain.UserRef) api.UserRef {
	return api.UserRef{ID: u.ID, Email: u.Email, Name: u.Name}
}
