package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestProvidersAndTemplates(t *testing.T) {
	d := newDeployment(t)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("s3cret-of-the-client"), 0o600); err != nil {
		t.Fatal(err)
	}
	added := d.run("provider", "add", "--name", "Directory", "--issuer", "https://id.example.com/realms/staff", "--audience", "api://authsec",
		"--sign-in", "--client-id", "authsec", "--client-secret-file", secret, "--scope", "email,profile").want(0, "").stdout
	if !strings.Contains(added, "/api/v1/sign-in/callback") || strings.Contains(added, "s3cret") {
		t.Errorf("printed:\n%s", added)
	}
	d.run("provider", "add", "--name", "Other", "--issuer", "https://id.example.com/realms/staff", "--audience", "x").want(1, "issuer")
	d.run("provider", "add", "--name", "Other", "--issuer", "http://id.example.com", "--audience", "x").want(1, "https")
	d.run("provider", "add", "--name", "Other", "--issuer", "https://other.example.com", "--sign-in").want(1, "client_id")
	d.run("provider", "add", "--name", "Other", "--issuer", "https://other.example.com", "--audience", "x", "--client-secret-file", "/no/such/file").want(1, "client_secret_file")
	var list []object
	if d.run("provider", "list", "-o", "json").asJSON(&list); len(list) != 1 || list[0]["client_id"] != "authsec" || list[0]["enabled"] != true {
		t.Errorf("%v", list)
	}
	if text := d.run("provider", "show", "directory").want(0, "").stdout; !strings.Contains(text, "realms/staff") || strings.Contains(text, "s3cret") {
		t.Errorf("printed:\n%s", text)
	}
	d.run("provider", "disable", "Directory").want(0, "")
	if text := d.run("provider", "list").want(0, "").stdout; !strings.Contains(text, "disabled") || !strings.Contains(text, "sign-in exchange") {
		t.Errorf("printed:\n%s", text)
	}
	d.run("provider", "enable", "Directory").want(0, "")
	d.run("provider", "show", "Nowhere").want(1, "authsec provider list")
	d.run("template", "show", "Nowhere").want(1, "authsec template list")
	d.run("template", "add", "--name", "Staff", "--client-id", "0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e", "--provider", "Directory", "--when", "groups", "--role", "r", "--action", "a:b").want(1, "CLAIM=VALUE")
	d.run("template", "add", "--name", "Staff", "--client-id", "0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e", "--provider", "Directory", "--when", "groups=support|leads", "--role", "r", "--action", "a:b").want(1, "There is no agent")
	if d.run("template", "list", "-o", "json").asJSON(&list); len(list) != 0 {
		t.Errorf("%v", list)
	}
	d.run("provider", "delete", "Directory").want(0, "")
}
