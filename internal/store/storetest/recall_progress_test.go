package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/store"
)

// issued records n issuances to an agent under a delegation, at an instant.
func issued(t *testing.T, s *store.Store, d domain.Delegation, holder domain.Agent, at time.Time, life time.Duration, n int) {
	t.Helper()
	events := make([]domain.Event, 0, n)
	for i := range n {
		ev := domain.NewEvent(at, domain.Caller{Via: domain.ViaSDK}, domain.ActionTokenIssue, domain.Party{Type: "agent", ID: holder.ClientID})
		ev.ClientID, ev.DelegationID = holder.ClientID, d.ID
		ev, err := ev.WithDetails(map[string]any{"jti": fmt.Sprint(at, i), "expires_at": at.Add(life)})
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, ev)
	}
	if err := s.AppendEvents(t.Context(), events, nil); err != nil {
		t.Fatal(err)
	}
}

// recallAt disables, or enables, a delegation at an instant.
func (w *recallWorld) recallAt(at time.Time, status domain.DelegationStatus) {
	w.t.Helper()
	w.must(w.s.UpdateDelegation(w.t.Context(), w.lent.ID, func(d *domain.DelegationDraft) (domain.Event, error) {
		d.Delegation.Status = status
		return domain.NewEvent(at, domain.System(), "delegation.disable", domain.Party{Type: "delegation", ID: d.Delegation.ID}), nil
	}))
}

func (w *recallWorld) last(scope domain.RecallScope) domain.RecalledChange {
	w.t.Helper()
	c, err := w.s.LastRecallOf(w.t.Context(), scope)
	w.must(err)
	return c
}

func (w *recallWorld) wantNothingRecalled(scope domain.RecallScope) {
	w.t.Helper()
	if c, err := w.s.LastRecallOf(w.t.Context(), scope); domain.KindOf(err) != domain.NotFound || err == nil {
		w.t.Errorf("%+v: %+v %v", scope, c, err)
	}
}

// What was recalled is told of the delegation, of its agents and to its person.
func TestLastRecallOf(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newExchangeWorld(t, s)
		of, ofAgent := domain.RecallScope{DelegationID: w.lent.ID}, domain.RecallScope{ClientID: w.support.ClientID}
		w.wantNothingRecalled(of)
		w.wantNothingRecalled(ofAgent)
		first, elsewhere := t0.Add(10*time.Minute), w.bystands
		issued(t, s, w.lent, w.support, t0, time.Hour, 3)
		issued(t, s, w.lent, w.support, t0, 10*time.Minute, 2) // end as they are recalled
		issued(t, s, w.lent, w.first, t0, time.Hour, 5)        // by a chain that has no index: not recalled
		issued(t, s, elsewhere, domain.Agent{ClientID: elsewhere.ClientID}, t0, time.Hour, 7)
		issued(t, s, w.lent, w.support, first.Add(time.Second), time.Hour, 1) // later
		w.recallAt(first, domain.DelegationDisabled)
		want := domain.RecalledChange{Seq: 1, At: first, Indexes: 1, Tokens: 3}
		for _, scope := range []domain.RecallScope{of, ofAgent, {DelegationID: w.lent.ID, VisibleTo: w.ana.ID}, {ClientID: w.support.ClientID, VisibleTo: w.ana.ID}} {
			if got := w.last(scope); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%+v:\n got %+v\nwant %+v", scope, got, want)
			}
		}
		w.wantNothingRecalled(domain.RecallScope{DelegationID: elsewhere.ID})
		w.wantNothingRecalled(domain.RecallScope{ClientID: elsewhere.ClientID})
		w.wantNothingRecalled(domain.RecallScope{ClientID: w.first.ClientID})
		for _, scope := range []domain.RecallScope{{DelegationID: w.lent.ID, VisibleTo: elsewhere.DelegatorID}, {ClientID: w.support.ClientID, VisibleTo: elsewhere.DelegatorID}} {
			w.wantNothingRecalled(scope)
		}

		// The next one recalls what was issued since, chains among it, and no token twice.
		w.recallAt(first.Add(time.Minute), domain.DelegationActive)
		w.handOn(w.token("parent"), "child", w.first)
		w.handOn(domain.TokenRef{Status: w.exchangeAuthority(w.first).Delegations[0].Status, ID: "child"}, "grandchild", w.first, w.second)
		issued(t, s, w.lent, w.support, first.Add(2*time.Minute), time.Hour, 2)
		issued(t, s, w.lent, w.first, first.Add(2*time.Minute), time.Hour, 1)
		issued(t, s, w.lent, w.second, first.Add(2*time.Minute), time.Hour, 4)
		second := first.Add(5 * time.Minute)
		w.recallAt(second, domain.DelegationDisabled)
		// 1 and 2 of the agent; 5 and 1, and 4, of those to whom it handed on.
		want = domain.RecalledChange{Seq: 4, At: second, Indexes: 3, Tokens: 13}
		if got := w.last(of); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("again: got %+v, want %+v", got, want)
		}
		if got := w.last(domain.RecallScope{ClientID: w.second.ClientID}); got.Indexes != 1 || got.Tokens != 4 {
			t.Errorf("the last of the chain: %+v", got)
		}
		if got := w.last(domain.RecallScope{ClientID: w.first.ClientID}); got.Indexes != 2 || got.Tokens != 10 {
			t.Errorf("the first of the chain: %+v", got)
		}

		// One token by itself, with what was made of it.
		w.recallAt(second.Add(time.Minute), domain.DelegationActive)
		parent := w.token("alone")
		w.handOn(parent, "of it", w.first)
		ev := domain.NewEvent(second.Add(2*time.Minute), domain.System(), "token.revoke", domain.Party{Type: "token", ID: parent.ID})
		ev.DelegationID = w.lent.ID
		w.must(s.RevokeToken(t.Context(), domain.Recall{At: ev.Time, TokenID: parent.ID, Audience: []string{uriA}, Until: ev.Time.Add(time.Hour)}, ev))
		if got := w.last(of); got.Indexes != 0 || got.Tokens != 2 || got.Seq != 6 || !slices.Equal(got.Audience, []string{uriA}) {
			t.Errorf("one token: %+v", got)
		}
	})
}

