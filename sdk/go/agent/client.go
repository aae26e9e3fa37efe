package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"
)

const (
	maxScopes      = 256
	maxInvalidated = 1024
	// refreshAfter is the part of a token's life after which it is replaced in
	// the background.
	refreshAfter = 0.8
	firstPause   = time.Second // between failed background refreshes; doubles
	longestPause = time.Minute
)

// ErrClosed is returned by a client that was closed.
var ErrClosed = errors.New("authsec: the client is closed")

// Ask says what a token is for, in place of the configuration's. An empty field
// leaves the configuration's as it is.
type Ask struct {
	Actions  []string
	Audience []string
}

// Client gets delegation tokens for one agent, and keeps them. Safe for
// concurrent use.
type Client struct {
	config  Config
	fetcher *fetcher
	bound   *binding
	flights singleflight.Group

	ctx    context.Context //nolint:containedctx // the client's own life, no caller's
	cancel context.CancelFunc

	mu          sync.Mutex
	leases      *lru.Cache[string, *lease]
	invalidated *lru.Cache[string, struct{}]
}

// lease is a token that may be handed out.
type lease struct {
	delegation Delegation
	refreshAt  time.Time
	endsAt     time.Time
	endsWall   time.Time // the same without the monotonic clock, which stands still while a machine sleeps
	failures   int
}

// New checks the configuration. It asks nothing of the server.
func New(c Config) (*Client, error) {
	c, err := c.check()
	if err != nil {
		return nil, fmt.Errorf("authsec: %w", err)
	}
	return newClient(c, finder{config: c, projected: ProjectedToken, getenv: os.Getenv})
}

func newClient(c Config, f finder) (*Client, error) {
	leases, err := lru.New[string, *lease](maxScopes)
	if err != nil {
		return nil, err
	}
	invalidated, err := lru.New[string, struct{}](maxInvalidated)
	if err != nil {
		return nil, err
	}
	bound, err := newBinding(c)
	if err != nil {
		return nil, fmt.Errorf("authsec: %w", err)
	}
	fetcher, err := newFetcher(c, f, bound)
	if err != nil {
		return nil, err
	}
	client := &Client{config: c, fetcher: fetcher, bound: bound, leases: leases, invalidated: invalidated}
	client.ctx, client.cancel = context.WithCancel(context.Background())
	return client, nil
}

// Token returns a JWT to send as a Bearer token; with DPoP, [Client.Authorize] sends
// it. An [*Error] is the server's refusal; [ErrProof] tells that the workload's own
// proof cannot be had.
func (c *Client) Token(ctx context.Context) (string, error) {
	d, err := c.Delegation(ctx, Ask{})
	return d.Token, err
}

// Delegation returns a token for what is asked, with what it allows.
func (c *Client) Delegation(ctx context.Context, ask Ask) (Delegation, error) {
	ask = c.complete(ask)
	key := scopeKey(ask)
	if d, ok := c.kept(ask, key); ok {
		return d, nil
	}
	// A fetch serves all who wait for the same, and outlives the one who began it.
	flight := c.flights.DoChan(key, func() (any, error) { return c.renew(ask, key, false) })
	select {
	case got := <-flight:
		if got.Err != nil {
			return Delegation{}, got.Err
		}
		return got.Val.(Delegation), nil //nolint:forcetypeassert // made by renew
	case <-ctx.Done():
		return Delegation{}, fmt.Errorf("authsec: %w", context.Cause(ctx))
	}
}

// Invalidate makes sure that the token is never handed out again: call it when
// an API answered 401 to it. The next one is newly minted.
func (c *Client) Invalidate(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.invalidated.Add(token, struct{}{})
	for _, key := range c.leases.Keys() {
		if l, ok := c.leases.Peek(key); ok && l.delegation.Token == token {
			c.leases.Remove(key)
		}
	}
}

// Close drops the tokens and ends fetches under way.
func (c *Client) Close() {
	c.cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leases.Purge()
	c.fetcher.client.CloseIdleConnections()
}

