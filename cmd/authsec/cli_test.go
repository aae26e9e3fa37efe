package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// house is a deployment with a role and a running server, for commands.
func house(t *testing.T) (*deployment, *client) {
	t.Helper()
	d := newDeployment(t).withAdmin()
	d.start()
	admin := d.automation()
	admin.furnish()
	return d, admin
}

// asJSON reads what a command printed: one JSON value and nothing else.
func (r result) asJSON(v any) {
	r.t.Helper()
	if err := json.Unmarshal([]byte(r.want(0).stdout), v); err != nil {
		r.t.Fatalf("authsec %v: %v:\n%s", r.args, err, r.stdout)
	}
}

func (r result) object() object {
	r.t.Helper()
	var o object
	r.asJSON(&o)
	return o
}

func (o object) text(member string) string {
	s, _ := o[member].(string)
	return s
}

// All commands, as a person types them.
var allCommands = []string{"serve", "demo", "user create", "agent create", "agent list", "agent suspend", "agent activate", "agent delete", "agent spire-entry", "agent keys set", "agent keys clear", "delegation create", "delegation list",
	"delegation revoke", "delegation disable", "delegation enable", "source list", "source add kubernetes", "source add spiffe", "source add oidc", "source add unix", "source show", "source enable",
	"source disable", "source delete", "source test", "token get", "token exchange", "token inspect", "keys list", "keys rotate", "audit verify", "audit export", "migrate", "version"}

func TestHelpShowsExample(t *testing.T) {
	d := newDeployment(t)
	for _, command := range allCommands {
		r := d.run(append(strings.Fields(command), "--help")...).want(0)
		_, example, ok := strings.Cut(r.stdout, "Example:")
		if !ok || !strings.Contains(example, "authsec "+command) {
			t.Errorf("authsec %s --help shows no example of it:\n%s", command, r.stdout)
		}
	}
	overview := d.run("--help").want(0).stdout
	for _, command := range allCommands {
		if !strings.Contains(overview, command) {
			t.Errorf("authsec --help does not list %s", command)
		}
	}
	if _, err := os.Stat(filepath.Join(d.dir, "data")); err == nil {
		t.Error("--help made a database")
	}
}

func TestUsageErrors(t *testing.T) {
	d := newDeployment(t)
	for _, c := range []struct {
		args, says string
	}{
		{"", "expected one of"},
		{"frobnicate", "frobnicate"},
		{"serve --frobnicate", "--frobnicate"},
		{"user", "expected"},
		{"user create", "--email"},
		{"user create --email a@example.com --name A --level owner", "--level"},
		{"agent create --name A", "--platform"},
		{"agent list --output yaml", "--output"},
		{"delegation create --as a@example.com --client-id x --role r --action a:b --max-duration soon", "--max-duration"},
		{"delegation revoke", "<id>"},
		{"audit export --from yesterday", "--from"},
		{"audit verify --checkpoints missing.jsonl", "missing.jsonl"},
		{"token get", "--base-url"},
		{"token exchange", "--base-url"},
		{"delegation disable", "<id>"},
		{"agent suspend", "<client-id>"},
	} {
		d.run(strings.Fields(c.args)...).want(2, c.says, "--help")
	}
	if _, err := os.Stat(filepath.Join(d.dir, "data")); err == nil {
		t.Error("a command that was not understood made a database")
	}
}

