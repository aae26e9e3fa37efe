package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/store"
)

// settled reports an exchange that came to nothing for a good reason.
func settled(err error) bool {
	return domain.KindOf(err) == domain.Gone || domain.KindOf(err) == domain.Conflict
}

// Of an exchange and the recall of its parent one is first, and either way no
// child of a recalled token counts.
func TestExchangeWhileItsParentIsRevoked(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newExchangeWorld(t, s)
		var made, refused int
		for round := range 20 {
			parent := w.token(fmt.Sprintf("parent-%d", round))
			chain := [][]domain.Agent{nil, {w.first}, {w.second}}[round%3]
			var hs []domain.Handover
			for n := range 4 {
				hs = append(hs, w.handover(parent, fmt.Sprintf("child-%d-%d", round, n), chain...))
			}
			children := make([]domain.TokenRef, len(hs))
			var wg sync.WaitGroup
			wg.Go(func() { revokeToken(t, s, parent.ID) })
			for n, h := range hs {
				wg.Go(func() {
					status, err := s.StartExchange(t.Context(), h)
					if err != nil && !settled(err) {
						t.Error(err)
					}
					if err == nil {
						children[n] = domain.TokenRef{Status: status, ID: h.TokenID}
					}
				})
			}
			wg.Wait()
			for _, c := range children {
				if c.ID == "" {
					refused++
					continue
				}
				made++
				if w.counts(c) {
					t.Fatalf("%s counts, and its parent does not", c.ID)
				}
			}
		}
		if made == 0 || refused == 0 {
			t.Logf("made %d, refused %d: this run proves one half only", made, refused)
		}
	})
}

// A token that is made while the delegation changes counts only if the change
// was decided on: a stale decision carries a dead index, or comes to nothing.
func TestExchangeWhileTheDelegationChanges(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newExchangeWorld(t, s)
		type token struct {
			domain.TokenRef
			max time.Duration // as decided
		}
		var mu sync.Mutex
		var made []token
		done := make(chan struct{})
		var wg sync.WaitGroup
		for worker, chain := range [][]domain.Agent{{w.first}, {w.second}, {w.first}} {
			wg.Go(func() {
				for n := 0; ; n++ {
					select {
					case <-done:
						return
					default:
					}
					parent := w.token(fmt.Sprintf("parent-%d-%d", worker, n))
					a := w.exchangeAuthority(chain...)
					h := domain.Handover{DelegationID: w.lent.ID, Chain: domain.ChainKey(ids(chain...)), Status: a.Delegations[0].Status, Change: a.Change,
						Parent: parent, TokenID: fmt.Sprintf("child-%d-%d", worker, n), ExpiresAt: t0.Add(time.Hour)}
					status, err := s.StartExchange(t.Context(), h)
					if err != nil {
						if !settled(err) {
							t.Error(err)
						}
						continue
					}
					mu.Lock()
					made = append(made, token{domain.TokenRef{Status: status, ID: h.TokenID}, a.Delegations[0].Delegation.MaxDuration})
					mu.Unlock()
				}
			})
		}
		for n := range 20 {
			if n%4 == 3 {
				w.suspend(w.first)
				w.activate(w.first)
			}
			narrow(t, s, w.lent)
		}
		// One more of each after the last change.
		close(done)
		wg.Wait()
		last := w.exchangeAuthority().Delegations[0].Delegation.MaxDuration
		for _, m := range made {
			if w.counts(m.TokenRef) && m.max != last {
				t.Errorf("%s counts, and was decided on %v, which is %v now", m.ID, m.max, last)
			}
		}
		if len(made) == 0 {
			t.Error("no exchange was made: this run proves nothing")
		}
		w.wantCounts("after all", true, w.handOn(w.token("parent"), "child", w.first))
	})
}

// A revoked delegation leaves no token that counts, whatever was under way.
func TestExchangeWhileTheDelegationIsRevoked(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newExchangeWorld(t, s)
		for round := range 10 {
			w.lent = lend(t, s, w.ana, w.support, func(d *domain.Delegation) { d.SubAgents = ids(w.first, w.second) })
			h := w.handover(w.token(fmt.Sprintf("parent-%d", round)), fmt.Sprintf("child-%d", round), w.first)
			var child domain.TokenRef
			var wg sync.WaitGroup
			wg.Go(func() { revoke(t, s, w.lent.ID) })
			wg.Go(func() {
				status, err := s.StartExchange(t.Context(), h)
				if err != nil && !settled(err) {
					t.Error(err)
				}
				if err == nil {
					child = domain.TokenRef{Status: status, ID: h.TokenID}
				}
			})
			wg.Wait()
			if child.ID != "" && w.counts(child) {
				t.Fatalf("%s counts", child.ID)
			}
			if a := w.exchangeAuthority(w.first); a.Delegations[0].Status.List != 0 {
				t.Fatalf("a revoked delegation's chain has %v", a.Delegations[0].Status)
			}
		}
	})
}
