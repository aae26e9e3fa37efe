package main

import (
	"context"
	"fmt"
	"strings"

	"authsec/internal/config"
	"authsec/internal/domain"
)

type userCmd struct {
	Create userCreateCmd `cmd:"" help:"Create a user."`
}

type userCreateCmd struct {
	settings
	output
	Email        string   `required:"" help:"Their address, with which they sign in."`
	Name         string   `required:"" help:"What they are called."`
	Level        string   `default:"member" enum:"admin,member,auditor" help:"What they may do: admin, member or auditor."`
	Role         []string `help:"A role they hold; repeatable."`
	PasswordFile string   `type:"path" help:"A file with their password. Without it a one-time set-up link is printed."`
}

// Help is the command's example.
func (userCreateCmd) Help() string {
	return `Example:
  authsec user create --email support@example.com --name "Support Lead" --role customer-support`
}

// Run creates the user.
func (c *userCreateCmd) Run(ctx context.Context, p *program) (err error) {
	spec := domain.UserSpec{Email: c.Email, Name: c.Name, Level: domain.Level(c.Level), Roles: c.Role}
	if c.PasswordFile != "" {
		password, err := config.ReadSecretFile(c.PasswordFile)
		if err != nil {
			return err
		}
		spec.Password = domain.Secret(password)
	}
	a, err := c.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	u, secret, err := a.Directory.CreateUser(ctx, operator(), spec)
	if err != nil {
		return err
	}
	link := ""
	if secret != "" {
		link = a.SetupURL(secret, u.Email)
	}
	if c.json() {
		return p.printJSON(struct {
			ID       string   `json:"id"`
			Email    string   `json:"email"`
			Name     string   `json:"name"`
			Level    string   `json:"level"`
			Roles    []string `json:"roles"`
			SetupURL string   `json:"setup_url,omitempty"`
		}{u.ID, u.Email, u.Name, string(u.Level), u.Roles, link})
	}
	fmt.Fprintf(p.stdout, "Created the %s %s (%s)", u.Level, u.Email, u.ID)
	if len(u.Roles) > 0 {
		fmt.Fprintf(p.stdout, ", who holds %s", strings.Join(u.Roles, ", "))
	}
	fmt.Fprintln(p.stdout, ".")
	if link != "" {
		fmt.Fprintf(p.stdout, "They choose a password with this link, once, within one hour:\n\n  %s\n", link)
	}
	return nil
}
