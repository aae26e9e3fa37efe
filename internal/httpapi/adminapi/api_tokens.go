package adminapi

import (
	"context"

	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"
)

func (s server) ListAPITokens(ctx context.Context, r api.ListAPITokensRequestObject) (api.ListAPITokensResponseObject, error) {
	page, err := domain.NewPage(r.Params.Limit, r.Params.Cursor, r.Params.Q)
	if err != nil {
		return nil, err
	}
	list, err := s.SignIn.APITokens(ctx, callerOf(ctx), domain.APITokenFilter{UserID: valueOf(r.Params.UserID)}, page)
	if err != nil {
		return nil, err
	}
	return api.ListAPITokens200JSONResponse{Items: each(list.Items, toAPIToken), NextCursor: list.Next}, nil
}

func (s server) CreateAPIToken(ctx context.Context, r api.CreateAPITokenRequestObject) (api.CreateAPITokenResponseObject, error) {
	secret, token, err := s.SignIn.CreateAPIToken(ctx, callerOf(ctx), domain.APITokenSpec{Name: r.Body.Name, ExpiresAt: valueOf(r.Body.ExpiresAt)})
	if err != nil {
		return nil, err
	}
	t := toAPIToken(token)
	return api.CreateAPIToken201JSONResponse{ID: t.ID, Name: t.Name, User: t.User, CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt,
		LastUsedAt: t.LastUsedAt, Token: secret.Reveal()}, nil
}

func (s server) DeleteAPIToken(ctx context.Context, r api.DeleteAPITokenRequestObject) (api.DeleteAPITokenResponseObject, error) {
	if err := s.SignIn.DeleteAPIToken(ctx, callerOf(ctx), r.ID); err != nil {
		return nil, err
	}
	return api.DeleteAPIToken204Response{}, nil
}

func toAPIToken(t domain.APIToken) api.APIToken {
	return api.APIToken{ID: t.ID, Name: t.Name, User: api.UserRef{ID: t.UserID, Email: t.UserEmail, Name: t.UserName},
		CreatedAt: t.CreatedAt.UTC(), ExpiresAt: optionalTime(t.ExpiresAt), LastUsedAt: optionalTime(t.LastUsedAt)}
}
