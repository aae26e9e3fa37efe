// Command authsec is AuthSec's server and its command line.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"authsec/internal/domain"

	"github.com/alecthomas/kong"
)

// version is set by the linker.
var version = "" //nolint:gochecknoglobals // the linker can set nothing else

func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// commands is the command line.
type commands struct {
	Serve      serveCmd      `cmd:"" help:"Run the server."`
	Demo       demoCmd       `cmd:"" help:"Run the server with demo data, for trying it out."`
	User       userCmd       `cmd:"" help:"People."`
	Agent      agentCmd      `cmd:"" help:"AI agents."`
	Delegation delegationCmd `cmd:"" help:"What people lend to agents."`
	Source     sourceCmd     `cmd:"" help:"Workload sources: where proof of agents' workloads comes from."`
	Provider   providerCmd   `cmd:"" help:"Identity providers: where people sign in from."`
	Template   templateCmd   `cmd:"" help:"Delegation templates: rules by which people who are present lend."`
	Token      tokenCmd      `cmd:"" help:"Tokens."`
	Keys       keysCmd       `cmd:"" help:"Signing keys."`
	Audit      auditCmd      `cmd:"" help:"The audit log."`
	Migrate    migrateCmd    `cmd:"" help:"Bring the database's schema up to date."`
	Version    versionCmd    `cmd:"" help:"Print the version."`
}

// program is one run of the command line, with everything it touches.
type program struct {
	args    []string
	environ []string
	stdout  io.Writer
	stderr  io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends it at once
	p := &program{args: os.Args[1:], environ: os.Environ(), stdout: os.Stdout, stderr: os.Stderr}
	code := p.run(ctx)
	stop()
	os.Exit(code) //nolint:gocritic // stop has run
}

// Exit codes.
const (
	exitFailure = 1
	exitUsage   = 2
)

// exited carries kong's wish to end the process (after --help) out of its parser.
type exited struct{ code int }

// run returns the exit code.
func (p *program) run(ctx context.Context) (code int) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case exited:
			code = e.code
		default:
			panic(e) // a defect must not pass for success
		}
	}()
	var cli commands
	parser, err := kong.New(&cli, kong.Name("authsec"),
		kong.Description("Identity and short-lived, delegated authority for AI agents."),
		kong.Writers(p.stdout, p.stderr), kong.Exit(func(code int) { panic(exited{code}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: helpWidth}),
		kong.ExplicitGroups([]kong.Group{settingsGroup}))
	if err != nil {
		fmt.Fprintf(p.stderr, "authsec: %v\n", err)
		return exitFailure
	}
	parsed, err := parser.Parse(p.args)
	if err != nil {
		fmt.Fprintf(p.stderr, "authsec: %v\nRun authsec --help, or a command's --help for an example.\n", err)
		return exitUsage
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	if err := parsed.Run(p); err != nil {
		p.explain(err)
		return exitFailure
	}
	return 0
}

const helpWidth = 100

// explain prints an error that fits one screen: what happened, every faulty
// field, nothing of the inside.
func (p *program) explain(err error) {
	var e *domain.Error
	if !errors.As(err, &e) || e.Public == "" {
		fmt.Fprintf(p.stderr, "authsec: %v\n", err)
		return
	}
	fmt.Fprintf(p.stderr, "authsec: %s\n", e.Public)
	if len(e.Fields) > 1 {
		for _, f := range e.Fields {
			fmt.Fprintf(p.stderr, "  - %s\n", f.Message)
		}
	}
	if e.Kind == domain.Unavailable && e.Err != nil {
		fmt.Fprintf(p.stderr, "  cause: %v\n", e.Err)
	}
}
