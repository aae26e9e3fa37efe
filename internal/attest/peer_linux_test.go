package attest

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"authsec/internal/domain"
)

// stranger is another user and its groups, which need not have a name.
var stranger = syscall.Credential{Uid: 23001, Gid: 23002, Groups: []uint32{23003}} //nolint:gochecknoglobals // never changed

// root reports whether this process may become another user and mount. Where
// it may not, the tests do the same as its own user, and say so.
func root(t *testing.T) bool {
	t.Helper()
	if os.Getuid() != 0 {
		t.Log("not root: everything runs as the same user")
		return false
	}
	return true
}

// dialer is testdata/dial, built once.
var dialer = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "authsec-dial-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	to := filepath.Join(dir, "dial")
	cmd := exec.Command("go", "build", "-o", to, "./testdata/dial") //nolint:gosec,noctx // our own
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, errors.New(string(out))
	}
	return os.ReadFile(to) //nolint:gosec // built above
})

// folder is one that every user may enter.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "authsec-peer-")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755)) //nolint:gosec // as said
	return dir
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// program copies the dialer, with a few bytes more, so that no two are alike.
func program(t *testing.T, path, mark string) (digest string) {
	t.Helper()
	built, err := dialer()
	must(t, err)
	b := append(slices.Clone(built), mark...)
	must(t, os.WriteFile(path, b, 0o755)) //nolint:gosec // to be run by every user
	must(t, os.Chmod(path, 0o755))        //nolint:gosec // whatever the umask
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// client is a process with a connection to us.
type client struct {
	cmd   *exec.Cmd
	input io.Closer
	conn  net.Conn // our end
}

// end ends it and waits until it is gone.
func (c *client) end() {
	_ = c.input.Close() // it may have ended
	_ = c.cmd.Wait()    // how it ended tells nothing
}

// listeners are where the tests accept connections.
func listeners(t *testing.T) map[string]net.Listener {
	t.Helper()
	path := filepath.Join(folder(t), "a.sock")
	all := map[string]net.Listener{}
	for name, at := range map[string][2]string{"unix": {"unix", path}, "tcp4": {"tcp", "127.0.0.1:0"}, "tcp6": {"tcp", "[::1]:0"}} {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), at[0], at[1])
		if err != nil && name == "tcp6" {
			t.Logf("no IPv6 here, so not tried: %v", err)
			continue
		}
		must(t, err)
		t.Cleanup(func() { _ = l.Close() })
		all[name] = l
	}
	must(t, os.Chmod(path, 0o666)) //nolint:gosec // to be connected to by every user
	return all
}

// start runs a command that ends with the dialer's arguments, and accepts its connection.
func start(t *testing.T, l net.Listener, as *syscall.SysProcAttr, command []string, inherits ...string) *client {
	t.Helper()
	args := append(slices.Clone(command[1:]), l.Addr().Network(), l.Addr().String())
	cmd := exec.Command(command[0], append(args, inherits...)...) //nolint:gosec,noctx // made by the test; ended by it
	cmd.SysProcAttr, cmd.Stderr, cmd.Dir = as, os.Stderr, "/"
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	c := &client{cmd: cmd, input: in}
	t.Cleanup(c.end)
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("%v: %q %v", cmd.Args, line, err)
	}
	c.conn, err = l.Accept()
	must(t, err)
	t.Cleanup(func() { _ = c.conn.Close() })
	return c
}

func newPeers(t testing.TB) *Peers {
	t.Helper()
	p, err := NewPeers(true)
	must(t, err)
	return p
}

// Who connects is known by the kernel, whoever it is and however it comes.
func TestPeer(t *testing.T) {
	as, uid, gid := (*syscall.SysProcAttr)(nil), uint32(os.Getuid()), uint32(os.Getgid())
	groups := []uint32(nil)
	if root(t) {
		as, uid, gid, groups = &syscall.SysProcAttr{Credential: &stranger}, stranger.Uid, stranger.Gid, []uint32{23002, 23003}
	}
	path := filepath.Join(folder(t), "agent")
	digest := program(t, path, "peer")
	for name, l := range listeners(t) {
		t.Run(name, func(t *testing.T) {
			c := start(t, l, as, []string{path})
			peer := newPeers(t).Of(c.conn)
			got, err := peer.Process(t.Context())
			must(t, err)
			if got.UID != uid || got.GID != gid || got.PID != c.cmd.Process.Pid || got.Path != path || got.SHA256 != digest ||
				got.Gaps != (domain.ProcessGaps{}) || (groups != nil && !slices.Equal(got.Groups, groups)) || !slices.Contains(got.Groups, gid) {
				t.Errorf("%+v", got)
			}
			c.end()
			if again, err := peer.Process(t.Context()); err != nil || again.UID != uid || again.Path != path {
				t.Errorf("it is looked up once per connection: %+v %v", again, err)
			}
		})
	}
}

