package store

import (
	"context"
	"fmt"
	"time"

	"authsec/internal/domain"
)

// Bounds of an overview's lists.
const (
	overviewSeries  = 10 // besides the one of the rest
	overviewAtRisk  = 50
	overviewEndings = 500
)

// Overview returns the dashboard's numbers from one snapshot.
func (s *Store) Overview(ctx context.Context, q domain.OverviewQuery) (domain.Overview, error) {
	var o domain.Overview
	if q.Bucket < time.Second {
		return o, fmt.Errorf("overview: a bucket of %v", q.Bucket)
	}
	err := s.view(ctx, "read overview", func(t *tx) error {
		o = domain.Overview{From: q.From, To: q.To, Bucket: q.Bucket}
		for _, part := range []func(context.Context, *tx, domain.OverviewQuery, *domain.Overview) error{
			overviewCounts, overviewTokens, overviewRisks, overviewChecklist,
		} {
			if err := part(ctx, t, q, &o); err != nil {
				return err
			}
		}
		return nil
	})
	return o, err
}

// ownAgents narrows agents a to those that a member's delegations name.
func ownAgents(w *where, visibleTo string) {
	if visibleTo != "" {
		w.and(`a.client_id IN (SELECT v.client_id FROM delegations v WHERE v.delegator_id = ?)`, visibleTo)
	}
}

// ownEvents narrows audit events to those of a member's delegations.
func ownEvents(w *where, visibleTo string) {
	if visibleTo != "" {
		w.and(`delegation_id IN (SELECT v.id FROM delegations v WHERE v.delegator_id = ?)`, visibleTo)
	}
}

// activeAt narrows delegations d to those that give authority at an instant.
func activeAt(w *where, at time.Time) {
	w.and(`d.status = ? AND (d.ends_at = 0 OR d.ends_at > ?)`, string(domain.DelegationActive), micros(at))
}

func overviewCounts(ctx context.Context, t *tx, q domain.OverviewQuery, o *domain.Overview) error {
	var agents, delegations where
	agents.and(`a.status <> ?`, string(domain.StatusDeleted))
	ownAgents(&agents, q.VisibleTo)
	if err := t.row(ctx, `SELECT COUNT(*) FROM agents a`+agents.sql(), agents.args, &o.Counts.Agents); err != nil {
		return err
	}
	activeAt(&delegations, q.Now)
	delegations.is("d.delegator_id", q.VisibleTo)
	if err := t.row(ctx, `SELECT COUNT(*) FROM delegations d`+delegations.sql(), delegations.args, &o.Counts.ActiveDelegations); err != nil {
		return err
	}
	if q.VisibleTo != "" {
		return nil
	}
	return t.row(ctx, `SELECT COUNT(*) FROM users`, nil, &o.Counts.Users)
}

// overviewTokens fills the series, and the counts, which are their sums.
func overviewTokens(ctx context.Context, t *tx, q domain.OverviewQuery, o *domain.Overview) error {
	var w where
	w.and(`action = ? AND at >= ? AND at < ?`, domain.ActionTokenIssue, micros(q.From), micros(q.To))
	ownEvents(&w, q.VisibleTo)
	bucket := w.bind(q.Bucket.Microseconds())
	// An event about no known agent has client_id '': it counts with the rest.
	query := `WITH tokens AS (
			SELECT client_id, outcome, at / ` + bucket + ` AS bucket, CAST(SUM(event_count) AS BIGINT) AS n
			FROM audit_events` + w.sql() + ` GROUP BY client_id, outcome, at / ` + bucket + `),
		busiest AS (
			SELECT k.client_id, SUM(k.n) AS total FROM tokens k JOIN agents a ON a.client_id = k.client_id
			GROUP BY k.client_id ORDER BY total DESC, k.client_id LIMIT ` + w.bind(overviewSeries) + `)
		SELECT COALESCE(a.client_id, ''), COALESCE(a.name, ''), COALESCE(a.type, ''), s.outcome, s.bucket, s.n FROM (
			SELECT COALESCE(b.client_id, '') AS client_id, COALESCE(MAX(b.total), 0) AS total, k.outcome, k.bucket, CAST(SUM(k.n) AS BIGINT) AS n
			FROM tokens k LEFT JOIN busiest b ON b.client_id = k.client_id
			GROUP BY COALESCE(b.client_id, ''), k.outcome, k.bucket) s
		LEFT JOIN agents a ON a.client_id = s.client_id
		ORDER BY s.total DESC, s.client_id, s.bucket`
	width := q.Bucket.Microseconds()
	first := micros(q.From) / width
	points := int((micros(q.To)-1)/width - first + 1)
	index := map[string]int{}
	o.Series = []domain.TokenSeries{}
	return t.rows(ctx, query, w.args, func(row func(dest ...any) error) error {
		var a domain.AgentRef
		var outcome string
		var n, at int64
		if err := row(&a.ClientID, &a.Name, &a.Type, &outcome, &at, &n); err != nil {
			return err
		}
		i, known := index[a.ClientID]
		if !known {
			i = len(o.Series)
			index[a.ClientID] = i
			o.Series = append(o.Series, newSeries(a, fromMicros(first*width), q.Bucket, points))
		}
		p := &o.Series[i].Points[at-first]
		if domain.Outcome(outcome) == domain.OutcomeSuccess {
			p.Issued += n
			o.Counts.TokensIssued += n
		} else {
			p.Refused += n
			o.Counts.TokensRefused += n
		}
		return nil
	})
}

