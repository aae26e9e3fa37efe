package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/store"
)

func delegationID(v domain.DelegationView) string { return v.ID }

func TestDelegationsPaging(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		var want []string
		for range 7 {
			want = append(want, lend(t, s, w.ana, w.support, nil).ID)
		}
		slices.Reverse(want)
		read := func(p domain.Page) (domain.List[domain.DelegationView], error) {
			return s.Delegations(t.Context(), domain.DelegationFilter{}, p)
		}
		for _, limit := range []int{1, 3, 7, 100} {
			// What comes in between is newer, and moves nothing.
			if got := walk(t, limit, read, delegationID, true, func() { lend(t, s, w.bob, w.support, nil) }); !slices.Equal(got[len(got)-7:], want) {
				t.Errorf("in pages of %d: %v, want %v", limit, got, want)
			}
		}
	})
}

func TestDelegationsFilters(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		at := func(end time.Time) func(*domain.Delegation) { return func(d *domain.Delegation) { d.EndsAt = end } }
		status := func(x domain.DelegationStatus) func(*domain.Delegation) {
			return func(d *domain.Delegation) { d.Status, d.EndsAt = x, t0.Add(-time.Hour) }
		}
		open := lend(t, s, w.ana, w.support, nil).ID
		later := lend(t, s, w.bob, w.support, at(t0.Add(time.Microsecond))).ID
		now := lend(t, s, w.ana, w.other, at(t0)).ID
		past := lend(t, s, w.bob, w.other, at(t0.Add(-time.Hour))).ID
		disabled := lend(t, s, w.ana, w.support, status(domain.DelegationDisabled)).ID
		revoked := lend(t, s, w.ana, w.support, status(domain.DelegationRevoked)).ID
		finance := lend(t, s, w.ana, w.other, func(d *domain.Delegation) { d.Role = "finance" }).ID
		for name, tt := range map[string]struct {
			f    domain.DelegationFilter
			want []string
		}{
			"none":      {domain.DelegationFilter{}, []string{finance, revoked, disabled, past, now, later, open}},
			"active":    {domain.DelegationFilter{Status: domain.DelegationActive}, []string{finance, later, open}},
			"ended":     {domain.DelegationFilter{Status: domain.DelegationEnded}, []string{past, now}},
			"disabled":  {domain.DelegationFilter{Status: domain.DelegationDisabled}, []string{disabled}},
			"revoked":   {domain.DelegationFilter{Status: domain.DelegationRevoked}, []string{revoked}},
			"agent":     {domain.DelegationFilter{ClientID: w.other.ClientID}, []string{finance, past, now}},
			"delegator": {domain.DelegationFilter{DelegatorID: w.bob.ID}, []string{past, later}},
			"role":      {domain.DelegationFilter{Role: "finance"}, []string{finance}},
			"all":       {domain.DelegationFilter{Role: "support", ClientID: w.support.ClientID, DelegatorID: w.ana.ID, Status: domain.DelegationActive}, []string{open}},
			"nobody's":  {domain.DelegationFilter{DelegatorID: newID(t)}, []string{}},
		} {
			tt.f.Now = t0
			list, err := s.Delegations(t.Context(), tt.f, domain.Page{Limit: 100})
			if err != nil {
				t.Fatal(err)
			}
			got := []string{}
			for _, d := range list.Items {
				got = append(got, d.ID)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("%s: %v, want %v", name, got, tt.want)
			}
		}
	})
}

func TestDelegationsSearch(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		one := lend(t, s, w.ana, w.support, func(d *domain.Delegation) { d.Actions = []string{aRefund} }).ID
		two := lend(t, s, w.bob, w.other, nil).ID
		read := func(p domain.Page) (domain.List[domain.DelegationView], error) {
			return s.Delegations(t.Context(), domain.DelegationFilter{}, p)
		}
		for q, want := range map[string][]string{
			"SUPPORT": {two, one}, "customer": {one}, "ana@EXAMPLE": {one}, "BOB": {two}, "refund": {one}, "billing:": {two, one},
			"%": {two}, "_": {two}, "\\": {two}, "0%_b": {two}, "%'; --": {}, "a_a@example": {}, "nobody": {}, "?": {}, "$1": {},
			strings.Repeat("x", domain.MaxSearch): {}, one: {one}, strings.ToUpper(two): {two}, w.support.ClientID: {one}, w.bob.ID: {two}, one[:8]: {},
		} {
			if got := found(t, q, read, delegationID); !slices.Equal(got, want) {
				t.Errorf("searching %q: %v, want %v", q, got, want)
			}
		}
	})
}

func TestDelegationsOfRole(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		one, two, three := lend(t, s, w.ana, w.support, nil), lend(t, s, w.bob, w.support, nil), lend(t, s, w.ana, w.other, nil)
		disabled := lend(t, s, w.ana, w.other, func(d *domain.Delegation) { d.Status = domain.DelegationDisabled })
		lend(t, s, w.ana, w.support, func(d *domain.Delegation) { d.Role = "finance" })
		revoke(t, s, two.ID)
		items, total, agents, err := s.DelegationsOfRole(t.Context(), "support", 2)
		if err != nil || total != 3 || agents != 2 || len(items) != 2 || items[0].ID != disabled.ID || items[1].ID != three.ID {
			t.Errorf("%d of %d, of %d agents, %v", len(items), total, agents, err)
		}
		items, _, _, err = s.DelegationsOfRole(t.Context(), "support", 10)
		if err != nil || len(items) != 3 || items[2].ID != one.ID || !slices.Equal(items[2].Actions, []string{aRead}) {
			t.Errorf("%+v, %v", items, err)
		}
		if items, total, agents, err = s.DelegationsOfRole(t.Context(), "nope", 10); err != nil || len(items)+total+agents != 0 {
			t.Errorf("of no role: %v %d %d, %v", items, total, agents, err)
		}
	})
}
