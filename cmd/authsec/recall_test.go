package main_test

import (
	"bufio"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// stream opens the stream of recalls as a resource, and gives its lines until it ends.
func (d *deployment) stream(authorization string) <-chan string {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, d.base+"/oauth2/revocations", nil)
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Authorization", authorization)
	resp, err := d.client().http.Transport.RoundTrip(r) // without the client's time limit
	if err != nil || resp.StatusCode != http.StatusOK {
		d.t.Fatalf("%v %v", resp, err)
	}
	lines := make(chan string, 64)
	go func() {
		defer resp.Body.Close() //nolint:errcheck // only read
		defer close(lines)
		read := bufio.NewReader(resp.Body)
		for {
			line, err := read.ReadString('\n')
			if err == nil {
				lines <- strings.TrimSpace(line)
				continue
			}
			if err != io.EOF { //nolint:errorlint // as bufio returns it: anything else is a broken stream
				lines <- "broken: " + err.Error()
			}
			return
		}
	}()
	return lines
}

// awaitLine returns when the stream has the line, and how long that took.
func awaitLine(t *testing.T, lines <-chan string, want string) time.Duration {
	t.Helper()
	begin := time.Now()
	limit := time.After(patience)
	for {
		select {
		case line, ok := <-lines:
			if !ok || strings.HasPrefix(line, "broken") {
				t.Fatalf("the stream ended before %q: %s", want, line)
			}
			if line == want {
				return time.Since(begin)
			}
		case <-limit:
			t.Fatalf("no %q on the stream", want)
		}
	}
}

// A person revokes, and whoever listens, polls or asks knows; then the server stops
// in good order although somebody listens.
func TestRecall(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { recall(t, newDeployment(t).withAdmin()) })
	t.Run("postgres", func(t *testing.T) { recall(t, newDeployment(t).onPostgres().withAdmin()) })
}

func recall(t *testing.T, d *deployment) {
	server := d.start()
	admin := d.automation()
	admin.furnish()
	clientID, _ := admin.agent("Customer Support", "kubernetes")
	delegation := admin.call(201, "POST", "/api/v1/delegations", delegationOf(clientID)).text("id")
	resource := admin.call(201, "POST", "/api/v1/resources", object{"name": "Billing", "uri": "https://billing.example.com"})
	authorization := basic(resource.text("id"), url.QueryEscape(resource.text("resource_secret")))
	token := d.client().call(200, "GET", sdkPath+clientID, nil).text("token")
	active := func() string {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.base+"/oauth2/introspect", strings.NewReader(url.Values{"token": {token}}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", authorization)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := d.client().http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close() //nolint:errcheck // only read
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%v %d %s", err, resp.StatusCode, body)
		}
		return string(body)
	}
	if got := active(); !strings.HasPrefix(got, `{"active":true`) {
		t.Fatalf("before: %s", got)
	}
	first := d.client().call(200, "GET", "/oauth2/status-lists/1", nil).header.Get("ETag")
	lines := d.stream(authorization)
	awaitLine(t, lines, "event: heartbeat")
	awaitLine(t, lines, "event: heartbeat") // by the server's own clock
	admin.call(200, "POST", "/api/v1/delegations/"+delegation+"/revoke", object{})
	took := awaitLine(t, lines, "event: recall")
	if took > time.Second {
		t.Errorf("heard after %v", took)
	}
	if got := active(); got != `{"active":false}`+"\n" {
		t.Errorf("after: %s", got)
	}
	if feed := d.client().call(200, "GET", "/oauth2/revocations?since=0", nil, "Authorization", authorization); feed.json["last"] != 1.0 || len(feed.json["events"].([]any)) != 1 {
		t.Errorf("%s", feed.body)
	}
	if list := d.client().call(200, "GET", "/oauth2/status-lists/1", nil, "If-None-Match", first); list.header.Get("Content-Type") != "application/statuslist+jwt" {
		t.Errorf("%v", list.header)
	}
	begin := time.Now()
	if code := server.stop(); code != 0 || time.Since(begin) > 5*time.Second {
		t.Errorf("exit code %d after %v:\n%s", code, time.Since(begin), server.stderr)
	}
	for line := range lines {
		if strings.HasPrefix(line, "broken") {
			t.Error(line)
		}
	}
}

// The command line, beside a running server, tells how many verifiers have heard.
func TestRecallIsHeardAtTheCommandLine(t *testing.T) {
	d := newDeployment(t).withAdmin()
	server := d.start()
	admin := d.automation()
	admin.furnish()
	clientID, _ := admin.agent("Customer Support", "kubernetes")
	delegation := admin.call(201, "POST", "/api/v1/delegations", delegationOf(clientID)).text("id")
	resource := admin.call(201, "POST", "/api/v1/resources", object{"name": "Billing", "uri": "https://billing.example.com"})
	d.client().call(200, "GET", sdkPath+clientID, nil)
	lines := d.stream(basic(resource.text("id"), url.QueryEscape(resource.text("resource_secret"))))
	awaitLine(t, lines, "event: heartbeat")
	awaitLine(t, lines, "event: heartbeat") // and the server has told of it
	var got struct {
		Recalled struct {
			Indexes, Tokens int
			Verifiers       struct{ Connected, Heard int }
		}
	}
	d.run("delegation", "disable", delegation, "-o", "json").want(0).asJSON(&got)
	if r := got.Recalled; r.Indexes != 1 || r.Tokens != 1 || r.Verifiers.Connected != 1 || r.Verifiers.Heard != 1 {
		t.Errorf("%+v", r)
	}
	d.run("delegation", "enable", delegation).want(0)
	d.client().call(200, "GET", sdkPath+clientID, nil)
	if r := d.run("agent", "suspend", clientID).want(0); !strings.Contains(r.stdout, "1 of 1 connected verifier has heard") {
		t.Errorf("printed: %s", r.stdout)
	}
	d.run("agent", "activate", clientID).want(0)
	d.client().call(200, "GET", sdkPath+clientID, nil)
	server.stop()
	if r := d.run("delegation", "revoke", delegation).want(0); !strings.Contains(r.stdout, "No verifier listens to a running server now") {
		t.Errorf("printed: %s", r.stdout)
	}
}
