package adminapi

import (
	"context"
	"time"

	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"
)

func (s server) GetOverview(ctx context.Context, r api.GetOverviewRequestObject) (api.GetOverviewResponseObject, error) {
	o, err := s.Audit.Overview(ctx, callerOf(ctx), valueOf(r.Params.From), valueOf(r.Params.To))
	if err != nil {
		return nil, err
	}
	return api.GetOverview200JSONResponse{From: o.From.UTC(), To: o.To.UTC(), BucketSeconds: int(o.Bucket / time.Second),
		Counts: api.OverviewCounts{Agents: int(o.Counts.Agents), ActiveDelegations: int(o.Counts.ActiveDelegations),
			Users: int(o.Counts.Users), TokensIssued: o.Counts.TokensIssued, TokensRefused: o.Counts.TokensRefused},
		Series: each(o.Series, toSeries), AtRisk: each(o.AtRisk, toAtRisk), Checklist: toChecklist(o.Checklist)}, nil
}

func toChecklist(c domain.Checklist) api.OverviewChecklist {
	return api.OverviewChecklist{ActionCreated: c.ActionCreated, RoleCreated: c.RoleCreated, PersonInvited: c.PersonInvited,
		AgentOnboarded: c.AgentOnboarded, DelegationCreated: c.DelegationCreated, TokenIssued: c.TokenIssued}
}

func toSeries(t domain.TokenSeries) api.OverviewSeries {
	out := api.OverviewSeries{Points: each(t.Points, func(p domain.TokenPoint) api.OverviewPoint {
		return api.OverviewPoint{Start: p.Start.UTC(), Issued: p.Issued, Refused: p.Refused}
	})}
	if t.Agent != nil {
		agent := toAgentRef(*t.Agent)
		out.Agent = &agent
	}
	return out
}

func toAtRisk(a domain.AgentAtRisk) api.AgentAtRisk {
	return api.AgentAtRisk{Agent: toAgentRef(a.Agent), Risks: each(a.Risks, func(r domain.Risk) api.Risk {
		return api.Risk{Code: api.RiskCode(r.Code), Message: r.Message, DelegationID: optional(r.DelegationID), EndsAt: optionalTime(r.EndsAt)}
	})}
}
