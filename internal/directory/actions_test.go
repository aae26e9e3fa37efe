package directory_test

import (
	"testing"
	"time"

	"authsec/internal/domain"
)

func TestActionLife(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	var a domain.Action
	e := h.event(t, "action.create", func() {
		var err error
		// What a caller says about times is not believed.
		if a, err = h.CreateAction(ctx, admin, domain.Action{Name: "billing:read", Description: "Read", CreatedAt: time.Unix(1, 0)}); err != nil {
			t.Fatal(err)
		}
	})
	if e.Target != (domain.Party{Type: "action", ID: "billing:read"}) || !a.CreatedAt.Equal(h.now.Truncate(time.Microsecond)) {
		t.Errorf("made %+v, told as %+v", a, e.Event)
	}
	wantJSON(t, "after", e.After, `{"description":"Read","sensitive":false}`)
	if got, err := h.Action(ctx, "billing:read"); err != nil || got != a {
		t.Errorf("read %+v, %v, want %+v", got, err, a)
	}
	h.silent(t, func() {
		_, err := h.CreateAction(ctx, admin, domain.Action{Name: "billing:read"})
		wantError(t, err, domain.Conflict, "already_exists", "/name already_exists")
		if got, err := h.UpdateAction(ctx, admin, "billing:read", "Read", false); err != nil || got != a {
			t.Errorf("an update to the same gave %+v, %v", got, err)
		}
	})
	h.now = h.now.Add(time.Minute)
	e = h.event(t, "action.update", func() {
		got, err := h.UpdateAction(ctx, admin, "billing:read", "", true)
		if err != nil || !got.Sensitive || got.Description != "" || !got.UpdatedAt.After(got.CreatedAt) {
			t.Errorf("updated to %+v, %v", got, err)
		}
	})
	wantJSON(t, "before", e.Before, `{"description":"Read","sensitive":false}`)
	wantJSON(t, "after", e.After, `{"description":"","sensitive":true}`)
	h.role(t, "support", "billing:read")
	h.silent(t, func() { wantError(t, h.DeleteAction(ctx, admin, "billing:read"), domain.Conflict, "in_use") })
	if err := h.DeleteRole(ctx, admin, "support"); err != nil {
		t.Fatal(err)
	}
	e = h.event(t, "action.delete", func() {
		if err := h.DeleteAction(ctx, admin, "billing:read"); err != nil {
			t.Fatal(err)
		}
	})
	wantJSON(t, "before", e.Before, `{"description":"","sensitive":true}`)
	wantJSON(t, "after", e.After, ``)
	wantError(t, h.DeleteAction(ctx, admin, "billing:read"), domain.NotFound, "not_found")
}
