package storetest

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/store"
)

// recallWorld is a delegation of Ana's to an agent, and one that no change of
// the suite concerns.
type recallWorld struct {
	lendWorld
	t        *testing.T
	s        *store.Store
	source   domain.WorkloadSource
	lent     domain.Delegation
	bystands domain.Delegation
}

func newRecallWorld(t *testing.T, s *store.Store) *recallWorld {
	t.Helper()
	w := &recallWorld{lendWorld: newLendWorld(t, s), t: t, s: s}
	putRole(t, s, "other", aRead)
	carl := putUser(t, s, "carl@example.com", domain.LevelMember, "other")
	loner := domain.Agent{ClientID: newID(t), Name: "Loner", Type: "custom", Platform: domain.PlatformUnix, Status: domain.StatusActive,
		Selectors: []domain.Selector{{Key: "unix:uid", Value: "1000"}}, Attestation: domain.AttestationRequired}
	if err := s.CreateAgent(t.Context(), loner, did("agent.create", loner.ClientID)); err != nil {
		t.Fatal(err)
	}
	w.source = putSource(t, s, "Production", cluster("https://k8s.example.com"))
	putResource(t, s, "A", uriA)
	putResource(t, s, "B", uriB)
	w.bystands = lend(t, s, carl, loner, func(d *domain.Delegation) { d.Role = "other" })
	w.lent = lend(t, s, w.ana, w.support, func(d *domain.Delegation) { d.Actions = []string{aRead, aRefund} })
	return w
}

// The changes are steps of a test, each by the store's own method.

func (w *recallWorld) delegation(change func(*domain.Delegation)) {
	w.t.Helper()
	w.must(w.s.UpdateDelegation(w.t.Context(), w.lent.ID, func(d *domain.DelegationDraft) (domain.Event, error) {
		change(&d.Delegation)
		return did("delegation.update", w.lent.ID), nil
	}))
}

func (w *recallWorld) agent(change func(*domain.Agent)) {
	w.t.Helper()
	_, err := w.s.UpdateAgent(w.t.Context(), w.support.ClientID, func(a *domain.Agent) (domain.Event, error) {
		change(a)
		return did("agent.update", a.ClientID), nil
	})
	w.must(err)
}

func (w *recallWorld) user(change func(*domain.User)) {
	w.t.Helper()
	_, err := w.s.UpdateUser(w.t.Context(), w.ana.ID, func(u *domain.User) (domain.Event, error) {
		change(u)
		return did("user.update", u.ID), nil
	})
	w.must(err)
}

func (w *recallWorld) role(actions ...string) {
	w.t.Helper()
	_, err := w.s.UpdateRole(w.t.Context(), "support", func(r *domain.Role) (domain.Event, error) {
		r.Actions, r.Description = actions, "Another"
		return did("role.update", r.Name), nil
	})
	w.must(err)
}

func (w *recallWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// status is the index that a token of the delegation would carry now.
func (w *recallWorld) status(d domain.Delegation) domain.StatusRef {
	w.t.Helper()
	return statusOf(w.t, w.s, d)
}

func statusOf(t *testing.T, s *store.Store, d domain.Delegation) domain.StatusRef {
	t.Helper()
	a, _ := authority(t, s, d.ClientID, d.ID, "")
	if len(a.Delegations) != 1 || a.Delegations[0].Status.List == 0 {
		t.Fatalf("delegation %s has no status index: %+v", d.ID, a.Delegations)
	}
	return a.Delegations[0].Status
}

func tokenState(t *testing.T, s *store.Store, ref domain.StatusRef, jti string) domain.TokenState {
	t.Helper()
	st, err := s.TokenState(t.Context(), ref, jti)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func lastRecall(t *testing.T, s *store.Store) int64 {
	t.Helper()
	seq, err := s.LastRecall(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

// lastDetails are the details of the newest audit event.
func lastDetails(t *testing.T, s *store.Store) map[string]any {
	t.Helper()
	list, err := s.Events(t.Context(), domain.EventFilter{}, domain.Page{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	details := map[string]any{}
	if raw := list.Items[0].Details; len(raw) > 0 {
		if err := json.Unmarshal(raw, &details); err != nil {
			t.Fatal(err)
		}
	}
	return details
}

type step func(*recallWorld)

func secretOf(name string, ends time.Time) domain.ClientSecret {
	return domain.ClientSecret{Hash: domain.Secret(name).Hash(), CreatedAt: t0, ExpiresAt: ends}
}

func steps(all ...step) step {
	return func(w *recallWorld) {
		for _, s := range all {
			s(w)
		}
	}
}

func clusterAge(seconds int64) domain.SourceSettings {
	settings := cluster("https://k8s.example.com")
	settings.Kubernetes.MaxTokenSeconds = seconds
	return settings
}

func (w *recallWorld) wantRecall(change step) {
	w.t.Helper()
	old, bystands, last := w.status(w.lent), w.status(w.bystands), lastRecall(w.t, w.s)
	change(w)
	fresh := w.status(w.lent)
	if got := lastRecall(w.t, w.s); got != last+1 {
		w.t.Fatalf("%d recalls, want one", got-last)
	}
	if fresh == old {
		w.t.Error("later tokens carry the dead index")
	}
	if st := tokenState(w.t, w.s, old, "any"); st != (domain.TokenState{Known: true, Retired: true}) {
		w.t.Errorf("the old index: %+v", st)
	}
	if st := tokenState(w.t, w.s, fresh, "any"); st != (domain.TokenState{Known: true}) {
		w.t.Errorf("the new index: %+v", st)
	}
	items, end, err := w.s.RecallsSince(w.t.Context(), last, 10)
	if err != nil || end != last+1 || len(items) != 1 || items[0].Seq != last+1 || items[0].Status != old || items[0].TokenID != "" || !items[0].At.Equal(t0) {
		w.t.Errorf("the recalls since: %+v, %d, %v", items, end, err)
	}
	list, err := w.s.StatusList(w.t.Context(), old.List)
	if err != nil || !slices.Contains(list.Retired, old.Index) || list.Revision != last+1 {
		w.t.Errorf("the list: %+v, %v", list, err)
	}
	if got := lastDetails(w.t, w.s)["recalled"]; got != 1.0 {
		w.t.Errorf("the audit event says recalled: %v", got)
	}
	if now := w.status(w.bystands); now != bystands {
		w.t.Errorf("another delegation's index went from %v to %v", bystands, now)
	}
}

func (w *recallWorld) wantNone(change step) {
	w.t.Helper()
	old, last := w.status(w.lent), lastRecall(w.t, w.s)
	change(w)
	if got := lastRecall(w.t, w.s); got != last || w.status(w.lent) != old {
		w.t.Errorf("%d recalls, index %v then %v", got-last, old, w.status(w.lent))
	}
	if got, says := lastDetails(w.t, w.s)["recalled"]; says {
		w.t.Errorf("the audit event says recalled: %v", got)
	}
}
