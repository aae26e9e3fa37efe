package wire

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"authsec/internal/domain"
)

// The headers of DPoP (RFC 9449 §4.1, §8.1).
const (
	dpopHeader  = "DPoP"
	nonceHeader = "DPoP-Nonce"
)

// maxProof bounds a DPoP proof, in bytes: it is refused before it is read.
const maxProof = 8 << 10

// BindMutualTLS is the value of token_binding that asks for a token bound to the
// client certificate of the connection.
const BindMutualTLS = "mtls"

// Nonces gives those that DPoP proofs must carry.
type Nonces interface {
	At(now time.Time) string
}

// KeyProofs reads proofs of the keys that tokens are to be bound to. All fields but
// MutualTLSURL are required.
type KeyProofs struct {
	PublicURL    string // the issuer
	MutualTLSURL string // of the listener for mutual TLS, as metadata names it; "" : it does not
	Nonces       Nonces
	Now          func() time.Time
}

// KeyProof is what a request shows of a key by DPoP.
type KeyProof struct {
	Proof  string // as it came; "" : the request has none
	Method string
	URL    string // of the request, as its client knows it: what htu must name
}

// Read reads the one DPoP header of a request. Whatever becomes of that, the
// answer to a request that has one carries a nonce for the next (RFC 9449 §8.2).
func (k KeyProofs) Read(w http.ResponseWriter, r *http.Request) (KeyProof, error) {
	values := r.Header.Values(dpopHeader)
	if len(values) == 0 {
		return KeyProof{}, nil
	}
	w.Header().Set(nonceHeader, k.Nonces.At(k.Now()))
	switch {
	case len(values) > 1: // RFC 9449 §4.3 no. 1
		return KeyProof{}, badProof("The header DPoP is given more than once. Send one proof.")
	case values[0] == "":
		return KeyProof{}, badProof("The header DPoP is empty. Send a proof, or leave the header out.")
	case len(values[0]) > maxProof:
		return KeyProof{}, badProof("The DPoP proof is longer than %d bytes.", maxProof)
	}
	return KeyProof{Proof: values[0], Method: r.Method, URL: k.urlOf(r)}, nil
}

// urlOf is the public URL with the request's path, whatever Host says, which
// whoever relays a stolen proof would choose. On the listener for mutual TLS it is
// that one's, if that is known, and asked for; and where the public URL is of this
// machine, this machine's names are as good as each other.
func (k KeyProofs) urlOf(r *http.Request) string {
	base := k.PublicURL
	u, err := url.Parse(base)
	switch {
	case k.MutualTLSURL != "" && r.TLS != nil && strings.EqualFold("https://"+strings.TrimSuffix(r.Host, ":443"), k.MutualTLSURL):
		base = k.MutualTLSURL
	case err == nil && onThisMachine(u.Host, u.Port()) && onThisMachine(r.Host, u.Port()):
		base = u.Scheme + "://" + r.Host
	}
	return base + r.URL.EscapedPath()
}

// onThisMachine reports whether a host with the port is of the loopback interface.
func onThisMachine(hostport, port string) bool {
	host, got, err := net.SplitHostPort(hostport)
	if err != nil {
		host, got = hostport, ""
	}
	if strings.EqualFold(host, "localhost") {
		return got == port
	}
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && address.IsLoopback() && got == port
}

func badProof(format string, args ...any) error {
	return domain.Errorf(domain.Invalid, "invalid_dpop_proof", format, args...)
}

// Confirmation is a key as the claim cnf names it (RFC 7800 §3.1); nil: none.
func Confirmation(c domain.Confirmation) map[string]string {
	switch {
	case c.KeyThumbprint != "":
		return map[string]string{"jkt": c.KeyThumbprint}
	case c.CertThumbprint != "":
		return map[string]string{"x5t#S256": c.CertThumbprint}
	}
	return nil
}

// TokenType is how a token that is bound to a key is to be presented (RFC 6749
// §7.1, RFC 9449 §5); one that is bound to a certificate is a Bearer token (RFC
// 8705 §3).
func TokenType(c domain.Confirmation) string {
	if c.KeyThumbprint != "" {
		return "DPoP"
	}
	return "Bearer"
}
