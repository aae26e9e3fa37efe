package adminapi

import (
	"context"

	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"
)

func (s server) ListAuditEvents(ctx context.Context, r api.ListAuditEventsRequestObject) (api.ListAuditEventsResponseObject, error) {
	p := r.Params
	page, err := domain.NewPage(p.Limit, p.Cursor, p.Q)
	if err != nil {
		return nil, err
	}
	list, err := s.Audit.Events(ctx, callerOf(ctx), domain.EventFilter{Actor: valueOf(p.Actor), ClientID: valueOf(p.Agent),
		Action: valueOf(p.Action), TargetType: valueOf(p.TargetType), TargetID: valueOf(p.TargetID), DelegationID: valueOf(p.DelegationID),
		Outcome: domain.Outcome(valueOf(p.Outcome)), From: valueOf(p.From), To: valueOf(p.To)}, page)
	if err != nil {
		return nil, err
	}
	return api.ListAuditEvents200JSONResponse{Items: each(list.Items, toAuditEvent), NextCursor: list.Next}, nil
}

func (s server) GetAuditEvent(ctx context.Context, r api.GetAuditEventRequestObject) (api.GetAuditEventResponseObject, error) {
	e, err := s.Audit.Event(ctx, callerOf(ctx), r.Seq)
	if err != nil {
		return nil, err
	}
	return api.GetAuditEvent200JSONResponse(toAuditEvent(e)), nil
}

func (s server) GetAuditChain(ctx context.Context, _ api.GetAuditChainRequestObject) (api.GetAuditChainResponseObject, error) {
	c, err := s.Audit.ChainStatus(ctx)
	if err != nil {
		return nil, err
	}
	out := api.GetAuditChain200JSONResponse{Events: c.Events, VerifiedUpTo: c.VerifiedUpTo, VerifiedAt: optionalTime(c.VerifiedAt)}
	if c.Broken != nil {
		out.BrokenAt = &c.Broken.Seq
	}
	if cp := c.LastCheckpoint; cp != nil {
		out.LastCheckpoint = &api.AuditCheckpoint{Seq: cp.Seq, JWS: cp.JWS, CreatedAt: cp.CreatedAt.UTC()}
	}
	return out, nil
}

func toAuditEvent(e domain.StoredEvent) api.AuditEvent {
	return api.AuditEvent{Seq: e.Seq, Hash: e.Hash.String(), Time: e.Time.UTC(), Actor: toParty(e.Actor), Action: e.Action,
		Target: toParty(e.Target), Outcome: api.AuditOutcome(e.Outcome), Reasons: toReasons(e.Reasons), IP: e.IP, RequestID: e.RequestID,
		ClientID: e.ClientID, DelegationID: e.DelegationID, Count: e.Count, Before: e.Before, After: e.After, Details: e.Details}
}

func toParty(p domain.Party) api.AuditParty {
	return api.AuditParty{Type: p.Type, ID: p.ID, Name: p.Name, Via: string(p.Via)}
}

// toReasons leaves none out of the answer.
func toReasons(reasons []domain.Reason) []api.Reason {
	if len(reasons) == 0 {
		return nil
	}
	return each(reasons, func(r domain.Reason) api.Reason {
		return api.Reason{Code: r.Code, Message: r.Message, Keys: r.Keys}
	})
}
