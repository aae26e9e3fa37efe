package attest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"authsec/internal/domain"

	"golang.org/x/sys/unix"
)

// Peers know the processes at the other end of connections on this machine, as
// the kernel does. NewPeers makes one. Safe for concurrent use.
type Peers struct {
	loopback bool
	digests  *digests
}

// NewPeers returns Peers that know those of Unix sockets, and of TCP over the
// loopback interface if they are asked to.
func NewPeers(loopback bool) (*Peers, error) {
	d, err := newDigests()
	if err != nil {
		return nil, err
	}
	return &Peers{loopback: loopback, digests: d}, nil
}

// Of returns the peer of a connection that was accepted; nil: it cannot be known.
func (p *Peers) Of(c net.Conn) domain.Peer {
	switch c := c.(type) {
	case *net.UnixConn:
		return &peer{peers: p, opener: func() (opener, error) { return openerOfUnix(c) }}
	case *net.TCPConn:
		client, server := endOf(c.RemoteAddr()), endOf(c.LocalAddr())
		if p.loopback && client.Addr().IsLoopback() && server.Addr().IsLoopback() {
			return &peer{peers: p, opener: func() (opener, error) { return openerOfTCP(c, client, server) }}
		}
	}
	return nil
}

func endOf(a net.Addr) netip.AddrPort {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := t.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// peer implements domain.Peer.
type peer struct {
	peers  *Peers
	opener func() (opener, error)

	mu    sync.Mutex
	known *domain.Process
}

const lookTimeout = 5 * time.Second

// Process implements domain.Peer. ErrNotMine: nobody has the other end any
// more, or this system does not tell.
func (p *peer) Process(ctx context.Context) (domain.Process, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known != nil {
		return *p.known, nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	o, err := p.opener()
	if err != nil {
		return domain.Process{}, err
	}
	defer o.close()
	got, err := p.peers.describe(ctx, o)
	if err != nil {
		return domain.Process{}, fmt.Errorf("look at the connection's process: %w", err)
	}
	p.known = &got
	return got, nil
}

// opener is what the kernel says of who opened the other end.
type opener struct {
	uid     uint32
	gid     *uint32  // nil: not known
	inode   uint64   // of the other end; 0: not known
	process *process // known to be the one that opened it; nil: not known
}

func (o opener) close() {
	if o.process != nil {
		o.process.close()
	}
}

// notKnown is an ErrNotMine that says more to the log.
func notKnown(err error) error {
	return fmt.Errorf("%w: the connection's other end is not known: %w", ErrNotMine, err)
}

// openerOfTCP finds the client's socket. While our own end is not closed, no
// other socket can have been connected with the client's address and port.
func openerOfTCP(c *net.TCPConn, client, server netip.AddrPort) (opener, error) {
	s, err := findTCP(client, server)
	if err != nil {
		return opener{}, notKnown(err)
	}
	if !s.heldOpen() {
		return opener{}, notKnown(errNoSocket)
	}
	var info *unix.TCPInfo
	if err := control(c, func(fd int) (err error) {
		info, err = unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		return err
	}); err != nil {
		return opener{}, notKnown(err)
	}
	if info.State != tcpEstablished && info.State != tcpCloseWait {
		return opener{}, notKnown(errNoSocket)
	}
	if foreign(s.uid, "uid") {
		return opener{}, notKnown(errForeign)
	}
	return opener{uid: s.uid, inode: s.inode}, nil
}

// openerOfUnix reads the credentials that the client had when it connected
// (unix(7), SO_PEERCRED).
func openerOfUnix(c *net.UnixConn) (opener, error) {
	var cred *unix.Ucred
	var stat unix.Stat_t
	pidfd := -1
	defer func() {
		if pidfd >= 0 {
			_ = unix.Close(pidfd) // only asked
		}
	}()
	if err := control(c, func(fd int) (err error) {
		if cred, err = unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED); err != nil {
			return err
		}
		if got, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PEERPIDFD); err == nil { // since Linux 6.5
			pidfd = got
		}
		return unix.Fstat(fd, &stat)
	}); err != nil {
		return opener{}, notKnown(err)
	}
	if foreign(cred.Uid, "uid") {
		return opener{}, notKnown(errForeign)
	}
	o := opener{uid: cred.Uid, gid: &cred.Gid}
	if inode, err := unixPeer(stat.Ino); err == nil {
		o.inode = inode
	}
	if pidfd < 0 || cred.Pid <= 0 {
		return o, nil
	}
	if process, err := openProcess(int(cred.Pid)); err == nil {
		// It is alive after its folder was opened, so the folder is its own.
		if alive(pidfd) {
			o.process = process
		} else {
			process.close()
		}
	}
	return o, nil
}

func control(c syscall.Conn, f func(fd int) error) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = f(int(fd)) }); err != nil {
		return err
	}
	return inner
}

// alive reports whether the process behind a pidfd runs (pidfd_open(2)).
func alive(pidfd int) bool {
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, 0) //nolint:gosec // a descriptor
	return err == nil && n == 0
}

var errForeign = errors.New("its user lies outside this process's user namespace")

// overflowID is what the kernel shows for IDs that a user namespace lacks
// (/proc/sys/kernel/overflowuid, which nobody changes).
const overflowID = 65534

// foreign reports whether an ID (kind "uid" or "gid") may stand for any that this
// process's user namespace lacks.
func foreign(id uint32, kind string) bool {
	if id != overflowID {
		return false
	}
	b, err := os.ReadFile("/proc/self/" + kind + "_map") //nolint:gosec // one of two names
	return err != nil || !mapsEveryID(b)
}
