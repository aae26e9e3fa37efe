package verify

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"sync"
	"testing"
	"time"
)

// revocationVectors is testdata/vectors/revocation/tokens.json.
type revocationVectors struct {
	Now              int64
	Issuer, Audience string
	LeewaySeconds    int64 `json:"leeway_seconds"`
	Cases            []struct {
		Name, Token, Error, List, Outcome string
		Valid                             bool
	}
}

func readVectors(t *testing.T, name string, v any) {
	t.Helper()
	text, err := os.ReadFile("../../../testdata/vectors/revocation/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatal(err)
	}
}

func TestRevocationVectors(t *testing.T) {
	v := loadVectors(t)
	var file revocationVectors
	readVectors(t, "tokens.json", &file)
	var lists struct {
		Cases []struct{ Name, Token string }
	}
	readVectors(t, "lists.json", &lists)
	byName := map[string]string{}
	for _, l := range lists.Cases {
		byName[l.Name] = l.Token
	}
	seen := map[string]bool{}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				list, ok := byName[c.List]
				if !ok || path.Dir(r.URL.Path) != "/oauth2/status-lists" {
					http.NotFound(w, r)
					return
				}
				w.Header().Set("Content-Type", "application/statuslist+jwt")
				_, _ = w.Write([]byte(list))
			}))
			defer server.Close()
			verifier := v.verifier(t, WithHTTPClient(server.Client()), WithRevocation(RevocationPoll, Credential{}))
			_, err := verifier.Verify(t.Context(), c.Token)
			want := map[string]string{"revoked": "revoked", "unknown": "revocation_unknown", "": c.Error}[c.Outcome]
			if got := Code(err); got != want || (err == nil) != (want == "") {
				t.Errorf("got code %q, error %v: want code %q", got, err, want)
			}
			seen[want] = true
			if _, err := v.verifier(t).Verify(t.Context(), c.Token); err != nil {
				t.Errorf("without revocation: %v", err)
			}
		})
	}
	if len(seen) != 4 {
		t.Errorf("the cases end in %v: want four ways", seen)
	}
}

func TestPoll(t *testing.T) {
	s := newRecallServer(t)
	v, steady := s.verifier(RevocationPoll)
	token, single := s.token("a", "1", 5), s.token("b", "1", 6)
	check(t, v, "at first", token, nil)
	check(t, v, "single, at first", single, nil)
	s.record("1", 5, "")
	s.record("", 0, "b")
	steady.advance(4 * time.Second)
	check(t, v, "while all is young", token, nil)
	if s.requests("list") != 1 || s.requests("feed") != 1 {
		t.Errorf("got %d lists and %d feeds: want 1 and 1", s.requests("list"), s.requests("feed"))
	}
	// In the second half of its time, it is refreshed ahead.
	steady.advance(4 * time.Second)
	check(t, v, "unaffected", s.token("c", "1", 7), nil)
	revoked(t, v, "a recalled status", token)
	revoked(t, v, "a revoked token", single)
	eventually(t, "the list is fetched", func() bool { return s.requests("list") == 2 })
	if s.requests("feed") != 2 || s.requests("stream") != 0 {
		t.Errorf("got %d feeds and %d streams: want 2 and 0", s.requests("feed"), s.requests("stream"))
	}
}

func TestPollWithoutCredential(t *testing.T) {
	s := newRecallServer(t)
	v, steady := s.verifier(RevocationPoll, WithRevocation(RevocationPoll, Credential{}))
	token := s.token("a", "1", 5)
	check(t, v, "at first", token, nil)
	s.record("1", 5, "")
	steady.advance(11 * time.Second)
	check(t, v, "recalled", token, ErrRevoked)
	check(t, v, "without a status", s.token("b", "", 0), nil)
	if s.requests("feed") != 0 {
		t.Error("the feed was asked without a credential")
	}
}

func TestPollUsesETags(t *testing.T) {
	s := newRecallServer(t)
	v, steady := s.verifier(RevocationPoll)
	token := s.token("a", "1", 5)
	for range 5 {
		check(t, v, "unchanged", token, nil)
		steady.advance(11 * time.Second)
	}
	if s.requests("list") != 5 || s.requests("304") != 4 {
		t.Errorf("got %d requests, of which %d were answered 304: want 5 and 4", s.requests("list"), s.requests("304"))
	}
	// 304 never carries a list beyond its own exp.
	s.clock.advance(331 * time.Second)
	check(t, v, "anew", token, nil)
	if s.requests("list") != 6 || s.requests("conditional") != 4 {
		t.Error("a list that had expired was asked for by its ETag")
	}
}

