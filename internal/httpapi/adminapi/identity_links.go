package adminapi

import (
	"context"

	"authsec/internal/directory"
	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"
)

func (s server) ListUserIdentities(ctx context.Context, r api.ListUserIdentitiesRequestObject) (api.ListUserIdentitiesResponseObject, error) {
	list, err := s.Directory.Identities(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	return api.ListUserIdentities200JSONResponse{Items: each(list, toIdentityLink)}, nil
}

func (s server) ListMyIdentities(ctx context.Context, _ api.ListMyIdentitiesRequestObject) (api.ListMyIdentitiesResponseObject, error) {
	list, err := s.Directory.Identities(ctx, callerOf(ctx).UserID)
	if err != nil {
		return nil, err
	}
	return api.ListMyIdentities200JSONResponse{Items: each(list, toIdentityLink)}, nil
}

func (s server) LinkIdentity(ctx context.Context, r api.LinkIdentityRequestObject) (api.LinkIdentityResponseObject, error) {
	link, err := s.Directory.LinkIdentity(ctx, callerOf(ctx), r.ID, r.Body.IdentityProviderID, r.Body.Subject)
	if err != nil {
		return nil, err
	}
	return api.LinkIdentity201JSONResponse(toIdentityLink(link)), nil
}

func (s server) UnlinkIdentity(ctx context.Context, r api.UnlinkIdentityRequestObject) (api.UnlinkIdentityResponseObject, error) {
	if err := s.Directory.UnlinkIdentity(ctx, callerOf(ctx), r.ID, r.IdentityProviderID, r.Params.Subject); err != nil {
		return nil, err
	}
	return api.UnlinkIdentity204Response{}, nil
}

func toIdentityLink(l directory.LinkedIdentity) api.IdentityLink {
	return api.IdentityLink{IdentityProvider: toProviderRef(l.Provider), Issuer: l.Provider.Settings.Issuer, Subject: l.Subject, CreatedAt: l.CreatedAt.UTC()}
}

func toProviderRef(p domain.IdentityProvider) api.IdentityProviderRef {
	return api.IdentityProviderRef{ID: p.ID, Name: p.Name}
}

func (s server) ListSignInProviders(ctx context.Context, _ api.ListSignInProvidersRequestObject) (api.ListSignInProvidersResponseObject, error) {
	list, err := s.Directory.SignInProviders(ctx)
	if err != nil {
		return nil, err
	}
	return api.ListSignInProviders200JSONResponse{Items: each(list, toProviderRef)}, nil
}
