package directory_test

import (
	"reflect"
	"testing"
	"time"

	"authsec/internal/domain"
)

func TestRoleLife(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.action(t, "orders:read")
	h.action(t, "billing:read")
	sent := []string{"orders:read", "billing:read"}
	var r domain.Role
	e := h.event(t, "role.create", func() {
		var err error
		if r, err = h.CreateRole(ctx, admin, domain.Role{Name: "support", Actions: sent}); err != nil {
			t.Fatal(err)
		}
	})
	wantJSON(t, "after", e.After, `{"description":"","actions":["billing:read","orders:read"]}`)
	if got, err := h.Role(ctx, "support"); err != nil || !reflect.DeepEqual(got, r) || got.Actions[0] != "billing:read" {
		t.Errorf("read %+v, %v, want %+v", got, err, r)
	}
	h.silent(t, func() {
		if got, err := h.UpdateRole(ctx, admin, "support", "", sent, time.Time{}); err != nil || !reflect.DeepEqual(got, r) {
			t.Errorf("an update to the same, in another order, gave %+v, %v", got, err)
		}
		_, err := h.CreateRole(ctx, admin, domain.Role{Name: "support", Actions: sent})
		wantError(t, err, domain.Conflict, "already_exists", "/name already_exists")
	})
	if !reflect.DeepEqual(sent, []string{"orders:read", "billing:read"}) {
		t.Errorf("the caller's slice was reordered: %v", sent)
	}
	h.now = h.now.Add(time.Minute)
	e = h.event(t, "role.update", func() {
		got, err := h.UpdateRole(ctx, admin, "support", "Front line", nil, r.UpdatedAt)
		if err != nil || len(got.Actions) != 0 || !got.UpdatedAt.After(got.CreatedAt) {
			t.Errorf("updated to %+v, %v", got, err)
		}
	})
	wantJSON(t, "before", e.Before, `{"description":"","actions":["billing:read","orders:read"]}`)
	wantJSON(t, "after", e.After, `{"description":"Front line","actions":[]}`)
	u := h.user(t, "ana@example.com", domain.LevelMember, "support")
	h.silent(t, func() { wantError(t, h.DeleteRole(ctx, admin, "support"), domain.Conflict, "in_use") })
	if _, err := h.UpdateUser(ctx, admin, u.ID, domain.UserPatch{Roles: &[]string{}}); err != nil {
		t.Fatal(err)
	}
	e = h.event(t, "role.delete", func() {
		if err := h.DeleteRole(ctx, admin, "support"); err != nil {
			t.Fatal(err)
		}
	})
	wantJSON(t, "before", e.Before, `{"description":"Front line","actions":[]}`)
	_, err := h.Role(ctx, "support")
	wantError(t, err, domain.NotFound, "not_found")
}

// Faults point at what the caller sent, not at what was made of it.
// TestARoleThatChangedMeanwhileIsLeftAsItIs: two people edit it, and the later
// learns of the earlier instead of undoing what they did.
func TestARoleThatChangedMeanwhileIsLeftAsItIs(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.action(t, "billing:read")
	h.action(t, "orders:read")
	seen, err := h.CreateRole(ctx, admin, domain.Role{Name: "support", Actions: []string{"billing:read"}})
	if err != nil {
		t.Fatal(err)
	}
	h.now = h.now.Add(time.Microsecond)
	first, err := h.UpdateRole(ctx, admin, "support", "", []string{"billing:read", "orders:read"}, seen.UpdatedAt.In(time.FixedZone("", 3600)))
	if err != nil {
		t.Fatal(err)
	}
	h.silent(t, func() {
		_, err := h.UpdateRole(ctx, admin, "support", "Front line", []string{"billing:read"}, seen.UpdatedAt)
		wantError(t, err, domain.Conflict, "changed_meanwhile")
		// The same change twice is one change, not a conflict.
		if got, err := h.UpdateRole(ctx, admin, "support", "", []string{"billing:read", "orders:read"}, seen.UpdatedAt); err != nil || !reflect.DeepEqual(got, first) {
			t.Errorf("%+v, %v", got, err)
		}
	})
	if _, err := h.UpdateRole(ctx, admin, "support", "Front line", []string{"billing:read"}, first.UpdatedAt); err != nil {
		t.Error(err)
	}
}

func TestUnknownMembersAreNamedWhereTheyWereSent(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.action(t, "m:m")
	sent := []string{"z:z", "m:m", "a:a"}
	h.silent(t, func() {
		_, err := h.CreateRole(ctx, admin, domain.Role{Name: "support", Actions: sent})
		wantError(t, err, domain.Invalid, "invalid_request", "/actions/2 unknown", "/actions/0 unknown")
	})
	h.role(t, "mmm", "m:m")
	h.silent(t, func() {
		_, err := h.UpdateRole(ctx, admin, "mmm", "", sent, time.Time{})
		wantError(t, err, domain.Invalid, "invalid_request", "/actions/2 unknown", "/actions/0 unknown")
		roles := []string{"zzz", "mmm", "aaa"}
		_, _, err = h.CreateUser(ctx, admin, domain.UserSpec{Email: "ana@example.com", Name: "Ana", Level: domain.LevelMember, Roles: roles})
		wantError(t, err, domain.Invalid, "invalid_request", "/roles/2 unknown", "/roles/0 unknown")
	})
	u := h.user(t, "bob@example.com", domain.LevelMember)
	_, err := h.UpdateUser(ctx, admin, u.ID, domain.UserPatch{Roles: &[]string{"zzz", "mmm"}})
	wantError(t, err, domain.Invalid, "invalid_request", "/roles/0 unknown")
	if got, err := h.Role(ctx, "mmm"); err != nil || !reflect.DeepEqual(got.Actions, []string{"m:m"}) {
		t.Errorf("the refused update left %+v, %v", got, err)
	}
}
