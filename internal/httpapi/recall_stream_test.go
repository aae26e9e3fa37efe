package httpapi_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// place is where a token's status is published.
func (h *house) place(t *testing.T, compact string) (uri string, index int64) {
	t.Helper()
	status, _ := claimsOf(t, compact)["status"].(map[string]any)
	entry, _ := status["status_list"].(map[string]any)
	uri, _ = entry["uri"].(string)
	idx, ok := entry["idx"].(float64)
	if !ok || !strings.HasPrefix(uri, "http://localhost:7468/oauth2/status-lists/") {
		t.Fatalf("no status: %v", status)
	}
	return uri, int64(idx)
}

// status is what the published list says of an index.
func (h *house) status(uri string, index int64) byte {
	h.t.Helper()
	claims := h.opened("statuslist+jwt", h.call("GET", strings.TrimPrefix(uri, "http://localhost:7468"), nil).want(200).body)
	list, _ := claims["status_list"].(map[string]any)
	lst, _ := list["lst"].(string)
	compressed, err := base64.RawURLEncoding.DecodeString(lst)
	h.must(err)
	r, err := zlib.NewReader(bytes.NewReader(compressed))
	h.must(err)
	raw, err := io.ReadAll(r)
	h.must(err)
	if claims["sub"] != uri || list["bits"] != 2.0 || len(raw) != 32<<10 {
		h.t.Fatalf("%v, %d bytes", claims, len(raw))
	}
	return raw[index/4] >> (index % 4 * 2) & 3
}

// page reads the feed.
func (h *house) page(since int64, as request) (events []string, last int64, more bool) {
	h.t.Helper()
	var got struct {
		Events []string `json:"events"`
		Last   *int64   `json:"last"`
		More   *bool    `json:"more"`
	}
	a := h.call("GET", revocationsPath+"?since="+strconv.FormatInt(since, 10), nil, as).want(200)
	h.must(json.Unmarshal([]byte(a.body), &got))
	if got.Events == nil || got.Last == nil || got.More == nil || a.header.Get("Cache-Control") != "no-store" {
		h.t.Fatalf("%s %v", a.body, a.header)
	}
	return got.Events, *got.Last, *got.More
}

// A change that lends less is seen by an open stream, the feed, the list and
// introspection; the next token carries another index and is good.
func TestRecallIsHeardEverywhere(t *testing.T) {
	h := newHouse(t, options{})
	s := h.serve()
	l := s.listen(h.asBilling())
	if l.status != 200 || l.header.Get("Content-Type") != "text/event-stream" || l.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v", l.status, l.header)
	}
	if first := l.want("heartbeat"); first.id != "0" || first.claims["seq"] != 0.0 || len(first.claims) != 3 {
		t.Errorf("%+v", first)
	}
	delegation, agent := "/api/v1/delegations/"+h.delegation.ID, "/api/v1/agents/"+h.agent.ClientID
	seq := 0
	for _, c := range []struct {
		name, method, path string
		body               any
		undo               string
	}{
		{"a shorter duration", "PATCH", delegation, object{"max_duration_seconds": 600}, ""},
		{"the delegator suspended", "PATCH", "/api/v1/users/" + h.member.ID, object{"status": "suspended"}, "/api/v1/users/" + h.member.ID},
		{"the agent suspended", "POST", agent + "/suspend", nil, agent + "/activate"},
		{"the delegation disabled", "POST", delegation + "/disable", nil, delegation + "/enable"},
		{"the delegation revoked", "POST", delegation + "/revoke", object{}, ""},
	} {
		seq++
		compact := h.issued()
		uri, index := h.place(t, compact)
		if got := h.status(uri, index); got != 0 {
			t.Fatalf("%s: status %d before", c.name, got)
		}
		h.call(c.method, c.path, c.body, h.as(h.admin)).want(200)
		if got := h.status(uri, index); got != 1 {
			t.Errorf("%s: status %d", c.name, got)
		}
		if a := h.introspect(compact, h.asBilling()).want(200); a.body != inactive {
			t.Errorf("%s: %s", c.name, a.body)
		}
		events, last, more := h.page(int64(seq-1), h.asBilling())
		if len(events) != 1 || last != int64(seq) || more {
			t.Fatalf("%s: %d events, last %d", c.name, len(events), last)
		}
		s.polls()
		got := l.want("recall")
		if want := fmt.Sprint(h.opened("authsec-recall+jwt", events[0])); fmt.Sprint(got.claims) != want {
			t.Errorf("%s: the stream says %v, the feed %s", c.name, got.claims, want)
		}
		entry, _ := got.claims["status_list"].(map[string]any)
		if got.id != strconv.Itoa(seq) || got.claims["seq"] != float64(seq) || got.claims["iss"] != "http://localhost:7468" || entry["uri"] != uri || entry["idx"] != float64(index) || len(got.claims) != 4 {
			t.Errorf("%s: %+v", c.name, got)
		}
		switch {
		case strings.HasPrefix(c.undo, "/api/v1/users/"):
			h.call("PATCH", c.undo, object{"status": "active"}, h.as(h.admin)).want(200)
		case c.undo != "":
			h.call("POST", c.undo, nil, h.as(h.admin)).want(200)
		}
	}
	s.beats()
	if got := l.want("heartbeat"); got.claims["seq"] != float64(seq) {
		t.Errorf("%+v", got)
	}
}

