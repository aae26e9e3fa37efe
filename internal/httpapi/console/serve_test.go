package console_test

import (
	"bytes"
	"crypto/rand"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"authsec/internal/httpapi/console"
)

const index = `<!doctype html><meta name="csp-nonce" content="__CSP_NONCE__"><div id="root"></div>`

// script is long enough that its encoded forms, here as good as any, are shorter.
var script = strings.Repeat("export default 1;", 8)

func built() fstest.MapFS {
	return fstest.MapFS{
		"index.html":           text(index),
		"index.html.gz":        text("encoded page"),
		"robots.txt":           text("User-agent: *"),
		"favicon.svg":          text("<svg/>"),
		".vite/manifest.json":  text("{}"),
		".DS_Store":            text("notes"),
		"assets/app-1.js":      text(script),
		"assets/app-1.js.br":   text("brotli script"),
		"assets/app-1.js.gz":   text("gzipped script"),
		"assets/_page-2.css":   text("body{margin:0}"),
		"assets/old-3.js":      text(script),
		"assets/old-3.js.gz":   text("gzipped old"),
		"assets/tiny-4.js":     text("1"),
		"assets/tiny-4.js.br":  text("longer than the file"),
		"assets/font-5.woff2":  text("font"),
		"assets/orphan.bin.gz": text("of nothing"),
		"locales/en/user.json": text("{}"),
	}
}

func text(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }

func handler(t testing.TB, files fs.FS) http.Handler {
	t.Helper()
	endpoints, err := console.Console{Files: files, PublicURL: "https://authsec.example", Random: rand.Reader, Log: slog.New(slog.DiscardHandler)}.Endpoints()
	if err != nil {
		t.Fatal(err)
	}
	return endpoints[0].Handler
}

// get asks for a path, which need not be one that a URL can hold. Headers are
// name and value in turn.
func get(t testing.TB, h http.Handler, method, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "/", nil)
	r.URL = &url.URL{Path: path}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestWhatIsAtWhichPath: files by their names, the page everywhere else.
func TestWhatIsAtWhichPath(t *testing.T) {
	const immutable, revalidated, never = "public, max-age=31536000, immutable", "no-cache", "no-store"
	h := handler(t, built())
	for _, c := range []struct {
		path, kind, cache, body string // body "": the page
	}{
		{"/robots.txt", "text/plain; charset=utf-8", revalidated, "User-agent: *"},
		{"/favicon.svg", "image/svg+xml", revalidated, "<svg/>"},
		{"/locales/en/user.json", "application/json", revalidated, "{}"},
		{"/assets/app-1.js", "text/javascript; charset=utf-8", immutable, script},
		{"/assets/_page-2.css", "text/css; charset=utf-8", immutable, "body{margin:0}"},
		{"/assets/font-5.woff2", "font/woff2", immutable, "font"},
		{path: "/"}, {path: ""},
		{path: "/setup"},
		{path: "/index.html"},
		{path: "/clients/0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e"},
		{path: "/access/roles/support.v2"},
		{path: "/access/roles/looks-like.js"},
		{path: "/access/roles/a/b"},
		{path: "/robots.txt/"},
		{path: "/ROBOTS.TXT"},
		{path: "/index.html.gz"},
		{path: "/.vite/manifest.json"},
		{path: "/.DS_Store"},
		{path: "/../../etc/passwd"},
		{path: "/a\x00b"},
		{path: `/..\robots.txt`},
		{path: "/\xff\xfe"},
		{path: "/" + strings.Repeat("a/", 30_000)},
	} {
		w := get(t, h, "GET", c.path)
		if c.body == "" {
			c.kind, c.cache = "text/html; charset=utf-8", never
			if !strings.Contains(w.Body.String(), `<div id="root">`) {
				t.Errorf("%.80q: not the page: %s", c.path, w.Body)
			}
		} else if w.Body.String() != c.body || w.Header().Get("ETag") == "" {
			t.Errorf("%q: %s %v", c.path, w.Body, w.Header())
		}
		if w.Code != 200 || w.Header().Get("Content-Type") != c.kind || w.Header().Get("Cache-Control") != c.cache {
			t.Errorf("%.80q: %d %v", c.path, w.Code, w.Header())
		}
	}
	for _, path := range []string{"/assets/", "/assets/nope.js", "/assets/app-1.js.br", "/assets/app-1.js.gz", "/assets/orphan.bin.gz", "/assets/../index.html",
		"/assets/../../../etc/passwd", "/assets/app-1.js/", "/assets/app-1.js\x00", "/assets/./app-1.js", "/assets//app-1.js", `/assets/..\..\index.html`} {
		w := get(t, h, "GET", path, "Accept", "text/html")
		if w.Code != 404 || w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%q: %d %v", path, w.Code, w.Header())
		}
	}
}