// Changes at one instant are told apart; audiences are all that are concerned.
func TestLastRecallOfOneChange(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newRecallWorld(t, s)
		other := lend(t, s, w.ana, w.support, func(d *domain.Delegation) { d.Actions, d.Resources = []string{aRead}, []string{uriB} })
		w.delegation(func(d *domain.Delegation) { d.Resources = []string{uriA, uriB} })
		before := lastRecall(t, s)
		w.recallAt(t0, domain.DelegationDisabled)
		w.recallAt(t0, domain.DelegationActive)
		w.user(func(u *domain.User) { u.Status = domain.StatusSuspended })
		got := w.last(domain.RecallScope{ClientID: w.support.ClientID})
		slices.Sort(got.Audience)
		if got.Indexes != 2 || got.Seq != lastRecall(t, s) || got.Seq <= before || !slices.Equal(got.Audience, []string{uriA, uriB}) {
			t.Errorf("of the agent: %+v", got)
		}
		if got := w.last(domain.RecallScope{DelegationID: other.ID}); got.Indexes != 1 || !slices.Equal(got.Audience, []string{uriB}) {
			t.Errorf("of one delegation: %+v", got)
		}
	})
}

// The count is bounded, and says so.
func TestLastRecallCountsUpTo1000(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newRecallWorld(t, s)
		issued(t, s, w.lent, w.support, t0, time.Hour, domain.MaxRecalledTokens)
		w.recallAt(t0.Add(time.Minute), domain.DelegationDisabled)
		if got := w.last(domain.RecallScope{DelegationID: w.lent.ID}); got.Tokens != domain.MaxRecalledTokens || got.More {
			t.Errorf("1000: %+v", got)
		}
		w.recallAt(t0.Add(2*time.Minute), domain.DelegationActive)
		issued(t, s, w.lent, w.support, t0.Add(3*time.Minute), time.Hour, domain.MaxRecalledTokens+1)
		w.recallAt(t0.Add(4*time.Minute), domain.DelegationDisabled)
		if got := w.last(domain.RecallScope{DelegationID: w.lent.ID}); got.Tokens != domain.MaxRecalledTokens || !got.More {
			t.Errorf("1001: %+v", got)
		}
	})
}