// Whatever process inherits the connection may speak on it.
func TestPeerThatPassesItsConnectionOn(t *testing.T) {
	dir := folder(t)
	path, other := filepath.Join(dir, "agent"), filepath.Join(dir, "other")
	digest := program(t, path, "one")
	program(t, other, "another")
	for name, l := range listeners(t) {
		t.Run(name, func(t *testing.T) {
			got, err := newPeers(t).Of(start(t, l, nil, []string{path}, other).conn).Process(t.Context())
			must(t, err)
			if got.Path != "" || got.SHA256 != "" || got.PID != 0 || !strings.Contains(got.Gaps.Path, "differ") || got.Gaps.SHA256 == "" || got.UID != uint32(os.Getuid()) {
				t.Errorf("to another program: %+v", got)
			}
			got, err = newPeers(t).Of(start(t, l, nil, []string{path}, path).conn).Process(t.Context())
			must(t, err)
			if got.Path != path || got.SHA256 != digest || got.PID != 0 || got.Gaps != (domain.ProcessGaps{}) {
				t.Errorf("to a process of its own: %+v", got)
			}
			if !root(t) {
				return
			}
			drop := []string{"/usr/bin/setpriv", "--reuid=23001", "--keep-groups", "--", path}
			got, err = newPeers(t).Of(start(t, l, nil, []string{path}, drop...).conn).Process(t.Context())
			must(t, err)
			if got.UID != 0 || got.Path != "" || got.Groups != nil || got.Gaps.Groups == "" || got.Gaps.Path == "" {
				t.Errorf("to another user: %+v", got)
			}
		})
	}
}

// The kernel says user 0 of a TCP socket that nobody holds any more.
func TestPeerThatIsGone(t *testing.T) {
	path := filepath.Join(folder(t), "agent")
	program(t, path, "gone")
	for name, l := range listeners(t) {
		t.Run(name, func(t *testing.T) {
			c := start(t, l, nil, []string{path})
			peer := newPeers(t).Of(c.conn)
			c.end()
			got, err := peer.Process(t.Context())
			if name == "unix" { // it was that user, whatever became of the process
				if err != nil || got.UID != uint32(os.Getuid()) || got.Path != "" || got.PID != 0 || got.Groups != nil || got.Gaps.Path == "" {
					t.Errorf("%+v %v", got, err)
				}
				return
			}
			if !errors.Is(err, ErrNotMine) || got.PID != 0 {
				t.Errorf("%+v %v", got, err)
			}
		})
	}
}

// A client that has said all it wants, and listens on, is as good as any.
func TestPeerThatClosedItsSideForWriting(t *testing.T) {
	for name, l := range listeners(t) {
		t.Run(name, func(t *testing.T) {
			ours, theirs := pair(t, l)
			must(t, theirs.(interface{ CloseWrite() error }).CloseWrite())
			if _, err := ours.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			got, err := newPeers(t).Of(ours).Process(t.Context())
			if err != nil || got.PID != os.Getpid() {
				t.Errorf("%+v %v", got, err)
			}
		})
	}
}

// pair connects this process to itself.
func pair(t testing.TB, l net.Listener) (ours, theirs net.Conn) {
	t.Helper()
	theirs, err := (&net.Dialer{}).DialContext(t.Context(), l.Addr().Network(), l.Addr().String())
	must(t, err)
	t.Cleanup(func() { _ = theirs.Close() })
	ours, err = l.Accept()
	must(t, err)
	t.Cleanup(func() { _ = ours.Close() })
	return ours, theirs
}

