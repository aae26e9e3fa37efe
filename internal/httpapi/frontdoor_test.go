package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"authsec/internal/domain"
	"authsec/internal/httpapi"
	"authsec/internal/httpapi/wire"
)

// TestCrossOriginWritesAreRefused, with a good cookie and without.
func TestCrossOriginWritesAreRefused(t *testing.T) {
	h := newHouse(t, options{})
	for _, c := range []struct {
		name    string
		headers []request
		status  int
	}{
		{"not a browser", nil, 201},
		{"our own page", []request{header("Sec-Fetch-Site", "same-origin"), header("Origin", "http://localhost:7468")}, 201},
		{"our own page, an old browser", []request{header("Origin", "http://localhost:7468")}, 201},
		{"another site", []request{header("Sec-Fetch-Site", "cross-site"), header("Origin", "https://evil.example")}, 403},
		{"a sibling", []request{header("Sec-Fetch-Site", "same-site"), header("Origin", "http://localhost:9999")}, 403},
		{"another site, an old browser", []request{header("Origin", "https://evil.example")}, 403},
		{"a sandboxed frame", []request{header("Origin", "null")}, 403},
	} {
		name := "x:" + strings.Trim(strings.NewReplacer(" ", "", ",", "").Replace(c.name), " ")
		a := h.call("POST", "/api/v1/actions", object{"name": name}, append(c.headers, h.as(h.admin))...)
		if a.status != c.status || (c.status == 403 && a.problem.Code != "cross_origin") {
			t.Errorf("%s: %d %s", c.name, a.status, a.body)
		}
		if c.status != 403 {
			continue
		}
		h.call("GET", "/api/v1/actions/"+name, nil, h.as(h.admin)).want(404) // nothing was written
		h.call("POST", "/api/v1/session", object{"email": "admin@example.com", "password": password.Reveal()}, c.headers...).want(403)
		h.call("DELETE", "/api/v1/session", nil, append(c.headers, h.as(h.admin))...).want(403)
	}
}

// TestEveryWriteRefusesOtherSites, before it asks who is calling.
func TestEveryWriteRefusesOtherSites(t *testing.T) {
	h := newHouse(t, options{})
	for _, o := range operations() {
		if o.method == http.MethodGet {
			continue
		}
		for name, headers := range map[string][]request{
			"a browser":      {header("Sec-Fetch-Site", "cross-site"), header("Origin", "https://evil.example")},
			"an old browser": {header("Origin", "https://evil.example")},
		} {
			a := h.call(o.method, o.target(), object{}, append(headers, h.as(h.admin))...)
			if a.status != 403 || a.problem.Code != "cross_origin" || a.header.Get("Set-Cookie") != "" {
				t.Errorf("%s from %s: %d %s", o.OperationID, name, a.status, a.body)
			}
		}
	}
	h.call("GET", "/api/v1/session", nil, h.as(h.admin)).want(200) // nor was it ended
}

// TestUnknownHostsAreMisdirected: a page of another site whose name was pointed
// at this machine sends that site's name.
func TestUnknownHostsAreMisdirected(t *testing.T) {
	h := newHouse(t, options{publicURL: "http://authsec.example:7468"})
	local := func(address string) request {
		return func(r *http.Request) {
			a := &net.TCPAddr{IP: net.ParseIP(address), Port: 7468}
			*r = *r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, a))
		}
	}
	for _, c := range []struct {
		host, local string
		ok          bool
	}{
		{"authsec.example:7468", "10.0.0.5", true},
		{"AuthSec.Example", "10.0.0.5", true},
		{"10.0.0.5:7468", "10.0.0.5", true}, // a probe
		{"localhost:7468", "127.0.0.1", true},
		{"127.0.0.1:7468", "127.0.0.1", true},
		{"[::1]:7468", "::1", true},
		{"localhost:7468", "10.0.0.5", false},
		{"127.0.0.1:7468", "10.0.0.5", false},
		{"10.0.0.6", "10.0.0.5", false},
		{"evil.example:7468", "127.0.0.1", false},
		{"authsec.example.evil.example", "127.0.0.1", false},
		{"localhost.evil.example", "127.0.0.1", false},
		{"evil.example@localhost", "127.0.0.1", false},
		{"", "127.0.0.1", false},
	} {
		for _, path := range []string{"/healthz", "/api/v1/me", tokenPath + "?client_id=" + h.agent.ClientID, "/"} {
			a := h.call("GET", path, nil, host(c.host), local(c.local), bearer(h.admin.token))
			if (a.status != 421) != c.ok {
				t.Errorf("host %q at %s, %s: %d %s", c.host, c.local, path, a.status, a.body)
			}
		}
	}
	if h.metrics.issued != 0 { // a bearer that is no workload token is refused
		t.Error("tokens were minted")
	}
}

