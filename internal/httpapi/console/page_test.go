package console_test

import (
	"bytes"
	"encoding/base64"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"authsec/internal/httpapi/console"
	"authsec/web"
)

var nonceInPage = regexp.MustCompile(`content="([A-Za-z0-9_-]+)"`)

// TestEachPageHasItsOwnNonce, the same in the page and in its policy.
func TestEachPageHasItsOwnNonce(t *testing.T) {
	h := handler(t, built())
	seen := map[string]bool{}
	for range 100 {
		w := get(t, h, "GET", "/clients")
		found := nonceInPage.FindStringSubmatch(w.Body.String())
		if found == nil || strings.Contains(w.Body.String(), "__CSP_NONCE__") {
			t.Fatalf("no nonce: %s", w.Body)
		}
		nonce := found[1]
		if raw, err := base64.RawURLEncoding.DecodeString(nonce); err != nil || len(raw) != 16 {
			t.Errorf("%q is not of 128 bits: %v", nonce, err)
		}
		if seen[nonce] {
			t.Fatal("a nonce comes twice")
		}
		seen[nonce] = true
		want := "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-" + nonce + "'; img-src 'self' data:; font-src 'self'; " +
			"connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
		if got := w.Header().Get("Content-Security-Policy"); got != want {
			t.Fatalf("policy %s", got)
		}
		if w.Body.String() != strings.Replace(index, "__CSP_NONCE__", nonce, 1) {
			t.Fatalf("page %s", w.Body)
		}
		if w.Header().Get("ETag") != "" || w.Header().Get("Permissions-Policy") == "" {
			t.Errorf("%v", w.Header())
		}
	}
}

// A page without a nonce that was drawn is no page.
func TestNoPageWithoutRandomness(t *testing.T) {
	endpoints, err := console.Console{Files: built(), Random: bytes.NewReader(make([]byte, 20)), Log: slog.New(slog.DiscardHandler)}.Endpoints()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{200, 500} { // 20 bytes are one nonce and a quarter
		if w := get(t, endpoints[0].Handler, "GET", "/"); w.Code != want || (want == 500 && strings.Contains(w.Body.String(), "root")) {
			t.Errorf("page %d: %d %s", i, w.Code, w.Body)
		}
	}
}

// TestTheEmbeddedConsoleStarts, before it is built, after, and without it.
func TestTheEmbeddedConsoleStarts(t *testing.T) {
	files, err := web.Files()
	if err != nil {
		t.Fatal(err)
	}
	w := get(t, handler(t, files), "GET", "/setup")
	_, statErr := files.Open("index.html")
	switch {
	case statErr == nil && (w.Code != 200 || !nonceInPage.MatchString(w.Body.String())):
		t.Errorf("built: %d %s", w.Code, w.Body)
	case statErr != nil && (w.Code != 404 || !strings.Contains(w.Body.String(), "/api/v1/setup")):
		t.Errorf("not built: %d %s", w.Code, w.Body)
	}
}
