package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	maxBodyBytes = 1 << 20
	maxRedirects = 3
)

// fetcher gets an issuer's keys over HTTP.
type fetcher struct {
	client   *http.Client
	issuer   string
	jwksURL  string // empty: look it up in the metadata
	checkURL func(string) error
}

func newFetcher(s *settings, issuer string) *fetcher {
	client := *s.client
	client.CheckRedirect = checkRedirect
	return &fetcher{client: &client, issuer: issuer, jwksURL: s.jwksURL, checkURL: s.checkURL}
}

// fetch is a fetchFunc.
func (f *fetcher) fetch(ctx context.Context) (keyMap, time.Duration, error) {
	address := f.jwksURL
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
	keys, err := parseKeys(body)
	if err != nil {
		return nil, 0, fmt.Errorf("keys: %w", err)
	}
	return keys, maxAge(header), nil
}

// discover returns the issuer's jwks_uri (RFC 8414 §3). It asks every time: a
// refresh is rare, and so a moved jwks_uri needs no restart.
func (f *fetcher) discover(ctx context.Context) (string, error) {
	var body []byte
	var err error
	for _, address := range metadataURLs(f.issuer) {
		if body, _, err = f.get(ctx, address); !errors.Is(err, errNotFound) {
			break
		}
	}
	if err != nil {
		return "", err
	}
	metadata, err := parseObject(body)
	if err != nil {
		return "", err
	}
	// RFC 8414 §3.3: else any host could speak for the issuer.
	if issuer, _ := metadata.text("issuer"); issuer != f.issuer {
		return "", fmt.Errorf("issuer is %q: want %q", issuer, f.issuer)
	}
	jwksURL, _ := metadata.text("jwks_uri")
	if strings.HasPrefix(f.issuer, "https:") && !strings.HasPrefix(jwksURL, "https:") {
		return "", errors.New("jwks_uri: want https, as the issuer's")
	}
	if err := f.checkURL(jwksURL); err != nil {
		return "", fmt.Errorf("jwks_uri: %w", err)
	}
	return jwksURL, nil
}

// metadataURLs returns where an issuer's metadata may be. RFC 8414 §3.1 puts
// the well-known path before the issuer's own; a server behind a proxy that
// strips a prefix can only answer after it (the older form of §5).
func metadataURLs(issuer string) []string {
	const wellKnown = "/.well-known/oauth-authorization-server"
	issuer = strings.TrimSuffix(issuer, "/")
	u, err := url.Parse(issuer)
	if err != nil || u.Path == "" {
		return []string{issuer + wellKnown}
	}
	origin := strings.TrimSuffix(issuer, u.EscapedPath())
	return []string{origin + wellKnown + u.EscapedPath(), issuer + wellKnown}
}

var errNotFound = errors.New("not found")

// get returns a 200 answer's body, of at most 1 MiB, and header.
func (f *fetcher) get(ctx context.Context, address string) ([]byte, http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Accept", "application/json")
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