func TestCookieAttributes(t *testing.T) {
	for _, c := range []struct{ publicURL, host, name string }{
		{"http://localhost:7468", "localhost:7468", "authsec_session"},
		{"https://authsec.example", "authsec.example", "__Host-authsec_session"},
	} {
		h := newHouse(t, options{publicURL: c.publicURL})
		secure := strings.HasPrefix(c.publicURL, "https")
		a := h.call("POST", "/api/v1/session", object{"email": "ADMIN@example.com", "password": password.Reveal()}, host(c.host)).want(200)
		cookies := a.header.Values("Set-Cookie")
		if len(cookies) != 1 {
			t.Fatalf("%v", cookies)
		}
		cookie, err := http.ParseSetCookie(cookies[0])
		h.must(err)
		if cookie.Name != c.name || !cookie.HttpOnly || cookie.Secure != secure || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || cookie.Domain != "" ||
			!strings.HasPrefix(cookie.Value, domain.PrefixSession) || !cookie.Expires.Equal(h.clock.Now().Add(domain.SessionLife)) {
			t.Errorf("%s", cookies[0])
		}
		if strings.Contains(a.body, cookie.Value) {
			t.Error("the body has the session's secret, which scripts can read")
		}
		if got := a.header.Get("Strict-Transport-Security"); (got != "") != secure {
			t.Errorf("HSTS %q", got)
		}
		session := domain.Secret(cookie.Value)
		h.call("GET", "/api/v1/me", nil, host(c.host), h.withCookie(session)).want(200)
		out := h.call("DELETE", "/api/v1/session", nil, host(c.host), h.withCookie(h.session("admin@example.com"))).want(204)
		if cleared, err := http.ParseSetCookie(out.header.Get("Set-Cookie")); err != nil || cleared.Name != c.name || cleared.MaxAge >= 0 || cleared.Path != "/" ||
			!cleared.HttpOnly || cleared.Secure != secure || cleared.SameSite != http.SameSiteLaxMode {
			t.Errorf("signing out: %v %v", out.header, err)
		}
		h.call("GET", "/api/v1/me", nil, host(c.host), h.withCookie(session), h.withCookie("planted")).want(401)
		other := wire.SessionCookie{Secure: !secure}
		h.call("GET", "/api/v1/me", nil, host(c.host), header("Cookie", other.Name()+"="+session.Reveal())).want(401)
	}
}

