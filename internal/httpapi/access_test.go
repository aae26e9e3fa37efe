package httpapi_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"authsec/internal/domain"
)

// anID is of nothing.
const anID = "0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e"

// target fills an operation's path and its required parameters.
func (o operation) target() string {
	path := "/api/v1" + strings.NewReplacer("{id}", anID, "{client_id}", anID, "{identity_provider_id}", anID, "{seq}", "9007199254740991").Replace(o.path)
	name := "no-such-role"
	if strings.HasPrefix(o.path, "/actions/") {
		name = "no:such"
	}
	path = strings.ReplaceAll(path, "{name}", name)
	switch o.OperationID {
	case "explain":
		path += "?client_id=" + anID
	case "unlinkIdentity":
		path += "?subject=somebody"
	case "getRoleImpact":
		path += "?actions="
	}
	return path
}

// TestWhoMayCallWhat calls each operation as everybody, and holds the table of
// routes to what the contract's x-levels and security say.
func TestWhoMayCallWhat(t *testing.T) {
	h := newHouse(t, options{})
	people := []person{h.admin, h.member, h.auditor}
	for _, o := range operations() {
		t.Run(o.OperationID, func(t *testing.T) {
			h.t = t
			levels := o.levels(t)
			var body any
			if o.RequestBody != nil {
				body = object{}
			}
			if levels == nil {
				want := http.StatusBadRequest
				if o.RequestBody == nil {
					want = http.StatusOK
				}
				if a := h.call(o.method, o.target(), body); a.status != want {
					t.Errorf("a public operation answers %d: %s", a.status, a.body)
				}
				return
			}
			if a := h.call(o.method, o.target(), body); a.status != 401 || a.problem.Code != "unauthenticated" || a.header.Get("WWW-Authenticate") == "" {
				t.Errorf("nobody: %d %s", a.status, a.body)
			}
			for _, p := range people {
				allowed := slices.Contains(levels, string(p.Level))
				cookie := p.cookie
				if o.OperationID == "deleteSession" {
					cookie = h.session(p.Email)
				}
				a := h.call(o.method, o.target(), body, h.withCookie(cookie))
				if refused := a.status == 403 && a.problem.Code == "forbidden"; a.status == 401 || refused == allowed {
					t.Errorf("%s with a session: %d %s", p.Level, a.status, a.body)
				}
				a = h.call(o.method, o.target(), body, bearer(p.token))
				want := ""
				switch {
				case !allowed:
					want = "forbidden"
				case o.sessionOnly():
					want = "session_required"
				}
				if got := a.problem.Code; a.status == 401 || (a.status == 403) != (want != "") || (want != "" && got != want) {
					t.Errorf("%s with an API token: %d %s, want %q", p.Level, a.status, a.body, want)
				}
			}
		})
	}
}

// TestOthersThingsAreNotThere because what a member may not see answers 404,
// like what does not exist.
func TestOthersThingsAreNotThere(t *testing.T) {
	h := newHouse(t, options{})
	mine := "/api/v1/delegations/" + h.delegation.ID
	other := h.as(h.other)
	none := h.call("GET", "/api/v1/delegations/"+anID, nil, other).want(404)
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{"GET", "", nil}, {"PATCH", "", object{"max_duration_seconds": 60}}, {"POST", "/revoke", object{"reason": "x"}},
		{"POST", "/disable", nil}, {"POST", "/enable", nil},
	} {
		a := h.call(c.method, mine+c.path, c.body, other).want(404)
		if strings.ReplaceAll(a.problem.Detail, h.delegation.ID, anID) != none.problem.Detail {
			t.Errorf("%s %s tells them apart: %q, %q", c.method, c.path, a.problem.Detail, none.problem.Detail)
		}
	}
	if a := h.call("GET", "/api/v1/delegations?delegator="+h.member.ID, nil, other).want(200); !strings.Contains(a.body, `"items":[]`) {
		t.Errorf("lists another's: %s", a.body)
	}
	if a := h.call("GET", "/api/v1/explain?client_id="+h.agent.ClientID, nil, other).want(200); strings.Contains(a.body, h.delegation.ID+`","role"`) || strings.Contains(a.body, "unnamed") {
		t.Errorf("explains another's: %s", a.body)
	}
	h.token(h.agent).want(200)
	if a := h.call("GET", "/api/v1/agents/"+h.agent.ClientID+"/tokens", nil, other).want(200); !strings.Contains(a.body, `"items":[]`) || !strings.Contains(a.body, `"count":0`) {
		t.Errorf("shows tokens of another's delegation: %s", a.body)
	}
	if a := h.call("GET", "/api/v1/agents/"+h.agent.ClientID+"/tokens", nil, h.as(h.member)).want(200); !strings.Contains(a.body, `"count":1`) {
		t.Errorf("hides tokens of one's own delegation: %s", a.body)
	}
	events := h.call("GET", "/api/v1/audit-events?limit=200", nil, h.as(h.admin)).want(200)
	if !strings.Contains(events.body, h.delegation.ID) {
		t.Fatal("the admin does not see the delegation's events")
	}
	if a := h.call("GET", "/api/v1/audit-events?limit=200", nil, other).want(200); strings.Contains(a.body, h.delegation.ID) {
		t.Errorf("shows events of another's delegation: %s", a.body)
	}
	for seq := 1; seq <= 3; seq++ { // of the system's own doing
		h.call("GET", "/api/v1/audit-events/"+string(rune('0'+seq)), nil, other).want(404)
	}
	h.call("PUT", "/api/v1/agents/"+h.agent.ClientID+"/default-delegation", object{"delegation_id": h.delegation.ID}, other).want(404)
	tokens := h.call("GET", "/api/v1/api-tokens", nil, h.as(h.member)).want(200)
	id := tokens.body[strings.Index(tokens.body, `"id":"`)+6:][:36]
	h.call("DELETE", "/api/v1/api-tokens/"+id, nil, other).want(404)
	h.call("GET", "/api/v1/api-tokens?user_id="+h.member.ID, nil, other).want(403)
	h.call("GET", "/api/v1/me", nil, bearer(h.member.token)).want(200)
}

