package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/store"
)

const (
	aRead, aRefund = "billing:read", "billing:refund"
	uriA, uriB     = "https://a.example.com", "https://b.example.com"
)

// lendWorld is people with a role, and agents to lend it to.
type lendWorld struct {
	ana, bob       domain.User
	support, other domain.Agent
}

func newLendWorld(t *testing.T, s *store.Store) lendWorld {
	t.Helper()
	for _, name := range []string{aRead, aRefund} {
		putAction(t, s, name)
	}
	putRole(t, s, "support", aRead, aRefund)
	putRole(t, s, "finance", aRead)
	return lendWorld{ana: putUser(t, s, "Ana@example.com", domain.LevelMember, "finance", "support"),
		bob:     putUser(t, s, "bob@example.com", domain.LevelMember, "support"),
		support: putAgent(t, s, "Customer Support"), other: putAgent(t, s, "100%_Billing\\")}
}

// lend stores a delegation as change makes it, and never as the default.
func lend(t *testing.T, s *store.Store, by domain.User, to domain.Agent, change func(*domain.Delegation)) domain.Delegation {
	t.Helper()
	d := domain.Delegation{ID: newID(t), ClientID: to.ClientID, Role: "support", DelegatorID: by.ID, Actions: []string{aRead},
		MaxDuration: time.Hour, Resources: []string{}, Status: domain.DelegationActive, CreatedAt: t0, UpdatedAt: t0}
	if change != nil {
		change(&d)
	}
	if err := s.CreateDelegation(t.Context(), d, accept("delegation.create", d.ID)); err != nil {
		t.Fatal(err)
	}
	return d
}

func accept(action, id string) func(*domain.DelegationDraft) (domain.Event, error) {
	return func(*domain.DelegationDraft) (domain.Event, error) { return did(action, id), nil }
}

func TestCreateDelegation(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		want := domain.Delegation{ID: newID(t), ClientID: w.support.ClientID, Role: "support", DelegatorID: w.ana.ID,
			Actions: []string{aRead, aRefund}, MaxDuration: 90 * time.Minute, Resources: []string{uriA, uriB},
			EndsAt: t0.Add(time.Hour), Status: domain.DelegationDisabled, DisabledByAdmin: true, DisabledByDelegator: true,
			RevokeReason: "Because", RevokedAt: t0.Add(time.Minute), CreatedAt: t0, UpdatedAt: t0.Add(time.Second),
			SubAgents: []string{w.other.ClientID}, SenderConstrained: domain.SenderMTLS, TemplateID: newID(t)}
		if _, err := deleteAgent(t, s, putAgent(t, s, "Gone").ClientID); err != nil {
			t.Fatal(err)
		}
		putResource(t, s, "B", uriB)
		putResource(t, s, "A", uriA)
		before := events(t, s)
		err := s.CreateDelegation(t.Context(), want, func(d *domain.DelegationDraft) (domain.Event, error) {
			if !d.First || d.CurrentDefault != nil || d.Role.Name != "support" || len(d.Role.Actions) != 2 || d.Delegator.ID != w.ana.ID ||
				!slices.Equal(d.Delegator.Roles, []string{"finance", "support"}) || d.Agent.Name != "Customer Support" || !slices.Equal(d.KnownResources, []string{uriA, uriB}) ||
				!slices.Equal(d.KnownSubAgents, []string{w.other.ClientID}) {
				t.Errorf("the rule sees %+v", d)
			}
			d.MakeDefault = true
			return did("delegation.create", want.ID), nil
		})
		if err != nil || events(t, s) != before+1 {
			t.Fatalf("%v, %d events", err, events(t, s)-before)
		}
		got, err := s.Delegation(t.Context(), want.ID)
		if err != nil || fmt.Sprintf("%+v", got.Delegation) != fmt.Sprintf("%+v", want) {
			t.Errorf("read back\n%+v, want\n%+v (%v)", got.Delegation, want, err)
		}
		if !got.Default || got.Agent != (domain.AgentRef{ClientID: w.support.ClientID, Name: "Customer Support", Type: "langchain"}) ||
			got.Delegator != (domain.UserRef{ID: w.ana.ID, Email: "Ana@example.com", Name: "User Ana@example.com"}) {
			t.Errorf("shown as %+v", got)
		}
		if err := s.AppendEvents(t.Context(), nil, []domain.Use{{DelegationID: want.ID, ClientID: w.support.ClientID, At: t0.Add(time.Hour)}}); err != nil {
			t.Fatal(err)
		}
		if got, err = s.Delegation(t.Context(), want.ID); err != nil || !got.LastUsedAt.Equal(t0.Add(time.Hour)) {
			t.Errorf("last used %v, %v", got.LastUsedAt, err)
		}
	})
}

