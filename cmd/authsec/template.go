package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"authsec/internal/app"
	"authsec/internal/domain"
)

type templateCmd struct {
	List    templateListCmd    `cmd:"" help:"List the delegation templates."`
	Add     templateAddCmd     `cmd:"" help:"Add a delegation template."`
	Show    templateShowCmd    `cmd:"" help:"Show one."`
	Enable  templateEnableCmd  `cmd:"" help:"Let people lend by one."`
	Disable templateDisableCmd `cmd:"" help:"Let nobody lend by one any more, at once."`
	Delete  templateDeleteCmd  `cmd:"" help:"Delete one."`
}

// templateView is a delegation template as JSON shows it.
type templateView struct {
	ID                 string                  `json:"id"`
	Name               string                  `json:"name"`
	Enabled            bool                    `json:"enabled"`
	ClientID           string                  `json:"client_id"`
	IdentityProviderID string                  `json:"identity_provider_id"`
	Conditions         []domain.ClaimCondition `json:"conditions"`
	Role               string                  `json:"role"`
	Actions            []string                `json:"actions"`
	MaxDurationSeconds int64                   `json:"max_duration_seconds"`
	Resources          []string                `json:"resources"`
	SubAgents          []string                `json:"sub_agents"`
	SenderConstrained  domain.SenderConstraint `json:"sender_constrained"`
	CreatedAt          time.Time               `json:"created_at"`
	UpdatedAt          time.Time               `json:"updated_at"`
}

func viewTemplate(t domain.DelegationTemplate) templateView {
	return templateView{t.ID, t.Name, t.Enabled, t.ClientID, t.ProviderID, t.Conditions, t.Role, t.Actions, int64(t.MaxDuration / time.Second),
		t.Resources, t.SubAgents, t.SenderConstrained, t.CreatedAt.UTC(), t.UpdatedAt.UTC()}
}

// who says who may lend, on one line.
func (v templateView) who() string {
	parts := make([]string, len(v.Conditions))
	for i, c := range v.Conditions {
		parts[i] = c.Claim + "=" + strings.Join(c.Values, "|")
	}
	return strings.Join(parts, " and ")
}

type templateListCmd struct {
	settings
	output
	ClientID string `help:"Only this agent's."`
	Search   string `help:"Only those whose name or role contains this."`
}

// Help is the command's example.
func (templateListCmd) Help() string {
	return `Example:
  authsec template list --output json`
}

// Run lists the templates.
func (c *templateListCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := c.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	views := []templateView{}
	if err := all(c.Search, func(page domain.Page) (string, error) {
		list, err := a.Directory.DelegationTemplates(ctx, domain.TemplateFilter{ClientID: c.ClientID}, page)
		for _, t := range list.Items {
			views = append(views, viewTemplate(t))
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
		rows = append(rows, []string{v.ID, v.Name, stateOf(v.Enabled), v.ClientID, v.Role, strings.Join(v.Actions, " "), v.who()})
	}
	p.printTable([]string{"id", "name", "status", "agent", "role", "actions", "who may lend"}, rows)
	return nil
}

// findTemplate returns the template of an ID or, whatever its case, of a name.
func findTemplate(ctx context.Context, a *app.App, idOrName string) (domain.DelegationTemplate, error) {
	return finder[domain.DelegationTemplate]{kind: "delegation template", list: "template list",
		byID: func(id string) (domain.DelegationTemplate, error) { return a.Directory.DelegationTemplate(ctx, id) },
		page: func(p domain.Page) (domain.List[domain.DelegationTemplate], error) {
			return a.Directory.DelegationTemplates(ctx, domain.TemplateFilter{}, p)
		},
		name: func(x domain.DelegationTemplate) string { return x.Name },
	}.find(idOrName)
}

type templateAddCmd struct {
	settings
	output
	Name              string        `required:"" help:"What it is called."`
	Disabled          bool          `help:"Let nobody lend by it yet."`
	ClientID          string        `required:"" help:"The agent to which people lend."`
	Provider          string        `required:"" help:"The identity provider that they come from: its ID or its name."`
	When              []string      `required:"" sep:"none" placeholder:"CLAIM=VALUE|VALUE" help:"Who may lend: a claim of their token and the values that will do, * for any; repeatable, and all must hold."`
	Role              string        `required:"" help:"The role whose actions are lent."`
	Action            []string      `required:"" help:"An action of it; repeatable, or separated by commas."`
	MaxDuration       time.Duration `default:"15m" help:"The longest life of a token."`
	Resource          []string      `help:"An audience it is for; repeatable. Without any, the default audience."`
	SubAgent          []string      `help:"The client ID of an agent to whom tokens may be handed on; repeatable."`
	SenderConstrained string        `enum:"none,any,dpop,mtls" default:"none" help:"Which key tokens must be bound to: none, any, dpop or mtls."`
}

// Help is the command's example.
func (templateAddCmd) Help() string {
	return `Example:
  authsec template add --name "Support staff" --client-id 0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e --provider "Company directory" \
    --when "groups=support|support-leads" --role customer-support --action billing:read`
}

// Run adds the template.
func (c *templateAddCmd) Run(ctx context.Context, p *program) (err error) {
	conditions, err := c.conditions()
	if err != nil {
		return err
	}
	a, err := c.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	provider, err := findProvider(ctx, a, c.Provider)
	if err != nil {
		return err
	}
	t, err := a.Directory.CreateDelegationTemplate(ctx, operator(), domain.DelegationTemplateSpec{Name: c.Name, Enabled: !c.Disabled,
		ClientID: c.ClientID, ProviderID: provider.ID, Conditions: conditions, Role: c.Role, Actions: c.Action, MaxDuration: c.MaxDuration,
		Resources: c.Resource, SubAgents: c.SubAgent, SenderConstrained: domain.SenderConstraint(c.SenderConstrained)})
	if err != nil {
		return err
	}
	v := viewTemplate(t)
	if c.json() {
		return p.printJSON(v)
	}
	fmt.Fprintf(p.stdout, "Added %s (%s), which is %s.\nPeople from %s lend %s of %s while they are present, if %s.\n", oneLine(v.Name), v.ID, stateOf(v.Enabled),
		oneLine(provider.Name), strings.Join(v.Actions, ", "), v.Role, oneLine(v.who()))
	return nil
}

func (c *templateAddCmd) conditions() ([]domain.ClaimCondition, error) {
	out := make([]domain.ClaimCondition, len(c.When))
	for i, text := range c.When {
		claim, values, ok := strings.Cut(text, "=")
		if !ok {
			return nil, errors.New("--when: want CLAIM=VALUE|VALUE, such as groups=support")
		}
		out[i] = domain.ClaimCondition{Claim: claim, Values: strings.Split(values, "|")}
	}
	return out, nil
}
