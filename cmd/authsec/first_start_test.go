package main_test

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var setupLink = regexp.MustCompile(`https?://\S+/setup#token=\S+`)

func (s *server) printedLink() string {
	s.t.Helper()
	var link string
	eventually(s.t, "the set-up link is printed", func() bool {
		link = setupLink.FindString(s.stdout.String())
		return link != ""
	})
	return link
}

// A fresh server prints a link that makes the first admin, once; the log, which
// is kept and shipped, does not have it.
func TestFirstStartPrintsLinkThatWorksOnce(t *testing.T) {
	d := newDeployment(t)
	s := d.start()
	link := s.printedLink()
	if !strings.HasPrefix(link, d.base+"/setup#") {
		t.Errorf("the link is not at the public URL: %s", link)
	}
	admin := d.setUp(link, object{"email": adminEmail, "name": "Root"})
	if level := admin.call(200, "GET", "/api/v1/me", nil).text("level"); level != "admin" {
		t.Errorf("the first person is %q", level)
	}
	again := d.client().call(400, "POST", "/api/v1/setup",
		object{"token": linkToken(t, link), "password": password, "email": "other@example.com", "name": "Other"})
	if again.text("code") != "invalid_setup_token" {
		t.Errorf("a spent link: %s", again.body)
	}
	if code := s.stop(); code != 0 {
		t.Errorf("exit %d after SIGTERM", code)
	}
	if strings.Contains(s.stderr.String(), linkToken(t, link)) {
		t.Error("the log holds the set-up token")
	}

	s = d.start()
	admin.call(200, "GET", "/api/v1/me", nil) // its session outlives the server
	s.stop()
	if out := s.stdout.String(); strings.Contains(out, "token=") {
		t.Errorf("a link is printed though there is an admin:\n%s", out)
	}
}

// A link that nobody used is no reason to be locked out: each start prints one
// that works.
func TestEveryStartWithoutAdminPrintsWorkingLink(t *testing.T) {
	d := newDeployment(t)
	s := d.start()
	s.printedLink()
	s.stop()
	s = d.start()
	d.setUp(s.printedLink(), object{"email": adminEmail, "name": "Root"})
}

func TestSettingsMakeFirstAdmin(t *testing.T) {
	d := newDeployment(t)
	d.env["AUTHSEC_ADMIN_EMAIL"] = adminEmail
	d.env["AUTHSEC_ADMIN_PASSWORD_FILE"] = d.file("password", password+"\n")
	s := d.start()
	if level := d.signIn().call(200, "GET", "/api/v1/session", nil).text("level"); level != "admin" {
		t.Errorf("they are %q", level)
	}
	s.stop()
	if out := s.stdout.String() + s.stderr.String(); strings.Contains(out, password) || strings.Contains(out, "token=") {
		t.Errorf("printed:\n%s", out)
	}
}

// A master key that is wrong, missing or readable by others stops the start,
// says so, and nothing is made in its place.
func TestMasterKeyStopsStart(t *testing.T) {
	d := newDeployment(t).withAdmin()
	d.start().stop()
	path := filepath.Join(d.dir, "data", "master.key")
	good, err := os.ReadFile(path) //nolint:gosec // the test's own
	if err != nil {
		t.Fatal(err)
	}
	keys := d.run("keys", "list", "--output", "json").want(0).stdout
	for _, c := range []struct {
		name, says string
		spoil      func() error
	}{
		{"wrong", "master key", func() error { return os.WriteFile(path, []byte(masterKey()), 0o600) }},
		{"missing", "master key that opens them is missing", func() error { return os.Remove(path) }},
		{"garbled", "does not hold 32 bytes", func() error { return os.WriteFile(path, good[:10], 0o600) }},
		{"empty", "does not hold 32 bytes", func() error { return os.WriteFile(path, nil, 0o600) }},
		{"readable by others", "chmod 600", func() error { return os.Chmod(path, 0o640) }}, //nolint:gosec // the point
	} {
		t.Run(c.name, func(t *testing.T) {
			d.t = t
			if err := c.spoil(); err != nil {
				t.Fatal(err)
			}
			before, _ := os.ReadFile(path) //nolint:gosec // may be missing
			r := d.run("serve").want(1, c.says)
			if r.stdout != "" {
				t.Errorf("printed: %s", r.stdout)
			}
			if after, _ := os.ReadFile(path); string(after) != string(before) { //nolint:gosec // may be missing
				t.Error("the key file is another")
			}
			if err := os.WriteFile(path, good, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, 0o600); err != nil {
				t.Fatal(err)
			}
			if now := d.run("keys", "list", "--output", "json").want(0).stdout; now != keys {
				t.Errorf("the keys are others: %s", now)
			}
		})
	}
}

