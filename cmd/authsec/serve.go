package main

import (
	"context"
	"fmt"
	"net"

	"authsec/internal/app"
	"authsec/internal/domain"
)

type serveCmd struct{ settings }

// Help is the command's example.
func (serveCmd) Help() string {
	return `Example:
  authsec serve --data-dir /var/lib/authsec --public-url https://authsec.example.com

The first start of an empty database prints a one-time link that makes the first
administrator, unless --admin-email and --admin-password-file name one.`
}

// Run runs the server until it is told to stop.
func (c *serveCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := c.open(ctx, p, app.Options{Migrate: true})
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	if err := a.OpenKeys(ctx, domain.System()); err != nil {
		return err
	}
	link, err := a.FirstAdmin(ctx)
	if err != nil {
		return err
	}
	return a.Serve(ctx, buildVersion(), func(net.Addr) {
		if link != "" {
			// On standard output, which is not the log: logs are kept and shipped.
			fmt.Fprintf(p.stdout, "\nNobody can sign in yet. Within one hour, open this link once to make the first administrator:\n\n  %s\n\n", link)
		}
	})
}
