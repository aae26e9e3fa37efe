package verify

import (
	"strings"
	"testing"
	"time"

	"authsec/sdk/go/dpop"
)

func TestNonces(t *testing.T) {
	if _, err := newNonces(make([]byte, 31)); err == nil {
		t.Error("a short key is taken")
	}
	key := []byte(strings.Repeat("k", 32))
	n, err := newNonces(key)
	if err != nil {
		t.Fatal(err)
	}
	same, err := newNonces(key)
	if err != nil {
		t.Fatal(err)
	}
	other, err := newNonces([]byte(strings.Repeat("x", 32)))
	if err != nil {
		t.Fatal(err)
	}
	key[0] = 'x' // the key is copied
	start := time.Unix(1780000050, 0)
	start = start.Truncate(noncePeriod)
	nonce := n.at(start)
	if len(nonce) > dpop.MaxNonce || nonce != same.at(start.Add(noncePeriod-1)) || nonce == n.at(start.Add(noncePeriod)) {
		t.Errorf("got %s", nonce)
	}
	for after, want := range map[time.Duration]bool{0: true, noncePeriod - 1: true, noncePeriod: true, 2*noncePeriod - 1: true, 2 * noncePeriod: false, -dpop.Leeway: true, -dpop.Leeway - time.Second: false} {
		if same.accepts(nonce, start.Add(after)) != want || other.accepts(nonce, start.Add(after)) {
			t.Errorf("after %s: accepted %t, by another key %t", after, same.accepts(nonce, start.Add(after)), other.accepts(nonce, start.Add(after)))
		}
	}
	if n.accepts("", start) || n.accepts(nonce+"A", start) {
		t.Error("no nonce, or a longer one, is accepted")
	}
}
