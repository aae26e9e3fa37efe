package attest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// process is a process's folder in /proc, held open. The kernel binds it to that
// process: once it has ended, every look through the folder fails, also when
// another process was given its number.
type process struct {
	pid int
	dir *os.File
}

func openProcess(pid int) (*process, error) {
	dir, err := os.Open("/proc/" + strconv.Itoa(pid))
	if err != nil {
		return nil, err
	}
	return &process{pid: pid, dir: dir}, nil
}

func (p *process) close() { _ = p.dir.Close() } // only read

// open opens a file of the folder; a link is followed as the kernel means it.
func (p *process) open(name string, flags int) (*os.File, error) {
	fd, err := unix.Openat(int(p.dir.Fd()), name, flags|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("/proc/%d/%s: %w", p.pid, name, err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// maxProcFile bounds what is read of a file in /proc.
const maxProcFile = 1 << 20

func (p *process) read(name string) ([]byte, error) {
	f, err := p.open(name, unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	return io.ReadAll(io.LimitReader(f, maxProcFile))
}

func readLink(dir *os.File, name string) (string, error) {
	b := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(int(dir.Fd()), name, b)
	if err != nil {
		return "", err
	}
	return string(b[:n]), nil
}

// holds reports whether the process has the socket open.
func (p *process) holds(ctx context.Context, inode uint64) (bool, error) {
	fds, err := p.open("fd", unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return false, err
	}
	defer fds.Close() //nolint:errcheck // only read
	want := "socket:[" + strconv.FormatUint(inode, 10) + "]"
	for {
		names, err := fds.Readdirnames(256)
		for _, name := range names {
			if target, err := readLink(fds, name); err == nil && target == want {
				return true, nil
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return false, nil
		case err != nil:
			return false, err
		case ctx.Err() != nil:
			return false, ctx.Err()
		}
	}
}

// maxHolders bounds how many processes are looked at for one connection.
const maxHolders = 64

// holders returns the processes that have the socket open, as far as this one
// may look into them. The caller closes them, whatever else is returned.
func holders(ctx context.Context, inode uint64) (found []*process, err error) {
	if inode == 0 {
		return nil, nil
	}
	proc, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer proc.Close() //nolint:errcheck // only read
	names, err := proc.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if err := ctx.Err(); err != nil {
			return found, err
		}
		p, err := openProcess(pid)
		if err != nil {
			continue // it has ended
		}
		// What may not be looked into does not count as a holder: the guide says so.
		if held, err := p.holds(ctx, inode); err != nil || !held {
			p.close()
			continue
		}
		if found = append(found, p); len(found) > maxHolders {
			return found, nil
		}
	}
	return found, ctx.Err()
}

// executable is the file that a process runs.
type executable struct {
	file *os.File // by O_PATH: to know it by, not to read
	info os.FileInfo
	path string // as /proc shows it
	// fuse: it is what a user's program says it is, at each look.
	fuse bool
}

func (e executable) close() { _ = e.file.Close() } // only looked at

func (p *process) executable() (e executable, err error) {
	if e.path, err = readLink(p.dir, "exe"); err != nil {
		return e, err
	}
	if e.file, err = p.open("exe", unix.O_PATH); err != nil {
		return e, err
	}
	defer func() {
		if err != nil {
			e.close()
		}
	}()
	var fs unix.Statfs_t
	if err = unix.Fstatfs(int(e.file.Fd()), &fs); err != nil {
		return e, err
	}
	e.fuse = int64(fs.Type) == unix.FUSE_SUPER_MAGIC //nolint:unconvert // not 64 bits everywhere
	e.info, err = e.file.Stat()
	return e, err
}

// open opens the very file for reading.
func (e executable) open() (*os.File, error) {
	return os.Open("/proc/self/fd/" + strconv.Itoa(int(e.file.Fd())))
}

const onFUSE = "The executable lies on a FUSE file system, whose owner decides what others see. Install it on another one."

// placed returns the executable's path if that is where this process, too, finds
// that very file, or else a sentence that says why it does not count. Whoever may
// make mount namespaces, and that is everybody on most systems, can put any file
// at any path in the eyes of their own processes.
func (e executable) placed() (path, gap string) {
	switch {
	case e.fuse:
		return "", onFUSE
	case strings.HasSuffix(e.path, " (deleted)"):
		return "", "The executable was removed or replaced since the process began. Restart the agent."
	}
	here, err := os.Stat(e.path)
	if err != nil || !os.SameFile(here, e.info) {
		return "", "The executable's path is one in the view of a container or another mount namespace, where it proves nothing. Use unix:sha256, or selectors of the container."
	}
	return e.path, ""
}
