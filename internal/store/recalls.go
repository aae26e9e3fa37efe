package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"authsec/internal/domain"
)

// recalling makes a change and recalls what is out of those affected
// delegations that give less after it, by the rule of Options.Recalls. Every
// change that can shrink something goes through it.
func (t *tx) recalling(ctx context.Context, of affected, change func() error) error {
	ids, err := of.ids(ctx, t)
	if err != nil {
		return err
	}
	before, err := t.grounds(ctx, ids)
	if err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	after, err := t.grounds(ctx, ids)
	if err != nil {
		return err
	}
	var less []string
	for _, id := range ids {
		if t.store.recalls == nil || t.store.recalls(before[id], after[id]) {
			less = append(less, id)
		}
	}
	return t.retire(ctx, less, before)
}

// retire keeps the live indexes of delegations to be recalled at the end of the
// transaction, and gives each delegation a new one. before is what was lent.
func (t *tx) retire(ctx context.Context, ids []string, before map[string]domain.Grounds) error {
	if len(ids) == 0 {
		return nil
	}
	if len(t.events) == 0 {
		return errors.New("recall: the change has no audit event")
	}
	at := t.events[0].Time
	err := inChunks(ids, func(part []string) error {
		in, args := placeholders(len(part)), make([]any, len(part))
		for i, id := range part {
			args[i] = id
		}
		if err := t.rows(ctx, `SELECT delegation_id, n FROM status_indexes WHERE delegation_id IN (`+in+`) ORDER BY n`, args,
			func(row func(dest ...any) error) error {
				var id string
				var n int64
				if err := row(&id, &n); err != nil {
					return err
				}
				d := before[id].Delegation
				t.recalls = append(t.recalls, domain.Recall{At: at, Status: refOf(n), Audience: d.Resources, Until: lastEnd(d, at)})
				return nil
			}); err != nil {
			return err
		}
		return t.exec(ctx, `DELETE FROM status_indexes WHERE delegation_id IN (`+in+`)`, args...)
	})
	if err != nil {
		return err
	}
	return t.giveStatus(ctx, ids)
}

// lastEnd is when the last token of a delegation has ended, of those made up to an instant.
func lastEnd(d domain.Delegation, at time.Time) time.Time {
	end := at.Add(d.MaxDuration)
	if !d.EndsAt.IsZero() && d.EndsAt.Before(end) {
		return d.EndsAt
	}
	return end
}

// appendRecalls numbers what retire kept, and tells it in the change's first event.
func (t *tx) appendRecalls(ctx context.Context) error {
	if len(t.recalls) == 0 {
		return nil
	}
	var err error
	if t.events[0].Details, err = withRecalled(t.events[0].Details, len(t.recalls)); err != nil {
		return err
	}
	var seq int64
	if err := t.row(ctx, `UPDATE recall_head SET seq = seq + $1 WHERE id = 1 RETURNING seq`, []any{len(t.recalls)}, &seq); err != nil {
		return fmt.Errorf("take the recalls' head: %w", err)
	}
	seq -= int64(len(t.recalls))
	return inChunks(t.recalls, func(part []domain.Recall) error {
		var b strings.Builder
		args := make([]any, 0, 5*len(part))
		for i, r := range part {
			if i > 0 {
				b.WriteString(", ")
			}
			audience, err := json.Marshal(append([]string{}, r.Audience...))
			if err != nil {
				return err
			}
			seq++
			args = append(args, seq, micros(r.At), numberOf(r.Status), string(audience), micros(r.Until))
			b.WriteString("(" + placeholdersFrom(len(args)-4, 5) + ")")
		}
		return t.exec(ctx, `INSERT INTO recalls (seq, at, n, audience, until_at) VALUES `+b.String(), args...)
	})
}

