package attest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"authsec/internal/domain"

	"github.com/spiffe/go-spiffe/v2/bundle/jwtbundle"
	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"golang.org/x/sync/singleflight"
)

// How often a bundle endpoint is asked. The bundle's spiffe_refresh_hint rules
// within bounds; without one it is five minutes (SPIFFE Federation §6).
const (
	bundleTimeout   = 8 * time.Second
	defaultRefresh  = 5 * time.Minute
	shortestRefresh = 10 * time.Second
	longestRefresh  = time.Hour
	firstRetry      = 5 * time.Second
	longestRetry    = 5 * time.Minute
	// renewAfter bounds how often proofs with unknown keys may have it asked.
	renewAfter = 10 * time.Second
)

// endpoint is a bundle endpoint (SPIFFE Federation §5), asked again and again.
// go-spiffe's own watch has no bound for what it reads, follows any redirect and
// takes any status.
type endpoint struct {
	last  *kept[*spiffebundle.Bundle]
	fetch func(context.Context) (*spiffebundle.Bundle, error)
	now   func() time.Time

	working sync.WaitGroup
	flights singleflight.Group

	mu       sync.Mutex
	stop     context.CancelFunc // nil: it has not begun
	closed   bool
	asked    time.Time // the last time, by now
	failures int       // in a row
}

func newEndpoint(s domain.SPIFFESource, td spiffeid.TrustDomain, e Environment) (*endpoint, error) {
	if !strings.HasPrefix(s.BundleURL, "https://") {
		return nil, errors.New("bundle_url: must be https") // SPIFFE Federation §5.2
	}
	transport, err := newTransport(s.CABundle)
	if err != nil {
		return nil, err
	}
	transport.DisableKeepAlives = true // each time, who answers is verified with the latest bundle
	p := &endpoint{last: keep[*spiffebundle.Bundle](td, e), now: e.Now}
	client := &http.Client{Transport: transport, CheckRedirect: sameOrigin}
	if s.EndpointSPIFFEID != "" {
		if err := authenticateBySPIFFE(client, transport, s, startingBundle{s.BundleFile, td, p.last}); err != nil {
			return nil, err
		}
	}
	p.fetch = func(ctx context.Context) (*spiffebundle.Bundle, error) {
		return fetchBundle(ctx, client, s.BundleURL, td)
	}
	return p, nil
}

// authenticateBySPIFFE is the https_spiffe profile: the endpoint has an SVID of
// the trust domain. The file's bundle verifies it until the endpoint has given a
// newer one.
func authenticateBySPIFFE(client *http.Client, transport *http.Transport, s domain.SPIFFESource, bundle startingBundle) error {
	id, err := spiffeid.FromString(s.EndpointSPIFFEID)
	if err != nil {
		return fmt.Errorf("endpoint_spiffe_id: %w", err)
	}
	if _, _, err := readBundle(bundle.file, bundle.trustDomain); err != nil {
		return err
	}
	transport.TLSClientConfig = tlsconfig.TLSClientConfig(bundle, tlsconfig.AuthorizeID(id))
	transport.TLSClientConfig.MinVersion = tls.VersionTLS12
	// There is one endpoint that has the ID: it sends nobody elsewhere.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return nil
}

// startingBundle verifies the endpoint.
type startingBundle struct {
	file        string
	trustDomain spiffeid.TrustDomain
	last        *kept[*spiffebundle.Bundle]
}

// GetX509BundleForTrustDomain implements x509bundle.Source.
func (b startingBundle) GetX509BundleForTrustDomain(td spiffeid.TrustDomain) (*x509bundle.Bundle, error) {
	if latest, ok := b.last.latest(); ok {
		return latest.GetX509BundleForTrustDomain(td)
	}
	first, _, err := readBundle(b.file, b.trustDomain)
	if err != nil {
		return nil, err
	}
	return first.GetX509BundleForTrustDomain(td)
}

// sameOrigin refuses to be sent anywhere else.
func sameOrigin(next *http.Request, via []*http.Request) error {
	const most = 3
	if first := via[0].URL; next.URL.Scheme != first.Scheme || next.URL.Host != first.Host {
		return errors.New("redirected to another origin")
	}
	if len(via) > most {
		return errors.New("redirected too often")
	}
	return nil
}

func fetchBundle(ctx context.Context, client *http.Client, from string, td spiffeid.TrustDomain) (*spiffebundle.Bundle, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, from, http.NoBody)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("fetch the bundle: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch the bundle: %s answers %s", from, resp.Status)
	}
	bundle, err := parseBundle(resp.Body, td)
	if err != nil {
		return nil, fmt.Errorf("fetch the bundle: %w", err)
	}
	return bundle, nil
}

// begin asks for the bundle until Close, from the first proof on: a source that
// is only being checked asks nobody.
func (p *endpoint) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stop != nil || p.closed {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	p.working.Go(func() {
		for {
			wait := p.ask(ctx)
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
		}
	})
}

// ask fetches the bundle, one request at a time, and returns when to do it next.
func (p *endpoint) ask(ctx context.Context) time.Duration {
	wait, _, _ := p.flights.Do("", func() (any, error) { return p.askOnce(ctx), nil })
	return wait.(time.Duration) //nolint:forcetypeassert // made above
}

func (p *endpoint) askOnce(ctx context.Context) time.Duration {
	p.mu.Lock()
	p.asked = p.now()
	p.mu.Unlock()
	fetching, cancel := context.WithTimeout(ctx, bundleTimeout)
	defer cancel()
	bundle, err := p.fetch(fetching)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case err != nil && ctx.Err() != nil: // closed
		return 0
	case err != nil:
		p.failures++
		p.last.failed(ctx, err)
		return retryIn(p.failures)
	}
	p.failures = 0
	p.last.set(ctx, bundle, false)
	hint, _ := bundle.RefreshHint()
	return refreshIn(hint)
}

// refreshIn is when to ask again after an answer; hint 0: it gave none.
func refreshIn(hint time.Duration) time.Duration {
	if hint <= 0 {
		return defaultRefresh
	}
	return min(max(hint, shortestRefresh), longestRefresh)
}

// retryIn is when to ask again after so many failures in a row.
func retryIn(failures int) time.Duration {
	return min(firstRetry<<min(failures-1, 10), longestRetry)
}

func (p *endpoint) jwt(ctx context.Context, now time.Time) (*jwtbundle.Bundle, error) {
	p.begin()
	b, err := p.last.get(ctx, now)
	if err != nil {
		return nil, err
	}
	return b.JWTBundle(), nil
}

func (p *endpoint) x509(ctx context.Context, now time.Time) (*x509bundle.Bundle, error) {
	p.begin()
	b, err := p.last.get(ctx, now)
	if err != nil {
		return nil, err
	}
	return b.X509Bundle(), nil
}

func (p *endpoint) renew(ctx context.Context, now time.Time) bool {
	p.mu.Lock()
	soon := now.Sub(p.asked) < renewAfter
	p.mu.Unlock()
	if soon {
		return false
	}
	p.ask(context.WithoutCancel(ctx))
	return true
}

// Close implements trustBundles.
func (p *endpoint) Close() error {
	p.mu.Lock()
	p.closed = true
	if p.stop != nil {
		p.stop()
	}
	p.mu.Unlock()
	p.working.Wait()
	return nil
}
