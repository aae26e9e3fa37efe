package oauthapi

import (
	"net/http"
	"strings"

	"authsec/internal/domain"
	"authsec/internal/httpapi/wire"
	"authsec/internal/issuance"
)

// maxCredential bounds a credential, in bytes: it is refused before it is read.
const maxCredential = 16 << 10

// The types of client assertions: RFC 7523 §2.2, and draft-ietf-oauth-spiffe-client-auth.
const (
	assertionJWT  = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	assertionSVID = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe"
)

// client returns who asks, and what they authenticate with (RFC 6749 §2.3).
func client(r *http.Request, f form) (id string, p issuance.Presented, err error) {
	p, err = presented(r, f)
	if err != nil {
		return "", p, err
	}
	named := "" // by the credential
	if p.Basic != nil {
		named = p.Basic.ClientID
	} else if p.Bearer != "" {
		named = p.Claims().ClientID
	}
	id = strings.ToLower(f.value("client_id"))
	switch {
	case id == "" && named == "":
		return "", p, malformed("client_id is required: the Client ID from the agent's page in the console.")
	case id == "":
		return named, p, nil
	case named != "" && named != id: // RFC 7521 §4.2
		return "", p, unauthenticated("client_id and the client's credential name different clients.")
	}
	return id, p, nil
}

// presented reads the one credential of the request (RFC 6749 §2.3: no more than one).
func presented(r *http.Request, f form) (issuance.Presented, error) {
	info := wire.FromContext(r.Context())
	p := issuance.Presented{Peer: info.Peer, Loopback: wire.FromThisMachine(r)}
	headers := r.Header.Values("Authorization")
	secret := f.value("client_secret")
	kind, assertion := f.value("client_assertion_type"), f.value("client_assertion")
	methods := 0
	for _, used := range []bool{len(headers) > 0, secret != "", kind != "" || assertion != ""} {
		if used {
			methods++
		}
	}
	switch {
	case methods > 1 || len(headers) > 1:
		return p, malformed("The client authenticates in more than one way. Use the header Authorization, client_secret or client_assertion.")
	case methods == 0:
		// Beside a credential, the connection's certificate is no proof: a mesh may
		// have made the connection, and the workload knows nothing of it.
		p.Certificates = info.Certificates
		return p, nil
	case len(headers) == 1:
		return p, readBasic(&p, headers[0])
	case secret != "":
		if f.value("client_id") == "" { // RFC 6749 §2.3.1
			return p, malformed("client_secret needs client_id beside it.")
		}
		p.Basic = &issuance.Basic{ClientID: strings.ToLower(f.value("client_id")), Secret: domain.Secret(secret)}
		return p, nil
	}
	return p, readAssertion(&p, kind, assertion)
}

func readBasic(p *issuance.Presented, header string) error {
	scheme, value, _ := strings.Cut(header, " ")
	if len(header) > maxCredential || !strings.EqualFold(scheme, "Basic") {
		return unauthenticated("The header Authorization takes Basic alone, of at most %d bytes. A workload token goes into client_assertion.", maxCredential)
	}
	id, secret, ok := wire.DecodeBasic(strings.TrimSpace(value))
	if !ok {
		return unauthenticated("The header Authorization is no well-formed Basic: form-encode client_id and client_secret, join them by a colon, base64-encode that.")
	}
	p.Basic = &issuance.Basic{ClientID: strings.ToLower(id), Secret: domain.Secret(secret)}
	return nil
}

// readAssertion takes an assertion of RFC 7521 §4.2. Whose it is, issuance finds out.
func readAssertion(p *issuance.Presented, kind, assertion string) error {
	switch {
	case kind == "" || assertion == "":
		return malformed("client_assertion and client_assertion_type go together.")
	case kind != assertionJWT && kind != assertionSVID:
		return unauthenticated("The client_assertion_type is not taken. Taken are %s and %s.", assertionJWT, assertionSVID)
	case len(assertion) > maxCredential:
		return unauthenticated("The client_assertion is longer than %d bytes.", maxCredential)
	}
	p.Bearer = domain.Secret(assertion)
	if kind == assertionSVID && !p.Claims().SVID {
		return unauthenticated("The client_assertion is not a JWT-SVID, as its client_assertion_type says.")
	}
	return nil
}

func unauthenticated(format string, args ...any) error {
	return domain.Errorf(domain.Unauthenticated, issuance.CodeInvalidProof, format, args...)
}
