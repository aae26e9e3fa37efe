package storetest

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/store"
)

func recallsSince(t *testing.T, s *store.Store, seq int64, limit int) ([]domain.Recall, int64) {
	t.Helper()
	items, last, err := s.RecallsSince(t.Context(), seq, limit)
	if err != nil {
		t.Fatal(err)
	}
	return items, last
}

func revokeToken(t *testing.T, s *store.Store, jti string) {
	t.Helper()
	r := domain.Recall{At: t0, TokenID: jti, Audience: []string{uriA}, Until: t0.Add(time.Hour)}
	if err := s.RevokeToken(t.Context(), r, did("token.revoke", jti)); err != nil {
		t.Error(err)
	}
}

// A recall says whom it concerns and for how long, by what was lent before.
func TestWhatARecallSays(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		putResource(t, s, "A", uriA)
		putResource(t, s, "B", uriB)
		byDefault := lend(t, s, w.ana, w.support, nil)
		listed := lend(t, s, w.ana, w.support, func(d *domain.Delegation) { d.Resources, d.EndsAt = []string{uriA, uriB}, t0.Add(time.Minute) })
		first, second := statusOf(t, s, byDefault), statusOf(t, s, listed)
		revoke(t, s, byDefault.ID)
		if err := s.UpdateDelegation(t.Context(), listed.ID, func(d *domain.DelegationDraft) (domain.Event, error) {
			d.Delegation.Resources, d.Delegation.MaxDuration, d.Delegation.EndsAt = []string{uriA}, time.Minute, t0.Add(time.Second)
			return did("delegation.update", listed.ID), nil
		}); err != nil {
			t.Fatal(err)
		}
		revokeToken(t, s, "token-1")
		want := []domain.Recall{
			{Seq: 1, At: t0, Status: first, Audience: []string{}, Until: t0.Add(time.Hour)},
			{Seq: 2, At: t0, Status: second, Audience: []string{uriA, uriB}, Until: t0.Add(time.Minute)},
			{Seq: 3, At: t0, TokenID: "token-1", Audience: []string{uriA}, Until: t0.Add(time.Hour)},
		}
		items, last := recallsSince(t, s, 0, 10)
		if last != 3 || !reflect.DeepEqual(items, want) {
			t.Errorf("%d\n got %+v\nwant %+v", last, items, want)
		}
		for _, page := range []struct {
			since int64
			limit int
			want  []domain.Recall
		}{{0, 2, want[:2]}, {2, 2, want[2:]}, {3, 2, want[3:]}, {99, 2, want[3:]}} {
			if items, last := recallsSince(t, s, page.since, page.limit); last != 3 || !slices.EqualFunc(items, page.want, func(a, b domain.Recall) bool { return reflect.DeepEqual(a, b) }) {
				t.Errorf("since %d: %+v, %d", page.since, items, last)
			}
		}
	})
}

// Of many who revoke one token one does, and the sequence has no gap.
func TestRevokeTokenOnce(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		before := events(t, s)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { revokeToken(t, s, "one") })
		}
		wg.Wait()
		revokeToken(t, s, "two")
		items, last := recallsSince(t, s, 0, 10)
		if last != 2 || len(items) != 2 || items[0].TokenID != "one" || items[1].TokenID != "two" || items[1].Seq != 2 {
			t.Errorf("%+v, %d", items, last)
		}
		if got := events(t, s) - before; got != 2 {
			t.Errorf("%d events", got)
		}
		if !tokenState(t, s, domain.StatusRef{}, "two").Revoked || tokenState(t, s, domain.StatusRef{}, "three") != (domain.TokenState{}) {
			t.Error("the state of tokens is wrong")
		}
		for _, r := range []domain.Recall{{}, {TokenID: "x", Status: domain.StatusRef{List: 1}}} {
			if err := s.RevokeToken(t.Context(), r, did("token.revoke", "x")); err == nil {
				t.Errorf("%+v was taken", r)
			}
		}
	})
}

// Whoever sees a recall has seen all before it, or a verifier would pass over one for good.
func TestRecallsAppearInOrder(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		lent := []domain.Delegation{lend(t, s, w.ana, w.support, nil), lend(t, s, w.bob, w.other, nil)}
		const each = 15
		var wg sync.WaitGroup
		for _, d := range lent {
			wg.Go(func() {
				for range each {
					narrow(t, s, d)
				}
			})
		}
		for writer := range 2 {
			wg.Go(func() {
				for n := range each {
					revokeToken(t, s, fmt.Sprintf("token-%d-%d", writer, n))
				}
			})
		}
		done := make(chan struct{})
		go func() { wg.Wait(); close(done) }()
		seen := int64(0)
		for finished := false; ; {
			items, last := recallsSince(t, s, seen, 1000)
			for _, r := range items {
				if seen++; r.Seq != seen {
					t.Fatalf("recall %d came after %d", r.Seq, seen-1)
				}
			}
			if last != seen {
				t.Fatalf("the last is %d, and %d were shown", last, seen)
			}
			if finished {
				break
			}
			select {
			case <-done:
				finished = true
			default:
			}
		}
		if seen != 4*each {
			t.Errorf("%d recalls", seen)
		}
	})
}

// A mint that read the authority before a recall carries the dead index; one
// that reads it after carries another.
func TestAStaleMintCarriesTheDeadIndex(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		d := lend(t, s, w.ana, w.support, nil)
		var wg sync.WaitGroup
		wg.Go(func() {
			for range 20 {
				narrow(t, s, d)
			}
		})
		type read struct {
			max    time.Duration
			status domain.StatusRef
		}
		var reads []read
		for range 200 {
			a, _ := authority(t, s, d.ClientID, d.ID, "")
			reads = append(reads, read{a.Delegations[0].Delegation.MaxDuration, a.Delegations[0].Status})
		}
		wg.Wait()
		now, _ := authority(t, s, d.ClientID, d.ID, "")
		byStatus := map[domain.StatusRef]time.Duration{}
		for _, r := range reads {
			if max, seen := byStatus[r.status]; seen && max != r.max {
				t.Fatalf("%v stands for %v and for %v", r.status, max, r.max)
			}
			byStatus[r.status] = r.max
			if stale := r.max != now.Delegations[0].Delegation.MaxDuration; tokenState(t, s, r.status, "").Retired != stale {
				t.Errorf("%v with a stale authority: %v", r.status, stale)
			}
		}
	})
}

// Without a rule nothing that has changed is left out.
func TestWithoutARuleEveryChangeRecalls(t *testing.T) {
	path := t.TempDir() + "/authsec.db"
	s, err := store.Open(t.Context(), store.Options{SQLitePath: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := newLendWorld(t, s)
	d := lend(t, s, w.ana, w.support, nil)
	old := statusOf(t, s, d)
	if _, err := s.UpdateAgent(t.Context(), d.ClientID, func(a *domain.Agent) (domain.Event, error) {
		a.Name = "Another"
		return did("agent.update", a.ClientID), nil
	}); err != nil {
		t.Fatal(err)
	}
	if !tokenState(t, s, old, "").Retired {
		t.Error("it did not recall")
	}
}
