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

type sourceCmd struct {
	List    sourceListCmd    `cmd:"" help:"List the workload sources."`
	Add     sourceAddCmd     `cmd:"" help:"Add a workload source."`
	Show    sourceShowCmd    `cmd:"" help:"Show one with its settings."`
	Enable  sourceEnableCmd  `cmd:"" help:"Believe what one proves."`
	Disable sourceDisableCmd `cmd:"" help:"Believe one no more, at once."`
	Delete  sourceDeleteCmd  `cmd:"" help:"Delete one."`
	Test    sourceTestCmd    `cmd:"" help:"Show what one makes of a workload's token."`
}

// sourceView is a workload source as JSON shows it.
type sourceView struct {
	ID      string            `json:"id"`
	Name    string            `json:"name"`
	Kind    domain.SourceKind `json:"kind"`
	Enabled bool              `json:"enabled"`
	Proves  []string          `json:"proves"`
	domain.SourceSettings
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

func viewSource(s domain.WorkloadSource, trustDomain string) sourceView {
	return sourceView{ID: s.ID, Name: s.Name, Kind: s.Kind, Enabled: s.Enabled, Proves: s.Proves(trustDomain),
		SourceSettings: s.Settings, CreatedAt: s.CreatedAt.UTC(), UpdatedAt: s.UpdatedAt.UTC()}
}

func (v sourceView) state() string {
	if v.Enabled {
		return "enabled"
	}
	return "disabled"
}

type sourceListCmd struct {
	settings
	output
	Search string `help:"Only those whose name, kind, issuer or ID contains this."`
}

// Help is the command's example.
func (sourceListCmd) Help() string {
	return `Example:
  authsec source list --output json`
}

// Run lists the sources.
func (c *sourceListCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := c.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	views := []sourceView{}
	if err := all(c.Search, func(page domain.Page) (string, error) {
		list, err := a.Directory.WorkloadSources(ctx, page)
		for _, s := range list.Items {
			views = append(views, viewSource(s, a.Config.TrustDomain))
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
		_, origin := v.Origin()
		rows = append(rows, []string{v.ID, v.Name, string(v.Kind), v.state(), strings.Join(v.Proves, " "), origin})
	}
	p.printTable([]string{"id", "name", "kind", "status", "proves", "issuer or trust domain"}, rows)
	return nil
}

// findSource returns the source of an ID or, whatever its case, of a name.
func findSource(ctx context.Context, a *app.App, idOrName string) (domain.WorkloadSource, error) {
	return finder[domain.WorkloadSource]{kind: "workload source", list: "source list",
		byID: func(id string) (domain.WorkloadSource, error) { return a.Directory.WorkloadSource(ctx, id) },
		page: func(p domain.Page) (domain.List[domain.WorkloadSource], error) {
			return a.Directory.WorkloadSources(ctx, p)
		},
		name: func(x domain.WorkloadSource) string { return x.Name },
	}.find(idOrName)
}

type sourceShowCmd struct {
	settings
	output
	Source string `arg:"" help:"Its ID or its name."`
}

// Help is the command's example.
func (sourceShowCmd) Help() string {
	return `Example:
  authsec source show "This machine"`
}

// Run shows the source.
func (c *sourceShowCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := c.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	s, err := findSource(ctx, a, c.Source)
	if err != nil {
		return err
	}
	v := viewSource(s, a.Config.TrustDomain)
	if c.json() {
		return p.printJSON(v)
	}
	rows := [][]string{{"id", v.ID}, {"name", v.Name}, {"kind", string(v.Kind)}, {"status", v.state()}, {"proves", strings.Join(v.Proves, " ")}}
	settings, err := settingRows(s.Settings, s.Kind)
	if err != nil {
		return err
	}
	p.printTable([]string{"setting", "value"}, append(rows, settings...))
	return nil
}

// settingRows are a kind's settings as they are named in the API. What is longer
// than a line is told by its size.
func settingRows(s domain.SourceSettings, kind domain.SourceKind) ([][]string, error) {
	raw, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	var members map[domain.SourceKind]map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, err
	}
	var rows [][]string
	for _, name := range slices.Sorted(maps.Keys(members[kind])) {
		value := strings.Trim(string(members[kind][name]), `"`)
		if name == "jwks" || name == "ca_bundle" {
			value = fmt.Sprintf("given (%d bytes); --output json shows it", len(value))
		}
		rows = append(rows, []string{name, value})
	}
	return rows, nil
}

type sourceEnableCmd struct {
	settings
	output
	Source string `arg:"" help:"Its ID or its name."`
}

// Help is the command's example.
func (sourceEnableCmd) Help() string {
	return `Example:
  authsec source enable "Production cluster"`
}

// Run enables the source.
func (c *sourceEnableCmd) Run(ctx context.Context, p *program) error {
	return changeSource(ctx, p, c.settings, c.output, c.Source, "Enabled %s: its proofs are believed from now on.\n",
		func(a *app.App, id string) (domain.WorkloadSource, error) {
			return a.Directory.EnableWorkloadSource(ctx, operator(), id)
		})
}

type sourceDisableCmd struct {
	settings
	output
	Source string `arg:"" help:"Its ID or its name."`
}

// Help is the command's example.
func (sourceDisableCmd) Help() string {
	return `Example:
  authsec source disable "Production cluster"`
}

// Run disables the source.
func (c *sourceDisableCmd) Run(ctx context.Context, p *program) error {
	return changeSource(ctx, p, c.settings, c.output, c.Source, "Disabled %s: its proofs are believed no more. Tokens of agents that it may have proven are recalled.\n",
		func(a *app.App, id string) (domain.WorkloadSource, error) {
			return a.Directory.DisableWorkloadSource(ctx, operator(), id)
		})
}

func changeSource(ctx context.Context, p *program, set settings, out output, idOrName, says string,
	change func(a *app.App, id string) (domain.WorkloadSource, error)) (err error) {
	a, err := set.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	s, err := findSource(ctx, a, idOrName)
	if err != nil {
		return err
	}
	if s, err = change(a, s.ID); err != nil {
		return err
	}
	if out.json() {
		return p.printJSON(viewSource(s, a.Config.TrustDomain))
	}
	fmt.Fprintf(p.stdout, says, oneLine(s.Name))
	return nil
}

type sourceDeleteCmd struct {
	settings
	Source string `arg:"" help:"Its ID or its name."`
}

// Help is the command's example.
func (sourceDeleteCmd) Help() string {
	return `Example:
  authsec source delete "Production cluster"`
}

// Run deletes the source.
func (c *sourceDeleteCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := c.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	s, err := findSource(ctx, a, c.Source)
	if err != nil {
		return err
	}
	if err := a.Directory.DeleteWorkloadSource(ctx, operator(), s.ID); err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "Deleted %s. Agents that it alone could prove get no more tokens.\n", oneLine(s.Name))
	return nil
}
