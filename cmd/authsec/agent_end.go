package main

import (
	"context"
	"fmt"

	"authsec/internal/domain"
)

type agentSuspendCmd struct {
	settings
	output
	ClientID string `arg:"" help:"The agent's client ID."`
}

// Help is the command's example.
func (agentSuspendCmd) Help() string {
	return `Example:
  authsec agent suspend 0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e`
}

// endedAgent is an agent, and what its end recalled.
type endedAgent struct {
	agentView
	Recalled recalledView `json:"recalled"`
}

// Run suspends the agent.
func (c *agentSuspendCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := c.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	var agent domain.Agent
	recalled, err := recalling(ctx, a, domain.RecallScope{ClientID: c.ClientID}, func() (err error) {
		agent, err = a.Directory.SuspendAgent(ctx, operator(), c.ClientID)
		return err
	})
	if err != nil {
		return err
	}
	if c.json() {
		return p.printJSON(endedAgent{viewAgent(agent, a.Config.TrustDomain), recalled})
	}
	fmt.Fprintf(p.stdout, "Suspended: %s gets no tokens for now. %s\n", oneLine(agent.Name), recalled)
	return nil
}

type agentActivateCmd struct {
	settings
	output
	ClientID string `arg:"" help:"The agent's client ID."`
}

// Help is the command's example.
func (agentActivateCmd) Help() string {
	return `Example:
  authsec agent activate 0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e

Tokens that were recalled stay so: the agent has to fetch a new one.`
}

// Run activates the agent.
func (c *agentActivateCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := c.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	agent, err := a.Directory.ActivateAgent(ctx, operator(), c.ClientID)
	if err != nil {
		return err
	}
	if c.json() {
		return p.printJSON(viewAgent(agent, a.Config.TrustDomain))
	}
	fmt.Fprintf(p.stdout, "Activated: %s gets tokens again. Those that were recalled stay so.\n", oneLine(agent.Name))
	return nil
}

type agentDeleteCmd struct {
	settings
	output
	ClientID string `arg:"" help:"The agent's client ID."`
}

// Help is the command's example.
func (agentDeleteCmd) Help() string {
	return `Example:
  authsec agent delete 0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e`
}

// Run deletes the agent.
func (c *agentDeleteCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := c.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	agent, err := a.Directory.Agent(ctx, c.ClientID)
	if err != nil {
		return err
	}
	recalled, err := recalling(ctx, a, domain.RecallScope{ClientID: agent.ClientID}, func() error {
		return a.Directory.DeleteAgent(ctx, operator(), agent.ClientID)
	})
	if err != nil {
		return err
	}
	if c.json() {
		return p.printJSON(struct {
			ClientID string       `json:"client_id"`
			Recalled recalledView `json:"recalled"`
		}{agent.ClientID, recalled})
	}
	fmt.Fprintf(p.stdout, "Deleted: %s is gone, and its delegations are revoked. %s\n", oneLine(agent.Name), recalled)
	return nil
}
