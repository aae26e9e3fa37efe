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

// recalling makes a change and recalls what is out of those affected lendings
// that give less after it, by the rule of Options.Recalls. Every change that can
// shrink something goes through it.
func (t *tx) recalling(ctx context.Context, of affected, change func() error) error {
	all, err := of.lendings(ctx, t)
	if err != nil {
		return err
	}
	before, err := t.grounds(ctx, all)
	if err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	after, err := t.grounds(ctx, all)
	if err != nil {
		return err
	}
	less := map[lending]bool{}
	for _, l := range all {
		// A token that was handed on dies with the one it was exchanged for.
		if t.store.recalls == nil || t.store.recalls(before[l], after[l]) || diesWith(less, l) {
			less[l] = true
		}
	}
	return t.retire(ctx, all, less, before)
}

// diesWith reports whether the chain goes on from one that is recalled. Those
// come first: lendings are in order.
func diesWith(less map[lending]bool, l lending) bool {
	for i := strings.LastIndexByte(l.chain, ' '); i > 0; i = strings.LastIndexByte(l.chain[:i], ' ') {
		if less[lending{l.delegation, l.chain[:i]}] {
			return true
		}
	}
	return l.chain != "" && less[lending{l.delegation, ""}]
}

// retire keeps the live indexes of lendings to be recalled at the end of the
// transaction, and gives each delegation a new one; a chain gets its next one
// when somebody asks. before is what was lent.
func (t *tx) retire(ctx context.Context, all []lending, less map[lending]bool, before map[lending]domain.Grounds) error {
	if len(less) == 0 {
		return nil
	}
	if len(t.events) == 0 {
		return errors.New("recall: the change has no audit event")
	}
	at := t.events[0].Time
	var again, ids []string
	seen := map[string]bool{}
	for _, l := range all {
		if !less[l] {
			continue
		}
		if l.chain == "" {
			again = append(again, l.delegation)
		}
		if !seen[l.delegation] {
			ids, seen[l.delegation] = append(ids, l.delegation), true
		}
	}
	if err := inChunks(ids, func(part []string) error {
		var dead []int64
		if err := t.rows(ctx, `SELECT delegation_id, chain, n FROM status_indexes WHERE delegation_id IN (`+placeholders(len(part))+`) ORDER BY n`, values(part),
			func(row func(dest ...any) error) error {
				var l lending
				var n int64
				if err := row(&l.delegation, &l.chain, &n); err != nil || !less[l] {
					return err
				}
				d := before[l].Delegation
				dead = append(dead, n)
				t.recalls = append(t.recalls, domain.Recall{At: at, Status: refOf(n), DelegationID: l.delegation, Chain: l.chain, Audience: d.Resources, Until: lastEnd(d, at)})
				return nil
			}); err != nil {
			return err
		}
		return inChunks(dead, func(part []int64) error {
			return t.exec(ctx, `DELETE FROM status_indexes WHERE n IN (`+placeholders(len(part))+`)`, values(part)...)
		})
	}); err != nil {
		return err
	}
	return t.giveStatus(ctx, again)
}

// lastEnd is when the last token of a delegation has ended, of those made up to an instant.
func lastEnd(d domain.Delegation, at time.Time) time.Time {
	end := at.Add(d.MaxDuration)
	if !d.EndsAt.IsZero() && d.EndsAt.Before(end) {
		return d.EndsAt
	}
	return end
}

// appendRecalls numbers what was kept to be recalled, and tells it in the
// change's first event.
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
	last := seq
	seq -= int64(len(t.recalls))
	return inChunks(t.recalls, func(part []domain.Recall) error {
		all, places := insertion{columns: 9}, insertion{columns: 3}
		for _, r := range part {
			audience, err := jsonList(r.Audience)
			if err != nil {
				return err
			}
			seq++
			var n, tokenID any = nil, r.TokenID
			if r.TokenID == "" {
				n, tokenID = numberOf(r.Status), nil
				places.add(n, seq, micros(r.At))
			}
			all.add(seq, last, micros(r.At), n, tokenID, r.DelegationID, r.Chain, audience, micros(r.Until))
		}
		if err := all.run(ctx, t, `INSERT INTO recalls (seq, last_seq, at, n, token_id, delegation_id, chain, audience, until_at)`); err != nil {
			return err
		}
		return places.run(ctx, t, `INSERT INTO retired_indexes (n, seq, at)`)
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

// RecallsSince returns the first recalls after a sequence number, at most limit,
// and the number of the last one there was. Those whose tokens have all ended
// are forgotten (CleanRecalls): nobody who has not read them misses anything.
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

// TokenState returns what is recorded against a token by its status index and
// its jti. All of a list that was dropped is retired.
func (s *Store) TokenState(ctx context.Context, ref domain.StatusRef, jti string) (domain.TokenState, error) {
	var st domain.TokenState
	n := numberOf(ref)
	err := s.view(ctx, "read a token's state", func(t *tx) error {
		used, err := statusesUsed(ctx, t)
		if err != nil {
			return err
		}
		st.Known = n >= 0 && n < used
		return t.row(ctx, `SELECT EXISTS (SELECT 1 FROM retired_indexes WHERE n = $1) OR EXISTS (SELECT 1 FROM dropped_lists WHERE id = $2),
			EXISTS (SELECT 1 FROM recalls WHERE token_id = $3)`, []any{n, ref.List, jti}, &st.Retired, &st.Revoked)
	})
	return st, err
}
