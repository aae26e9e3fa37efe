package main_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the driver with which the tests tamper
)

// tamper runs statements on the database behind the program's back.
func (d *deployment) tamper(statements ...string) {
	d.t.Helper()
	db, err := sql.Open("sqlite", d.database())
	if err != nil {
		d.t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := db.ExecContext(d.t.Context(), s); err != nil {
			d.t.Fatalf("%s: %v", s, err)
		}
	}
	if err := db.Close(); err != nil {
		d.t.Fatal(err)
	}
}

// logged is a deployment with some lines in its log.
func logged(t *testing.T) *deployment {
	t.Helper()
	d := newDeployment(t)
	for _, name := range []string{"One", "Two", "Three"} {
		d.run("agent", "create", "--name", name, "--platform", "other").want(0)
	}
	return d
}

func TestAuditVerifyIntact(t *testing.T) {
	d := logged(t)
	if text := d.run("audit", "verify").want(0).stdout; !strings.HasPrefix(text, "Intact: ") {
		t.Errorf("printed:\n%s", text)
	}
	report := d.run("audit", "verify", "-o", "json").object()
	if report["intact"] != true || report["events"].(float64) < 3 || len(report.text("head")) != 64 {
		t.Errorf("report %v", report)
	}
}

// A line that was changed, taken out or put in is found, and the first is named.
func TestAuditVerifyNamesFirstBrokenLine(t *testing.T) {
	for name, c := range map[string]struct {
		seq        float64
		statements []string
	}{
		"changed body":   {2, []string{`UPDATE audit_events SET body = replace(body, 'agent.create', 'agent.delete') WHERE seq >= 2`}},
		"changed column": {3, []string{`UPDATE audit_events SET actor_id = 'somebody' WHERE seq = 3`}},
		"taken out":      {2, []string{`DELETE FROM audit_events WHERE seq = 2`}},
		"changed hash":   {1, []string{`UPDATE audit_events SET hash = replace(hash, substr(hash, 1, 1), 'x') WHERE seq = 1`}},
	} {
		t.Run(name, func(t *testing.T) {
			d := logged(t)
			d.tamper(c.statements...)
			r := d.run("audit", "verify", "-o", "json").want(1, "the audit log is broken")
			r.code = 0
			if report := r.object(); report["intact"] != false || report["broken_seq"] != c.seq || report.text("problem") == "" {
				t.Errorf("report %v", report)
			}
			if text := d.run("audit", "verify").want(1).stdout; !strings.HasPrefix(text, "Broken at event ") {
				t.Errorf("printed:\n%s", text)
			}
		})
	}
}

// Whoever owns the database can cut the log off so that it verifies; an earlier
// export shows it.
func TestAuditVerifyShowsTruncationByEarlierExport(t *testing.T) {
	d := logged(t)
	export := filepath.Join(d.dir, "audit.jsonl")
	d.run("audit", "export", "--file", export).want(0)
	d.run("audit", "verify", "--checkpoints", export).want(0)
	d.run("agent", "create", "--name", "Four", "--platform", "other").want(0)
	d.run("audit", "verify", "--checkpoints", export).want(0) // it only grew
	d.tamper(`DELETE FROM audit_events WHERE seq > 2`, `DELETE FROM audit_checkpoints`,
		`UPDATE audit_head SET seq = 2, hash = (SELECT hash FROM audit_events WHERE seq = 2)`)
	d.run("audit", "verify").want(0)
	r := d.run("audit", "verify", "--checkpoints", export).want(1, "the audit log is broken")
	if !strings.HasPrefix(r.stdout, "Broken at event 3: ") {
		t.Errorf("printed:\n%s", r.stdout)
	}
	none := d.file("none.jsonl", "\n")
	d.run("audit", "verify", "--checkpoints", none).want(1, "none.jsonl", "no checkpoint")
}

// An export is whole or not there, for nobody else to read, and what it
// replaces stays until then.
func TestAuditExportReplacesWhole(t *testing.T) {
	d := logged(t)
	out := filepath.Join(d.dir, "out")
	if err := os.Mkdir(out, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(out, "audit.jsonl")
	if err := os.WriteFile(file, []byte("yesterday's\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	check := func(content func(string) bool) {
		t.Helper()
		got, err := os.ReadFile(file) //nolint:gosec // the test's own
		if err != nil || !content(string(got)) {
			t.Errorf("%v: the file holds:\n%s", err, got)
		}
		if entries, err := os.ReadDir(out); err != nil || len(entries) != 1 {
			t.Errorf("%v: left behind: %v", err, entries)
		}
	}
	d.run("audit", "export", "--file", file, "--from", "2030-01-01T00:00:00Z", "--to", "2029-01-01T00:00:00Z").want(1)
	check(func(s string) bool { return s == "yesterday's\n" })
	if text := d.run("audit", "export", "--file", file).want(0).stdout; !strings.Contains(text, file) {
		t.Errorf("printed:\n%s", text)
	}
	check(func(s string) bool { return len(parseExport(t, s)) >= 3 })
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	d.run("audit", "export", "--file", filepath.Join(d.dir, "missing", "a.jsonl")).want(1, "missing")
}
