package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"

	"authsec/internal/attest"
	"authsec/internal/httpapi/wire"
	"authsec/internal/telemetry"
)

// entrance is one listener. With tls it speaks HTTPS.
type entrance struct {
	net.Listener
	tls *tls.Config
}

// listen opens all listeners, the one of the public URL first. The caller runs
// end, whatever the error.
func (a *App) listen(ctx context.Context) (all []entrance, end func() error, err error) {
	endMTLS := func() error { return nil }
	end = func() error {
		for _, e := range all {
			_ = e.Close() // a server that ran has closed it
		}
		return endMTLS()
	}
	open := func(name, address string, config *tls.Config) error {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
		if err != nil {
			return fmt.Errorf("%s %s: %w", name, address, err)
		}
		all = append(all, entrance{l, config})
		return nil
	}
	if err := open("listen", a.Config.Listen, nil); err != nil {
		return all, end, err
	}
	if a.Config.ListenUnix != "" {
		l, err := listenUnix(ctx, a.Config.ListenUnix)
		if err != nil {
			return all, end, fmt.Errorf("listen-unix %s: %w", a.Config.ListenUnix, err)
		}
		all = append(all, entrance{l, nil})
	}
	config, endMTLS, err := a.mtls(ctx)
	if err != nil || config == nil {
		return all, end, err
	}
	err = open("listen-mtls", a.Config.ListenMTLS, config)
	return all, end, err
}

// answer serves HTTP until ctx ends, and then finishes the requests in flight.
func (a *App) answer(ctx context.Context, entrances []entrance, handler http.Handler, ready func()) error {
	// On any other address, who is at the other end is not this machine's to say.
	peers, err := attest.NewPeers(a.Config.LoopbackOnly())
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ConnContext: func(ctx context.Context, c net.Conn) context.Context {
		return wire.NewPeerContext(ctx, peers.Of(c))
	}, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: telemetry.StdLogger(a.Log)}
	for _, e := range entrances {
		if e.tls != nil {
			server.TLSConfig = e.tls // before anything is served: net/http reads it there
		}
	}
	failed := make(chan error, len(entrances))
	for _, e := range entrances {
		go func() {
			if e.tls != nil {
				failed <- server.ServeTLS(e.Listener, "", "")
				return
			}
			failed <- server.Serve(e.Listener)
		}()
	}
	ready()
	select {
	case err := <-failed:
		return errors.Join(fmt.Errorf("serve: %w", err), server.Close())
	case <-ctx.Done():
		a.Log.InfoContext(ctx, "stopping; requests in flight are finished")
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
		defer cancel()
		return server.Shutdown(drain)
	}
}
