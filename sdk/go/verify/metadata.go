package verify

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"authsec/sdk/go/dpop"
	"authsec/sdk/go/jwks"
)

// wellKnownResource is where the metadata of a resource is, before its own path
// (RFC 9728 §3.1).
const wellKnownResource = "/.well-known/oauth-protected-resource"

// Metadata describes this API to clients that do not know it yet, such as MCP
// clients (RFC 9728 §2).
type Metadata struct {
	// Resource is the https URL under which clients know the API. Its path is the
	// prefix of the routes that Middleware guards.
	Resource string
	// Name is for people to read.
	Name string
	// Actions are what tokens for it may hold ("billing:read"): scopes_supported.
	Actions []string
	// Documentation is a URL for developers.
	Documentation string
}

// WithMetadata has [Verifier.MetadataHandler] serve m, and has every challenge point
// to it (resource_metadata, RFC 9728 §5.1).
func WithMetadata(m Metadata) Option {
	return func(s *settings) { s.metadata = &metadata{Metadata: m} }
}

type metadata struct {
	Metadata
	path, url string // set by prepare
	body      []byte
}

// prepare checks the metadata, and works out what is served and where.
func (m *metadata) prepare(issuer string, s *settings) error {
	if err := jwks.CheckURL(m.Resource, s.plainHTTP); err != nil {
		return err
	}
	for _, action := range m.Actions {
		if !isScopeToken(action) {
			return errors.New("an action that cannot stand in a scope")
		}
	}
	u, err := url.Parse(m.Resource)
	if err != nil {
		return err
	}
	own := u.EscapedPath()
	m.path = wellKnownResource + strings.TrimSuffix(own, "/")
	m.url = strings.TrimSuffix(m.Resource, own) + m.path
	if !isScopeToken(m.url) { // it stands between quotes in the challenge
		return errors.New("resource: want a URL of printable ASCII")
	}
	var algorithms []string
	if s.dpop != nil {
		algorithms = dpop.Algorithms()
	}
	m.body, err = json.Marshal(struct {
		Resource      string   `json:"resource"`
		Servers       []string `json:"authorization_servers"`
		Scopes        []string `json:"scopes_supported,omitempty"`
		Methods       []string `json:"bearer_methods_supported"`
		Name          string   `json:"resource_name,omitempty"`
		Documentation string   `json:"resource_documentation,omitempty"`
		Algorithms    []string `json:"dpop_signing_alg_values_supported,omitempty"`
		RequiresDPoP  bool     `json:"dpop_bound_access_tokens_required,omitempty"`
		Certificates  bool     `json:"tls_client_certificate_bound_access_tokens,omitempty"`
	}{m.Resource, []string{issuer}, m.Actions, []string{"header"}, m.Name, m.Documentation,
		algorithms, s.constrained && s.certificate == nil, s.certificate != nil})
	return err
}

// MetadataPath returns the path at which to serve [Verifier.MetadataHandler]:
// /.well-known/oauth-protected-resource and the resource's own path behind it. It is
// "" without [WithMetadata].
func (v *Verifier) MetadataPath() string {
	if v.metadata == nil {
		return ""
	}
	return v.metadata.path
}

// MetadataHandler serves the metadata that [WithMetadata] gave, at
// [Verifier.MetadataPath] and without a token; 404 where there is none:
//
//	mux.Handle("GET "+verifier.MetadataPath(), verifier.MetadataHandler())
func (v *Verifier) MetadataHandler() http.Handler {
	if v.metadata == nil {
		return http.NotFoundHandler()
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Cache-Control", "public, max-age=3600")
		h.Set("Access-Control-Allow-Origin", "*") // nothing in it is secret, and clients run in browsers
		_, _ = w.Write(v.metadata.body)           // fails only when the caller is gone
	})
}
