package signin

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"authsec/internal/domain"
)

var noon = time.Date(2026, 5, 21, 12, 0, 0, 0, time.UTC)

func TestAddressKey(t *testing.T) {
	for ip, want := range map[string]string{
		"192.0.2.1":               "192.0.2.1/32",
		"::ffff:192.0.2.1":        "192.0.2.1/32",
		"2001:db8:1:2:3:4:5:6":    "2001:db8:1:2::/64",
		"2001:db8:1:2::":          "2001:db8:1:2::/64",
		"2001:db8:1:3::":          "2001:db8:1:3::/64",
		"fe80::1%eth0":            "fe80::/64",
		"::ffff:192.0.2.1%eth0":   "192.0.2.1/32",
		"":                        "invalid Prefix",
		"192.0.2.1:443":           "invalid Prefix",
		"not an address, at all.": "invalid Prefix",
	} {
		if got := addressKey(ip).String(); got != want {
			t.Errorf("addressKey(%q) = %s, want %s", ip, got, want)
		}
	}
}

func FuzzAddressKey(f *testing.F) {
	for _, s := range []string{"192.0.2.1", "::ffff:1.2.3.4", "fe80::1%eth0", "", "::", "1.2.3.4:5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, ip string) {
		p := addressKey(ip)
		if _, err := netip.ParseAddr(ip); (err == nil) != p.IsValid() {
			t.Fatalf("addressKey(%q) = %v, but parsing it gives %v", ip, p, err)
		}
		if p.IsValid() && (p != p.Masked() || p.Addr().Zone() != "" || p.Addr().Is4In6()) {
			t.Errorf("addressKey(%q) = %v is not canonical", ip, p)
		}
	})
}

// Each row makes n attempts; wait is how long it then takes until one more is allowed.
func TestPasswordThrottle(t *testing.T) {
	ip4 := func(i int) string { return fmt.Sprintf("192.0.2.%d", i%250+1) }
	same := func(s string) func(int) string { return func(int) string { return s } }
	mail := func(i int) string { return fmt.Sprintf("user%d@example.com", i) }
	for name, c := range map[string]struct {
		email, ip func(int) string
		allowed   int
		wait      time.Duration
	}{
		"one account from one address":       {same("ana@example.com"), same("192.0.2.1"), perPair.burst, perPair.refill},
		"the account in other letters":       {func(i int) string { return []string{"ana@example.com", " ANA@Example.com"}[i%2] }, same("192.0.2.1"), perPair.burst, perPair.refill},
		"one account from many addresses":    {same("ana@example.com"), ip4, perAccount.burst, perAccount.refill},
		"many accounts from one address":     {mail, same("192.0.2.1"), perAddress.burst, perAddress.refill},
		"many accounts from one IPv6 subnet": {mail, func(i int) string { return fmt.Sprintf("2001:db8:1:2::%x", i) }, perAddress.burst, perAddress.refill},
		"one account from one IPv6 subnet":   {same("ana@example.com"), func(i int) string { return fmt.Sprintf("2001:db8:1:2::%x", i) }, perPair.burst, perPair.refill},
		"one account from IPv6 subnets":      {same("ana@example.com"), func(i int) string { return fmt.Sprintf("2001:db8:1:%x::1", i) }, perAccount.burst, perAccount.refill},
		"one account from no address":        {same("ana@example.com"), same(""), perPair.burst, perPair.refill},
	} {
		t.Run(name, func(t *testing.T) {
			th := NewThrottle()
			for i := range c.allowed {
				if wait := th.password(noon, c.email(i), c.ip(i)); wait != 0 {
					t.Fatalf("attempt %d must wait %v", i+1, wait)
				}
			}
			for range 3 { // being refused uses up nothing, so the answer stays the same
				if wait := th.password(noon, c.email(c.allowed), c.ip(c.allowed)); wait != c.wait {
					t.Fatalf("attempt %d must wait %v, want %v", c.allowed+1, wait, c.wait)
				}
			}
			later := noon.Add(c.wait)
			if wait := th.password(later.Add(-time.Millisecond), c.email(c.allowed), c.ip(c.allowed)); wait == 0 {
				t.Error("allowed before the wait was over")
			}
			if wait := th.password(later, c.email(c.allowed), c.ip(c.allowed)); wait != 0 {
				t.Errorf("after the wait one must wait %v more", wait)
			}
			if wait := th.password(later, c.email(c.allowed), c.ip(c.allowed)); wait == 0 {
				t.Error("the wait gave back more than one attempt")
			}
		})
	}
}

