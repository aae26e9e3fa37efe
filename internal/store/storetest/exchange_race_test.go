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
			if round%2 == 0 {
				wg.Go(func() { revokeToken(t, s, parent.ID) })
			}
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
			if round%2 == 1 {
				wg.Go(func() { revokeToken(t, s, parent.ID) })
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
		if made+refused != 80 || made == 0 {
			t.Errorf("%d made, %d refused: this run proves nothing", made, refused)
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
		refused := 0
		chains := [][]domain.Agent{{w.first}, {w.second}, {w.first}}
		for round := range 20 {
			var wg sync.WaitGroup
			for worker, chain := range chains {
				parent := w.token(fmt.Sprintf("parent-%d-%d", round, worker))
				// Half of them decide before the change begins, half beside it.
				h := w.handover(parent, fmt.Sprintf("child-%d-%d", round, worker), chain...)
				max := w.exchangeAuthority(chain...).Delegations[0].Delegation.MaxDuration
				wg.Go(func() {
					if round%2 == 0 {
						a, err := s.ExchangeAuthority(t.Context(), append([]string{w.support.ClientID}, ids(chain...)...), w.lent.ID)
						if err != nil {
							t.Error(err)
							return
						}
						h.Status, h.Change, max = a.Delegations[0].Status, a.Change, a.Delegations[0].Delegation.MaxDuration
					}
					status, err := s.StartExchange(t.Context(), h)
					if err != nil && !settled(err) {
						t.Error(err)
					}
					mu.Lock()
					defer mu.Unlock()
					if err != nil {
						refused++
						return
					}
					made = append(made, token{domain.TokenRef{Status: status, ID: h.TokenID}, max})
				})
			}
			wg.Go(func() { narrow(t, s, w.lent) })
			wg.Wait()
			last := w.exchangeAuthority().Delegations[0].Delegation.MaxDuration
			for _, m := range made {
				if w.counts(m.TokenRef) && m.max != last {
					t.Fatalf("%s counts, and was decided on %v, which is %v now", m.ID, m.max, last)
				}
			}
		}
		if len(made) == 0 || refused == 0 {
			t.Errorf("%d made, %d refused: this run proves nothing", len(made), refused)
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
