package proofkey

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// start is the beginning of a period.
var start = time.Unix(150*12_000_000, 0)

func testNonces(t testing.TB) Nonces {
	t.Helper()
	n, err := NewNonces(bytes.Repeat([]byte{7}, NonceKeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A nonce lives in its own period and the next, by the clock of whoever is asked.
func TestRFC9449_8_NonceLife(t *testing.T) {
	n := testNonces(t)
	for name, c := range map[string]struct {
		given, asked time.Duration // after start
		taken        bool
	}{
		"at once":                          {0, 0, true},
		"at the end of its period":         {0, noncePeriod - 1, true},
		"in the period after":              {0, noncePeriod, true},
		"at the end of the period after":   {noncePeriod - 1, 2*noncePeriod - 1, true},
		"two periods after":                {noncePeriod - 1, 2 * noncePeriod, false},
		"of a clock that is ahead":         {noncePeriod, noncePeriod - 30*time.Second, true},
		"of a clock that is too far ahead": {noncePeriod, noncePeriod - 31*time.Second, false},
		"long ago":                         {-time.Hour, 0, false},
	} {
		if got := n.Takes(n.At(start.Add(c.given)), start.Add(c.asked)); got != c.taken {
			t.Errorf("%s: taken %t", name, got)
		}
	}
}

// RFC 9449 §8.1: nonce is 1*NQCHAR, and tells who has no key nothing.
func TestRFC9449_8_1_NonceForm(t *testing.T) {
	n := testNonces(t)
	// Replicas of two versions must take each other's: a change is to be made knowingly.
	const golden = "x_IyyeXpiXkivw9NdPNILM5cDmtBQp2rpP77BkyOkuY"
	got := n.At(start)
	if got != golden {
		t.Errorf("the nonce of this key and time is %s now", got)
	}
	if strings.ContainsFunc(got, func(r rune) bool { return r < 0x21 || r > 0x7e || r == '"' || r == '\\' }) {
		t.Errorf("%q is no nonce", got)
	}
	for _, other := range []string{"", got[:42], got + "A", strings.ToUpper(got), " " + got, n.At(start.Add(time.Hour))} {
		if n.Takes(other, start) {
			t.Errorf("%q was taken", other)
		}
	}
}

func TestNonceKeys(t *testing.T) {
	n := testNonces(t)
	other, err := NewNonces(bytes.Repeat([]byte{8}, NonceKeyBytes))
	if err != nil || other.Takes(n.At(start), start) {
		t.Errorf("another key's nonce was taken, or %v", err)
	}
	var none Nonces
	if none.Takes(none.At(start), start) {
		t.Error("nonces without a key were taken")
	}
	for _, length := range []int{0, 31, 33} {
		if _, err := NewNonces(make([]byte, length)); err == nil {
			t.Errorf("a key of %d bytes was taken", length)
		}
	}
}

// Whatever the clocks of two replicas, up to the leeway apart: what one just gave
// out, the other takes, and for two periods at the least.
func TestReplicasTakeEachOthersNonces(t *testing.T) {
	n := testNonces(t)
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "now"), 0)
		skew := time.Duration(rapid.Int64Range(-30, 30).Draw(t, "skew")) * time.Second
		later := time.Duration(rapid.Int64Range(0, 120).Draw(t, "later")) * time.Second
		if !n.Takes(n.At(now), now.Add(skew+later)) {
			t.Fatalf("given out at %s, refused at %s", now, now.Add(skew+later))
		}
		if old := now.Add(2*noncePeriod + skew + 30*time.Second); n.Takes(n.At(now), old) {
			t.Fatalf("given out at %s, taken at %s", now, old)
		}
	})
}
