package adminapi

import (
	"context"
	"encoding/json"
	"fmt"

	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"
)

func (s server) ListWorkloadSources(ctx context.Context, r api.ListWorkloadSourcesRequestObject) (api.ListWorkloadSourcesResponseObject, error) {
	page, err := domain.NewPage(r.Params.Limit, r.Params.Cursor, r.Params.Q)
	if err != nil {
		return nil, err
	}
	list, err := s.Directory.WorkloadSources(ctx, page)
	if err != nil {
		return nil, err
	}
	out := api.ListWorkloadSources200JSONResponse{Items: make([]api.WorkloadSource, len(list.Items)), NextCursor: list.Next}
	for i, source := range list.Items {
		if out.Items[i], err = s.toWorkloadSource(source); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s server) CreateWorkloadSource(ctx context.Context, r api.CreateWorkloadSourceRequestObject) (api.CreateWorkloadSourceResponseObject, error) {
	b := r.Body
	settings, err := sourceMembers{b.Kubernetes, b.SPIFFE, b.Oidc, b.Unix}.settings()
	if err != nil {
		return nil, err
	}
	source, err := s.Directory.CreateWorkloadSource(ctx, callerOf(ctx), domain.WorkloadSourceSpec{Name: b.Name, Kind: domain.SourceKind(b.Kind),
		Settings: settings, Enabled: b.Enabled == nil || *b.Enabled})
	if err != nil {
		return nil, err
	}
	out, err := s.toWorkloadSource(source)
	return api.CreateWorkloadSource201JSONResponse(out), err
}

func (s server) GetWorkloadSource(ctx context.Context, r api.GetWorkloadSourceRequestObject) (api.GetWorkloadSourceResponseObject, error) {
	source, err := s.Directory.WorkloadSource(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	out, err := s.toWorkloadSource(source)
	return api.GetWorkloadSource200JSONResponse(out), err
}

func (s server) UpdateWorkloadSource(ctx context.Context, r api.UpdateWorkloadSourceRequestObject) (api.UpdateWorkloadSourceResponseObject, error) {
	b := r.Body
	patch := domain.WorkloadSourcePatch{Name: b.Name}
	if given := (sourceMembers{b.Kubernetes, b.SPIFFE, b.Oidc, b.Unix}); given != (sourceMembers{}) {
		settings, err := given.settings()
		if err != nil {
			return nil, err
		}
		patch.Settings = &settings
	}
	source, err := s.Directory.UpdateWorkloadSource(ctx, callerOf(ctx), r.ID, patch)
	if err != nil {
		return nil, err
	}
	out, err := s.toWorkloadSource(source)
	return api.UpdateWorkloadSource200JSONResponse(out), err
}

func (s server) DeleteWorkloadSource(ctx context.Context, r api.DeleteWorkloadSourceRequestObject) (api.DeleteWorkloadSourceResponseObject, error) {
	if err := s.Directory.DeleteWorkloadSource(ctx, callerOf(ctx), r.ID); err != nil {
		return nil, err
	}
	return api.DeleteWorkloadSource204Response{}, nil
}

func (s server) EnableWorkloadSource(ctx context.Context, r api.EnableWorkloadSourceRequestObject) (api.EnableWorkloadSourceResponseObject, error) {
	source, err := s.Directory.EnableWorkloadSource(ctx, callerOf(ctx), r.ID)
	if err != nil {
		return nil, err
	}
	out, err := s.toWorkloadSource(source)
	return api.EnableWorkloadSource200JSONResponse(out), err
}

func (s server) DisableWorkloadSource(ctx context.Context, r api.DisableWorkloadSourceRequestObject) (api.DisableWorkloadSourceResponseObject, error) {
	source, err := s.Directory.DisableWorkloadSource(ctx, callerOf(ctx), r.ID)
	if err != nil {
		return nil, err
	}
	out, err := s.toWorkloadSource(source)
	return api.DisableWorkloadSource200JSONResponse(out), err
}

// sourceMembers are the members of a body that hold a source's settings.
type sourceMembers struct {
	Kubernetes *api.KubernetesSource `json:"kubernetes,omitempty"`
	SPIFFE     *api.SPIFFESource     `json:"spiffe,omitempty"`
	OIDC       *api.OidcSource       `json:"oidc,omitempty"`
	Unix       *api.UnixSource       `json:"unix,omitempty"`
}

// settings and membersOf go by way of JSON: the contract and what is stored name
// the settings alike, which a test holds them to.
func (m sourceMembers) settings() (domain.SourceSettings, error) {
	return recast[domain.SourceSettings](m)
}

func membersOf(s domain.SourceSettings) (sourceMembers, error) { return recast[sourceMembers](s) }

func recast[T any](v any) (T, error) {
	var out T
	raw, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		return out, fmt.Errorf("settings of a workload source: %w", err)
	}
	return out, nil
}

func (s server) toWorkloadSource(source domain.WorkloadSource) (api.WorkloadSource, error) {
	m, err := membersOf(source.Settings)
	return api.WorkloadSource{ID: source.ID, Name: source.Name, Kind: api.WorkloadSourceKind(source.Kind), Enabled: source.Enabled,
		Proves: orEmpty(source.Proves(s.Policy.TrustDomain)), Kubernetes: m.Kubernetes, SPIFFE: m.SPIFFE, Oidc: m.OIDC, Unix: m.Unix,
		CreatedAt: source.CreatedAt.UTC(), UpdatedAt: source.UpdatedAt.UTC()}, err
}
