// Command vectorgen writes testdata/vectors: tokens that every verifier of
// AuthSec's tokens must decide alike. The private keys there are its input; the
// same keys give the same bytes.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/go-jose/go-jose/v4"
)

//go:generate go run . -out ../../../../testdata/vectors

func main() {
	out := flag.String("out", "", "the `folder` with private.jwk.json, to write to")
	flag.Parse()
	if err := run(*out); err != nil {
		fmt.Fprintln(os.Stderr, "vectorgen:", err)
		os.Exit(1)
	}
}

func run(folder string) error {
	files, err := generate(folder)
	if err != nil {
		return err
	}
	for name, content := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate returns the files made from the private keys in folder, by name.
func generate(folder string) (map[string][]byte, error) {
	private, err := os.ReadFile(filepath.Join(folder, "private.jwk.json"))
	if err != nil {
		return nil, err
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(private, &set); err != nil {
		return nil, fmt.Errorf("private.jwk.json: %w", err)
	}
	m := minter{keys: map[string]any{}}
	var published jose.JSONWebKeySet
	for _, key := range set.Keys {
		m.keys[key.KeyID] = key.Key
		if key.KeyID != unpublished {
			published.Keys = append(published.Keys, key.Public())
		}
	}
	cases := m.cases()
	seen := map[string]bool{}
	for _, c := range cases {
		if seen[c.Name] {
			return nil, fmt.Errorf("two cases are named %s", c.Name)
		}
		seen[c.Name] = true
	}
	jwks, err := encode(published)
	if err != nil {
		return nil, err
	}
	tokens, err := encode(vectors{Now: now, Issuer: issuer, Audience: audience, LeewaySeconds: leeway, Cases: cases})
	if err != nil {
		return nil, err
	}
	files, err := m.recallFiles()
	if err != nil {
		return nil, err
	}
	files["jwks.json"], files["tokens.json"] = jwks, tokens
	proofs, err := m.dpopFiles(folder)
	if err != nil {
		return nil, err
	}
	maps.Copy(files, proofs)
	return files, nil
}

// vectors is the form of tokens.json.
type vectors struct {
	Now           int64    `json:"now"`
	Issuer        string   `json:"issuer"`
	Audience      string   `json:"audience"`
	LeewaySeconds int64    `json:"leeway_seconds"`
	Cases         []vector `json:"cases"`
}

// vector is one token and what a verifier must make of it.
type vector struct {
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Source      string         `json:"source"`
	Token       string         `json:"token"`
	Valid       bool           `json:"valid"`
	Error       string         `json:"error,omitempty"`
	Claims      map[string]any `json:"claims,omitempty"`
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}
