package adminapi

import (
	"context"

	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"
)

func (s server) ListResources(ctx context.Context, r api.ListResourcesRequestObject) (api.ListResourcesResponseObject, error) {
	page, err := domain.NewPage(r.Params.Limit, r.Params.Cursor, r.Params.Q)
	if err != nil {
		return nil, err
	}
	list, err := s.Directory.Resources(ctx, page)
	if err != nil {
		return nil, err
	}
	return api.ListResources200JSONResponse{Items: each(list.Items, toResource), NextCursor: list.Next}, nil
}

func (s server) CreateResource(ctx context.Context, r api.CreateResourceRequestObject) (api.CreateResourceResponseObject, error) {
	resource, secret, err := s.Directory.CreateResource(ctx, callerOf(ctx), domain.ResourceSpec{Name: r.Body.Name, URI: r.Body.URI})
	if err != nil {
		return nil, err
	}
	return api.CreateResource201JSONResponse(withResourceSecret(resource, secret)), nil
}

func (s server) GetResource(ctx context.Context, r api.GetResourceRequestObject) (api.GetResourceResponseObject, error) {
	resource, err := s.Directory.Resource(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	return api.GetResource200JSONResponse(toResource(resource)), nil
}

func (s server) UpdateResource(ctx context.Context, r api.UpdateResourceRequestObject) (api.UpdateResourceResponseObject, error) {
	resource, err := s.Directory.UpdateResource(ctx, callerOf(ctx), r.ID, domain.ResourcePatch{Name: &r.Body.Name})
	if err != nil {
		return nil, err
	}
	return api.UpdateResource200JSONResponse(toResource(resource)), nil
}

func (s server) DeleteResource(ctx context.Context, r api.DeleteResourceRequestObject) (api.DeleteResourceResponseObject, error) {
	if err := s.Directory.DeleteResource(ctx, callerOf(ctx), r.ID); err != nil {
		return nil, err
	}
	return api.DeleteResource204Response{}, nil
}

func (s server) RotateResourceSecret(ctx context.Context, r api.RotateResourceSecretRequestObject) (api.RotateResourceSecretResponseObject, error) {
	secret, resource, err := s.Directory.RotateResourceSecret(ctx, callerOf(ctx), r.ID)
	if err != nil {
		return nil, err
	}
	return api.RotateResourceSecret200JSONResponse(withResourceSecret(resource, secret)), nil
}

func toResource(r domain.Resource) api.Resource {
	return api.Resource{ID: r.ID, Name: r.Name, URI: r.URI, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC()}
}

func withResourceSecret(r domain.Resource, secret domain.Secret) api.ResourceWithSecret {
	return api.ResourceWithSecret{ID: r.ID, Name: r.Name, URI: r.URI, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
		ResourceSecret: secret.Reveal()}
}
