package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestBadInput sends what the contract or the nouns refuse. Each is answered
// with the fault that is named, and nothing is written.
func TestBadInput(t *testing.T) {
	h := newHouse(t, options{})
	before := h.call("GET", "/api/v1/audit-chain", nil, h.as(h.admin)).want(200).body
	long := strings.Repeat("ä", 257)
	agent := func(more string) string {
		return `{"name":"A","type":"custom","platform":"kubernetes","selectors":[{"key":"k8s:ns","value":"x"}]` + more + `}`
	}
	delegation := func(members string) string {
		return `{"role":"customer-support","client_id":"` + h.agent.ClientID + `","actions":["billing:read"]` + members + `}`
	}
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		faults                   string // field:code, joined by spaces
		change                   request
	}{
		// The form of a body.
		{name: "an unknown member", method: "POST", path: "/actions", body: `{"name":"a:b","surname":1}`, status: 400, faults: "/surname:unknown_field"},
		{name: "a member in another case", method: "POST", path: "/actions", body: `{"name":"a:b","Sensitive":true}`, status: 400, faults: "/Sensitive:unknown_field"},
		{name: "a member's name with a slash and a tilde", method: "POST", path: "/actions", body: `{"name":"a:b","x/~y":1}`, status: 400, faults: "/x~1~0y:unknown_field"},
		{name: "a nested unknown member", method: "POST", path: "/agents", body: `{"name":"A","type":"custom","platform":"kubernetes","selectors":[{"key":"k8s:ns","value":"x","op":"="}]}`, status: 400, faults: "/selectors/0/op:unknown_field"},
		{name: "a member twice", method: "POST", path: "/actions", body: `{"name":"a:b","name":"a:c"}`, status: 400, faults: "/name:repeated"},
		{name: "a member twice, escaped", method: "POST", path: "/actions", body: `{"name":"a:b","n\u0061me":"a:c"}`, status: 400, faults: "/name:repeated"},
		{name: "a nested member twice", method: "POST", path: "/agents", body: `{"name":"A","type":"custom","platform":"unix","selectors":[{"key":"unix:uid","value":"1","value":"0"}]}`, status: 400, faults: "/selectors/0/value:repeated"},
		{name: "a wrong type", method: "POST", path: "/actions", body: `{"name":7,"sensitive":"yes","description":null}`, status: 400, faults: "/description:wrong_type /name:wrong_type /sensitive:wrong_type"},
		{name: "no object", method: "POST", path: "/actions", body: `[]`, status: 400, faults: ":wrong_type"},
		{name: "null", method: "POST", path: "/actions", body: `null`, status: 400, faults: ":wrong_type"},
		{name: "what is missing", method: "POST", path: "/agents", body: `{}`, status: 400, faults: "/name:required /type:required /platform:required"},
		{name: "no body", method: "POST", path: "/actions", status: 400},
		{name: "an empty change", method: "PATCH", path: "/users/" + h.other.ID, body: `{}`, status: 400, faults: ":required"},
		{name: "garbage after the value", method: "POST", path: "/actions", body: `{"name":"a:b"} x`, status: 400},
		{name: "a second value", method: "POST", path: "/actions", body: `{"name":"a:b"}{}`, status: 400},
		{name: "half a value", method: "POST", path: "/actions", body: `{"name":"a:b"`, status: 400},
		{name: "a byte order mark", method: "POST", path: "/actions", body: "\ufeff{}", status: 400},
		{name: "invalid UTF-8", method: "POST", path: "/actions", body: "{\"name\":\"a:b\",\"description\":\"\xff\"}", status: 400},
		{name: "half a character, escaped", method: "POST", path: "/actions", body: `{"name":"a:b","description":"\ud800"}`, status: 400},
		{name: "deep nesting", method: "POST", path: "/actions", body: strings.Repeat("[", 5000) + strings.Repeat("]", 5000), status: 400},
		{name: "a body over 1 MiB", method: "POST", path: "/actions", body: `{"description":"` + strings.Repeat("a", 1<<20) + `"}`, status: 413},
		{name: "another content type", method: "POST", path: "/actions", body: `{"name":"a:b"}`, status: 415, change: header("Content-Type", "text/plain")},
		{name: "another charset", method: "POST", path: "/actions", body: `{"name":"a:b"}`, status: 415, change: header("Content-Type", "application/json; charset=utf-16")},
		{name: "a form", method: "POST", path: "/session", body: `email=a&password=b`, status: 415, change: header("Content-Type", "application/x-www-form-urlencoded")},
		{name: "no content type", method: "POST", path: "/actions", body: `{"name":"a:b"}`, status: 415, change: func(r *http.Request) { r.Header.Del("Content-Type") }},
		{name: "two content types", method: "POST", path: "/actions", body: `{"name":"a:b"}`, status: 415, change: header("Content-Type", "application/json", "text/plain")},
		{name: "a compressed body", method: "POST", path: "/actions", body: `{"name":"a:b"}`, status: 415, change: header("Content-Encoding", "gzip")},
		{name: "a body where none is taken", method: "POST", path: "/agents/" + h.agent.ClientID + "/suspend", body: `{"reason":"x"}`, status: 400},

		// Values.
		{name: "a name of 257 characters", method: "POST", path: "/agents", body: strings.Replace(agent(""), `"A"`, `"`+long+`"`, 1), status: 400, faults: "/name:too_long"},
		{name: "a blank name", method: "POST", path: "/agents", body: strings.Replace(agent(""), `"A"`, `" "`, 1), status: 400, faults: "/name:required"},
		{name: "a control character", method: "POST", path: "/agents", body: strings.Replace(agent(""), `"A"`, `"A\u0000B"`, 1), status: 400, faults: "/name:control_character"},
		{name: "a line break in a name", method: "PATCH", path: "/me", body: `{"name":"A\nB"}`, status: 400, faults: "/name:control_character"},
		{name: "a bidirectional override", method: "POST", path: "/users", body: `{"email":"x@example.com","name":"\u202egnp.exe","level":"member"}`, status: 400, faults: "/name:control_character"},
		{name: "an enum's unknown value", method: "POST", path: "/users", body: `{"email":"x@example.com","name":"X","level":"root"}`, status: 400, faults: "/level:unknown"},
		{name: "several faults", method: "POST", path: "/users", body: `{"email":"","name":"","level":"","password":"short","roles":["A"]}`, status: 400,
			faults: "/email:required /level:unknown /name:required /password:too_short /roles/0:invalid_format"},
		{name: "no email", method: "POST", path: "/users", body: `{"email":"ana","name":"X","level":"member"}`, status: 400, faults: "/email:invalid_email"},
		{name: "a role there is not", method: "POST", path: "/users", body: `{"email":"x@example.com","name":"X","level":"member","roles":["customer-support","nope"]}`, status: 400, faults: "/roles/1:unknown"},
		{name: "an unknown selector key", method: "POST", path: "/agents", body: strings.Replace(agent(""), "k8s:ns", "k8s:nope", 1), status: 400, faults: "/selectors/0/key:unknown"},
		{name: "a blank selector value", method: "POST", path: "/agents", body: strings.Replace(agent(""), `"x"`, `" "`, 1), status: 400, faults: "/selectors/0/value:required"},
		{name: "a selector key twice", method: "POST", path: "/agents", body: strings.Replace(agent(""), `]`, `,{"key":"k8s:ns","value":"y"}]`, 1), status: 400, faults: "/selectors/1/key:repeated"},
		{name: "no selectors", method: "POST", path: "/agents", body: `{"name":"A","type":"custom","platform":"kubernetes"}`, status: 400, faults: "/selectors:required"},
		{name: "an unknown platform", method: "POST", path: "/agents", body: `{"name":"A","type":"custom","platform":"moon"}`, status: 400, faults: "/platform:unknown"},
		{name: "a name that is taken", method: "POST", path: "/agents", body: strings.Replace(agent(""), `"A"`, `"CUSTOMER support"`, 1), status: 409, faults: "/name:already_exists"},
		{name: "a relative URI", method: "POST", path: "/resources", body: `{"name":"R","uri":"/billing"}`, status: 400, faults: "/uri:invalid_uri"},
		{name: "an action that is none", method: "POST", path: "/actions", body: `{"name":"billing"}`, status: 400, faults: "/name:invalid_format"},
		{name: "an action twice", method: "POST", path: "/roles", body: `{"name":"r","actions":["billing:read","billing:read"]}`, status: 400, faults: "/actions/1:repeated"},

		// Durations and times.
		{name: "59 seconds", method: "POST", path: "/delegations", body: delegation(`,"max_duration_seconds":59`), status: 400, faults: "/max_duration_seconds:out_of_range"},
		{name: "two years", method: "POST", path: "/delegations", body: delegation(`,"max_duration_seconds":63072000`), status: 400, faults: "/max_duration_seconds:out_of_range"},
		{name: "a duration past int64", method: "POST", path: "/delegations", body: delegation(`,"max_duration_seconds":99999999999999999999`), status: 400, faults: "/max_duration_seconds:out_of_range"},
		{name: "a duration past float64", method: "POST", path: "/delegations", body: delegation(`,"max_duration_seconds":1e999`), status: 400, faults: "/max_duration_seconds:wrong_type"},
		{name: "a duration with a fraction", method: "POST", path: "/delegations", body: delegation(`,"max_duration_seconds":60.5`), status: 400, faults: "/max_duration_seconds:wrong_type"},
		{name: "a duration with an exponent", method: "POST", path: "/delegations", body: delegation(`,"max_duration_seconds":6e2`), status: 400, faults: "/max_duration_seconds:wrong_type"},
		{name: "a negative duration", method: "POST", path: "/delegations", body: delegation(`,"max_duration_seconds":-3600`), status: 400, faults: "/max_duration_seconds:out_of_range"},
		{name: "no duration", method: "POST", path: "/delegations", body: delegation(``), status: 400, faults: "/max_duration_seconds:required"},
		{name: "an end in the past", method: "POST", path: "/delegations", body: delegation(`,"max_duration_seconds":60,"ends_at":"2020-01-01T00:00:00Z"`), status: 400, faults: "/ends_at:in_the_past"},
		{name: "February 30", method: "POST", path: "/delegations", body: delegation(`,"max_duration_seconds":60,"ends_at":"2027-02-30T00:00:00Z"`), status: 400, faults: "/ends_at:invalid_format"},
		{name: "a date", method: "POST", path: "/delegations", body: delegation(`,"max_duration_seconds":60,"ends_at":"2027-02-03"`), status: 400, faults: "/ends_at:invalid_format"},
		{name: "the year 10000 in UTC", method: "POST", path: "/delegations", body: delegation(`,"max_duration_seconds":60,"ends_at":"9999-12-31T23:59:59-01:00"`), status: 400, faults: "/ends_at:invalid_format"},
		{name: "a token for a century", method: "POST", path: "/api-tokens", body: `{"name":"t","expires_at":"2126-01-01T00:00:00Z"}`, status: 400, faults: "/expires_at:out_of_range"},
		{name: "an action that the role has not", method: "POST", path: "/delegations", body: strings.Replace(delegation(`,"max_duration_seconds":60`), "billing:read", "billing:refund", 1), status: 400, faults: "/actions/0:not_in_role"},
		{name: "no actions", method: "POST", path: "/delegations", body: strings.Replace(delegation(`,"max_duration_seconds":60`), `"billing:read"`, "", 1), status: 400, faults: "/actions:required"},
		{name: "an overlap that is too long", method: "POST", path: "/agents/" + h.secretAgent.ClientID + "/rotate-secret", body: `{"overlap_seconds":604801}`, status: 400, faults: "/overlap_seconds:out_of_range"},

		// Paths and queries.
		{name: "an ID that is none", method: "GET", path: "/users/me", status: 400, faults: "id:too_short id:invalid_format"},
		{name: "an ID in braces", method: "GET", path: "/agents/{" + anID[:34] + "}", status: 400, faults: "client_id:invalid_format"},
		{name: "SQL for an ID", method: "GET", path: "/delegations/" + "'%20OR%201=1--", status: 400, faults: "id:too_short id:invalid_format"},
		{name: "a path that is not UTF-8", method: "GET", path: "/roles/%ff", status: 400, faults: "name:invalid_utf8"},
		{name: "a role's name with a slash", method: "GET", path: "/roles/a%2fb", status: 400, faults: "name:invalid_format"},
		{name: "a role's name in upper case", method: "GET", path: "/roles/Support", status: 400, faults: "name:invalid_format"},
		{name: "event 0", method: "GET", path: "/audit-events/0", status: 400, faults: "seq:out_of_range"},
		{name: "event 2^64", method: "GET", path: "/audit-events/18446744073709551616", status: 400, faults: "seq:wrong_type"},
		{name: "an unknown parameter", method: "GET", path: "/agents?statsu=active", status: 400, faults: "statsu:unknown_parameter"},
		{name: "a parameter where none is taken", method: "POST", path: "/keys/rotate?force=1", status: 400, faults: "force:unknown_parameter"},
		{name: "a parameter twice", method: "GET", path: "/agents?status=active&status=suspended", status: 400, faults: "status:repeated"},
		{name: "a parameter's unknown value", method: "GET", path: "/agents?status=deleted", status: 400, faults: "status:unknown"},
		{name: "a query that is malformed", method: "GET", path: "/agents?q=%zz", status: 400},
		{name: "a query with a semicolon", method: "GET", path: "/agents?q=a;limit=1", status: 400},
		{name: "a query that is too long", method: "GET", path: "/agents?q=" + strings.Repeat("a", 100<<10), status: 400},
		{name: "a search that is too long", method: "GET", path: "/agents?q=" + strings.Repeat("a", 257), status: 400, faults: "q:too_long"},
		{name: "a search that is not UTF-8", method: "GET", path: "/agents?q=%ff", status: 400, faults: "q:invalid_utf8"},
		{name: "a search with a NUL", method: "GET", path: "/agents?q=%00", status: 400, faults: "q:control_character"},
		{name: "limit 0", method: "GET", path: "/agents?limit=0", status: 400, faults: "limit:out_of_range"},
		{name: "limit 201", method: "GET", path: "/agents?limit=201", status: 400, faults: "limit:out_of_range"},
		{name: "a limit that is no number", method: "GET", path: "/agents?limit=", status: 400, faults: "limit:wrong_type"},
		{name: "a limit in hexadecimal", method: "GET", path: "/agents?limit=0x10", status: 400, faults: "limit:wrong_type"},
		{name: "a cursor of nobody's", method: "GET", path: "/agents?cursor=!!", status: 400, faults: "cursor:invalid_cursor"},
		{name: "a cursor of another list", method: "GET", path: "/audit-events?cursor=YWJj", status: 400, faults: "cursor:invalid_cursor"},
		{name: "a cursor with a NUL", method: "GET", path: "/agents?cursor=AA", status: 400, faults: "cursor:invalid_cursor"},
		{name: "a missing parameter", method: "GET", path: "/explain", status: 400, faults: "client_id:required"},
		{name: "an array's items", method: "GET", path: "/explain?client_id=" + h.agent.ClientID + "&audience=a&audience=", status: 400, faults: "audience/1:required"},
		{name: "a time that is none", method: "GET", path: "/audit-events?from=yesterday", status: 400, faults: "from:invalid_format"},
		{name: "a time before 1970", method: "GET", path: "/audit-events?from=0001-01-01T00:00:00Z", status: 400, faults: "from:invalid_format"},
		{name: "from after to", method: "GET", path: "/overview?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", status: 400, faults: "from:out_of_range"},
		{name: "an overview of years", method: "GET", path: "/overview?from=2020-01-01T00:00:00Z", status: 400, faults: "from:out_of_range"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.t = t
			changes := []request{h.as(h.admin)}
			if c.change != nil {
				changes = append(changes, c.change)
			}
			a := h.call(c.method, "/api/v1"+c.path, c.body, changes...).want(c.status)
			var faults []string
			for _, f := range a.problem.Errors {
				faults = append(faults, f.Field+":"+f.Code)
				if !strings.HasSuffix(f.Message, ".") {
					t.Errorf("no sentence: %q", f.Message)
				}
			}
			if got := strings.Join(faults, " "); got != c.faults {
				t.Errorf("faults %q, want %q", got, c.faults)
			}
			checkProblem(t, a)
		})
	}
	h.t = t
	if after := h.call("GET", "/api/v1/audit-chain", nil, h.as(h.admin)).want(200).body; after != before {
		t.Errorf("something was written: %s, before %s", after, before)
	}
}

