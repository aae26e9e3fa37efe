package domain

import "net/netip"

// NetworkOf returns a peer's address in its one form (an IPv4 address in IPv6
// clothing is IPv4, and zones are gone), and the network under which it is
// counted: an IPv4 address alone, an IPv6 /64, which is the least that one
// subscriber gets (RFC 6177 §2). Counting IPv6 by address would give one
// machine 2^64 of every allowance. What is no address has the zero values: all
// such are one.
func NetworkOf(ip string) (netip.Addr, netip.Prefix) {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return netip.Addr{}, netip.Prefix{}
	}
	addr = addr.Unmap().WithZone("")
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	return addr, netip.PrefixFrom(addr, bits).Masked()
}
