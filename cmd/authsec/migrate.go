package main

import (
	"context"
	"fmt"

	"authsec/internal/app"
)

type migrateCmd struct {
	settings
	output
}

// Help is the command's example.
func (migrateCmd) Help() string {
	return `Example:
  AUTHSEC_DATABASE_URL=postgres://authsec@db/authsec authsec migrate`
}

// Run migrates.
func (c *migrateCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := c.open(ctx, p, app.Options{Migrate: true})
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	version, err := a.Store.Version(ctx)
	if err != nil {
		return err
	}
	if c.json() {
		return p.printJSON(map[string]int64{"schema_version": version})
	}
	fmt.Fprintf(p.stdout, "The schema is up to date (version %d).\n", version)
	return nil
}

type versionCmd struct{ output }

// Help is the command's example.
func (versionCmd) Help() string {
	return `Example:
  authsec version`
}

// Run prints the version.
func (c *versionCmd) Run(p *program) error {
	if c.json() {
		return p.printJSON(map[string]string{"version": buildVersion()})
	}
	fmt.Fprintln(p.stdout, "authsec "+buildVersion())
	return nil
}
