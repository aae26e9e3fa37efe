package main_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// runner signs as an issuer whose key set is in a file.
type runner struct {
	t      *testing.T
	signer jose.Signer
	jwks   string
}

const runnerAudience = "https://auth.example.com"

func newRunner(t *testing.T) runner {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key := jose.JSONWebKey{Key: private, KeyID: "1", Algorithm: string(jose.ES256), Use: "sig"}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public()}})
	if err != nil {
		t.Fatal(err)
	}
	return runner{t, signer, string(set)}
}

func (r runner) token(audience string) string {
	r.t.Helper()
	now := time.Now()
	text, err := jwt.Signed(r.signer).Claims(map[string]any{"iss": "https://token.actions.githubusercontent.com", "aud": audience, "sub": "repo:example/agent",
		"repository": "example/agent", "ref": "refs/heads/main", "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}).Serialize()
	if err != nil {
		r.t.Fatal(err)
	}
	return text
}

// From no source to a token, and back: the running server follows what the
// command line does, at once.
func TestSourceCommands(t *testing.T) {
	d, admin := house(t)
	r := newRunner(t)
	var list []object
	if d.run("source", "list", "-o", "json").asJSON(&list); len(list) != 1 || list[0].text("kind") != "unix" || list[0]["enabled"] != true {
		t.Fatalf("listed %v", list)
	}
	add := []string{"source", "add", "oidc", "--name", "GitHub Actions", "--preset", "github-actions", "--audience", runnerAudience, "--jwks-file", d.file("jwks", r.jwks)}
	made := d.run(append(add, "--disabled", "-o", "json")...).object()
	settings, _ := made["oidc"].(map[string]any)
	if made["enabled"] != false || settings["platform"] != "github" || settings["issuer"] != "https://token.actions.githubusercontent.com" || settings["jwks"] == "" {
		t.Errorf("made %v", made)
	}
	d.run(add...).want(1, "already")
	d.run("source", "enable", made.text("id")).want(0)
	if text := d.run("source", "list", "--search", "TOKEN.ACTIONS").want(0).stdout; !strings.Contains(text, "GitHub Actions") || !strings.Contains(text, "enabled") || strings.Count(text, "\n") != 2 {
		t.Errorf("listed:\n%s", text)
	}
	if text := d.run("source", "show", "github actions").want(0).stdout; !strings.Contains(text, "github-actions") || !strings.Contains(text, "bytes") || strings.Contains(text, `"kty"`) {
		t.Errorf("shown:\n%s", text)
	}

	agent := d.run("agent", "create", "--name", "Runner", "--platform", "github", "--selector", "github:repository=example/agent", "-o", "json").object()
	if agent.text("attestation") != "required" {
		t.Errorf("made %v", agent)
	}
	admin.call(201, "POST", "/api/v1/delegations", delegationOf(agent.text("client_id")))
	good, other := d.file("good", r.token(runnerAudience)+"\n"), d.file("other", r.token("https://elsewhere.example.com"))
	fetch := func() result {
		return d.run("token", "get", "--base-url", d.base, "--client-id", agent.text("client_id"), "--workload-token-file", good)
	}
	fetch().want(0)
	tested := d.run("source", "test", "GitHub Actions", "--token-file", good, "-o", "json").object()
	agents, _ := tested["agents"].([]any)
	if tested.text("verdict") != "accepted" || tested.text("method") != "oidc" || len(agents) != 1 {
		t.Errorf("tested %v", tested)
	}
	if text := d.run("source", "test", made.text("id"), "--token-file", good).want(0).stdout; !strings.Contains(text, "github:ref") || !strings.Contains(text, "signed") || !strings.Contains(text, "Runner") {
		t.Errorf("tested:\n%s", text)
	}
	for _, file := range []string{other, d.file("none", "not a token")} {
		if refused := d.run("source", "test", "GitHub Actions", "--token-file", file).want(1); refused.stdout != "" || strings.Count(refused.stderr, "\n") > 4 {
			t.Errorf("printed:\n%s%s", refused.stdout, refused.stderr)
		}
	}
	if got := d.run("source", "test", "GitHub Actions", "--token-file", other, "-o", "json"); got.code != 1 || !strings.Contains(got.stdout, `"verdict": "rejected"`) {
		t.Errorf("%d:\n%s", got.code, got.stdout)
	}

	d.run("source", "disable", "GitHub Actions").want(0)
	fetch().want(1, "invalid_workload_proof")
	if text := d.run("source", "test", "GitHub Actions", "--token-file", good).want(0).stdout; !strings.Contains(text, "The source is disabled") {
		t.Errorf("tested:\n%s", text)
	}
	d.run("source", "enable", "GitHub Actions").want(0)
	fetch().want(0)
	d.run("source", "delete", "GitHub Actions").want(0)
	fetch().want(1, "invalid_workload_proof")
	d.run("source", "delete", "GitHub Actions").want(1, "authsec source list")
	d.run("source", "show", "0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e").want(1, "workload source")
}

func TestSourceAddFaults(t *testing.T) {
	d := newDeployment(t)
	for _, c := range []struct {
		says string
		args []string
	}{
		{"https", []string{"kubernetes", "--issuer", "http://k8s.example.com", "--audience", "a"}},
		{"kubernetes.api", []string{"kubernetes", "--issuer", "https://k8s.example.com", "--audience", "a", "--token-review"}},
		{"no such file", []string{"kubernetes", "--issuer", "https://k8s.example.com", "--audience", "a", "--kubeconfig", "/no/such/file"}},
		{"--jwks-file", []string{"kubernetes", "--issuer", "https://k8s.example.com", "--audience", "a", "--jwks-file", "/no/such/file"}},
		{"trust_domain", []string{"spiffe", "--domain", "spiffe://a", "--audience", "a", "--workload-api", "unix:///run/agent.sock"}},
		{"bundle", []string{"spiffe", "--domain", "a.example", "--audience", "a"}},
		{"github-actions, gitlab", []string{"oidc", "--preset", "jenkins", "--audience", "a"}},
		{"--issuer", []string{"oidc", "--preset", "azure", "--audience", "a"}},
		{"CLAIM=SELECTOR", []string{"oidc", "--preset", "github-actions", "--audience", "a", "--claim", "repository"}},
		{"github:moon", []string{"oidc", "--preset", "github-actions", "--audience", "a", "--claim", "moon=github:moon"}},
		{"docker_host", []string{"unix", "--docker-host", "/var/run/docker.sock"}},
	} {
		r := d.run(append([]string{"source", "add", c.args[0], "--name", "X"}, c.args[1:]...)...).want(1, c.says)
		if r.stdout != "" || strings.Count(r.stderr, "\n") > 6 {
			t.Errorf("%v printed:\n%s%s", c.args, r.stdout, r.stderr)
		}
	}
	var list []object
	if d.run("source", "list", "-o", "json").asJSON(&list); len(list) != 1 {
		t.Errorf("something was stored: %v", list)
	}
	if text := d.run("source", "add", "unix", "--name", "Containers", "--docker-host", "unix:///var/run/docker.sock").want(0).stdout; !strings.Contains(text, "unix, docker") {
		t.Errorf("printed:\n%s", text)
	}
}
