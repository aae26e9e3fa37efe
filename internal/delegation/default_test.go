package delegation_test

import (
	"testing"
	"time"

	"authsec/internal/domain"
)

func TestOnlyAnAdminMovesTheDefault(t *testing.T) {
	h := newHouse(t)
	anas, bobs := h.lend(t, h.ana), h.lend(t, h.bob)
	h.silent(t, func() {
		err := h.SetDefault(t.Context(), h.bob, h.agent.ClientID, bobs.ID)
		wantError(t, err, domain.Forbidden, "default_is_for_admins")
		_, err = h.Edit(t.Context(), h.bob, bobs.ID, domain.DelegationPatch{Default: ptr(true)})
		wantError(t, err, domain.Forbidden, "default_is_for_admins", "/default forbidden")
		wantError(t, h.SetDefault(t.Context(), h.bob, h.agent.ClientID, ""), domain.Forbidden, "default_is_for_admins")
		wantError(t, h.SetDefault(t.Context(), h.auditor, h.agent.ClientID, bobs.ID), domain.Forbidden, "read_only")
		wantError(t, h.SetDefault(t.Context(), h.auditor, h.agent.ClientID, ""), domain.Forbidden, "read_only")
	})
	ev, before, after := h.change(t, h.root, "delegation.set_default", bobs.ID, func() {
		must(t, h.SetDefault(t.Context(), h.root, h.agent.ClientID, bobs.ID))
	})
	if before.Default || !after.Default || h.defaultID(t) != bobs.ID || string(ev.Details) != `{"replaces_default":"`+anas.ID+`"}` {
		t.Errorf("the event says %s", ev.Body)
	}
	h.silent(t, func() { must(t, h.SetDefault(t.Context(), h.root, h.agent.ClientID, bobs.ID)) })
	_, _, after = h.change(t, h.root, "delegation.update", anas.ID, func() {
		got, err := h.Edit(t.Context(), h.root, anas.ID, domain.DelegationPatch{Default: ptr(true)})
		if err != nil || !got.Default {
			t.Errorf("an admin moves it by an edit too: %v", err)
		}
	})
	if !after.Default {
		t.Errorf("the event says %+v", after)
	}
	_, before, after = h.change(t, h.root, "delegation.set_default", anas.ID, func() {
		must(t, h.SetDefault(t.Context(), h.root, h.agent.ClientID, ""))
	})
	if !before.Default || after.Default || h.defaultID(t) != "" {
		t.Error("the default was not given up")
	}
	h.silent(t, func() { must(t, h.SetDefault(t.Context(), h.root, h.agent.ClientID, "")) })
}

func TestADelegatorMayGiveTheirOwnDefaultUp(t *testing.T) {
	h := newHouse(t)
	d := h.lend(t, h.ana)
	h.lend(t, h.bob)
	_, before, after := h.change(t, h.ana, "delegation.update", d.ID, func() {
		got, err := h.Edit(t.Context(), h.ana, d.ID, domain.DelegationPatch{Default: ptr(false)})
		if err != nil || got.Default || got.Status != domain.DelegationActive {
			t.Errorf("gave up: %+v, %v", got, err)
		}
	})
	if !before.Default || after.Default {
		t.Errorf("the event says %+v → %+v", before, after)
	}
	wantError(t, h.SetDefault(t.Context(), h.ana, h.agent.ClientID, d.ID), domain.Forbidden, "default_is_for_admins")
	must(t, h.SetDefault(t.Context(), h.root, h.agent.ClientID, d.ID))
	// An ended one too, so that unnamed requests stop meaning it.
	_, err := h.Revoke(t.Context(), h.ana, d.ID, "")
	must(t, err)
	h.change(t, h.ana, "delegation.set_default", d.ID, func() {
		must(t, h.SetDefault(t.Context(), h.ana, h.agent.ClientID, ""))
	})
	if h.defaultID(t) != "" {
		t.Error("the default was not given up")
	}
}

func TestWhatIsNotActiveCannotBecomeTheDefault(t *testing.T) {
	h := newHouse(t)
	h.lend(t, h.ana)
	disabled := h.lend(t, h.ana)
	ended := h.lend(t, h.ana, func(s *domain.DelegationSpec) { s.EndsAt = h.at.Add(time.Minute) })
	revoked := h.lend(t, h.ana)
	_, err := h.Disable(t.Context(), h.ana, disabled.ID, "")
	must(t, err)
	_, err = h.Revoke(t.Context(), h.ana, revoked.ID, "")
	must(t, err)
	h.at = h.at.Add(time.Minute)
	h.silent(t, func() {
		for _, id := range []string{disabled.ID, ended.ID, revoked.ID} {
			wantError(t, h.SetDefault(t.Context(), h.root, h.agent.ClientID, id), domain.Conflict, "delegation_ended")
		}
		_, err := h.Edit(t.Context(), h.root, disabled.ID, domain.DelegationPatch{Default: ptr(true)})
		wantError(t, err, domain.Conflict, "delegation_ended")
		wantError(t, h.SetDefault(t.Context(), h.root, nobodyID, disabled.ID), domain.NotFound, "not_found")
		wantError(t, h.SetDefault(t.Context(), h.root, "\x00", ""), domain.NotFound, "not_found")
	})
}

func TestADeletedAgentHasNoDelegationsLeft(t *testing.T) {
	h := newHouse(t)
	d := h.lend(t, h.ana)
	h.deleteAgent(t, h.agent)
	got, err := h.Get(t.Context(), h.ana, d.ID)
	if err != nil || got.Status != domain.DelegationRevoked || got.Default {
		t.Errorf("%+v, %v", got, err)
	}
}
