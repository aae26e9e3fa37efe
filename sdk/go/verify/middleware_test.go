package verify

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestMiddleware(t *testing.T) {
	v := loadVectors(t)
	good := "Bearer " + v.token(t, "valid_minimal")
	const realm = `Bearer realm="https://billing.example.com"`
	const invalid = realm + `, error="invalid_token", error_description="`
	const twice = realm + `, error="invalid_request", error_description="send the token once, in one Authorization header"`
	const malformed = realm + `, error="invalid_request", error_description="the Authorization header is malformed: send the scheme, a space, the token"`
	for _, c := range []struct {
		name      string
		headers   []string
		query     string
		body      string
		status    int
		challenge string
		code      string
	}{
		{name: "good", headers: []string{good}, status: 200},
		{name: "lower case", headers: []string{"bearer" + good[6:]}, status: 200},
		{name: "upper case", headers: []string{"BEARER" + good[6:]}, status: 200},
		{name: "two spaces", headers: []string{"Bearer  " + good[7:]}, status: 200},
		{name: "other query", headers: []string{good}, query: "?a=1", status: 200},
		{name: "form token is not looked at", headers: []string{good}, body: "access_token=x", status: 200},

		{name: "none", status: 401, challenge: realm, code: "token_required"},
		{name: "none, in the query", query: "?access_token=" + good[7:], status: 401, challenge: realm, code: "token_required"},
		{name: "none, in the body", body: "access_token=" + good[7:], status: 401, challenge: realm, code: "token_required"},
		{name: "empty header", headers: []string{""}, status: 401, challenge: realm, code: "token_required"},
		{name: "Basic", headers: []string{"Basic YTpi"}, status: 401, challenge: realm, code: "token_required"},
		{name: "DPoP", headers: []string{"DPoP " + good[7:]}, status: 401, challenge: realm, code: "token_required"},
		{name: "no scheme", headers: []string{good[7:]}, status: 401, challenge: realm, code: "token_required"},

		{name: "twice", headers: []string{good, good}, status: 400, challenge: twice, code: "invalid_request"},
		{name: "two schemes", headers: []string{"Basic YTpi", good}, status: 400, challenge: twice, code: "invalid_request"},
		{name: "and in the query", headers: []string{good}, query: "?access_token=x", status: 400, challenge: twice, code: "invalid_request"},
		{name: "and in the query, escaped", headers: []string{good}, query: "?access%5Ftoken=x", status: 400, challenge: twice, code: "invalid_request"},
		{name: "scheme only", headers: []string{"Bearer"}, status: 400, challenge: malformed, code: "invalid_request"},
		{name: "scheme and spaces", headers: []string{"Bearer  "}, status: 400, challenge: malformed, code: "invalid_request"},
		{name: "two tokens", headers: []string{good + " x"}, status: 400, challenge: malformed, code: "invalid_request"},
		{name: "joined headers", headers: []string{good + ", " + good}, status: 400, challenge: malformed, code: "invalid_request"},
		{name: "quoted", headers: []string{`Bearer "x"`}, status: 400, challenge: malformed, code: "invalid_request"},
		{name: "parameter", headers: []string{"Bearer token=x"}, status: 400, challenge: malformed, code: "invalid_request"},
		{name: "padding only", headers: []string{"Bearer =="}, status: 400, challenge: malformed, code: "invalid_request"},
		{name: "tab", headers: []string{"Bearer\tx"}, status: 401, challenge: realm, code: "token_required"},
		{name: "not ASCII", headers: []string{"Bearer é"}, status: 400, challenge: malformed, code: "invalid_request"},

		{name: "nonsense", headers: []string{"Bearer x"}, status: 401, challenge: invalid + `the token is malformed"`, code: "invalid_token"},
		{name: "padded", headers: []string{good + "="}, status: 401, challenge: invalid + `the token is malformed"`, code: "invalid_token"},
		{name: "expired", headers: []string{"Bearer " + v.token(t, "exp_long_ago")}, status: 401, challenge: invalid + `the token has expired"`, code: "invalid_token"},
		{name: "other audience", headers: []string{"Bearer " + v.token(t, "aud_wrong_01")}, status: 401, challenge: invalid + `the token is for another audience"`, code: "invalid_token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log strings.Builder
			verifier := v.verifier(t, WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
			reached := false
			handler := verifier.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				claims, ok := FromContext(r.Context())
				reached = ok && claims.Subject == "user-7"
			}))
			r := httptest.NewRequest(http.MethodPost, "/bills/1"+c.query, strings.NewReader(c.body))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header["Authorization"] = c.headers
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if w.Code != c.status || reached != (c.status == 200) {
				t.Errorf("got status %d, handler reached: %t; want %d", w.Code, reached, c.status)
			}
			checkAnswer(t, w, c.challenge, c.code)
			if strings.Contains(log.String()+w.Body.String(), good[len(good)-20:]) {
				t.Error("the token is in the log or in the answer")
			}
		})
	}
}