// withRecalled adds to an event's details how many were recalled.
func withRecalled(details json.RawMessage, n int) (json.RawMessage, error) {
	members := map[string]json.RawMessage{}
	if len(details) > 0 {
		if err := json.Unmarshal(details, &members); err != nil {
			return nil, fmt.Errorf("details of an audit event: %w", err)
		}
	}
	members["recalled"] = json.RawMessage(itoa(n))
	return json.Marshal(members)
}

// RevokeToken recalls one token by its jti. A token that is recalled already
// stays so, and no event is recorded.
func (s *Store) RevokeToken(ctx context.Context, r domain.Recall, ev domain.Event) error {
	if r.TokenID == "" || r.Status != (domain.StatusRef{}) {
		return errors.New("revoke a token: the recall must name a token alone")
	}
	audience, err := json.Marshal(append([]string{}, r.Audience...))
	if err != nil {
		return err
	}
	return changed(s.update(ctx, "revoke a token", func(t *tx) error {
		var seq int64
		if err := t.row(ctx, `UPDATE recall_head SET seq = seq + 1 WHERE id = 1 RETURNING seq`, nil, &seq); err != nil {
			return err
		}
		n, err := t.execCount(ctx, `INSERT INTO recalls (seq, at, token_id, audience, until_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (token_id) DO NOTHING`, seq, micros(r.At), r.TokenID, string(audience), micros(r.Until))
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNoChange // and the sequence has no gap
		}
		t.record(ev)
		return nil
	}))
}

// RecallsSince returns the first recalls after a sequence number, at most
// limit, and the number of the last one there is.
func (s *Store) RecallsSince(ctx context.Context, seq int64, limit int) (items []domain.Recall, last int64, err error) {
	err = s.view(ctx, "read recalls", func(t *tx) error {
		if last, err = lastRecall(ctx, t); err != nil {
			return err
		}
		items, err = collect(ctx, t, `SELECT seq, at, COALESCE(n, -1), COALESCE(token_id, ''), audience, until_at FROM recalls
			WHERE seq > $1 ORDER BY seq LIMIT $2`, []any{seq, limit}, scanRecall)
		return err
	})
	return items, last, err
}

func scanRecall(row func(dest ...any) error) (domain.Recall, error) {
	var r domain.Recall
	var at, n, until int64
	var audience string
	if err := row(&r.Seq, &at, &n, &r.TokenID, &audience, &until); err != nil {
		return r, err
	}
	r.At, r.Until, r.Status = fromMicros(at), fromMicros(until), refOf(n)
	if err := json.Unmarshal([]byte(audience), &r.Audience); err != nil {
		return r, fmt.Errorf("audience of the recall %d: %w", r.Seq, err)
	}
	return r, nil
}

// LastRecall returns the number of the last recall; 0: there was none.
func (s *Store) LastRecall(ctx context.Context) (int64, error) {
	var seq int64
	err := s.view(ctx, "read the last recall", func(t *tx) (err error) {
		seq, err = lastRecall(ctx, t)
		return err
	})
	return seq, err
}

func lastRecall(ctx context.Context, t *tx) (int64, error) {
	var seq int64
	err := t.row(ctx, `SELECT seq FROM recall_head WHERE id = 1`, nil, &seq)
	return seq, err
}

// TokenState returns what is recorded against a token by its status index and its jti.
func (s *Store) TokenState(ctx context.Context, ref domain.StatusRef, jti string) (domain.TokenState, error) {
	var st domain.TokenState
	n := numberOf(ref)
	err := s.view(ctx, "read a token's state", func(t *tx) error {
		used, err := statusesUsed(ctx, t)
		if err != nil {
			return err
		}
		st.Known = n >= 0 && n < used
		return t.row(ctx, `SELECT EXISTS (SELECT 1 FROM recalls WHERE n = $1), EXISTS (SELECT 1 FROM recalls WHERE token_id = $2)`,
			[]any{n, jti}, &st.Retired, &st.Revoked)
	})
	return st, err
}
