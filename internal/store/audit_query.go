package store

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"authsec/internal/domain"
)

const eventColumns = `seq, at, actor_type, actor_id, action, target_type, target_id, outcome,
	client_id, delegation_id, event_count, body, hash`

func scanEvent(row func(dest ...any) error) (domain.EventRow, error) {
	var e domain.EventRow
	var at int64
	var outcome, body string
	err := row(&e.Seq, &at, &e.ActorType, &e.ActorID, &e.Action, &e.TargetType, &e.TargetID, &outcome,
		&e.ClientID, &e.DelegationID, &e.Count, &body, &e.Hash)
	e.Time, e.Outcome, e.Body = fromMicros(at), domain.Outcome(outcome), []byte(body)
	return e, err
}

// Events returns audit events, newest first. p.Search looks at the whole
// stored line and so reads every line that the filter leaves.
func (s *Store) Events(ctx context.Context, f domain.EventFilter, p domain.Page) (domain.List[domain.StoredEvent], error) {
	var list domain.List[domain.StoredEvent]
	w := eventWhere(f)
	if p.Search != "" {
		w.and(`lower(body) LIKE ? ESCAPE '\'`, `%`+bodyText(p.Search)+`%`)
	}
	if p.After != "" {
		before, err := strconv.ParseInt(p.After, 10, 64)
		if err != nil {
			var faults domain.Faults
			faults.Add("cursor", "invalid_cursor", "cursor must be the next_cursor of an earlier answer.")
			return list, faults.Err()
		}
		w.and(`seq < ?`, before)
	}
	err := s.view(ctx, "list audit events", func(t *tx) error {
		rows, err := collect(ctx, t, `SELECT `+eventColumns+` FROM audit_events`+w.sql()+
			` ORDER BY seq DESC LIMIT `+w.bind(p.Limit+1), w.args, scanEvent)
		if err != nil {
			return err
		}
		cut := domain.Cut(rows, p.Limit, func(r domain.EventRow) string { return strconv.FormatInt(r.Seq, 10) })
		list = domain.List[domain.StoredEvent]{Items: make([]domain.StoredEvent, len(cut.Items)), Next: cut.Next}
		for i, r := range cut.Items {
			list.Items[i] = r.Stored()
		}
		return nil
	})
	return list, err
}

// Event returns one audit event, NotFound if visibleTo (as in
// domain.EventFilter) may not see it.
func (s *Store) Event(ctx context.Context, seq int64, visibleTo string) (domain.StoredEvent, error) {
	var e domain.StoredEvent
	w := eventWhere(domain.EventFilter{VisibleTo: visibleTo})
	w.and(`seq = ?`, seq)
	err := s.view(ctx, "read audit event", func(t *tx) error {
		rows, err := collect(ctx, t, `SELECT `+eventColumns+` FROM audit_events`+w.sql(), w.args, scanEvent)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return notFound("audit event", strconv.FormatInt(seq, 10))
		}
		e = rows[0].Stored()
		return nil
	})
	return e, err
}

// EventRows returns up to limit lines as they stand, oldest first, with
// sequence numbers above after.
func (s *Store) EventRows(ctx context.Context, f domain.EventFilter, after int64, limit int) ([]domain.EventRow, error) {
	var rows []domain.EventRow
	w := eventWhere(f)
	w.and(`seq > ?`, after)
	err := s.view(ctx, "read audit events", func(t *tx) (err error) {
		rows, err = collect(ctx, t, `SELECT `+eventColumns+` FROM audit_events`+w.sql()+
			` ORDER BY seq LIMIT `+w.bind(limit), w.args, scanEvent)
		return err
	})
	return rows, err
}

func eventWhere(f domain.EventFilter) *where {
	var w where
	if f.VisibleTo != "" {
		w.and(`(delegation_id IN (SELECT id FROM delegations WHERE delegator_id = ?) OR (actor_type = 'user' AND actor_id = ?))`,
			f.VisibleTo, f.VisibleTo)
	}
	if f.Actor != "" {
		// Operators have no ID: their name is found where Event.Encode writes it.
		w.and(`(actor_id = ? OR actor_id IN (SELECT id FROM users WHERE email_key = ?)
			OR (actor_type = 'operator' AND lower(body) LIKE ? ESCAPE '\'))`,
			f.Actor, domain.NormalEmail(f.Actor), `%"actor":{"type":"operator","name":"`+bodyText(f.Actor)+`"%`)
	}
	w.is("client_id", f.ClientID)
	w.is("action", f.Action)
	w.is("target_type", f.TargetType)
	w.is("target_id", f.TargetID)
	w.is("delegation_id", f.DelegationID)
	w.is("outcome", string(f.Outcome))
	if !f.From.IsZero() {
		w.and(`at >= ?`, micros(f.From))
	}
	if !f.To.IsZero() {
		w.and(`at < ?`, micros(f.To))
	}
	return &w
}

// bodyText makes of a text what finds it in lower(body), without the per cent
// signs: written as JSON writes it, folded as lower() folds on both databases,
// which is ASCII only, and escaped for LIKE.
func bodyText(q string) string {
	quoted, err := json.Marshal(q)
	if err != nil {
		quoted = []byte(`""`) // cannot be: every string marshals
	}
	folded := strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, string(quoted[1:len(quoted)-1]))
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(folded)
}