func TestUserCreate(t *testing.T) {
	d, _ := house(t)
	made := d.run("user", "create", "--email", "lead@example.com", "--name", "Lead", "--role", role, "-o", "json").object()
	if made.text("level") != "member" || made.text("id") == "" {
		t.Errorf("made %v", made)
	}
	d.setUp(made.text("setup_url"), nil)
	text := d.run("user", "create", "--email", "two@example.com", "--name", "Two").want(0).stdout
	d.setUp(setupLink.FindString(text), nil)

	file := d.file("password", password+"\n")
	r := d.run("user", "create", "--email", "three@example.com", "--name", "Three", "--level", "auditor", "--password-file", file)
	if r.want(0); strings.Contains(r.stdout, "token=") || strings.Contains(r.stdout, password) {
		t.Errorf("printed:\n%s", r.stdout)
	}
	d.client().call(200, "POST", "/api/v1/session", object{"email": "three@example.com", "password": password})

	d.run("user", "create", "--email", "three@example.com", "--name", "Again").want(1, "three@example.com")
	d.run("user", "create", "--email", "nonsense", "--name", "X").want(1, "email")
	d.run("user", "create", "--email", "four@example.com", "--name", "X", "--role", "missing").want(1, "missing")
	d.run("user", "create", "--email", "four@example.com", "--name", "X", "--password-file", d.file("short", "hunter2")).want(1, "password")
	d.run("user", "create", "--email", "four@example.com", "--name", "X", "--password-file", d.dir+"/none").want(1, "none")
}

func TestAgentsAndDelegations(t *testing.T) {
	d, _ := house(t)
	agent := d.run("agent", "create", "--name", "Customer Support", "--platform", "kubernetes", "--selector", "k8s:ns=production",
		"--selector", "k8s:pod-label:app=a,b=c", "-o", "json").object()
	selectors, _ := agent["selectors"].(map[string]any)
	if agent.text("attestation") != "permissive" || selectors["k8s:ns"] != "production" || selectors["k8s:pod-label:app"] != "a,b=c" || agent["client_secret"] != nil {
		t.Errorf("made %v", agent)
	}
	id := agent.text("client_id")
	if text := d.run("agent", "create", "--name", "Batch", "--platform", "other").want(0).stdout; !strings.Contains(text, "shown this once") {
		t.Errorf("printed:\n%s", text)
	}
	d.run("agent", "create", "--name", "X", "--platform", "kubernetes", "--selector", "production").want(1, "KEY=VALUE")
	d.run("agent", "create", "--name", "X", "--platform", "kubernetes", "--selector", "k8s:moon=1").want(1, "k8s:moon")
	var agents []object
	if d.run("agent", "list", "--output", "json").asJSON(&agents); len(agents) != 2 {
		t.Errorf("listed %v", agents)
	}
	if text := d.run("agent", "list").want(0).stdout; !strings.Contains(text, id) || strings.Count(text, "\n") != 3 {
		t.Errorf("listed:\n%s", text)
	}
	if d.run("agent", "list", "--search", "nobody", "-o", "json").asJSON(&agents); agents == nil || len(agents) != 0 {
		t.Errorf("listed %v", agents)
	}

	create := []string{"delegation", "create", "--as", adminEmail, "--client-id", id, "--role", role, "--action", "billing:read,orders:read"}
	made := d.run(append(create, "--max-duration", "30m", "-o", "json")...).object()
	if made.text("delegator") != adminEmail || made["max_duration_seconds"] != 1800.0 || made.text("status") != "active" {
		t.Errorf("made %v", made)
	}
	d.run(append(create, "--max-duration", "10s")...).want(1, "60")
	d.run("delegation", "create", "--as", "nobody@example.com", "--client-id", id, "--role", role, "--action", "billing:read").want(1, "nobody@example.com")
	d.run("delegation", "create", "--as", adminEmail, "--client-id", id, "--role", role, "--action", "billing:refund").want(1, "billing:refund")
	var list []object
	if d.run("delegation", "list", "--client-id", id, "-o", "json").asJSON(&list); len(list) != 1 || list[0].text("id") != made.text("id") {
		t.Errorf("listed %v", list)
	}
	if text := d.run("delegation", "list").want(0).stdout; !strings.Contains(text, "active (default)") {
		t.Errorf("listed:\n%s", text)
	}
	revoke := []string{"delegation", "revoke", made.text("id"), "--reason", "The pilot is over."}
	if got := d.run(append(revoke, "-o", "json")...).object().text("status"); got != "revoked" {
		t.Errorf("it is %s", got)
	}
	if text := d.run("delegation", "list", "--status", "active").want(0).stdout; text != "None.\n" {
		t.Errorf("listed:\n%s", text)
	}
	d.run("delegation", "revoke", "0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e").want(1)
}

