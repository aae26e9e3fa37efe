package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/user"
	"strings"

	"authsec/internal/app"
	"authsec/internal/config"
	"authsec/internal/domain"

	"github.com/alecthomas/kong"
)

var settingsGroup = kong.Group{Key: "settings", Title: "Settings (each also by environment variable):"} //nolint:gochecknoglobals // kong's description, never changed

// settings are the deployment's, for every command that opens it.
type settings struct {
	config.Config `embed:"" group:"settings"`
}

// open opens the deployment for one command. The caller closes it.
func (s settings) open(ctx context.Context, p *program, o app.Options) (*app.App, error) {
	if unknown := s.UnknownEnv(p.environ); len(unknown) > 0 {
		return nil, fmt.Errorf("these variables are not settings: %s; correct or remove them (authsec serve --help lists all)", strings.Join(unknown, ", "))
	}
	if err := s.Validate(); err != nil {
		return nil, err
	}
	log, err := app.Logger(p.stderr, s.Config)
	if err != nil {
		return nil, err
	}
	return app.Open(ctx, s.Config, log, o)
}

// quiet is open for commands whose log nobody asked for: only what is wrong shows.
func (s settings) quiet(ctx context.Context, p *program) (*app.App, error) {
	if s.LogLevel == "" || s.LogLevel == "info" {
		s.LogLevel = "warn"
	}
	return s.open(ctx, p, app.Options{})
}

// quietWithKeys is quiet for commands that sign, or check signatures.
func (s settings) quietWithKeys(ctx context.Context, p *program) (*app.App, error) {
	a, err := s.quiet(ctx, p)
	if err != nil {
		return nil, err
	}
	if err := a.OpenKeys(ctx, operator()); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// operator is the caller of the command line.
func operator() domain.Caller {
	u, err := user.Current()
	if err != nil {
		return domain.Operator("unknown")
	}
	return domain.Operator(u.Username)
}

// actAs returns the caller for a command that only a person may run.
func actAs(ctx context.Context, a *app.App, email string) (domain.Caller, error) {
	u, err := a.Store.UserByEmail(ctx, email)
	if domain.KindOf(err) == domain.NotFound && err != nil {
		return domain.Caller{}, domain.Errorf(domain.NotFound, "not_found", "There is no user with the email %s.", email)
	}
	if err != nil {
		return domain.Caller{}, err
	}
	return domain.Caller{UserID: u.ID, Email: u.Email, Name: u.Name, Level: u.Level, Roles: u.Roles, Via: domain.ViaCLI}, nil
}

// closing joins the error of closing to a command's own.
func closing(err *error, c io.Closer, log *slog.Logger) {
	if e := c.Close(); e != nil {
		log.Error("close the database", "error", e)
		if *err == nil {
			*err = e
		}
	}
}
