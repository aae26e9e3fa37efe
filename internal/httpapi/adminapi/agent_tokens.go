package adminapi

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"
)

// outstandingPages bounds how far back outstanding tokens are counted: so many
// pages of domain.MaxPage.
const outstandingPages = 5

// longestToken is the longest life that the settings let a token have.
const longestToken = 24 * time.Hour

// issuedToken is what the event of an issuance says of the token.
type issuedToken struct {
	ID          string    `json:"jti"`
	Subject     string    `json:"subject"`
	Role        string    `json:"role"`
	Actions     []string  `json:"actions"`
	Audience    []string  `json:"audience"`
	IssuedAt    time.Time `json:"issued_at"`
	ExpiresAt   time.Time `json:"expires_at"`
	Attestation string    `json:"attestation"`
	BoundBy     string    `json:"confirmation"` // "" : none
	Exchange    struct {
		Chain []string `json:"chain"`
	} `json:"exchange"`
}

// handedOn are the agents of a chain; none where the delegation's agent is alone.
func (t issuedToken) handedOn() []string {
	if len(t.Exchange.Chain) < 2 {
		return []string{}
	}
	return t.Exchange.Chain
}

// issued decodes an event of issuance. One that somebody made unreadable is no
// token that can be told of; the log itself shows it, and the chain's check.
func issued(e domain.StoredEvent) (issuedToken, bool) {
	var t issuedToken
	err := json.Unmarshal(e.Details, &t)
	return t, err == nil && t.ID != ""
}

func (s server) ListAgentTokens(ctx context.Context, r api.ListAgentTokensRequestObject) (api.ListAgentTokensResponseObject, error) {
	page, err := domain.NewPage(r.Params.Limit, r.Params.Cursor, "")
	if err != nil {
		return nil, err
	}
	if _, err := s.Directory.Agent(ctx, r.ClientID); err != nil {
		return nil, err
	}
	filter := domain.EventFilter{ClientID: r.ClientID, Action: domain.ActionTokenIssue, Outcome: domain.OutcomeSuccess}
	list, err := s.Audit.Events(ctx, callerOf(ctx), filter, page)
	if err != nil {
		return nil, err
	}
	out := api.ListAgentTokens200JSONResponse{Items: []api.AgentToken{}, NextCursor: list.Next}
	people := map[string]api.UserRef{}
	for _, e := range list.Items {
		t, ok := issued(e)
		if !ok {
			continue
		}
		subject, err := s.subject(ctx, t.Subject, people)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, api.AgentToken{Jti: t.ID, DelegationID: e.DelegationID, Role: t.Role, Subject: subject, Actions: orEmpty(t.Actions),
			Audience: orEmpty(t.Audience), Attestation: api.AttestationMethod(t.Attestation),
			BoundBy: api.AgentTokenBoundBy(cmp.Or(t.BoundBy, "none")), Chain: t.handedOn(), IssuedAt: t.IssuedAt.UTC(), ExpiresAt: t.ExpiresAt.UTC()})
	}
	out.Outstanding, err = s.outstanding(ctx, filter)
	return out, err
}

// subject names the person of an ID, each looked up once; known keeps them.
func (s server) subject(ctx context.Context, id string, known map[string]api.UserRef) (api.UserRef, error) {
	if ref, ok := known[id]; ok {
		return ref, nil
	}
	u, err := s.Directory.User(ctx, id)
	if err != nil && domain.KindOf(err) != domain.NotFound {
		return api.UserRef{}, err
	}
	known[id] = api.UserRef{ID: id, Email: u.Email, Name: u.Name} // no name if there is no such person any more
	return known[id], nil
}

// outstanding counts the tokens that have not expired, among those issued last.
func (s server) outstanding(ctx context.Context, filter domain.EventFilter) (api.OutstandingTokens, error) {
	var out api.OutstandingTokens
	var last, oldest time.Time
	now := s.Now()
	filter.From = now.Add(-longestToken) // an older one has expired
	cursor := ""
	for range outstandingPages {
		page, err := domain.NewPage(domain.MaxPage, cursor, "")
		if err != nil {
			return out, err
		}
		list, err := s.Audit.Events(ctx, callerOf(ctx), filter, page)
		if err != nil {
			return out, err
		}
		for _, e := range list.Items {
			oldest = e.Time
			if t, ok := issued(e); ok && t.ExpiresAt.After(now) {
				out.Count++
				last = later(last, t.ExpiresAt)
			}
		}
		cursor, out.More = list.Next, list.Next != ""
		if !out.More {
			break
		}
	}
	if out.More { // those before were issued no later than the oldest seen
		last = later(last, oldest.Add(longestToken))
	}
	out.LastExpiresAt = optionalTime(last)
	return out, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