func TestTokenGet(t *testing.T) {
	d, admin := house(t)
	open, _ := admin.agent("Open", "kubernetes")
	shut, secret := admin.agent("Shut", "other")
	for _, clientID := range []string{open, shut} {
		admin.call(201, "POST", "/api/v1/delegations", delegationOf(clientID))
	}
	get := func(clientID string, more ...string) result {
		return d.run(append([]string{"token", "get", "--base-url", d.base + "/", "--client-id", clientID}, more...)...)
	}
	r := get(open).want(0)
	if _, err := jti(strings.TrimSuffix(r.stdout, "\n")); err != nil || r.stderr != "" {
		t.Errorf("%v\n%s%s", err, r.stdout, r.stderr)
	}
	answer := get(open, "--ttl", "2m", "--action", "billing:read", "--output", "json").object()
	if answer.text("token") == "" || answer["ttl_seconds"].(float64) > 120 {
		t.Errorf("answer %v", answer)
	}
	if r := get(shut, "--client-secret-file", d.file("secret", secret+"\n")).want(0); r.stdout == "" {
		t.Error("no token for a secret")
	}
	for _, c := range []struct {
		says string
		r    result
	}{
		{"workload_proof_required, 401", get(shut)},
		{"invalid_workload_proof, 401", get(shut, "--client-secret-file", d.file("wrong", "not-"+secret))},
		{"action_not_delegated, 403", get(open, "--action", "orders:read")},
		{"unknown_client, 404", get("0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e")},
		{"invalid_request, 400", get(open, "--ttl", "1s")},
		{"root", d.run("token", "get", "--base-url", "localhost", "--client-id", open)},
		{"refused", d.run("token", "get", "--base-url", "http://"+freeAddress(t), "--client-id", open)},
	} {
		if c.r.want(1, c.says); c.r.stdout != "" || strings.Contains(c.r.stderr, secret) {
			t.Errorf("printed:\n%s%s", c.r.stdout, c.r.stderr)
		}
	}
}

func TestKeysMigrateVersion(t *testing.T) {
	d := newDeployment(t)
	d.env["AUTHSEC_ADMIN_PASSWORD"], d.env["AUTHSEC_ADMIN_EMAIL"] = password, adminEmail // unused here, and never printed
	var keys []object
	if d.run("keys", "list", "-o", "json").asJSON(&keys); len(keys) != 1 || keys[0].text("alg") != "RS256" {
		t.Errorf("keys %v", keys)
	}
	kid := d.run("keys", "rotate", "-o", "json").object().text("kid")
	if text := d.run("keys", "list").want(0).stdout; !strings.Contains(text, kid) || strings.Count(text, "\n") != 3 {
		t.Errorf("listed:\n%s", text)
	}
	if text := d.run("migrate").want(0).stdout; !strings.Contains(text, "up to date") {
		t.Errorf("printed:\n%s", text)
	}
	if text := d.run("version").want(0).stdout; !strings.HasPrefix(text, "authsec ") {
		t.Errorf("printed:\n%s", text)
	}
	if v := d.run("version", "-o", "json").object(); v.text("version") == "" {
		t.Errorf("version %v", v)
	}
	pg := newDeployment(t).onPostgres()
	pg.run("keys", "list").want(1, "authsec migrate")
	pg.run("migrate").want(0)
	pg.run("keys", "list").want(0)
	pg.env["AUTHSEC_DATABASE_URL"] = "postgres://authsec:hunter2@127.0.0.1:1/authsec"
	if r := pg.run("keys", "list").want(1, "database"); strings.Contains(r.stderr, "hunter2") {
		t.Errorf("printed:\n%s", r.stderr)
	}
}
