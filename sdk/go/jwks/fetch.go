package jwks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"authsec/sdk/go/jws"
)

const (
	maxBodyBytes = 1 << 20
	maxRedirects = 3
)

// fetcher gets an issuer's keys over HTTP.
type fetcher struct {
	Options
	client *http.Client
}

func newFetcher(o Options) *fetcher {
	client := *o.Client
	client.CheckRedirect = checkRedirect
	return &fetcher{o, &client}
}

// fetch is a fetchFunc.
func (f *fetcher) fetch(ctx context.Context) (*Set, time.Duration, error) {
	address := f.URL
	if address == "" {
		var err error
		if address, err = f.discover(ctx); err != nil {
			return nil, 0, fmt.Errorf("issuer metadata: %w", err)
		}
	}
	body, header, err := f.get(ctx, address)
	if err != nil {
		return nil, 0, fmt.Errorf("keys: %w", err)
	}
	keys, err := Parse(body, f.Policy)
	if err != nil {
		return nil, 0, fmt.Errorf("keys: %w", err)
	}
	return keys, maxAge(header), nil
}

// discover returns the issuer's jwks_uri (RFC 8414 §3, OpenID Connect Discovery
// §4). It asks every time: a
// refresh is rare, and so a moved jwks_uri needs no restart.
func (f *fetcher) discover(ctx context.Context) (string, error) {
	var body []byte
	var err error
	for _, address := range f.Metadata(f.Issuer) {
		if body, _, err = f.get(ctx, address); !errors.Is(err, errNotFound) {
			break
		}
	}
	if err != nil {
		return "", err
	}
	metadata, err := jws.ParseObject(body)
	if err != nil {
		return "", err
	}
	// RFC 8414 §3.3: else any host could speak for the issuer.
	if issuer, _ := metadata.Text("issuer"); issuer != f.Issuer {
		return "", fmt.Errorf("issuer is %q: want %q", issuer, f.Issuer)
	}
	jwksURL, _ := metadata.Text("jwks_uri")
	if strings.HasPrefix(f.Issuer, "https:") && !strings.HasPrefix(jwksURL, "https:") {
		return "", errors.New("jwks_uri: want https, as the issuer's")
	}
	if err := CheckURL(jwksURL, f.PlainHTTP); err != nil {
		return "", fmt.Errorf("jwks_uri: %w", err)
	}
	return jwksURL, nil
}

var errNotFound = errors.New("not found")

// get returns a 200 answer's body, of at most 1 MiB, and header.
func (f *fetcher) get(ctx context.Context, address string) ([]byte, http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, nil, err
	}
	// Some issuers, Kubernetes among them, have keys in their own media type alone (RFC 7517 §8.5.2).
	req.Header.Set("Accept", "application/json, application/jwk-set+json")
	resp, err := f.client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return nil, nil, fmt.Errorf("GET %s: %w", address, errNotFound)
	default:
		return nil, nil, fmt.Errorf("GET %s: status %d", address, resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBodyBytes+1))
	if err != nil {
		return nil, nil, fmt.Errorf("GET %s: %w", address, err)
	}
	if len(body) > maxBodyBytes {
		return nil, nil, fmt.Errorf("GET %s: answer longer than %d bytes", address, maxBodyBytes)
	}
	return body, resp.Header, nil
}

// checkRedirect keeps a redirect within the origin that was asked: keys are
// trusted because of where they come from.
func checkRedirect(req *http.Request, via []*http.Request) error {
	from := via[0].URL
	if req.URL.Scheme != from.Scheme || req.URL.Host != from.Host {
		return errors.New("redirected to another origin")
	}
	if len(via) > maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	return nil
}

// maxAge reads for how long an answer is fresh (RFC 9111 §5.2.2), 0 when it
// does not say, and as little as can be said when it must not be stored.
func maxAge(header http.Header) time.Duration {
	var age time.Duration
	for directive := range strings.SplitSeq(strings.Join(header.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch strings.ToLower(name) {
		case "no-store", "no-cache":
			return time.Nanosecond
		case "max-age":
			if n, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31); err == nil {
				age = max(time.Duration(n)*time.Second, time.Nanosecond)
			}
		}
	}
	return age
}
