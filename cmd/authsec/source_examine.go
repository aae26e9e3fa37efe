package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"authsec/internal/domain"
)

// maxWorkloadToken is the most that the server takes, and a line's end.
const maxWorkloadToken = 16<<10 + 2

type sourceTestCmd struct {
	settings
	output
	Source    string `arg:"" help:"Its ID or its name."`
	TokenFile string `required:"" placeholder:"FILE" help:"The file that holds a workload's token; - reads standard input."`
}

// Help is the command's example.
func (sourceTestCmd) Help() string {
	return `Example:
  kubectl create token customer-support-sa -n production --audience authsec |
    authsec source test "Production cluster" --token-file -`
}

// verdictView is what came of a test, as JSON shows it.
type verdictView struct {
	Verdict    string            `json:"verdict"`
	Problem    string            `json:"problem,omitempty"`
	Cause      string            `json:"cause,omitempty"`
	Method     string            `json:"method,omitempty"`
	ClientID   string            `json:"client_id,omitempty"`
	Selectors  []attestedView    `json:"selectors"`
	Missing    map[string]string `json:"missing"`
	Agents     []satisfiedView   `json:"agents"`
	MoreAgents bool              `json:"more_agents"`
}

type attestedView struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	How   string `json:"how"`
}

type satisfiedView struct {
	ClientID string `json:"client_id"`
	Name     string `json:"name"`
	Platform string `json:"platform"`
	Status   string `json:"status"`
}

// Run tests the source.
func (c *sourceTestCmd) Run(ctx context.Context, p *program) (err error) {
	token, err := c.token()
	if err != nil {
		return fmt.Errorf("--token-file: %w", err)
	}
	a, err := c.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	s, err := findSource(ctx, a, c.Source)
	if err != nil {
		return err
	}
	got, err := a.ExamineSource(ctx, operator(), s, token)
	if err != nil {
		return err
	}
	v := verdictView{Verdict: string(got.Verdict), Problem: got.Problem, Cause: got.Cause, Method: got.Kind, ClientID: got.ClientID,
		Selectors: []attestedView{}, Missing: map[string]string{}, Agents: []satisfiedView{}, MoreAgents: got.More}
	for _, sel := range got.Selectors {
		v.Selectors = append(v.Selectors, attestedView{sel.Key, sel.Value, string(sel.How)})
	}
	for key, why := range got.Missing {
		v.Missing[key] = why
	}
	for _, agent := range got.Satisfied {
		v.Agents = append(v.Agents, satisfiedView{agent.ClientID, agent.Name, agent.Platform, string(agent.Status)})
	}
	if c.json() {
		if err := p.printJSON(v); err != nil {
			return err
		}
	}
	if v.Problem != "" {
		if v.Cause != "" {
			return fmt.Errorf("%s\n  cause: %s", v.Problem, oneLine(v.Cause))
		}
		return errors.New(v.Problem)
	}
	if !c.json() {
		v.print(p, s.Enabled)
	}
	return nil
}

// token reads it without the white space around it, which files end in.
func (c *sourceTestCmd) token() (domain.Secret, error) {
	in := io.Reader(os.Stdin)
	if c.TokenFile != "-" {
		file, err := os.Open(c.TokenFile)
		if err != nil {
			return "", err
		}
		defer file.Close() //nolint:errcheck // only read
		in = file
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxWorkloadToken+1))
	switch {
	case err != nil:
		return "", err
	case len(raw) > maxWorkloadToken:
		return "", errors.New("it is longer than any workload token")
	}
	return domain.Secret(strings.TrimSpace(string(raw))), nil
}

func (v verdictView) print(p *program, enabled bool) {
	fmt.Fprintf(p.stdout, "Accepted, as %s. It attests:\n\n", v.Method)
	rows := make([][]string, 0, len(v.Selectors))
	for _, s := range v.Selectors {
		rows = append(rows, []string{s.Key, s.Value, s.How})
	}
	p.printTable([]string{"selector", "value", "how it is known"}, rows)
	if len(v.Missing) > 0 {
		fmt.Fprintln(p.stdout, "\nNot established:")
		for _, key := range slices.Sorted(maps.Keys(v.Missing)) {
			fmt.Fprintf(p.stdout, "  %s  %s\n", oneLine(key), oneLine(v.Missing[key]))
		}
	}
	fmt.Fprintln(p.stdout, "\nAgents that it satisfies:")
	rows = rows[:0]
	for _, agent := range v.Agents {
		rows = append(rows, []string{agent.ClientID, agent.Name, agent.Platform, agent.Status})
	}
	p.printTable([]string{"client id", "name", "platform", "status"}, rows)
	if v.MoreAgents {
		fmt.Fprintln(p.stdout, "There may be more.")
	}
	if !enabled {
		fmt.Fprintln(p.stdout, "\nThe source is disabled: it gets nobody a token before it is enabled.")
	}
}
