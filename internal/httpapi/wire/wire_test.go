package wire_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/httpapi/wire"
)

func fail(t *testing.T, write func(http.ResponseWriter, *http.Request, error), err error) (*httptest.ResponseRecorder, map[string]any) {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(wire.NewContext(t.Context(), &wire.Request{ID: "req-1"}), http.MethodGet, "/api/v1/x%20y?secret=1", nil)
	write(w, r, err)
	if got := wire.FromContext(r.Context()).Err; !errors.Is(got, err) {
		t.Errorf("the log's error is %v", got)
	}
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	return w, body
}

// TestEveryKindHasItsStatus: a kind that is new and unmapped would be a 500.
func TestEveryKindHasItsStatus(t *testing.T) {
	want := map[domain.Kind]int{domain.Internal: 500, domain.Invalid: 400, domain.Unauthenticated: 401, domain.Forbidden: 403, domain.NotFound: 404,
		domain.Conflict: 409, domain.Gone: 410, domain.TooLarge: 413, domain.RateLimited: 429, domain.Unavailable: 503, domain.MethodNotAllowed: 405,
		domain.Misdirected: 421, domain.UnsupportedMedia: 415}
	for k := domain.Internal; k.String() != "unknown"; k++ {
		if got := wire.Status(k); want[k] == 0 || got != want[k] {
			t.Errorf("%s: %d, want %d", k, got, want[k])
		}
	}
	if wire.Status(200) != 500 {
		t.Error("a kind there is not is no 500")
	}
}

func TestProblem(t *testing.T) {
	err := fmt.Errorf("while doing it: %w", &domain.Error{Kind: domain.Invalid, Code: "invalid_request", Public: "name is required.",
		Fields: []domain.FieldError{{Field: "/name", Code: "required", Message: "name is required."}}, Err: errors.New("inside")})
	w, body := fail(t, wire.Problem, err)
	got, _ := json.Marshal(body)
	const want = `{"code":"invalid_request","detail":"name is required.","errors":[{"code":"required","field":"/name","message":"name is required."}],` +
		`"instance":"/api/v1/x%20y","request_id":"req-1","status":400,"title":"Bad Request","type":"about:blank"}`
	if string(got) != want || w.Code != 400 || w.Header().Get("Content-Type") != "application/problem+json" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s\n%v", w.Code, got, w.Header())
	}
	if w, _ := fail(t, wire.Problem, domain.Errorf(domain.Unauthenticated, "unauthenticated", "Sign in.")); w.Header().Get("WWW-Authenticate") != `Bearer realm="authsec"` {
		t.Errorf("%v", w.Header())
	}
}

func TestOAuthError(t *testing.T) {
	w, body := fail(t, wire.OAuthError, &domain.Error{Kind: domain.Conflict, Code: "ambiguous_delegation", Public: "Name one.",
		Details: map[string]any{"delegations": []string{"a"}, "error": "overwritten", "request_id": "overwritten"}})
	if w.Code != 409 || body["error"] != "ambiguous_delegation" || body["error_description"] != "Name one." || body["request_id"] != "req-1" || body["delegations"] == nil {
		t.Errorf("%d %v", w.Code, body)
	}
	w, body = fail(t, wire.OAuthError, &domain.Error{Kind: domain.Invalid, Details: map[string]any{"x": math.NaN()}})
	if w.Code != 500 || body["error"] != "internal_error" {
		t.Errorf("details that cannot be encoded: %d %v", w.Code, body)
	}
}

