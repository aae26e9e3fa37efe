package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"time"
)

// requestVector is a request to an API at https://billing.example.com that accepts
// Bearer, DPoP-bound and certificate-bound tokens, and the answer that it gets.
type requestVector struct {
	Name          string   `json:"name"`
	Description   string   `json:"description"`
	Source        string   `json:"source"`
	Required      bool     `json:"sender_constrained,omitempty"` // the API accepts no other tokens
	After         string   `json:"after,omitempty"`              // a case whose request the same API got just before
	Method        string   `json:"method"`
	URL           string   `json:"url"`
	Authorization []string `json:"authorization"`         // the header's values
	DPoP          []string `json:"dpop"`                  // the header's values
	Certificate   string   `json:"certificate,omitempty"` // of the client, in the TLS connection: base64 of its DER
	Valid         bool     `json:"valid"`
	Status        int      `json:"status"`
	Error         string   `json:"error,omitempty"`  // the challenge's error code
	Scheme        string   `json:"scheme,omitempty"` // of the challenge that has it
}

func allowed(name, source, description string) requestVector {
	return requestVector{Name: name, Description: description, Source: source, Method: proofMethod, URL: proofURL, Valid: true, Status: 200}
}

func denied(code, scheme, name, source, description string) requestVector {
	v := allowed(name, source, description)
	v.Valid, v.Status, v.Error, v.Scheme = false, 401, code, scheme
	if code == "invalid_request" {
		v.Status = 400
	}
	return v
}

func (v requestVector) with(scheme, token string, proofs ...draft) requestVector {
	v.Authorization = []string{scheme + " " + token}
	v.DPoP = []string{}
	for _, proof := range proofs {
		v.DPoP = append(v.DPoP, proof.token())
	}
	return v
}

func (v requestVector) over(certificate []byte) requestVector {
	v.Certificate = base64.StdEncoding.EncodeToString(certificate)
	return v
}

func (v requestVector) required() requestVector {
	v.Required = true
	return v
}

func (v requestVector) after(name string) requestVector {
	v.After = name
	return v
}

const (
	invalidToken   = "invalid_token"
	invalidProof   = "invalid_dpop_proof"
	invalidRequest = "invalid_request"
)

func (m minter) requestCases() []requestVector {
	return append(m.dpopRequestCases(), m.certificateRequestCases()...)
}