// A token of its own accord is recalled by its jti.
func TestRevokedTokenIsHeard(t *testing.T) {
	h := newHouse(t, options{})
	s := h.serve()
	compact := h.issued()
	l := s.listen(h.asBilling())
	l.want("heartbeat")
	h.form(revokePath, []string{"token", compact, "client_id", h.agent.ClientID}).want(200) // it wakes the hub
	got := l.want("recall")
	if got.claims["jti"] != claimsOf(t, compact)["jti"] || len(got.claims) != 4 {
		t.Errorf("%+v", got)
	}
	if events, _, _ := h.page(0, h.asBilling()); len(events) != 1 {
		t.Errorf("%d events", len(events))
	}
	if uri, index := h.place(t, compact); h.status(uri, index) != 0 {
		t.Error("its delegation was recalled")
	}
}

// Two resources: each hears of what may concern it, and of no more.
func TestResourcesHearTheirOwn(t *testing.T) {
	h := newHouse(t, options{})
	s := h.serve()
	orders, asOrders := h.another("https://orders.example.com")
	billing := s.listen(h.asBilling())
	other := s.listen(asOrders)
	billing.want("heartbeat")
	other.want("heartbeat")
	forBilling, forOrders := h.lentTo(h.resource.URI), h.lentTo(orders.URI)
	h.form(revokePath, []string{"token", forBilling, "client_id", h.agent.ClientID}).want(200)
	h.form(revokePath, []string{"token", forOrders, "client_id", h.agent.ClientID}).want(200)
	if got := billing.want("recall"); got.claims["jti"] != claimsOf(t, forBilling)["jti"] {
		t.Errorf("%+v", got)
	}
	if got := other.want("recall"); got.claims["jti"] != claimsOf(t, forOrders)["jti"] {
		t.Errorf("%+v", got)
	}
	s.beats()
	for _, l := range []*listener{billing, other} {
		if got := l.want("heartbeat"); got.claims["seq"] != 2.0 {
			t.Errorf("%+v", got)
		}
	}
	for _, as := range []request{h.asBilling(), asOrders} {
		if events, last, more := h.page(0, as); len(events) != 1 || last != 2 || more {
			t.Errorf("%d events, last %d", len(events), last)
		}
	}
}

// A stream goes on after the number that the reader names, and only there.
func TestStreamResumes(t *testing.T) {
	h := newHouse(t, options{})
	s := h.serve()
	for range 3 {
		h.form(revokePath, []string{"token", h.issued(), "client_id", h.agent.ClientID}).want(200)
	}
	for name, c := range map[string]struct {
		change request
		first  string
	}{
		"from the beginning":    {func(*http.Request) {}, "1"},
		"after Last-Event-ID":   {header("Last-Event-ID", "2"), "3"},
		"after since":           {query("since=1"), "2"},
		"Last-Event-ID, of two": {func(r *http.Request) { r.URL.RawQuery = "since=0"; r.Header.Set("Last-Event-ID", "2") }, "3"},
	} {
		l := s.listen(h.asBilling(), c.change)
		if got := l.want("recall"); got.id != c.first {
			t.Errorf("%s: begins with %s", name, got.id)
		}
		for i, _ := strconv.Atoi(c.first); i < 3; i++ {
			l.want("recall")
		}
		l.want("heartbeat")
		h.must(l.body.Close())
		s.polls() // a place is given free when its handler sees the end
	}
}

