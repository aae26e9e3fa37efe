package verify

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"

	"authsec/sdk/go/jws"
)

// Confirmation is the key to which a token is bound (cnf, RFC 7800 §3.1): at most
// one field is set.
type Confirmation struct {
	KeyThumbprint         string // jkt: of a DPoP key (RFC 9449 §6.1)
	CertificateThumbprint string // x5t#S256: of a client certificate (RFC 8705 §3.1)
}

// parseConfirmation reads cnf. More than one confirmation, or one that is not
// known, is a demand that cannot be met.
func parseConfirmation(o jws.Object) (Confirmation, error) {
	if !o.Has("cnf") {
		return Confirmation{}, nil
	}
	members, ok := o["cnf"].(map[string]any)
	if !ok || len(members) != 1 {
		return Confirmation{}, ErrConstrained
	}
	var c Confirmation
	for name, to := range map[string]*string{"jkt": &c.KeyThumbprint, "x5t#S256": &c.CertificateThumbprint} {
		if *to, ok = jws.Object(members).Text(name); !ok {
			return Confirmation{}, ErrConstrained
		}
	}
	if c == (Confirmation{}) {
		return Confirmation{}, ErrConstrained
	}
	return c, nil
}

// WithMTLS accepts tokens that are bound to a client certificate (RFC 8705 §3),
// over connections with that certificate. certificate finds it for a request; nil
// takes the TLS connection's own, for which the server must ask for one
// ([crypto/tls.RequestClientCert] is enough: the token vouches for it). A function
// that reads a header is for those whose proxy sets it on every request.
func WithMTLS(certificate func(*http.Request) *x509.Certificate) Option {
	if certificate == nil {
		certificate = func(r *http.Request) *x509.Certificate {
			if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
				return nil
			}
			return r.TLS.PeerCertificates[0]
		}
	}
	return func(s *settings) { s.certificate = certificate }
}

// WithSenderConstrained refuses tokens that are bound to no key (Bearer tokens in
// the narrow sense). It needs [WithDPoP], [WithMTLS] or both.
func WithSenderConstrained() Option { return func(s *settings) { s.constrained = true } }

// VerifyRequest checks the token of a request's Authorization header as
// [Verifier.Verify] does, and that its sender holds the key to which it is bound,
// where it is. It reads neither body nor query.
//
// Any error means: refuse, best with [Verifier.Refuse].
func (v *Verifier) VerifyRequest(r *http.Request) (*Claims, error) {
	claims, _, err := v.verifyRequest(r)
	return claims, err
}

// verifyRequest returns also the scheme and the nonce of the answer.
func (v *Verifier) verifyRequest(r *http.Request) (*Claims, answer, error) {
	c, err := v.credential(r)
	to := answer{scheme: c.scheme}
	if err != nil {
		return nil, to, err
	}
	claims, err := v.read(r.Context(), c.token)
	if err != nil {
		return nil, to, err
	}
	if c.scheme == schemeDPoP {
		to.nonce, err = v.confirmProof(r, c.token, claims.Confirmation)
	} else {
		err = v.confirmBearer(r, claims.Confirmation)
	}
	if err == nil {
		err = v.current(r.Context(), c.token, claims)
	}
	if err != nil {
		return nil, to, err
	}
	return claims, to, nil
}

// answer is what a request's answer depends on.
type answer struct {
	scheme string // of the request's credential, "" for none
	nonce  string // to send, "" for none
}

func (v *Verifier) confirmProof(r *http.Request, token string, bound Confirmation) (nonce string, err error) {
	if bound.KeyThumbprint == "" {
		return "", fmt.Errorf("%w: want the scheme Bearer, for it is bound to no DPoP key", ErrBinding)
	}
	return v.dpop.check(r, token, bound.KeyThumbprint)
}

func (v *Verifier) confirmBearer(r *http.Request, bound Confirmation) error {
	switch {
	case bound.KeyThumbprint != "" && v.dpop != nil:
		return fmt.Errorf("%w: want the scheme DPoP", ErrBinding)
	case bound.CertificateThumbprint != "" && v.certificate != nil:
		return matchCertificate(v.certificate(r), bound.CertificateThumbprint)
	case bound != (Confirmation{}):
		return ErrConstrained
	case v.constrained:
		return ErrUnbound
	}
	return nil
}

func matchCertificate(certificate *x509.Certificate, thumbprint string) error {
	if certificate == nil {
		return fmt.Errorf("%w: want a connection with its client certificate", ErrBinding)
	}
	sum := sha256.Sum256(certificate.Raw)
	if subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(thumbprint)) != 1 {
		return fmt.Errorf("%w: the connection has another client certificate", ErrBinding)
	}
	return nil
}
