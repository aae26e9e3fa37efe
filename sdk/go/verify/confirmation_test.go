package verify

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// RFC 7800 §3.1: a token is as bound as its cnf says, and one whose cnf is not
// understood passes for none that is free (ours: RFC 7800 leaves it open).
func TestRFC7800_3_1_ConfirmationsThatAreNotKnown(t *testing.T) {
	issuer := newTestIssuer(t)
	thumbprint := strings.Repeat("a", 43)
	for name, cnf := range map[string]any{
		"null":                nil,
		"a string":            thumbprint,
		"a list":              []any{map[string]any{"jkt": thumbprint}},
		"nothing":             map[string]any{},
		"another method":      map[string]any{"jwk": map[string]any{}},
		"a method to come":    map[string]any{"x": thumbprint},
		"one more than known": map[string]any{"jkt": thumbprint, "x": thumbprint},
		"two that are known":  map[string]any{"jkt": thumbprint, "x5t#S256": thumbprint},
		"an empty jkt":        map[string]any{"jkt": ""},
		"an empty x5t#S256":   map[string]any{"x5t#S256": ""},
		"a jkt of a number":   map[string]any{"jkt": 7},
		"a jkt of null":       map[string]any{"jkt": nil},
	} {
		token := issuer.token(t, map[string]any{"cnf": cnf})
		for scheme, options := range map[string][]Option{"Bearer": nil, "DPoP": {WithDPoP(DPoP{PublicURL: publicURL})}, "bearer": {WithMTLS(nil), WithDPoP(DPoP{})}} {
			r := httptest.NewRequest(http.MethodGet, "/bills/7", nil)
			r.Header.Set("Authorization", scheme+" "+token)
			if _, err := issuer.verifier(t, options...).VerifyRequest(r); !errors.Is(err, ErrConstrained) {
				t.Errorf("%s, %s: got %v", name, scheme, err)
			}
		}
	}
}
