package realclients

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// oauth4webapi and openid-client, in node/, are run against the same server.
func TestNode(t *testing.T) {
	t.Parallel()
	// Both files wait for the same key.
	here.runs(t, "node", "node", "--test", "--test-concurrency=2", "--test-reporter=spec")
}

// Authlib and PyJWT, in python/, are run against it too, by the interpreter that
// scripts/test-clients makes.
func TestPython(t *testing.T) {
	t.Parallel()
	python, err := filepath.Abs("../.build/clients-venv/bin/python")
	if err != nil {
		t.Fatal(err)
	}
	here.runs(t, "python", python, "-m", "unittest", "-v")
}

// runs runs a program's tests in a folder, and tells it which server is meant.
func (w *world) runs(t *testing.T, dir, program string, args ...string) {
	t.Helper()
	key, err := json.Marshal(w.signerKey)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, args...) //nolint:gosec // the tests' own
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "ISSUER="+w.issuer, "AUDIENCE="+audience, "PERSON="+w.person, "CLIENT_ID="+w.clientID, "CLIENT_SECRET="+w.secret,
		"SIGNER_ID="+w.signerID, "SIGNER_KEY="+string(key), "RESOURCE_ID="+w.resourceID, "RESOURCE_SECRET="+w.opener, "NEXT_KEY="+w.nextKey,
		"PRESENT="+w.present)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
}
