package storetest

import (
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/store"
)

// newLoanWorld has a template, and nobody who lent by it.
func newLoanWorld(t *testing.T, s *store.Store) *templateWorld {
	t.Helper()
	w := &templateWorld{recallWorld: newRecallWorld(t, s)}
	w.provider = putProvider(t, s, "People", "https://id.example.com")
	w.template = putTemplate(t, s, newTemplate(t, "Support by people", w.provider, w.support))
	return w
}

// firstTime is the rule of an exchange, as far as the store can see.
func (w *templateWorld) firstTime(subject, email string) func(*domain.LoanDraft) ([]domain.Event, error) {
	return func(d *domain.LoanDraft) ([]domain.Event, error) {
		if d.Existing != nil {
			return nil, nil
		}
		userID := newID(w.t)
		var events []domain.Event
		if d.User != nil {
			userID = d.User.ID
		} else {
			d.Email = email
			if d.EmailTaken {
				return nil, domain.Errorf(domain.Forbidden, "email_taken", "Taken.")
			}
			d.NewUser = &domain.User{ID: userID, Email: email, Name: subject, Status: domain.StatusActive, Level: domain.LevelMember, Roles: []string{}, CreatedAt: t0, UpdatedAt: t0}
			d.NewLink = &domain.IdentityLink{ProviderID: d.Provider.ID, Subject: subject, UserID: userID, CreatedAt: t0}
			events = append(events, did("user.create", userID))
		}
		made := w.made(userID)
		d.NewDelegation = &made
		return append(events, did("delegation.create", made.ID)), nil
	}
}

// The first exchange makes a person, a link and a delegation in one; the next
// ones find them and write nothing.
func TestLend(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLoanWorld(t, s)
		before, last := events(t, s), w.exchangeChange()
		lend := func(subject, email string) (string, error) {
			return s.Lend(t.Context(), w.provider.ID, subject, w.template.ID, w.firstTime(subject, email))
		}
		id, err := lend("eve", "Eve@example.com")
		if err != nil || events(t, s) != before+2 || w.exchangeChange() != last+1 {
			t.Fatalf("%v, %d events", err, events(t, s)-before)
		}
		u, err := s.LinkedUser(t.Context(), w.provider.ID, "eve")
		if err != nil || u.Email != "Eve@example.com" {
			t.Errorf("linked to %+v, %v", u, err)
		}
		d, err := s.Delegation(t.Context(), id)
		if err != nil || d.TemplateID != w.template.ID || d.DelegatorID != u.ID || d.ClientID != w.support.ClientID || d.Default || !slices.Equal(d.Actions, []string{aRead, aRefund}) {
			t.Errorf("made %+v, %v", d, err)
		}
		if statusOf(t, s, d.Delegation).List == 0 {
			t.Error("it has no status index")
		}
		before, last = events(t, s), w.exchangeChange()
		for range 3 {
			if again, err := lend("eve", "Eve@example.com"); err != nil || again != id {
				t.Errorf("then %q, %v", again, err)
			}
		}
		if events(t, s) != before || w.exchangeChange() != last {
			t.Error("the next exchanges wrote")
		}
		// An address is no proof of who somebody is: another with it is refused.
		_, err = lend("eve-too", "EVE@example.com")
		wantError(t, err, domain.Forbidden, "email_taken", "")
		if _, err := s.LinkedUser(t.Context(), w.provider.ID, "eve-too"); domain.KindOf(err) != domain.NotFound {
			t.Errorf("got %v", err)
		}
		// Who was linked before is not made again.
		putLinked(t, s, w.provider, w.bob, "bob")
		if id, err = lend("bob", "bob@example.com"); err != nil {
			t.Fatal(err)
		}
		if d, err = s.Delegation(t.Context(), id); err != nil || d.DelegatorID != w.bob.ID {
			t.Errorf("made %+v, %v", d, err)
		}
	})
}

// exchangeChange is the number of the last change.
func (w *recallWorld) exchangeChange() int64 {
	w.t.Helper()
	a, _ := authority(w.t, w.s, w.support.ClientID, w.lent.ID, "")
	return a.Change
}

