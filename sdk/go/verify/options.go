package verify

import (
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"authsec/sdk/go/jwks"
)

const (
	defaultLeeway = 30 * time.Second
	// maxLeeway keeps a setting meant for clock drift from prolonging tokens.
	maxLeeway           = 5 * time.Minute
	defaultMaxStaleness = 24 * time.Hour
)

// An Option changes how [New] sets a [Verifier] up.
type Option func(*settings)

type settings struct {
	leeway       time.Duration
	maxStaleness time.Duration
	now          func() time.Time
	client       *http.Client
	log          *slog.Logger
	plainHTTP    bool
	jwksURL      string
	static       []byte // a JWK Set, or nil
	revocation   revocationSettings
	metadata     *metadata // nil: none

	dpop        *DPoP // nil: not accepted
	proofs      *proofs
	certificate func(*http.Request) *x509.Certificate // nil: not accepted
	constrained bool
}

// WithLeeway sets how far this machine's clock and the issuer's may differ:
// 0 to 5 minutes, 30 seconds by default.
func WithLeeway(d time.Duration) Option { return func(s *settings) { s.leeway = d } }

// WithMaxStaleness sets for how long after they were last fetched keys are
// trusted while the issuer cannot be reached: 24 hours by default. After that
// every token is refused with [ErrKeysUnavailable]. A key the issuer withdraws
// can live that long here if an attacker cuts us off from the issuer.
func WithMaxStaleness(d time.Duration) Option { return func(s *settings) { s.maxStaleness = d } }

// WithJWKSURL sets where the issuer's keys are, instead of looking jwks_uri up
// in its metadata (RFC 8414).
func WithJWKSURL(url string) Option { return func(s *settings) { s.jwksURL = url } }

// WithKeys sets the issuer's keys once and for all, as a JWK Set document
// (RFC 7517 §5); nothing is fetched. It suits tests and closed networks.
func WithKeys(jwks []byte) Option {
	return func(s *settings) { s.static = append([]byte{}, jwks...) } // never nil: no keys is not "fetch them"
}

// WithPlainHTTP lets keys, and word of revocations, come over http:// from a host other than this one.
// Whoever controls the network in between can then issue tokens.
func WithPlainHTTP() Option { return func(s *settings) { s.plainHTTP = true } }

// WithHTTPClient sets the client that speaks to the issuer, for a proxy or a
// private CA. Its redirect policy is replaced by ours: never to another origin.
func WithHTTPClient(c *http.Client) Option { return func(s *settings) { s.client = c } }

// WithClock sets the source of the current time.
func WithClock(now func() time.Time) Option { return func(s *settings) { s.now = now } }

// WithLogger sets where key refreshes and refused requests are logged, instead
// of [slog.Default]. Tokens are not logged.
func WithLogger(l *slog.Logger) Option { return func(s *settings) { s.log = l } }

// newSettings applies the options and checks them, and returns what is to be
// kept of them with the source of the issuer's keys.
func newSettings(issuer, audience string, options []Option) (*settings, jwks.Keys, error) {
	s := &settings{
		leeway:       defaultLeeway,
		maxStaleness: defaultMaxStaleness,
		now:          time.Now,
		client:       &http.Client{},
		log:          slog.Default(),
		revocation:   revocationSettings{mode: RevocationNone, staleness: defaultStaleness, steady: steadyClock()},
	}
	for _, option := range options {
		option(s)
	}
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if issuer == "" {
		fault("issuer is empty")
	}
	// The audience is also the realm of our challenges (RFC 6750 §3).
	if !isScopeToken(audience) {
		fault("audience %q: want printable ASCII without spaces, quotes and backslashes", audience)
	}
	if s.leeway < 0 || s.leeway > maxLeeway {
		fault("leeway %s: want 0 to %s", s.leeway, maxLeeway)
	}
	if s.static != nil && (s.now == nil || s.client == nil || s.log == nil) { // else NewRemote says so
		fault("clock, HTTP client and logger must not be nil")
	}
	s.revocation.check(issuer, s.plainHTTP, fault)
	if s.dpop != nil {
		checker, err := newProofs(*s.dpop, s)
		if err != nil {
			faults = append(faults, err)
		}
		s.proofs = checker
	}
	if s.constrained && s.dpop == nil && s.certificate == nil {
		fault("WithSenderConstrained: want WithDPoP or WithMTLS as well")
	}
	if s.metadata != nil {
		if err := s.metadata.prepare(issuer, s); err != nil {
			fault("metadata: %w", err)
		}
	}
	var keys jwks.Keys
	policy := jwks.Policy{Algorithms: []string{algorithm}}
	switch {
	case s.static != nil && s.jwksURL != "":
		fault("WithKeys and WithJWKSURL exclude each other")
	case s.static != nil:
		known, err := jwks.Parse(s.static, policy)
		if err != nil {
			fault("keys: %w", err)
		} else if known.Len() == 0 {
			fault("keys: none of them can verify RS256 signatures")
		}
		keys = known
	default:
		remote, err := jwks.NewRemote(jwks.Options{
			Issuer: issuer, URL: s.jwksURL, Metadata: jwks.OAuthMetadata, Policy: policy,
			Client: s.client, PlainHTTP: s.plainHTTP, MaxStaleness: s.maxStaleness, Now: s.now, Log: s.log,
		})
		switch {
		case errors.Is(err, jwks.ErrPlainHTTP):
			fault("%w, or WithPlainHTTP", err)
		case err != nil:
			fault("%w", err)
		}
		keys = remote
	}
	if len(faults) > 0 {
		return nil, nil, errors.Join(faults...)
	}
	return s, keys, nil
}
