package delegation_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
)

// disable and enable are steps by somebody; want is what an enabling must give:
// a status, or the code of its refusal.
type step struct {
	who  string
	what string
	want string
}

// What an admin disabled only an admin enables, what its delegator disabled
// only they: nobody else ever gives authority back.
func TestWhoEnablesWhatWasDisabled(t *testing.T) {
	const active, disabled, forAdmin, forOwner = "active", "disabled", "disabled_by_admin", "disabled_by_delegator"
	for name, steps := range map[string][]step{
		"delegator, delegator":              {{"ana", "disable", ""}, {"ana", "enable", active}},
		"delegator, admin":                  {{"ana", "disable", ""}, {"root", "enable", forOwner}},
		"admin, delegator":                  {{"root", "disable", ""}, {"ana", "enable", forAdmin}},
		"admin, admin":                      {{"root", "disable", ""}, {"root", "enable", active}},
		"admin, another admin":              {{"root", "disable", ""}, {"rita", "enable", active}},
		"both, lifted by both":              {{"ana", "disable", ""}, {"root", "disable", ""}, {"root", "enable", disabled}, {"ana", "enable", active}},
		"both, the delegator first":         {{"ana", "disable", ""}, {"root", "disable", ""}, {"ana", "enable", forAdmin}},
		"both, in the other order":          {{"root", "disable", ""}, {"ana", "disable", ""}, {"root", "enable", disabled}, {"root", "enable", forOwner}, {"ana", "enable", active}},
		"enabled already":                   {{"ana", "enable", active}, {"root", "enable", active}},
		"disabled twice, enabled once":      {{"ana", "disable", ""}, {"ana", "disable", ""}, {"ana", "enable", active}},
		"twice by admins, enabled once":     {{"root", "disable", ""}, {"rita", "disable", ""}, {"rita", "enable", active}},
		"the command line is an admin":      {{"cli", "disable", ""}, {"ana", "enable", forAdmin}, {"cli", "enable", active}},
		"the command line is no delegator":  {{"ana", "disable", ""}, {"cli", "enable", forOwner}},
		"another member sees nothing of it": {{"ana", "disable", ""}, {"bob", "enable", "not_found"}, {"bob", "disable", "not_found"}},
		"an auditor only reads":             {{"eve", "disable", "read_only"}, {"ana", "disable", ""}, {"eve", "enable", "read_only"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			callers := map[string]domain.Caller{"ana": h.ana, "bob": h.bob, "root": h.root, "eve": h.auditor,
				"rita": h.person(t, "rita@example.com", domain.LevelAdmin), "cli": domain.Operator("root")}
			d := h.lend(t, h.ana)
			for i, s := range steps {
				run := h.Enable
				if s.what == "disable" {
					run = func(ctx context.Context, c domain.Caller, id string) (domain.DelegationView, error) {
						return h.Disable(ctx, c, id, "")
					}
				}
				got, err := run(t.Context(), callers[s.who], d.ID)
				want := s.want
				if want == "" {
					want = disabled
				}
				result := string(got.Status)
				if err != nil {
					result = domain.CodeOf(err)
				}
				if result != want {
					t.Fatalf("step %d, %s by %s: %s, want %s", i, s.what, s.who, result, want)
				}
			}
		})
	}
}

func TestAnAdminsOwnDelegationIsTheirsToEnable(t *testing.T) {
	h := newHouse(t)
	d := h.lend(t, h.root)
	got, err := h.Disable(t.Context(), h.root, d.ID, "")
	must(t, err)
	if got.DisabledByAdmin || !got.DisabledByDelegator {
		t.Errorf("disabled %+v", got.Delegation)
	}
	rita := h.person(t, "rita@example.com", domain.LevelAdmin)
	_, err = h.Disable(t.Context(), rita, d.ID, "")
	must(t, err)
	if got, err = h.Enable(t.Context(), h.root, d.ID); err != nil || got.Status != domain.DelegationActive {
		t.Errorf("an admin lifts an admin's word and their own: %s, %v", got.Status, err)
	}
}