// A path proves what lies there only where it is the file that runs.
func TestPathOfAnotherView(t *testing.T) {
	l := listeners(t)["unix"]
	path := filepath.Join(folder(t), "agent")
	digest := program(t, path, "removed")
	c := start(t, l, nil, []string{path})
	must(t, os.Remove(path))
	program(t, path, "the next version")
	got, err := newPeers(t).Of(c.conn).Process(t.Context())
	must(t, err)
	if got.Path != "" || !strings.Contains(got.Gaps.Path, "replaced") || got.SHA256 != digest {
		t.Errorf("replaced: %+v", got)
	}
	if !root(t) {
		return
	}
	evil := filepath.Join(folder(t), "evil")
	evilDigest := program(t, evil, "evil")
	c = start(t, l, &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Unshareflags: syscall.CLONE_NEWNS},
		[]string{"/bin/sh", "-c", `mount --bind "$1" "$2" && shift && exec "$@"`, "sh", evil, path})
	got, err = newPeers(t).Of(c.conn).Process(t.Context())
	must(t, err)
	if got.Path != "" || !strings.Contains(got.Gaps.Path, "mount namespace") || got.SHA256 != evilDigest {
		t.Errorf("mounted over in its own view: %+v", got)
	}
}

// Connections that are not this machine's have no peer.
func TestPeersOfOthers(t *testing.T) {
	all := listeners(t)
	tcp, _ := pair(t, all["tcp4"])
	local, _ := pair(t, all["unix"])
	exposed, err := NewPeers(false)
	must(t, err)
	if exposed.Of(tcp) != nil || exposed.Of(local) == nil {
		t.Error("TCP has a peer only where everything is loopback; a Unix socket always does")
	}
	a, b := net.Pipe()
	defer a.Close() //nolint:errcheck // in memory
	defer b.Close() //nolint:errcheck // in memory
	if newPeers(t).Of(a) != nil {
		t.Error("a pipe has a peer")
	}
}

// Both ways to find a socket agree, and tell this end from the other.
func TestFindTCP(t *testing.T) {
	all := listeners(t)
	for _, name := range []string{"tcp4", "tcp6"} {
		l, ok := all[name]
		if !ok {
			continue
		}
		ours, _ := pair(t, l)
		client, server := endOf(ours.RemoteAddr()), endOf(ours.LocalAddr())
		diag, err := diagTCP(client, server)
		must(t, err)
		proc, err := procTCP(client, server)
		must(t, err)
		own, err := diagTCP(server, client)
		must(t, err)
		if diag != proc || !diag.heldOpen() || diag.uid != uint32(os.Getuid()) || own.inode == diag.inode {
			t.Errorf("%+v, %+v, our own %+v", diag, proc, own)
		}
		nobody := server // a listener is there, and no such connection
		if _, err := findTCP(nobody, nobody); err == nil {
			t.Error("found a socket that does not exist")
		}
	}
	for state := range uint8(16) {
		open := state == tcpEstablished || state == tcpFinWait1 || state == tcpFinWait2 || state == tcpCloseWait
		if (tcpSocket{state: state, inode: 7}).heldOpen() != open || (tcpSocket{state: state}).heldOpen() {
			t.Errorf("state %d", state)
		}
	}
}

func TestDigestsAreKeptUntilTheFileChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	d, err := newDigests()
	must(t, err)
	digest := func(content string) string {
		t.Helper()
		must(t, os.WriteFile(path, []byte(content), 0o600))
		f, err := os.Open(path)
		must(t, err)
		e := executable{file: f, path: path}
		defer e.close()
		e.info, err = f.Stat()
		must(t, err)
		got, gap, err := d.of(t.Context(), e)
		if err != nil || gap != "" {
			t.Fatal(gap, err)
		}
		return got
	}
	one := digest("one")
	info, err := os.Stat(path)
	must(t, err)
	if d.kept.Len() != 1 {
		t.Error("not kept")
	}
	two := digest("two")
	must(t, os.Chtimes(path, info.ModTime(), info.ModTime()))
	f, err := os.Open(path)
	must(t, err)
	now, err := f.Stat()
	must(t, err)
	e := executable{file: f, info: now, path: path}
	defer e.close()
	again, _, err := d.of(t.Context(), e)
	if must(t, err); one == two || again != two {
		t.Errorf("%s %s %s: an earlier date hides a change", one, two, again)
	}
}

func BenchmarkPeer(b *testing.B) {
	l, err := (&net.ListenConfig{}).Listen(b.Context(), "tcp", "127.0.0.1:0")
	must(b, err)
	defer l.Close() //nolint:errcheck // ends
	ours, _ := pair(b, l)
	peers := newPeers(b)
	for b.Loop() {
		if _, err := peers.Of(ours).Process(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
