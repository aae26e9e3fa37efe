package identity

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"
)

const (
	metadataAge   = 10 * time.Minute
	metadataRetry = 5 * time.Second // the least time between two attempts that fail
)

// metadata is what the code flow needs to know of a provider (OpenID Connect
// Discovery §3).
type metadata struct {
	endpoint oauth2.Endpoint
	// namesIssuer: the provider says its iss in every answer (RFC 9207 §3).
	namesIssuer bool
}

// metadataCache keeps it for a while, and a failure for a moment.
type metadataCache struct {
	flight singleflight.Group

	mu     sync.Mutex
	got    metadata
	err    error
	nextAt time.Time // when to ask again
}

// get asks where it must. Who comes while it is asked waits for the same answer,
// for as long as ctx lets them; whoever goes away does not end it for the others.
func (c *metadataCache) get(ctx context.Context, client *http.Client, issuer string, now time.Time) (metadata, error) {
	if got, err, ok := c.known(now); ok {
		return got, err
	}
	select {
	case r := <-c.flight.DoChan("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout)
		defer cancel()
		got, err := discover(ctx, client, issuer)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.got, c.err = got, err
		if c.nextAt = now.Add(metadataAge); err != nil {
			c.nextAt = now.Add(metadataRetry)
		}
		return got, err
	}):
		return r.Val.(metadata), r.Err //nolint:forcetypeassert // made above
	case <-ctx.Done():
		return metadata{}, fmt.Errorf("metadata of the identity provider: %w", context.Cause(ctx))
	}
}

func (c *metadataCache) known(now time.Time) (metadata, error, bool) { //nolint:revive,staticcheck // the error is what is known
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.got, c.err, now.Before(c.nextAt)
}

func discover(ctx context.Context, client *http.Client, issuer string) (metadata, error) {
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, client), issuer)
	if err != nil {
		return metadata{}, fmt.Errorf("metadata of the identity provider: %w", err)
	}
	var more struct {
		NamesIssuer bool     `json:"authorization_response_iss_parameter_supported"`
		AuthMethods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := provider.Claims(&more); err != nil {
		return metadata{}, fmt.Errorf("metadata of the identity provider: %w", err)
	}
	m := metadata{endpoint: provider.Endpoint(), namesIssuer: more.NamesIssuer}
	m.endpoint.AuthStyle = oauth2.AuthStyleInHeader // the default of OpenID Connect Discovery §3
	if len(more.AuthMethods) > 0 && !slices.Contains(more.AuthMethods, "client_secret_basic") {
		m.endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return m, errors.Join(checkEndpoint("authorization_endpoint", m.endpoint.AuthURL, issuer), checkEndpoint("token_endpoint", m.endpoint.TokenURL, issuer))
}

// checkEndpoint holds an endpoint to https, or to http on this machine for an
// issuer that is there, too. Unlike an issuer it may have a query (RFC 6749 §3.1).
func checkEndpoint(name, address, issuer string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || strings.Contains(address, "#") {
		return fmt.Errorf("%s of the identity provider: want an https URL", name)
	}
	if u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()) && strings.HasPrefix(issuer, "http:") {
		return nil
	}
	return fmt.Errorf("%s of the identity provider: want https", name)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