// checkAnswer compares the challenge and the body's error code; both are empty
// for a request that was passed on.
func checkAnswer(t *testing.T, w *httptest.ResponseRecorder, challenge, code string) {
	t.Helper()
	if got := w.Header().Get("WWW-Authenticate"); got != challenge {
		t.Errorf("got challenge %s\nwant %s", got, challenge)
	}
	if code == "" {
		return
	}
	var body struct {
		Error       string
		Description string `json:"error_description"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || body.Error != code || body.Description == "" {
		t.Errorf("got body %s (%v): want error %s and a description", w.Body, err, code)
	}
	if got := w.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("got content type %s", got)
	}
	if got := w.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("got Cache-Control %s", got)
	}
}

func TestMiddlewareWithoutKeys(t *testing.T) {
	v := loadVectors(t)
	i := newIssuerServer(t, "") // no metadata: no keys
	handler := v.verifier(t, i.options()...).Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the request was passed on")
	}))
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+v.token(t, "valid_minimal"))
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	if w.Code != 503 || w.Header().Get("Retry-After") != "5" {
		t.Errorf("got status %d and Retry-After %q: want 503 and 5", w.Code, w.Header().Get("Retry-After"))
	}
	checkAnswer(t, w, "", "temporarily_unavailable")
}

func TestRequireActions(t *testing.T) {
	v := loadVectors(t)
	insufficient := func(scope string) string {
		return `Bearer realm="https://billing.example.com", error="insufficient_scope", ` +
			`error_description="the token does not allow this: ask for one that holds the actions named in scope", scope="` + scope + `"`
	}
	for _, c := range []struct {
		token     string
		actions   []string
		status    int
		challenge string
	}{
		{"valid_minimal", []string{"billing:read"}, 200, ""},
		{"valid_full", []string{"billing:read", "billing:refund"}, 200, ""},
		{"valid_minimal", []string{"billing:refund"}, 403, insufficient("billing:refund")},
		{"valid_minimal", []string{"billing:read", "billing:refund"}, 403, insufficient("billing:read billing:refund")},
		{"valid_minimal", []string{"billing:rea"}, 403, insufficient("billing:rea")},
		{"valid_minimal", []string{"Billing:read"}, 403, insufficient("Billing:read")},
		{"valid_no_scope", []string{"billing:read"}, 403, insufficient("billing:read")},
		{"valid_other_case_claims", []string{"billing:refund"}, 403, insufficient("billing:refund")},
	} {
		reached := false
		next := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true })
		handler := v.verifier(t).Middleware(RequireActions(c.actions[0], c.actions[1:]...)(next))
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "Bearer "+v.token(t, c.token))
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != c.status || reached != (c.status == 200) {
			t.Errorf("%s, %v: got status %d, handler reached: %t; want %d", c.token, c.actions, w.Code, reached, c.status)
		}
		code := map[int]string{403: "insufficient_scope"}[c.status]
		checkAnswer(t, w, c.challenge, code)
	}
}

func TestRequireActionsOutsideMiddleware(t *testing.T) {
	handler := RequireActions("billing:read")(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the request was passed on")
	}))
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != 500 {
		t.Errorf("got status %d: want 500", w.Code)
	}
}

func TestRequireActionsPanicsOnMalformedAction(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	RequireActions("billing:read", `a" b`)
}

func TestNewContext(t *testing.T) {
	if _, ok := FromContext(t.Context()); ok {
		t.Error("claims from nowhere")
	}
	claims := &Claims{Actions: []string{"billing:read"}}
	ctx := NewContext(t.Context(), claims)
	if got, ok := FromContext(ctx); !ok || got != claims {
		t.Error("the claims are not the ones put in")
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/", nil).WithContext(ctx)
	RequireActions("billing:read")(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
	if w.Code != 200 {
		t.Errorf("got status %d: want 200", w.Code)
	}
}
