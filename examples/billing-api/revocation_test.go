package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRevocationFlags(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"--revocation push":                     "ID and the secret",
		"--revocation push --resource-id res-1": "ID and the secret",
		"--revocation pull --resource-id res-1 --resource-secret-file " + secret:                        "pull",
		"--revocation push --resource-id res-1 --resource-secret-file " + secret + "x":                  "resource secret",
		"--revocation poll --on-unknown perhaps":                                                        "on-unknown",
		"--revocation push --resource-id res-1 --listen nowhere --resource-secret-file " + secret:       "nowhere",
		"--revocation introspect --resource-id res-1 --listen nowhere --resource-secret-file " + secret: "nowhere",
		"--revocation poll --on-unknown accept --listen nowhere":                                        "nowhere",
	} {
		err := run(t.Context(), strings.Fields(args), io.Discard, func(net.Addr) { t.Errorf("%s: it started", args) })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", args, err, want)
		}
	}
}

// The whole program asks the issuer, with its own credential.
func TestRunIntrospects(t *testing.T) {
	i := newIssuer(t)
	t.Setenv("AUTHSEC_RESOURCE_ID", "res-1")
	t.Setenv("AUTHSEC_RESOURCE_SECRET", "s3cret")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	address, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"--listen", "127.0.0.1:0", "--issuer", i.url, "--revocation", "introspect"}, io.Discard, func(a net.Addr) { address <- a })
	}()
	var base string
	select {
	case a := <-address:
		base = "http://" + a.String()
	case err := <-ended:
		t.Fatal(err)
	}
	good, bad := i.token(t, "billing:read", nil), i.token(t, "billing:read", map[string]any{"jti": "revoked"})
	i.inactive.Store(bad, true)
	for token, want := range map[string]int{good: http.StatusOK, bad: http.StatusUnauthorized} {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/billing/customers/cust_42", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != want {
			t.Errorf("got %d %s (%v): want %d", resp.StatusCode, body, err, want)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
}
