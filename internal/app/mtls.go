package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

// ownSVIDTimeout bounds how long the start waits for the server's own X.509-SVID.
const ownSVIDTimeout = 30 * time.Second

// mtls returns the TLS settings of the listener for X.509-SVIDs, nil if there is
// none, and what ends their upkeep.
func (a *App) mtls(ctx context.Context) (*tls.Config, func() error, error) {
	config := &tls.Config{
		MinVersion: tls.VersionTLS12,
		// attest verifies it, by the bundles of workload sources: here, that the client
		// holds its key is all that counts.
		ClientAuth: tls.RequestClientCert,
		// One http.Server has both listeners: without h2 here, the first one to be
		// served leaves HTTP/2 out, and the second still offers it.
		NextProtos: []string{"h2", "http/1.1"},
	}
	nothing := func() error { return nil }
	switch {
	case a.Config.ListenMTLS == "":
		return nil, nothing, nil
	case a.Config.MTLSWorkloadAPI == "":
		files := &certificateFiles{cert: a.Config.MTLSCertFile, key: a.Config.MTLSKeyFile, log: a.Log}
		if err := files.load(); err != nil {
			return nil, nothing, err
		}
		config.GetCertificate = files.get
		return config, nothing, nil
	}
	waiting, cancel := context.WithTimeout(ctx, ownSVIDTimeout)
	defer cancel()
	source, err := workloadapi.NewX509Source(waiting, workloadapi.WithClientOptions(workloadapi.WithAddr(a.Config.MTLSWorkloadAPI)))
	if err != nil {
		return nil, nothing, fmt.Errorf("mtls-workload-api: no X.509-SVID for this server within %s; is it registered in SPIRE? %w", ownSVIDTimeout, err)
	}
	config.GetCertificate = tlsconfig.GetCertificate(source)
	return config, source.Close, nil
}

// certificateFiles is a certificate that somebody else renews in its files.
type certificateFiles struct {
	cert, key string
	log       *slog.Logger

	mu      sync.Mutex
	tried   [2]os.FileInfo // of what was read, or could not be
	current *tls.Certificate
}

// get implements tls.Config.GetCertificate. While the files are halfway through
// a renewal, the certificate before is served.
func (c *certificateFiles) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if err := c.load(); err != nil {
		c.log.Warn("TLS certificate not renewed", "error", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current, nil
}

// load reads the files unless they are those that were read, or failed, before.
func (c *certificateFiles) load() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	cert, certErr := os.Stat(c.cert)
	key, keyErr := os.Stat(c.key)
	if err := errors.Join(certErr, keyErr); err != nil {
		if c.current != nil && c.tried == [2]os.FileInfo{} {
			return nil // said already
		}
		c.tried = [2]os.FileInfo{}
		return fmt.Errorf("mtls-cert-file and mtls-key-file: %w", err)
	}
	if same(cert, c.tried[0]) && same(key, c.tried[1]) {
		return nil
	}
	c.tried = [2]os.FileInfo{cert, key}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("mtls-cert-file and mtls-key-file: %w", err)
	}
	c.current = &pair
	return nil
}

func same(now, before os.FileInfo) bool {
	return before != nil && os.SameFile(now, before) && now.Size() == before.Size() && now.ModTime().Equal(before.ModTime())
}
