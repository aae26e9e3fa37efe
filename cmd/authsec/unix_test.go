//go:build linux

package main_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// asUser is another user of this machine to run an agent as. As root that is
// user 65534; nobody else may become anybody, so then it is the same user, and
// what wrong names is asserted of a user that does not exist.
type asUser struct {
	uid, wrong string
	attributes *syscall.SysProcAttr
}

func anotherUser(t *testing.T) asUser {
	t.Helper()
	if os.Getuid() != 0 {
		t.Log("not root: the agent runs as the same user as the server")
		return asUser{uid: strconv.Itoa(os.Getuid()), wrong: "64999"}
	}
	return asUser{uid: "65534", wrong: "0", attributes: &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}}
}

// local onboards an agent of the platform Unix and lends it the role.
func (g *guide) local(selectors object) string {
	g.t.Helper()
	var list []object
	for key, value := range selectors {
		list = append(list, object{"key": key, "value": value})
	}
	body := object{"name": "Local " + strconv.Itoa(len(selectors)) + selectors["unix:uid"].(string), "type": "langchain", "platform": "unix", "selectors": list}
	agent := g.admin.call(201, "POST", "/api/v1/agents", body)
	if got := agent.text("attestation"); got != "required" {
		g.t.Errorf("there is a source for it, and still it is %s", got)
	}
	g.person.call(201, "POST", "/api/v1/delegations", delegationOf(agent.text("client_id")))
	return agent.text("client_id")
}

// curl fetches a token as the user, with no credential, and returns status and body.
func (g *guide) curl(as asUser, more ...string) (status, body string) {
	g.t.Helper()
	cmd := exec.CommandContext(g.t.Context(), "curl", append([]string{"-s", "--max-time", "15", "-w", "\n%{http_code}"}, more...)...) //nolint:gosec // the test's own
	cmd.SysProcAttr, cmd.Dir = as.attributes, "/"
	out, err := cmd.Output()
	if err != nil {
		g.t.Fatalf("curl %v: %v\n%s", more, err, out)
	}
	text := string(out)
	i := strings.LastIndex(text, "\n")
	return text[i+1:], text[:i]
}

// On one machine, an agent needs no credential at all: the kernel says who calls,
// over the loopback interface and over the Unix socket.
func TestUnixAgents(t *testing.T) {
	d := newDeployment(t).withAdmin()
	socket := filepath.Join(socketFolder(t), "authsec.sock")
	d.env["AUTHSEC_LISTEN_UNIX"] = socket
	g := d.walk(t)
	as := anotherUser(t)
	curlPath, err := exec.LookPath("curl")
	if err != nil {
		t.Fatal(err)
	}
	if curlPath, err = filepath.EvalSymlinks(curlPath); err != nil {
		t.Fatal(err)
	}
	right := g.local(object{"unix:uid": as.uid, "unix:path": curlPath})
	wrong := g.local(object{"unix:uid": as.wrong})
	overUnix := []string{"--unix-socket", socket, "http://localhost" + sdkPath}
	for name, at := range map[string][]string{"loopback": {d.base + sdkPath}, "socket": overUnix} {
		ask := func(clientID string, more ...string) (string, string) {
			args := append([]string{}, at...)
			args[len(args)-1] += clientID
			return g.curl(as, append(args, more...)...)
		}
		status, body := ask(right)
		if status != "200" || !strings.Contains(body, `"status":"active"`) {
			t.Fatalf("%s: %s %s", name, status, body)
		}
		if claims := tokenOf(t, g, body); claims != "unix" {
			t.Errorf("%s: attestation %s", name, claims)
		}
		status, body = ask(wrong)
		if status != "403" || !strings.Contains(body, "selectors_not_satisfied") || !strings.Contains(body, "unix:uid") || strings.Contains(body, as.uid) {
			t.Errorf("%s, as the wrong user: %s %s", name, status, body)
		}
		// Whoever forwards for somebody speaks for somebody.
		if status, body = ask(right, "-H", "X-Forwarded-For: 127.0.0.1"); status != "401" || !strings.Contains(body, "workload_proof_required") {
			t.Errorf("%s, forwarded: %s %s", name, status, body)
		}
		if status, _ = ask(right, "-H", "Host: evil.example"); status != "421" {
			t.Errorf("%s, another host: %s", name, status)
		}
	}
	// This test's own process has the right user, perhaps, and the wrong program.
	if got := g.client().call(403, "GET", sdkPath+right, nil); !strings.Contains(got.body, "unix:path") {
		t.Errorf("another program: %s", got.body)
	}
	if g.stop() != 0 {
		t.Errorf("exit code, %s", g.stderr)
	}
	if _, err := os.Lstat(socket); !os.IsNotExist(err) {
		t.Errorf("the socket is still there: %v", err)
	}
}

// socketFolder is one that every user may enter, which a test's own is not.
func socketFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "authsec-socket-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // as said
		t.Fatal(err)
	}
	return dir
}

func tokenOf(t *testing.T, g *guide, body string) string {
	t.Helper()
	_, rest, ok := strings.Cut(body, `"token":"`)
	token, _, closed := strings.Cut(rest, `"`)
	if !ok || !closed {
		t.Fatalf("no token: %s", body)
	}
	claims, err := g.verifier(t).Verify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return claims.Attestation
}

// A killed server's socket is taken over; a living one's is not. Without rights
// over others' processes the server still knows their user, and no more.
func TestUnixSocketOfOrdinaryUser(t *testing.T) {
	as := anotherUser(t)
	d := newDeployment(t).withAdmin()
	d.dir, d.as = socketFolder(t), as.attributes
	if as.attributes != nil {
		if err := os.Chown(d.dir, 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
	socket := filepath.Join(d.dir, "authsec.sock")
	d.env["AUTHSEC_DATA_DIR"], d.env["AUTHSEC_LISTEN_UNIX"] = filepath.Join(d.dir, "data"), socket
	g := d.walk(t)
	second := *d
	second.env = map[string]string{"AUTHSEC_DATA_DIR": d.env["AUTHSEC_DATA_DIR"], "AUTHSEC_LISTEN": freeAddress(t), "AUTHSEC_LISTEN_UNIX": socket}
	second.run("serve").want(1, "another server listens there", socket)
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	known := g.local(object{"unix:uid": me.Uid})
	unseen := g.local(object{"unix:uid": me.Uid, "unix:path": exe})
	grouped := g.local(object{"unix:uid": me.Uid, "unix:user": me.Username, "unix:gid": me.Gid})
	g.kill()
	if _, err := os.Lstat(socket); err != nil {
		t.Errorf("a kill leaves the socket: %v", err)
	}
	again := d.start()
	over := &client{t: t, base: "http://localhost", http: &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		}}}}
	over.call(200, "GET", sdkPath+grouped, nil) // by the process that the kernel vouches for
	if as.attributes != nil {
		again.client().call(403, "GET", sdkPath+grouped, nil)
	}
	for _, c := range []*client{again.client(), over} {
		c.call(200, "GET", sdkPath+known, nil)
		if as.attributes == nil {
			c.call(200, "GET", sdkPath+unseen, nil)
			continue
		}
		got := c.call(403, "GET", sdkPath+unseen, nil)
		if !strings.Contains(got.body, "unix:path") || !strings.Contains(got.body, "run as root, or as the same user") {
			t.Errorf("%s", got.body)
		}
	}
}