func TestBadCredentials(t *testing.T) {
	h := newHouse(t, options{})
	for name, c := range map[string]struct {
		change []request
		status int
		code   string
	}{
		"two Authorization":           {[]request{header("Authorization", "Bearer "+h.admin.token.Reveal(), "Bearer "+h.member.token.Reveal())}, 400, "invalid_request"},
		"Basic":                       {[]request{header("Authorization", "Basic YTpi")}, 401, "unauthenticated"},
		"an unknown token":            {[]request{bearer("authsec_at_nope")}, 401, "invalid_token"},
		"a token that is too long":    {[]request{bearer(domain.Secret(strings.Repeat("a", 600)))}, 401, "unauthenticated"},
		"a session's secret for one":  {[]request{bearer(h.admin.cookie)}, 401, "invalid_token"},
		"a token in the cookie":       {[]request{h.withCookie(h.admin.token)}, 401, "session_ended"},
		"a bad token beside a cookie": {[]request{bearer("authsec_at_nope"), h.as(h.admin)}, 401, "invalid_token"},
		"a token in the query":        {[]request{query("?access_token=" + h.admin.token.Reveal())}, 401, "unauthenticated"},
	} {
		a := h.call("GET", "/api/v1/me", nil, c.change...).want(c.status)
		if a.problem.Code != c.code {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	if strings.Contains(h.log.String(), h.admin.token.Reveal()) {
		t.Error("the log holds a credential")
	}
}

// TestRequestIDs: one ID in the answer, its header and the log, and never the caller's.
func TestRequestIDs(t *testing.T) {
	h := newHouse(t, options{})
	a := h.call("GET", "/api/v1/users/"+anID, nil, h.as(h.admin), header("X-Request-Id", "forged")).want(404)
	id := a.problem.RequestID
	if id == "" || id == "forged" || id != a.header.Get("X-Request-Id") {
		t.Fatalf("%q, header %q", id, a.header.Get("X-Request-Id"))
	}
	var line struct {
		Level, RequestID, Method, Route, Error, UserID, Via string
		Status                                              int
	}
	for text := range strings.SplitSeq(h.log.String(), "\n") {
		if strings.Contains(text, id) {
			h.must(json.Unmarshal([]byte(strings.ReplaceAll(strings.ReplaceAll(text, "request_id", "RequestID"), "user_id", "UserID")), &line))
		}
	}
	if line.RequestID != id || line.Status != 404 || line.Route != "GET /api/v1/users/{id}" || line.UserID != h.admin.ID || line.Via != "session" || line.Error == "" || line.Level != "INFO" {
		t.Errorf("log line %+v", line)
	}
	created := h.call("POST", "/api/v1/actions", object{"name": "a:b"}, h.as(h.admin)).want(201)
	events := h.call("GET", "/api/v1/audit-events?limit=1", nil, h.as(h.admin)).want(200)
	if !strings.Contains(events.body, created.header.Get("X-Request-Id")) {
		t.Errorf("the event has another ID: %s", events.body)
	}
	refused := h.token(h.secretAgent).want(401)
	if refused.member("request_id") != refused.header.Get("X-Request-Id") {
		t.Errorf("%s", refused.body)
	}
}

func TestPanicIsOneRequestsOwn(t *testing.T) {
	boom := func(http.ResponseWriter, *http.Request) { panic("the vault's combination is 7468") }
	late := func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half an ")
		panic("late")
	}
	h := newHouse(t, options{replace: map[string]http.Handler{
		"GET /healthz": http.HandlerFunc(boom), "GET /api/v1/platforms": http.HandlerFunc(boom), "GET /readyz": http.HandlerFunc(late)}})
	for path, kind := range map[string]string{"/healthz": "application/json", "/api/v1/platforms": "application/problem+json"} {
		a := h.call("GET", path, nil, h.as(h.admin)).want(500)
		if a.header.Get("Content-Type") != kind || strings.Contains(a.body, "7468") || strings.Contains(a.body, "panic") || !strings.Contains(a.body, a.header.Get("X-Request-Id")) {
			t.Errorf("%s %s", a.header.Get("Content-Type"), a.body)
		}
		if !strings.Contains(h.log.String(), "combination") || !strings.Contains(h.log.String(), "frontdoor_test.go") {
			t.Error("the log lacks the panic or its stack")
		}
		if h.metrics.status != 500 {
			t.Errorf("observed as %d", h.metrics.status)
		}
	}
	h.call("GET", "/api/v1/me", nil, h.as(h.admin)).want(200)

	// What has begun must not end as if it were whole.
	server := httptest.NewServer(h.handler)
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/readyz", nil)
	h.must(err)
	r.Host = "localhost:7468"
	answer, err := server.Client().Do(r)
	if err == nil {
		_, err = io.ReadAll(answer.Body)
		_ = answer.Body.Close()
	}
	if err == nil {
		t.Error("half an answer passed for a whole one")
	}
}

// Tracing stands before the front door and names spans by the route.
func TestTheRouteReachesWhoStandsBefore(t *testing.T) {
	h := newHouse(t, options{})
	for path, route := range map[string]string{"/healthz": "GET /healthz", "/api/v1/nothing": "unmatched"} {
		r := httptest.NewRequest(http.MethodGet, "http://localhost:7468"+path, nil)
		h.handler.ServeHTTP(httptest.NewRecorder(), r)
		if r.Pattern != route {
			t.Errorf("%s: the route is %q, want %q", path, r.Pattern, route)
		}
	}
}

func TestWrongMethodAndWrongPath(t *testing.T) {
	h := newHouse(t, options{})
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"PUT", "/api/v1/agents", 405, "GET POST"},
		{"POST", "/api/v1/agents/" + anID, 405, "GET PATCH DELETE"},
		{"OPTIONS", "/api/v1/me/password", 405, "POST"},
		{"TRACE", "/api/v1/keys", 405, "GET"},
		{"POST", tokenPath, 405, "GET"},
		{"DELETE", "/.well-known/jwks.json", 405, "GET"},
		{"POST", "/index", 405, ""},
		{"GET", "/api/v1/nope", 404, ""},
		{"GET", "/api/v2/agents", 404, ""},
		{"GET", "/api/v1/agents/", 404, ""},
		{"GET", "/api/v1/Agents", 404, ""},
		{"GET", "/authsec/uflow/sdk/nope", 404, ""},
		{"GET", "/oauth2/token", 405, "POST"},
		{"GET", "/oauth2/introspect", 405, "POST"},
		{"POST", "/oauth2/revocations", 405, "GET"},
		{"GET", "/oauth2/status-lists/", 404, ""},
		{"GET", "/.well-known/webfinger", 404, ""},
		{"GET", "/assets/nope.js", 404, ""},
	} {
		a := h.call(c.method, c.path, nil, h.as(h.admin))
		if a.status != c.status || a.header.Get("X-Request-Id") == "" {
			t.Errorf("%s %s: %d %s", c.method, c.path, a.status, a.body)
		}
		if got := strings.Join(a.header.Values("Allow"), " "); c.path != "/index" && got != c.allow {
			t.Errorf("%s %s: Allow %q, want %q", c.method, c.path, got, c.allow)
		}
		if strings.HasPrefix(c.path, "/api/") {
			checkProblem(t, a)
		}
	}
}

