package recall

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"authsec/sdk/go/jws"
)

const (
	maxBodyBytes  = 1 << 20
	maxRetryAfter = time.Minute
)

// StatusError is an answer of the issuer's that is none of those that were hoped for.
type StatusError struct {
	URL        string
	Status     int
	RetryAfter time.Duration // 0: it does not say
}

func (e *StatusError) Error() string { return fmt.Sprintf("%s: status %d", e.URL, e.Status) }

// client speaks to the issuer.
type client struct {
	issuer string // without a slash at the end
	basic  string // the Authorization header; "" without a credential
	http   *http.Client
	stream *http.Client
}

func newClient(issuer, id, secret string, base *http.Client) *client {
	c := &client{issuer: strings.TrimSuffix(issuer, "/")}
	if id != "" {
		// Each half is form-encoded first (RFC 6749 §2.3.1).
		pair := url.QueryEscape(id) + ":" + url.QueryEscape(secret)
		c.basic = "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
	}
	// No redirect is followed: a list is trusted for where it is, and the
	// credential goes nowhere else.
	stop := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	short, long := *base, *base
	short.CheckRedirect, long.CheckRedirect = stop, stop
	long.Timeout = 0 // a stream ends when it falls silent
	c.http, c.stream = &short, &long
	return c
}

// fetched is a list as it came; raw is "" when it is still the one with the ETag.
type fetched struct {
	raw, etag string
}

// list gets the status list at uri, which the caller has held to the issuer.
func (c *client) list(ctx context.Context, uri, etag string) (fetched, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return fetched{}, err
	}
	req.Header.Set("Accept", "application/statuslist+jwt")
	req.Header.Set("Cache-Control", "no-cache") // what a proxy remembers does not count as fresh
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return fetched{}, err
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	if resp.StatusCode == http.StatusNotModified && etag != "" {
		return fetched{etag: etag}, nil
	}
	body, err := read(resp, uri, "application/statuslist+jwt")
	return fetched{raw: strings.TrimSpace(string(body)), etag: resp.Header.Get("ETag")}, err
}

// page is a part of the feed.
type page struct {
	events []string
	last   int64
	more   bool
}

func (c *client) feed(ctx context.Context, since int64) (page, error) {
	req, err := c.authenticated(ctx, http.MethodGet, "/oauth2/revocations?since="+strconv.FormatInt(since, 10), nil)
	if err != nil {
		return page{}, err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return page{}, err
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	body, err := read(resp, "the feed of recalls", "application/json")
	if err != nil {
		return page{}, err
	}
	return parsePage(body)
}

func parsePage(body []byte) (page, error) {
	o, err := jws.ParseObject(body)
	if err != nil {
		return page{}, fmt.Errorf("the feed of recalls: %w", err)
	}
	events, ok1 := o.Texts("events")
	last, ok2 := o.Whole("last", maxInteger)
	more, ok3 := o["more"].(bool)
	if !ok1 || !ok2 || !ok3 {
		return page{}, errors.New("the feed of recalls: want events, last and more")
	}
	return page{events, last, more}, nil
}

// open starts the stream of recalls after a sequence. The caller closes it.
func (c *client) open(ctx context.Context, after int64) (io.ReadCloser, error) {
	req, err := c.authenticated(ctx, http.MethodGet, "/oauth2/revocations", nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "text/event-stream")
	req.Header.Set("Cache-Control", "no-store")
	req.Header.Set("Last-Event-ID", strconv.FormatInt(after, 10))
	resp, err := c.stream.Do(req)
	if err != nil {
		return nil, err
	}
	if err := check(resp, "the stream of recalls", "text/event-stream"); err != nil {
		resp.Body.Close() //nolint:errcheck // only read
		return nil, err
	}
	return resp.Body, nil
}

// introspect asks whether a token is active (RFC 7662 §2).
func (c *client) introspect(ctx context.Context, token string) (bool, error) {
	form := url.Values{"token": {token}, "token_type_hint": {"access_token"}}.Encode()
	req, err := c.authenticated(ctx, http.MethodPost, "/oauth2/introspect", strings.NewReader(form))
	if err != nil {
		return false, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := c.http.Do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	body, err := read(resp, "introspection", "application/json")
	if err != nil {
		return false, err
	}
	o, err := jws.ParseObject(body)
	if err != nil {
		return false, fmt.Errorf("introspection: %w", err)
	}
	active, ok := o["active"].(bool)
	if !ok {
		return false, errors.New("introspection: want active to be true or false")
	}
	return active, nil
}

func (c *client) authenticated(ctx context.Context, method, path string, body io.Reader) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.issuer+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", c.basic)
	return req, nil
}

// read returns a 200 answer's body, of at most 1 MiB.
func read(resp *http.Response, what, mediaType string) ([]byte, error) {
	if err := check(resp, what, mediaType); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBodyBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if len(body) > maxBodyBytes {
		return nil, fmt.Errorf("%s: answer longer than %d bytes", what, maxBodyBytes)
	}
	return body, nil
}

func check(resp *http.Response, what, mediaType string) error {
	if resp.StatusCode != http.StatusOK {
		return &StatusError{what, resp.StatusCode, retryAfter(resp.Header)}
	}
	if got, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || got != mediaType {
		return fmt.Errorf("%s: want media type %s", what, mediaType)
	}
	return nil
}

func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.ParseUint(h.Get("Retry-After"), 10, 31)
	if err != nil { // absent, or a date, which the server does not send
		return 0
	}
	return min(time.Duration(seconds)*time.Second, maxRetryAfter)
}
