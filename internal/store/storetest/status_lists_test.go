package storetest

import (
	"database/sql"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/store"
)

// An index is one delegation's, and never another's, whoever asks first.
func TestStatusIndexesAreGivenOnce(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		if _, err := s.StatusList(t.Context(), 1); domain.KindOf(err) != domain.NotFound {
			t.Errorf("a list of which nothing was handed out: %v", err)
		}
		if st := tokenState(t, s, domain.StatusRef{List: 1}, ""); st.Known {
			t.Error("an index is known that nobody has")
		}
		const n = 8
		lent := make([]domain.Delegation, n)
		var wg sync.WaitGroup
		for i := range lent {
			lent[i] = domain.Delegation{ID: newID(t), ClientID: w.support.ClientID, Role: "support", DelegatorID: w.ana.ID, Actions: []string{aRead},
				MaxDuration: time.Hour, Status: domain.DelegationActive}
			wg.Go(func() {
				if err := s.CreateDelegation(t.Context(), lent[i], accept("delegation.create", lent[i].ID)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		given := map[domain.StatusRef]bool{}
		for range 3 {
			for _, d := range lent {
				ref := statusOf(t, s, d)
				if given[ref] || ref.List != 1 || ref.Index >= 4*n {
					t.Fatalf("%v was given before, or is no next one", ref)
				}
				given[ref] = true
				narrow(t, s, d)
			}
		}
		// One reading shows each delegation its own.
		a, _ := authority(t, s, w.support.ClientID, "", "")
		for _, c := range a.Delegations {
			if c.Status != statusOf(t, s, c.Delegation) || given[c.Status] {
				t.Errorf("%s has %v", c.Delegation.ID, c.Status)
			}
		}
		for _, ref := range []domain.StatusRef{{}, {List: 1, Index: 4 * n}, {List: 2}, {List: 1, Index: -1}, {List: -1}, {List: 1, Index: domain.StatusListSize}, {List: 1 << 62, Index: 1}} {
			if st := tokenState(t, s, ref, ""); st != (domain.TokenState{}) {
				t.Errorf("%v is %+v", ref, st)
			}
		}
		for _, id := range []int64{-1, 0, 2, 1 << 62} {
			if _, err := s.StatusList(t.Context(), id); domain.KindOf(err) != domain.NotFound {
				t.Errorf("list %d: %v", id, err)
			}
		}
	})
}

func narrow(t *testing.T, s *store.Store, d domain.Delegation) {
	t.Helper()
	if err := s.UpdateDelegation(t.Context(), d.ID, func(d *domain.DelegationDraft) (domain.Event, error) {
		d.Delegation.MaxDuration -= time.Second
		return did("delegation.update", d.Delegation.ID), nil
	}); err != nil {
		t.Fatal(err)
	}
}

// A list is full after its last place; the next index opens the next list.
func TestStatusListsFillUp(t *testing.T) {
	eachRaw(t, func(t *testing.T, s *store.Store, raw *sql.DB) {
		w := newLendWorld(t, s)
		rawExec(t, raw, `UPDATE status_head SET n = $1 WHERE id = 1`, domain.StatusListSize-1)
		a, b := lend(t, s, w.ana, w.support, nil), lend(t, s, w.ana, w.support, nil)
		last, first := statusOf(t, s, a), statusOf(t, s, b)
		if last != (domain.StatusRef{List: 1, Index: domain.StatusListSize - 1}) || first != (domain.StatusRef{List: 2}) {
			t.Fatalf("%v, then %v", last, first)
		}
		narrow(t, s, b)
		narrow(t, s, a)
		narrow(t, s, b)
		for id, want := range map[int64]domain.StatusList{
			1: {ID: 1, Size: domain.StatusListSize, Retired: []int64{domain.StatusListSize - 1}, Revision: 2},
			2: {ID: 2, Size: domain.StatusListSize, Retired: []int64{0, 1}, Revision: 3},
		} {
			if got, err := s.StatusList(t.Context(), id); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("list %d: %+v, %v, want %+v", id, got, err, want)
			}
		}
	})
}

// A role that is lent ten thousand times is narrowed in one transaction.
func TestALargeRoleIsRecalled(t *testing.T) {
	eachRaw(t, func(t *testing.T, s *store.Store, raw *sql.DB) {
		const n = 10_000
		w := newLendWorld(t, s)
		model := lend(t, s, w.ana, w.support, func(d *domain.Delegation) { d.Actions, d.Resources = []string{aRead, aRefund}, []string{uriA} })
		const count = `WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 9999)`
		rawExec(t, raw, `INSERT INTO delegations (id, client_id, role, delegator_id, max_duration_s, ends_at, status, disabled_by_admin, disabled_by_delegator,
			revoke_reason, revoked_at, created_at, updated_at) `+count+` SELECT CAST(100000 + c.i AS TEXT), d.client_id, d.role, d.delegator_id, d.max_duration_s,
			0, d.status, 0, 0, '', 0, 0, 0 FROM c, delegations d`)
		rawExec(t, raw, `INSERT INTO delegation_actions (delegation_id, action) `+count+` SELECT CAST(100000 + c.i AS TEXT), a.action FROM c, delegation_actions a`)
		rawExec(t, raw, `INSERT INTO delegation_resources (delegation_id, uri) `+count+` SELECT CAST(100000 + c.i AS TEXT), r.uri FROM c, delegation_resources r`)
		rawExec(t, raw, `INSERT INTO status_indexes (delegation_id, chain, n) `+count+` SELECT CAST(100000 + c.i AS TEXT), '', c.i FROM c`)
		rawExec(t, raw, `UPDATE status_head SET n = $1 WHERE id = 1`, n)
		before := events(t, s)
		if _, err := s.UpdateRole(t.Context(), "support", func(r *domain.Role) (domain.Event, error) {
			r.Actions = []string{aRefund}
			return did("role.update", r.Name), nil
		}); err != nil {
			t.Fatal(err)
		}
		if got := events(t, s) - before; got != 1 || lastDetails(t, s)["recalled"] != float64(n) {
			t.Errorf("%d events, the last says %v", got, lastDetails(t, s))
		}
		list, err := s.StatusList(t.Context(), 1)
		if err != nil || len(list.Retired) != n || list.Retired[0] != 0 || list.Retired[n-1] != n-1 || list.Revision != n {
			t.Errorf("%d retired, revision %d, %v", len(list.Retired), list.Revision, err)
		}
		if items, last := recallsSince(t, s, n-2, 10); last != n || len(items) != 2 || !slices.Equal(items[1].Audience, []string{uriA}) {
			t.Errorf("%+v, %d", items, last)
		}
		for _, d := range []domain.Delegation{model, {ID: "100001", ClientID: model.ClientID}, {ID: "109999", ClientID: model.ClientID}} {
			if ref := statusOf(t, s, d); ref.Index < n || ref.Index >= 2*n {
				t.Errorf("%s has %v", d.ID, ref)
			}
		}
	})
}

// What was lent before there were recalls can be recalled too.
func TestDelegationsThatWereThereGetAnIndex(t *testing.T) {
	eachRaw(t, func(t *testing.T, s *store.Store, raw *sql.DB) {
		w := newLendWorld(t, s)
		lent := []domain.Delegation{lend(t, s, w.ana, w.support, nil), lend(t, s, w.bob, w.support, nil), lend(t, s, w.ana, w.other, nil)}
		undoExchange(t, raw)
		for _, table := range []string{"recall_head", "recalls", "status_indexes", "status_head"} {
			rawExec(t, raw, `DROP TABLE `+table)
		}
		rawExec(t, raw, `DELETE FROM goose_db_version WHERE version_id >= 4`)
		if _, _, err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i, d := range lent {
			if ref := statusOf(t, s, d); ref != (domain.StatusRef{List: 1, Index: int64(i)}) {
				t.Errorf("%s has %v", d.ID, ref)
			}
		}
		revoke(t, s, lent[1].ID)
		if ref := statusOf(t, s, lent[1]); ref.Index != 3 || !tokenState(t, s, domain.StatusRef{List: 1, Index: 1}, "").Retired {
			t.Errorf("%v after the recall", ref)
		}
	})
}

// undoExchange takes a database back to before migration 5.
func undoExchange(t *testing.T, raw *sql.DB) {
	t.Helper()
	for _, table := range []string{"sign_in_states", "exchanged_tokens", "dropped_lists", "retired_indexes", "status_chain_agents",
		"delegation_templates", "identity_links", "identity_providers", "verifier_reports"} {
		rawExec(t, raw, `DROP TABLE `+table)
	}
	for _, index := range []string{"recalls_by_end", "recalls_by_delegation", "delegations_by_template"} {
		rawExec(t, raw, `DROP INDEX `+index)
	}
	for table, columns := range map[string][]string{"delegations": {"sub_agents", "sender_constrained", "template_id"}, "recalls": {"delegation_id", "chain", "last_seq"}} {
		for _, column := range columns {
			rawExec(t, raw, `ALTER TABLE `+table+` DROP COLUMN `+column)
		}
	}
	rawExec(t, raw, `DELETE FROM goose_db_version WHERE version_id >= 5`)
}

// What was recalled before an update stays so.
func TestPlacesStayRetiredAfterAnUpdate(t *testing.T) {
	eachRaw(t, func(t *testing.T, s *store.Store, raw *sql.DB) {
		w := newLendWorld(t, s)
		d := lend(t, s, w.ana, w.support, nil)
		old := statusOf(t, s, d)
		narrow(t, s, d)
		revokeToken(t, s, "one")
		undoExchange(t, raw)
		if _, _, err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		list, err := s.StatusList(t.Context(), old.List)
		if err != nil || !slices.Equal(list.Retired, []int64{old.Index}) || list.Revision != 1 || !tokenState(t, s, old, "").Retired {
			t.Errorf("%+v, %v", list, err)
		}
		if got, err := s.Delegation(t.Context(), d.ID); err != nil || len(got.SubAgents) != 0 || got.TemplateID != "" || got.Constraint() != domain.SenderUnconstrained {
			t.Errorf("%+v, %v", got.Delegation, err)
		}
	})
}
