package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestATokenIsKeptAndReplacedInTheLastFifthOfItsLife(t *testing.T) {
	s, c := newServer(t), newClock()
	own := client(t, Config{BaseURL: s.URL, Now: c.Now}, nil, "")
	want := func(token string) {
		t.Helper()
		if got, err := own.Token(t.Context()); err != nil || got != token {
			t.Errorf("got %q, %v: want %s", got, err, token)
		}
	}
	want("token-1")
	c.advance(47 * time.Minute)
	want("token-1")
	c.advance(2 * time.Minute) // four fifths and more of an hour
	fetched := make(chan struct{})
	s.queue(func(w http.ResponseWriter, r *http.Request) { tokenReply("renewed", time.Hour)(w, r); close(fetched) })
	want("token-1") // while it is replaced, nobody waits
	<-fetched
	own.settle()
	want("renewed")
	c.advance(2 * time.Hour)
	want("token-2") // nothing is kept past its end
	if n := len(s.requests()); n != 3 {
		t.Errorf("%d requests", n)
	}
}

// settle waits for the fetch that is under way.
func (c *Client) settle() {
	_, _, _ = c.flights.Do(scopeKey(c.complete(Ask{})), func() (any, error) { return Delegation{}, nil })
}

func TestAFailedReplacementLeavesTheTokenInUse(t *testing.T) {
	s, c := newServer(t), newClock()
	own := client(t, Config{BaseURL: s.URL, Now: c.Now, Logger: slog.New(slog.DiscardHandler)}, nil, "")
	if _, err := own.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.advance(50 * time.Minute)
	s.queue(refusal(http.StatusForbidden, "agent_suspended", nil))
	for range 3 {
		if got, err := own.Token(t.Context()); err != nil || got != "token-1" {
			t.Errorf("got %q, %v", got, err)
		}
		own.settle()
	}
	if n := len(s.requests()); n != 2 {
		t.Errorf("%d requests: the next try waits", n)
	}
	s.queue(refusal(http.StatusForbidden, "agent_suspended", nil))
	c.advance(10 * time.Minute)
	var refused *Error
	if _, err := own.Token(t.Context()); !errors.As(err, &refused) || refused.Code != "agent_suspended" {
		t.Errorf("after its end: %v", err)
	}
}

