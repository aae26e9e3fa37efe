package main_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"authsec/internal/store/storetest"
)

// binary is the program as it ships, built once for all tests.
var binary string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "authsec-program-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)                      //nolint:errcheck // a temporary folder
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // other users run it, too
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	binary = filepath.Join(dir, "authsec")
	if err := build(binary); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// build builds the program.
func build(to string, flags ...string) error {
	cmd := exec.Command("go", append(append([]string{"build", "-o", to}, flags...), ".")...) //nolint:gosec,noctx // the test's own arguments
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return nil
}

const (
	adminEmail = "root@example.com"
	password   = "correct horse battery"
	patience   = 20 * time.Second
)

// deployment is one database with its settings, on which the server and the
// command line run.
type deployment struct {
	t       testing.TB
	program string
	dir     string
	base    string
	env     map[string]string
	as      *syscall.SysProcAttr // another user to run as; nil: this one
}

// newDeployment is on SQLite, and has no admin yet.
func newDeployment(t testing.TB) *deployment {
	t.Helper()
	dir, address := t.TempDir(), freeAddress(t)
	base := "http://" + address
	return &deployment{t: t, program: binary, dir: dir, base: base, env: map[string]string{"AUTHSEC_DATA_DIR": filepath.Join(dir, "data"),
		"AUTHSEC_LISTEN": address, "AUTHSEC_PUBLIC_URL": base, "AUTHSEC_LOG_FORMAT": "json"}}
}

// onPostgres moves it to a PostgreSQL schema of its own.
func (d *deployment) onPostgres() *deployment {
	d.t.Helper()
	d.env["AUTHSEC_DATABASE_URL"] = storetest.PostgresURL(d.t)
	d.env["AUTHSEC_MASTER_KEY_FILE"] = d.file("master.key", masterKey())
	return d
}

// withAdmin lets the first start make an admin.
func (d *deployment) withAdmin() *deployment {
	d.env["AUTHSEC_ADMIN_EMAIL"], d.env["AUTHSEC_ADMIN_PASSWORD"] = adminEmail, password
	return d
}

func (d *deployment) file(name, content string) string {
	d.t.Helper()
	path := filepath.Join(d.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		d.t.Fatal(err)
	}
	return path
}

func (d *deployment) database() string { return filepath.Join(d.dir, "data", "authsec.db") }

func masterKey() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.StdEncoding.EncodeToString(b) + "\n"
}

// freeAddress is where nobody listens now. The issuer is the public URL, so the
// port has to be known before the server starts.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // it made way
	return l.Addr().String()
}

// command is the program with the deployment's settings and nothing else of
// this process's environment that could matter.
func (d *deployment) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, d.program, args...) //nolint:gosec // the program under test
	c.Dir, c.SysProcAttr = d.dir, d.as
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + d.dir}
	for k, v := range d.env {
		c.Env = append(c.Env, k+"="+v)
	}
	return c
}

// result is how a command ended.
type result struct {
	t              testing.TB
	args           []string
	code           int
	stdout, stderr string
}

// run runs a command to its end.
func (d *deployment) run(args ...string) result {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), patience)
	defer cancel()
	var stdout, stderr bytes.Buffer
	c := d.command(ctx, args...)
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		d.t.Fatalf("authsec %v: %v, %v\n%s", args, err, ctx.Err(), &stderr)
	}
	return result{d.t, args, c.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// want fails the test unless the exit code is as expected and the error, if
// any, fits a screen: few lines, no stack, no secret.
func (r result) want(code int, errorHas ...string) result {
	r.t.Helper()
	if r.code != code {
		r.t.Fatalf("authsec %v: exit %d, want %d\n%s%s", r.args, r.code, code, r.stdout, r.stderr)
	}
	for _, part := range errorHas {
		if !strings.Contains(r.stderr, part) {
			r.t.Errorf("authsec %v: the error does not say %q:\n%s", r.args, part, r.stderr)
		}
	}
	for _, never := range []string{"goroutine ", "panic", ".go:", password} {
		if strings.Contains(r.stderr, never) {
			r.t.Errorf("authsec %v: the error holds %q:\n%s", r.args, never, r.stderr)
		}
	}
	if strings.Count(r.stderr, "\n") > 8 {
		r.t.Errorf("authsec %v: the error is long:\n%s", r.args, r.stderr)
	}
	return r
}

// server is a running server.
type server struct {
	*deployment
	cmd            *exec.Cmd
	stdout, stderr *output
	ended          chan struct{} // closed when the process has ended
}

// start starts the server and waits until it is ready.
func (d *deployment) start() *server {
	d.t.Helper()
	s := &server{deployment: d, stdout: &output{}, stderr: &output{}, ended: make(chan struct{})}
	s.cmd = d.command(context.Background(), "serve")
	s.cmd.Stdout, s.cmd.Stderr = s.stdout, s.stderr
	if err := s.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	go func() {
		_ = s.cmd.Wait() // how it ended is in ProcessState
		close(s.ended)
	}()
	d.t.Cleanup(s.kill)
	eventually(d.t, "the server is ready", func() bool {
		select {
		case <-s.ended:
			d.t.Fatalf("the server ended: %v\n%s", s.cmd.ProcessState, s.stderr)
		default:
		}
		resp, err := http.Get(d.base + "/readyz") //nolint:noctx // bounded by eventually
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return s
}

// kill ends it at once, as a power cut would, and waits for its end.
func (s *server) kill() {
	_ = s.cmd.Process.Kill() // it may have ended
	<-s.ended
}

// stop asks it to end and returns its exit code.
func (s *server) stop() int {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.t.Fatalf("the server does not stop:\n%s", s.stderr)
	}
	return s.cmd.ProcessState.ExitCode()
}

// eventually waits for something another process does.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	limit := time.After(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("in vain for %v: %s", patience, what)
		}
	}
}

// output collects what a process prints while it runs.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
