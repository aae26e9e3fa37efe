package agent

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Transport returns a RoundTripper that adds the agent's token to requests for
// the hosts, over https or to this machine, and to no others: a model may have
// a say in the URL. base nil is http.DefaultTransport. After a 401 the token is
// not used again; a request whose body can be had again is tried once more.
//
// With DPoP each request gets a proof of its own, and one whose answer asks for
// the API's nonce (RFC 9449 §9) is sent again with it, once. With a client
// certificate, connections to the hosts, and to no others, offer it; a base that is
// no *http.Transport must do that by itself.
func (c *Client) Transport(base http.RoundTripper, hosts ...string) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	others := base
	if plain, ok := base.(*http.Transport); ok && c.bound.certificate != nil {
		base = withCertificate(plain, c.bound.certificate)
	}
	lower := make([]string, len(hosts))
	for i, host := range hosts {
		lower[i] = strings.ToLower(host)
	}
	return &transport{client: c, base: base, others: others, hosts: lower}
}

// Authorize adds the token to a request, and with DPoP a proof for it, without
// looking where it goes. It suits what cannot use [Client.Transport], which also
// sees the answer: the nonce of an API, and that a token is refused.
func (c *Client) Authorize(req *http.Request) error {
	_, err := c.authorize(req)
	return err
}

// authorize returns the token.
func (c *Client) authorize(req *http.Request) (string, error) {
	d, err := c.Delegation(req.Context(), Ask{})
	if err != nil {
		return "", err
	}
	method := req.Method
	if method == "" {
		method = http.MethodGet
	}
	if err := c.bound.prove(req.Header, method, addressOf(req), d.Token); err != nil {
		return "", fmt.Errorf("authsec: %w", err)
	}
	req.Header.Set("Authorization", d.TokenType+" "+d.Token)
	return d.Token, nil
}

// addressOf is where the server is told that the request goes (RFC 9110 §7.1).
func addressOf(req *http.Request) string {
	u := *req.URL
	if req.Host != "" {
		u.Host = req.Host
	}
	return u.String()
}

type transport struct {
	client       *Client
	base, others http.RoundTripper
	hosts        []string
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if !t.mayHave(req) {
		return t.others.RoundTrip(req)
	}
	// Two things are worth one more try each: an API's nonce, and a new token.
	nonceTried, tokenTried := false, false
	for next := req; ; {
		resp, token, err := t.send(next)
		if err != nil {
			return nil, err
		}
		learnt := t.client.bound.learn(resp.Header, addressOf(req))
		switch {
		case resp.StatusCode != http.StatusUnauthorized:
			return resp, nil
		case told(resp, codeNonce) && learnt && !nonceTried:
			nonceTried = true
		case told(resp, codeNonce), told(resp, codeProof), tokenTried: // a proof that is not accepted is no fault of the token
			return resp, nil
		default:
			tokenTried = true
			t.client.Invalidate(token)
		}
		if next = repeat(req); next == nil {
			return resp, nil
		}
		if err := resp.Body.Close(); err != nil {
			return nil, err
		}
	}
}

// told reports whether a challenge for DPoP holds the error (RFC 9449 §7.1).
func told(resp *http.Response, code string) bool {
	return slices.ContainsFunc(resp.Header.Values("WWW-Authenticate"), func(challenge string) bool {
		return strings.Contains(strings.ToLower(challenge), "dpop") && strings.Contains(challenge, `error="`+code+`"`)
	})
}

// repeat returns the request anew, or nil when its body cannot be had again.
func repeat(req *http.Request) *http.Request {
	if req.Body != nil && req.Body != http.NoBody && req.GetBody == nil {
		return nil
	}
	again := req.Clone(req.Context())
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil // the first answer stands
		}
		again.Body = body
	}
	return again
}

func (t *transport) send(req *http.Request) (*http.Response, string, error) {
	sent := req.Clone(req.Context()) // a RoundTripper must not change its request
	token, err := t.client.authorize(sent)
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close() // a RoundTripper must; the error of the token is the one to tell
		}
		return nil, "", err
	}
	resp, err := t.base.RoundTrip(sent)
	return resp, token, err
}

func (t *transport) mayHave(req *http.Request) bool {
	host := strings.ToLower(req.URL.Hostname())
	return (req.URL.Scheme == "https" || isLoopback(host)) && (slices.Contains(t.hosts, host) || slices.Contains(t.hosts, strings.ToLower(req.URL.Host)))
}
