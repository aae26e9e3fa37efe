package oauthapi_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

const issuer = "https://authsec.example"

// TestMetadata lists what works and nothing else (RFC 8414 §2, OpenID Connect
// Discovery §3): each member is named here, and whoever adds one says so.
func TestMetadata(t *testing.T) {
	common := []string{"issuer", "jwks_uri", "response_types_supported", "grant_types_supported",
		"token_endpoint", "token_endpoint_auth_methods_supported", "token_endpoint_auth_signing_alg_values_supported",
		"introspection_endpoint", "introspection_endpoint_auth_methods_supported",
		"revocation_endpoint", "revocation_endpoint_auth_methods_supported", "revocation_endpoint_auth_signing_alg_values_supported",
		"dpop_signing_alg_values_supported", "tls_client_certificate_bound_access_tokens", "authsec_delegation_token_endpoint", "authsec_access_token_signing_alg_values_supported", "authsec_revocations_endpoint"}
	for path, more := range map[string][]string{
		"/.well-known/oauth-authorization-server": nil,
		"/.well-known/openid-configuration":       {"authorization_endpoint", "subject_types_supported", "id_token_signing_alg_values_supported"},
	} {
		w := get(t, keys{}, path)
		var m map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil || w.Code != 200 || w.Header().Get("Content-Type") != "application/json" ||
			w.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Fatalf("%s: %v %d %v", path, err, w.Code, w.Header())
		}
		got, want := slices.Sorted(maps.Keys(m)), slices.Sorted(slices.Values(append(slices.Clone(common), more...)))
		if !slices.Equal(got, want) {
			t.Errorf("%s lists\n%v, want\n%v", path, got, want)
		}
		if m["issuer"] != issuer || strings.Contains(w.Body.String(), "null") {
			t.Errorf("%s: %s", path, w.Body)
		}
		for name, at := range map[string]string{"jwks_uri": "/.well-known/jwks.json", "token_endpoint": "/oauth2/token", "introspection_endpoint": "/oauth2/introspect",
			"revocation_endpoint": "/oauth2/revoke", "authsec_revocations_endpoint": "/oauth2/revocations",
			"authsec_delegation_token_endpoint": "/authsec/uflow/sdk/delegation-token"} {
			if m[name] != issuer+at {
				t.Errorf("%s: %s is %v", path, name, m[name])
			}
		}
	}
}
