package oauthapi

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"authsec/internal/domain"
)

// FuzzPlace: whatever is asked is a number from 0 on or the caller's fault.
func FuzzPlace(f *testing.F) {
	f.Add("since=1", "2", "text/event-stream")
	f.Add("since=%31&since=2", "-1", "text/event-stream;q=0, */*")
	f.Add("x=;", "9223372036854775808", ",;q=")
	f.Fuzz(func(t *testing.T, query, last, accept string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.URL.RawQuery = query
		r.Header["Last-Event-Id"], r.Header["Accept"] = []string{last}, []string{accept}
		since, err := place(r)
		if since < 0 || (err != nil && domain.KindOf(err) != domain.Invalid) {
			t.Fatalf("%d %v", since, err)
		}
		accepts(r, streamType)
	})
}