func (m minter) dpopRequestCases() []requestVector {
	const (
		section   = "RFC 9449 §7.1"
		downgrade = "RFC 9449 §7.2"
	)
	token := m.base().claim("cnf", fmt.Sprintf(`{"jkt":%q}`, m.thumbprint(keyES256))).token()
	plain := m.base().token()
	proof := m.proofFor(token)
	stranger := proof.head("jwk", m.jwk(keyES256Other)).by(m.es256(keyES256Other))
	expired := m.base().claim("cnf", fmt.Sprintf(`{"jkt":%q}`, m.thumbprint(keyES256))).claim("exp", fmt.Sprint(now-3600)).token()
	second := proof.claim("jti", `"proof-2"`)
	twice := denied(invalidRequest, "", "request_authorization_twice", downgrade, "A token of each scheme.").with("DPoP", token, proof)
	twice.Authorization = append(twice.Authorization, "Bearer "+token)
	cases := []requestVector{
		allowed("request_bearer", "RFC 6750 §2.1", "A token that is bound to nothing.").with("Bearer", plain),
		allowed("request_dpop", section, "A bound token and a proof by its key.").with("DPoP", token, proof),
		allowed("request_dpop_scheme_case", "RFC 9110 §11.1", "The scheme is compared without regard to case.").with("dpop", token, proof),
		allowed("request_dpop_required", section, "The same where bound tokens are required.").with("DPoP", token, proof).required(),
		allowed("request_dpop_next", "RFC 9449 §11.1", "Another proof after the first.").with("DPoP", token, second).after("request_dpop"),

		denied(invalidToken, "Bearer", "request_bound_as_bearer", downgrade, "A bound token as a Bearer token.").with("Bearer", token),
		denied(invalidToken, "Bearer", "request_bound_as_bearer_with_proof", downgrade, "A bound token as a Bearer token, beside a good proof.").with("Bearer", token, proof),
		denied(invalidToken, "DPoP", "request_unbound_as_dpop", section, "A token that is bound to nothing, beside a good proof.").with("DPoP", plain, m.proofFor(plain)),
		denied(invalidToken, "Bearer", "request_bearer_where_required", "AuthSec: sender-constrained tokens required", "A token that is bound to nothing.").with("Bearer", plain).required(),
		denied(invalidProof, "DPoP", "request_no_proof", section, "A bound token without a proof.").with("DPoP", token),
		denied(invalidProof, "DPoP", "request_two_proofs", "RFC 9449 §4.3 no. 1", "Two DPoP headers.").with("DPoP", token, proof, second),
		denied(invalidToken, "DPoP", "request_proof_of_other_key", section, "A good proof by another key than the token's.").with("DPoP", token, stranger),
		denied(invalidProof, "DPoP", "request_proof_without_ath", "RFC 9449 §4.3 no. 12", "A proof without ath.").with("DPoP", token, proof.dropClaim("ath")),
		denied(invalidProof, "DPoP", "request_proof_for_other_token", "RFC 9449 §4.3 no. 12", "A proof for another token.").with("DPoP", token, m.proofFor(plain)),
		denied(invalidProof, "DPoP", "request_proof_for_other_method", "RFC 9449 §4.3 no. 8", "A proof for POST.").with("DPoP", token, proof.claim("htm", `"POST"`)),
		denied(invalidProof, "DPoP", "request_proof_for_other_url", "RFC 9449 §4.3 no. 9", "A proof for another path.").with("DPoP", token, proof.claim("htu", quote(proofURL+"8"))),
		denied(invalidProof, "DPoP", "request_proof_for_other_host", "RFC 9449 §4.3 no. 9", "A proof for another host.").with("DPoP", token, proof.claim("htu", `"https://other.example.com/bills/7"`)),
		denied(invalidProof, "DPoP", "request_proof_old", "RFC 9449 §4.3 no. 11", "A proof of 31 seconds ago.").with("DPoP", token, proof.claim("iat", fmt.Sprint(now-leeway-1))),
		denied(invalidProof, "DPoP", "request_proof_forged", "RFC 9449 §4.3 no. 6", "A proof that is signed by another key than it names.").with("DPoP", token, proof.by(m.es256(keyES256Other))),
		denied(invalidProof, "DPoP", "request_replay", "RFC 9449 §11.1", "The same proof again.").with("DPoP", token, proof).after("request_dpop"),
		denied(invalidProof, "DPoP", "request_replay_other_content", "RFC 9449 §11.1", "Another proof with the same jti.").with("DPoP", token, proof.claim("iat", fmt.Sprint(now-1))).after("request_dpop"),
		denied(invalidToken, "DPoP", "request_expired", section, "An expired token, beside a good proof.").with("DPoP", expired, m.proofFor(expired)),
		denied(invalidToken, "DPoP", "request_token_nonsense", section, "No token at all, beside a good proof.").with("DPoP", "x", m.proofFor("x")),
		twice,
	}
	for i, value := range []string{
		`null`, `{}`, `[]`, `"x"`, `{"jwk":{}}`, `{"kid":"x"}`, `{"jkt":7}`, `{"jkt":""}`, `{"jkt":null}`,
		fmt.Sprintf(`{"jkt":%q,"kid":"x"}`, m.thumbprint(keyES256)),
		fmt.Sprintf(`{"jkt":%q,"x5t#S256":%q}`, m.thumbprint(keyES256), thumbprintOf(m.certificate(1))),
	} {
		unknown := m.base().claim("cnf", value).token()
		cases = append(cases, denied(invalidToken, "DPoP", fmt.Sprintf("request_unknown_cnf_%02d", i+1), "RFC 7800 §3.1",
			"cnf is "+value+": more than can be checked, or nothing.").with("DPoP", unknown, m.proofFor(unknown)).over(m.certificate(1)))
	}
	return cases
}

func (m minter) certificateRequestCases() []requestVector {
	const section = "RFC 8705 §3"
	own, other := m.certificate(1), m.certificate(2)
	token := m.base().claim("cnf", fmt.Sprintf(`{"x5t#S256":%q}`, thumbprintOf(own))).token()
	bound := m.base().claim("cnf", fmt.Sprintf(`{"jkt":%q}`, m.thumbprint(keyES256))).token()
	return []requestVector{
		allowed("request_certificate", section, "A bound token over a connection with its certificate.").with("Bearer", token).over(own),
		allowed("request_certificate_required", section, "The same where bound tokens are required.").with("Bearer", token).over(own).required(),
		allowed("request_certificate_idle", section, "A token that is bound to nothing, over a connection with a certificate.").with("Bearer", m.base().token()).over(own),
		allowed("request_dpop_certificate_idle", section, "A token that is bound to a DPoP key, over a connection with a certificate.").with("DPoP", bound, m.proofFor(bound)).over(own),
		denied(invalidToken, "Bearer", "request_no_certificate", section, "A bound token over a connection without a certificate.").with("Bearer", token),
		denied(invalidToken, "Bearer", "request_other_certificate", section, "A bound token over a connection with another certificate of the same key.").with("Bearer", token).over(other),
		denied(invalidToken, "DPoP", "request_certificate_as_dpop", "RFC 9449 §7.1", "A certificate-bound token under the scheme DPoP.").with("DPoP", token, m.proofFor(token)).over(own),
		denied(invalidToken, "Bearer", "request_certificate_padded", section, "The thumbprint with padding.").
			with("Bearer", m.base().claim("cnf", fmt.Sprintf(`{"x5t#S256":%q}`, thumbprintOf(own)+"=")).token()).over(own),
	}
}

// certificate returns a client certificate: the same bytes every time, for Ed25519
// signatures are.
func (m minter) certificate(serial int64) []byte {
	key := m.keys["dpop-ed25519"].(ed25519.PrivateKey)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "agent"},
		NotBefore: time.Unix(now-3600, 0), NotAfter: time.Unix(now+3600, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	return must(x509.CreateCertificate(nil, template, template, key.Public(), key))
}

func thumbprintOf(certificate []byte) string {
	sum := sha256.Sum256(certificate)
	return b64(string(sum[:]))
}
