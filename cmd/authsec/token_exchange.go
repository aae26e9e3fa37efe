package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"authsec/internal/config"
	"authsec/sdk/go/dpop"
)

type tokenExchangeCmd struct {
	output
	BaseURL            string        `required:"" env:"AUTHSEC_BASE_URL" placeholder:"URL" help:"The server's root."`
	ClientID           string        `required:"" env:"AUTHSEC_AGENT_CLIENT_ID" placeholder:"UUID" help:"The agent that asks."`
	SubjectTokenFile   string        `required:"" placeholder:"FILE" help:"The file that holds the token to exchange; - reads standard input."`
	SubjectTokenType   string        `default:"access_token" placeholder:"TYPE" help:"What it is: access_token, jwt or id_token (a person's, of an identity provider)."`
	RequestedTokenType string        `placeholder:"TYPE" help:"What to get: access_token or jwt."`
	Audience           []string      `env:"AUTHSEC_AUDIENCE" help:"For which API; repeatable."`
	Resource           []string      `placeholder:"URI" help:"For which API, by its URI; repeatable."`
	Scope              []string      `help:"Which actions; repeatable. All that can be had, without it."`
	Role               string        `env:"AUTHSEC_ROLE" help:"The delegation of which role."`
	DelegationID       string        `env:"AUTHSEC_DELEGATION_ID" help:"Which delegation."`
	TTL                time.Duration `help:"For how long at most."`
	WorkloadTokenFile  string        `env:"AUTHSEC_WORKLOAD_TOKEN_FILE" type:"path" help:"The file that holds the agent's workload token."`
	ClientSecretFile   string        `env:"AUTHSEC_CLIENT_SECRET_FILE" type:"path" help:"The file that holds the agent's client secret; or AUTHSEC_CLIENT_SECRET has it."`
	DPoPKeyFile        string        `name:"dpop-key-file" type:"path" placeholder:"FILE" help:"A private key in PEM, to which the token is to be bound."`
}

// Help is the command's example.
func (tokenExchangeCmd) Help() string {
	return `Example:
  authsec token exchange --subject-token-file id_token.jwt --subject-token-type id_token --role customer-support

The agent gets a token for the person whose token it is, or hands on what another agent gave it.
Tokens and secrets come from files, standard input or the environment, never from the command line.`
}

const (
	exchangePath   = "/oauth2/token"
	grantExchange  = "urn:ietf:params:oauth:grant-type:token-exchange"
	tokenTypes     = "urn:ietf:params:oauth:token-type:"
	assertionJWT   = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	nonceDemanded  = "use_dpop_nonce"
	clientSecretIn = "AUTHSEC_CLIENT_SECRET"
)

// Run exchanges the token and prints the new one alone, or the whole answer as JSON.
func (c *tokenExchangeCmd) Run(ctx context.Context, p *program) error {
	endpoint, err := endpointOf(c.BaseURL, exchangePath)
	if err != nil {
		return err
	}
	form, basic, err := c.form(p)
	if err != nil {
		return err
	}
	var signer *dpop.Signer
	if c.DPoPKeyFile != "" {
		if signer, err = dpopSigner(c.DPoPKeyFile); err != nil {
			return fmt.Errorf("--dpop-key-file: %w", err)
		}
	}
	got, err := c.post(ctx, endpoint, form, basic, signer, "")
	if err != nil {
		return err
	}
	// The first answer says which nonce to sign (RFC 9449 §8).
	if signer != nil && got.nonce != "" && got.code == http.StatusBadRequest && errorCode(got.body) == nonceDemanded {
		if got, err = c.post(ctx, endpoint, form, basic, signer, got.nonce); err != nil {
			return err
		}
	}
	if got.code != http.StatusOK {
		return refused(got.status, got.code, got.body)
	}
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(got.body, &answer); err != nil || answer.Token == "" {
		return fmt.Errorf("%s did not answer as AuthSec does; check the base URL", c.BaseURL)
	}
	if c.json() {
		return p.printJSON(json.RawMessage(got.body))
	}
	fmt.Fprintln(p.stdout, answer.Token)
	return nil
}

// basicAuth is a client ID and secret; nil: the form or the connection says who it is.
type basicAuth struct {
	id     string
	secret config.Secret
}