func TestListRotates(t *testing.T) {
	s := newRecallServer(t)
	v, steady := s.verifier(RevocationPoll)
	old := s.token("a", "1", 5)
	check(t, v, "on the first list", old, nil)
	s.record("1", 5, "")
	s.set(func() { s.retired["2"] = map[int]byte{} })
	later := s.token("b", "2", 5)
	steady.advance(11 * time.Second)
	check(t, v, "the retired index", old, ErrRevoked)
	check(t, v, "the same delegation's later token, on the second list", later, nil)
	s.set(func() { delete(s.retired, "1") })
	steady.advance(11 * time.Second)
	check(t, v, "the first list is gone: what is known stays known", old, ErrRevoked)
	check(t, v, "the first list is gone: nothing is known of others", s.token("c", "1", 6), ErrRevocationUnknown)
	check(t, v, "the second list", later, nil)
}

func TestListsThatAreRefused(t *testing.T) {
	for name, tamper := range map[string]func(map[string]any){
		"another list":  func(c map[string]any) { c["sub"] = listPrefix + "2" },
		"expired":       func(c map[string]any) { c["exp"] = c["iat"].(int64) - 60 },
		"not yet":       func(c map[string]any) { c["iat"] = c["iat"].(int64) + 60 },
		"other issuer":  func(c map[string]any) { c["iss"] = "https://evil.example.com" },
		"older than we": func(c map[string]any) { c["iat"] = c["iat"].(int64) - 60 },
	} {
		s := newRecallServer(t)
		v, steady := s.verifier(RevocationPoll)
		token := s.token("a", "1", 5)
		check(t, v, "at first", token, nil)
		s.set(func() { s.tamper = func(_ string, c map[string]any) { tamper(c) } })
		s.clock.advance(11 * time.Second) // another ETag
		steady.advance(11 * time.Second)
		check(t, v, name, token, ErrRevocationUnknown)
	}
	s := newRecallServer(t)
	v, _ := s.verifier(RevocationPoll)
	token := s.token("a", "1", 5)
	s.set(func() { s.key = forgerKey() })
	check(t, v, "forged", token, ErrRevocationUnknown)
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := 0
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			elsewhere++
		}
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	t.Cleanup(server.Close)
	s := newRecallServer(t)
	for _, mode := range []RevocationMode{RevocationPoll, RevocationIntrospect} {
		v, _ := s.verifier(mode, WithHTTPClient(server.Client()))
		check(t, v, string(mode), s.token("a", "1", 5), ErrRevocationUnknown)
	}
	if elsewhere > 0 {
		t.Errorf("the credential was sent elsewhere %d times", elsewhere)
	}
}

func TestManyWaitForOneRequest(t *testing.T) {
	s := newRecallServer(t)
	v, _ := s.verifier(RevocationPoll)
	var waiting sync.WaitGroup
	for i := range 50 {
		token := s.token("a", "1", i)
		waiting.Go(func() { check(t, v, "one of many", token, nil) })
	}
	waiting.Wait()
	if s.requests("list") != 1 || s.requests("feed") != 1 {
		t.Errorf("got %d lists and %d feeds: want 1 and 1", s.requests("list"), s.requests("feed"))
	}
}

// While the issuer is down, nobody waits for it again and again.
func TestFailuresAreRemembered(t *testing.T) {
	s := newRecallServer(t)
	v, steady := s.verifier(RevocationPoll)
	token := s.token("a", "1", 5)
	s.set(func() { s.down = map[string]bool{"list": true, "feed": true} })
	for range 10 {
		check(t, v, "down", token, ErrRevocationUnknown)
	}
	if got := s.requests("feed"); got != 1 {
		t.Errorf("asked %d times: want 1", got)
	}
	s.set(func() { s.down = nil })
	steady.advance(time.Second)
	eventually(t, "it is accepted again", func() bool {
		_, err := v.Verify(t.Context(), token)
		return err == nil
	})
}

func TestCallerGoesAway(t *testing.T) {
	s := newRecallServer(t)
	v, _ := s.verifier(RevocationIntrospect)
	gate := make(chan struct{})
	s.set(func() { s.gate = gate })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.Verify(ctx, s.token("a", "1", 5)); Code(err) != "revocation_unknown" {
		t.Errorf("got %v", err)
	}
	if !v.RevocationState().Current {
		t.Error("a caller that goes away is no failure")
	}
	close(gate)
}
