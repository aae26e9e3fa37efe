package directory_test

import (
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
)

func TestResourceLife(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	var r domain.Resource
	var first domain.Secret
	e := h.event(t, "resource.create", func() {
		var err error
		if r, first, err = h.CreateResource(ctx, admin, domain.ResourceSpec{Name: " Billing API ", URI: "https://api.example.com/billing"}); err != nil {
			t.Fatal(err)
		}
	})
	if e.Target != (domain.Party{Type: "resource", ID: r.ID, Name: "Billing API"}) || !strings.HasPrefix(first.Reveal(), domain.PrefixResourceSecret) || !r.SecretHash.Matches(first) {
		t.Errorf("made %+v, told as %+v", r, e.Event)
	}
	wantJSON(t, "after", e.After, `{"name":"Billing API","uri":"https://api.example.com/billing"}`)
	if got, err := h.Resource(ctx, r.ID); err != nil || got != r {
		t.Errorf("read %+v, %v, want %+v", got, err, r)
	}
	h.silent(t, func() {
		_, _, err := h.CreateResource(ctx, admin, domain.ResourceSpec{Name: "billing api", URI: "https://elsewhere.example.com"})
		wantError(t, err, domain.Conflict, "already_exists", "/name already_exists")
		_, _, err = h.CreateResource(ctx, admin, domain.ResourceSpec{Name: "Other", URI: r.URI})
		wantError(t, err, domain.Conflict, "already_exists", "/uri already_exists")
		for _, uri := range []string{"", "api.example.com", "/billing", "https://a.example.com/#x", "https://user:pw@a.example.com", "https://a.example.com/a b", "https://a.example.com/\x00", "https://" + strings.Repeat("x", domain.MaxURI)} {
			if _, _, err := h.CreateResource(ctx, admin, domain.ResourceSpec{Name: "Bad", URI: uri}); domain.KindOf(err) != domain.Invalid {
				t.Errorf("URI %.40q: %v", uri, err)
			}
		}
		if got, err := h.UpdateResource(ctx, admin, r.ID, domain.ResourcePatch{Name: ptr("Billing API")}); err != nil || got != r {
			t.Errorf("an update to the same gave %+v, %v", got, err)
		}
		if got, err := h.UpdateResource(ctx, admin, r.ID, domain.ResourcePatch{}); err != nil || got != r {
			t.Errorf("an empty update gave %+v, %v", got, err)
		}
	})
	h.now = h.now.Add(time.Minute)
	e = h.event(t, "resource.update", func() {
		got, err := h.UpdateResource(ctx, admin, r.ID, domain.ResourcePatch{Name: ptr("Billing v2")})
		if err != nil || got.Name != "Billing v2" || got.URI != r.URI || !got.UpdatedAt.After(r.UpdatedAt) {
			t.Errorf("updated to %+v, %v", got, err)
		}
	})
	wantJSON(t, "before", e.Before, `{"name":"Billing API","uri":"https://api.example.com/billing"}`)
	wantJSON(t, "after", e.After, `{"name":"Billing v2","uri":"https://api.example.com/billing"}`)

	e = h.event(t, "resource.rotate_secret", func() {
		second, got, err := h.RotateResourceSecret(ctx, admin, r.ID)
		if err != nil || !got.SecretHash.Matches(second) || got.SecretHash.Matches(first) {
			t.Errorf("rotated to %+v, %v", got, err)
		}
		if read, err := h.Resource(ctx, r.ID); err != nil || read != got {
			t.Errorf("read %+v, %v, want %+v", read, err, got)
		}
	})
	if e.Before != nil || e.After != nil || e.Details != nil {
		t.Errorf("the rotation tells %s", e.Body)
	}

	ana := h.user(t, "ana@example.com", domain.LevelAdmin)
	a, _ := h.agent(t, kubernetes("Helper"))
	h.delegate(t, ana, a, "support", r.URI)
	h.silent(t, func() { wantError(t, h.DeleteResource(ctx, admin, r.ID), domain.Conflict, "in_use") })
	if err := h.DeleteAgent(ctx, admin, a.ClientID); err != nil {
		t.Fatal(err)
	}
	h.event(t, "resource.delete", func() {
		if err := h.DeleteResource(ctx, admin, r.ID); err != nil {
			t.Fatal(err)
		}
	})
	_, err := h.Resource(ctx, r.ID)
	wantError(t, err, domain.NotFound, "not_found")
}
