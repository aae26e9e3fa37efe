package console_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"authsec/internal/httpapi/console"
)

func TestConsole(t *testing.T) {
	files := fstest.MapFS{"index.html": {Data: []byte("home")}, "setup.html": {Data: []byte("set up")}, "app.js": {Data: []byte("js")}, "style.css": {Data: []byte("css")},
		"assets/icon.svg": {Data: []byte("svg")}, "folder.d/x.js": {Data: []byte("x")}}
	h := console.Console{Files: files}.Endpoints()[0].Handler
	for _, c := range []struct {
		method, path string
		status       int
		body, kind   string
	}{
		{"GET", "/", 200, "home", "text/html"},
		{"HEAD", "/", 200, "", "text/html"},
		{"GET", "/setup", 200, "set up", "text/html"},
		{"GET", "/app.js", 200, "js", "text/javascript"},
		{"GET", "/style.css", 200, "css", "text/css"},
		{"GET", "/assets/icon.svg", 200, "svg", "image/svg+xml"},
		{"GET", "/assets", 404, "", ""},
		{"GET", "/folder.d", 404, "", ""},
		{"GET", "/nope", 404, "", ""},
		{"GET", "/../../etc/passwd", 404, "", ""},
		{"GET", "/%2e%2e/%2e%2e/etc/passwd", 404, "", ""},
		{"GET", "/a%00b.js", 404, "", ""},
		{"GET", "/..%5cindex.html", 404, "", ""},
		{"POST", "/", 405, "", ""},
	} {
		r := httptest.NewRequestWithContext(t.Context(), c.method, c.path, nil)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.status {
			t.Errorf("%s %s: %d %s", c.method, c.path, w.Code, w.Body)
			continue
		}
		switch {
		case c.status == 405 && w.Header().Get("Allow") != "GET, HEAD":
			t.Errorf("Allow %q", w.Header().Get("Allow"))
		case c.status != 200:
		case (c.method == http.MethodGet && w.Body.String() != c.body) || !strings.HasPrefix(w.Header().Get("Content-Type"), c.kind) || w.Header().Get("Cache-Control") != "no-cache":
			t.Errorf("%s %s: %s %v", c.method, c.path, w.Body, w.Header())
		}
		if csp := w.Header().Get("Content-Security-Policy"); c.status == 200 && (!strings.Contains(csp, "script-src 'self'") || strings.Contains(csp, "unsafe") || !strings.Contains(csp, "frame-ancestors 'none'")) {
			t.Errorf("%s: %s", c.path, csp)
		}
	}
}
