// Package identity knows people by what their identity providers say (OpenID
// Connect): it verifies the tokens that providers sign, and runs the
// authorization code flow by which people sign in. Whose user a person is, and
// what they may do, is decided elsewhere.
package identity

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"reflect"
	"sync"
	"time"

	"authsec/internal/domain"
	"authsec/sdk/go/jwks"
	"authsec/sdk/go/jws"
)

// staleKeys is for how long a provider's keys are trusted while it cannot be
// reached. A key it withdraws can live that long here if we are cut off from it.
const staleKeys = 6 * time.Hour

// Reader reads the identity providers that are believed.
type Reader interface {
	EnabledIdentityProviders(ctx context.Context) ([]domain.IdentityProvider, error)
}

// Providers are the identity providers, as they are stored at each use: one that
// is disabled or changed is not believed for a moment longer. What was fetched of
// one is kept for as long as its settings stay the same. Reader, Issuer,
// RedirectURI, Now and Log are required. Close it at the end.
type Providers struct {
	Reader Reader
	// Issuer is this server's own, which is never an identity provider's: our
	// tokens stand for an agent, and nobody is present.
	Issuer      string
	RedirectURI string // of the code flow
	Now         func() time.Time
	Log         *slog.Logger

	mu     sync.Mutex
	kept   map[string]*source // by the provider's ID
	closed bool
}

// source is what is kept of one provider.
type source struct {
	settings domain.IdentityProviderSettings
	keys     jwks.Keys
	client   *http.Client
	idle     func()
	metadata metadataCache
}

func (s *source) close() {
	s.keys.Close()
	s.idle()
}

// Subject returns the person whom a token of a kind stands for (RFC 8693 §2.1,
// subject_token). Unauthenticated: it is not a good one for us; the public text
// says why, and nothing that its holder does not know. Unavailable: it cannot be
// told now.
func (p *Providers) Subject(ctx context.Context, compact string, kind Kind, now time.Time) (Person, error) {
	claims, err := jws.Peek(compact)
	if err != nil {
		return Person{}, unreadable(err)
	}
	issuer, _ := claims.Text("iss")
	enabled, err := p.Reader.EnabledIdentityProviders(ctx)
	if err != nil {
		return Person{}, fmt.Errorf("read the identity providers: %w", err)
	}
	for _, provider := range enabled {
		if provider.Settings.Issuer == issuer && provider.Settings.Audience != "" && issuer != p.Issuer {
			return p.Examine(ctx, provider, compact, kind, now)
		}
	}
	return Person{}, errOtherIssuer()
}

// Examine is Subject for one provider, which may be disabled. Unauthenticated
// with CodeOtherIssuer: the token is none of its own.
func (p *Providers) Examine(ctx context.Context, provider domain.IdentityProvider, compact string, kind Kind, now time.Time) (Person, error) {
	claims, err := jws.Peek(compact)
	if err != nil {
		return Person{}, unreadable(err)
	}
	if issuer, _ := claims.Text("iss"); issuer != provider.Settings.Issuer {
		return Person{}, errOtherIssuer()
	}
	s, err := p.source(provider)
	if err != nil {
		return Person{}, unavailable(err)
	}
	rule := rules{issuer: provider.Settings.Issuer, audience: provider.Settings.Audience, kind: kind, keys: s.keys,
		most: cmp.Or(time.Duration(provider.Settings.MaxTokenSeconds)*time.Second, domain.DefaultMaxProofAge)}
	claims, expires, err := rule.verify(ctx, compact, now)
	if err != nil {
		return Person{}, unavailable(err)
	}
	return personOf(provider, claims, expires), nil
}

// unavailable marks what cannot be told now; what was decided stays as it is.
func unavailable(err error) error {
	if own := (*domain.Error)(nil); errors.As(err, &own) {
		return err
	}
	return &domain.Error{Kind: domain.Unavailable, Code: "temporarily_unavailable", RetryAfter: jwks.RefreshInterval, Err: err,
		Public: "The identity provider does not answer, so whether the token is good cannot be told now. Try again."}
}

// CheckProvider tries a provider's settings out, without asking the network.
func (p *Providers) CheckProvider(provider domain.IdentityProvider) error {
	if provider.Settings.Issuer == p.Issuer {
		var f domain.Faults
		f.Add("/issuer", "not_allowed", "issuer must not be this server: its tokens stand for agents.")
		return f.Err()
	}
	if _, err := clientSecret(provider.Settings); err != nil {
		var f domain.Faults
		f.Add("/client_secret_file", "unusable", "client_secret_file cannot be used: %s.", err)
		return f.Err()
	}
	s, err := p.build(provider.Settings)
	if err != nil {
		return err
	}
	s.close()
	return nil
}

// source returns what is kept of a provider, anew if its settings have changed.
func (p *Providers) source(provider domain.IdentityProvider) (*source, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errors.New("identity providers are closed")
	}
	old := p.kept[provider.ID]
	if old != nil && reflect.DeepEqual(old.settings, provider.Settings) {
		return old, nil
	}
	s, err := p.build(provider.Settings)
	if err != nil {
		return nil, err
	}
	if p.kept == nil {
		p.kept = map[string]*source{}
	}
	if p.kept[provider.ID] = s; old != nil {
		go old.close() // waits for a refresh that runs, which is ended
	}
	return s, nil
}

// build checks the settings, and asks nothing of the network: the first token does.
func (p *Providers) build(s domain.IdentityProviderSettings) (*source, error) {
	transport, err := newTransport(s.CABundle)
	if err != nil {
		return nil, err
	}
	out := &source{settings: s, client: newClient(transport), idle: transport.CloseIdleConnections}
	keyPolicy := jwks.Policy{Algorithms: jws.Algorithms(), KeyIDOptional: true}
	if s.JWKS != "" {
		set, err := jwks.Parse([]byte(s.JWKS), keyPolicy)
		if err == nil && set.Len() == 0 {
			err = errors.New("none of its keys can verify a token: want RSA of at least 2048 bits, EC or Ed25519, for signatures")
		}
		if err != nil {
			return nil, fmt.Errorf("jwks: %w", err)
		}
		out.keys = set
		return out, nil
	}
	out.keys, err = jwks.NewRemote(jwks.Options{Issuer: s.Issuer, URL: s.JWKSURL, Metadata: jwks.OpenIDMetadata, Policy: keyPolicy,
		Client: &http.Client{Transport: transport}, MaxStaleness: staleKeys, Now: p.Now, Log: p.Log})
	return out, err
}

// Close ends what runs in the background. Afterwards nothing is told any more.
func (p *Providers) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, s := range p.kept {
		s.close()
	}
	p.kept = nil
	return nil
}

const maxClientSecret = 4 << 10

// clientSecret reads the secret of this server at a provider, at each use: it can
// be rotated in its file. "" for a public client.
func clientSecret(s domain.IdentityProviderSettings) (string, error) {
	if s.ClientSecretFile == "" {
		return "", nil
	}
	file, err := os.Open(s.ClientSecretFile)
	if err != nil {
		return "", err
	}
	defer file.Close() //nolint:errcheck // only read
	return readSecret(file)
}
