package adminapi

import (
	"context"

	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"
	"authsec/internal/issuance"
)

func (s server) TestWorkloadSource(ctx context.Context, r api.TestWorkloadSourceRequestObject) (api.TestWorkloadSourceResponseObject, error) {
	source, err := s.Directory.WorkloadSource(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	got, err := s.Examiner.Examine(ctx, callerOf(ctx), source, domain.Secret(r.Body.Token))
	if err != nil {
		return nil, err
	}
	return api.TestWorkloadSource200JSONResponse(toSourceVerdict(got)), nil
}

func (s server) TestWorkloadSourceDraft(ctx context.Context, r api.TestWorkloadSourceDraftRequestObject) (api.TestWorkloadSourceDraftResponseObject, error) {
	b := r.Body
	settings, err := sourceMembers{b.Kubernetes, b.SPIFFE, b.Oidc, b.Unix}.settings()
	if err != nil {
		return nil, err
	}
	name := "Not saved yet"
	if b.Name != nil {
		name = *b.Name
	}
	source, err := s.Directory.DraftWorkloadSource(callerOf(ctx), domain.WorkloadSourceSpec{Name: name, Kind: domain.SourceKind(b.Kind), Settings: settings})
	if err != nil {
		return nil, err
	}
	got, err := s.Examiner.Examine(ctx, callerOf(ctx), source, domain.Secret(b.Token))
	if err != nil {
		return nil, err
	}
	return api.TestWorkloadSourceDraft200JSONResponse(toSourceVerdict(got)), nil
}

func toSourceVerdict(e issuance.Examination) api.WorkloadSourceVerdict {
	out := api.WorkloadSourceVerdict{Verdict: api.ExaminedProof(e.Verdict), Problem: optional(e.Problem), Cause: optional(e.Cause),
		ClientID: optional(e.ClientID), ExpiresAt: optionalTime(e.Until), Selectors: []api.AttestedSelector{}, MoreAgents: e.More,
		Method: optional(api.AttestationMethod(e.Kind)),
		Missing: each(e.Hints(), func(r domain.Reason) api.MissingSelector {
			return api.MissingSelector{Selector: r.Keys[0], Message: r.Message}
		}),
		Agents: each(e.Satisfied, func(a domain.Agent) api.SatisfiedAgent {
			return api.SatisfiedAgent{ClientID: a.ClientID, Name: a.Name, Platform: a.Platform, Status: api.AgentStatus(a.Status)}
		})}
	for _, sel := range e.Selectors {
		out.Selectors = append(out.Selectors, api.AttestedSelector{Key: sel.Key, Value: sel.Value, How: api.SelectorOrigin(sel.How)})
	}
	return out
}
