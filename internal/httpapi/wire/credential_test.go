package wire_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"authsec/internal/domain"
	"authsec/internal/httpapi/wire"
)

// Each half is form-encoded before both are base64-encoded (RFC 6749 §2.3.1).
func TestDecodeBasic(t *testing.T) {
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for value, want := range map[string][2]string{
		encode("a:b:c"): {"a", "b:c"}, encode("a:%2B%25+"): {"a", "+% "}, encode("a%3Ab:"): {"a:b", ""}, encode(":"): {"", ""},
	} {
		if user, password, ok := wire.DecodeBasic(value); !ok || user != want[0] || password != want[1] {
			t.Errorf("%q: %q %q %v", value, user, password, ok)
		}
	}
	for _, value := range []string{"", "****", encode("a"), encode("a:%zz"), encode("%zz:a")} {
		if user, password, ok := wire.DecodeBasic(value); ok || user != "" || password != "" {
			t.Errorf("%q is taken: %q %q", value, user, password)
		}
	}
}

func TestFromThisMachine(t *testing.T) {
	for name, c := range map[string]struct {
		info   wire.Request
		header string
		want   bool
	}{
		"IPv4 loopback":                {wire.Request{IP: "127.0.0.2"}, "", true},
		"IPv6 loopback":                {wire.Request{IP: "::1"}, "", true},
		"IPv4 in IPv6":                 {wire.Request{IP: "::ffff:127.0.0.1"}, "", true},
		"a Unix socket":                {wire.Request{Unix: true}, "", true},
		"elsewhere":                    {wire.Request{IP: "192.0.2.1"}, "", false},
		"nobody knows where":           {wire.Request{}, "", false},
		"loopback for another":         {wire.Request{IP: "127.0.0.1"}, "X-Forwarded-For", false},
		"a Unix socket's for somebody": {wire.Request{Unix: true}, "Via", false},
	} {
		r := httptest.NewRequestWithContext(wire.NewContext(t.Context(), &c.info), http.MethodGet, "/", nil)
		if c.header != "" {
			r.Header.Set(c.header, "x")
		}
		if got := wire.FromThisMachine(r); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// RFC 6749 §5.2 says of which characters a description is made, and that the
// challenge goes with the scheme.
func TestOAuthErrorAs(t *testing.T) {
	name := func(e domain.Error) domain.Error {
		e.Code = "invalid_" + e.Code
		return e
	}
	fail := wire.OAuthErrorAs(name, `Basic realm="authsec"`)
	info := &wire.Request{ID: "req-1"}
	r := httptest.NewRequestWithContext(wire.NewContext(t.Context(), info), http.MethodPost, "/", nil)
	w := httptest.NewRecorder()
	cause := domain.Errorf(domain.Unauthenticated, "client", "Say \"who\" you are… \\ \n ü.")
	fail(w, r, cause)
	var body map[string]string
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	if w.Code != 401 || body["error"] != "invalid_client" || body["error_description"] != "Say 'who' you are... ' ? ?." || body["request_id"] != "req-1" {
		t.Errorf("%d %v", w.Code, body)
	}
	if got := w.Header().Values("WWW-Authenticate"); len(got) != 1 || got[0] != `Basic realm="authsec"` {
		t.Errorf("WWW-Authenticate %v", got)
	}
	if info.Err != error(cause) || cause.Code != "client" {
		t.Errorf("the log gets %v", info.Err)
	}
	w = httptest.NewRecorder()
	fail(w, r, domain.Errorf(domain.Internal, "secret", "inside"))
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != 500 || body["error"] != "invalid_internal_error" || w.Header().Get("WWW-Authenticate") != "" {
		t.Errorf("%v %d %v", err, w.Code, body)
	}
}