// newSeries returns a series of empty buckets; a zero agent is all others.
func newSeries(a domain.AgentRef, start time.Time, bucket time.Duration, points int) domain.TokenSeries {
	s := domain.TokenSeries{Points: make([]domain.TokenPoint, points)}
	if a.ClientID != "" {
		s.Agent = &a
	}
	for i := range s.Points {
		s.Points[i].Start = start.Add(time.Duration(i) * bucket)
	}
	return s
}

// overviewRisks finds agents at risk, ranked as domain's risk codes are.
func overviewRisks(ctx context.Context, t *tx, q domain.OverviewQuery, o *domain.Overview) error {
	const day = 24 * time.Hour
	var w where
	at := func(d time.Duration) string { return w.bind(micros(q.Now.Add(d))) }
	dayAgo, now, soon, unused := at(-day), at(0), at(domain.EndingWithin), at(-domain.UnusedAfter)
	rising := w.bind(domain.RisingRefusals)
	permissive, active := w.bind(string(domain.AttestationPermissive)), w.bind(string(domain.DelegationActive))

	refused := where{args: w.args}
	refused.and(`action = ? AND outcome = ? AND client_id <> '' AND at >= ? AND at < `+now,
		domain.ActionTokenIssue, string(domain.OutcomeRefused), micros(q.Now.Add(-2*day)))
	ownEvents(&refused, q.VisibleTo)

	agents := where{args: refused.args}
	agents.and(`a.status = ?`, string(domain.StatusActive))
	ownAgents(&agents, q.VisibleTo)

	ending := where{args: agents.args}
	ending.conditions = []string{`d.client_id = a.client_id AND d.status = ` + active + ` AND d.ends_at > ` + now + ` AND d.ends_at <= ` + soon}
	ending.is("d.delegator_id", q.VisibleTo)

	query := `SELECT client_id, name, type, permissive, rising, ending, unused, last_day, day_before FROM (
			SELECT a.client_id, a.name, a.name_key, a.type,
				CASE WHEN a.attestation = ` + permissive + ` THEN 1 ELSE 0 END AS permissive,
				CASE WHEN r.last_day >= ` + rising + ` AND r.last_day > 2 * r.day_before THEN 1 ELSE 0 END AS rising,
				CASE WHEN EXISTS (SELECT 1 FROM delegations d` + ending.sql() + `) THEN 1 ELSE 0 END AS ending,
				CASE WHEN a.created_at < ` + unused + ` AND NOT EXISTS (SELECT 1 FROM last_use u
					WHERE u.client_id = a.client_id AND u.last_at >= ` + unused + `) THEN 1 ELSE 0 END AS unused,
				COALESCE(r.last_day, 0) AS last_day, COALESCE(r.day_before, 0) AS day_before
			FROM agents a LEFT JOIN (
				SELECT client_id, CAST(SUM(CASE WHEN at >= ` + dayAgo + ` THEN event_count ELSE 0 END) AS BIGINT) AS last_day,
					CAST(SUM(CASE WHEN at < ` + dayAgo + ` THEN event_count ELSE 0 END) AS BIGINT) AS day_before
				FROM audit_events` + refused.sql() + ` GROUP BY client_id) r ON r.client_id = a.client_id` + agents.sql() + `) x
		WHERE permissive + rising + ending + unused > 0
		ORDER BY CASE WHEN permissive = 1 THEN 1 WHEN rising = 1 THEN 2 WHEN ending = 1 THEN 3 ELSE 4 END, name_key, client_id
		LIMIT ` + ending.bind(overviewAtRisk)
	type risky struct {
		agent                              domain.AgentRef
		permissive, rising, ending, unused bool
		lastDay, dayBefore                 int64
	}
	list, err := collect(ctx, t, query, ending.args, func(row func(dest ...any) error) (risky, error) {
		var r risky
		err := row(&r.agent.ClientID, &r.agent.Name, &r.agent.Type, &r.permissive, &r.rising, &r.ending, &r.unused, &r.lastDay, &r.dayBefore)
		return r, err
	})
	if err != nil {
		return err
	}
	var endingAgents []string
	for _, r := range list {
		if r.ending {
			endingAgents = append(endingAgents, r.agent.ClientID)
		}
	}
	endings, err := endingRisks(ctx, t, q, endingAgents)
	if err != nil {
		return err
	}
	o.AtRisk = make([]domain.AgentAtRisk, len(list))
	for i, r := range list {
		risks := []domain.Risk{}
		if r.permissive {
			risks = append(risks, domain.PermissiveRisk())
		}
		if r.rising {
			risks = append(risks, domain.RisingRisk(r.lastDay, r.dayBefore))
		}
		risks = append(risks, endings[r.agent.ClientID]...)
		if r.unused {
			risks = append(risks, domain.UnusedRisk())
		}
		o.AtRisk[i] = domain.AgentAtRisk{Agent: r.agent, Risks: risks}
	}
	return nil
}

