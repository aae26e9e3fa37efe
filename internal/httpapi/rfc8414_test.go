package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// TestRFC8414 holds the authorization server metadata to RFC 8414, on the wire.
func TestRFC8414(t *testing.T) {
	h := newHouse(t, options{nobodySignedIn: true})
	const path = "/.well-known/oauth-authorization-server"
	a := h.call("GET", path, nil).want(http.StatusOK)
	var m map[string]any
	h.must(json.Unmarshal([]byte(a.body), &m))
	issuer := h.publicURL.String()
	texts := func(name string) []string {
		var out []string
		list, _ := m[name].([]any)
		for _, v := range list {
			s, _ := v.(string)
			out = append(out, s)
		}
		return out
	}
	for name, check := range map[string]func() bool{
		"§2 issuer has no query and no fragment": func() bool {
			return m["issuer"] != nil && !strings.ContainsAny(issuer, "?#")
		},
		"§2 token_endpoint is there, as there are grants": func() bool {
			return m["token_endpoint"] == issuer+oauthTokenPath && len(texts("grant_types_supported")) > 0
		},
		"§2 authorization_endpoint is left out, as no grant uses it": func() bool {
			_, has := m["authorization_endpoint"]
			return !has
		},
		"§2 response_types_supported is there": func() bool {
			list, ok := m["response_types_supported"].([]any)
			return ok && len(list) == 0 // none: see docs/conformance.md on §3.2
		},
		"§2 signing algorithms are listed where a method uses a JWT, none is not": func() bool {
			for _, of := range []string{"token_endpoint", "revocation_endpoint"} {
				methods, algorithms := strings.Join(texts(of+"_auth_methods_supported"), " "), texts(of+"_auth_signing_alg_values_supported")
				if !strings.Contains(methods, "private_key_jwt") || len(algorithms) == 0 || strings.Contains(strings.Join(algorithms, " "), "none") {
					return false
				}
			}
			return true
		},
		"§3.2 content type": func() bool { return a.header.Get("Content-Type") == "application/json" },
		"§3.2 no other claim without a value": func() bool {
			for name, v := range m {
				if list, ok := v.([]any); v == nil || v == "" || (ok && len(list) == 0 && name != "response_types_supported") {
					t.Logf("%s is empty", name)
					return false
				}
			}
			return true
		},
		"§3.3 issuer is the one that was asked": func() bool { return m["issuer"] == issuer },
	} {
		if !check() {
			t.Errorf("RFC 8414 %s: %s", name, a.body)
		}
	}
	t.Run("RFC 8414 §3.1 GET alone", func(t *testing.T) {
		h.call("POST", path, "", header("Content-Type", "application/x-www-form-urlencoded")).want(http.StatusMethodNotAllowed)
	})
	t.Run("RFC 8414 §3.1 every endpoint that is named is there", func(t *testing.T) {
		h.call("OPTIONS", "/oauth2/nothing", nil).want(http.StatusNotFound)
		for name, v := range m {
			url, _ := v.(string)
			if at, ours := strings.CutPrefix(url, issuer); ours && strings.HasSuffix(name, "_endpoint") {
				if got := h.call("OPTIONS", at, nil); got.status == http.StatusNotFound {
					t.Errorf("%s: there is nothing at %s", name, at)
				}
			}
		}
	})
}

// TestOpenIDDiscovery: OpenID Connect Discovery §3 demands an authorization
// endpoint; it supports no response type, and says so to whoever goes there
// (RFC 6749 §4.1.2.1), without sending anybody on.
func TestOpenIDDiscovery(t *testing.T) {
	h := newHouse(t, options{nobodySignedIn: true})
	var m map[string]any
	h.must(json.Unmarshal([]byte(h.call("GET", "/.well-known/openid-configuration", nil).want(http.StatusOK).body), &m))
	at, ok := strings.CutPrefix(m["authorization_endpoint"].(string), h.publicURL.String())
	if !ok {
		t.Fatalf("%v", m["authorization_endpoint"])
	}
	for _, query := range []string{"", "?response_type=code&client_id=x&redirect_uri=https://elsewhere.example.com/", "?response_type=id_token"} {
		a := h.call("GET", at+query, nil).want(http.StatusBadRequest)
		if !strings.Contains(a.body, `"error":"unsupported_response_type"`) || a.header.Get("Location") != "" || strings.Contains(a.body, "elsewhere") {
			t.Errorf("%s: %v %s", query, a.header, a.body)
		}
	}
}
