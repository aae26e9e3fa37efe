package main_test

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"authsec/web"
)

// The program serves the console that is embedded in it, at the root and at the
// set-up link; where none was built, it says so there and in the log.
func TestServesTheConsoleOfItsBuild(t *testing.T) {
	d := newDeployment(t)
	s := d.start()
	for _, path := range []string{"/", "/setup", "/access/roles/support.v2"} {
		r, err := d.client().send("GET", path, nil, "Accept", "text/html")
		if err != nil {
			t.Fatal(err)
		}
		nonce := regexp.MustCompile(`'nonce-([\w-]{22})'`).FindStringSubmatch(r.header.Get("Content-Security-Policy"))
		switch {
		case consoleIsBuilt(t) && (r.status != 200 || nonce == nil || !strings.Contains(r.body, nonce[1])):
			t.Errorf("GET %s: %d %v\n%s", path, r.status, r.header, r.body)
		case !consoleIsBuilt(t) && (r.status != 404 || !strings.Contains(r.body, "make build")):
			t.Errorf("GET %s: %d %s", path, r.status, r.body)
		}
	}
	if says := strings.Contains(s.stderr.String(), "no console"); says == consoleIsBuilt(t) {
		t.Errorf("console built: %v\n%s", consoleIsBuilt(t), s.stderr)
	}
}

func consoleIsBuilt(t testing.TB) bool {
	t.Helper()
	files, err := web.Files()
	if err != nil {
		t.Fatal(err)
	}
	f, err := files.Open("index.html")
	if err != nil {
		return false
	}
	return f.Close() == nil
}

// A build without the console serves everything else, and its set-up page says
// how to finish without one: what it says works.
func TestWithoutConsole(t *testing.T) {
	d := newDeployment(t)
	d.program = filepath.Join(t.TempDir(), "authsec")
	if err := build(d.program, "-tags", "noconsole"); err != nil {
		t.Fatal(err)
	}
	s := d.start()
	link := s.printedLink()
	page := d.client().call(404, "GET", "/setup", nil, "Accept", "text/html")
	command := regexp.MustCompile(`curl -X POST (\S+) -H 'Content-Type: application/json' -d @- <<'EOF'\n((?s).*)\nEOF`).FindStringSubmatch(page.body)
	if command == nil || !strings.HasPrefix(page.header.Get("Content-Type"), "text/plain") {
		t.Fatalf("no command: %v\n%s", page.header, page.body)
	}
	path, ok := strings.CutPrefix(command[1], d.base)
	if !ok {
		t.Fatalf("the command calls %s, not %s", command[1], d.base)
	}
	body := command[2]
	for _, secret := range []string{linkToken(t, link), password} {
		body = strings.Replace(body, "…", secret, 1)
	}
	me := d.client()
	me.call(200, "POST", path, json.RawMessage(body))
	if level := me.call(200, "GET", "/api/v1/me", nil).text("level"); level != "admin" {
		t.Errorf("they are %q", level)
	}
	d.client().call(404, "GET", "/", nil, "Accept", "text/html")
	d.client().call(404, "GET", "/robots.txt", nil)
	if !strings.Contains(s.stderr.String(), "no console") {
		t.Errorf("the log does not say so:\n%s", s.stderr)
	}
}