func TestMethods(t *testing.T) {
	h := handler(t, built())
	for _, path := range []string{"/", "/clients", "/assets/app-1.js", "/assets/nope.js"} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} {
			if w := get(t, h, method, path); w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %d %v", method, path, w.Code, w.Header())
			}
		}
		read, head := get(t, h, "GET", path), get(t, h, "HEAD", path)
		if head.Code != read.Code || head.Header().Get("Content-Length") != read.Header().Get("Content-Length") || head.Header().Get("ETag") != read.Header().Get("ETag") {
			t.Errorf("%s: GET %v, HEAD %v", path, read.Header(), head.Header())
		}
		if head.Code == 200 && head.Body.Len() > 0 {
			t.Errorf("HEAD %s has a body", path)
		}
	}
}

// TestAPageIsForThoseWhoAcceptOne: an SDK with a wrong base URL gets an error it
// can read, not a page.
func TestAPageIsForThoseWhoAcceptOne(t *testing.T) {
	for kind, files := range map[string]fs.FS{"text/html; charset=utf-8": built(), "text/plain; charset=utf-8": fstest.MapFS{}} {
		h := handler(t, files)
		for accept, page := range map[string]bool{
			"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": true,
			"*/*":                              true,
			"TEXT/HTML; Q=0.5":                 true,
			"text/*":                           true,
			"application/json":                 false,
			"application/json, */*;q=0":        false,
			"text/html;q=0, */*":               false,
			"text/html;q=0.000, text/plain":    false,
			"text/html;q=1.5, image/png":       false,
			strings.Repeat("a/b,", 20_000):     false,
			"application/json;a=\"text/html\"": false,
		} {
			w := get(t, h, "GET", "/wrong/authsec/uflow/sdk/delegation-token", "Accept", accept)
			if got := w.Header().Get("Content-Type"); page != (got == kind) || (!page && (w.Code != 404 || got != "application/json")) {
				t.Errorf("Accept %.60q: %d %s", accept, w.Code, got)
			}
		}
	}
}

// TestWhatMustNotStart: a build that the server could not serve well.
func TestWhatMustNotStart(t *testing.T) {
	for name, c := range map[string]struct{ file, content, says string }{
		"no place for the nonce":   {"index.html", "<!doctype html>", "0 times"},
		"two places for the nonce": {"index.html", index + index, "2 times"},
		"an unknown type":          {"assets/app.wasm", "x", ".wasm"},
		"no type":                  {"LICENSE", "x", "content type"},
	} {
		files := built()
		files[c.file] = text(c.content)
		_, err := console.Console{Files: files, Random: rand.Reader, Log: slog.New(slog.DiscardHandler)}.Endpoints()
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"assets", "index.html", "assets/app-1.js", "assets/app-1.js.br"} {
		files := failing{built(), name}
		if _, err := (console.Console{Files: files, Random: rand.Reader, Log: slog.New(slog.DiscardHandler)}).Endpoints(); err == nil {
			t.Errorf("%s cannot be read, and it starts", name)
		}
	}
}

// failing is a file system of which one file cannot be read.
type failing struct {
	fs.FS
	name string
}

func (f failing) Open(name string) (fs.File, error) {
	if name == f.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: io.ErrUnexpectedEOF}
	}
	return f.FS.Open(name)
}

func TestABuildWithoutConsoleSaysSo(t *testing.T) {
	var log bytes.Buffer
	endpoints, err := console.Console{Files: fstest.MapFS{"robots.txt": text("User-agent: *")}, PublicURL: "https://authsec.example",
		Random: rand.Reader, Log: slog.New(slog.NewTextHandler(&log, nil))}.Endpoints()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), "no console") {
		t.Errorf("log %q", log.String())
	}
	h := endpoints[0].Handler
	for path, says := range map[string]string{
		"/":              "authsec --help",
		"/clients/a.b.c": "https://authsec.example/api/v1",
		"/setup":         "curl -X POST https://authsec.example/api/v1/setup",
	} {
		w := get(t, h, "GET", path)
		if w.Code != 404 || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" || w.Header().Get("Cache-Control") != "no-store" ||
			!strings.Contains(w.Body.String(), says) || !strings.Contains(w.Body.String(), "make build") {
			t.Errorf("%s: %d %v %s", path, w.Code, w.Header(), w.Body)
		}
		if head := get(t, h, "HEAD", path); head.Code != 404 || head.Body.Len() != 0 {
			t.Errorf("HEAD %s: %d %s", path, head.Code, head.Body)
		}
	}
	if w := get(t, h, "GET", "/robots.txt"); w.Code != 200 {
		t.Errorf("robots.txt: %d", w.Code)
	}
	if w := get(t, h, "GET", "/assets/app.js"); w.Code != 404 {
		t.Errorf("a missing asset: %d", w.Code)
	}
}
