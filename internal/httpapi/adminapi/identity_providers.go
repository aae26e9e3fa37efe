package adminapi

import (
	"context"
	"encoding/json"
	"fmt"

	"authsec/internal/directory"
	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"
)

func (s server) ListIdentityProviders(ctx context.Context, r api.ListIdentityProvidersRequestObject) (api.ListIdentityProvidersResponseObject, error) {
	page, err := domain.NewPage(r.Params.Limit, r.Params.Cursor, r.Params.Q)
	if err != nil {
		return nil, err
	}
	list, err := s.Directory.IdentityProviders(ctx, page)
	if err != nil {
		return nil, err
	}
	out := api.ListIdentityProviders200JSONResponse{Items: make([]api.IdentityProvider, len(list.Items)), NextCursor: list.Next}
	for i, p := range list.Items {
		if out.Items[i], err = s.toIdentityProvider(p); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s server) CreateIdentityProvider(ctx context.Context, r api.CreateIdentityProviderRequestObject) (api.CreateIdentityProviderResponseObject, error) {
	settings, err := recast[domain.IdentityProviderSettings](r.Body)
	if err != nil {
		return nil, err
	}
	p, err := s.Directory.CreateIdentityProvider(ctx, callerOf(ctx), domain.IdentityProviderSpec{Name: r.Body.Name, Settings: settings,
		Enabled: r.Body.Enabled == nil || *r.Body.Enabled})
	if err != nil {
		return nil, err
	}
	out, err := s.toIdentityProvider(p)
	return api.CreateIdentityProvider201JSONResponse(out), err
}

func (s server) GetIdentityProvider(ctx context.Context, r api.GetIdentityProviderRequestObject) (api.GetIdentityProviderResponseObject, error) {
	p, err := s.Directory.IdentityProvider(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	out, err := s.toIdentityProvider(p)
	return api.GetIdentityProvider200JSONResponse(out), err
}

func (s server) UpdateIdentityProvider(ctx context.Context, r api.UpdateIdentityProviderRequestObject) (api.UpdateIdentityProviderResponseObject, error) {
	change, err := fromProviderUpdate(*r.Body)
	if err != nil {
		return nil, err
	}
	p, err := s.Directory.UpdateIdentityProvider(ctx, callerOf(ctx), r.ID, change)
	if err != nil {
		return nil, err
	}
	out, err := s.toIdentityProvider(p)
	return api.UpdateIdentityProvider200JSONResponse(out), err
}

// fromProviderUpdate writes the members that are there over the settings; like
// settings of a workload source it goes by way of JSON.
func fromProviderUpdate(u api.IdentityProviderUpdate) (directory.ProviderChange, error) {
	raw, err := json.Marshal(u)
	if err != nil {
		return directory.ProviderChange{}, fmt.Errorf("change to an identity provider: %w", err)
	}
	if err := json.Unmarshal(raw, &domain.IdentityProviderSettings{}); err != nil {
		return directory.ProviderChange{}, fmt.Errorf("change to an identity provider: %w", err)
	}
	return directory.ProviderChange{Name: u.Name, Settings: func(s *domain.IdentityProviderSettings) {
		_ = json.Unmarshal(raw, s) // it was tried above
		if u.Scopes != nil {
			s.Scopes = append([]string{}, u.Scopes...)
		}
	}}, nil
}

func (s server) DeleteIdentityProvider(ctx context.Context, r api.DeleteIdentityProviderRequestObject) (api.DeleteIdentityProviderResponseObject, error) {
	if err := s.Directory.DeleteIdentityProvider(ctx, callerOf(ctx), r.ID); err != nil {
		return nil, err
	}
	return api.DeleteIdentityProvider204Response{}, nil
}

func (s server) EnableIdentityProvider(ctx context.Context, r api.EnableIdentityProviderRequestObject) (api.EnableIdentityProviderResponseObject, error) {
	p, err := s.Directory.EnableIdentityProvider(ctx, callerOf(ctx), r.ID)
	if err != nil {
		return nil, err
	}
	out, err := s.toIdentityProvider(p)
	return api.EnableIdentityProvider200JSONResponse(out), err
}

func (s server) DisableIdentityProvider(ctx context.Context, r api.DisableIdentityProviderRequestObject) (api.DisableIdentityProviderResponseObject, error) {
	p, err := s.Directory.DisableIdentityProvider(ctx, callerOf(ctx), r.ID)
	if err != nil {
		return nil, err
	}
	out, err := s.toIdentityProvider(p)
	return api.DisableIdentityProvider200JSONResponse(out), err
}

func (s server) toIdentityProvider(p domain.IdentityProvider) (api.IdentityProvider, error) {
	out, err := recast[api.IdentityProvider](p.Settings)
	out.ID, out.Name, out.Enabled = p.ID, p.Name, p.Enabled
	out.Scopes, out.RedirectURI = orEmpty(out.Scopes), s.PublicURL+SignInCallback
	out.CreatedAt, out.UpdatedAt = p.CreatedAt.UTC(), p.UpdatedAt.UTC()
	return out, err
}

func (s server) TestIdentityProvider(ctx context.Context, r api.TestIdentityProviderRequestObject) (api.TestIdentityProviderResponseObject, error) {
	kind := api.SubjectTokenKindIDToken
	if r.Body.Kind != nil {
		kind = *r.Body.Kind
	}
	got, err := s.Subjects.Examine(ctx, callerOf(ctx), r.ID, domain.Secret(r.Body.Token), string(kind))
	if err != nil {
		return nil, err
	}
	out := api.IdentityProviderVerdict{Verdict: api.ExaminedSubject(got.Verdict), Problem: optional(got.Problem), Cause: optional(got.Cause),
		Subject: optional(got.Subject.Subject), ExpiresAt: optionalTime(got.ExpiresAt), Templates: []api.TemplateMatch{}, MoreTemplates: got.More}
	if got.Claims != nil {
		if out.Claims, err = json.Marshal(got.Claims); err != nil {
			return nil, fmt.Errorf("encode a token's claims: %w", err)
		}
	}
	if got.User != nil {
		out.User = &api.UserRef{ID: got.User.ID, Email: got.User.Email, Name: got.User.Name}
	}
	ids := make([]string, len(got.Templates))
	for i, t := range got.Templates {
		ids[i] = t.ClientID
	}
	names, err := s.Directory.AgentNames(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, t := range got.Templates {
		out.Templates = append(out.Templates, api.TemplateMatch{ID: t.ID, Name: t.Name, Enabled: t.Enabled, Agent: toAgentRef(names[t.ClientID]), Role: t.Role, Met: t.Met})
	}
	return api.TestIdentityProvider200JSONResponse(out), nil
}
