package verify

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"authsec/sdk/go/internal/recall"
)

func TestIntrospect(t *testing.T) {
	s := newRecallServer(t)
	v, _ := s.verifier(RevocationIntrospect)
	token, other := s.token("a", "1", 5), s.token("b", "", 0)
	check(t, v, "active", token, nil)
	check(t, v, "active, once more", token, nil)
	if got := s.requests("introspect"); got != 2 {
		t.Errorf("asked %d times: want 2, for nothing is kept", got)
	}
	s.set(func() { s.inactive[token] = true })
	check(t, v, "inactive", token, ErrRevoked)
	check(t, v, "another", other, nil)
	s.set(func() { s.down = map[string]bool{"introspect": true} })
	check(t, v, "down", other, ErrRevocationUnknown)
	if st := v.RevocationState(); st.Current || st.Err == nil || st.Mode != RevocationIntrospect {
		t.Errorf("got state %+v", st)
	}
	s.set(func() { s.down = nil })
	check(t, v, "up again", other, nil)
	if st := v.RevocationState(); !st.Current || st.PollAge != 0 {
		t.Errorf("got state %+v", st)
	}
	if s.requests("list")+s.requests("feed")+s.requests("stream") > 0 {
		t.Error("something else was asked")
	}
}

func TestIntrospectCache(t *testing.T) {
	s := newRecallServer(t)
	v, steady := s.verifier(RevocationIntrospect, WithIntrospectionCache(time.Second))
	token := s.token("a", "1", 5)
	check(t, v, "active", token, nil)
	s.set(func() { s.inactive[token] = true })
	steady.advance(999 * time.Millisecond)
	check(t, v, "kept", token, nil)
	steady.advance(time.Millisecond)
	check(t, v, "no more", token, ErrRevoked)
	check(t, v, "still", token, ErrRevoked)
	s.set(func() { s.inactive[token] = false })
	check(t, v, "inactive is not kept", token, nil)
}

func TestIntrospectAcceptsUnknown(t *testing.T) {
	s := newRecallServer(t)
	v, _ := s.verifier(RevocationIntrospect, WithOnUnknown(AcceptUnknown))
	token := s.token("a", "1", 5)
	s.set(func() { s.down = map[string]bool{"introspect": true} })
	check(t, v, "down", token, nil)
	s.set(func() { s.down, s.inactive[token] = nil, true })
	check(t, v, "inactive", token, ErrRevoked)
}

func TestIntrospectAsksOnceForMany(t *testing.T) {
	s := newRecallServer(t)
	v, _ := s.verifier(RevocationIntrospect)
	gate := make(chan struct{})
	s.set(func() { s.gate = gate })
	token := s.token("a", "1", 5)
	entered := &entering{checker: v.recalls.checker}
	v.recalls.checker = entered
	var waiting sync.WaitGroup
	for range 20 {
		waiting.Go(func() { check(t, v, "one of many", token, nil) })
	}
	eventually(t, "all ask", func() bool { return entered.count.Load() == 20 && s.requests("introspect") > 0 })
	close(gate)
	waiting.Wait()
	if got := s.requests("introspect"); got > 3 { // the last to enter can be a moment late
		t.Errorf("asked %d times", got)
	}
}

// entering counts who has come to a check.
type entering struct {
	checker
	count atomic.Int64
}

func (e *entering) Check(ctx context.Context, token *recall.Token) error {
	e.count.Add(1)
	return e.checker.Check(ctx, token)
}

func TestWrongCredential(t *testing.T) {
	s := newRecallServer(t)
	for _, mode := range []RevocationMode{RevocationPoll, RevocationIntrospect} {
		v, _ := s.verifier(mode, WithRevocation(mode, Credential{"res-1", "wrong"}))
		check(t, v, string(mode), s.token("a", "1", 5), ErrRevocationUnknown)
		if err := v.RevocationState().Err; err == nil || !strings.Contains(err.Error(), "401") {
			t.Errorf("%s: got %v: want the status", mode, err)
		}
	}
}

func TestStatusRequired(t *testing.T) {
	s := newRecallServer(t)
	v, _ := s.verifier(RevocationPoll, WithStatusRequired())
	check(t, v, "with a status", s.token("a", "1", 5), nil)
	check(t, v, "without", s.token("b", "", 0), ErrClaims)
}

func TestUnknownIsToldOnce(t *testing.T) {
	s := newRecallServer(t)
	var log strings.Builder
	v, steady := s.verifier(RevocationPoll, WithLogger(slog.New(slog.NewTextHandler(&log, nil))), WithOnUnknown(AcceptUnknown))
	token := s.token("a", "1", 5)
	s.set(func() { s.down = map[string]bool{"feed": true} })
	for range 3 {
		check(t, v, "down", token, nil)
	}
	s.set(func() { s.down = nil })
	steady.advance(11 * time.Second)
	for range 3 {
		check(t, v, "up", token, nil)
	}
	if strings.Count(log.String(), "revocation_unknown") != 1 || strings.Count(log.String(), "revocation_known_again") != 1 {
		t.Errorf("got log\n%s", log.String())
	}
	if strings.Contains(log.String(), "s3cret") || strings.Contains(log.String(), token[:40]) {
		t.Error("a secret is in the log")
	}
}