func TestSafeHeaders(t *testing.T) {
	h := newHouse(t, options{})
	for _, path := range []string{"/", "/healthz", "/api/v1/me", "/.well-known/jwks.json", "/nope", tokenPath} {
		a := h.call("GET", path, nil)
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"} {
			if a.header.Get(name) != want {
				t.Errorf("%s: %s %q", path, name, a.header.Get(name))
			}
		}
		if csp := a.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: %s", path, csp)
		}
	}
}

func TestMetricsAreForThisMachineOrReaders(t *testing.T) {
	h := newHouse(t, options{replace: map[string]http.Handler{"GET /metrics": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })}})
	h.call("GET", "/metrics", nil).want(200)
	h.call("GET", "/metrics", nil, header("X-Forwarded-For", "192.0.2.1")).want(401)
	h.call("GET", "/metrics", nil, from("192.0.2.1:1")).want(401)
	h.call("GET", "/metrics", nil, from("192.0.2.1:1"), bearer(h.member.token)).want(403)
	h.call("GET", "/metrics", nil, from("192.0.2.1:1"), bearer(h.auditor.token)).want(200)
	h.call("GET", "/metrics", nil, from("@")).want(401) // no address: nobody we know
}

func TestReadiness(t *testing.T) {
	failing := httpapi.Operations{Metrics: http.NotFoundHandler(), Checks: []httpapi.Check{
		{Name: "signing_key", Run: func(context.Context) error { return context.DeadlineExceeded }},
		{Name: "database", Run: func(context.Context) error { return nil }}}}
	replace := map[string]http.Handler{}
	for _, e := range failing.Endpoints() {
		if e.Pattern == "GET /readyz" {
			replace[e.Pattern] = e.Handler
		}
	}
	h := newHouse(t, options{replace: replace})
	h.call("GET", "/healthz", nil).want(200)
	if a := h.call("GET", "/readyz", nil).want(503); a.body != `{"failed":["signing_key"],"status":"not_ready"}`+"\n" {
		t.Errorf("%s", a.body)
	}
}

// TestBodyOverTheLimitOnTheWire: the connection is not read to a body's end.
func TestBodyOverTheLimitOnTheWire(t *testing.T) {
	h := newHouse(t, options{})
	server := httptest.NewServer(h.handler)
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/api/v1/session", bytes.NewReader(make([]byte, 8<<20)))
	h.must(err)
	r.Host = "localhost:7468"
	r.Header.Set("Content-Type", "application/json")
	answer, err := server.Client().Do(r)
	if err != nil {
		return // the server may hang up before all is sent
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusRequestEntityTooLarge || !answer.Close {
		t.Errorf("%d, close %v", answer.StatusCode, answer.Close)
	}
}

// TestTableOfRoutesIsWhole: a server with a route that is not in the table, or
// a line of the table that nothing answers, does not start.
func TestTableOfRoutesIsWhole(t *testing.T) {
	h := newHouse(t, options{})
	nothing := http.NotFoundHandler()
	for name, endpoints := range map[string][]wire.Endpoint{
		"none":    nil,
		"unknown": {{Pattern: "GET /debug", Handler: nothing}},
		"twice":   {{Pattern: "GET /healthz", Handler: nothing}, {Pattern: "GET /healthz", Handler: nothing}},
	} {
		if _, err := httpapi.New(h.config(endpoints)); err == nil {
			t.Errorf("%s: it starts", name)
		}
	}
}
