package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/store"
)

func authority(t *testing.T, s *store.Store, clientID, delegationID, role string) (domain.Authority, []string) {
	t.Helper()
	a, err := s.Authority(t.Context(), clientID, delegationID, role)
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{}
	for _, c := range a.Delegations {
		ids = append(ids, c.Delegation.ID)
	}
	return a, ids
}

func TestAuthority(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		d := putDelegation(t, s, "support", w.ana, w.support, []string{aRead, aRefund}, []string{uriA, uriB})
		lend(t, s, w.bob, w.other, nil)
		a, ids := authority(t, s, w.support.ClientID, "", "")
		if a.Agent == nil || a.Agent.DefaultDelegationID != d.ID || !slices.Equal(a.Agent.Selectors, w.support.Selectors) || !slices.Equal(ids, []string{d.ID}) {
			t.Fatalf("%+v", a)
		}
		c := a.Delegations[0]
		if !slices.Equal(c.Delegation.Actions, []string{aRead, aRefund}) || !slices.Equal(c.Delegation.Resources, []string{uriA, uriB}) ||
			c.Role == nil || c.Role.Name != "support" || !slices.Equal(c.Role.Actions, []string{aRead, aRefund}) ||
			c.Delegator == nil || c.Delegator.ID != w.ana.ID || c.Delegator.Email != "Ana@example.com" || !c.Delegator.MayDelegate("support") ||
			!slices.Equal(c.Delegator.Roles, []string{"finance", "support"}) {
			t.Errorf("%+v, role %+v, delegator %+v", c.Delegation, c.Role, c.Delegator)
		}
		if a, _ := authority(t, s, newID(t), "", ""); a.Agent != nil || len(a.Delegations) != 0 {
			t.Errorf("of no agent: %+v", a)
		}
		if a, _ := authority(t, s, w.support.ClientID, newID(t), ""); a.Agent == nil || len(a.Delegations) != 0 {
			t.Errorf("of no delegation: %+v", a)
		}
	})
}

func TestAuthorityOfOneDelegation(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		lend(t, s, w.ana, w.support, nil)
		d := lend(t, s, w.bob, w.support, nil)
		elsewhere := lend(t, s, w.bob, w.other, nil)
		revoke(t, s, d.ID)
		for name, tt := range map[string]struct {
			id, role string
			want     []string
		}{
			"revoked, by its ID":       {d.ID, "", []string{d.ID}},
			"in another spelling":      {strings.ToUpper(d.ID), "", []string{d.ID}},
			"the role is policy's":     {d.ID, "finance", []string{d.ID}},
			"of another agent":         {elsewhere.ID, "", []string{}},
			"what is not even an ID":   {"x' OR '1'='1", "", []string{}},
			"a pattern is not a match": {"%", "", []string{}},
		} {
			if _, ids := authority(t, s, w.support.ClientID, tt.id, tt.role); !slices.Equal(ids, tt.want) {
				t.Errorf("%s: %v, want %v", name, ids, tt.want)
			}
		}
	})
}

// The order makes the bound harmless: what can give authority comes first.
func TestAuthorityPutsTheLiveOnesFirst(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		ends := func(in time.Duration) func(*domain.Delegation) {
			return func(d *domain.Delegation) { d.EndsAt = t0.Add(in) }
		}
		status := func(x domain.DelegationStatus) func(*domain.Delegation) {
			return func(d *domain.Delegation) { d.Status = x }
		}
		byDefault := putDelegation(t, s, "support", w.ana, w.support, []string{aRead}, nil).ID
		open1 := lend(t, s, w.ana, w.support, nil).ID
		soon := lend(t, s, w.ana, w.support, ends(time.Minute)).ID
		later := lend(t, s, w.ana, w.support, ends(time.Hour)).ID
		past := lend(t, s, w.ana, w.support, ends(-time.Hour)).ID
		disabled := lend(t, s, w.ana, w.support, status(domain.DelegationDisabled)).ID
		lend(t, s, w.ana, w.support, status(domain.DelegationRevoked))
		revoked := lend(t, s, w.ana, w.support, status(domain.DelegationRevoked)).ID
		open2 := lend(t, s, w.ana, w.support, nil).ID
		want := []string{byDefault, open2, open1, later, soon, past, disabled, revoked}
		if _, ids := authority(t, s, w.support.ClientID, "", ""); !slices.Equal(ids, want) {
			t.Errorf("got  %v\nwant %v", ids, want)
		}
		revoke(t, s, byDefault)
		want[len(want)-1] = revoked // still: the default is there beside the newest revoked
		if _, ids := authority(t, s, w.support.ClientID, "", ""); !slices.Equal(ids, want) {
			t.Errorf("with a revoked default: got  %v\nwant %v", ids, want)
		}
	})
}

