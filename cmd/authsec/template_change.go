package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"authsec/internal/app"
	"authsec/internal/domain"
)

type templateShowCmd struct {
	settings
	output
	Template string `arg:"" help:"Its ID or its name."`
}

// Help is the command's example.
func (templateShowCmd) Help() string {
	return `Example:
  authsec template show "Support staff"`
}

// Run shows the template.
func (c *templateShowCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := c.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	t, err := findTemplate(ctx, a, c.Template)
	if err != nil {
		return err
	}
	v := viewTemplate(t)
	if c.json() {
		return p.printJSON(v)
	}
	p.printTable([]string{"setting", "value"}, [][]string{{"id", v.ID}, {"name", v.Name}, {"status", stateOf(v.Enabled)}, {"client_id", v.ClientID},
		{"identity_provider_id", v.IdentityProviderID}, {"conditions", v.who()}, {"role", v.Role}, {"actions", strings.Join(v.Actions, " ")},
		{"max_duration", (time.Duration(v.MaxDurationSeconds) * time.Second).String()}, {"resources", strings.Join(v.Resources, " ")},
		{"sub_agents", strings.Join(v.SubAgents, " ")}, {"sender_constrained", string(v.SenderConstrained)}})
	return nil
}

type templateEnableCmd struct {
	settings
	output
	Template string `arg:"" help:"Its ID or its name."`
}

// Help is the command's example.
func (templateEnableCmd) Help() string {
	return `Example:
  authsec template enable "Support staff"`
}

// Run enables the template.
func (c *templateEnableCmd) Run(ctx context.Context, p *program) error {
	return changeTemplate(ctx, p, c.settings, c.output, c.Template, "Enabled %s: people lend by it from now on.\n",
		func(a *app.App, id string) (domain.DelegationTemplate, error) {
			return a.Directory.EnableDelegationTemplate(ctx, operator(), id)
		})
}

type templateDisableCmd struct {
	settings
	output
	Template string `arg:"" help:"Its ID or its name."`
}

// Help is the command's example.
func (templateDisableCmd) Help() string {
	return `Example:
  authsec template disable "Support staff"`
}

// Run disables the template.
func (c *templateDisableCmd) Run(ctx context.Context, p *program) error {
	return changeTemplate(ctx, p, c.settings, c.output, c.Template, "Disabled %s: nobody lends by it any more. Tokens that were lent by it are recalled.\n",
		func(a *app.App, id string) (domain.DelegationTemplate, error) {
			return a.Directory.DisableDelegationTemplate(ctx, operator(), id)
		})
}

func changeTemplate(ctx context.Context, p *program, set settings, out output, idOrName, says string,
	change func(a *app.App, id string) (domain.DelegationTemplate, error)) (err error) {
	a, err := set.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	t, err := findTemplate(ctx, a, idOrName)
	if err != nil {
		return err
	}
	if t, err = change(a, t.ID); err != nil {
		return err
	}
	if out.json() {
		return p.printJSON(viewTemplate(t))
	}
	fmt.Fprintf(p.stdout, says, oneLine(t.Name))
	return nil
}

type templateDeleteCmd struct {
	settings
	Template string `arg:"" help:"Its ID or its name."`
}

// Help is the command's example.
func (templateDeleteCmd) Help() string {
	return `Example:
  authsec template delete "Support staff"`
}

// Run deletes the template.
func (c *templateDeleteCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := c.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	t, err := findTemplate(ctx, a, c.Template)
	if err != nil {
		return err
	}
	if err := a.Directory.DeleteDelegationTemplate(ctx, operator(), t.ID); err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "Deleted %s. The delegations that it made give nothing any more; tokens that are out are recalled.\n", oneLine(t.Name))
	return nil
}