// checkProblem holds an answer to RFC 9457, and to tell nothing of our insides.
func checkProblem(t *testing.T, a answer) {
	t.Helper()
	p := a.problem
	if p.Status != a.status || p.Title != http.StatusText(a.status) || p.Type != "about:blank" || p.Detail == "" || p.Code == "" ||
		p.RequestID == "" || p.RequestID != a.header.Get("X-Request-Id") {
		t.Errorf("not a problem: %s", a.body)
	}
	if a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("can be cached: %v", a.header)
	}
	for _, inside := range []string{"goroutine", ".go:", "SELECT", "INSERT", "sqlite", "pq:", "panic", "Schema:", "json:", "strconv", "openapi"} {
		if strings.Contains(a.body, inside) {
			t.Errorf("tells of our insides (%s): %s", inside, a.body)
		}
	}
}

// TestFaultsAreBounded because 1 MiB can hold a hundred thousand of them, and
// finding them must not cost more than reading them.
func TestFaultsAreBounded(t *testing.T) {
	h := newHouse(t, options{})
	members := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"%d":1`, i)
		}
		return `{"name":"a:b"` + b.String() + `}`
	}
	items := func(n int) string { return `{"name":"r","actions":[1` + strings.Repeat(",1", n-1) + `]}` }
	for _, c := range []struct {
		path, body, code string
		faults           int
	}{
		{"/actions", members(1000), "invalid_request", 100},
		{"/actions", members(100_000), "too_many", 0},
		{"/roles", items(1000), "invalid_request", 100},
		{"/roles", items(500_000), "too_many", 0},
	} {
		a := h.call("POST", "/api/v1"+c.path, c.body, h.as(h.admin)).want(400)
		if a.problem.Code != c.code || len(a.problem.Errors) != c.faults {
			t.Errorf("%s: %s, %d faults", c.path, a.problem.Code, len(a.problem.Errors))
		}
	}
}

// TestFaultsNeverRepeatAPassword, whatever else is wrong with it.
func TestFaultsNeverRepeatAPassword(t *testing.T) {
	h := newHouse(t, options{})
	for _, body := range []string{
		`{"email":"a@example.com","password":"` + strings.Repeat("s3cret", 50) + `"}`,
		`{"email":"a@example.com","password":["s3cret"]}`,
		`{"email":"a@example.com","password":"s3cret\u0007"}`,
		`{"email":7,"password":"s3cret","x":1}`,
	} {
		if a := h.call("POST", "/api/v1/session", body); strings.Contains(a.body, "s3cret") || !slices.Contains([]int{400, 401}, a.status) {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if strings.Contains(h.log.String(), "s3cret") {
		t.Error("the log has it")
	}
}
