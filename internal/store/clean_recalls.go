package store

import (
	"context"
	"time"

	"authsec/internal/domain"
)

// CleanRecalls forgets what concerns no token any more: recalls and exchanges
// whose tokens have all ended, and status lists. A list is dropped when all its
// places were given out, none of them is live, none of its recalls is left, and
// the last was longer ago than keep: the longest lifetime of a token, and the
// leeway of clocks. Call it now and then, from any replica. It works in small
// transactions, so that nothing waits long.
func (s *Store) CleanRecalls(ctx context.Context, now time.Time, keep time.Duration) error {
	ended := micros(now.Add(-clocksDiffer))
	if err := s.deleteInParts(ctx, `DELETE FROM recalls WHERE seq IN (SELECT seq FROM recalls WHERE until_at <= $1 ORDER BY until_at LIMIT $2)`,
		ended, chunk); err != nil {
		return err
	}
	if err := s.deleteInParts(ctx, `DELETE FROM exchanged_tokens WHERE token_id IN
		(SELECT token_id FROM exchanged_tokens WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)`, ended, chunk); err != nil {
		return err
	}
	var unneeded []int64
	if err := s.view(ctx, "find status lists that nobody needs", func(t *tx) (err error) {
		unneeded, err = unneededLists(ctx, t, now.Add(-keep))
		return err
	}); err != nil {
		return err
	}
	// Marked first: all places of a dropped list count as retired.
	if len(unneeded) > 0 {
		if err := s.update(ctx, "drop status lists", func(t *tx) error {
			for _, id := range unneeded { // another replica may be about the same
				if err := t.exec(ctx, `INSERT INTO dropped_lists (id, at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`, id, micros(now)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return s.deleteInParts(ctx, `DELETE FROM retired_indexes WHERE n IN (SELECT r.n FROM dropped_lists d
		JOIN retired_indexes r ON r.n >= (d.id - 1) * $1 AND r.n < d.id * $1 LIMIT $2)`, domain.StatusListSize, chunk)
}

// deleteInParts runs a DELETE of at most chunk rows until none is left.
func (s *Store) deleteInParts(ctx context.Context, query string, args ...any) error {
	for {
		var n int64
		if err := s.update(ctx, "clean up recalls", func(t *tx) (err error) {
			n, err = t.execCount(ctx, query, args...)
			return err
		}); err != nil || n < chunk {
			return err
		}
	}
}

// unneededLists returns the full lists without a live place whose last recall was
// before an instant. A full list never gets a live place again.
func unneededLists(ctx context.Context, t *tx, before time.Time) ([]int64, error) {
	used, err := statusesUsed(ctx, t)
	if err != nil {
		return nil, err
	}
	dropped := map[int64]bool{}
	if err := t.rows(ctx, `SELECT id FROM dropped_lists`, nil, func(row func(dest ...any) error) error {
		var id int64
		err := row(&id)
		dropped[id] = true
		return err
	}); err != nil {
		return nil, err
	}
	var out []int64
	for id := int64(1); id <= used/domain.StatusListSize; id++ {
		if dropped[id] {
			continue
		}
		first := numberOf(domain.StatusRef{List: id})
		var needed bool
		if err := t.row(ctx, `SELECT EXISTS (SELECT 1 FROM status_indexes WHERE n >= $1 AND n < $2)
			OR EXISTS (SELECT 1 FROM recalls WHERE n >= $1 AND n < $2)
			OR EXISTS (SELECT 1 FROM retired_indexes WHERE n >= $1 AND n < $2 AND at > $3)`,
			[]any{first, first + domain.StatusListSize, micros(before)}, &needed); err != nil {
			return nil, err
		}
		if !needed {
			out = append(out, id)
		}
	}
	return out, nil
}
