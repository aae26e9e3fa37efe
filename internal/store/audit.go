package store

import (
	"context"
	"fmt"

	"authsec/internal/domain"
)

// AppendEvents appends events to the audit chain in one transaction, in order.
// When it returns nil they are durable.
func (s *Store) AppendEvents(ctx context.Context, events []domain.Event, uses []domain.Use) error {
	return s.update(ctx, "append audit events", func(t *tx) error {
		for _, u := range uses {
			if err := t.exec(ctx, `INSERT INTO last_use (delegation_id, client_id, last_at) VALUES ($1, $2, $3)
				ON CONFLICT (delegation_id) DO UPDATE SET last_at = excluded.last_at WHERE last_use.last_at < excluded.last_at`,
				u.DelegationID, u.ClientID, micros(u.At)); err != nil {
				return err
			}
		}
		t.record(events...)
		return nil
	})
}

// appendEvents links the recorded events to the chain. Taking the head's row is
// the first thing it does and the commit follows at once: writers queue here.
func (t *tx) appendEvents(ctx context.Context) error {
	if len(t.events) == 0 {
		return nil
	}
	n := int64(len(t.events))
	var last int64
	var hashHex string
	if err := t.row(ctx, `UPDATE audit_head SET seq = seq + $1 WHERE id = 1 RETURNING seq, hash`, []any{n}, &last, &hashHex); err != nil {
		return fmt.Errorf("take the chain's head: %w", err)
	}
	hash, err := domain.ParseHash(hashHex)
	if err != nil {
		return fmt.Errorf("chain's head: %w", err)
	}
	for i, e := range t.events {
		seq := last - n + int64(i) + 1
		body, err := e.Encode()
		if err != nil {
			return err
		}
		hash = domain.Link(seq, hash, body)
		if err := t.exec(ctx, `INSERT INTO audit_events
			(seq, at, actor_type, actor_id, action, target_type, target_id, outcome, client_id, delegation_id, event_count, body, hash)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
			seq, micros(e.Time), e.Actor.Type, e.Actor.ID, e.Action, e.Target.Type, e.Target.ID, string(e.Outcome),
			e.ClientID, e.DelegationID, max(e.Count, 1), string(body), hash.String()); err != nil {
			return fmt.Errorf("append event %d: %w", seq, err)
		}
	}
	return t.exec(ctx, `UPDATE audit_head SET hash = $1 WHERE id = 1`, hash.String())
}

// ChainHead returns the end of the chain.
func (s *Store) ChainHead(ctx context.Context) (domain.ChainHead, error) {
	var h domain.ChainHead
	err := s.view(ctx, "read the chain's head", func(t *tx) error {
		var hashHex string
		if err := t.row(ctx, `SELECT seq, hash FROM audit_head WHERE id = 1`, nil, &h.Seq, &hashHex); err != nil {
			return err
		}
		var err error
		h.Hash, err = domain.ParseHash(hashHex)
		return err
	})
	return h, err
}