// The newest revoked delegation of the role asked for tells "ended" from "never was".
func TestAuthorityOfARole(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		finance := func(d *domain.Delegation) { d.Role = "finance" }
		byDefault := putDelegation(t, s, "support", w.ana, w.support, []string{aRead}, nil).ID
		older, newest := lend(t, s, w.ana, w.support, finance).ID, lend(t, s, w.ana, w.support, finance).ID
		support := lend(t, s, w.ana, w.support, nil).ID
		for _, id := range []string{older, newest, support} {
			revoke(t, s, id)
		}
		for role, want := range map[string][]string{"finance": {newest}, "support": {byDefault, support}, "nope": {}, "": {byDefault, support}} {
			if _, ids := authority(t, s, w.support.ClientID, "", role); !slices.Equal(ids, want) {
				t.Errorf("role %q: %v, want %v", role, ids, want)
			}
		}
	})
}

// With more delegations than one decision looks at, the default, the live ones
// and those of the role asked for are still among them.
func TestAuthorityIsBounded(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		byDefault := putDelegation(t, s, "support", w.ana, w.support, []string{aRead}, nil).ID
		live := lend(t, s, w.bob, w.support, func(d *domain.Delegation) { d.EndsAt = t0.Add(time.Hour) }).ID
		finance := lend(t, s, w.ana, w.support, func(d *domain.Delegation) { d.Role, d.Status = "finance", domain.DelegationDisabled }).ID
		for range 210 {
			lend(t, s, w.bob, w.support, func(d *domain.Delegation) { d.EndsAt = t0.Add(-time.Hour) })
		}
		a, ids := authority(t, s, w.support.ClientID, "", "")
		if len(ids) != 200 || ids[0] != byDefault || ids[1] != live || slices.Contains(ids, finance) {
			t.Errorf("%d of them: %v", len(ids), ids[:min(3, len(ids))])
		}
		for _, c := range a.Delegations {
			if c.Role == nil || c.Delegator == nil || len(c.Delegation.Actions) != 1 {
				t.Fatalf("without its grounds: %+v", c)
			}
		}
		if _, ids := authority(t, s, w.support.ClientID, "", "finance"); !slices.Equal(ids, []string{finance}) {
			t.Errorf("of the role: %v", ids)
		}
	})
}

// A decision never sees half of a change.
func TestAuthorityIsOneSnapshot(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		d := putDelegation(t, s, "support", w.ana, w.support, []string{aRead}, nil)
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for on := false; ; on = !on {
				select {
				case <-stop:
					return
				default:
				}
				// The default, two tables' rows and the delegation's own columns change as one.
				if err := s.UpdateDelegation(t.Context(), d.ID, func(draft *domain.DelegationDraft) (domain.Event, error) {
					draft.MakeDefault, draft.GiveUpDefault = on, !on
					draft.Delegation.Actions, draft.Delegation.Resources, draft.Delegation.MaxDuration = []string{aRead}, []string{uriA}, time.Hour
					if !on {
						draft.Delegation.Actions, draft.Delegation.Resources, draft.Delegation.MaxDuration = []string{aRefund}, []string{uriB}, time.Minute
					}
					return did("delegation.update", d.ID), nil
				}); err != nil {
					t.Error(err)
					return
				}
			}
		}()
		seen := map[bool]int{}
		for n := 0; n < 300 || seen[true] == 0 || seen[false] == 0; n++ {
			select {
			case <-stopped:
				t.Fatal("the changes stopped")
			default:
			}
			a, _ := authority(t, s, w.support.ClientID, "", "")
			on := a.Agent.DefaultDelegationID == d.ID
			got := a.Delegations[0].Delegation
			first := len(got.Resources) == 0 // before any change
			if (got.MaxDuration == time.Hour) != on || slices.Equal(got.Actions, []string{aRead}) != on || (!first && slices.Equal(got.Resources, []string{uriA}) != on) {
				t.Fatalf("half a change: default %v, %+v", on, got)
			}
			seen[on]++
		}
		close(stop)
		<-stopped
	})
}
