package attest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"authsec/sdk/go/jwks"
	"authsec/sdk/go/jws"
)

// staleKeys is for how long an issuer's keys are trusted while it cannot be
// reached. A key it withdraws can live that long here if we are cut off from it.
const staleKeys = 6 * time.Hour

// keySet finds the public keys of a source's issuer.
type keySet interface {
	// Key returns the key for the kid and alg of a token's header. Its errors are
	// jwks.ErrUnknown, and jwks.ErrUnavailable when it cannot be told now.
	Key(ctx context.Context, kid, alg string) (any, error)
	Close() error
}

// keyOptions say where an issuer's keys are: in JWKS, else at JWKSURL, else
// where its OpenID Connect metadata says. Now and Log are required.
type keyOptions struct {
	Issuer  string
	JWKS    string // a key set document (RFC 7517 §5)
	JWKSURL string
	// CABundle (PEM) takes the place of the system's authorities.
	CABundle string
	// Transport, when set, is used as it is: CABundle is then its maker's to heed.
	Transport http.RoundTripper
	// Discovery replaces the path of the metadata below the issuer's.
	Discovery string
	Now       func() time.Time
	Log       *slog.Logger
}

// workloadKeys are the keys that may sign a workload token.
func workloadKeys() jwks.Policy {
	return jwks.Policy{Algorithms: jws.Algorithms(), KeyIDOptional: true}
}

// newKeySet checks the options, and asks nothing of the network: the first
// token does.
func newKeySet(o keyOptions) (keySet, error) {
	if o.JWKS != "" {
		set, err := jwks.Parse([]byte(o.JWKS), workloadKeys())
		if err != nil {
			return nil, fmt.Errorf("jwks: %w", err)
		}
		if set.Len() == 0 {
			return nil, errors.New("jwks: none of its keys can verify a workload token: want RSA of at least 2048 bits, EC or Ed25519, for signatures")
		}
		return issuerKeys{keys: set}, nil
	}
	transport, idle := o.Transport, func() {}
	if transport == nil {
		own, err := newTransport(o.CABundle)
		if err != nil {
			return nil, err
		}
		transport, idle = own, own.CloseIdleConnections
	}
	metadata := jwks.OpenIDMetadata
	if o.Discovery != "" {
		metadata = func(issuer string) []string { return []string{issuer + o.Discovery} }
	}
	keys, err := jwks.NewRemote(jwks.Options{
		Issuer: o.Issuer, URL: o.JWKSURL, Metadata: metadata, Policy: workloadKeys(),
		Client: &http.Client{Transport: transport}, MaxStaleness: staleKeys, Now: o.Now, Log: o.Log,
	})
	if err != nil {
		return nil, err
	}
	return issuerKeys{keys, idle}, nil
}

// newTransport returns a transport of its own, so that closing a source ends
// its connections and nobody else's.
func newTransport(caBundle string) (*http.Transport, error) {
	base, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return nil, errors.New("http.DefaultTransport was replaced")
	}
	t := base.Clone()
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	t.MaxResponseHeaderBytes = 64 << 10
	if caBundle != "" {
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM([]byte(caBundle)) {
			return nil, errors.New("ca_bundle: holds no certificate in PEM")
		}
		t.TLSClientConfig.RootCAs = pool
	}
	return t, nil
}

type issuerKeys struct {
	keys jwks.Keys
	idle func() // closes idle connections; nil: there are none
}

func (k issuerKeys) Key(ctx context.Context, kid, alg string) (any, error) {
	return k.keys.Key(ctx, kid, alg)
}

func (k issuerKeys) Close() error {
	k.keys.Close()
	if k.idle != nil {
		k.idle()
	}
	return nil
}
