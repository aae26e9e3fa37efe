package httpapi_test

import (
	"io/fs"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// builtConsole is a console in the form in which the build leaves it.
func builtConsole() fs.FS {
	return fstest.MapFS{
		"index.html":         {Data: []byte(`<!doctype html><meta name="csp-nonce" content="__CSP_NONCE__"><div id="root"></div>`)},
		"assets/app-1.js":    {Data: []byte(strings.Repeat("export default 1;", 8))},
		"assets/app-1.js.br": {Data: []byte("brotli")},
	}
}

// visitor is a browser that holds a session's cookie, live or not.
func visitor(h *house) request {
	return func(r *http.Request) {
		navigation(r)
		r.AddCookie(&http.Cookie{Name: h.cookie.Name(), Value: "authsec_se_ended"})
	}
}

// navigation is how a browser asks for a page.
func navigation(r *http.Request) {
	r.Header.Set("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Sec-Fetch-Site", "none")
}

// TestDeepLinksGiveThePage with a policy whose nonce is the page's own.
func TestDeepLinksGiveThePage(t *testing.T) {
	h := newHouse(t, options{nobodySignedIn: true})
	pageNonce := regexp.MustCompile(`content="([\w-]{22})"`)
	seen := map[string]bool{}
	for _, path := range []string{"/", "/setup", "/clients/" + anID + "?tab=tokens", "/access/roles/support.v2", "/access/roles/a%2Fb", "/activity?q=%00",
		"/healthz%00", "/apis", "/clients/%2e%2e/x", "/" + strings.Repeat("x", 20_000)} {
		a := h.call("GET", path, nil, visitor(h))
		found := pageNonce.FindStringSubmatch(a.body)
		if a.status != 200 || found == nil || seen[found[1]] {
			t.Errorf("%.60s: %d, nonce %q, seen %v", path, a.status, found, seen)
			continue
		}
		seen[found[1]] = true
		if csp := a.header.Values("Content-Security-Policy"); len(csp) != 1 || !strings.Contains(csp[0], "style-src 'self' 'nonce-"+found[1]+"';") ||
			!strings.Contains(csp[0], "script-src 'self';") || strings.Contains(csp[0], "unsafe") {
			t.Errorf("%.60s: policy %q", path, csp)
		}
		for name, want := range map[string]string{"Cache-Control": "no-store", "Content-Type": "text/html; charset=utf-8", "X-Content-Type-Options": "nosniff",
			"Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin", "X-Frame-Options": "DENY"} {
			if a.header.Get(name) != want {
				t.Errorf("%.60s: %s %q", path, name, a.header.Get(name))
			}
		}
		if !strings.Contains(a.header.Get("Permissions-Policy"), "camera=()") {
			t.Errorf("%.60s: %v", path, a.header)
		}
	}
	first := h.call("GET", "/clients?tab=servers", nil, navigation).want(303)
	if got := first.header.Get("Location"); got != "/sign-in?return=%2Fclients%3Ftab%3Dservers" {
		t.Errorf("without a cookie: %q", got)
	}
	script := h.call("GET", "/assets/app-1.js", nil, header("Accept-Encoding", "gzip, br")).want(200)
	if script.body != "brotli" || script.header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
		t.Errorf("script: %v", script.header)
	}
}

// TestWhatProgramsCallIsNeverAPage, whoever asks and however it is escaped: an
// error that a program can read, not a page with 200.
func TestWhatProgramsCallIsNeverAPage(t *testing.T) {
	h := newHouse(t, options{nobodySignedIn: true})
	for _, path := range []string{
		"/api", "/api/", "/api/v1/nope", "/api/v1", "/api%2Fv1%2Fnope", "/api%2fv1/nope", "/%61pi/v1/nope",
		"/authsec", "/authsec/", "/authsec/x", "/authsec/uflow/sdk/delegation-token/x", "/authsec%2Fuflow%2Fsdk%2Fdelegation-token",
		"/.well-known/", "/.well-known/x", "/.well-known%2Fjwks.json", "/.well-known/jwks.json/",
		"/oauth2/", "/oauth2/x", "/oauth2%2Ftoken",
		"/healthz/", "/healthz/x", "/healthz%2Fx", "/readyz/x", "/metrics/x", "/metrics%2F",
	} {
		for name, who := range map[string][]request{
			"a program": nil, "a browser": {navigation}, "curl": {header("Accept", "*/*")}, "an SDK": {header("Accept", "application/json")},
		} {
			a := h.call("GET", path, nil, who...)
			kind := "application/json"
			if strings.HasPrefix(path, "/api/") || strings.HasPrefix(strings.ToLower(path), "/api%2f") || strings.HasPrefix(path, "/%61pi") {
				kind = "application/problem+json"
			}
			if a.status != 404 || a.header.Get("Content-Type") != kind || strings.Contains(a.body, "root") {
				t.Errorf("%s as %s: %d %s %s", path, name, a.status, a.header.Get("Content-Type"), a.body)
			}
		}
	}
	// A wrong base URL: the SDKs ask for JSON.
	wrong := h.call("GET", "/console"+tokenPath+"?client_id="+h.agent.ClientID, nil, header("Accept", "application/json")).want(404)
	if wrong.member("error") != "not_found" {
		t.Errorf("%s", wrong.body)
	}
	for path, allow := range map[string]string{"/healthz": "GET", "/readyz": "GET", "/metrics": "GET", "/clients": "GET, HEAD"} {
		if a := h.call("POST", path, nil); a.status != 405 || a.header.Get("Allow") != allow {
			t.Errorf("POST %s: %d %v", path, a.status, a.header)
		}
	}
}