// TestWhatOneMayDelegate: the roles held; for an admin all; for an auditor none.
func TestWhatOneMayDelegate(t *testing.T) {
	h := newHouse(t, options{})
	h.call("PATCH", "/api/v1/users/"+h.auditor.ID, object{"roles": []string{h.role}}, h.as(h.admin)).want(200)
	for _, c := range []struct {
		person person
		roles  string
	}{{h.admin, h.role + " " + h.otherRole}, {h.member, h.role}, {h.auditor, ""}} {
		var me struct {
			Delegable []struct {
				Name    string
				Actions []struct{ Name, Description string }
			}
		}
		h.must(json.Unmarshal([]byte(h.call("GET", "/api/v1/me", nil, h.as(c.person)).want(200).body), &me))
		var roles []string
		for _, r := range me.Delegable {
			roles = append(roles, r.Name)
			if r.Name == h.role && (len(r.Actions) != 2 || r.Actions[0].Name != "billing:read" || r.Actions[0].Description != "May billing:read") {
				t.Errorf("%s: %+v", c.person.Level, r)
			}
		}
		if got := strings.Join(roles, " "); got != c.roles {
			t.Errorf("%s: %q, want %q", c.person.Level, got, c.roles)
		}
	}
	a := h.call("POST", "/api/v1/delegations", object{"role": h.otherRole, "client_id": h.agent.ClientID, "actions": []string{"billing:refund"},
		"max_duration_seconds": 60}, h.as(h.member)).want(403)
	if a.problem.Code != "role_not_held" {
		t.Errorf("%s", a.body)
	}
}

// TestNarrowOnly: an admin cannot give more than the person lent.
func TestNarrowOnly(t *testing.T) {
	h := newHouse(t, options{})
	path := "/api/v1/delegations/" + h.delegation.ID
	h.call("PATCH", path, object{"max_duration_seconds": 7200}, h.as(h.admin)).want(403)
	h.call("PATCH", path, object{"max_duration_seconds": 600}, h.as(h.admin)).want(200)
	h.call("POST", path+"/disable", nil, h.as(h.admin)).want(200)
	h.call("POST", path+"/enable", nil, h.as(h.member)).want(403)
}

// TestWhoseWordDisabled is shown: both may stand, and each is lifted alone.
func TestWhoseWordDisabled(t *testing.T) {
	h := newHouse(t, options{})
	path := "/api/v1/delegations/" + h.delegation.ID
	for _, c := range []struct {
		verb             string
		by               person
		admin, delegator bool
		status           string
	}{
		{"disable", h.member, false, true, "disabled"},
		{"disable", h.admin, true, true, "disabled"},
		{"enable", h.admin, false, true, "disabled"},
		{"enable", h.member, false, false, "active"},
	} {
		type shown struct {
			Status              string
			DisabledByAdmin     *bool `json:"disabled_by_admin"`
			DisabledByDelegator *bool `json:"disabled_by_delegator"`
		}
		var changed, read shown
		var list struct{ Items []shown }
		h.must(json.Unmarshal([]byte(h.call("POST", path+"/"+c.verb, nil, h.as(c.by)).want(200).body), &changed))
		h.must(json.Unmarshal([]byte(h.call("GET", path, nil, h.as(h.auditor)).want(200).body), &read))
		h.must(json.Unmarshal([]byte(h.call("GET", "/api/v1/delegations", nil, h.as(h.member)).want(200).body), &list))
		for _, got := range append([]shown{changed, read}, list.Items...) {
			if got.DisabledByAdmin == nil || got.DisabledByDelegator == nil {
				t.Fatalf("%s by %s: whose word is not said", c.verb, c.by.Level)
			}
			if got.Status != c.status || *got.DisabledByAdmin != c.admin || *got.DisabledByDelegator != c.delegator {
				t.Errorf("%s by %s: %s, by an admin %v, by the delegator %v", c.verb, c.by.Level, got.Status, *got.DisabledByAdmin, *got.DisabledByDelegator)
			}
		}
	}
}

// TestLevelChangeRenewsTheSession and hands the new secret out once.
func TestLevelChangeRenewsTheSession(t *testing.T) {
	h := newHouse(t, options{})
	h.call("PATCH", "/api/v1/users/"+h.member.ID, object{"level": "auditor"}, h.as(h.admin)).want(200)
	a := h.call("GET", "/api/v1/session", nil, h.as(h.member)).want(200)
	cookie, err := http.ParseSetCookie(a.header.Get("Set-Cookie"))
	if err != nil || cookie.Value == h.member.cookie.Reveal() || !strings.Contains(a.body, `"audit.read_all"`) {
		t.Fatalf("%v %v %s", cookie, err, a.body)
	}
	gone := h.call("GET", "/api/v1/session", nil, h.as(h.member)).want(401)
	if cleared, err := http.ParseSetCookie(gone.header.Get("Set-Cookie")); err != nil || cleared.MaxAge >= 0 {
		t.Errorf("a dead cookie stays: %v %v", cleared, err)
	}
	h.call("GET", "/api/v1/session", nil, h.withCookie(domain.Secret(cookie.Value))).want(200)
}