func TestFeedRequestErrors(t *testing.T) {
	h := newHouse(t, options{})
	for name, c := range map[string]struct {
		change request
		status int
	}{
		"nobody":              {func(r *http.Request) { r.Header.Del("Authorization") }, 401},
		"an API token":        {bearer(h.admin.token), 401},
		"in the body's style": {func(r *http.Request) { r.Header.Del("Authorization"); r.URL.RawQuery = "client_id=x&client_secret=y" }, 401},
		"no number":           {query("since=x"), 400},
		"a negative number":   {query("since=-1"), 400},
		"too large a number":  {query("since=9223372036854775808"), 400},
		"two numbers":         {query("since=1&since=1"), 400},
		"another parameter":   {query("from=1"), 400},
		"no query":            {query("since=%zz"), 400},
		"a bad Last-Event-ID": {header("Last-Event-ID", "x"), 400},
		"two Last-Event-IDs":  {header("Last-Event-ID", "1", "1"), 400},
	} {
		for _, accept := range []string{"application/json", "text/event-stream"} {
			a := h.call("GET", revocationsPath, nil, h.asBilling(), header("Accept", accept), c.change)
			if a.status != c.status || a.member("error") != map[int]string{400: "invalid_request", 401: "invalid_client"}[c.status] {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
	}
	for _, accept := range []string{"", "*/*", "application/json", "text/event-stream;q=0", "text/*"} {
		if a := h.call("GET", revocationsPath, nil, h.asBilling(), header("Accept", accept)).want(200); a.body != `{"events":[],"last":0,"more":false}`+"\n" {
			t.Errorf("%s: %s", accept, a.body)
		}
	}
	h.call("HEAD", revocationsPath, nil, h.asBilling(), header("Accept", "text/event-stream")).want(200)
}

// TestStreamOutlivesTimeLimits of the server, which are for requests.
func TestStreamOutlivesTimeLimits(t *testing.T) {
	h := newHouse(t, options{})
	s := h.serve()
	l := s.listen(h.asBilling())
	l.want("heartbeat")
	for begin := time.Now(); time.Since(begin) < 3*serverTimeout; {
		s.beats()
		l.want("heartbeat")
	}
}

// TestDeadline bounds every request but a stream's.
func TestDeadline(t *testing.T) {
	bounded := map[string]bool{}
	note := func(name string) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, bounded[name] = r.Context().Deadline() })
	}
	h := newHouse(t, options{nobodySignedIn: true, replace: map[string]http.Handler{"GET " + revocationsPath: note("stream"),
		"POST " + introspectPath: note("introspection"), "GET /healthz": note("health"), "/": note("page")}})
	h.call("GET", revocationsPath, nil)
	h.call("POST", introspectPath, "")
	h.call("GET", "/healthz", nil)
	h.call("GET", "/", nil)
	if len(bounded) != 4 || bounded["stream"] || !bounded["introspection"] || !bounded["health"] || !bounded["page"] {
		t.Errorf("%v", bounded)
	}
}

// TestStreamCaps bound what one resource, and all of them, hold open.
func TestStreamCaps(t *testing.T) {
	h := newHouse(t, options{})
	s := h.serve()
	_, asOrders := h.another("https://orders.example.com")
	_, asThird := h.another("https://third.example.com")
	first := s.listen(h.asBilling())
	first.want("heartbeat")
	s.listen(h.asBilling()).want("heartbeat")
	if l := s.listen(h.asBilling()); l.status != 429 || l.header.Get("Retry-After") == "" {
		t.Errorf("a third of one: %d", l.status)
	}
	s.listen(asOrders).want("heartbeat")
	if l := s.listen(asThird); l.status != 503 || l.header.Get("Retry-After") == "" {
		t.Errorf("a fourth: %d", l.status)
	}
	h.page(0, asThird) // who has no stream can still poll
	h.must(first.body.Close())
	eventually(t, func() bool { return s.listen(asThird).status == 200 })
}

