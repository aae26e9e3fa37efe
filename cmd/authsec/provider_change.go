package main

import (
	"context"
	"fmt"

	"authsec/internal/app"
	"authsec/internal/domain"
)

type providerEnableCmd struct {
	settings
	output
	Provider string `arg:"" help:"Its ID or its name."`
}

// Help is the command's example.
func (providerEnableCmd) Help() string {
	return `Example:
  authsec provider enable "Company directory"`
}

// Run enables the provider.
func (c *providerEnableCmd) Run(ctx context.Context, p *program) error {
	return changeProvider(ctx, p, c.settings, c.output, c.Provider, "Enabled %s: what it says of people is believed from now on.\n",
		func(a *app.App, id string) (domain.IdentityProvider, error) {
			return a.Directory.EnableIdentityProvider(ctx, operator(), id)
		})
}

type providerDisableCmd struct {
	settings
	output
	Provider string `arg:"" help:"Its ID or its name."`
}

// Help is the command's example.
func (providerDisableCmd) Help() string {
	return `Example:
  authsec provider disable "Company directory"`
}

// Run disables the provider.
func (c *providerDisableCmd) Run(ctx context.Context, p *program) error {
	return changeProvider(ctx, p, c.settings, c.output, c.Provider,
		"Disabled %s: nobody signs in or lends from there any more. Tokens that were lent from there are recalled.\n",
		func(a *app.App, id string) (domain.IdentityProvider, error) {
			return a.Directory.DisableIdentityProvider(ctx, operator(), id)
		})
}

func changeProvider(ctx context.Context, p *program, set settings, out output, idOrName, says string,
	change func(a *app.App, id string) (domain.IdentityProvider, error)) (err error) {
	a, err := set.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	found, err := findProvider(ctx, a, idOrName)
	if err != nil {
		return err
	}
	if found, err = change(a, found.ID); err != nil {
		return err
	}
	if out.json() {
		return p.printJSON(viewProvider(a, found))
	}
	fmt.Fprintf(p.stdout, says, oneLine(found.Name))
	return nil
}

type providerDeleteCmd struct {
	settings
	Provider string `arg:"" help:"Its ID or its name."`
}

// Help is the command's example.
func (providerDeleteCmd) Help() string {
	return `Example:
  authsec provider delete "Company directory"`
}

// Run deletes the provider.
func (c *providerDeleteCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := c.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	found, err := findProvider(ctx, a, c.Provider)
	if err != nil {
		return err
	}
	if err := a.Directory.DeleteIdentityProvider(ctx, operator(), found.ID); err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "Deleted %s.\n", oneLine(found.Name))
	return nil
}
