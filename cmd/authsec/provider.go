package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"authsec/internal/app"
	"authsec/internal/domain"
)

type providerCmd struct {
	List    providerListCmd    `cmd:"" help:"List the identity providers."`
	Add     providerAddCmd     `cmd:"" help:"Add an identity provider."`
	Show    providerShowCmd    `cmd:"" help:"Show one with its settings."`
	Enable  providerEnableCmd  `cmd:"" help:"Believe what one says of people."`
	Disable providerDisableCmd `cmd:"" help:"Believe one no more, at once."`
	Delete  providerDeleteCmd  `cmd:"" help:"Delete one that no template and no person's link names."`
}

// providerView is an identity provider as JSON shows it.
type providerView struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Enabled bool   `json:"enabled"`
	domain.IdentityProviderSettings
	RedirectURI string    `json:"redirect_uri"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

func viewProvider(a *app.App, p domain.IdentityProvider) providerView {
	return providerView{ID: p.ID, Name: p.Name, Enabled: p.Enabled, IdentityProviderSettings: p.Settings,
		RedirectURI: a.Providers.RedirectURI, CreatedAt: p.CreatedAt.UTC(), UpdatedAt: p.UpdatedAt.UTC()}
}

func stateOf(enabled bool) string {
	if enabled {
		return "enabled"
	}
	return "disabled"
}

type providerListCmd struct {
	settings
	output
	Search string `help:"Only those whose name, issuer or ID contains this."`
}

// Help is the command's example.
func (providerListCmd) Help() string {
	return `Example:
  authsec provider list --output json`
}

// Run lists the providers.
func (c *providerListCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := c.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	views := []providerView{}
	if err := all(c.Search, func(page domain.Page) (string, error) {
		list, err := a.Directory.IdentityProviders(ctx, page)
		for _, v := range list.Items {
			views = append(views, viewProvider(a, v))
		}
		return list.Next, err
	}); err != nil {
		return err
	}
	if c.json() {
		return p.printJSON(views)
	}
	rows := make([][]string, 0, len(views))
	for _, v := range views {
		var uses []string
		if v.SignIn {
			uses = append(uses, "sign-in")
		}
		if v.Audience != "" {
			uses = append(uses, "exchange")
		}
		rows = append(rows, []string{v.ID, v.Name, stateOf(v.Enabled), strings.Join(uses, " "), v.Issuer})
	}
	p.printTable([]string{"id", "name", "status", "for", "issuer"}, rows)
	return nil
}

// findProvider returns the provider of an ID or, whatever its case, of a name.
func findProvider(ctx context.Context, a *app.App, idOrName string) (domain.IdentityProvider, error) {
	return finder[domain.IdentityProvider]{kind: "identity provider", list: "provider list",
		byID: func(id string) (domain.IdentityProvider, error) { return a.Directory.IdentityProvider(ctx, id) },
		page: func(p domain.Page) (domain.List[domain.IdentityProvider], error) {
			return a.Directory.IdentityProviders(ctx, p)
		},
		name: func(x domain.IdentityProvider) string { return x.Name },
	}.find(idOrName)
}

type providerAddCmd struct {
	settings
	output
	issuerKeys
	Name             string   `required:"" help:"What it is called."`
	Disabled         bool     `help:"Do not believe it yet."`
	Issuer           string   `required:"" placeholder:"URL" help:"The tokens' issuer."`
	Audience         string   `help:"What a subject token must be made for at token exchange; without it, nobody lends by exchange."`
	CreateUsers      bool     `help:"Make members of people who are not linked yet; otherwise an admin links them before."`
	SignIn           bool     `help:"People sign in to the console from there."`
	ClientID         string   `help:"What the provider calls this server."`
	ClientSecretFile string   `type:"path" help:"A file on the server that holds the client secret; without it, a public client."`
	Scope            []string `help:"Asked for at sign-in besides openid, such as email; repeatable."`
}

// Help is the command's example.
func (providerAddCmd) Help() string {
	return `Example:
  authsec provider add --name "Company directory" --issuer https://id.example.com/realms/staff --audience api://authsec \
    --sign-in --client-id authsec --client-secret-file /etc/authsec/oidc-secret --scope email,profile`
}

// Run adds the provider.
func (c *providerAddCmd) Run(ctx context.Context, p *program) (err error) {
	jwks, ca, err := c.read()
	if err != nil {
		return err
	}
	a, err := c.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	added, err := a.Directory.CreateIdentityProvider(ctx, operator(), domain.IdentityProviderSpec{Name: c.Name, Enabled: !c.Disabled,
		Settings: domain.IdentityProviderSettings{Issuer: c.Issuer, Audience: c.Audience, JWKS: jwks, JWKSURL: c.JWKSURL, CABundle: ca,
			MaxTokenSeconds: int64(c.MaxTokenLife / time.Second), CreateUsers: c.CreateUsers, SignIn: c.SignIn, ClientID: c.ClientID,
			ClientSecretFile: c.ClientSecretFile, Scopes: c.Scope}})
	if err != nil {
		return err
	}
	v := viewProvider(a, added)
	if c.json() {
		return p.printJSON(v)
	}
	fmt.Fprintf(p.stdout, "Added %s (%s), which is %s.\n", oneLine(v.Name), v.ID, stateOf(v.Enabled))
	if v.SignIn {
		fmt.Fprintf(p.stdout, "Register this redirect URI there: %s\n", v.RedirectURI)
	}
	return nil
}

type providerShowCmd struct {
	settings
	output
	Provider string `arg:"" help:"Its ID or its name."`
}

// Help is the command's example.
func (providerShowCmd) Help() string {
	return `Example:
  authsec provider show "Company directory"`
}

// Run shows the provider.
func (c *providerShowCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := c.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	found, err := findProvider(ctx, a, c.Provider)
	if err != nil {
		return err
	}
	v := viewProvider(a, found)
	if c.json() {
		return p.printJSON(v)
	}
	raw, err := json.Marshal(found.Settings)
	if err != nil {
		return err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return err
	}
	rows := [][]string{{"id", v.ID}, {"name", v.Name}, {"status", stateOf(v.Enabled)}, {"redirect_uri", v.RedirectURI}}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		value := strings.Trim(string(members[name]), `"`)
		if name == "jwks" || name == "ca_bundle" {
			value = fmt.Sprintf("given (%d bytes); --output json shows it", len(value))
		}
		rows = append(rows, []string{name, value})
	}
	p.printTable([]string{"setting", "value"}, rows)
	return nil
}