// eventually waits for what another goroutine does; each try takes a request's time.
func eventually(t *testing.T, done func() bool) {
	t.Helper()
	for begin := time.Now(); !done(); {
		if time.Since(begin) > 10*time.Second {
			t.Fatal("it did not happen")
		}
	}
}

// pipes is a listener whose connections hold nothing: what is not read is not sent.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (pipes) Close() error { return nil }

func (pipes) Addr() net.Addr { return &net.TCPAddr{} }

// TestSlowReaderIsDropped, and holds no place.
func TestSlowReaderIsDropped(t *testing.T) {
	h := newHouse(t, options{})
	s := h.serve()
	listener := make(pipes)
	server := &http.Server{Handler: h.handler, ReadHeaderTimeout: time.Second}
	go server.Serve(listener) //nolint:errcheck // it ends when its listener does
	defer close(listener)
	for range 2 {
		client, conn := net.Pipe()
		defer client.Close() //nolint:errcheck // the test is over
		listener <- conn
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost:7468"+revocationsPath, nil)
		h.must(err)
		r.Header.Set("Accept", "text/event-stream")
		h.asBilling()(r)
		h.must(r.Write(client)) // and never reads
	}
	eventually(t, func() bool { return s.listen(h.asBilling()).status == 429 })
	eventually(t, func() bool { return s.listen(h.asBilling()).status == 200 })
}

// TestStreamsEndWithTheServer, so that its end waits for none.
func TestStreamsEndWithTheServer(t *testing.T) {
	h := newHouse(t, options{})
	s := h.serve()
	l := s.listen(h.asBilling())
	l.want("heartbeat")
	s.stop()
	l.wantEnd()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	h.must(s.server.Config.Shutdown(ctx))
}

// draft-ietf-oauth-status-list §8.1, §8.2 and §8.4.
func TestStatusList8_Response(t *testing.T) {
	h := newHouse(t, options{})
	uri, _ := h.place(t, h.issued())
	path := strings.TrimPrefix(uri, "http://localhost:7468")
	a := h.call("GET", path, nil, header("Accept", "application/statuslist+jwt"), header("Origin", "https://app.example.com")).want(200)
	etag := a.header.Get("ETag")
	if a.header.Get("Content-Type") != "application/statuslist+jwt" || strings.Count(a.body, ".") != 2 || strings.TrimSpace(a.body) != a.body || etag == "" ||
		a.header.Get("Cache-Control") != "public, max-age=10" || a.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%v %s", a.header, a.body)
	}
	if same := h.call("GET", path, nil, header("If-None-Match", etag)).want(304); same.body != "" || same.header.Get("ETag") != etag || same.header.Get("Cache-Control") != "public, max-age=10" {
		t.Errorf("%v", same.header)
	}
	h.call("POST", "/api/v1/agents/"+h.agent.ClientID+"/suspend", nil, h.as(h.admin)).want(200)
	changed := h.call("GET", path, nil, header("If-None-Match", etag)).want(200)
	h.clock.Advance(10 * time.Second)
	renewed := h.call("GET", path, nil, header("If-None-Match", changed.header.Get("ETag"))).want(200)
	claims := h.opened("statuslist+jwt", renewed.body)
	now := float64(h.clock.Now().Unix())
	if claims["iat"] != now || claims["exp"] != now+300 || claims["ttl"] != 10.0 {
		t.Errorf("%v", claims)
	}
	h.call("GET", path+"?time=1686925000", nil).want(501)
	for _, unknown := range []string{"2", "0", "01", "-1", "x", "9223372036854775807", "9223372036854775808"} {
		if a := h.call("GET", "/oauth2/status-lists/"+unknown, nil).want(404); a.member("error") != "not_found" || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %s", unknown, a.body)
		}
	}
}
