package storetest

import (
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/store"
)

const keep = 24*time.Hour + 30*time.Second

func clean(t *testing.T, s *store.Store, now time.Time) {
	t.Helper()
	if err := s.CleanRecalls(t.Context(), now, keep); err != nil {
		t.Fatal(err)
	}
}

func rawCount(t *testing.T, raw *sql.DB, table string) int {
	t.Helper()
	var n int
	if err := raw.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM `+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// A recall is kept until its tokens have ended by any verifier's clock, and the
// numbers go on as if it were there.
func TestCleanRecallsForgetsWhatHasEnded(t *testing.T) {
	eachRaw(t, func(t *testing.T, s *store.Store, raw *sql.DB) {
		w := newExchangeWorld(t, s)
		parent := w.token("parent") // of an hour, as is the child
		child := w.handOn(parent, "child", w.first)
		narrow(t, s, w.lent) // recalls both, until t0 + 1 h
		if err := s.RevokeToken(t.Context(), domain.Recall{At: t0, TokenID: "long", Until: t0.Add(2 * time.Hour)}, did("token.revoke", "long")); err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			in   time.Duration
			seqs []int64
		}{{0, []int64{1, 2, 3}}, {time.Hour, []int64{1, 2, 3}}, {time.Hour + 59*time.Second, []int64{1, 2, 3}}, {time.Hour + time.Minute, []int64{3}}, {3 * time.Hour, nil}} {
			clean(t, s, t0.Add(step.in))
			items, last := recallsSince(t, s, 0, 10)
			var got []int64
			for _, r := range items {
				got = append(got, r.Seq)
			}
			if !slices.Equal(got, step.seqs) || last != 3 || lastRecall(t, s) != 3 {
				t.Errorf("after %s: recalls %v, want %v; the last is %d", step.in, got, step.seqs, last)
			}
			// A place that is retired never looks good again.
			w.wantCounts("places", false, parent, child)
		}
		if n := rawCount(t, raw, "exchanged_tokens"); n != 0 {
			t.Errorf("%d exchanges are kept", n)
		}
		list, err := s.StatusList(t.Context(), 1)
		if err != nil || len(list.Retired) != 2 || list.Revision != 2 {
			t.Errorf("%+v, %v", list, err)
		}
		revokeToken(t, s, "next")
		if items, last := recallsSince(t, s, 2, 10); last != 4 || len(items) != 1 || items[0].Seq != 4 {
			t.Errorf("the next is %+v, %d", items, last)
		}
	})
}

// Many go in parts, and all of them go.
func TestCleanRecallsInParts(t *testing.T) {
	eachRaw(t, func(t *testing.T, s *store.Store, raw *sql.DB) {
		const count = `WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 1200)`
		rawExec(t, raw, `INSERT INTO recalls (seq, at, token_id, audience, until_at) `+count+` SELECT c.i, 0, CAST(c.i AS TEXT), '[]', 1 FROM c`)
		rawExec(t, raw, `INSERT INTO exchanged_tokens (token_id, parent_id, audience, expires_at) `+count+` SELECT CAST(c.i AS TEXT), 'p', '[]', 1 FROM c`)
		rawExec(t, raw, `UPDATE recall_head SET seq = 1200 WHERE id = 1`)
		clean(t, s, t0)
		if a, b := rawCount(t, raw, "recalls"), rawCount(t, raw, "exchanged_tokens"); a != 0 || b != 0 || lastRecall(t, s) != 1200 {
			t.Errorf("%d recalls and %d exchanges are left, the last is %d", a, b, lastRecall(t, s))
		}
	})
}

// A full list goes when its last retirement is long ago, and its numbers stay used.
func TestCleanRecallsDropsLists(t *testing.T) {
	eachRaw(t, func(t *testing.T, s *store.Store, raw *sql.DB) {
		w := newExchangeWorld(t, s)
		child := w.handOn(w.token("parent"), "child", w.first)
		// One place is left of list 1: each of the others is live, or nobody's.
		rawExec(t, raw, `UPDATE status_head SET n = $1 WHERE id = 1`, domain.StatusListSize-1)
		there := func(when string, want bool) {
			t.Helper()
			if _, err := s.StatusList(t.Context(), 1); (err == nil) != want || (err != nil && domain.KindOf(err) != domain.NotFound) {
				t.Fatalf("%s: %v", when, err)
			}
		}
		old := []domain.TokenRef{child, w.token("parent"), {Status: w.status(w.bystands), ID: "bystands"}}
		narrow(t, s, w.lent) // takes the last place of list 1
		old = append(old, w.token("last"))
		clean(t, s, t0.Add(1000*time.Hour))
		there("with two live places", true)
		narrow(t, s, w.lent)
		clean(t, s, t0.Add(1000*time.Hour))
		there("with one live place", true)
		revoke(t, s, w.bystands.ID)
		for _, in := range []time.Duration{0, time.Hour + time.Minute, keep - time.Microsecond} {
			clean(t, s, t0.Add(in))
			there(fmt.Sprintf("%s after the last retirement", in), true)
			w.wantCounts("retired", false, old...)
		}
		clean(t, s, t0.Add(keep))
		there("in the end", false)
		for _, ref := range old {
			if st := tokenState(t, s, ref.Status, "any"); st != (domain.TokenState{Known: true, Retired: true}) {
				t.Errorf("%s of the dropped list: %+v", ref.ID, st)
			}
		}
		if n := rawCount(t, raw, "retired_indexes"); n != 0 {
			t.Errorf("%d places are kept for nothing", n)
		}
		// What is handed out next is in no list that was.
		if now := w.status(w.lent); now.List != 2 || !w.counts(domain.TokenRef{Status: now}) {
			t.Errorf("now it is %v", now)
		}
		if fresh := w.handOn(w.token("p"), "c", w.first); fresh.Status.List != 2 {
			t.Errorf("the chain has %v", fresh.Status)
		}
		clean(t, s, t0.Add(2000*time.Hour))
		if list, err := s.StatusList(t.Context(), 2); err != nil || list.ID != 2 {
			t.Errorf("the list that is being filled: %+v, %v", list, err)
		}
	})
}

// A token that lives longer than keep, because the server's limit was lowered,
// keeps its list.
func TestCleanRecallsKeepsWhatIsStillOut(t *testing.T) {
	eachRaw(t, func(t *testing.T, s *store.Store, raw *sql.DB) {
		w := newRecallWorld(t, s)
		rawExec(t, raw, `UPDATE status_head SET n = $1 WHERE id = 1`, domain.StatusListSize)
		w.delegation(func(d *domain.Delegation) { d.MaxDuration = 48 * time.Hour })
		revoke(t, s, w.lent.ID)
		revoke(t, s, w.bystands.ID)
		clean(t, s, t0.Add(keep))
		if _, err := s.StatusList(t.Context(), 1); err != nil {
			t.Errorf("after a day: %v", err)
		}
		clean(t, s, t0.Add(48*time.Hour+time.Minute))
		if _, err := s.StatusList(t.Context(), 1); domain.KindOf(err) != domain.NotFound {
			t.Errorf("after two: %v", err)
		}
	})
}

// Replicas clean at once, beside everything else.
func TestCleanRecallsBesideOthers(t *testing.T) {
	eachRaw(t, func(t *testing.T, s *store.Store, raw *sql.DB) {
		w := newRecallWorld(t, s)
		rawExec(t, raw, `UPDATE status_head SET n = $1 WHERE id = 1`, domain.StatusListSize)
		narrow(t, s, w.lent)
		revoke(t, s, w.bystands.ID)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if err := s.CleanRecalls(t.Context(), t0.Add(keep), keep); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Go(func() { narrow(t, s, w.lent) })
		wg.Wait()
		if n := rawCount(t, raw, "dropped_lists"); n != 1 {
			t.Errorf("%d lists are dropped", n)
		}
	})
}