// Of many first exchanges of one person at once, one is the first.
func TestLendAtOnce(t *testing.T) {
	eachRaw(t, func(t *testing.T, s *store.Store, raw *sql.DB) {
		w := newLoanWorld(t, s)
		people, lent := rawCount(t, raw, "users"), rawCount(t, raw, "delegations")
		got := make([]string, 8)
		var wg sync.WaitGroup
		for i := range got {
			wg.Go(func() {
				var err error
				if got[i], err = s.Lend(t.Context(), w.provider.ID, "eve", w.template.ID, w.firstTime("eve", "eve@example.com")); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if slices.ContainsFunc(got, func(id string) bool { return id != got[0] || id == "" }) {
			t.Errorf("they got %v", got)
		}
		if a, b := rawCount(t, raw, "users")-people, rawCount(t, raw, "delegations")-lent; a != 1 || b != 1 {
			t.Errorf("%d people and %d delegations were made", a, b)
		}
	})
}

func TestLendSees(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newTemplateWorld(t, s)
		see := func(subject string) domain.LoanDraft {
			t.Helper()
			var seen domain.LoanDraft
			calls := 0
			unchanged(t, s, func() {
				id, err := s.Lend(t.Context(), w.provider.ID, subject, w.template.ID, func(d *domain.LoanDraft) ([]domain.Event, error) {
					calls++
					seen = *d
					return nil, nil
				})
				want := ""
				if seen.Existing != nil {
					want = seen.Existing.ID
				}
				if err != nil || id != want || calls != 1 {
					t.Errorf("%q, %v, after %d calls", id, err, calls)
				}
			})
			return seen
		}
		d := see("ana")
		if !reflect.DeepEqual(d.Provider, w.provider) || !reflect.DeepEqual(d.Template, w.template) || d.Agent.ClientID != w.support.ClientID ||
			*d.Link != w.link || d.User.ID != w.ana.ID || !slices.Equal(d.User.Roles, w.ana.Roles) || d.Existing.ID != w.lent.ID {
			t.Errorf("the rule sees %+v", d)
		}
		if d := see("nobody"); d.Link != nil || d.User != nil || d.Existing != nil || d.Provider.ID != w.provider.ID {
			t.Errorf("of nobody the rule sees %+v", d)
		}
		revoke(t, s, w.lent.ID)
		if d := see("ana"); d.Existing == nil || d.Existing.Status != domain.DelegationRevoked {
			t.Errorf("the rule sees %+v", d.Existing)
		}
		for _, tt := range [][2]string{{newID(t), w.template.ID}, {w.provider.ID, newID(t)}} {
			_, err := s.Lend(t.Context(), tt[0], "ana", tt[1], func(*domain.LoanDraft) ([]domain.Event, error) {
				t.Error("the rule ran")
				return nil, nil
			})
			wantError(t, err, domain.NotFound, "not_found", "")
		}
	})
}

func TestLendRefused(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newTemplateWorld(t, s)
		made := w.made(w.ana.ID)
		for name, tt := range map[string]struct {
			rule func(d *domain.LoanDraft) error
			code string
		}{
			"by the rule":     {func(d *domain.LoanDraft) error { return domain.Errorf(domain.Forbidden, "no", "No.") }, "no"},
			"a second of one": {func(d *domain.LoanDraft) error { d.NewDelegation = &made; return nil }, "already_exists"},
			"a linked person": {func(d *domain.LoanDraft) error { d.NewLink = &w.link; return nil }, "already_exists"},
			"an address in use": {func(d *domain.LoanDraft) error {
				d.NewUser = &domain.User{ID: newID(t), Email: "BOB@example.com"}
				return nil
			}, "already_exists"},
			"half of it": {func(d *domain.LoanDraft) error {
				d.NewUser, d.NewLink = &domain.User{ID: newID(t), Email: "eve@example.com"}, &w.link
				return nil
			}, "already_exists"},
		} {
			t.Run(name, func(t *testing.T) {
				unchanged(t, s, func() {
					id, err := s.Lend(t.Context(), w.provider.ID, "ana", w.template.ID, func(d *domain.LoanDraft) ([]domain.Event, error) {
						return []domain.Event{did("delegation.create", "x")}, tt.rule(d)
					})
					var e *domain.Error
					if id != "" || !errors.As(err, &e) || e.Code != tt.code {
						t.Errorf("%q, %v", id, err)
					}
				})
			})
		}
		if _, err := s.UserByEmail(t.Context(), "eve@example.com"); domain.KindOf(err) != domain.NotFound {
			t.Errorf("half of it was written: %v", err)
		}
	})
}

