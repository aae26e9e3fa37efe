package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"authsec/internal/domain"
)

type agentKeysCmd struct {
	Set   agentKeysSetCmd   `cmd:"" help:"Register the public keys that an agent signs assertions with."`
	Clear agentKeysClearCmd `cmd:"" help:"Take an agent's public keys away."`
}

// agentKeyView is a key as JSON shows it.
type agentKeyView struct {
	KID string `json:"kid,omitempty"`
	Kty string `json:"kty"`
	Alg string `json:"alg,omitempty"`
}

type agentKeysSetCmd struct {
	settings
	output
	ClientID string `arg:"" help:"The agent's client ID."`
	File     string `required:"" placeholder:"PATH" help:"A JWK Set (RFC 7517) of at most ten public keys, which replace those there are."`
}

// Help is the command's example.
func (agentKeysSetCmd) Help() string {
	return `Example:
  authsec agent keys set 0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e --file agent-keys.json`
}

// Run registers the keys.
func (c *agentKeysSetCmd) Run(ctx context.Context, p *program) (err error) {
	keys, err := readAgentKeys(c.File)
	if err != nil {
		return err
	}
	a, err := c.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	agent, err := a.Directory.SetAgentKeys(ctx, operator(), c.ClientID, keys)
	if err != nil {
		return err
	}
	if c.json() {
		views := []agentKeyView{}
		for _, k := range agent.Keys {
			views = append(views, agentKeyView{k.ID, k.Type, k.Algorithm})
		}
		return p.printJSON(map[string]any{"client_id": agent.ClientID, "keys": views})
	}
	fmt.Fprintf(p.stdout, "Registered %d. Assertions signed with one of them prove %s.\n", len(agent.Keys), oneLine(agent.Name))
	return nil
}

// maxKeyFile bounds the file, in bytes: ten keys of the greatest size.
const maxKeyFile = domain.MaxAgentKeys*domain.MaxAgentKeySize + 1<<10

func readAgentKeys(path string) (keys []domain.AgentKey, err error) {
	f, err := os.Open(path) //nolint:gosec // the file that the operator names
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxKeyFile {
		return nil, fmt.Errorf("%s: more than %d bytes: that is no set of ten public keys", path, maxKeyFile)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf(`%s: not a JWK Set, {"keys": […]}: %w`, path, err)
	}
	return domain.ParseAgentKeys(set.Keys)
}

type agentKeysClearCmd struct {
	settings
	ClientID string `arg:"" help:"The agent's client ID."`
}

// Help is the command's example.
func (agentKeysClearCmd) Help() string {
	return `Example:
  authsec agent keys clear 0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e`
}

// Run takes the keys away.
func (c *agentKeysClearCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := c.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	agent, err := a.Directory.SetAgentKeys(ctx, operator(), c.ClientID, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "%s has no keys. Its assertions are no proof any more.\n", oneLine(agent.Name))
	return nil
}
