package verify

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
)

func TestMetadata(t *testing.T) {
	v := loadVectors(t).verifier(t, WithMetadata(Metadata{
		Resource: "https://billing.example.com/api", Name: "Billing", Actions: []string{"billing:read", "billing:refund"}, Documentation: "https://docs.example.com",
	}))
	if got := v.MetadataPath(); got != "/.well-known/oauth-protected-resource/api" {
		t.Errorf("got path %s", got)
	}
	w := httptest.NewRecorder()
	v.MetadataHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, v.MetadataPath(), nil))
	want := `{"resource":"https://billing.example.com/api","authorization_servers":["https://authsec.example.com"],` +
		`"scopes_supported":["billing:read","billing:refund"],"bearer_methods_supported":["header"],"resource_name":"Billing","resource_documentation":"https://docs.example.com"}`
	if w.Code != 200 || !reflect.DeepEqual(decode(t, w.Body.Bytes()), decode(t, []byte(want))) {
		t.Errorf("got %d %s\nwant %s", w.Code, w.Body, want)
	}
	if w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("got header %v", w.Header())
	}
	w = httptest.NewRecorder()
	v.MetadataHandler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, v.MetadataPath(), nil))
	if w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: got %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
}

// Every challenge says where the metadata is (RFC 9728 §5.1).
func TestChallengePointsToMetadata(t *testing.T) {
	vs := loadVectors(t)
	v := vs.verifier(t, WithMetadata(Metadata{Resource: "https://billing.example.com"}))
	const where = `resource_metadata="https://billing.example.com/.well-known/oauth-protected-resource"`
	handler := v.Middleware(RequireActions("billing:refund")(http.NotFoundHandler()))
	for authorization, want := range map[string]string{
		"":         `Bearer realm="https://billing.example.com", ` + where,
		"Bearer x": `Bearer realm="https://billing.example.com", error="invalid_token", error_description="the token is malformed", ` + where,
		"Bearer " + vs.token(t, "valid_minimal"): `Bearer realm="https://billing.example.com", error="insufficient_scope", ` +
			`error_description="the token does not allow this: ask for one that holds the actions named in scope", scope="billing:refund", ` + where,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if got := w.Header().Get("WWW-Authenticate"); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestNoMetadata(t *testing.T) {
	v := loadVectors(t).verifier(t)
	w := httptest.NewRecorder()
	v.MetadataHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != 404 || v.MetadataPath() != "" {
		t.Errorf("got %d at %q", w.Code, v.MetadataPath())
	}
}

func TestMetadataIsChecked(t *testing.T) {
	for resource, path := range map[string]string{
		"https://billing.example.com":       wellKnownResource,
		"https://billing.example.com/":      wellKnownResource,
		"https://billing.example.com/a/b":   wellKnownResource + "/a/b",
		"https://billing.example.com/a%20b": wellKnownResource + "/a%20b",
		"http://localhost:7469/mcp":         wellKnownResource + "/mcp",
		"http://billing.example.com":        "",
		"authsec-api":                       "",
		"https://billing.example.com?x":     "",
		"https://billing.example.com?x=1":   "",
		"https://billing.example.com#x":     "",
		`https://billing.example.com/"`:     "",
		"":                                  "",
	} {
		v, err := New("https://authsec.example.com", "authsec-api", WithKeys(jwksOf(t)), WithMetadata(Metadata{Resource: resource}))
		if (err == nil) != (path != "") {
			t.Errorf("%q: got %v", resource, err)
			continue
		}
		if err == nil && v.MetadataPath() != path {
			t.Errorf("%q: got path %s, want %s", resource, v.MetadataPath(), path)
		}
	}
	_, err := New("https://authsec.example.com", "authsec-api", WithKeys(jwksOf(t)), WithMetadata(Metadata{Resource: "https://b.example.com", Actions: []string{`a"b`}}))
	if err == nil || !strings.Contains(err.Error(), "action") {
		t.Errorf("a malformed action: got %v", err)
	}
}
