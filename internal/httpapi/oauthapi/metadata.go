package oauthapi

import (
	"encoding/json"
	"net/http"

	"authsec/internal/keyring"
)

// metadata is RFC 8414 §2.
type metadata struct {
	Issuer                 string   `json:"issuer"`
	JWKSURI                string   `json:"jwks_uri"`
	ResponseTypesSupported []string `json:"response_types_supported"`
	GrantTypesSupported    []string `json:"grant_types_supported"`
	tokenMetadata
	IntrospectionEndpoint      string       `json:"introspection_endpoint"`
	IntrospectionAuthMethods   []string     `json:"introspection_endpoint_auth_methods_supported"`
	RevocationEndpoint         string       `json:"revocation_endpoint"`
	RevocationAuthMethods      []string     `json:"revocation_endpoint_auth_methods_supported"`
	RevocationAuthAlgs         []string     `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	DPoPAlgs                   []string     `json:"dpop_signing_alg_values_supported"`          // RFC 9449 §5.1
	CertificateBound           bool         `json:"tls_client_certificate_bound_access_tokens"` // RFC 8705 §3.3
	MTLSAliases                *mtlsAliases `json:"mtls_endpoint_aliases,omitempty"`
	AuthorizationEndpoint      string       `json:"authorization_endpoint,omitempty"`
	SubjectTypesSupported      []string     `json:"subject_types_supported,omitempty"`
	IDTokenSigningAlgSupported []string     `json:"id_token_signing_alg_values_supported,omitempty"`
	// Ours, as RFC 8414 §2 allows: where the SDKs fetch tokens, how those are
	// signed, and where verifiers hear of recalls.
	DelegationTokenEndpoint string   `json:"authsec_delegation_token_endpoint"`
	AccessTokenSigningAlgs  []string `json:"authsec_access_token_signing_alg_values_supported"`
	RevocationsEndpoint     string   `json:"authsec_revocations_endpoint"`
}

// mtlsAliases is where clients that come with a certificate find the endpoints
// that look at it (RFC 8705 §5).
type mtlsAliases struct {
	TokenEndpoint           string `json:"token_endpoint"`
	RevocationEndpoint      string `json:"revocation_endpoint"`
	DelegationTokenEndpoint string `json:"authsec_delegation_token_endpoint"`
}

func (a API) mtlsAliases() *mtlsAliases {
	if a.MutualTLSURL == "" {
		return nil
	}
	return &mtlsAliases{TokenEndpoint: a.MutualTLSURL + tokenPath, RevocationEndpoint: a.MutualTLSURL + revokePath, DelegationTokenEndpoint: a.MutualTLSURL + sdkPath}
}

func (a API) document() metadata {
	tokens := a.tokenMetadata()
	return metadata{
		Issuer: a.Issuer, JWKSURI: a.Issuer + jwksPath,
		ResponseTypesSupported: []string{}, GrantTypesSupported: []string{grantClientCredentials, grantTokenExchange},
		tokenMetadata:         tokens,
		IntrospectionEndpoint: a.Issuer + introspectPath, IntrospectionAuthMethods: []string{"client_secret_basic", "client_secret_post"},
		// An agent revokes with what it fetches tokens with.
		RevocationEndpoint: a.Issuer + revokePath, RevocationAuthMethods: tokens.TokenEndpointAuthMethods, RevocationAuthAlgs: tokens.TokenEndpointAuthAlgs,
		DPoPAlgs:         []string{"ES256", "ES384", "ES512", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"},
		CertificateBound: a.MutualTLS, MTLSAliases: a.mtlsAliases(),
		DelegationTokenEndpoint: a.Issuer + sdkPath, AccessTokenSigningAlgs: []string{"RS256"},
		RevocationsEndpoint: a.Issuer + revocationsPath,
	}
}

func (a API) metadata(w http.ResponseWriter, _ *http.Request) error {
	return writeMetadata(w, a.document())
}

// openID is the same for libraries that look for OpenID Connect Discovery §3. It
// demands an authorization endpoint, and two members of ID tokens, of which there
// are none: sub is the same for all who read it, and libraries take the second for
// what signs any JWT.
func (a API) openID(w http.ResponseWriter, _ *http.Request) error {
	m := a.document()
	m.AuthorizationEndpoint = a.Issuer + authorizePath
	m.SubjectTypesSupported, m.IDTokenSigningAlgSupported = []string{"public"}, []string{"RS256"}
	return writeMetadata(w, m)
}

func writeMetadata(w http.ResponseWriter, m metadata) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	publish(w.Header(), keyring.JWKSMaxAge)
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(body, '\n')) // the peer may be gone; nobody to tell
	return nil
}