// TokenSource returns the client as golang.org/x/oauth2 knows it. It needs no
// oauth2.ReuseTokenSource around it. What it gives is no use with DPoP, where each
// request needs a proof as well: use [Client.Transport].
func (c *Client) TokenSource(ctx context.Context) oauth2.TokenSource { return source{ctx, c} }

type source struct {
	ctx    context.Context //nolint:containedctx // the interface passes none
	client *Client
}

// Token implements oauth2.TokenSource.
func (s source) Token() (*oauth2.Token, error) {
	d, err := s.client.Delegation(s.ctx, Ask{})
	if err != nil {
		return nil, err
	}
	return &oauth2.Token{AccessToken: d.Token, TokenType: d.TokenType, Expiry: d.ExpiresAt}, nil
}

// kept returns the token that is kept, and has it replaced in the background
// when that is due.
func (c *Client) kept(ask Ask, key string) (Delegation, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.config.Now()
	l := c.live(key, now)
	if l == nil {
		return Delegation{}, false
	}
	if !now.Before(l.refreshAt) {
		l.refreshAt = l.endsAt // until this try has ended
		// Nobody waits for the channel: renew keeps what it brings.
		c.flights.DoChan(key, func() (any, error) { return c.renew(ask, key, true) })
	}
	return l.delegation, true
}

// live returns the lease that may be handed out, or nil. c.mu is held.
func (c *Client) live(key string, now time.Time) *lease {
	l, ok := c.leases.Get(key)
	if !ok || c.ctx.Err() != nil || !now.Before(l.endsAt) || !now.Round(0).Before(l.endsWall) {
		return nil
	}
	return l
}

// renew fetches a token and keeps it.
func (c *Client) renew(ask Ask, key string, background bool) (Delegation, error) {
	if c.ctx.Err() != nil {
		return Delegation{}, ErrClosed
	}
	if !background {
		c.mu.Lock()
		l := c.live(key, c.config.Now())
		c.mu.Unlock()
		if l != nil { // another fetch ended between the caller's look and this one's start
			return l.delegation, nil
		}
	}
	d, sentAt, err := c.fetcher.fetch(c.ctx, ask, false)
	if err == nil && c.isInvalidated(d.Token) { // the server gives one token again for a while
		d, sentAt, err = c.fetcher.fetch(c.ctx, ask, true)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ctx.Err() != nil:
		return Delegation{}, ErrClosed
	case err == nil && c.invalidated.Contains(d.Token):
		return Delegation{}, errors.New("authsec: the server gives a token that was invalidated")
	case err != nil && background:
		c.postpone(key, err)
		return Delegation{}, err
	case err != nil:
		return Delegation{}, err
	}
	c.leases.Add(key, &lease{delegation: d, refreshAt: sentAt.Add(time.Duration(float64(d.TTL) * refreshAfter)),
		endsAt: sentAt.Add(d.TTL), endsWall: sentAt.Round(0).Add(d.TTL)})
	return d, nil
}

// postpone keeps the token in use until it ends, and waits with the next try. c.mu is held.
func (c *Client) postpone(key string, err error) {
	l, ok := c.leases.Peek(key)
	if !ok {
		return
	}
	pause := min(firstPause<<min(l.failures, 6), longestPause)
	l.failures++
	l.refreshAt = c.config.Now().Add(pause)
	c.config.Logger.Warn("token_refresh_failed", "error", err, "next_try_in", pause)
}

func (c *Client) isInvalidated(token string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.invalidated.Contains(token)
}

// complete fills in the configuration's part.
func (c *Client) complete(ask Ask) Ask {
	if len(ask.Actions) == 0 {
		ask.Actions = c.config.Actions
	}
	if len(ask.Audience) == 0 {
		ask.Audience = c.config.Audience
	}
	return Ask{Actions: slices.Compact(slices.Sorted(slices.Values(ask.Actions))), Audience: slices.Compact(slices.Sorted(slices.Values(ask.Audience)))}
}

// scopeKey joins with a character that stands in no action and no URI.
func scopeKey(ask Ask) string {
	return strings.Join(ask.Actions, "\n") + "\n\n" + strings.Join(ask.Audience, "\n")
}
