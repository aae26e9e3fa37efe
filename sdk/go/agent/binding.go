package agent

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"authsec/sdk/go/dpop"
)

const (
	// maxOrigins is of how many servers the last nonce is kept.
	maxOrigins  = 256
	codeNonce   = "use_dpop_nonce"     // RFC 9449 §8, §9
	codeProof   = "invalid_dpop_proof" // RFC 9449 §5, §7.1
	bearerToken = "Bearer"
	dpopToken   = "DPoP"
)

// binding is the key to which the client has its tokens bound. The zero value is
// none.
type binding struct {
	signer      *dpop.Signer               // nil: not by DPoP
	nonces      *lru.Cache[string, string] // the last of each server, by origin
	certificate *tls.Certificate           // nil: not by certificate
	thumbprint  string                     // of the certificate, as x5t#S256 has it
	now         func() time.Time
}

func newBinding(c Config) (*binding, error) {
	b := &binding{certificate: c.ClientCertificate, now: c.Now}
	if c.ClientCertificate != nil {
		sum := sha256.Sum256(c.ClientCertificate.Certificate[0])
		b.thumbprint = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	if !c.DPoP {
		return b, nil
	}
	var err error
	if b.nonces, err = lru.New[string, string](maxOrigins); err != nil {
		return nil, err
	}
	if c.DPoPKey == nil {
		b.signer, err = dpop.Generate()
	} else {
		b.signer, err = dpop.NewSigner(c.DPoPKey)
	}
	return b, err
}

// prove adds a proof for a request to address, and the token that it carries.
func (b *binding) prove(header http.Header, method, address, token string) error {
	if b.signer == nil {
		return nil
	}
	nonce, _ := b.nonces.Get(origin(address))
	proof, err := b.signer.Sign(dpop.Request{Method: method, URL: address, Now: b.now(), AccessToken: token, Nonce: nonce})
	if err != nil {
		return err
	}
	header.Set(dpop.HeaderName, proof)
	return nil
}

// learn keeps the nonce of an answer, and reports whether it had one.
func (b *binding) learn(header http.Header, address string) bool {
	nonce := header.Get(dpop.NonceHeader)
	if b.signer == nil || !isNonce(nonce) {
		return false
	}
	b.nonces.Add(origin(address), nonce)
	return true
}

// isNonce reports whether s is 1*NQCHAR (RFC 9449 §8.1) of a length that fits.
func isNonce(s string) bool {
	return s != "" && len(s) <= dpop.MaxNonce && !strings.ContainsFunc(s, func(r rune) bool { return r < 0x21 || r > 0x7e || r == '"' || r == '\\' })
}

func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Scheme + "://" + u.Host)
}

// tokenType is the scheme under which the tokens are sent.
func (b *binding) tokenType() string {
	if b.signer != nil {
		return dpopToken
	}
	return bearerToken
}

// confirmed says why a token is not bound as it was asked to be: a token that
// could be used without the key must not pass for one that cannot.
func (b *binding) confirmed(a answer) error {
	switch {
	case b.signer != nil && (a.Confirmation.KeyThumbprint != b.signer.Thumbprint() || !strings.EqualFold(a.TokenType, dpopToken)):
		return errors.New("the server did not bind the token to the DPoP key; it may be too old to know DPoP")
	case b.certificate != nil && a.Confirmation.CertificateThumbprint != b.thumbprint:
		return errors.New("the server did not bind the token to the client certificate; it may be too old to know token_binding")
	case b.signer == nil && a.Confirmation.KeyThumbprint != "":
		return errors.New("the server bound the token to a key that was not given")
	}
	return nil
}

// withCertificate returns a transport that offers the client certificate to the
// servers that ask for one.
func withCertificate(base *http.Transport, certificate *tls.Certificate) *http.Transport {
	own := base.Clone()
	if own.TLSClientConfig == nil {
		own.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	own.TLSClientConfig.Certificates = []tls.Certificate{*certificate}
	own.TLSClientConfig.GetClientCertificate = nil
	return own
}