func (c *tokenExchangeCmd) form(p *program) (url.Values, *basicAuth, error) {
	subject, err := p.tokenFrom(c.SubjectTokenFile)
	if err != nil {
		return nil, nil, fmt.Errorf("--subject-token-file: %w", err)
	}
	f := url.Values{"grant_type": {grantExchange}, "subject_token": {subject.Reveal()}, "subject_token_type": {tokenType(c.SubjectTokenType)}}
	for key, value := range map[string]string{"requested_token_type": tokenType(c.RequestedTokenType), "scope": strings.Join(c.Scope, " "),
		"role": c.Role, "delegation_id": c.DelegationID} {
		if value != "" {
			f.Set(key, value)
		}
	}
	f["audience"], f["resource"] = c.Audience, c.Resource
	if c.TTL != 0 {
		f.Set("ttl", strconv.FormatInt(int64(c.TTL/time.Second), 10))
	}
	secret := config.Secret(p.variable(clientSecretIn))
	switch {
	case c.WorkloadTokenFile != "" && (c.ClientSecretFile != "" || secret != ""):
		return nil, nil, errors.New("give a workload token or a client secret, not both")
	case c.WorkloadTokenFile != "":
		token, err := config.ReadSecretFile(c.WorkloadTokenFile)
		if err != nil {
			return nil, nil, err
		}
		f.Set("client_id", c.ClientID)
		f.Set("client_assertion_type", assertionJWT)
		f.Set("client_assertion", token.Reveal())
		return f, nil, nil
	case c.ClientSecretFile != "":
		if secret, err = config.ReadSecretFile(c.ClientSecretFile); err != nil {
			return nil, nil, err
		}
	}
	if secret != "" {
		return f, &basicAuth{c.ClientID, secret}, nil
	}
	f.Set("client_id", c.ClientID) // the connection is its proof
	return f, nil, nil
}

// answered is a server's answer, read whole.
type answered struct {
	status string // "400 Bad Request"
	code   int
	nonce  string // to sign next, "" for none
	body   []byte
}

func (c *tokenExchangeCmd) post(ctx context.Context, endpoint string, form url.Values, basic *basicAuth, signer *dpop.Signer, nonce string) (answered, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return answered{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if basic != nil {
		// Both halves are form-encoded first (RFC 6749 §2.3.1).
		req.SetBasicAuth(url.QueryEscape(basic.id), url.QueryEscape(basic.secret.Reveal()))
	}
	if signer != nil {
		proof, err := signer.Sign(dpop.Request{Method: http.MethodPost, URL: endpoint, Now: time.Now(), Nonce: nonce})
		if err != nil {
			return answered{}, err
		}
		req.Header.Set("DPoP", proof)
	}
	// A redirect could carry tokens and secrets to somebody else.
	client := &http.Client{Timeout: tokenTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return answered{}, fmt.Errorf("reach %s: %w", c.BaseURL, errors.Unwrap(err))
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return answered{}, fmt.Errorf("read the answer: %w", err)
	}
	return answered{resp.Status, resp.StatusCode, resp.Header.Get("DPoP-Nonce"), body}, nil
}

// endpointOf returns a route of a server, over https or to this machine alone:
// the request holds tokens.
func endpointOf(baseURL, path string) (string, error) {
	base, err := url.Parse(strings.TrimSuffix(baseURL, "/"))
	if err != nil || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return "", errors.New("--base-url must be the server's root, such as https://authsec.example.com")
	}
	ip := net.ParseIP(base.Hostname())
	if base.Scheme != "https" && (base.Scheme != "http" || base.Hostname() != "localhost" && !ip.IsLoopback()) {
		return "", errors.New("--base-url must be https, but for a server on this machine")
	}
	base.Path += path
	return base.String(), nil
}

// tokenType is a type of RFC 8693 §3, by its URI or its last word.
func tokenType(t string) string {
	if t == "" || strings.Contains(t, ":") {
		return t
	}
	return tokenTypes + t
}

// variable returns what the environment says, "" for nothing.
func (p *program) variable(name string) string {
	for _, entry := range p.environ {
		if key, value, _ := strings.Cut(entry, "="); key == name {
			return value
		}
	}
	return ""
}

// errorCode returns an answer's error; "" if it has none.
func errorCode(body []byte) string {
	var e struct {
		Code string `json:"error"`
	}
	if json.Unmarshal(body, &e) != nil {
		return ""
	}
	return e.Code
}
