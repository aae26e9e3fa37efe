package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAgentKeys(t *testing.T) {
	d := newDeployment(t).withAdmin()
	id := d.run("agent", "create", "--name", "Elsewhere", "--platform", "other", "-o", "json").object().text("client_id")
	file := func(name, text string) string {
		path := filepath.Join(d.dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := file("keys.json", `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"2026-05","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`)
	set := d.run("agent", "keys", "set", id, "--file", good, "-o", "json").object()
	if keys, _ := set["keys"].([]any); set.text("client_id") != id || len(keys) != 1 {
		t.Errorf("set %v", set)
	}
	for name, tt := range map[string]struct{ path, says string }{
		"a private key": {file("private.json", `{"keys":[{"kty":"OKP","crv":"Ed25519","d":"AA","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`), "public keys only"},
		"a small key":   {file("small.json", `{"keys":[{"kty":"RSA","e":"AQAB","n":"`+strings.Repeat("x", 171)+`"}]}`), "2048"},
		"no key set":    {file("none.json", `[]`), "JWK Set"},
		"no keys":       {file("empty.json", `{}`), "at least one"},
		"no file":       {filepath.Join(d.dir, "absent.json"), "absent.json"},
	} {
		if r := d.run("agent", "keys", "set", id, "--file", tt.path); r.code == 0 || !strings.Contains(r.stderr, tt.says) {
			t.Errorf("%s: exit %d, %s", name, r.code, r.stderr)
		}
	}
	if r := d.run("agent", "keys", "clear", id).want(0); !strings.Contains(r.stdout, "no keys") {
		t.Errorf("cleared: %s", r.stdout)
	}
}
