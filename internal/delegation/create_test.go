package delegation_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
)

func TestADelegatorIsAlwaysTheCaller(t *testing.T) {
	h := newHouse(t)
	ends := h.at.Add(48 * time.Hour).In(time.FixedZone("", 7200))
	var d domain.DelegationView
	ev, before, after := h.change(t, h.ana, "delegation.create", "", func() {
		d = h.lend(t, h.ana, func(s *domain.DelegationSpec) {
			s.ClientID = strings.ToUpper(s.ClientID)
			s.Resources, s.EndsAt = []string{otherURI, apiURI, "authsec-api"}, ends
		})
	})
	if d.DelegatorID != h.ana.UserID || d.Delegator.Email != "ana@example.com" || d.Agent.Name != "Customer Support" || d.ClientID != h.agent.ClientID ||
		!slices.Equal(d.Actions, []string{read, refund}) || !slices.Equal(d.Resources, []string{"authsec-api", apiURI, otherURI}) ||
		d.MaxDuration != time.Hour || !d.EndsAt.Equal(ends.Truncate(time.Microsecond)) || d.Status != domain.DelegationActive || !d.Default ||
		!d.CreatedAt.Equal(h.at.Truncate(time.Microsecond)) || !d.LastUsedAt.IsZero() {
		t.Errorf("created %+v", d)
	}
	if ev.DelegationID != d.ID || ev.Target.Name != "support → Customer Support" || before.hasBefore || !after.Default ||
		after.Seconds != 3600 || after.Status != "active" || !slices.Equal(after.Actions, d.Actions) || !slices.Equal(after.Resources, d.Resources) {
		t.Errorf("the event says %+v, %+v", ev.Event, after)
	}
	if !strings.Contains(string(ev.After), `"ends_at":"2026-05-23T06:25:36.123456Z"`) {
		t.Errorf("the event's end date is not UTC: %s", ev.After)
	}
}

func TestWhoMayDelegateWhat(t *testing.T) {
	h := newHouse(t)
	finance := func(s *domain.DelegationSpec) { s.Role, s.Actions = "finance", []string{ledger} }
	if d := h.lend(t, h.root, finance); d.DelegatorID != h.root.UserID {
		t.Error("an admin may delegate any role, as themselves")
	}
	h.lend(t, h.bob, finance)
	spec := h.spec()
	finance(&spec)
	for name, tt := range map[string]struct {
		caller domain.Caller
		code   string
		fields []string
	}{
		"a role not held":         {h.ana, "role_not_held", []string{"/role role_not_held"}},
		"an auditor":              {h.auditor, "not_a_delegator", nil},
		"the command line":        {domain.Operator("root"), "not_a_delegator", nil},
		"the server itself":       {domain.System(), "not_a_delegator", nil},
		"nobody":                  {domain.Caller{}, "not_a_delegator", nil},
		"roles in the session":    {domain.Caller{UserID: h.ana.UserID, Level: domain.LevelMember, Roles: []string{"finance"}}, "role_not_held", nil},
		"a user that is no more":  {domain.Caller{UserID: nobodyID, Level: domain.LevelAdmin}, "delegator_inactive", nil},
		"a level that was admin":  {domain.Caller{UserID: h.ana.UserID, Level: domain.LevelAdmin}, "role_not_held", nil},
		"an admin session's role": {domain.Caller{UserID: h.ana.UserID, Level: domain.LevelAdmin, Roles: []string{"finance"}}, "role_not_held", nil},
	} {
		t.Run(name, func(t *testing.T) {
			h.silent(t, func() {
				_, err := h.Create(t.Context(), tt.caller, spec)
				wantError(t, err, domain.Forbidden, tt.code, tt.fields...)
			})
		})
	}
	h.setUser(t, h.ana, func(u *domain.User) { u.Status = domain.StatusSuspended })
	_, err := h.Create(t.Context(), h.ana, h.spec())
	wantError(t, err, domain.Forbidden, "delegator_inactive")
}

