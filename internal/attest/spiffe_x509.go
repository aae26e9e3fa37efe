package attest

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
)

// maxChain bounds the certificates that a client may send.
const maxChain = 8

// verifyX509 verifies an X.509-SVID, whose key the TLS handshake proved
// (X509-SVID §5). Certificates have no leeway: whoever issues them dates them back.
func (s *spiffe) verifyX509(ctx context.Context, chain []*x509.Certificate, now time.Time) (Attested, error) {
	id, err := x509svid.IDFromCert(chain[0])
	if err != nil || id.TrustDomain() != s.trustDomain {
		return Attested{}, ErrNotMine //nolint:nilerr // a certificate without a SPIFFE ID is no SVID
	}
	if len(chain) > maxChain {
		return Attested{}, reject(fmt.Sprintf("The client certificate comes with more than %d certificates.", maxChain), nil)
	}
	chains, err := s.chains(ctx, chain, now)
	if unknown := (x509.UnknownAuthorityError{}); (errors.Is(err, errNoBundle) || errors.As(err, &unknown)) && s.bundles.renew(ctx, now) {
		chains, err = s.chains(ctx, chain, now)
	}
	switch {
	case errors.Is(err, errNoBundle):
		return Attested{}, fmt.Errorf("verify an X.509-SVID: %w", err)
	case err != nil:
		return Attested{}, reject(x509Problem(chain[0], now), err)
	}
	return s.attested(id, validUntil(chains)), nil
}

var errNoBundle = errors.New("no bundle")

// chains verifies an SVID. errNoBundle: it cannot be told.
func (s *spiffe) chains(ctx context.Context, chain []*x509.Certificate, now time.Time) ([][]*x509.Certificate, error) {
	bundle, err := s.bundles.x509(ctx, now)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoBundle, err)
	}
	_, chains, err := x509svid.Verify(chain, bundle, x509svid.WithTime(now))
	return chains, err
}

func x509Problem(leaf *x509.Certificate, now time.Time) string {
	switch {
	case now.After(leaf.NotAfter):
		return "The X.509-SVID has expired. Have the agent connect again with its present one."
	case now.Before(leaf.NotBefore):
		return "The X.509-SVID is not valid yet. Set the clocks of the workload's node and of this server."
	}
	return "The X.509-SVID does not verify with its trust domain's certificates. Have the agent fetch a new one from its Workload API and connect again."
}

// validUntil is when the last of the chains ends: each ends with its first certificate to do so.
func validUntil(chains [][]*x509.Certificate) time.Time {
	var last time.Time
	for _, chain := range chains {
		end := chain[0].NotAfter
		for _, c := range chain[1:] {
			if c.NotAfter.Before(end) {
				end = c.NotAfter
			}
		}
		if end.After(last) {
			last = end
		}
	}
	return last
}
