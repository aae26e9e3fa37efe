package attest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/prometheus/procfs"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// tcpSocket is a TCP socket as the kernel tells: its ends, and who opened it.
type tcpSocket struct {
	local, remote netip.AddrPort
	state         uint8
	uid           uint32
	inode         uint64
}

// errNoSocket: the other end has been closed, or is no socket of this machine.
var errNoSocket = errors.New("no socket is open at the other end")

// TCP states (include/net/tcp_states.h).
const (
	tcpEstablished = 1
	tcpFinWait1    = 4
	tcpFinWait2    = 5
	tcpCloseWait   = 8
)

// heldOpen reports whether a process has the socket. The kernel says user 0 of
// one that none has any more, and of one that only waits for its time to end.
func (s tcpSocket) heldOpen() bool {
	switch s.state {
	case tcpEstablished, tcpFinWait1, tcpFinWait2, tcpCloseWait:
		return s.inode != 0
	}
	return false
}

// findTCP returns the socket with these ends: by NETLINK_SOCK_DIAG
// (sock_diag(7)), or by /proc/net/tcp and tcp6 where the kernel lacks that.
func findTCP(local, remote netip.AddrPort) (tcpSocket, error) {
	s, err := diagTCP(local, remote)
	if err == nil {
		return s, nil
	}
	// Read twice: a line is not one snapshot, and a socket that is being closed
	// shows as user 0 on the way.
	s, again := procTCP(local, remote)
	if again == nil {
		var second tcpSocket
		if second, again = procTCP(local, remote); again == nil && second != s {
			again = errNoSocket
		}
	}
	if again != nil {
		return tcpSocket{}, fmt.Errorf("find a TCP socket: %w", errors.Join(err, again))
	}
	return s, nil
}

const (
	sizeofInetDiagMsg = 72 // struct inet_diag_msg
	sizeofUnixDiagMsg = 16 // struct unix_diag_msg
	unixDiagPeer      = 2  // UNIX_DIAG_PEER
	unixShowPeer      = 4  // UDIAG_SHOW_PEER
	anyCookie         = 0xffffffff
)

// diagTCP asks for exactly one socket. netlink.SocketGet would list all with
// these ports, at whatever addresses.
func diagTCP(local, remote netip.AddrPort) (tcpSocket, error) {
	b := make([]byte, 0, 56) // struct inet_diag_req_v2
	family := byte(unix.AF_INET6)
	if local.Addr().Is4() {
		family = unix.AF_INET
	}
	b = append(b, family, unix.IPPROTO_TCP, 0, 0)
	b = binary.NativeEndian.AppendUint32(b, 0xffffffff) // in any state
	b = binary.BigEndian.AppendUint16(b, local.Port())
	b = binary.BigEndian.AppendUint16(b, remote.Port())
	for _, end := range []netip.AddrPort{local, remote} {
		var address [16]byte
		copy(address[:], end.Addr().AsSlice())
		b = append(b, address[:]...)
	}
	b = binary.NativeEndian.AppendUint32(b, 0) // on any interface
	b = binary.NativeEndian.AppendUint32(b, anyCookie)
	b = binary.NativeEndian.AppendUint32(b, anyCookie)
	answer, err := sockDiag(b)
	if err != nil {
		return tcpSocket{}, err
	}
	s, err := parseInetDiag(answer)
	if err != nil {
		return tcpSocket{}, err
	}
	if s.local != local || s.remote != remote { // a listener, in the absence of the one
		return tcpSocket{}, errNoSocket
	}
	return s, nil
}

func parseInetDiag(b []byte) (tcpSocket, error) {
	if len(b) < sizeofInetDiagMsg {
		return tcpSocket{}, fmt.Errorf("an inet_diag_msg of %d bytes", len(b))
	}
	end := func(port, address []byte) netip.AddrPort {
		a := netip.AddrFrom16([16]byte(address)).Unmap()
		if b[0] == unix.AF_INET {
			a = netip.AddrFrom4([4]byte(address))
		}
		return netip.AddrPortFrom(a, binary.BigEndian.Uint16(port))
	}
	return tcpSocket{
		state: b[1],
		local: end(b[4:6], b[8:24]), remote: end(b[6:8], b[24:40]),
		uid: binary.NativeEndian.Uint32(b[64:68]), inode: uint64(binary.NativeEndian.Uint32(b[68:72])),
	}, nil
}

// procTCP looks for the socket in /proc/net (proc_pid_net(5)). An IPv6 socket
// may speak IPv4, so both tables are read.
func procTCP(local, remote netip.AddrPort) (tcpSocket, error) {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return tcpSocket{}, err
	}
	v4, err := fs.NetTCP() //nolint:staticcheck // what it should be replaced with has failed
	if err != nil {
		return tcpSocket{}, err
	}
	v6, err := fs.NetTCP6() //nolint:staticcheck // as above
	if err != nil && !errors.Is(err, unix.ENOENT) {
		return tcpSocket{}, err
	}
	for _, line := range append(v4, v6...) {
		from, _ := netip.AddrFromSlice(line.LocalAddr)
		to, _ := netip.AddrFromSlice(line.RemAddr)
		s := tcpSocket{local: netip.AddrPortFrom(from.Unmap(), uint16(line.LocalPort)), remote: netip.AddrPortFrom(to.Unmap(), uint16(line.RemPort)), //nolint:gosec // ports
			state: uint8(line.St), uid: uint32(line.UID), inode: line.Inode} //nolint:gosec // as the kernel has them
		if s.local == local && s.remote == remote {
			return s, nil
		}
	}
	return tcpSocket{}, errNoSocket
}

// unixPeer returns the inode of the socket that the Unix socket with this inode
// is connected to; 0: it has been closed.
func unixPeer(inode uint64) (uint64, error) {
	b := make([]byte, 0, 24) // struct unix_diag_req
	b = append(b, unix.AF_UNIX, 0, 0, 0)
	b = binary.NativeEndian.AppendUint32(b, 0xffffffff)
	b = binary.NativeEndian.AppendUint32(b, uint32(inode)) //nolint:gosec // the kernel numbers sockets in 32 bits
	b = binary.NativeEndian.AppendUint32(b, unixShowPeer)
	b = binary.NativeEndian.AppendUint32(b, anyCookie)
	b = binary.NativeEndian.AppendUint32(b, anyCookie)
	answer, err := sockDiag(b)
	if err != nil {
		return 0, err
	}
	return parseUnixDiag(answer, inode)
}

func parseUnixDiag(b []byte, inode uint64) (uint64, error) {
	if len(b) < sizeofUnixDiagMsg || uint64(binary.NativeEndian.Uint32(b[4:8])) != inode {
		return 0, errors.New("not the unix_diag_msg that was asked for")
	}
	attributes, err := nl.ParseRouteAttr(b[sizeofUnixDiagMsg:])
	if err != nil {
		return 0, err
	}
	for _, a := range attributes {
		if a.Attr.Type == unixDiagPeer && len(a.Value) >= 4 {
			return uint64(binary.NativeEndian.Uint32(a.Value)), nil
		}
	}
	return 0, nil
}

func sockDiag(request []byte) ([]byte, error) {
	req := nl.NewNetlinkRequest(nl.SOCK_DIAG_BY_FAMILY, 0)
	req.AddRawData(request)
	answers, err := req.Execute(unix.NETLINK_INET_DIAG, nl.SOCK_DIAG_BY_FAMILY)
	if err != nil {
		return nil, err
	}
	if len(answers) != 1 {
		return nil, fmt.Errorf("%d answers from NETLINK_SOCK_DIAG", len(answers))
	}
	return answers[0], nil
}
