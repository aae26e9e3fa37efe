package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// unixListener is a Unix socket at a path, which it takes away when it closes.
type unixListener struct {
	net.Listener
	path string
	made os.FileInfo
	once sync.Once
}

// listenUnix listens on a Unix socket that every user of this machine may
// connect to: the kernel says who does (SO_PEERCRED). Who may reach it at all is
// decided by the folder it lies in.
func listenUnix(ctx context.Context, path string) (net.Listener, error) {
	if err := checkSocketFolder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	if errors.Is(err, syscall.EADDRINUSE) {
		if err := removeStale(ctx, path); err != nil {
			return nil, err
		}
		l, err = (&net.ListenConfig{}).Listen(ctx, "unix", path)
	}
	if err != nil {
		return nil, err
	}
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false) // Close does, and looks whose it is
	}
	made, err := os.Lstat(path)
	if err == nil {
		err = os.Chmod(path, 0o666) //nolint:gosec // for everybody, see above
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &unixListener{Listener: l, path: path, made: made}, nil
}

// checkSocketFolder refuses a folder in which others could put a socket of their
// own in the place of ours.
func checkSocketFolder(folder string) error {
	info, err := os.Stat(folder)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is no folder", folder)
	}
	if info.Mode().Perm()&0o022 != 0 && info.Mode()&fs.ModeSticky == 0 {
		return fmt.Errorf("others may write into %s and could put their own socket there: chmod go-w %s, or choose another folder", folder, folder)
	}
	return nil
}

// removeStale removes the socket at the path, which a server left that did not
// stop in good order. One that answers, and what is no socket, is left alone.
func removeStale(ctx context.Context, path string) error {
	before, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if before.Mode().Type() != fs.ModeSocket {
		return errors.New("something that is no socket is at that path: remove it, or choose another path")
	}
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "unix", path)
	switch {
	case err == nil:
		_ = conn.Close() // only tried
		return errors.New("another server listens there: stop it, or choose another path")
	case !errors.Is(err, syscall.ECONNREFUSED):
		return err
	}
	// Another server may be starting, and have put its own there meanwhile: the
	// name is taken away first, and what it was of is looked at then.
	aside := fmt.Sprintf("%s.%d", path, os.Getpid())
	if err := os.Rename(path, aside); err != nil {
		return err
	}
	if taken, err := os.Lstat(aside); err != nil || !os.SameFile(before, taken) {
		return errors.Join(errors.New("another server is starting there: stop it, or choose another path"), err, os.Rename(aside, path))
	}
	return os.Remove(aside)
}

// Close implements net.Listener.
func (l *unixListener) Close() error {
	err := l.Listener.Close()
	l.once.Do(func() {
		now, statErr := os.Lstat(l.path)
		if statErr == nil && os.SameFile(now, l.made) {
			err = errors.Join(err, os.Remove(l.path))
		}
	})
	return err
}