// endingRisks returns the delegations of the agents that end soon, the soonest first.
func endingRisks(ctx context.Context, t *tx, q domain.OverviewQuery, clientIDs []string) (map[string][]domain.Risk, error) {
	risks := map[string][]domain.Risk{}
	if len(clientIDs) == 0 {
		return risks, nil
	}
	var w where
	for _, id := range clientIDs {
		w.args = append(w.args, id)
	}
	w.conditions = []string{`d.client_id IN (` + placeholders(len(clientIDs)) + `)`}
	w.and(`d.status = ? AND d.ends_at > ? AND d.ends_at <= ?`,
		string(domain.DelegationActive), micros(q.Now), micros(q.Now.Add(domain.EndingWithin)))
	w.is("d.delegator_id", q.VisibleTo)
	err := t.rows(ctx, `SELECT d.client_id, d.id, d.ends_at FROM delegations d`+w.sql()+
		` ORDER BY d.ends_at, d.id LIMIT `+w.bind(overviewEndings), w.args, func(row func(dest ...any) error) error {
		var clientID, id string
		var ends int64
		if err := row(&clientID, &id, &ends); err != nil {
			return err
		}
		risks[clientID] = append(risks[clientID], domain.EndingRisk(id, fromMicros(ends)))
		return nil
	})
	return risks, err
}

func overviewChecklist(ctx context.Context, t *tx, q domain.OverviewQuery, o *domain.Overview) error {
	var own where // a member's own first delegation and token; the rest is everybody's
	own.is("d.delegator_id", q.VisibleTo)
	c := &o.Checklist
	exists := func(from string) string { return `CASE WHEN EXISTS (SELECT 1 FROM ` + from + `) THEN 1 ELSE 0 END` }
	return t.row(ctx, `SELECT `+exists(`actions`)+`, `+exists(`roles`)+`, `+
		`CASE WHEN (SELECT COUNT(*) FROM users) > 1 THEN 1 ELSE 0 END, `+
		exists(`agents WHERE status <> 'deleted'`)+`, `+
		exists(`delegations d`+own.sql())+`, `+
		exists(`last_use u JOIN delegations d ON d.id = u.delegation_id`+own.sql()), own.args,
		&c.ActionCreated, &c.RoleCreated, &c.PersonInvited, &c.AgentOnboarded, &c.DelegationCreated, &c.TokenIssued)
}
