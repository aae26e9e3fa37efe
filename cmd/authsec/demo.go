package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"authsec/internal/app"
	"authsec/internal/domain"
)

type demoCmd struct {
	settings
	Announce string            `type:"path" placeholder:"FILE" help:"Write the base URL and the client IDs there as JSON, once the server answers."`
	Attested map[string]string `placeholder:"KEY=VALUE" help:"Also make an agent on this machine that must prove these selectors, such as unix:uid=1000."`
}

// Help is the command's example.
func (demoCmd) Help() string {
	return `Example:
  authsec demo --data-dir ./demo-data

The data is made when the database is empty: an administrator with a random
password, which is printed this once, and everything up to a delegation. It is
for trying out: use authsec serve for the rest.`
}

// What the demo is made of.
const (
	demoAdminEmail = "admin@example.com"
	demoUserEmail  = "support-lead@example.com"
	demoRole       = "customer-support"
	demoAgent      = "Customer Support"
	demoDuration   = time.Hour
)

// Run makes the demo data where there is none and serves.
func (c *demoCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := c.open(ctx, p, app.Options{Migrate: true})
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	if err := a.OpenKeys(ctx, domain.System()); err != nil {
		return err
	}
	clientID, password, err := seed(ctx, a)
	if err != nil {
		return fmt.Errorf("make the demo data: %w", err)
	}
	ids := map[string]string{"client_id": clientID}
	if len(c.Attested) > 0 {
		if ids["unix_agent"], err = seedUnix(ctx, a, c.Attested); err != nil {
			return fmt.Errorf("make the demo's agent on this machine: %w", err)
		}
	}
	var announced error
	err = a.Serve(ctx, buildVersion(), func(net.Addr) {
		announced = c.announce(p.stdout, a.Config.Issuer(), ids, password)
	})
	if err != nil {
		return err
	}
	return announced
}

func (c *demoCmd) announce(w io.Writer, baseURL string, ids map[string]string, password domain.Secret) error {
	fmt.Fprintf(w, "\n  AuthSec        %s\n  Administrator  %s\n", baseURL, demoAdminEmail)
	if password != "" {
		fmt.Fprintf(w, "  Password       %s   (shown this once)\n", password.Reveal())
	} else {
		fmt.Fprintln(w, "  Password       as printed when this data was made; delete the data folder to start over")
	}
	fmt.Fprintf(w, "  Agent          %s, %s\n", demoAgent, ids["client_id"])
	if ids["unix_agent"] != "" {
		fmt.Fprintf(w, "  Agent          %s, %s\n", demoUnixAgent, ids["unix_agent"])
	}
	fmt.Fprintln(w)
	if c.Announce == "" {
		return nil
	}
	ids["base_url"] = baseURL
	body, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	return os.WriteFile(c.Announce, body, 0o600)
}

// seed makes the demo data in an empty database and returns the agent's client
// ID; the password only when it was made now.
func seed(ctx context.Context, a *app.App) (clientID string, password domain.Secret, err error) {
	switch _, err := a.Store.UserByEmail(ctx, demoAdminEmail); {
	case err == nil:
		clientID, err := findDemoAgent(ctx, a)
		return clientID, "", err
	case domain.KindOf(err) != domain.NotFound:
		return "", "", err
	}
	b := make([]byte, 18)
	if _, err := rand.Read(b); err != nil {
		return "", "", err
	}
	password = domain.Secret(base64.RawURLEncoding.EncodeToString(b))
	who := domain.System()
	for _, action := range []domain.Action{
		{Name: "billing:read", Description: "See a customer's bills."},
		{Name: "billing:refund", Description: "Refund a payment.", Sensitive: true},
		{Name: "orders:read", Description: "See a customer's orders."},
		{Name: "tickets:write", Description: "Answer and close tickets."},
	} {
		if _, err := a.Directory.CreateAction(ctx, who, action); err != nil {
			return "", "", err
		}
	}
	if _, err := a.Directory.CreateRole(ctx, who, domain.Role{Name: demoRole, Description: "Looks after customers.",
		Actions: []string{"billing:read", "billing:refund", "orders:read", "tickets:write"}}); err != nil {
		return "", "", err
	}
	lead, _, err := a.Directory.CreateUser(ctx, who, domain.UserSpec{Email: demoUserEmail, Name: "Support Lead",
		Level: domain.LevelMember, Roles: []string{demoRole}})
	if err != nil {
		return "", "", err
	}
	agent, _, err := a.Directory.CreateAgent(ctx, who, domain.AgentSpec{Name: demoAgent, Type: "langchain",
		Platform: domain.PlatformKubernetes, Selectors: []domain.Selector{
			{Key: "k8s:ns", Value: "production"}, {Key: "k8s:sa", Value: "customer-support-sa"},
			{Key: "k8s:pod-label:app", Value: "customer-support"}, {Key: "k8s:container-name", Value: "agent"},
		}})
	if err != nil {
		return "", "", err
	}
	if err := lendDemo(ctx, a, lead, agent.ClientID); err != nil {
		return "", "", err
	}
	// The administrator comes last: with them there, the data counts as made.
	_, _, err = a.Directory.CreateUser(ctx, who, domain.UserSpec{Email: demoAdminEmail, Name: "Administrator",
		Level: domain.LevelAdmin, Password: password})
	return agent.ClientID, password, err
}

func findDemoAgent(ctx context.Context, a *app.App) (string, error) {
	page, err := domain.NewPage(1, "", demoAgent)
	if err != nil {
		return "", err
	}
	list, err := a.Directory.Agents(ctx, domain.AgentFilter{}, page)
	if err != nil {
		return "", err
	}
	if len(list.Items) == 0 {
		return "", fmt.Errorf("the database holds other data, and no agent %q: give --data-dir an empty folder", demoAgent)
	}
	return list.Items[0].ClientID, nil
}