func TestMiddlewareRevocation(t *testing.T) {
	s := newRecallServer(t)
	v, _ := s.verifier(RevocationPoll)
	s.record("1", 5, "")
	handler := v.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("passed on") }))
	for _, c := range []struct {
		token, challenge, code, retry string
		status                        int
	}{
		{s.token("a", "1", 5), `Bearer realm="https://billing.example.com", error="invalid_token", error_description="the token has been revoked"`, "invalid_token", "", 401},
		{s.token("b", "9", 5), "", "temporarily_unavailable", "5", 503},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "Bearer "+c.token)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != c.status || w.Header().Get("Retry-After") != c.retry {
			t.Errorf("got status %d and Retry-After %q: want %d and %q", w.Code, w.Header().Get("Retry-After"), c.status, c.retry)
		}
		checkAnswer(t, w, c.challenge, c.code)
	}
}

func TestRevocationSettings(t *testing.T) {
	keys := WithKeys(jwksOf(t))
	full := Credential{"res-1", "secret"}
	for _, c := range []struct {
		name    string
		issuer  string
		options []Option
		want    string // "" accepts
	}{
		{"none", "any name", nil, ""},
		{"poll without a credential", recallIssuer, []Option{WithRevocation(RevocationPoll, Credential{})}, ""},
		{"everything", recallIssuer, []Option{WithRevocation(RevocationIntrospect, full), WithRevocationStaleness(time.Minute), WithOnUnknown(AcceptUnknown),
			WithStatusRequired(), WithIntrospectionCache(time.Second)}, ""},
		{"push without a credential", recallIssuer, []Option{WithRevocation(RevocationPush, Credential{})}, "ID and the secret"},
		{"introspect without a secret", recallIssuer, []Option{WithRevocation(RevocationIntrospect, Credential{ID: "res-1"})}, "ID and the secret"},
		{"poll with half a credential", recallIssuer, []Option{WithRevocation(RevocationPoll, Credential{ID: "res-1"})}, "ID and the secret"},
		{"no such mode", recallIssuer, []Option{WithRevocation("pull", full)}, "pull"},
		{"a credential for none", recallIssuer, []Option{WithRevocation(RevocationNone, full)}, "no effect"},
		{"staleness for none", recallIssuer, []Option{WithRevocationStaleness(time.Minute)}, "no effect"},
		{"too stale", recallIssuer, []Option{WithRevocation(RevocationPoll, full), WithRevocationStaleness(2 * time.Hour)}, "staleness"},
		{"not stale enough", recallIssuer, []Option{WithRevocation(RevocationPoll, full), WithRevocationStaleness(time.Millisecond)}, "staleness"},
		{"kept too long", recallIssuer, []Option{WithRevocation(RevocationIntrospect, full), WithIntrospectionCache(2 * time.Second)}, "cache"},
		{"plain http", "http://authsec:7468", []Option{WithRevocation(RevocationPoll, full)}, "https"},
		{"plain http, allowed", "http://authsec:7468", []Option{WithRevocation(RevocationPoll, full), WithPlainHTTP()}, ""},
		{"an issuer that is no URL", "any name", []Option{WithRevocation(RevocationPoll, full)}, "issuer"},
	} {
		v, err := New(c.issuer, recallAudience, append(c.options, keys)...)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
		if err == nil {
			v.Close()
		}
	}
}

func jwksOf(t *testing.T) []byte {
	t.Helper()
	return loadVectors(t).jwks
}

func TestCredentialDoesNotPrint(t *testing.T) {
	c := Credential{"res-1", "hush"}
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), fmt.Sprintf("%v", &c), fmt.Sprintf("%q", c)} {
		if strings.Contains(text, "hush") || !strings.Contains(text, "res-1") {
			t.Errorf("got %s", text)
		}
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "credential", c)
	if strings.Contains(log.String(), "hush") {
		t.Errorf("got log %s", log.String())
	}
}

func TestRevocationStateOfNone(t *testing.T) {
	st := loadVectors(t).verifier(t).RevocationState()
	if st.Mode != RevocationNone || !st.Current || st.HeartbeatAge >= 0 || st.PollAge >= 0 {
		t.Errorf("got %+v", st)
	}
	if text := st.LogValue().String(); !strings.Contains(text, "mode=none") {
		t.Errorf("got %s", text)
	}
}