func TestCreateDelegationRefused(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		d := domain.Delegation{ID: newID(t), ClientID: newID(t), Role: "nope", DelegatorID: newID(t), Status: domain.DelegationActive}
		refusal := errors.New("no")
		unchanged(t, s, func() {
			err := s.CreateDelegation(t.Context(), d, func(d *domain.DelegationDraft) (domain.Event, error) {
				if d.Agent.ClientID != "" || d.Role != nil || d.Delegator != nil || !d.First {
					t.Errorf("the rule sees %+v, and there is no such thing", d)
				}
				return domain.Event{}, refusal
			})
			if !errors.Is(err, refusal) {
				t.Errorf("got %v", err)
			}
			// A rule that let it pass all the same meets the database's own.
			wantError(t, s.CreateDelegation(t.Context(), d, accept("delegation.create", d.ID)), domain.Conflict, "in_use", "")
		})
		if _, err := s.Delegation(t.Context(), d.ID); domain.KindOf(err) != domain.NotFound {
			t.Errorf("it was stored: %v", err)
		}
		first := lend(t, s, w.ana, w.support, nil)
		unchanged(t, s, func() {
			err := s.CreateDelegation(t.Context(), first, accept("delegation.create", first.ID))
			wantError(t, err, domain.Conflict, "already_exists", "")
		})
	})
}

