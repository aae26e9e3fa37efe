// Command bench measures AuthSec's speed and memory on this machine, in one run,
// as ratios where there is something to compare with. Run it with `make bench`;
// --write puts the table into bench/README.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
)

// row is one measurement. Aim says what it is held to.
type row struct {
	what, measured, compared, aim string
	met                           bool
}

func main() {
	write := flag.Bool("write", false, "put the table into bench/README.md")
	only := flag.String("only", "", "measure this alone: decide, mint, attested, server, recalls or python")
	flag.Parse()
	if *write && *only != "" {
		fmt.Fprintln(os.Stderr, "bench: --write is for all of it, in one run")
		os.Exit(1)
	}
	if err := run(context.Background(), *write, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, write bool, only string) error {
	var rows []row
	for _, measure := range []struct {
		name string
		run  func(context.Context) ([]row, error)
	}{
		{"decide", decide}, {"mint", mint}, {"attested", attested}, {"server", server}, {"recalls", recalls}, {"python", python},
	} {
		if only != "" && measure.name != only {
			continue
		}
		fmt.Fprintf(os.Stderr, "  measuring %s …\n", measure.name)
		got, err := measure.run(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", measure.name, err)
		}
		rows = append(rows, got...)
	}
	if len(rows) == 0 {
		return fmt.Errorf("there is no %q to measure", only)
	}
	t := table.NewWriter()
	t.AppendHeader(table.Row{"what", "measured", "compared with", "aim", "met"})
	for _, r := range rows {
		t.AppendRow(table.Row{r.what, r.measured, r.compared, r.aim, map[bool]string{true: "yes", false: "NO"}[r.met]})
	}
	style := table.StyleDefault
	style.Format.Header = 0
	t.SetStyle(style)
	fmt.Println(t.Render())
	if !write {
		return nil
	}
	return writeReadme(t.RenderMarkdown())
}

const (
	readme = "bench/README.md"
	begin  = "<!-- measured: begin -->"
	end    = "<!-- measured: end -->"
)

// writeReadme replaces the table between the marks.
func writeReadme(markdown string) error {
	b, err := os.ReadFile(readme)
	if err != nil {
		return err
	}
	head, rest, ok := strings.Cut(string(b), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return fmt.Errorf("%s has lost its marks", readme)
	}
	text := fmt.Sprintf("%s%s\nMeasured on %s by `make bench ARGS=--write`: %s, %d cores, %s.\n\n%s\n%s%s",
		head, begin, time.Now().UTC().Format("2006-01-02"), cpu(), runtime.NumCPU(), runtime.Version(), markdown, end, tail)
	return os.WriteFile(readme, []byte(text), 0o644) //nolint:gosec // a document
}

// cpu names the processor, as far as the system tells.
func cpu() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(b)) {
			if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
				return strings.TrimSpace(value)
			}
		}
	}
	return runtime.GOARCH
}

// output runs a command and returns what it prints.
func output(ctx context.Context, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // our own commands
	cmd.Stderr = os.Stderr
	return cmd.Output()
}
