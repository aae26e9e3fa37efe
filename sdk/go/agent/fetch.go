package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	path           = "/authsec/uflow/sdk/delegation-token"
	requestTimeout = 10 * time.Second
	retryBudget    = 30 * time.Second
	maxTries       = 4
	maxBody        = 64 << 10
	maxListed      = 32
	maxText        = 500
)

// Delegation is one token and the authority that it carries.
type Delegation struct {
	Token        string
	ExpiresAt    time.Time // by the server's clock
	IssuedAt     time.Time
	Permissions  []string // actions, such as billing:read
	Audience     []string
	SPIFFEID     string
	ClientID     string
	DelegationID string
	TTL          time.Duration // how long it was good for when the server answered
	TokenType    string        // the scheme to send it under: Bearer or DPoP (RFC 9449 §7.1)
}

// String leaves the token out.
func (d Delegation) String() string {
	return fmt.Sprintf("delegation %s of agent %s until %s", d.DelegationID, d.ClientID, d.ExpiresAt.Format(time.RFC3339))
}

// LogValue keeps the token out of logs.
func (d Delegation) LogValue() slog.Value { return slog.StringValue(d.String()) }

type answer struct {
	Token        string    `json:"token"`
	ExpiresAt    time.Time `json:"expires_at"`
	IssuedAt     time.Time `json:"issued_at"`
	Permissions  []string  `json:"permissions"`
	Audience     []string  `json:"audience"`
	SPIFFEID     string    `json:"spiffe_id"`
	ClientID     string    `json:"client_id"`
	DelegationID string    `json:"delegation_id"`
	TTLSeconds   int64     `json:"ttl_seconds"`
	TokenType    string    `json:"token_type"`
	Confirmation struct {
		KeyThumbprint         string `json:"jkt"`
		CertificateThumbprint string `json:"x5t#S256"`
	} `json:"cnf"`
}

// fetcher asks the server for one token.
type fetcher struct {
	config Config
	client *http.Client
	finder finder
	bound  *binding
}

func newFetcher(c Config, f finder, bound *binding) (*fetcher, error) {
	client := &http.Client{}
	if c.HTTPClient != nil {
		own := *c.HTTPClient
		client = &own
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if socket, ok := strings.CutPrefix(c.BaseURL, socketScheme); ok {
		client.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		}}
	}
	if bound.certificate != nil {
		base := client.Transport
		if base == nil {
			base = http.DefaultTransport
		}
		plain, ok := base.(*http.Transport)
		if !ok {
			return nil, fmt.Errorf("authsec: HTTPClient: want its Transport to be an *http.Transport, to add ClientCertificate to: it is %T", base)
		}
		client.Transport = withCertificate(plain, bound.certificate)
	}
	return &fetcher{config: c, client: client, finder: f, bound: bound}, nil
}

// fetch gets a token, trying again after connection errors, 429 and 503, and
// after nothing else. sentAt is when the request that brought it left: its
// lifetime is counted from there.
func (f *fetcher) fetch(ctx context.Context, ask Ask, fresh bool) (d Delegation, sentAt time.Time, err error) {
	d, err = backoff.Retry(ctx, func() (Delegation, error) {
		sentAt = f.config.Now()
		d, err := f.once(ctx, ask, fresh)
		var refusal *Error
		switch {
		case err == nil:
			return d, nil
		case errors.Is(err, errPassing) || (errors.As(err, &refusal) && refusal.passes() && refusal.RetryAfter == 0):
			return d, err
		case refusal != nil && refusal.passes():
			return d, errors.Join(err, &backoff.RetryAfterError{Duration: refusal.RetryAfter})
		}
		return d, backoff.Permanent(err)
	}, backoff.WithMaxTries(maxTries), backoff.WithMaxElapsedTime(retryBudget))
	var refusal *Error
	if errors.As(err, &refusal) {
		err = refusal
	}
	return d, sentAt, err
}

// errPassing marks faults of the network that may pass by themselves.
var errPassing = errors.New("the server cannot be reached")

// once asks, and asks again when it learns the server's nonce by that (RFC 9449
// §8), but not a third time.
func (f *fetcher) once(ctx context.Context, ask Ask, fresh bool) (Delegation, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	d, learnt, err := f.exchange(ctx, ask, fresh)
	if refusal, ok := errors.AsType[*Error](err); ok && refusal.Status == http.StatusBadRequest && refusal.Code == codeNonce && learnt {
		d, _, err = f.exchange(ctx, ask, fresh)
	}
	return d, err
}

