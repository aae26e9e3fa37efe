package app

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// stale leaves a socket behind, as a server does that is killed.
func stale(t *testing.T, path string) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", path)
	must(t, err)
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	must(t, l.Close())
}

func TestListenUnix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "authsec.sock")
	for range 2 { // in an empty place, and over what a killed server left
		l, err := listenUnix(t.Context(), path)
		must(t, err)
		info, err := os.Stat(path)
		must(t, err)
		if info.Mode().Perm() != 0o666 {
			t.Errorf("mode %v: every user may connect", info.Mode())
		}
		if _, err := listenUnix(t.Context(), path); err == nil || !strings.Contains(err.Error(), "another server") {
			t.Errorf("a second server: %v", err)
		}
		conn, err := net.Dial("unix", path)
		must(t, err)
		must(t, conn.Close())
		must(t, l.Close())
		if _, err := os.Lstat(path); !os.IsNotExist(err) {
			t.Errorf("after the end: %v", err)
		}
		if err := l.Close(); err == nil {
			t.Error("closed twice in silence")
		}
		stale(t, path)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("%v %v", left, err)
	}
}

// The end of one server leaves what is another's.
func TestListenUnixLeavesAnothersSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "authsec.sock")
	first, err := listenUnix(t.Context(), path)
	must(t, err)
	must(t, os.Remove(path)) // by somebody who should not have
	second, err := listenUnix(t.Context(), path)
	must(t, err)
	must(t, first.Close())
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the second server's socket: %v", err)
	}
	must(t, second.Close())
}

func TestListenUnixRefuses(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	must(t, os.WriteFile(file, []byte("precious"), 0o600))
	link := filepath.Join(dir, "link")
	must(t, os.Symlink(file, link))
	open := filepath.Join(dir, "open")
	must(t, os.Mkdir(open, 0o700))
	must(t, os.Chmod(open, 0o777)) //nolint:gosec // what is refused
	for path, says := range map[string]string{
		file:                            "no socket",
		link:                            "no socket",
		filepath.Join(dir, "none", "s"): "no such file",
		filepath.Join(file, "s"):        "no folder",
		filepath.Join(open, "s"):        "others may write",
	} {
		if l, err := listenUnix(t.Context(), path); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v %v", path, l, err)
		}
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "precious" {
		t.Errorf("%q %v", b, err)
	}
	must(t, os.Chmod(open, 0o777|os.ModeSticky)) //nolint:gosec // as /tmp
	l, err := listenUnix(t.Context(), filepath.Join(open, "s"))
	must(t, err)
	must(t, l.Close())
	if os.Getuid() != 0 { // root may connect to anything
		stale(t, file+"2")
		must(t, os.Chmod(file+"2", 0))
		if _, err := listenUnix(t.Context(), file+"2"); err == nil || strings.Contains(err.Error(), syscall.ECONNREFUSED.Error()) {
			t.Errorf("a socket that does not let us ask: %v", err)
		}
	}
}