func TestDisablingIsAudited(t *testing.T) {
	h := newHouse(t)
	d := h.lend(t, h.ana)
	ev, before, after := h.change(t, h.root, "delegation.disable", d.ID, func() {
		_, err := h.Disable(t.Context(), h.root, d.ID, "Looks odd.\nAsk Ana.")
		must(t, err)
	})
	if before.Status != "active" || after.Status != "disabled" || !after.ByAdmin || after.ByDelegator || string(ev.Details) != `{"reason":"Looks odd.\nAsk Ana.","recalled":1}` {
		t.Errorf("the event says %s", ev.Body)
	}
	h.silent(t, func() {
		_, err := h.Disable(t.Context(), h.root, d.ID, "again")
		must(t, err)
	})
	_, before, after = h.change(t, h.ana, "delegation.disable", d.ID, func() {
		_, err := h.Disable(t.Context(), h.ana, d.ID, "")
		must(t, err)
	})
	if before.ByDelegator || !after.ByDelegator || !after.ByAdmin {
		t.Errorf("the event says %+v → %+v", before, after)
	}
	_, before, after = h.change(t, h.root, "delegation.enable", d.ID, func() {
		_, err := h.Enable(t.Context(), h.root, d.ID)
		must(t, err)
	})
	if before.Status != "disabled" || after.Status != "disabled" || after.ByAdmin || !after.ByDelegator {
		t.Errorf("the event says %+v → %+v", before, after)
	}
}

func TestRevoke(t *testing.T) {
	h := newHouse(t)
	for name, by := range map[string]domain.Caller{"its delegator": h.ana, "an admin": h.root} {
		t.Run(name, func(t *testing.T) {
			d := h.lend(t, h.ana)
			h.at = h.at.Add(time.Minute)
			var got domain.DelegationView
			ev, before, after := h.change(t, by, "delegation.revoke", d.ID, func() {
				var err error
				got, err = h.Revoke(t.Context(), by, d.ID, "Left the team")
				must(t, err)
			})
			at := h.at.Truncate(time.Microsecond)
			if got.Status != domain.DelegationRevoked || got.RevokeReason != "Left the team" || !got.RevokedAt.Equal(at) || !got.UpdatedAt.Equal(at) {
				t.Errorf("revoked %+v", got.Delegation)
			}
			if before.Status != "active" || after.Status != "revoked" || after.RevokeReason != "Left the team" || string(ev.Details) != `{"reason":"Left the team","recalled":1}` {
				t.Errorf("the event says %s", ev.Body)
			}
			h.at = h.at.Add(time.Minute)
			h.silent(t, func() {
				again, err := h.Revoke(t.Context(), by, d.ID, "Another reason")
				if err != nil || again.RevokeReason != "Left the team" || !again.RevokedAt.Equal(at) {
					t.Errorf("revoking twice: %+v, %v", again.Delegation, err)
				}
			})
		})
	}
	d := h.lend(t, h.ana)
	_, err := h.Disable(t.Context(), h.root, d.ID, "")
	must(t, err)
	if _, err := h.Revoke(t.Context(), h.ana, d.ID, ""); err != nil {
		t.Errorf("what an admin disabled its delegator may still revoke: %v", err)
	}
}

func TestReasonsAreText(t *testing.T) {
	h := newHouse(t)
	d := h.lend(t, h.ana)
	for name, tt := range map[string]struct{ reason, code string }{
		"long":          {strings.Repeat("x", domain.MaxReason+1), "too_long"},
		"very long":     {strings.Repeat("x", 1<<20), "too_long"},
		"not UTF-8":     {"\xff", "invalid_utf8"},
		"a NUL":         {"a\x00b", "control_character"},
		"bidirectional": {"a\u202eb", "control_character"},
	} {
		t.Run(name, func(t *testing.T) {
			h.silent(t, func() {
				_, err := h.Revoke(t.Context(), h.ana, d.ID, tt.reason)
				wantError(t, err, domain.Invalid, "invalid_request", "/reason "+tt.code)
				_, err = h.Disable(t.Context(), h.ana, d.ID, tt.reason)
				wantError(t, err, domain.Invalid, "invalid_request", "/reason "+tt.code)
			})
		})
	}
	if _, err := h.Revoke(t.Context(), h.ana, d.ID, strings.Repeat("é", domain.MaxReason)); err != nil {
		t.Error(err)
	}
}
