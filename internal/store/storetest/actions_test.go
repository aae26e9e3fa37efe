package storetest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"authsec/internal/domain"
	"authsec/internal/store"
)

func actionName(a domain.Action) string { return a.Name }

func TestActionRoundTrip(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		a := domain.Action{Name: "billing:refund", Description: "Refund\nan invoice 🧾 <b>", Sensitive: true, CreatedAt: t0, UpdatedAt: t0}
		if err := s.CreateAction(ctx, a, did("action.create", a.Name)); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Action(ctx, a.Name); err != nil || got != a {
			t.Errorf("read back %+v, %v", got, err)
		}
		unchanged(t, s, func() {
			wantError(t, s.CreateAction(ctx, a, did("action.create", a.Name)), domain.Conflict, "already_exists", "/name")
		})
		got, err := s.UpdateAction(ctx, a.Name, func(a *domain.Action) (domain.Event, error) {
			a.Description, a.Sensitive = "", false
			return did("action.update", a.Name), nil
		})
		if err != nil || got.Description != "" || got.Sensitive {
			t.Errorf("updated to %+v, %v", got, err)
		}
		if read, err := s.Action(ctx, a.Name); err != nil || read != got {
			t.Errorf("read back %+v, %v, want %+v", read, err, got)
		}
		unchanged(t, s, func() {
			if _, err := s.UpdateAction(ctx, a.Name, func(*domain.Action) (domain.Event, error) { return domain.Event{}, store.ErrNoChange }); err != nil {
				t.Errorf("no change: %v", err)
			}
			_, err := s.UpdateAction(ctx, "no:such", func(*domain.Action) (domain.Event, error) { return domain.Event{}, nil })
			wantError(t, err, domain.NotFound, "not_found", "")
			_, err = s.Action(ctx, "no:such")
			wantError(t, err, domain.NotFound, "not_found", "")
		})
	})
}

func TestActionInUseIsNotDeleted(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		putAction(t, s, "billing:read")
		putAction(t, s, "orders:read")
		for i := range 5 {
			putRole(t, s, fmt.Sprintf("role-%d", i), "billing:read")
		}
		remove := func(name string) error {
			return s.DeleteAction(ctx, name, func(a domain.Action) (domain.Event, error) { return did("action.delete", a.Name), nil })
		}
		unchanged(t, s, func() {
			err := remove("billing:read")
			wantError(t, err, domain.Conflict, "in_use", "")
			if !strings.Contains(err.Error(), "the role role-0, the role role-1, the role role-2 and others") {
				t.Errorf("it does not name what uses it: %v", err)
			}
			wantError(t, remove("no:such"), domain.NotFound, "not_found", "")
		})
		// A delegation alone: the role has lost the action since.
		putRole(t, s, "buyer", "orders:read")
		d := putDelegation(t, s, "buyer", putUser(t, s, "ana@example.com", domain.LevelMember, "buyer"), putAgent(t, s, "Shopper"), []string{"orders:read"}, nil)
		if _, err := s.UpdateRole(ctx, "buyer", func(r *domain.Role) (domain.Event, error) {
			r.Actions = []string{}
			return did("role.update", r.Name), nil
		}); err != nil {
			t.Fatal(err)
		}
		err := remove("orders:read")
		wantError(t, err, domain.Conflict, "in_use", "")
		if !strings.Contains(err.Error(), `the delegation of buyer to "Shopper"`) {
			t.Errorf("it does not name the delegation: %v", err)
		}
		revoke(t, s, d.ID)
		if err := remove("orders:read"); err != nil {
			t.Errorf("a revoked delegation holds it back: %v", err)
		}
		_, err = s.Action(ctx, "orders:read")
		wantError(t, err, domain.NotFound, "not_found", "")
	})
}

func TestActionsPageWhileRowsAreInserted(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		var want []string
		for i := range 250 {
			name := fmt.Sprintf("load:a%03d", (i*37)%250)
			putAction(t, s, name)
			want = append(want, name)
		}
		slices.Sort(want)
		n := 0
		got := walk(t, 17, func(p domain.Page) (domain.List[domain.Action], error) { return s.Actions(t.Context(), p) }, actionName, false, func() {
			// One before everything and one between rows: neither may move the rest.
			putAction(t, s, fmt.Sprintf("aaa:a%03d", n))
			putAction(t, s, fmt.Sprintf("load:a%03d.b", n*17))
			n++
		})
		got = slices.DeleteFunc(got, func(k string) bool { return !slices.Contains(want, k) })
		if !reflect.DeepEqual(got, want) {
			t.Errorf("read %d of %d rows", len(got), len(want))
		}
	})
}

func TestActionSearchTakesWildcardsLiterally(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		for name, description := range map[string]string{"a:percent": `100% of it`, "a:under_score": `x`, "a:backslash": `C:\temp`, "a:accent": `Über ÉTÉ`, "a:plain": `100 of it`} {
			if err := s.CreateAction(t.Context(), domain.Action{Name: name, Description: description}, did("action.create", name)); err != nil {
				t.Fatal(err)
			}
		}
		for q, want := range map[string][]string{
			"100% of": {"a:percent"}, "%": {"a:percent"}, "r_s": {"a:under_score"}, "_": {"a:under_score"}, `\`: {"a:backslash"}, `C:\T`: {"a:backslash"},
			"ÜBER été": {"a:accent"}, "a:PLAIN": {"a:plain"}, "' OR 1=1 --": {}, "": {"a:accent", "a:backslash", "a:percent", "a:plain", "a:under_score"},
		} {
			got := found(t, q, func(p domain.Page) (domain.List[domain.Action], error) { return s.Actions(t.Context(), p) }, actionName)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("search %q found %v, want %v", q, got, want)
			}
		}
	})
}
