package delegation_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"authsec/internal/domain"
)

func actions(names ...string) *[]string { return &names }

func TestADelegatorEditsEverything(t *testing.T) {
	h := newHouse(t)
	d := h.lend(t, h.ana, func(s *domain.DelegationSpec) { s.EndsAt, s.Resources = h.at.Add(time.Hour), []string{apiURI} })
	h.at = h.at.Add(time.Minute)
	end := h.at.Add(9 * time.Hour).Truncate(time.Microsecond)
	var got domain.DelegationView
	_, before, after := h.change(t, h.ana, "delegation.update", d.ID, func() {
		var err error
		got, err = h.Edit(t.Context(), h.ana, d.ID, domain.DelegationPatch{Actions: actions(refund, read, orders),
			MaxDuration: ptr(2 * time.Hour), Resources: &[]string{otherURI, apiURI}, EndsAt: &end})
		must(t, err)
	})
	if !slices.Equal(got.Actions, []string{read, refund, orders}) || got.MaxDuration != 2*time.Hour ||
		!slices.Equal(got.Resources, []string{apiURI, otherURI}) || !got.EndsAt.Equal(end) || !got.UpdatedAt.Equal(h.at.Truncate(time.Microsecond)) {
		t.Errorf("edited to %+v", got)
	}
	if !slices.Equal(before.Actions, []string{read, refund}) || before.Seconds != 3600 || !slices.Equal(before.Resources, []string{apiURI}) ||
		!slices.Equal(after.Actions, got.Actions) || after.Seconds != 7200 || !after.EndsAt.Equal(end) || !after.Default {
		t.Errorf("the event says %+v → %+v", before, after)
	}
	h.silent(t, func() {
		again, err := h.Edit(t.Context(), h.ana, d.ID, domain.DelegationPatch{MaxDuration: ptr(2 * time.Hour), EndsAt: &end, Default: ptr(true)})
		if err != nil || !again.UpdatedAt.Equal(got.UpdatedAt) {
			t.Errorf("an edit that changes nothing: %v", err)
		}
		_, err = h.Edit(t.Context(), h.ana, d.ID, domain.DelegationPatch{})
		must(t, err)
	})
}

// Each field on its own, by somebody who is not the delegator.
func TestOthersAdminsIncludedMayOnlyNarrow(t *testing.T) {
	h := newHouse(t)
	later := func() *time.Time { return ptr(h.at.Add(9 * time.Hour)) }
	for name, patch := range map[string]domain.DelegationPatch{
		"an action more":               {Actions: actions(read, refund, orders)},
		"another action":               {Actions: actions(orders)},
		"longer":                       {MaxDuration: ptr(time.Hour + time.Second)},
		"another resource":             {Resources: &[]string{apiURI, otherURI}},
		"the default audience instead": {Resources: &[]string{}},
		"a later end":                  {EndsAt: later()},
		"no end":                       {EndsAt: &time.Time{}},
		"one narrower, one wider":      {Actions: actions(read), MaxDuration: ptr(2 * time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			d := h.lend(t, h.ana, func(s *domain.DelegationSpec) { s.EndsAt, s.Resources = h.at.Add(8*time.Hour), []string{apiURI} })
			h.silent(t, func() {
				_, err := h.Edit(t.Context(), h.root, d.ID, patch)
				wantError(t, err, domain.Forbidden, "only_the_delegator_widens")
			})
			if _, err := h.Edit(t.Context(), h.ana, d.ID, patch); err != nil {
				t.Errorf("the delegator's own: %v", err)
			}
		})
	}
	d := h.lend(t, h.ana, func(s *domain.DelegationSpec) { s.Resources = []string{apiURI, otherURI} })
	sooner := h.at.Add(30 * time.Minute).Truncate(time.Microsecond)
	var got domain.DelegationView
	_, _, after := h.change(t, h.root, "delegation.update", d.ID, func() {
		var err error
		got, err = h.Edit(t.Context(), h.root, d.ID, domain.DelegationPatch{Actions: actions(read), MaxDuration: ptr(time.Minute),
			Resources: &[]string{otherURI}, EndsAt: &sooner})
		must(t, err)
	})
	if !slices.Equal(got.Actions, []string{read}) || got.MaxDuration != time.Minute || !slices.Equal(got.Resources, []string{otherURI}) ||
		!got.EndsAt.Equal(sooner) || got.DelegatorID != h.ana.UserID || !after.EndsAt.Equal(sooner) {
		t.Errorf("an admin narrowed it to %+v", got)
	}
	none := h.lend(t, h.ana)
	_, err := h.Edit(t.Context(), h.root, none.ID, domain.DelegationPatch{Resources: &[]string{apiURI}})
	wantError(t, err, domain.Forbidden, "only_the_delegator_widens")
}

