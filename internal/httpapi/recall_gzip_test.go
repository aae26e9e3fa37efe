package httpapi_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestStatusList8_2_Gzip: "The HTTP response SHOULD use gzip Content-Encoding", for
// those who accept it; each representation has its own tag (RFC 9110 §8.8.3.3).
func TestStatusList8_2_Gzip(t *testing.T) {
	h := newHouse(t, options{})
	const path = "/oauth2/status-lists/1"
	plain := h.call("GET", path, nil).want(200)
	zipped := h.call("GET", path, nil, header("Accept-Encoding", "gzip")).want(200)
	r, err := gzip.NewReader(strings.NewReader(zipped.body))
	h.must(err)
	text, err := io.ReadAll(r)
	h.must(err)
	if string(text) != plain.body || len(zipped.body) >= len(plain.body) {
		t.Errorf("%d bytes, %d as gzip: %.80s", len(plain.body), len(zipped.body), text)
	}
	tags := map[string]string{"": plain.header.Get("ETag"), "gzip": zipped.header.Get("ETag")}
	if tags[""] == tags["gzip"] || tags[""] == "" || tags["gzip"] == "" {
		t.Errorf("tags %q", tags)
	}
	for _, c := range []struct{ accept, coding string }{
		{"gzip", "gzip"},
		{"br, GZIP;q=0.5", "gzip"},
		{"x-gzip", "gzip"},
		{"*", "gzip"},
		{"identity;q=0.5, gzip", "gzip"},
		{"", ""},
		{"identity", ""},
		{"gzip;q=0", ""},
		{"gzip;q=0, *", ""},
		{"gzip;q=0.5, identity", ""},
		{"br", ""},
		{"gzip;q=x", ""},
	} {
		accept := header("Accept-Encoding", c.accept)
		other := map[string]string{"": "gzip", "gzip": ""}[c.coding]
		for name, a := range map[string]answer{"whole": h.call("GET", path, nil, accept).want(200),
			"changed":       h.call("GET", path, nil, accept, header("If-None-Match", `"x"`)).want(200),
			"same":          h.call("GET", path, nil, accept, header("If-None-Match", tags[c.coding])).want(304),
			"another's tag": h.call("GET", path, nil, accept, header("If-None-Match", tags[other])).want(200)} {
			if a.header.Get("Vary") != "Accept-Encoding" || a.header.Get("ETag") != tags[c.coding] || a.header.Get("Cache-Control") != "public, max-age=10" {
				t.Errorf("%q, %s: %v", c.accept, name, a.header)
			}
			body, coding := map[string]string{"": plain.body, "gzip": zipped.body}[c.coding], c.coding
			if name == "same" {
				body, coding = "", ""
			}
			if a.header.Get("Content-Encoding") != coding || a.body != body {
				t.Errorf("%q, %s: %v, %d bytes", c.accept, name, a.header, len(a.body))
			}
		}
	}
	// net/http's client asks for gzip by itself, and unpacks it; so does our Go verifier, which uses it.
	s := h.serve()
	get := func(tag string) (*http.Response, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.server.URL+path, nil)
		h.must(err)
		req.Host = "localhost:7468"
		if tag != "" {
			req.Header.Set("If-None-Match", tag)
		}
		resp, err := http.DefaultTransport.RoundTrip(req)
		h.must(err)
		defer resp.Body.Close() //nolint:errcheck // only read
		body, err := io.ReadAll(resp.Body)
		h.must(err)
		return resp, string(body)
	}
	first, body := get("")
	if !first.Uncompressed || body != plain.body || first.Header.Get("ETag") != tags["gzip"] {
		t.Errorf("uncompressed %v, %v", first.Uncompressed, first.Header)
	}
	if again, _ := get(first.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
		t.Errorf("by its tag: %d", again.StatusCode)
	}
}
