package console_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

// TestABrowserWithoutSessionSignsInFirst, and comes back to where it was going.
func TestABrowserWithoutSessionSignsInFirst(t *testing.T) {
	h := handler(t, built())
	visit := func(h http.Handler, method, target string, headers ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), method, target, nil)
		r.Header.Set("Sec-Fetch-Mode", "navigate")
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for target, location := range map[string]string{
		"/":                               "/sign-in",
		"/?days=7":                        "/sign-in?return=%2F%3Fdays%3D7",
		"/clients?q=a%26b&tab=servers":    "/sign-in?return=%2Fclients%3Fq%3Da%2526b%26tab%3Dservers",
		"/access/roles/a%2Fb":             "/sign-in?return=%2Faccess%2Froles%2Fa%252Fb",
		"/x%0d%0aSet-Cookie:%20a=b":       "/sign-in?return=%2Fx%250d%250aSet-Cookie%3A%2520a%3Db",
		"/sign-in/":                       "/sign-in?return=%2Fsign-in%2F",
		"/" + strings.Repeat("x", 20_000): "/sign-in",
	} {
		for _, method := range []string{"GET", "HEAD"} {
			w := visit(h, method, target)
			if w.Code != http.StatusSeeOther || w.Header().Get("Location") != location || w.Header().Get("Cache-Control") != "no-store" || w.Body.Len() > 0 {
				t.Errorf("%s %.60s: %d %v %s", method, target, w.Code, w.Header(), w.Body)
			}
		}
	}
	for name, w := range map[string]*httptest.ResponseRecorder{
		"signing in":      visit(h, "GET", "/sign-in?return=%2Fclients"),
		"setting up":      visit(h, "GET", "/setup"),
		"with a cookie":   visit(h, "GET", "/clients", "Cookie", "authsec_session=authsec_se_x"),
		"not a visit":     visit(h, "GET", "/clients", "Sec-Fetch-Mode", "cors"),
		"a plain program": visit(h, "GET", "/clients", "Sec-Fetch-Mode", ""),
	} {
		if w.Code != 200 || !strings.Contains(w.Body.String(), `<div id="root">`) {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
	}
	if w := visit(h, "GET", "/robots.txt"); w.Code != 200 {
		t.Errorf("a file: %d", w.Code)
	}
	// Nothing signs in where there is no console.
	if w := visit(handler(t, fstest.MapFS{}), "GET", "/clients"); w.Code != 404 {
		t.Errorf("without a console: %d %v", w.Code, w.Header())
	}
}