// TestWhatIsNotOursToTellStaysInside, whatever wraps it.
func TestWhatIsNotOursToTellStaysInside(t *testing.T) {
	for _, err := range []error{
		errors.New("sqlite: constraint failed"),
		fmt.Errorf("query: %w", context.DeadlineExceeded),
		&domain.Error{Kind: domain.Internal, Code: "sqlite", Public: "sqlite", Details: map[string]any{"sqlite": "sqlite"}},
		&domain.Error{Kind: domain.Invalid, Code: "bad", Public: "Bad.", Err: errors.New("sqlite")},
	} {
		for _, write := range []func(http.ResponseWriter, *http.Request, error){wire.Problem, wire.OAuthError} {
			if w, _ := fail(t, write, err); strings.Contains(w.Body.String(), "sqlite") || strings.Contains(w.Body.String(), "deadline") {
				t.Errorf("%v: %s", err, w.Body)
			}
		}
	}
	if w, body := fail(t, wire.Problem, fmt.Errorf("read: %w", &http.MaxBytesError{Limit: 7})); w.Code != 413 || body["code"] != "too_large" {
		t.Errorf("%d %v", w.Code, body)
	}
	if _, body := fail(t, wire.Problem, &domain.Error{Kind: domain.Gone, Public: "Gone."}); body["code"] != "gone" {
		t.Errorf("an error without a code: %v", body)
	}
}

func TestRetryAfterIsWholeSecondsAndNeverNone(t *testing.T) {
	for after, want := range map[time.Duration]string{0: "1", time.Millisecond: "1", time.Second: "1", 1001 * time.Millisecond: "2", time.Minute: "60", -time.Hour: "1"} {
		w, _ := fail(t, wire.Problem, &domain.Error{Kind: domain.RateLimited, Code: "rate_limited", RetryAfter: after})
		if got := w.Header().Get("Retry-After"); got != want {
			t.Errorf("%s: %q, want %q", after, got, want)
		}
	}
	if w, _ := fail(t, wire.Problem, &domain.Error{Kind: domain.Conflict, RetryAfter: time.Minute}); w.Header().Get("Retry-After") != "" {
		t.Error("a conflict is told to wait")
	}
}

func TestJSON(t *testing.T) {
	w := httptest.NewRecorder()
	if err := wire.JSON(w, 201, map[string]int{"a": 1}); err != nil || w.Code != 201 || w.Body.String() != "{\"a\":1}\n" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%v %d %s %v", err, w.Code, w.Body, w.Header())
	}
	w = httptest.NewRecorder()
	if err := wire.JSON(w, 200, math.Inf(1)); err == nil || w.Body.Len() > 0 {
		t.Error("what cannot be encoded is written")
	}
}

func TestSessionCookieIsReadOnlyAlone(t *testing.T) {
	read := func(c wire.SessionCookie, header string) domain.Secret {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET / HTTP/1.1\r\nHost: x\r\nCookie: " + header + "\r\n\r\n")))
		if err != nil {
			t.Fatal(err)
		}
		return c.Read(r)
	}
	plain, secure := wire.SessionCookie{}, wire.SessionCookie{Secure: true}
	for _, c := range []struct {
		cookie wire.SessionCookie
		header string
		want   domain.Secret
	}{
		{plain, "authsec_session=a", "a"}, {plain, "x=1; authsec_session=a", "a"}, {plain, "authsec_session=a; authsec_session=b", ""},
		{plain, "__Host-authsec_session=a", ""}, {secure, "authsec_session=a", ""}, {secure, "__Host-authsec_session=a", "a"}, {plain, "Authsec_Session=a", ""}, {plain, "x=1", ""},
	} {
		if got := read(c.cookie, c.header); got.Reveal() != c.want.Reveal() {
			t.Errorf("%q: %q, want %q", c.header, got.Reveal(), c.want.Reveal())
		}
	}
}

func TestForwarded(t *testing.T) {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		if wire.Forwarded(r) {
			t.Fatal("no header says so")
		}
		r.Header.Set(name, "")
		if !wire.Forwarded(r) {
			t.Errorf("%s, though empty, is overlooked", name)
		}
	}
}

func TestWordsAndSeconds(t *testing.T) {
	if got := strings.Join(wire.Words(" a,b  c,,"), "|"); got != "a|b|c" || len(wire.Words("")) != 0 {
		t.Errorf("%q", got)
	}
	at := time.Date(2026, 5, 21, 9, 0, 0, 999_999_999, time.FixedZone("", 7200))
	if got := wire.Seconds(at); got != "2026-05-21T07:00:00Z" {
		t.Error(got)
	}
	if wire.FromContext(t.Context()) == nil {
		t.Error("a context without a request")
	}
}
