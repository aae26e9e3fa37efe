package store

import (
	"context"

	"authsec/internal/domain"
)

// refOf returns the place in a list that a number stands for; none for -1.
func refOf(n int64) domain.StatusRef {
	if n < 0 {
		return domain.StatusRef{}
	}
	return domain.StatusRef{List: n/domain.StatusListSize + 1, Index: n % domain.StatusListSize}
}

// numberOf is the inverse of refOf; -1 for what is no place in any list.
func numberOf(r domain.StatusRef) int64 {
	if r.List < 1 || r.List > maxStatusList || r.Index < 0 || r.Index >= domain.StatusListSize {
		return -1
	}
	return (r.List-1)*domain.StatusListSize + r.Index
}

// maxStatusList keeps what callers ask for from overflowing.
const maxStatusList = 1 << 40

// giveStatus hands out a fresh index to each delegation, for its agent alone,
// which has none.
func (t *tx) giveStatus(ctx context.Context, delegationIDs []string) error {
	if len(delegationIDs) == 0 {
		return nil
	}
	next, err := takeStatus(ctx, t, len(delegationIDs))
	if err != nil {
		return err
	}
	return inChunks(delegationIDs, func(ids []string) error {
		in := insertion{columns: 3}
		for _, id := range ids {
			in.add(id, "", next)
			next++
		}
		return in.run(ctx, t, `INSERT INTO status_indexes (delegation_id, chain, n)`)
	})
}

// takeStatus hands out n indexes that nobody had, and returns the first.
func takeStatus(ctx context.Context, t *tx, n int) (int64, error) {
	var used int64
	err := t.row(ctx, `UPDATE status_head SET n = n + $1 WHERE id = 1 RETURNING n`, []any{n}, &used)
	return used - int64(n), err
}

// chunk bounds the rows of one statement: a role may be lent any number of times.
const chunk = 500

// inChunks calls fn with the parts of a list, in order.
func inChunks[T any](all []T, fn func([]T) error) error {
	for len(all) > 0 {
		n := min(len(all), chunk)
		if err := fn(all[:n]); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

// StatusList returns one Token Status List, or NotFound for one of which no
// index was handed out and for one that was dropped (see CleanRecalls).
func (s *Store) StatusList(ctx context.Context, id int64) (domain.StatusList, error) {
	list := domain.StatusList{ID: id, Size: domain.StatusListSize, Retired: []int64{}}
	first := numberOf(domain.StatusRef{List: id})
	err := s.view(ctx, "read a status list", func(t *tx) error {
		used, err := statusesUsed(ctx, t)
		if err != nil {
			return err
		}
		var dropped bool
		if err := t.row(ctx, `SELECT EXISTS (SELECT 1 FROM dropped_lists WHERE id = $1)`, []any{id}, &dropped); err != nil {
			return err
		}
		if first < 0 || first >= used || dropped {
			return domain.Errorf(domain.NotFound, "not_found", "There is no such status list.")
		}
		return t.rows(ctx, `SELECT n, seq FROM retired_indexes WHERE n >= $1 AND n < $2 ORDER BY n`, []any{first, first + domain.StatusListSize},
			func(row func(dest ...any) error) error {
				var n, seq int64
				if err := row(&n, &seq); err != nil {
					return err
				}
				list.Retired = append(list.Retired, n-first)
				list.Revision = max(list.Revision, seq)
				return nil
			})
	})
	return list, err
}

func statusesUsed(ctx context.Context, t *tx) (int64, error) {
	var n int64
	err := t.row(ctx, `SELECT n FROM status_head WHERE id = 1`, nil, &n)
	return n, err
}