func TestAnEditCannotGiveWhatTheDelegatorMayNotLend(t *testing.T) {
	h := newHouse(t)
	d := h.lend(t, h.ana)
	h.silent(t, func() {
		_, err := h.Edit(t.Context(), h.ana, d.ID, domain.DelegationPatch{Actions: actions(read, ledger), Resources: &[]string{apiURI, "https://evil.example.com"}})
		wantError(t, err, domain.Invalid, "invalid_request", "/actions/1 not_in_role", "/resources/1 unknown")
		_, err = h.Edit(t.Context(), h.ana, d.ID, domain.DelegationPatch{Actions: actions()})
		wantError(t, err, domain.Invalid, "invalid_request", "/actions required")
		_, err = h.Edit(t.Context(), h.ana, d.ID, domain.DelegationPatch{EndsAt: ptr(h.at)})
		wantError(t, err, domain.Invalid, "invalid_request", "/ends_at in_the_past")
		_, err = h.Edit(t.Context(), h.ana, d.ID, domain.DelegationPatch{MaxDuration: ptr(time.Second)})
		wantError(t, err, domain.Invalid, "invalid_request", "/max_duration_seconds out_of_range")
	})
	h.setUser(t, h.ana, func(u *domain.User) { u.Roles = nil })
	_, err := h.Edit(t.Context(), h.ana, d.ID, domain.DelegationPatch{MaxDuration: ptr(2 * time.Hour)})
	wantError(t, err, domain.Forbidden, "role_not_held", "/role role_not_held")
	if _, err := h.Edit(t.Context(), h.ana, d.ID, domain.DelegationPatch{MaxDuration: ptr(time.Minute)}); err != nil {
		t.Errorf("narrowing needs no role: %v", err)
	}
	h.setUser(t, h.ana, func(u *domain.User) { u.Roles, u.Status = []string{"support"}, domain.StatusSuspended })
	_, err = h.Edit(t.Context(), h.ana, d.ID, domain.DelegationPatch{MaxDuration: ptr(2 * time.Hour)})
	wantError(t, err, domain.Forbidden, "delegator_inactive")
}

// What a delegation had before does not stand in the way of another edit.
func TestActionsThatTheRoleLostDoNotBlockOtherEdits(t *testing.T) {
	h := newHouse(t)
	d := h.lend(t, h.ana, func(s *domain.DelegationSpec) { s.Resources = []string{apiURI} })
	h.setRole(t, "support", read, orders)
	got, err := h.Edit(t.Context(), h.ana, d.ID, domain.DelegationPatch{MaxDuration: ptr(2 * time.Hour), Actions: actions(orders, read, refund)})
	if err != nil || !slices.Equal(got.Actions, []string{read, refund, orders}) {
		t.Fatalf("%v, %v", got.Actions, err)
	}
	// Once given up it is gone.
	_, err = h.Edit(t.Context(), h.ana, d.ID, domain.DelegationPatch{Actions: actions(read)})
	must(t, err)
	_, err = h.Edit(t.Context(), h.ana, d.ID, domain.DelegationPatch{Actions: actions(read, refund)})
	wantError(t, err, domain.Invalid, "invalid_request", "/actions/1 not_in_role")
}

func TestRevokedIsForGood(t *testing.T) {
	h := newHouse(t)
	d := h.lend(t, h.ana)
	_, err := h.Revoke(t.Context(), h.ana, d.ID, "done")
	must(t, err)
	for _, caller := range []domain.Caller{h.ana, h.root} {
		h.silent(t, func() {
			_, err := h.Edit(t.Context(), caller, d.ID, domain.DelegationPatch{MaxDuration: ptr(time.Minute)})
			wantError(t, err, domain.Conflict, "delegation_revoked")
			_, err = h.Edit(t.Context(), caller, d.ID, domain.DelegationPatch{})
			wantError(t, err, domain.Conflict, "delegation_revoked")
			_, err = h.Enable(t.Context(), caller, d.ID)
			wantError(t, err, domain.Conflict, "delegation_revoked")
			_, err = h.Disable(t.Context(), caller, d.ID, "")
			wantError(t, err, domain.Conflict, "delegation_revoked")
		})
	}
}

func TestAnEndedDelegationLivesAgainByItsDelegatorAlone(t *testing.T) {
	h := newHouse(t)
	d := h.lend(t, h.ana, func(s *domain.DelegationSpec) { s.EndsAt = h.at.Add(time.Hour) })
	h.at = h.at.Add(2 * time.Hour)
	later := domain.DelegationPatch{EndsAt: ptr(h.at.Add(time.Hour))}
	_, err := h.Edit(t.Context(), h.root, d.ID, later)
	wantError(t, err, domain.Forbidden, "only_the_delegator_widens")
	got, err := h.Edit(t.Context(), h.ana, d.ID, later)
	if err != nil || !got.ActiveAt(h.at) {
		t.Errorf("%v, %v", got.StatusAt(h.at), err)
	}
}

func TestEveryFieldAloneIsAChange(t *testing.T) {
	h := newHouse(t)
	d := h.lend(t, h.ana, func(s *domain.DelegationSpec) { s.Resources = []string{apiURI} })
	h.lend(t, h.ana)
	for name, patch := range map[string]domain.DelegationPatch{
		"actions":   {Actions: actions(read)},
		"duration":  {MaxDuration: ptr(time.Minute)},
		"resources": {Resources: &[]string{otherURI}},
		"end":       {EndsAt: ptr(h.at.Add(time.Hour))},
		"default":   {Default: ptr(false)},
	} {
		t.Run(name, func(t *testing.T) {
			ev, _, _ := h.change(t, h.ana, "delegation.update", d.ID, func() {
				_, err := h.Edit(t.Context(), h.ana, d.ID, patch)
				must(t, err)
			})
			if bytes.Equal(ev.Before, ev.After) {
				t.Errorf("before and after are the same: %s", ev.After)
			}
		})
	}
}
