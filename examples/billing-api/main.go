// Command billing-api is an API behind AuthSec: the downstream service of the
// guide. It keeps made-up customers in memory.
//
//	billing-api --listen 127.0.0.1:7469 --issuer http://localhost:7468 --audience authsec-api
//
// Everything about tokens is in the two lines that wrap its routes (server.go).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"authsec/sdk/go/verify"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stderr, func(net.Addr) {})
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "billing-api:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has run
	}
}

// run serves until ctx ends, and then finishes what is under way. It calls
// started with the address once it listens.
func run(ctx context.Context, args []string, out io.Writer, started func(net.Addr)) error {
	flags := flag.NewFlagSet("billing-api", flag.ContinueOnError)
	flags.SetOutput(out)
	listen := flags.String("listen", "127.0.0.1:7469", "`address` to listen on")
	issuer := flags.String("issuer", "http://localhost:7468", "the AuthSec server's public `URL`")
	audience := flags.String("audience", "authsec-api", "the audience `URI` of this API")
	plainHTTP := flags.Bool("plain-http", false, "fetch the issuer's keys over http from another host (trusted networks only)")
	resourceURL := flags.String("resource-url", "", "`URL` under which clients know this API, to serve metadata for them (RFC 9728)")
	revocation := addRevocationFlags(flags)
	binding := addBindingFlags(flags)
	logFormat := flags.String("log-format", "text", "text or json")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	log, err := newLogger(out, *logFormat)
	if err != nil {
		return err
	}
	options := []verify.Option{verify.WithLogger(log)}
	if *plainHTTP {
		options = append(options, verify.WithPlainHTTP())
	}
	if *resourceURL != "" {
		options = append(options, verify.WithMetadata(verify.Metadata{
			Resource: *resourceURL, Name: "Billing", Actions: []string{"billing:read", "billing:refund"},
		}))
	}
	more, err := revocation.options()
	if err != nil {
		return err
	}
	options = append(options, more...)
	if more, err = binding.options(*resourceURL); err != nil {
		return err
	}
	options = append(options, more...)
	verifier, err := verify.New(*issuer, *audience, options...)
	if err != nil {
		return err
	}
	defer verifier.Close()

	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", *listen)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           newHandler(verifier, newLedger(), log),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      20 * time.Second, // above a first fetch of the issuer's keys
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    32 << 10, // a token has at most 16 KiB
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	log.Info("listening", "address", listener.Addr().String(), "issuer", *issuer, "audience", *audience, "revocation", *revocation.mode)
	started(listener.Addr())
	return serve(ctx, server, listener, log)
}

func serve(ctx context.Context, server *http.Server, listener net.Listener, log *slog.Logger) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	log.Info("stopping")
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	return server.Shutdown(stopping)
}

func newLogger(out io.Writer, format string) (*slog.Logger, error) {
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(out, nil)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(out, nil)), nil
	}
	return nil, fmt.Errorf("log format %q: want text or json", format)
}
