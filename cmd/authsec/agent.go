package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"authsec/internal/domain"
)

type agentCmd struct {
	Create   agentCreateCmd   `cmd:"" help:"Onboard an agent."`
	List     agentListCmd     `cmd:"" help:"List the agents."`
	Suspend  agentSuspendCmd  `cmd:"" help:"Suspend an agent, and recall its tokens."`
	Activate agentActivateCmd `cmd:"" help:"Let a suspended agent have tokens again."`
	Delete   agentDeleteCmd   `cmd:"" help:"Delete an agent with its delegations, and recall its tokens."`
	Keys     agentKeysCmd     `cmd:"" help:"The public keys that an agent of the platform other signs assertions with."`
	SPIRE    agentSPIRECmd    `cmd:"" name:"spire-entry" help:"Print the entry that registers an agent in SPIRE."`
}

type agentCreateCmd struct {
	settings
	output
	Name        string   `required:"" help:"What it is called."`
	Type        string   `default:"langchain" help:"The framework it is built with."`
	Platform    string   `required:"" help:"Where it runs: kubernetes, docker, unix, aws, gcp, azure, github, gitlab, spiffe, oidc or other."`
	Selector    []string `sep:"none" placeholder:"KEY=VALUE" help:"What its workload must prove, such as k8s:ns=production; repeatable."`
	Attestation string   `enum:",required,permissive" default:"" help:"required or permissive; without it, the deployment's default."`
}

// Help is the command's example.
func (agentCreateCmd) Help() string {
	return `Example:
  authsec agent create --name "Customer Support" --platform kubernetes \
    --selector k8s:ns=production --selector k8s:sa=customer-support-sa`
}

// agentView is an agent as JSON shows it.
type agentView struct {
	ClientID     string            `json:"client_id"`
	Name         string            `json:"name"`
	Type         string            `json:"type"`
	Platform     string            `json:"platform"`
	Selectors    map[string]string `json:"selectors"`
	Attestation  string            `json:"attestation"`
	Status       string            `json:"status"`
	SPIFFEID     string            `json:"spiffe_id"`
	CreatedAt    time.Time         `json:"created_at"`
	LastTokenAt  *time.Time        `json:"last_token_at"`
	ClientSecret string            `json:"client_secret,omitempty"` // once, when it is made
}

func viewAgent(a domain.Agent, trustDomain string) agentView {
	v := agentView{ClientID: a.ClientID, Name: a.Name, Type: a.Type, Platform: a.Platform, Selectors: map[string]string{},
		Attestation: string(a.Attestation), Status: string(a.Status), SPIFFEID: domain.SPIFFEID(trustDomain, a.ClientID),
		CreatedAt: a.CreatedAt, LastTokenAt: optional(a.LastTokenAt)}
	for _, s := range a.Selectors {
		v.Selectors[s.Key] = s.Value
	}
	return v
}

// Run onboards the agent.
func (c *agentCreateCmd) Run(ctx context.Context, p *program) (err error) {
	spec := domain.AgentSpec{Name: c.Name, Type: c.Type, Platform: c.Platform, Attestation: domain.Attestation(c.Attestation)}
	for _, s := range c.Selector {
		key, value, ok := strings.Cut(s, "=")
		if !ok {
			return fmt.Errorf("--selector %s: write KEY=VALUE, such as k8s:ns=production", s)
		}
		spec.Selectors = append(spec.Selectors, domain.Selector{Key: key, Value: value})
	}
	a, err := c.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	agent, secret, err := a.Directory.CreateAgent(ctx, operator(), spec)
	if err != nil {
		return err
	}
	v := viewAgent(agent, a.Config.TrustDomain)
	v.ClientSecret = secret.Reveal()
	if c.json() {
		return p.printJSON(v)
	}
	fmt.Fprintf(p.stdout, "Onboarded %s.\n\n  Client ID    %s\n  SPIFFE ID    %s\n  Attestation  %s\n", oneLine(v.Name), v.ClientID, v.SPIFFEID, v.Attestation)
	if v.ClientSecret != "" {
		fmt.Fprintf(p.stdout, "  Secret       %s\n\nThe secret is shown this once. Keep it where the agent alone can read it.\n", v.ClientSecret)
	}
	if agent.Attestation == domain.AttestationPermissive {
		fmt.Fprintln(p.stdout, "\nPermissive: it gets tokens without proof of its workload. Good for a try-out on this machine, for nothing else.")
	}
	return nil
}

type agentListCmd struct {
	settings
	output
	Search string `help:"Only those whose name or ID contains this."`
}

// Help is the command's example.
func (agentListCmd) Help() string {
	return `Example:
  authsec agent list --output json`
}

// Run lists the agents.
func (c *agentListCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := c.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	views := []agentView{}
	err = all(c.Search, func(page domain.Page) (string, error) {
		list, err := a.Directory.Agents(ctx, domain.AgentFilter{}, page)
		for _, agent := range list.Items {
			views = append(views, viewAgent(agent, a.Config.TrustDomain))
		}
		return list.Next, err
	})
	if err != nil {
		return err
	}
	if c.json() {
		return p.printJSON(views)
	}
	rows := make([][]string, 0, len(views))
	for _, v := range views {
		last := "never"
		if v.LastTokenAt != nil {
			last = when(*v.LastTokenAt, "")
		}
		rows = append(rows, []string{v.ClientID, v.Name, v.Type, v.Platform, v.Attestation, v.Status, last})
	}
	p.printTable([]string{"client id", "name", "type", "platform", "attestation", "status", "last token"}, rows)
	return nil
}

// all reads every page of a list; fetch returns the next cursor.
func all(search string, fetch func(domain.Page) (string, error)) error {
	cursor := ""
	for {
		page, err := domain.NewPage(domain.MaxPage, cursor, search)
		if err != nil {
			return err
		}
		if cursor, err = fetch(page); err != nil || cursor == "" {
			return err
		}
	}
}