// A wall clock that jumps, as after a machine's sleep, ends a token; one that
// is wrong from the start does not.
func TestTheMachineSlept(t *testing.T) {
	s, c := newServer(t), newClock()
	own := client(t, Config{BaseURL: s.URL, Now: c.Now}, nil, "")
	if _, err := own.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	c.now = c.now.Round(0).Add(2 * time.Hour)
	c.mu.Unlock()
	if got, err := own.Token(t.Context()); err != nil || got != "token-2" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAThousandCallersAskOnce(t *testing.T) {
	s := newServer(t)
	own := client(t, Config{BaseURL: s.URL}, nil, "")
	held := make(chan struct{})
	s.queue(func(w http.ResponseWriter, r *http.Request) { <-held; tokenReply("one", time.Hour)(w, r) })
	gone, leave := context.WithCancel(t.Context())
	first := make(chan error)
	go func() { _, err := own.Token(gone); first <- err }()
	leave()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("who goes away is told so: %v", err)
	}
	var all sync.WaitGroup
	for range 1000 {
		all.Go(func() {
			if got, err := own.Token(t.Context()); err != nil || got != "one" {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	close(held)
	all.Wait()
	if n := len(s.requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestScopesAreKeptApart(t *testing.T) {
	s := newServer(t)
	own := client(t, Config{BaseURL: s.URL, Actions: []string{"a:b"}, Audience: []string{"https://one"}, Role: "support", DelegationID: "dlg-1", TTL: 90 * time.Second}, nil, "")
	for _, ask := range []Ask{{}, {Actions: []string{"c:d", "a:b"}}, {Actions: []string{"a:b", "c:d", "c:d"}}, {Audience: []string{"https://two"}}, {}} {
		if _, err := own.Delegation(t.Context(), ask); err != nil {
			t.Fatal(err)
		}
	}
	var asked []string
	for _, r := range s.requests() {
		asked = append(asked, r.URL.RawQuery)
	}
	const rest = "&client_id=" + clientID + "&delegation_id=dlg-1&role=support&ttl=90"
	if want := []string{"actions=a%3Ab&audience=https%3A%2F%2Fone" + rest, "actions=a%3Ab+c%3Ad&audience=https%3A%2F%2Fone" + rest,
		"actions=a%3Ab&audience=https%3A%2F%2Ftwo" + rest}; !slices.Equal(asked, want) {
		t.Errorf("asked\n%s\nwant\n%s", strings.Join(asked, "\n"), strings.Join(want, "\n"))
	}
}

func TestOnlyWhatMayPassIsTriedAgain(t *testing.T) {
	for _, tt := range []struct {
		status, tries int
	}{{400, 1}, {401, 1}, {403, 1}, {404, 1}, {409, 1}, {410, 1}, {302, 1}, {500, 1}, {429, 2}, {503, 2}} {
		s := newServer(t)
		s.queue(refusal(tt.status, "code", map[string]any{"missing_selectors": []string{"k8s:ns"}, "delegations": []Choice{{"dlg-2", "support"}}}))
		_, err := client(t, Config{BaseURL: s.URL}, nil, "").Token(t.Context())
		if n := len(s.requests()); n != tt.tries {
			t.Errorf("%d: %d tries, want %d", tt.status, n, tt.tries)
		}
		var refused *Error
		if tt.tries == 1 && (!errors.As(err, &refused) || refused.Status != tt.status || refused.Code != "code" || refused.RequestID != "req-7" ||
			!slices.Equal(refused.MissingSelectors, []string{"k8s:ns"}) || !slices.Equal(refused.Delegations, []Choice{{"dlg-2", "support"}})) {
			t.Errorf("%d: %+v", tt.status, err)
		}
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	for name, body := range map[string]any{
		"no JSON": "<html>", "empty": map[string]any{}, "another agent": map[string]any{"token": "t", "expires_at": "2030-01-01T00:00:00Z", "ttl_seconds": 60, "client_id": "other"},
		"a header in it": map[string]any{"token": "a\r\nb", "expires_at": "2030-01-01T00:00:00Z", "ttl_seconds": 60, "client_id": clientID},
		"no lifetime":    map[string]any{"token": "canary", "expires_at": "2030-01-01T00:00:00Z", "ttl_seconds": 0, "client_id": clientID},
		"huge":           map[string]any{"token": "canary", "expires_at": "2030-01-01T00:00:00Z", "ttl_seconds": 60, "client_id": clientID, "x": strings.Repeat("x", maxBody)},
	} {
		s := newServer(t)
		s.queue(func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, body) })
		if got, err := client(t, Config{BaseURL: s.URL}, nil, "").Token(t.Context()); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestInvalidate(t *testing.T) {
	s := newServer(t)
	own := client(t, Config{BaseURL: s.URL}, nil, "")
	token, err := own.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	own.Invalidate(token)
	s.queue(tokenReply(token, time.Hour)) // the server gives one token again for a while
	if got, err := own.Token(t.Context()); err != nil || got != "token-2" {
		t.Errorf("got %q, %v", got, err)
	}
	if all := s.requests(); all[1].Header.Get("Cache-Control") != "" || all[2].Header.Get("Cache-Control") != "no-cache" {
		t.Error("a newly minted one is insisted on when the same comes again")
	}
	own.Invalidate("token-2")
	s.queue(tokenReply(token, time.Hour), tokenReply("token-2", time.Hour))
	if got, err := own.Token(t.Context()); err == nil {
		t.Errorf("got %q again", got)
	}
}

func TestTransport(t *testing.T) {
	s := newServer(t)
	var got []string
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header.Get("Authorization"))
		if r.Header.Get("Authorization") == "Bearer token-1" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	t.Cleanup(api.Close)
	host := strings.TrimPrefix(api.URL, "http://")
	own := client(t, Config{BaseURL: s.URL}, nil, "")
	caller := &http.Client{Transport: own.Transport(nil, host)}
	resp, err := caller.Post(api.URL, "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	if resp.Body.Close() != nil || resp.StatusCode != http.StatusOK || !slices.Equal(got, []string{"Bearer token-1", "Bearer token-2"}) {
		t.Errorf("%d after %q", resp.StatusCode, got)
	}
	got = nil
	resp, err = (&http.Client{Transport: own.Transport(nil, "billing.example.com")}).Get(api.URL)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Body.Close() != nil || !slices.Equal(got, []string{""}) {
		t.Errorf("another host got %q", got)
	}
}

func TestATokenSource(t *testing.T) {
	s := newServer(t)
	token, err := client(t, Config{BaseURL: s.URL}, nil, "").TokenSource(t.Context()).Token()
	if err != nil || token.AccessToken != "token-1" || token.Type() != "Bearer" || !token.Valid() {
		t.Errorf("%+v, %v", token, err)
	}
}

func TestAClosedClient(t *testing.T) {
	s := newServer(t)
	own := client(t, Config{BaseURL: s.URL}, nil, "")
	if _, err := own.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	own.Close()
	if got, err := own.Token(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestConfigurationsThatAreRefused(t *testing.T) {
	good := Config{BaseURL: "https://authsec.example.com/", ClientID: strings.ToUpper(clientID)}
	if _, err := New(good); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Config){
		"no URL":               func(c *Config) { c.BaseURL = "" },
		"plain http":           func(c *Config) { c.BaseURL = "http://authsec.example.com" },
		"a password":           func(c *Config) { c.BaseURL = "https://u:p@authsec.example.com" },
		"a query":              func(c *Config) { c.BaseURL = "https://authsec.example.com?x" },
		"another scheme":       func(c *Config) { c.BaseURL = "ftp://authsec.example.com" },
		"a relative socket":    func(c *Config) { c.BaseURL = "unix://run/authsec.sock" },
		"an escaped socket":    func(c *Config) { c.BaseURL = "unix:///run/a%20b" },
		"no client":            func(c *Config) { c.ClientID = "" },
		"a client that is not": func(c *Config) { c.ClientID = "support" },
		"two proofs":           func(c *Config) { c.ClientSecret, c.WorkloadTokenFile = "s", "/f" },
		"a short life":         func(c *Config) { c.TTL = 59 * time.Second },
		"half a second":        func(c *Config) { c.TTL = 60*time.Second + 500*time.Millisecond },
		"an empty action":      func(c *Config) { c.Actions = []string{""} },
	} {
		c := good
		change(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestFromEnv(t *testing.T) {
	t.Setenv("AUTHSEC_BASE_URL", " https://authsec.example.com ")
	t.Setenv("AUTHSEC_AGENT_CLIENT_ID", clientID)
	t.Setenv("AUTHSEC_ACTIONS", "a:b, c:d")
	t.Setenv("AUTHSEC_AUDIENCE", "https://one https://two")
	t.Setenv("AUTHSEC_TTL", "90")
	t.Setenv("AUTHSEC_CLIENT_SECRET_FILE", write(t, t.TempDir()+"/secret", "hush\n"))
	c := FromEnv()
	if c.BaseURL != "https://authsec.example.com" || c.TTL != 90*time.Second || !slices.Equal(c.Actions, []string{"a:b", "c:d"}) || len(c.Audience) != 2 || c.ClientSecret != "hush" {
		t.Errorf("%+v", c)
	}
	if _, err := New(c); err != nil {
		t.Error(err)
	}
	t.Setenv("AUTHSEC_TTL", "an hour")
	t.Setenv("AUTHSEC_CLIENT_SECRET", "hush")
	if _, err := New(FromEnv()); err == nil || !strings.Contains(err.Error(), "AUTHSEC_TTL") || !strings.Contains(err.Error(), "exclude each other") || strings.Contains(err.Error(), "hush") {
		t.Error(err)
	}
}

func TestADelegationShowsNoToken(t *testing.T) {
	d := Delegation{Token: "canary", DelegationID: "dlg-1"}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("got", "delegation", d)
	if shown := fmt.Sprintf("%v %+v %s", d, d, d) + log.String(); strings.Contains(shown, "canary") || !strings.Contains(shown, "dlg-1") {
		t.Error(shown)
	}
}