// The terms of what a template made follow it when its person comes again, and
// what is less is recalled.
func TestLendAgainOnOtherTerms(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newTemplateWorld(t, s)
		again := func(change func(*domain.Delegation)) step {
			return func(*recallWorld) {
				id, err := s.Lend(t.Context(), w.provider.ID, "ana", w.template.ID, func(d *domain.LoanDraft) ([]domain.Event, error) {
					next := *d.Existing
					change(&next)
					d.NewDelegation = &next
					return []domain.Event{did("delegation.update", next.ID)}, nil
				})
				if err != nil || id != w.lent.ID {
					t.Errorf("%q, %v", id, err)
				}
			}
		}
		w.wantRecall(again(func(d *domain.Delegation) {
			d.Actions, d.MaxDuration, d.SenderConstrained = []string{aRead}, time.Minute, domain.SenderDPoP
		}))
		got, err := s.Delegation(t.Context(), w.lent.ID)
		if err != nil || fmt.Sprint(got.Actions, got.MaxDuration, got.SenderConstrained, got.TemplateID) != fmt.Sprint([]string{aRead}, time.Minute, domain.SenderDPoP, w.template.ID) {
			t.Errorf("now it is %+v, %v", got, err)
		}
		w.wantNone(again(func(d *domain.Delegation) { d.Actions = []string{aRead, aRefund} }))
	})
}

// What a template makes does not count as an agent's first delegation, and a rule
// that adds sub-agents sees those that there are.
func TestWhatADraftSaysBesideTemplates(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newTemplateWorld(t, s)
		p := putProvider(t, s, "Others", "https://others.example.com")
		putLinked(t, s, p, w.ana, "ana")
		templ := putTemplate(t, s, newTemplate(t, "By others", p, w.other))
		d := w.made(w.ana.ID)
		d.ClientID, d.TemplateID = w.other.ClientID, templ.ID
		if _, err := s.Lend(t.Context(), p.ID, "ana", templ.ID, func(draft *domain.LoanDraft) ([]domain.Event, error) {
			draft.NewDelegation = &d
			return []domain.Event{did("delegation.create", d.ID)}, nil
		}); err != nil {
			t.Fatal(err)
		}
		own := domain.Delegation{ID: newID(t), ClientID: w.other.ClientID, Role: "support", DelegatorID: w.ana.ID, Status: domain.DelegationActive}
		if err := s.CreateDelegation(t.Context(), own, func(draft *domain.DelegationDraft) (domain.Event, error) {
			if !draft.First {
				t.Error("a template's delegation counts as the first")
			}
			return did("delegation.create", own.ID), nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := s.UpdateDelegation(t.Context(), own.ID, func(draft *domain.DelegationDraft) (domain.Event, error) {
			if draft.First || !slices.Contains(draft.KnownSubAgents, w.support.ClientID) || slices.Contains(draft.KnownSubAgents, w.other.ClientID) {
				t.Errorf("the rule sees %+v", draft)
			}
			draft.Delegation.SubAgents, draft.Delegation.SenderConstrained = ids(w.support), domain.SenderAny
			return did("delegation.update", own.ID), nil
		}); err != nil {
			t.Fatal(err)
		}
		got, err := s.Delegation(t.Context(), own.ID)
		if err != nil || !slices.Equal(got.SubAgents, ids(w.support)) || got.SenderConstrained != domain.SenderAny || got.TemplateID != "" {
			t.Errorf("%+v, %v", got.Delegation, err)
		}
	})
}
