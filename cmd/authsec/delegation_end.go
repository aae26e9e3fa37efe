package main

import (
	"context"
	"fmt"
	"time"

	"authsec/internal/app"
	"authsec/internal/domain"
)

type delegationRevokeCmd struct {
	settings
	output
	ID     string `arg:"" help:"The delegation's ID."`
	Reason string `help:"Why, for the audit log."`
}

// Help is the command's example.
func (delegationRevokeCmd) Help() string {
	return `Example:
  authsec delegation revoke 0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e --reason "The pilot is over."`
}

// Run revokes the delegation.
func (c *delegationRevokeCmd) Run(ctx context.Context, p *program) error {
	return c.end(ctx, p, c.output, c.ID, "Revoked: %s gets no more tokens under %s by %s. %s\n", func(a *app.App) (domain.DelegationView, error) {
		return a.Delegation.Revoke(ctx, operator(), c.ID, c.Reason)
	})
}

type delegationDisableCmd struct {
	settings
	output
	ID     string `arg:"" help:"The delegation's ID."`
	Reason string `help:"Why, for the audit log."`
}

// Help is the command's example.
func (delegationDisableCmd) Help() string {
	return `Example:
  authsec delegation disable 0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e --reason "Looked into."`
}

// Run disables the delegation.
func (c *delegationDisableCmd) Run(ctx context.Context, p *program) error {
	return c.end(ctx, p, c.output, c.ID, "Disabled: %s gets no tokens under %s by %s for now. %s\n", func(a *app.App) (domain.DelegationView, error) {
		return a.Delegation.Disable(ctx, operator(), c.ID, c.Reason)
	})
}

// endedDelegation is a delegation, and what its end recalled.
type endedDelegation struct {
	delegationView
	Recalled recalledView `json:"recalled"`
}

// end makes a change that ends a delegation, and tells what it recalled. told
// takes agent, role, person and that.
func (s settings) end(ctx context.Context, p *program, o output, id, told string, change func(*app.App) (domain.DelegationView, error)) (err error) {
	a, err := s.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	var d domain.DelegationView
	recalled, err := recalling(ctx, a, domain.RecallScope{DelegationID: id}, func() (err error) {
		d, err = change(a)
		return err
	})
	if err != nil {
		return err
	}
	if o.json() {
		return p.printJSON(endedDelegation{viewDelegation(d, time.Now()), recalled})
	}
	fmt.Fprintf(p.stdout, told, oneLine(d.Agent.Name), d.Role, d.Delegator.Email, recalled)
	return nil
}

type delegationEnableCmd struct {
	settings
	output
	ID string `arg:"" help:"The delegation's ID."`
}

// Help is the command's example.
func (delegationEnableCmd) Help() string {
	return `Example:
  authsec delegation enable 0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e

Tokens that were recalled stay so: the agent has to fetch a new one.`
}

// Run enables the delegation.
func (c *delegationEnableCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := c.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	d, err := a.Delegation.Enable(ctx, operator(), c.ID)
	if err != nil {
		return err
	}
	if c.json() {
		return p.printJSON(viewDelegation(d, time.Now()))
	}
	fmt.Fprintf(p.stdout, "Enabled: %s gets tokens under %s by %s again. Those that were recalled stay so.\n", oneLine(d.Agent.Name), d.Role, d.Delegator.Email)
	return nil
}