// exchange makes one request. learnt tells that the answer brought a nonce.
func (f *fetcher) exchange(ctx context.Context, ask Ask, fresh bool) (d Delegation, learnt bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.address(ask), nil)
	if err != nil {
		return Delegation{}, false, err
	}
	req.Header.Set("Accept", "application/json")
	if fresh {
		req.Header.Set("Cache-Control", "no-cache")
	}
	tried, err := f.finder.prove(ctx, req.Header)
	if err != nil {
		return Delegation{}, false, err
	}
	if err := f.bound.prove(req.Header, req.Method, f.issuer()+path, ""); err != nil {
		return Delegation{}, false, err
	}
	resp, err := f.client.Do(req)
	if err != nil {
		return Delegation{}, false, fmt.Errorf("%w: %w", errPassing, err)
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	learnt = f.bound.learn(resp.Header, f.issuer())
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return Delegation{}, false, fmt.Errorf("%w: %w", errPassing, err)
	}
	if resp.StatusCode != http.StatusOK {
		return Delegation{}, learnt, refusalOf(resp, body, tried)
	}
	d, err = f.accept(body)
	return d, learnt, err
}

// issuer is the server's public URL, which proofs name.
func (f *fetcher) issuer() string {
	if f.config.PublicURL != "" {
		return f.config.PublicURL
	}
	return f.config.BaseURL
}

func (f *fetcher) address(ask Ask) string {
	c := f.config
	q := url.Values{"client_id": {c.ClientID}}
	if c.DelegationID != "" {
		q.Set("delegation_id", c.DelegationID)
	}
	if c.Role != "" {
		q.Set("role", c.Role)
	}
	if len(ask.Audience) > 0 {
		q["audience"] = ask.Audience
	}
	if len(ask.Actions) > 0 {
		q.Set("actions", strings.Join(ask.Actions, " "))
	}
	if c.TTL > 0 {
		q.Set("ttl", strconv.FormatInt(int64(c.TTL/time.Second), 10))
	}
	if f.bound.certificate != nil {
		q.Set("token_binding", "mtls")
	}
	root := c.BaseURL
	if strings.HasPrefix(root, socketScheme) {
		root = "http://localhost" // the host of a socket names nobody
	}
	return root + path + "?" + q.Encode()
}

// accept checks a 200 answer. Its errors quote nothing: it may hold a token.
func (f *fetcher) accept(body []byte) (Delegation, error) {
	var a answer
	if len(body) > maxBody || json.Unmarshal(body, &a) != nil || !b64token.MatchString(a.Token) || a.ExpiresAt.IsZero() || a.TTLSeconds < 1 {
		return Delegation{}, errors.New("the answer is not a token response; check that BaseURL is the root of an AuthSec server")
	}
	if !strings.EqualFold(a.ClientID, f.config.ClientID) {
		return Delegation{}, errors.New("the answer is for another agent")
	}
	if err := f.bound.confirmed(a); err != nil {
		return Delegation{}, err
	}
	return Delegation{Token: a.Token, TokenType: f.bound.tokenType(), ExpiresAt: a.ExpiresAt, IssuedAt: a.IssuedAt, Permissions: a.Permissions, Audience: a.Audience,
		SPIFFEID: a.SPIFFEID, ClientID: a.ClientID, DelegationID: a.DelegationID, TTL: time.Duration(a.TTLSeconds) * time.Second}, nil
}

func refusalOf(resp *http.Response, body []byte, tried []string) *Error {
	var said struct {
		Code             string   `json:"error"`
		Description      string   `json:"error_description"`
		MissingSelectors []string `json:"missing_selectors"`
		Delegations      []Choice `json:"delegations"`
	}
	e := &Error{Status: resp.StatusCode, RequestID: oneLine(resp.Header.Get("X-Request-ID"))}
	if json.Unmarshal(body, &said) == nil {
		e.Code, e.Description = oneLine(said.Code), oneLine(said.Description)
		for _, key := range said.MissingSelectors[:min(len(said.MissingSelectors), maxListed)] {
			e.MissingSelectors = append(e.MissingSelectors, oneLine(key))
		}
		e.Delegations = slices.Clip(said.Delegations[:min(len(said.Delegations), maxListed)])
	}
	if e.Code == "workload_proof_required" {
		e.Tried = tried
	}
	if seconds, err := strconv.ParseUint(strings.TrimSpace(resp.Header.Get("Retry-After")), 10, 31); err == nil {
		e.RetryAfter = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(resp.Header.Get("Retry-After")); err == nil {
		e.RetryAfter = max(time.Until(at), 0)
	}
	return e
}

// oneLine keeps what a server says from forging lines of a log.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "") + "…"
	}
	return s
}
