package attest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"authsec/internal/domain"

	"github.com/spiffe/go-spiffe/v2/bundle/jwtbundle"
	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

// spiffe verifies the SVIDs of one trust domain.
type spiffe struct {
	trustDomain spiffeid.TrustDomain
	audience    string
	bundles     trustBundles
	// own: the trust domain is this server's, whose node agents vouch for its agents.
	own     bool
	missing map[string]string
}

// trustBundles knows what verifies a trust domain's SVIDs. An error means that
// it cannot be told now: there is no bundle yet, or none that is recent enough.
type trustBundles interface {
	jwt(ctx context.Context, now time.Time) (*jwtbundle.Bundle, error)
	x509(ctx context.Context, now time.Time) (*x509bundle.Bundle, error)
	// renew asks for the bundle again when a proof names a key that is not in it,
	// unless that was done just now. It reports whether it was asked for.
	renew(ctx context.Context, now time.Time) bool
	Close() error
}

// newSPIFFE reads the files that the settings name; whatever else has the bundle
// is asked in the background.
func newSPIFFE(s domain.SPIFFESource, e Environment) (Verifier, error) {
	td, err := spiffeid.TrustDomainFromString(s.TrustDomain)
	if err != nil {
		return nil, fmt.Errorf("trust_domain: %w", err)
	}
	v := &spiffe{trustDomain: td, audience: s.Audience, own: s.TrustDomain == e.TrustDomain}
	v.missing = whyNot(v.own)
	switch {
	case s.BundleURL != "":
		v.bundles, err = newEndpoint(s, td, e)
	case s.WorkloadAPI != "":
		v.bundles, err = newWorkloadAPI(s.WorkloadAPI, td, e)
	case s.BundleFile != "":
		v.bundles, err = newBundleFile(s.BundleFile, td, e)
	default:
		return nil, errors.New("one of bundle_url, bundle_file and workload_api must say where the bundle comes from")
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

// Verify implements Verifier: a JWT-SVID as the bearer token, else an X.509-SVID
// as the connection's certificate. With a bearer token, that is the proof meant:
// a certificate may be a mesh's, of which the workload knows nothing.
func (s *spiffe) Verify(ctx context.Context, p Presented, now time.Time) (Attested, error) {
	switch {
	case p.Bearer != "":
		return s.verifyJWT(ctx, p.Bearer.Reveal(), now)
	case p.Basic == nil && len(p.Certificates) > 0:
		return s.verifyX509(ctx, p.Certificates, now)
	}
	return Attested{}, ErrNotMine
}

// Close implements Verifier.
func (s *spiffe) Close() error { return s.bundles.Close() }

// attested is what an SVID proves: its ID, and of our own agents' the agent.
func (s *spiffe) attested(id spiffeid.ID, until time.Time) Attested {
	got := Attested{Kind: KindSPIFFE, Missing: s.missing, Until: until,
		Selectors: []Selector{{Selector: domain.Selector{Key: domain.SelectorSPIFFEID, Value: id.String()}, How: Signed}}}
	if agent, ok := strings.CutPrefix(id.Path(), "/agent/"); ok && s.own {
		// One agent has one ID: other spellings of the UUID are other workloads.
		if canonical, ok := domain.ParseID(agent); ok && canonical == agent {
			got.ClientID = agent
		}
	}
	return got
}

// whyNot says of every other platform's selectors why an SVID does not prove them.
func whyNot(own bool) map[string]string {
	why := "An SVID of another trust domain proves only its SPIFFE ID."
	if own {
		why = "An SVID proves an agent's selectors only if it is the agent's own: have SPIRE issue the agent's SPIFFE ID for them. " +
			"The agent's page and `authsec agent spire-entry` give the entry."
	}
	missing := map[string]string{}
	for _, p := range domain.Platforms() {
		for _, k := range p.Selectors {
			if prefix, _, _ := strings.Cut(k.Key, ":"); p.Key != domain.PlatformSPIFFE {
				missing[prefix+":"] = why
			}
		}
	}
	return missing
}
