package oauthapi_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"authsec/internal/httpapi/oauthapi"
	"authsec/internal/keyring"
)

type keys struct {
	doc *keyring.Document
	err error
}

func (k keys) JWKS(time.Time) (*keyring.Document, error) { return k.doc, k.err }

func get(t *testing.T, k keys, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	mux := http.NewServeMux()
	for _, e := range (oauthapi.API{Issuer: "https://authsec.example", Keys: k, Now: time.Now}).Endpoints() {
		mux.Handle(e.Pattern, e.Handler)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	return w
}

func TestJWKS(t *testing.T) {
	k := keys{doc: &keyring.Document{Body: []byte(`{"keys":[]}`), ETag: `"abc"`}}
	w := get(t, k, "/.well-known/jwks.json")
	h := w.Header()
	if w.Code != 200 || w.Body.String() != `{"keys":[]}` || h.Get("Content-Type") != "application/jwk-set+json" || h.Get("ETag") != `"abc"` ||
		!strings.HasPrefix(h.Get("Cache-Control"), "public, max-age=") || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Cross-Origin-Resource-Policy") != "cross-origin" {
		t.Errorf("%d %s %v", w.Code, w.Body, h)
	}
	for match, status := range map[string]int{`"abc"`: 304, `W/"abc"`: 304, `"x", "abc"`: 304, "*": 304, `"x"`: 200, "abc": 200, "": 200} {
		w := get(t, k, "/.well-known/jwks.json", "If-None-Match", match)
		if w.Code != status || (status == 304) != (w.Body.Len() == 0) || w.Header().Get("ETag") != `"abc"` || w.Header().Get("Cache-Control") == "" {
			t.Errorf("%s: %d %s %v", match, w.Code, w.Body, w.Header())
		}
	}
	if w := get(t, keys{err: errors.New("inside")}, "/.well-known/jwks.json"); w.Code != 500 || strings.Contains(w.Body.String(), "inside") || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s %v", w.Code, w.Body, w.Header())
	}
}
