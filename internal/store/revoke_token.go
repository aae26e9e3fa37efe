package store

import (
	"context"
	"errors"
	"time"

	"authsec/internal/domain"
)

// RevokeToken recalls one token by its jti, with all that were exchanged for it.
// A token that is recalled already stays so, and no event is recorded.
func (s *Store) RevokeToken(ctx context.Context, r domain.Recall, ev domain.Event) error {
	if r.TokenID == "" || r.Status != (domain.StatusRef{}) {
		return errors.New("revoke a token: the recall must name a token alone")
	}
	return changed(s.update(ctx, "revoke a token", func(t *tx) error {
		if err := holdRecalls(ctx, t); err != nil {
			return err
		}
		var known bool
		if err := t.row(ctx, `SELECT EXISTS (SELECT 1 FROM recalls WHERE token_id = $1)`, []any{r.TokenID}, &known); err != nil {
			return err
		}
		if !known {
			t.recalls = append(t.recalls, r)
		}
		children, err := descendants(ctx, t, r.TokenID, r.At)
		if err != nil {
			return err
		}
		if t.recalls = append(t.recalls, children...); len(t.recalls) == 0 {
			return ErrNoChange
		}
		for i := range t.recalls {
			t.recalls[i].DelegationID = ev.DelegationID // handing on stays within it
		}
		t.record(ev)
		return nil
	}))
}

// holdRecalls makes recalls, and exchanges, wait until the end of the
// transaction: what is recalled then, and what was made of it, is settled.
func holdRecalls(ctx context.Context, t *tx) error {
	return t.exec(ctx, `UPDATE recall_head SET seq = seq WHERE id = 1`)
}

// descendants returns recalls of the tokens that were exchanged for one, and for
// those, that have not ended and are not recalled yet.
func descendants(ctx context.Context, t *tx, tokenID string, at time.Time) ([]domain.Recall, error) {
	return collect(ctx, t, `WITH RECURSIVE made (token_id, audience, expires_at) AS (
			SELECT token_id, audience, expires_at FROM exchanged_tokens WHERE parent_id = $1
			UNION SELECT e.token_id, e.audience, e.expires_at FROM exchanged_tokens e JOIN made m ON e.parent_id = m.token_id)
		SELECT token_id, audience, expires_at FROM made WHERE expires_at > $2 AND token_id <> $1
			AND NOT EXISTS (SELECT 1 FROM recalls r WHERE r.token_id = made.token_id) ORDER BY token_id`,
		[]any{tokenID, micros(at.Add(-clocksDiffer))},
		func(row func(dest ...any) error) (domain.Recall, error) {
			r := domain.Recall{At: at}
			var audience string
			var until int64
			if err := row(&r.TokenID, &audience, &until); err != nil {
				return r, err
			}
			r.Until = fromMicros(until)
			return r, readJSON(audience, &r.Audience, "audience of the token "+r.TokenID)
		})
}

// clocksDiffer is by how much an instant of somebody else's clock may be past on
// ours: verifiers allow 30 seconds, and so may their clocks be behind.
const clocksDiffer = time.Minute
