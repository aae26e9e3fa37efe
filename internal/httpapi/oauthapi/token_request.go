package oauthapi

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"authsec/internal/domain"
	"authsec/internal/httpapi/wire"
	"authsec/internal/issuance"
)

const grantClientCredentials = "client_credentials"

// grantRequest is a request of one of the grants.
type grantRequest struct {
	issuance.Request
	subject *subject // of an exchange; nil: it is for client_credentials
}

// parseTokenRequest turns a request into a struct, or into the fault to name.
func parseTokenRequest(w http.ResponseWriter, r *http.Request) (grantRequest, error) {
	f, err := readForm(w, r)
	if err != nil {
		return grantRequest{}, err
	}
	grant := f.value("grant_type")
	switch grant {
	case grantClientCredentials, grantTokenExchange:
	case "":
		return grantRequest{}, malformed("grant_type is required: %s or %s.", grantClientCredentials, grantTokenExchange)
	default:
		return grantRequest{}, domain.Errorf(domain.Invalid, unsupportedGrantType, "The grant_type %s is not supported. Use %s or %s.", clip(grant), grantClientCredentials, grantTokenExchange)
	}
	out, err := readTokenRequest(r, f)
	if err != nil || grant != grantTokenExchange {
		return grantRequest{Request: out}, err
	}
	s, err := readSubject(f, out.Proof)
	return grantRequest{out, &s}, err
}

// readTokenRequest reads what the grants have in common (RFC 6749 §4.4.2, RFC 8693
// §2.1). A parameter that it does not know is ignored, as RFC 6749 §3.2 demands, but
// for what somebody means scope by: to ignore that would widen the token (ADR 0006).
func readTokenRequest(r *http.Request, f form) (issuance.Request, error) {
	info := wire.FromContext(r.Context())
	out := issuance.Request{IP: info.IP, RequestID: info.ID}
	var err error
	if out.ClientID, out.Proof, err = client(r, f); err != nil {
		return out, err
	}
	for _, misnomer := range []string{"actions", "permissions", "scopes"} {
		if f.value(misnomer) != "" {
			return out, malformed("There is no parameter %s here, and without scope the token has all of the delegation's actions. Use scope.", misnomer)
		}
	}
	out.Request = issuance.Ask{ClientID: out.ClientID, DelegationID: strings.ToLower(f.value("delegation_id")), Role: f.value("role"),
		Actions: scope(f.value("scope"))}
	if out.Audience, err = targets(f); err != nil {
		return out, err
	}
	if ttl := f.value("ttl"); ttl != "" {
		n, err := strconv.ParseInt(ttl, 10, 32)
		if err != nil || n <= 0 {
			return out, malformed("ttl must be a whole number of seconds.")
		}
		out.TTL = time.Duration(n) * time.Second
	}
	out.Key.MutualTLS, err = binding(f)
	return out, err
}

// binding reports whether the token is to be bound to the connection's certificate.
func binding(f form) (mutualTLS bool, err error) {
	switch f.value("token_binding") {
	case "":
		return false, nil
	case wire.BindMutualTLS:
		return true, nil
	}
	return false, malformed("token_binding is mtls, or left out. For a DPoP-bound token, send the header DPoP.")
}

// scope reads the words of RFC 6749 §3.3. One that is empty stays, to be refused:
// of a scope of spaces alone, nothing would remain, which means everything.
func scope(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, " ")
}

// targets returns where the token is for: resource (RFC 8707 §2) and audience,
// which RFC 8693 §2.1 gives the same meaning for names that are no URIs.
func targets(f form) ([]string, error) {
	for _, resource := range f["resource"] {
		u, err := url.Parse(resource)
		if err != nil || !u.IsAbs() || strings.Contains(resource, "#") {
			return nil, domain.Errorf(domain.Invalid, invalidTarget, "resource must be an absolute URI without a fragment. A name that is none goes into audience.")
		}
	}
	return slices.Concat(f["resource"], f["audience"]), nil
}

// bodyError is the answer to a body that does not arrive whole.
func bodyError(err error) error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge
	}
	return &domain.Error{Kind: domain.Invalid, Code: issuance.CodeInvalidRequest, Public: "The body did not arrive whole.", Err: err}
}
