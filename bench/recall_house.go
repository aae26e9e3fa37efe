package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const (
	benchAudience = "https://billing.example.com"
	benchRole     = "customer-support"
	benchAdmin    = "admin@example.com"
	benchPassword = "correct horse battery staple"
)

type object map[string]any

// recallHouse is the program as it ships, with an agent that people lend to and a
// resource that listens.
type recallHouse struct {
	base                       string
	apiToken                   string
	clientID                   string
	resourceID, resourceSecret string
	lastDelegation             string
	stop                       func() error
}

func startRecallHouse(ctx context.Context) (h *recallHouse, err error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "authsec-bench")
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	h = &recallHouse{base: "http://" + address}
	cmd := exec.CommandContext(ctx, binary, "serve", "--listen", address, "--data-dir", dir, "--public-url", h.base)
	cmd.Env = append(os.Environ(), "AUTHSEC_ADMIN_EMAIL="+benchAdmin, "AUTHSEC_ADMIN_PASSWORD="+benchPassword)
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w: run make build", err)
	}
	h.stop = func() error {
		return errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait(), log.Close(), os.RemoveAll(dir))
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.stop())
		}
	}()
	for begin := time.Now(); ; time.Sleep(poll) {
		resp, err := http.Get(h.base + "/readyz") //nolint:noctx // bounded by giveUp
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				break
			}
		}
		if time.Since(begin) > giveUp {
			return h, fmt.Errorf("not ready after %s; see %s", giveUp, log.Name())
		}
	}
	return h, h.furnish(ctx)
}

// furnish makes what is lent, to whom, and who listens.
func (h *recallHouse) furnish(ctx context.Context) error {
	if err := h.signIn(ctx); err != nil {
		return err
	}
	for _, make := range []struct {
		path string
		body object
		keep map[string]*string
	}{
		{"/actions", object{"name": "billing:read"}, nil},
		{"/roles", object{"name": benchRole, "actions": []string{"billing:read"}}, nil},
		{"/agents", object{"name": "Customer Support", "type": "langchain", "platform": "kubernetes", "selectors": []object{{"key": "k8s:ns", "value": "production"}}},
			map[string]*string{"client_id": &h.clientID}},
		{"/resources", object{"name": "Billing", "uri": benchAudience}, map[string]*string{"id": &h.resourceID, "resource_secret": &h.resourceSecret}},
	} {
		got, err := h.call(ctx, http.MethodPost, "/api/v1"+make.path, make.body)
		if err != nil {
			return err
		}
		for member, to := range make.keep {
			*to, _ = got[member].(string)
		}
	}
	return nil
}

// signIn gets an API token, which takes a session.
func (h *recallHouse) signIn(ctx context.Context) error {
	body, err := json.Marshal(object{"email": benchAdmin, "password": benchPassword})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.base+"/api/v1/session", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // nothing to read
	cookies := resp.Cookies()
	if resp.StatusCode != http.StatusOK || len(cookies) == 0 {
		return fmt.Errorf("sign in: %s", resp.Status)
	}
	got, err := h.call(ctx, http.MethodPost, "/api/v1/api-tokens", object{"name": "bench"}, cookies...)
	h.apiToken, _ = got["token"].(string)
	return err
}

// call calls the API, by cookie or else by API token.
func (h *recallHouse) call(ctx context.Context, method, path string, body object, cookies ...*http.Cookie) (object, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	content := io.Reader(http.NoBody)
	if body != nil {
		content = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, h.base+path, content)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if len(cookies) > 0 {
		req.AddCookie(cookies[0])
	} else if h.apiToken != "" {
		req.Header.Set("Authorization", "Bearer "+h.apiToken)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, answer)
	}
	got := object{}
	return got, json.Unmarshal(answer, &got)
}

// lend makes a delegation and fetches a token of it.
func (h *recallHouse) lend(ctx context.Context) (id, token string, err error) {
	made, err := h.call(ctx, http.MethodPost, "/api/v1/delegations", object{"role": benchRole, "client_id": h.clientID,
		"actions": []string{"billing:read"}, "max_duration_seconds": 3600, "resources": []string{benchAudience}})
	if err != nil {
		return "", "", err
	}
	id, _ = made["id"].(string)
	h.lastDelegation = id
	// The agent is permissive, as new ones on this machine are: no proof, and no API token either.
	agent := &recallHouse{base: h.base}
	got, err := agent.call(ctx, http.MethodGet, "/authsec/uflow/sdk/delegation-token?client_id="+h.clientID+"&delegation_id="+id, nil)
	token, _ = got["token"].(string)
	return id, token, err
}

// wantStreams checks that the server knows of all verifiers, and that all have
// heard: those that polled instead would have been measured wrongly.
func (h *recallHouse) wantStreams(ctx context.Context, n int) error {
	got, err := h.call(ctx, http.MethodGet, "/api/v1/delegations/"+h.lastDelegation+"/recall", nil)
	if err != nil {
		return err
	}
	of, _ := got["verifiers"].(map[string]any)
	if of["connected"] != float64(n) || of["heard"] != float64(n) {
		return fmt.Errorf("want %d verifiers connected, each of which has heard: %v", n, of)
	}
	return nil
}