func TestSuccessForgetsMistakes(t *testing.T) {
	th := NewThrottle()
	const email, ip = "ana@example.com", "192.0.2.1"
	for range perPair.burst {
		th.password(noon, email, ip)
	}
	th.succeeded(email, ip)
	if wait := th.password(noon, email, ip); wait != 0 {
		t.Errorf("after a success one must wait %v", wait)
	}
}

// An attacker who uses up an account's allowance from elsewhere does not lock
// its person out of the address they work at; a new address has to wait.
func TestKnownAddressIsNotLockedOut(t *testing.T) {
	th := NewThrottle()
	const email = "ana@example.com"
	if wait := th.password(noon, email, "192.0.2.1"); wait != 0 {
		t.Fatal(wait)
	}
	th.succeeded(email, "192.0.2.1")
	for i := range perAccount.burst {
		th.password(noon, email, fmt.Sprintf("198.51.100.%d", i))
	}
	if wait := th.password(noon, email, "203.0.113.1"); wait == 0 {
		t.Error("the account's allowance is not used up")
	}
	for i := range perPair.burst {
		if wait := th.password(noon, email, "192.0.2.1"); wait != 0 {
			t.Errorf("attempt %d from the known address must wait %v", i+1, wait)
		}
	}
	if wait := th.password(noon, email, "192.0.2.1"); wait != perPair.refill {
		t.Errorf("the known address must wait %v, want %v", wait, perPair.refill)
	}
}

func TestThrottleMemoryIsBounded(t *testing.T) {
	const size = 100
	th := newThrottle(size)
	for i := range 10 * size {
		email, ip := fmt.Sprintf("user%d@example.com", i), fmt.Sprintf("10.0.%d.%d", i/250, i%250)
		th.password(noon, email, ip)
		th.succeeded(email, ip)
		th.password(noon, email, ip)
		th.setup(noon, ip)
	}
	for name, n := range map[string]int{"pairs": th.pairs.Len(), "trusted": th.trusted.Len(), "accounts": th.accounts.Len(),
		"addresses": th.addresses.Len(), "setups": th.setups.Len()} {
		if n != size {
			t.Errorf("%d %s are remembered, want %d", n, name, size)
		}
	}
}

// An address without an allowance must not push other people's buckets out.
func TestRefusedAddressEvictsNothing(t *testing.T) {
	th := newThrottle(perAddress.burst + 1)
	th.password(noon, "ana@example.com", "192.0.2.1")
	for i := range 10 * perAddress.burst {
		th.password(noon, fmt.Sprintf("user%d@example.com", i), "198.51.100.1")
	}
	if !th.accounts.Contains(keyOf("ana@example.com", "").account) {
		t.Error("the account's bucket was pushed out by refused attempts")
	}
}

func TestSetupThrottle(t *testing.T) {
	th := NewThrottle()
	for i := range perSetup.burst {
		if wait := th.setup(noon, "192.0.2.1"); wait != 0 {
			t.Fatalf("attempt %d must wait %v", i+1, wait)
		}
	}
	if wait := th.setup(noon, "192.0.2.1"); wait != perSetup.refill {
		t.Errorf("must wait %v, want %v", wait, perSetup.refill)
	}
	if wait := th.setup(noon, "192.0.2.2"); wait != 0 {
		t.Errorf("another address must wait %v", wait)
	}
	if wait := th.setup(noon.Add(perSetup.refill), "192.0.2.1"); wait != 0 {
		t.Errorf("after the wait one must wait %v more", wait)
	}
}

func TestThrottledSaysWholeSeconds(t *testing.T) {
	for wait, want := range map[time.Duration]time.Duration{1: time.Second, time.Second: time.Second, time.Second + 1: 2 * time.Second} {
		if e := wantError(t, throttled(wait), domain.RateLimited, "rate_limited"); e.RetryAfter != want {
			t.Errorf("a wait of %v is told as %v, want %v", wait, e.RetryAfter, want)
		}
	}
}

func BenchmarkThrottle(b *testing.B) {
	th := NewThrottle()
	b.ReportAllocs()
	for b.Loop() {
		th.password(noon, "ana@example.com", "192.0.2.1")
	}
}
