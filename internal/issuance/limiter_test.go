package issuance_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/issuance"

	"golang.org/x/time/rate"
)

const victim = "0190a000-0000-7000-8000-000000000001"

func buckets(t testing.TB, client, address rate.Limit) *issuance.TokenBuckets {
	t.Helper()
	b, err := issuance.NewTokenBuckets(issuance.Rates{PerClient: client, PerAddress: address})
	must(t, err)
	return b
}

var start = time.Date(2026, 5, 21, 6, 25, 36, 0, time.UTC)

// drain asks until it is refused, and returns how often it was not.
func drain(b *issuance.TokenBuckets, client, address string, now time.Time) int {
	for n := 0; ; n++ {
		if _, ok := b.Allow(client, address, now); !ok {
			return n
		}
	}
}

func TestLimitPerClientAndAddress(t *testing.T) {
	b := buckets(t, 5, 1000)
	if n := drain(b, victim, "192.0.2.1", start); n != 10 { // two seconds' worth at once
		t.Errorf("%d in a burst", n)
	}
	if wait, ok := b.Allow(victim, "192.0.2.1", start); ok || wait != time.Second {
		t.Errorf("%v, %v", wait, ok)
	}
	// The same client elsewhere, and another client here, do not feel it.
	if _, ok := b.Allow(victim, "192.0.2.2", start); !ok {
		t.Error("an attacker elsewhere shut the real agent out")
	}
	if _, ok := b.Allow(nobodyID, "192.0.2.1", start); !ok {
		t.Error("one client's storm shut its neighbour out")
	}
	if n := drain(b, victim, "192.0.2.1", start.Add(time.Second)); n != 5 {
		t.Errorf("%d after a second", n)
	}
}

func TestLimitPerAddress(t *testing.T) {
	b := buckets(t, 1000, 5)
	n := 0
	for ; n < 100; n++ {
		if _, ok := b.Allow(fmt.Sprintf("0190a000-0000-7000-8000-%012x", n), "192.0.2.1", start); !ok {
			break
		}
	}
	if n != 10 {
		t.Errorf("%d made-up clients from one address", n)
	}
	if _, ok := b.Allow(victim, "192.0.2.2", start); !ok {
		t.Error("another address feels it")
	}
}

// What is one address, and what is another's.
func TestLimitCountsNetworks(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		same bool
	}{
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true}, // one customer's /64
		{"2001:db8:1:2::1", "2001:db8:1:3::1", false},
		{"192.0.2.1", "192.0.2.2", false},
		{"192.0.2.1", "::ffff:192.0.2.1", true},
		{"fe80::1%eth0", "fe80::2%eth1", true},
		{"", "no address", true},
	} {
		b := buckets(t, 1000, 1)
		drain(b, victim, tt.a, start)
		if _, ok := b.Allow(victim, tt.b, start); ok == tt.same {
			t.Errorf("%q and %q: the same is %v, want %v", tt.a, tt.b, !ok, tt.same)
		}
	}
}

// Text in the place of a client ID gets no bucket of its own.
func TestLimitCountsWhatIsNoClientTogether(t *testing.T) {
	b := buckets(t, 1, 1000)
	drain(b, "x", "192.0.2.1", start)
	for _, id := range []string{"", "\x00", strings.Repeat("y", 1<<16), "{" + victim + "}"} {
		if _, ok := b.Allow(id, "192.0.2.1", start); ok {
			t.Errorf("%.10q has a bucket of its own", id)
		}
	}
}

func TestTheWaitIsLongEnough(t *testing.T) {
	for limit, want := range map[rate.Limit]time.Duration{1000: time.Second, 1: time.Second, 0.1: 10 * time.Second, 0.0001: time.Hour, 0: time.Hour} {
		b := buckets(t, limit, 1e6)
		drain(b, victim, "192.0.2.1", start)
		wait, ok := b.Allow(victim, "192.0.2.1", start)
		if ok || wait != want {
			t.Errorf("at %v a second: wait %v, want %v", limit, wait, want)
		}
		if _, ok := b.Allow(victim, "192.0.2.1", start.Add(wait)); limit >= 0.1 && !ok {
			t.Errorf("at %v a second, %v are not enough", limit, wait)
		}
	}
}

func TestLimitedRequestsGetRetryAfterAndAreCounted(t *testing.T) {
	h := newHouse(t)
	h.Limiter = buckets(t, 0.5, 1000)
	h.issue(t)
	list := h.counted(t, func() {
		for range 3 {
			if e := h.refused(t, domain.RateLimited, "rate_limited"); e.RetryAfter != 2*time.Second {
				t.Errorf("retry after %v", e.RetryAfter)
			}
		}
	})
	h.issue(t, func(r *issuance.Request) { r.IP = "192.0.2.8" }) // the agent elsewhere
	if len(list) != 1 || list[0].Count != 3 || list[0].Reasons[0].Code != "rate_limited" || list[0].ClientID != "" || list[0].IP != "192.0.2.7" {
		t.Errorf("%d events, the first %s", len(list), list[0].Body)
	}
	if n := h.metrics.all()["refused rate_limited"]; n != 3 {
		t.Errorf("counted %d", n)
	}
}

func TestLimiterAtOnce(t *testing.T) {
	b := buckets(t, 50, 1000)
	var mu sync.Mutex
	var wg sync.WaitGroup
	passed := 0
	for range 16 {
		wg.Go(func() {
			for range 20 {
				if _, ok := b.Allow(victim, "192.0.2.1", start); ok {
					mu.Lock()
					passed++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if passed != 100 {
		t.Errorf("%d passed, want the burst of 100", passed)
	}
}