// Of two first delegations at once one is the first, and it alone is the default.
func TestFirstDelegationsAtOnce(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		const n = 8
		var firsts sync.Map
		var wg sync.WaitGroup
		for range n {
			d := domain.Delegation{ID: newID(t), ClientID: w.support.ClientID, Role: "support", DelegatorID: w.ana.ID, Actions: []string{aRead},
				MaxDuration: time.Hour, Status: domain.DelegationActive}
			wg.Go(func() {
				err := s.CreateDelegation(t.Context(), d, func(draft *domain.DelegationDraft) (domain.Event, error) {
					draft.MakeDefault = draft.First
					firsts.Store(d.ID, draft.First) // of the run that committed: the last
					return did("delegation.create", d.ID), nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		list, err := s.Delegations(t.Context(), domain.DelegationFilter{}, domain.Page{Limit: 100})
		if err != nil || len(list.Items) != n {
			t.Fatalf("%d delegations, %v", len(list.Items), err)
		}
		defaults := 0
		for _, d := range list.Items {
			if d.Default {
				defaults++
			}
			if first, _ := firsts.Load(d.ID); first != d.Default {
				t.Errorf("first %v, default %v", first, d.Default)
			}
		}
		if defaults != 1 {
			t.Errorf("%d defaults", defaults)
		}
	})
}

func TestUpdateDelegation(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		d := lend(t, s, w.ana, w.support, nil)
		want := d
		want.Actions, want.Resources, want.MaxDuration, want.EndsAt = []string{aRead, aRefund}, []string{uriA}, time.Minute, t0.Add(time.Hour)
		want.Status, want.RevokeReason, want.RevokedAt, want.UpdatedAt = domain.DelegationRevoked, "Done", t0.Add(time.Minute), t0.Add(time.Minute)
		want.DisabledByDelegator = true
		err := s.UpdateDelegation(t.Context(), d.ID, func(draft *domain.DelegationDraft) (domain.Event, error) {
			if draft.First || draft.IsDefault() || draft.Delegation.ID != d.ID || draft.Role == nil || draft.Delegator == nil {
				t.Errorf("the rule sees %+v", draft)
			}
			draft.Delegation = want
			// These never change, whatever a rule says.
			draft.Delegation.Role, draft.Delegation.DelegatorID, draft.Delegation.ClientID, draft.Delegation.CreatedAt = "finance", w.bob.ID, w.other.ClientID, t0.Add(time.Hour)
			draft.MakeDefault = true
			return did("delegation.update", d.ID), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Delegation(t.Context(), d.ID)
		if err != nil || fmt.Sprintf("%+v", got.Delegation) != fmt.Sprintf("%+v", want) || !got.Default {
			t.Errorf("now\n%+v, want\n%+v (%v)", got.Delegation, want, err)
		}
		unchanged(t, s, func() {
			if err := s.UpdateDelegation(t.Context(), d.ID, func(draft *domain.DelegationDraft) (domain.Event, error) {
				draft.Delegation.Actions = nil
				return domain.Event{}, domain.ErrNoChange
			}); err != nil {
				t.Errorf("no change: %v", err)
			}
			if err := s.UpdateDelegation(t.Context(), d.ID, func(draft *domain.DelegationDraft) (domain.Event, error) {
				return domain.Event{}, errors.New("no")
			}); err == nil {
				t.Error("the rule's refusal was lost")
			}
			wantError(t, s.UpdateDelegation(t.Context(), newID(t), accept("x", "x")), domain.NotFound, "not_found", "")
		})
		if again, err := s.Delegation(t.Context(), d.ID); err != nil || !slices.Equal(again.Actions, want.Actions) {
			t.Errorf("after no change: %v, %v", again.Actions, err)
		}
	})
}

// Read-modify-write: no change is lost to another one.
func TestUpdateDelegationAtOnce(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		d := lend(t, s, w.ana, w.support, nil)
		const n = 10
		var wg sync.WaitGroup
		for range n {
			wg.Go(func() {
				if err := s.UpdateDelegation(t.Context(), d.ID, func(draft *domain.DelegationDraft) (domain.Event, error) {
					draft.Delegation.MaxDuration += time.Second
					return did("delegation.update", d.ID), nil
				}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got, err := s.Delegation(t.Context(), d.ID); err != nil || got.MaxDuration != time.Hour+n*time.Second {
			t.Errorf("%v, %v", got.MaxDuration, err)
		}
	})
}

func TestUpdateDefault(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		a, b := lend(t, s, w.ana, w.support, nil), lend(t, s, w.bob, w.support, nil)
		elsewhere := lend(t, s, w.ana, w.other, nil)
		set := func(client, id, sees string, makeIt, giveUp bool) error {
			return s.UpdateDefault(t.Context(), client, id, func(d *domain.DelegationDraft) (domain.Event, error) {
				if d.Delegation.ID != sees || d.Agent.ClientID != client {
					t.Errorf("the rule sees %q of %q, want %q", d.Delegation.ID, d.Agent.ClientID, sees)
				}
				d.MakeDefault, d.GiveUpDefault = makeIt, giveUp
				return did("delegation.set_default", id), nil
			})
		}
		is := func(want string) {
			t.Helper()
			if agent, err := s.Agent(t.Context(), w.support.ClientID); err != nil || agent.DefaultDelegationID != want {
				t.Errorf("the default is %q, want %q (%v)", agent.DefaultDelegationID, want, err)
			}
		}
		for _, step := range []struct {
			id, sees       string
			makeIt, giveUp bool
			after          string
		}{
			{a.ID, a.ID, true, false, a.ID},
			{b.ID, b.ID, true, false, b.ID},
			{"", b.ID, false, true, ""},
			{"", "", false, true, ""},
		} {
			if err := set(w.support.ClientID, step.id, step.sees, step.makeIt, step.giveUp); err != nil {
				t.Fatal(err)
			}
			is(step.after)
		}
		unchanged(t, s, func() {
			other, none := set(w.support.ClientID, elsewhere.ID, "", true, false), set(w.support.ClientID, newID(t), "", true, false)
			wantError(t, other, domain.NotFound, "not_found", "")
			wantError(t, none, domain.NotFound, "not_found", "")
			if len(other.Error()) != len(none.Error()) {
				t.Errorf("another agent's delegation is told from none: %v, %v", other, none)
			}
			wantError(t, set(newID(t), "", "", false, true), domain.NotFound, "not_found", "")
		})
		is("")
	})
}

func TestAgentDeletionRevokesItsDelegations(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		active := putDelegation(t, s, "support", w.ana, w.support, []string{aRead}, nil)
		disabled := lend(t, s, w.bob, w.support, func(d *domain.Delegation) { d.Status = domain.DelegationDisabled })
		earlier := lend(t, s, w.bob, w.support, func(d *domain.Delegation) {
			d.Status, d.RevokeReason, d.RevokedAt = domain.DelegationRevoked, "Earlier", t0
		})
		others := lend(t, s, w.ana, w.other, nil)
		at := t0.Add(time.Hour)
		if err := s.DeleteAgent(t.Context(), w.support.ClientID, at, "The agent was deleted.", func(domain.Agent, []domain.Delegation) ([]domain.Event, error) {
			return []domain.Event{did("agent.delete", w.support.ClientID)}, nil
		}); err != nil {
			t.Fatal(err)
		}
		for _, d := range []domain.Delegation{active, disabled} {
			if got, err := s.Delegation(t.Context(), d.ID); err != nil || got.Status != domain.DelegationRevoked || got.RevokeReason != "The agent was deleted." || !got.RevokedAt.Equal(at) || got.Default {
				t.Errorf("%+v, %v", got, err)
			}
		}
		if got, err := s.Delegation(t.Context(), earlier.ID); err != nil || got.RevokeReason != "Earlier" || !got.RevokedAt.Equal(t0) {
			t.Errorf("history was rewritten: %+v, %v", got, err)
		}
		if got, err := s.Delegation(t.Context(), others.ID); err != nil || got.Status != domain.DelegationActive {
			t.Errorf("another agent's: %+v, %v", got, err)
		}
	})
}
