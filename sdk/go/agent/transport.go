package agent

import (
	"net/http"
	"slices"
	"strings"
)

// Transport returns a RoundTripper that adds the agent's token to requests for
// the hosts, over https or to this machine, and to no others: a model may have
// a say in the URL. base nil is http.DefaultTransport. After a 401 the token is
// not used again; a request whose body can be had again is tried once more.
func (c *Client) Transport(base http.RoundTripper, hosts ...string) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	lower := make([]string, len(hosts))
	for i, host := range hosts {
		lower[i] = strings.ToLower(host)
	}
	return &transport{client: c, base: base, hosts: lower}
}

type transport struct {
	client *Client
	base   http.RoundTripper
	hosts  []string
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if !t.mayHave(req) {
		return t.base.RoundTrip(req)
	}
	resp, token, err := t.send(req)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	t.client.Invalidate(token)
	if req.Body != nil && req.Body != http.NoBody && req.GetBody == nil {
		return resp, nil
	}
	again := req.Clone(req.Context())
	if req.GetBody != nil {
		if again.Body, err = req.GetBody(); err != nil {
			return resp, nil //nolint:nilerr // the first answer stands
		}
	}
	if err := resp.Body.Close(); err != nil {
		return nil, err
	}
	resp, _, err = t.send(again)
	return resp, err
}

func (t *transport) send(req *http.Request) (*http.Response, string, error) {
	token, err := t.client.Token(req.Context())
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close() // a RoundTripper must; the error of the token is the one to tell
		}
		return nil, "", err
	}
	req = req.Clone(req.Context()) // a RoundTripper must not change its request
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := t.base.RoundTrip(req)
	return resp, token, err
}

func (t *transport) mayHave(req *http.Request) bool {
	host := strings.ToLower(req.URL.Hostname())
	return (req.URL.Scheme == "https" || isLoopback(host)) && (slices.Contains(t.hosts, host) || slices.Contains(t.hosts, strings.ToLower(req.URL.Host)))
}
