package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"authsec/internal/config"
	"authsec/internal/domain"
)

type tokenCmd struct {
	Get      tokenGetCmd      `cmd:"" help:"Fetch a delegation token, as an agent would."`
	Exchange tokenExchangeCmd `cmd:"" help:"Exchange a person's or another agent's token, as an agent would."`
	Inspect  tokenInspectCmd  `cmd:"" help:"Show what a token says, and why it would be refused now."`
}

type tokenGetCmd struct {
	output
	BaseURL           string        `required:"" env:"AUTHSEC_BASE_URL" placeholder:"URL" help:"The server's root."`
	ClientID          string        `required:"" env:"AUTHSEC_AGENT_CLIENT_ID" placeholder:"UUID" help:"The agent's client ID."`
	DelegationID      string        `env:"AUTHSEC_DELEGATION_ID" help:"Which delegation."`
	Role              string        `env:"AUTHSEC_ROLE" help:"The delegation of which role."`
	Audience          []string      `env:"AUTHSEC_AUDIENCE" help:"For which API; repeatable."`
	Action            []string      `env:"AUTHSEC_ACTIONS" help:"Which actions; repeatable. All, without it."`
	TTL               time.Duration `help:"For how long at most."`
	WorkloadTokenFile string        `env:"AUTHSEC_WORKLOAD_TOKEN_FILE" type:"path" help:"The file that holds the workload's token."`
	ClientSecretFile  string        `env:"AUTHSEC_CLIENT_SECRET_FILE" type:"path" help:"The file that holds the agent's client secret."`
}

// Help is the command's example.
func (tokenGetCmd) Help() string {
	return `Example:
  curl -H "Authorization: Bearer $(authsec token get)" http://127.0.0.1:7469/billing/customers/cust_42`
}

const (
	tokenPath    = "/authsec/uflow/sdk/delegation-token"
	tokenTimeout = 10 * time.Second
	maxAnswer    = 64 << 10
)

// Run fetches a token and prints it alone, or the whole answer as JSON.
func (c *tokenGetCmd) Run(ctx context.Context, p *program) error {
	req, err := c.request(ctx)
	if err != nil {
		return err
	}
	// A redirect could carry the workload's proof to somebody else.
	client := &http.Client{Timeout: tokenTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("reach %s: %w", c.BaseURL, errors.Unwrap(err))
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return refused(resp.Status, resp.StatusCode, body)
	}
	var answer struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Token == "" {
		return fmt.Errorf("%s did not answer as AuthSec does; check the base URL", c.BaseURL)
	}
	if c.json() {
		return p.printJSON(json.RawMessage(body))
	}
	fmt.Fprintln(p.stdout, answer.Token)
	return nil
}

func (c *tokenGetCmd) request(ctx context.Context) (*http.Request, error) {
	base, err := url.Parse(strings.TrimSuffix(c.BaseURL, "/"))
	if err != nil || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, errors.New("--base-url must be the server's root, such as https://authsec.example.com")
	}
	q := url.Values{"client_id": {c.ClientID}}
	for key, value := range map[string]string{"delegation_id": c.DelegationID, "role": c.Role, "actions": strings.Join(c.Action, " ")} {
		if value != "" {
			q.Set(key, value)
		}
	}
	q["audience"] = c.Audience
	if c.TTL != 0 {
		q.Set("ttl", strconv.FormatInt(int64(c.TTL/time.Second), 10))
	}
	base.Path += tokenPath
	base.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base.String(), nil)
	if err != nil {
		return nil, err
	}
	switch {
	case c.WorkloadTokenFile != "" && c.ClientSecretFile != "":
		return nil, errors.New("give --workload-token-file or --client-secret-file, not both")
	case c.WorkloadTokenFile != "":
		token, err := config.ReadSecretFile(c.WorkloadTokenFile)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Authorization", "Bearer "+token.Reveal())
	case c.ClientSecretFile != "":
		secret, err := config.ReadSecretFile(c.ClientSecretFile)
		if err != nil {
			return nil, err
		}
		// Both halves are form-encoded first (RFC 6749 §2.3.1).
		req.SetBasicAuth(url.QueryEscape(c.ClientID), url.QueryEscape(secret.Reveal()))
	}
	return req, nil
}

// refused turns an error answer into one that fits a line.
func refused(status string, code int, body []byte) error {
	var e struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(body, &e) != nil || e.Description == "" {
		return fmt.Errorf("the server answered %s", status)
	}
	return domain.Errorf(domain.Internal, e.Code, "%s (%s, %d)", oneLine(e.Description), oneLine(e.Code), code)
}
