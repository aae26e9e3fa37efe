// Package realclients holds the server, as it ships, to OAuth clients that know
// nothing of it: what they do here is what their own documentation says to do.
package realclients

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

const (
	adminEmail = "root@example.com"
	password   = "correct horse battery"
	role       = "customer-support"
	audience   = "https://billing.example.com"
	patience   = 30 * time.Second
)

// world is a running server with two agents, to each of which something is lent.
type world struct {
	issuer string
	admin  *http.Client

	clientID, secret   string // authenticates by its secret
	signerID           string // authenticates by its key
	signerKey          jose.JSONWebKey
	person             string // who lends: the tokens' sub
	resourceID, opener string // the resource behind the audience, and its secret
	nextKey            string // kid of a key that signs minutes after the start
	people             *people
	present            string // ID token of a person who is present
}

// here is made once, for all tests.
var here world

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (code int) {
	// All who wait for the next key wait at once, on however small a machine.
	flag.Parse()
	if err := flag.Set("test.parallel", "3"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	dir, err := os.MkdirTemp("", "authsec-clients-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	stop, err := here.start(dir)
	defer stop()
	if err == nil {
		err = here.furnish()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// start builds the program and runs it.
func (w *world) start(dir string) (stop func(), err error) {
	stop = func() {}
	program := filepath.Join(dir, "authsec")
	build := exec.Command("go", "build", "-tags", "noconsole", "-o", program, "./cmd/authsec") //nolint:noctx // ends by itself
	build.Dir, build.Env = "..", append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return stop, fmt.Errorf("build the program: %w\n%s", err, out)
	}
	address, err := freeAddress()
	if err != nil {
		return stop, err
	}
	w.issuer = "http://" + address
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return stop, err
	}
	serve := exec.Command(program, "serve") //nolint:noctx,gosec // the program under test, ended by stop
	serve.Dir, serve.Stdout, serve.Stderr = dir, log, log
	serve.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "AUTHSEC_DATA_DIR=" + filepath.Join(dir, "data"), "AUTHSEC_LISTEN=" + address,
		"AUTHSEC_PUBLIC_URL=" + w.issuer, "AUTHSEC_ADMIN_EMAIL=" + adminEmail, "AUTHSEC_ADMIN_PASSWORD=" + password}
	if err := serve.Start(); err != nil {
		return stop, err
	}
	stop = func() {
		_ = serve.Process.Kill() // it may have ended
		_ = serve.Wait()         // by that signal
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			text, _ := os.ReadFile(log.Name()) // what there is of it
			return stop, fmt.Errorf("the server is not ready:\n%s", text)
		case <-tick.C:
		}
		resp, err := http.Get(w.issuer + "/readyz") //nolint:noctx // bounded by the loop
		if err != nil {
			continue
		}
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return stop, nil
		}
	}
}

// freeAddress is where nobody listens now: the issuer has to be known before the start.
func freeAddress() (string, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

type object = map[string]any

// api calls the administration API.
func (w *world) api(method, path string, body object) (object, error) {
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, w.issuer+"/api/v1"+path, bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := w.admin.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		return nil, errors.Join(err, fmt.Errorf("%s %s: %d %s", method, path, resp.StatusCode, text))
	}
	var got object
	return got, json.Unmarshal(text, &got)
}

// furnish makes what the tests ask tokens for.
func (w *world) furnish() error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	w.admin = &http.Client{Jar: jar}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	w.signerKey = jose.JSONWebKey{Key: private, KeyID: "2026-05", Algorithm: "ES256"}
	if w.people, err = newPeople(); err != nil {
		return err
	}
	if w.present, err = w.people.idToken("present"); err != nil {
		return err
	}
	var batch, signer, resource, me, keys, provider object
	agent := func(name string) object { return object{"name": name, "type": "custom", "platform": "other"} }
	lend := func(clientID any) object {
		return object{"role": role, "client_id": clientID, "actions": []string{"billing:read", "orders:read"}, "max_duration_seconds": 3600, "resources": []string{audience}}
	}
	for _, step := range []struct {
		to           *object
		method, path string
		body         func() object
	}{
		{nil, "POST", "/session", func() object { return object{"email": adminEmail, "password": password} }},
		{&me, "GET", "/me", func() object { return nil }},
		{nil, "POST", "/actions", func() object { return object{"name": "billing:read"} }},
		{nil, "POST", "/actions", func() object { return object{"name": "orders:read"} }},
		{nil, "POST", "/roles", func() object { return object{"name": role, "actions": []string{"billing:read", "orders:read"}} }},
		{&resource, "POST", "/resources", func() object { return object{"name": "Billing", "uri": audience} }},
		{&batch, "POST", "/agents", func() object { return agent("Batch") }},
		{&signer, "POST", "/agents", func() object { return agent("Signer") }},
		{nil, "PUT", "/agents/{signer}/keys", func() object { return object{"keys": []any{w.signerKey.Public()}} }},
		{nil, "POST", "/delegations", func() object {
			d := lend(batch["client_id"])
			d["sub_agents"] = []any{signer["client_id"]}
			return d
		}},
		{nil, "POST", "/delegations", func() object { return lend(signer["client_id"]) }},
		{&provider, "POST", "/identity-providers", func() object {
			return object{"name": "People", "issuer": w.people.server.URL, "audience": subjects, "create_users": true}
		}},
		{nil, "POST", "/delegation-templates", func() object {
			t := lend(batch["client_id"])
			t["name"], t["identity_provider_id"], t["actions"] = "Support staff", provider["id"], []string{"billing:read"}
			t["conditions"] = []object{{"claim": "groups", "values": []string{"support"}}}
			return t
		}},
		{&keys, "POST", "/keys/rotate", func() object { return nil }},
	} {
		path := step.path
		if path == "/agents/{signer}/keys" {
			path = fmt.Sprintf("/agents/%v/keys", signer["client_id"])
		}
		got, err := w.api(step.method, path, step.body())
		if err != nil {
			return err
		}
		if step.to != nil {
			*step.to = got
		}
	}
	user, _ := me["user"].(object)
	pending, err := waiting(keys)
	if err != nil {
		return err
	}
	for _, kept := range []struct {
		to     *string
		from   object
		member string
	}{{&w.clientID, batch, "client_id"}, {&w.secret, batch, "client_secret"}, {&w.signerID, signer, "client_id"},
		{&w.person, user, "id"}, {&w.resourceID, resource, "id"}, {&w.opener, resource, "resource_secret"}, {&w.nextKey, pending, "kid"}} {
		if *kept.to, _ = kept.from[kept.member].(string); *kept.to == "" {
			return fmt.Errorf("an answer lacks the member %s", kept.member)
		}
	}
	return nil
}

// waiting is the key that is published and does not sign yet.
func waiting(keys object) (object, error) {
	items, _ := keys["items"].([]any)
	for _, item := range items {
		if key, ok := item.(object); ok && key["state"] == "pending" {
			return key, nil
		}
	}
	return nil, fmt.Errorf("no key is pending: %v", keys)
}