// A fault counts positions as the caller sent them, not as they are sorted.
func TestWhatIsDelegatedIsCheckedFieldByField(t *testing.T) {
	h := newHouse(t)
	suspended, deleted := h.newAgent(t, "Suspended"), h.newAgent(t, "Deleted")
	_, err := h.store.UpdateAgent(t.Context(), suspended.ClientID, func(a *domain.Agent) (domain.Event, error) {
		a.Status = domain.StatusSuspended
		return h.setup("agent"), nil
	})
	must(t, err)
	h.deleteAgent(t, deleted)
	for name, tt := range map[string]struct {
		change func(*domain.DelegationSpec)
		fields []string
	}{
		"actions outside the role": {func(s *domain.DelegationSpec) { s.Actions = []string{read, "zz:top", ledger} },
			[]string{"/actions/2 not_in_role", "/actions/1 not_in_role"}},
		"unknown role":      {func(s *domain.DelegationSpec) { s.Role = "nope" }, []string{"/role unknown"}},
		"unknown agent":     {func(s *domain.DelegationSpec) { s.ClientID = nobodyID }, []string{"/client_id unknown"}},
		"deleted agent":     {func(s *domain.DelegationSpec) { s.ClientID = deleted.ClientID }, []string{"/client_id unknown"}},
		"suspended agent":   {func(s *domain.DelegationSpec) { s.ClientID = suspended.ClientID }, []string{"/client_id agent_suspended"}},
		"no ID of an agent": {func(s *domain.DelegationSpec) { s.ClientID = "\x00" }, []string{"/client_id invalid_id"}},
		"unknown resource": {func(s *domain.DelegationSpec) {
			s.Resources = []string{otherURI, "https://evil.example.com", "https://a.example.com"}
		},
			[]string{"/resources/2 unknown", "/resources/1 unknown"}},
		"nothing": {func(s *domain.DelegationSpec) { *s = domain.DelegationSpec{} },
			[]string{"/role invalid_name", "/client_id invalid_id", "/actions required", "/max_duration_seconds out_of_range"}},
		"59 seconds":    {func(s *domain.DelegationSpec) { s.MaxDuration = 59 * time.Second }, []string{"/max_duration_seconds out_of_range"}},
		"ended already": {func(s *domain.DelegationSpec) { s.EndsAt = h.at }, []string{"/ends_at in_the_past"}},
		"a year that RFC 3339 cannot write": {func(s *domain.DelegationSpec) {
			s.EndsAt = time.Date(9999, 12, 31, 23, 0, 0, 0, time.FixedZone("", -23*3600))
		}, []string{"/ends_at out_of_range"}},
		"an action of any kind": {func(s *domain.DelegationSpec) { s.Actions = []string{"*"} }, []string{"/actions/0 invalid_name"}},
		"an action twice":       {func(s *domain.DelegationSpec) { s.Actions = []string{read, refund, read} }, []string{"/actions/2 repeated"}},
	} {
		t.Run(name, func(t *testing.T) {
			spec := h.spec()
			tt.change(&spec)
			h.silent(t, func() {
				_, err := h.Create(t.Context(), h.ana, spec)
				wantError(t, err, domain.Invalid, "invalid_request", tt.fields...)
			})
		})
	}
	if list, err := h.List(t.Context(), h.root, domain.DelegationFilter{}, domain.Page{}); err != nil || len(list.Items) != 0 {
		t.Errorf("%d delegations were made (%v)", len(list.Items), err)
	}
}

func TestTheFirstDelegationIsTheDefault(t *testing.T) {
	h := newHouse(t)
	first := h.lend(t, h.ana)
	second := h.lend(t, h.bob)
	third := h.lend(t, h.ana)
	if !first.Default || second.Default || third.Default || h.defaultID(t) != first.ID {
		t.Error("the first is the default, and no later one takes its place")
	}
}

func TestTheFirstMayDeclineAndTheSecondDoesNotSteal(t *testing.T) {
	h := newHouse(t)
	declined := h.lend(t, h.ana, func(s *domain.DelegationSpec) { s.Default = ptr(false) })
	second := h.lend(t, h.bob)
	if declined.Default || second.Default || h.defaultID(t) != "" {
		t.Error("somebody became the default")
	}
	_, err := h.Create(t.Context(), h.bob, withDefault(h.spec(), true))
	wantError(t, err, domain.Forbidden, "default_is_for_admins", "/default forbidden")
}

func withDefault(s domain.DelegationSpec, wish bool) domain.DelegationSpec {
	s.Default = &wish
	return s
}

func TestOnlyAnAdminTakesTheDefaultFromAnother(t *testing.T) {
	h := newHouse(t)
	anas := h.lend(t, h.ana, func(s *domain.DelegationSpec) { s.Default = ptr(true) }) // it is the first anyway
	h.silent(t, func() {
		_, err := h.Create(t.Context(), h.bob, withDefault(h.spec(), true))
		wantError(t, err, domain.Forbidden, "default_is_for_admins", "/default forbidden")
		_, err = h.Create(t.Context(), h.ana, withDefault(h.spec(), true))
		wantError(t, err, domain.Forbidden, "default_is_for_admins", "/default forbidden")
	})
	ev, _, after := h.change(t, h.root, "delegation.create", "", func() {
		h.lend(t, h.root, func(s *domain.DelegationSpec) { s.Default = ptr(true) })
	})
	if h.defaultID(t) != ev.DelegationID || !after.Default || string(ev.Details) != `{"replaces_default":"`+anas.ID+`"}` {
		t.Errorf("the event says %s", ev.Body)
	}
}

func TestAnEndedDefaultPassesToTheSamePersonOnly(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *house, string){
		"revoked": func(t *testing.T, h *house, id string) {
			_, err := h.Revoke(t.Context(), h.ana, id, "")
			must(t, err)
		},
		"disabled": func(t *testing.T, h *house, id string) {
			_, err := h.Disable(t.Context(), h.ana, id, "")
			must(t, err)
		},
		"past its end date": func(_ *testing.T, h *house, _ string) { h.at = h.at.Add(2 * time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			old := h.lend(t, h.ana, func(s *domain.DelegationSpec) { s.EndsAt = h.at.Add(time.Hour) })
			end(t, h, old.ID)
			if h.lend(t, h.bob).Default || h.defaultID(t) != old.ID {
				t.Error("authority slid to another person")
			}
			_, err := h.Create(t.Context(), h.bob, withDefault(h.spec(), true))
			wantError(t, err, domain.Forbidden, "default_is_for_admins")
			if h.lend(t, h.ana, func(s *domain.DelegationSpec) { s.Default = ptr(false) }).Default {
				t.Error("default: false was not heard")
			}
			if d := h.lend(t, h.ana); !d.Default || h.defaultID(t) != d.ID {
				t.Error("the same person delegated again, and the agent still has no default")
			}
		})
	}
}
