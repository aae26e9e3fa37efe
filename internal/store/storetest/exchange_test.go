package storetest

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/store"
)

func TestExchangeAuthority(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newExchangeWorld(t, s)
		alone := w.exchangeAuthority()
		one, _ := authority(t, s, w.support.ClientID, w.lent.ID, "")
		if !reflect.DeepEqual(alone, one) || alone.Change == 0 || alone.SourcesRevision == 0 {
			t.Errorf("of the agent alone\n%+v, and Authority says\n%+v", alone, one)
		}
		a := w.exchangeAuthority(w.first, w.second)
		if a.Agent.ClientID != w.support.ClientID || a.Actor().ClientID != w.second.ClientID || len(a.Actor().Selectors) != 2 ||
			a.Chain[0].ClientID != w.first.ClientID || a.Delegations[0].Status.List != 0 || !slices.Equal(a.Delegations[0].Delegation.SubAgents, ids(w.first, w.second)) {
			t.Errorf("of a chain: %+v", a)
		}
		token := w.handOn(w.handOn(w.token("parent"), "child", w.first), "grandchild", w.first, w.second)
		if got := w.exchangeAuthority(w.first, w.second).Delegations[0].Status; got != token.Status {
			t.Errorf("the chain has %v, its token %v", got, token.Status)
		}
		for _, other := range [][]domain.Agent{{w.second}, {w.second, w.first}} {
			if got := w.exchangeAuthority(other...).Delegations[0].Status; got.List != 0 {
				t.Errorf("another chain has %v", got)
			}
		}
		// A change is one, whatever it is of; an exchange is none.
		if got := w.exchangeAuthority().Change; got != alone.Change {
			t.Errorf("change %d, then %d", alone.Change, got)
		}
		putUser(t, s, "dora@example.com", domain.LevelMember)
		if got := w.exchangeAuthority().Change; got != alone.Change+1 {
			t.Errorf("change %d, then %d", alone.Change, got)
		}
		gone := newID(t)
		if a, err := s.ExchangeAuthority(t.Context(), []string{w.support.ClientID, gone}, w.lent.ID); err != nil ||
			a.Actor().ClientID != gone || a.Actor().Status != domain.StatusDeleted {
			t.Errorf("of an agent that there is not: %+v, %v", a, err)
		}
		for name, call := range map[string]struct{ agent, delegation string }{
			"no agent": {gone, w.lent.ID}, "no delegation": {w.support.ClientID, gone}, "another's": {w.other.ClientID, w.lent.ID},
		} {
			if a, err := s.ExchangeAuthority(t.Context(), []string{call.agent, w.first.ClientID}, call.delegation); err != nil || len(a.Delegations) != 0 {
				t.Errorf("%s: %+v, %v", name, a, err)
			}
		}
		if _, err := s.ExchangeAuthority(t.Context(), nil, w.lent.ID); err == nil {
			t.Error("nobody's authority was read")
		}
	})
}

func TestStartExchangeGivesEachChainAnIndex(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newExchangeWorld(t, s)
		parent := w.token("parent")
		first := w.handOn(parent, "first", w.first)
		again := w.handOn(parent, "again", w.first)
		second := w.handOn(parent, "second", w.second)
		deep := w.handOn(first, "deep", w.first, w.second)
		own := w.handOn(parent, "own") // the agent changes its own token for a lesser one
		seen := map[domain.StatusRef]bool{parent.Status: true, first.Status: true, second.Status: true, deep.Status: true}
		if again.Status != first.Status || own.Status != parent.Status || len(seen) != 4 {
			t.Errorf("parent %v, first %v and %v, second %v, deep %v, own %v", parent, first, again, second, deep, own)
		}
		w.wantCounts("all", true, parent, first, again, second, deep, own)
		// The recalls of one chain are no other's.
		if lastRecall(t, s) != 0 {
			t.Error("an exchange recalls")
		}
	})
}

func TestStartExchangeRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(w *exchangeWorld, h *domain.Handover)
		kind   domain.Kind
		code   string
	}{
		"a parent that was revoked": {func(w *exchangeWorld, h *domain.Handover) { revokeToken(w.t, w.s, h.Parent.ID) }, domain.Gone, "subject_token_recalled"},
		"a parent with a dead index": {func(w *exchangeWorld, h *domain.Handover) {
			w.delegation(func(d *domain.Delegation) { d.MaxDuration -= time.Second })
			fresh := w.handover(h.Parent, h.TokenID, w.first)
			h.Status, h.Change = fresh.Status, fresh.Change
		}, domain.Gone, "subject_token_recalled"},
		"a parent of another delegation": {func(w *exchangeWorld, h *domain.Handover) { h.Parent.Status = w.status(w.bystands) }, domain.Gone, "subject_token_recalled"},
		"a parent of another chain": {func(w *exchangeWorld, h *domain.Handover) {
			h.Parent.Status = w.handOn(w.token("other"), "others", w.second).Status
		}, domain.Gone, "subject_token_recalled"},
		"a parent of a longer chain": {func(w *exchangeWorld, h *domain.Handover) {
			h.Parent.Status = w.handOn(w.handOn(w.token("other"), "x", w.first), "y", w.first, w.second).Status
			h.Status = w.exchangeAuthority(w.first).Delegations[0].Status
		}, domain.Gone, "subject_token_recalled"},
		"a parent that cannot be recalled": {func(_ *exchangeWorld, h *domain.Handover) { h.Parent.Status = domain.StatusRef{} }, domain.Gone, "subject_token_recalled"},
		"a decision before a change, with no index": {func(w *exchangeWorld, _ *domain.Handover) {
			putUser(w.t, w.s, "dora@example.com", domain.LevelMember)
		}, domain.Conflict, "stale"},
		"a decision before a change, and an index since": {func(w *exchangeWorld, _ *domain.Handover) {
			putUser(w.t, w.s, "dora@example.com", domain.LevelMember)
			w.handOn(w.token("other"), "sibling", w.first)
		}, domain.Conflict, "stale"},
		"an index that was retired since": {func(w *exchangeWorld, h *domain.Handover) {
			h.Status = w.handOn(w.token("other"), "sibling", w.first).Status
			w.suspend(w.first)
			w.activate(w.first)
		}, domain.Conflict, "stale"},
		"an index that was replaced since": {func(w *exchangeWorld, h *domain.Handover) {
			h.Status = w.handOn(w.token("other"), "sibling", w.first).Status
			w.suspend(w.first)
			w.activate(w.first)
			w.handOn(w.token("other"), "another", w.first)
		}, domain.Conflict, "stale"},
		"no delegation":       {func(_ *exchangeWorld, h *domain.Handover) { h.DelegationID = "" }, domain.Internal, ""},
		"no token":            {func(_ *exchangeWorld, h *domain.Handover) { h.TokenID = "" }, domain.Internal, ""},
		"no parent":           {func(_ *exchangeWorld, h *domain.Handover) { h.Parent.ID = "" }, domain.Internal, ""},
		"its own parent":      {func(_ *exchangeWorld, h *domain.Handover) { h.TokenID = h.Parent.ID }, domain.Internal, ""},
		"a token of the past": {func(w *exchangeWorld, h *domain.Handover) { w.handOn(w.token("other"), h.TokenID, w.second) }, domain.Conflict, "already_exists"},
	} {
		t.Run(name, func(t *testing.T) {
			Each(t, func(t *testing.T, s *store.Store) {
				w := newExchangeWorld(t, s)
				h := w.handover(w.token("parent"), "child", w.first)
				tt.change(w, &h)
				status, err := s.StartExchange(t.Context(), h)
				if err == nil || domain.KindOf(err) != tt.kind || status != (domain.StatusRef{}) {
					t.Fatalf("got %v, %v", status, err)
				}
				if tt.code != "" {
					wantError(t, err, tt.kind, tt.code, "")
				}
			})
		})
	}
}

func (w *exchangeWorld) set(a domain.Agent, status domain.Status) {
	w.t.Helper()
	_, err := w.s.UpdateAgent(w.t.Context(), a.ClientID, func(a *domain.Agent) (domain.Event, error) {
		a.Status = status
		return did("agent.update", a.ClientID), nil
	})
	w.must(err)
}

func (w *exchangeWorld) suspend(a domain.Agent)  { w.t.Helper(); w.set(a, domain.StatusSuspended) }
func (w *exchangeWorld) activate(a domain.Agent) { w.t.Helper(); w.set(a, domain.StatusActive) }
