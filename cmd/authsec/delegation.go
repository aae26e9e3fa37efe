package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"authsec/internal/domain"
)

type delegationCmd struct {
	Create  delegationCreateCmd  `cmd:"" help:"Delegate, as one person."`
	List    delegationListCmd    `cmd:"" help:"List the delegations."`
	Revoke  delegationRevokeCmd  `cmd:"" help:"Revoke a delegation for good, and recall its tokens."`
	Disable delegationDisableCmd `cmd:"" help:"Disable a delegation for now, and recall its tokens."`
	Enable  delegationEnableCmd  `cmd:"" help:"Enable a delegation again."`
}

type delegationCreateCmd struct {
	settings
	output
	As          string        `required:"" placeholder:"EMAIL" help:"The person who delegates: it is their authority."`
	ClientID    string        `required:"" help:"The agent."`
	Role        string        `required:"" help:"The role it applies to."`
	Action      []string      `required:"" help:"An action the agent may perform; repeatable, or separated by commas."`
	MaxDuration time.Duration `default:"1h" help:"The longest life of a token."`
	Resource    []string      `help:"An audience it is for; repeatable. Without any, the default audience."`
	EndsAt      time.Time     `format:"2006-01-02T15:04:05Z07:00" help:"When it ends by itself (RFC 3339)."`
	SubAgent    []string      `help:"The client ID of an agent to whom the agent may hand its tokens on; repeatable."`

	SenderConstrained string `enum:"none,any,dpop,mtls" default:"none" help:"Which key tokens must be bound to: none, any, dpop or mtls."`
}

// Help is the command's example.
func (delegationCreateCmd) Help() string {
	return `Example:
  authsec delegation create --as support@example.com --client-id 0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e \
    --role customer-support --action billing:read,orders:read --max-duration 30m`
}

// delegationView is a delegation as JSON shows it.
type delegationView struct {
	ID                 string     `json:"id"`
	ClientID           string     `json:"client_id"`
	Agent              string     `json:"agent"`
	Role               string     `json:"role"`
	Delegator          string     `json:"delegator"`
	Actions            []string   `json:"actions"`
	MaxDurationSeconds int64      `json:"max_duration_seconds"`
	Resources          []string   `json:"resources"`
	EndsAt             *time.Time `json:"ends_at"`
	SubAgents          []string   `json:"sub_agents"`
	SenderConstrained  string     `json:"sender_constrained"`
	TemplateID         string     `json:"template_id,omitempty"`
	Status             string     `json:"status"`
	Default            bool       `json:"default"`
	LastUsedAt         *time.Time `json:"last_used_at"`
}

func viewDelegation(d domain.DelegationView, now time.Time) delegationView {
	return delegationView{ID: d.ID, ClientID: d.ClientID, Agent: d.Agent.Name, Role: d.Role, Delegator: d.Delegator.Email,
		Actions: d.Actions, MaxDurationSeconds: int64(d.MaxDuration / time.Second), Resources: d.Resources,
		EndsAt: optional(d.EndsAt), SubAgents: append([]string{}, d.SubAgents...), SenderConstrained: string(d.Constraint()), TemplateID: d.TemplateID, Status: string(d.StatusAt(now)), Default: d.Default, LastUsedAt: optional(d.LastUsedAt)}
}

// Run creates the delegation.
func (c *delegationCreateCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := c.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	caller, err := actAs(ctx, a, c.As)
	if err != nil {
		return err
	}
	d, err := a.Delegation.Create(ctx, caller, domain.DelegationSpec{Role: c.Role, ClientID: c.ClientID, Actions: c.Action,
		MaxDuration: c.MaxDuration, Resources: c.Resource, EndsAt: c.EndsAt,
		SubAgents: c.SubAgent, SenderConstrained: domain.SenderConstraint(c.SenderConstrained)})
	if err != nil {
		return err
	}
	if c.json() {
		return p.printJSON(viewDelegation(d, time.Now()))
	}
	fmt.Fprintf(p.stdout, "%s lends %s of %s to %s, for at most %s a token (%s).\n",
		d.Delegator.Email, strings.Join(d.Actions, ", "), d.Role, oneLine(d.Agent.Name), d.MaxDuration, d.ID)
	return nil
}

type delegationListCmd struct {
	settings
	output
	ClientID string `help:"Only this agent's."`
	Role     string `help:"Only of this role."`
	Status   string `enum:",active,disabled,revoked,ended" default:"" help:"Only those that are active, disabled, revoked or ended."`
	Search   string `help:"Only those that contain this."`
}

// Help is the command's example.
func (delegationListCmd) Help() string {
	return `Example:
  authsec delegation list --status active`
}

// Run lists the delegations.
func (c *delegationListCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := c.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	filter := domain.DelegationFilter{ClientID: c.ClientID, Role: c.Role, Status: domain.DelegationStatus(c.Status)}
	views := []delegationView{}
	err = all(c.Search, func(page domain.Page) (string, error) {
		list, err := a.Delegation.List(ctx, operator(), filter, page)
		for _, d := range list.Items {
			views = append(views, viewDelegation(d, time.Now()))
		}
		return list.Next, err
	})
	if err != nil {
		return err
	}
	if c.json() {
		return p.printJSON(views)
	}
	rows := make([][]string, 0, len(views))
	for _, v := range views {
		status := v.Status
		if v.Default {
			status += " (default)"
		}
		rows = append(rows, []string{v.ID, v.Agent, v.Role, v.Delegator, strings.Join(v.Actions, " "),
			(time.Duration(v.MaxDurationSeconds) * time.Second).String(), status})
	}
	p.printTable([]string{"id", "agent", "role", "delegator", "actions", "max duration", "status"}, rows)
	return nil
}
