package adminapi

import (
	"context"

	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"
	"authsec/internal/revocation"
)

func (s server) GetDelegationRecall(ctx context.Context, r api.GetDelegationRecallRequestObject) (api.GetDelegationRecallResponseObject, error) {
	came, err := s.Recalls.Last(ctx, callerOf(ctx), domain.RecallScope{DelegationID: r.ID})
	if err != nil {
		return nil, err
	}
	return api.GetDelegationRecall200JSONResponse(toRecallProgress(came)), nil
}

func (s server) GetAgentRecall(ctx context.Context, r api.GetAgentRecallRequestObject) (api.GetAgentRecallResponseObject, error) {
	came, err := s.Recalls.Last(ctx, callerOf(ctx), domain.RecallScope{ClientID: r.ClientID})
	if err != nil {
		return nil, err
	}
	return api.GetAgentRecall200JSONResponse(toRecallProgress(came)), nil
}

func toRecallProgress(c revocation.Came) api.RecallProgress {
	return api.RecallProgress{Seq: c.Seq, At: c.At.UTC(), Indexes: c.Indexes, Tokens: api.RecalledTokens{Count: c.Tokens, More: c.More},
		Verifiers: api.RecallAudience{Connected: c.Connected, Heard: c.Heard, Polling: c.Polling}}
}
