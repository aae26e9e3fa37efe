package storetest

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"authsec/internal/domain"
	"authsec/internal/store"
)

func TestRoleRoundTrip(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		putAction(t, s, "billing:read")
		putAction(t, s, "orders:read")
		r := putRole(t, s, "support", "billing:read", "orders:read")
		empty := putRole(t, s, "empty")
		for _, want := range []domain.Role{r, empty} {
			if got, err := s.Role(ctx, want.Name); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("read back %+v, %v, want %+v", got, err, want)
			}
		}
		list, err := s.Roles(ctx, domain.Page{Limit: 10})
		if err != nil || !reflect.DeepEqual(list.Items, []domain.Role{empty, r}) {
			t.Errorf("listed %+v, %v", list, err)
		}
		unchanged(t, s, func() {
			wantError(t, s.CreateRole(ctx, r, did("role.create", r.Name)), domain.Conflict, "already_exists", "/name")
			r.Name, r.Actions = "other", []string{"billing:read", "no:such", "orders:read"}
			wantError(t, s.CreateRole(ctx, r, did("role.create", r.Name)), domain.Invalid, "invalid_request", "/actions/1")
			_, err := s.UpdateRole(ctx, "support", func(r *domain.Role) (domain.Event, error) {
				r.Actions = []string{"no:such"}
				return did("role.update", r.Name), nil
			})
			wantError(t, err, domain.Invalid, "invalid_request", "/actions/0")
		})
		got, err := s.UpdateRole(ctx, "support", func(r *domain.Role) (domain.Event, error) {
			r.Description, r.Actions = "Front line", []string{"orders:read"}
			return did("role.update", r.Name), nil
		})
		if err != nil || !reflect.DeepEqual(got.Actions, []string{"orders:read"}) {
			t.Errorf("updated to %+v, %v", got, err)
		}
		if read, err := s.Role(ctx, "support"); err != nil || !reflect.DeepEqual(read, got) {
			t.Errorf("read back %+v, %v, want %+v", read, err, got)
		}
		for q, want := range map[string]int{"FRONT line": 1, "orders:read": 1, "billing:read": 0} {
			if got := found(t, q, func(p domain.Page) (domain.List[domain.Role], error) { return s.Roles(ctx, p) }, func(r domain.Role) string { return r.Name }); len(got) != want {
				t.Errorf("search %q found %v, want %d", q, got, want)
			}
		}
	})
}

func TestRoleOfManyActions(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		var actions []string
		for i := range domain.MaxActions {
			name := fmt.Sprintf("bulk:a%03d", i)
			putAction(t, s, name)
			actions = append(actions, name)
		}
		want := putRole(t, s, "everything", actions...)
		if got, err := s.Role(t.Context(), "everything"); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("read back %d actions, %v", len(got.Actions), err)
		}
	})
}

func TestRoleInUseIsNotDeleted(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		putAction(t, s, "billing:read")
		putRole(t, s, "support", "billing:read")
		ana := putUser(t, s, "ana@example.com", domain.LevelAdmin, "support")
		d := putDelegation(t, s, "support", ana, putAgent(t, s, "Helper"), []string{"billing:read"}, nil)
		remove := func() error {
			return s.DeleteRole(ctx, "support", func(r domain.Role) (domain.Event, error) { return did("role.delete", r.Name), nil })
		}
		names := func(want string) {
			t.Helper()
			unchanged(t, s, func() {
				err := remove()
				wantError(t, err, domain.Conflict, "in_use", "")
				if !strings.Contains(err.Error(), want) {
					t.Errorf("it does not name %s: %v", want, err)
				}
			})
		}
		names(`the user ana@example.com, the delegation of support to "Helper"`)
		if _, err := s.UpdateUser(ctx, ana.ID, func(u *domain.User) (domain.Event, error) {
			u.Roles = []string{}
			return did("user.update", u.ID), nil
		}); err != nil {
			t.Fatal(err)
		}
		names(`used by the delegation of support to "Helper"`)
		revoke(t, s, d.ID)
		if err := remove(); err != nil {
			t.Fatal(err)
		}
		_, err := s.Role(ctx, "support")
		wantError(t, err, domain.NotFound, "not_found", "")
		wantError(t, remove(), domain.NotFound, "not_found", "")
	})
}
