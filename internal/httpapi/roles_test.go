package httpapi_test

import (
	"testing"
	"time"
)

// TestTwoPeopleEditOneRole: with the time at which each saw it, in the very form
// in which they were given it, the later is told instead of undoing the earlier.
func TestTwoPeopleEditOneRole(t *testing.T) {
	h := newHouse(t, options{})
	seen := h.call("GET", "/api/v1/roles/"+h.role, nil, h.as(h.admin)).want(200).member("updated_at")
	change := func(description, updatedAt string) answer {
		body := map[string]any{"description": description, "actions": []string{"billing:read", "orders:read"}}
		if updatedAt != "" {
			body["updated_at"] = updatedAt
		}
		return h.call("PUT", "/api/v1/roles/"+h.role, body, h.as(h.admin))
	}
	h.clock.Advance(time.Second)
	change("The earlier", seen).want(200)
	refused := change("The later", seen).want(409)
	if refused.member("code") != "changed_meanwhile" {
		t.Errorf("%s", refused.body)
	}
	now := h.call("GET", "/api/v1/roles/"+h.role, nil, h.as(h.admin)).want(200)
	if now.member("description") != "The earlier" {
		t.Errorf("%s", now.body)
	}
	change("The later, who looked", now.member("updated_at")).want(200)
	change("Automation, which says nothing of it", "").want(200)
}
