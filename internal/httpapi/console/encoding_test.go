package console_test

import (
	"strconv"
	"strings"
	"testing"
)

// TestWhichCodingIsSent, by RFC 9110 §12.5.3.
func TestWhichCodingIsSent(t *testing.T) {
	h := handler(t, built())
	for _, c := range []struct{ accept, coding string }{
		{"br, gzip", "br"},
		{"gzip, deflate, br, zstd", "br"},
		{"gzip", "gzip"},
		{"x-gzip", "gzip"},
		{"GZIP", "gzip"},
		{"Br;Q=1", "br"},
		{"", ""},
		{"identity", ""},
		{"deflate", ""},
		{"br;q=0", ""},
		{"br;q=0, gzip", "gzip"},
		{"br;q=0.0, gzip;q=0.000", ""},
		{"br;q=0.4, gzip;q=0.5", "gzip"},
		{"br;q=0.499,gzip;q=0.5", "gzip"},
		{"br;q=0.5, gzip;q=0.5", "br"},
		{"gzip;q=0.001", "gzip"},
		{"gzip;q=0.5, identity", ""},
		{"gzip;q=0.5, identity;q=0.5", "gzip"},
		{"gzip, identity;q=0", "gzip"},
		{"*", "br"},
		{"*;q=0", ""},
		{"*;q=0, gzip", "gzip"},
		{"gzip;q=0.9, *", "br"},
		{"*;q=0.1, gzip", "gzip"},
		{"br;q=0, *", "gzip"},
		{"br;q=0, gzip;q=0, *", ""},
		{"identity;q=0", ""}, // nothing else is accepted, and a page half loaded helps nobody
		{"identity;q=0, *;q=0", ""},
		{"\tbr\t;\tq=1\t,\tgzip", "br"},
		{"br;q=2, gzip", "gzip"},
		{"br;q=1.001, gzip", "gzip"},
		{"br;q=1.000", "br"},
		{"br;q=0.0001", ""},
		{"br;q=-1", ""},
		{"br;q=", ""},
		{"br;q=abc", ""},
		{"br;q=0.a", ""},
		{"br;q=.5", ""},
		{"br;level=1;q=0", ""},
		{",,,;;;q,=", ""},
		{"brotli", ""},
		{"br gzip", ""},
		{"\x00br", ""},
		{strings.Repeat("x,", 30_000) + "br", ""}, // past what is read
		{strings.Repeat(";", 60_000), ""},
		{"br;" + strings.Repeat("q=0;", 10_000), ""},
	} {
		w := get(t, h, "GET", "/assets/app-1.js", "Accept-Encoding", c.accept)
		body := map[string]string{"": script, "br": "brotli script", "gzip": "gzipped script"}[c.coding]
		if w.Code != 200 || w.Header().Get("Content-Encoding") != c.coding || w.Body.String() != body {
			t.Errorf("Accept-Encoding %.60q: %q %.60s", c.accept, w.Header().Get("Content-Encoding"), w.Body)
		}
		if w.Header().Get("Vary") != "Accept-Encoding" || w.Header().Get("Content-Type") != "text/javascript; charset=utf-8" {
			t.Errorf("Accept-Encoding %.60q: %v", c.accept, w.Header())
		}
	}
	if w := get(t, h, "GET", "/assets/app-1.js"); w.Header().Get("Content-Encoding") != "" || w.Body.String() != script {
		t.Errorf("no Accept-Encoding: %v", w.Header())
	}
	if w := get(t, h, "GET", "/assets/app-1.js", "Accept-Encoding", "br;q=0.2", "Accept-Encoding", "gzip"); w.Header().Get("Content-Encoding") != "gzip" {
		t.Errorf("two fields: %v", w.Header())
	}
}

// TestFormsThatTheBuildLacks: what it did not encode, or only made longer.
func TestFormsThatTheBuildLacks(t *testing.T) {
	h := handler(t, built())
	for path, coding := range map[string]string{"/assets/old-3.js": "gzip", "/assets/tiny-4.js": "", "/assets/font-5.woff2": "", "/robots.txt": "", "/": ""} {
		w := get(t, h, "GET", path, "Accept-Encoding", "br, gzip")
		if w.Code != 200 || w.Header().Get("Content-Encoding") != coding || (w.Header().Get("Vary") != "") != (coding != "") {
			t.Errorf("%s: %v", path, w.Header())
		}
	}
}

// TestConditionsAndRanges: each form has a strong ETag of its own.
func TestConditionsAndRanges(t *testing.T) {
	h := handler(t, built())
	etags := map[string]string{}
	for _, coding := range []string{"br", "gzip", "identity"} {
		w := get(t, h, "GET", "/assets/app-1.js", "Accept-Encoding", coding)
		etag := w.Header().Get("ETag")
		if !strings.HasPrefix(etag, `"`) || !strings.HasSuffix(etag, `"`) || len(etag) < 20 {
			t.Errorf("%s: ETag %s", coding, etag)
		}
		if other, ok := etags[etag]; ok {
			t.Errorf("%s and %s share an ETag", coding, other)
		}
		etags[etag] = coding
		for _, method := range []string{"GET", "HEAD"} {
			if got := get(t, h, method, "/assets/app-1.js", "Accept-Encoding", coding).Header().Get("Content-Length"); got != strconv.Itoa(w.Body.Len()) {
				t.Errorf("%s as %s: Content-Length %q of %d", method, coding, got, w.Body.Len())
			}
		}
	}
	for etag, coding := range etags {
		for _, c := range []struct {
			coding, condition, value string
			status                   int
		}{
			{coding, "If-None-Match", etag, 304},
			{coding, "If-None-Match", "W/" + etag, 304},
			{coding, "If-None-Match", `"other", ` + etag, 304},
			{coding, "If-None-Match", "*", 304},
			{coding, "If-None-Match", `"other"`, 200},
			{coding, "If-None-Match", "not an etag", 200},
			{"deflate", "If-None-Match", etag, map[bool]int{true: 304, false: 200}[coding == "identity"]},
			{coding, "If-Match", etag, 200},
			{coding, "If-Match", `"other"`, 412},
			{coding, "If-Modified-Since", "Fri, 31 Dec 9999 23:59:59 GMT", 200},
			{coding, "Range", "bytes=0-3", 206},
			{coding, "Range", "bytes=999999-", 416},
			{coding, "Range", strings.Repeat("bytes=0-1,", 5000), 416},
		} {
			for _, method := range []string{"GET", "HEAD"} {
				w := get(t, h, method, "/assets/app-1.js", "Accept-Encoding", c.coding, c.condition, c.value)
				if w.Code != c.status {
					t.Errorf("%s as %s, %s %.40q: %d, want %d", method, c.coding, c.condition, c.value, w.Code, c.status)
				}
				if w.Code == 304 && (w.Body.Len() > 0 || w.Header().Get("ETag") != etag || w.Header().Get("Vary") == "" || w.Header().Get("Cache-Control") == "") {
					t.Errorf("304: %v %s", w.Header(), w.Body)
				}
				if w.Code == 206 && method == "GET" && (w.Body.Len() != 4 || w.Header().Get("Content-Length") != "4") {
					t.Errorf("206: %v %s", w.Header(), w.Body)
				}
			}
		}
	}
	again := handler(t, built())
	for etag, coding := range etags {
		if w := get(t, again, "GET", "/assets/app-1.js", "Accept-Encoding", coding); w.Header().Get("ETag") != etag {
			t.Errorf("%s: the ETag changes with each start", coding)
		}
	}
}
