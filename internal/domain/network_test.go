package domain_test

import (
	"strings"
	"testing"

	"authsec/internal/domain"
)

func TestNetworkOf(t *testing.T) {
	for _, tt := range []struct{ in, addr, network string }{
		{"192.0.2.1", "192.0.2.1", "192.0.2.1/32"},
		{"::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1/32"},
		{"::ffff:c000:201", "192.0.2.1", "192.0.2.1/32"},
		{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
		{"2001:DB8:1:2:0:0:0:1", "2001:db8:1:2::1", "2001:db8:1:2::/64"},
		{"fe80::1%eth0", "fe80::1", "fe80::/64"},
		{"::1", "::1", "::/64"},
		{"::192.0.2.1", "::c000:201", "::/64"}, // "compatible" is not "mapped"
	} {
		addr, network := domain.NetworkOf(tt.in)
		if addr.String() != tt.addr || network.String() != tt.network {
			t.Errorf("%s: %v in %v, want %s in %s", tt.in, addr, network, tt.addr, tt.network)
		}
	}
	for _, in := range []string{"", "localhost", "192.0.2.1:80", "[::1]", "192.0.2.01", "1", "192.0.2.0/24", " 192.0.2.1", "192.0.2.1\x00", strings.Repeat(":", 1<<16)} {
		if addr, network := domain.NetworkOf(in); addr.IsValid() || network.IsValid() {
			t.Errorf("%.20q: %v in %v", in, addr, network)
		}
	}
}

// Whatever the text, an address lies in its own network, and a network's
// members share it.
func FuzzNetworkOf(f *testing.F) {
	for _, s := range []string{"192.0.2.1", "::1", "fe80::1%eth0", "::ffff:192.0.2.1", "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		addr, network := domain.NetworkOf(s)
		if addr.IsValid() != network.IsValid() || (addr.IsValid() && !network.Contains(addr)) {
			t.Fatalf("%q: %v in %v", s, addr, network)
		}
		if !addr.IsValid() {
			return
		}
		if again, same := domain.NetworkOf(addr.String()); again != addr || same != network {
			t.Fatalf("%q: %v is %v in %v", s, addr, again, same)
		}
		if _, same := domain.NetworkOf(network.Addr().String()); same != network {
			t.Fatalf("%q: the network's first address is in %v, not in %v", s, same, network)
		}
	})
}
