package main

import (
	"context"
	"fmt"
	"time"
)

type keysCmd struct {
	List   keysListCmd   `cmd:"" help:"List the signing keys."`
	Rotate keysRotateCmd `cmd:"" help:"Make the next signing key."`
}

// keyView is a key as JSON shows it.
type keyView struct {
	KID         string     `json:"kid"`
	Alg         string     `json:"alg"`
	State       string     `json:"state"`
	PublishedAt time.Time  `json:"published_at"`
	ActiveAt    time.Time  `json:"active_at"`
	RetiresAt   *time.Time `json:"retires_at"`
}

type keysListCmd struct {
	settings
	output
}

// Help is the command's example.
func (keysListCmd) Help() string {
	return `Example:
  authsec keys list --output json`
}

// Run lists the keys.
func (c *keysListCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := c.quietWithKeys(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	views := []keyView{}
	rows := [][]string{}
	for _, k := range a.Keyring.Keys(time.Now()) {
		views = append(views, keyView{k.KID, k.Alg, string(k.State), k.PublishedAt, k.ActiveAt, optional(k.RetiresAt)})
		rows = append(rows, []string{k.KID, k.Alg, string(k.State), when(k.PublishedAt, "-"), when(k.ActiveAt, "-"), when(k.RetiresAt, "-")})
	}
	if c.json() {
		return p.printJSON(views)
	}
	p.printTable([]string{"kid", "alg", "state", "published", "signs from", "retires"}, rows)
	return nil
}

type keysRotateCmd struct {
	settings
	output
}

// Help is the command's example.
func (keysRotateCmd) Help() string {
	return `Example:
  authsec keys rotate

The new key is published at once and signs only when every verifier's copy of the
key set has it. Running servers notice by themselves.`
}

// Run rotates.
func (c *keysRotateCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := c.quietWithKeys(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	k, err := a.Keyring.Rotate(ctx, operator())
	if err != nil {
		return err
	}
	if c.json() {
		return p.printJSON(keyView{k.KID, k.Alg, string(k.State), k.PublishedAt, k.ActiveAt, optional(k.RetiresAt)})
	}
	fmt.Fprintf(p.stdout, "Key %s is published. It signs from %s.\n", k.KID, when(k.ActiveAt, "now"))
	return nil
}
