package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"authsec/sdk/go/dpop"
)

// The whole program takes a bound token from its holder, and from nobody else.
func TestRunTakesBoundTokensOnly(t *testing.T) {
	i := newIssuer(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	address, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		args := []string{"--listen", "127.0.0.1:0", "--issuer", i.url, "--dpop", "--dpop-nonces", "--sender-constrained"}
		ended <- run(ctx, args, io.Discard, func(a net.Addr) { address <- a })
	}()
	var url string
	select {
	case a := <-address:
		url = "http://" + a.String() + "/billing/customers/cust_42"
	case err := <-ended:
		t.Fatal(err)
	}
	holder, err := dpop.Generate()
	if err != nil {
		t.Fatal(err)
	}
	bound := i.token(t, "billing:read", map[string]any{"cnf": map[string]string{"jkt": holder.Thumbprint()}})
	send := func(scheme, token, nonce string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		proof, err := holder.Sign(dpop.Request{Method: "GET", URL: url, Now: time.Now(), AccessToken: token, Nonce: nonce})
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", scheme+" "+token)
		r.Header.Set("DPoP", proof)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp
	}
	first := send("DPoP", bound, "")
	nonce := first.Header.Get("DPoP-Nonce")
	if first.StatusCode != http.StatusUnauthorized || nonce == "" || !strings.Contains(first.Header.Get("WWW-Authenticate"), `error="use_dpop_nonce"`) {
		t.Errorf("without a nonce: got %d, %v", first.StatusCode, first.Header)
	}
	for _, c := range []struct {
		name, scheme, token string
		status              int
	}{
		{"its holder", "DPoP", bound, http.StatusOK},
		{"a thief", "Bearer", bound, http.StatusUnauthorized},
		{"a token that is bound to nothing", "Bearer", i.token(t, "billing:read", nil), http.StatusUnauthorized},
	} {
		if got := send(c.scheme, c.token, nonce); got.StatusCode != c.status {
			t.Errorf("%s: got %d, want %d", c.name, got.StatusCode, c.status)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
}

func TestBindingFlags(t *testing.T) {
	for args, want := range map[string]string{
		"--sender-constrained": "go with --dpop",
		"--dpop-nonces":        "go with --dpop",
		"--dpop --listen nowhere --resource-url https://billing.example.com/v1": "nowhere",
		"--dpop --listen nowhere --resource-url http://billing.example.com":     "want https",
	} {
		err := run(t.Context(), strings.Fields(args), io.Discard, func(net.Addr) { t.Errorf("%s: it started", args) })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", args, err, want)
		}
	}
}