func TestStartIsRefused(t *testing.T) {
	d := newDeployment(t).withAdmin()
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close() //nolint:errcheck // only held
	for _, c := range []struct {
		name, variable, value, says string
		code                        int
	}{
		{"misspelt variable", "AUTHSEC_REQUIRE_ATTESTATON", "true", "AUTHSEC_REQUIRE_ATTESTATON", 1},
		{"port in use", "AUTHSEC_LISTEN", taken.Addr().String(), "address already in use", 1},
		{"bad public URL", "AUTHSEC_PUBLIC_URL", "authsec.example.com", "AUTHSEC_PUBLIC_URL", 2},
		{"password without email", "AUTHSEC_ADMIN_EMAIL", "", "AUTHSEC_ADMIN_EMAIL", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			was, had := d.env[c.variable]
			d.t, d.env[c.variable] = t, c.value
			if r := d.run("serve"); r.want(c.code, c.says).stdout != "" {
				t.Errorf("printed: %s", r.stdout)
			}
			delete(d.env, c.variable)
			if had {
				d.env[c.variable] = was
			}
		})
	}
}

// PostgreSQL is shared by processes, so none of them may make a key for itself.
func TestPostgresNeedsMasterKeyFile(t *testing.T) {
	d := newDeployment(t).onPostgres().withAdmin()
	path := d.env["AUTHSEC_MASTER_KEY_FILE"]
	delete(d.env, "AUTHSEC_MASTER_KEY_FILE")
	d.run("serve").want(1, "master-key-file")
	d.env["AUTHSEC_MASTER_KEY_FILE"] = path + ".missing"
	d.run("serve").want(1, "openssl rand")
	if _, err := os.Stat(path + ".missing"); err == nil {
		t.Error("a master key was made")
	}
	d.env["AUTHSEC_MASTER_KEY_FILE"] = path
	d.start()
	d.signIn()
}

// SIGTERM lets a request in flight finish; its change is acknowledged and there.
func TestSIGTERMFinishesWhatIsInFlight(t *testing.T) {
	d := newDeployment(t).withAdmin()
	s := d.start()
	admin := d.automation()
	body := `{"name":"late","actions":[]}`
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", d.env["AUTHSEC_LISTEN"])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // read to its end
	// Half of the body: the server waits for the rest. It says so (100), which
	// proves that the request is with its handler.
	head := "POST /api/v1/roles HTTP/1.1\r\nHost: " + d.env["AUTHSEC_LISTEN"] + "\r\nAuthorization: " + admin.authorization +
		"\r\nContent-Type: application/json\r\nContent-Length: 28\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
	if _, err := io.WriteString(conn, head); err != nil {
		t.Fatal(err)
	}
	first := make([]byte, len("HTTP/1.1 100"))
	if _, err := io.ReadFull(conn, first); err != nil || string(first) != "HTTP/1.1 100" {
		t.Fatalf("%q, %v", first, err)
	}
	code := make(chan int, 1)
	go func() { code <- s.stop() }()
	eventually(t, "it has begun to stop", func() bool { return strings.Contains(s.stderr.String(), `"stopping`) })
	if _, err := io.WriteString(conn, body); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(answer), "HTTP/1.1 201") {
		t.Fatalf("%v: %s", err, answer)
	}
	if got := <-code; got != 0 {
		t.Errorf("exit %d", got)
	}
	d.start()
	admin.call(200, "GET", "/api/v1/roles/late", nil)
	d.run("audit", "verify").want(0)
}
