package recall

import (
	"fmt"
	"testing"
	"time"
)

func TestMemoryIsBounded(t *testing.T) {
	start := time.Unix(1780000000, 0)
	m := newMemory(3)
	for i := range 5 {
		m.learn(&Event{TokenID: fmt.Sprint(i), IssuedAt: start.Add(time.Duration(i) * time.Minute)})
	}
	if m.tokens.Len() != 3 {
		t.Fatalf("%d tokens are remembered", m.tokens.Len())
	}
	for _, c := range []struct {
		what            string
		token           Token
		recalled, known bool
	}{
		{"remembered", Token{ID: "4", IssuedAt: start}, true, true},
		{"forgotten", Token{ID: "1", IssuedAt: start}, false, false},
		{"issued until the last forgotten one was revoked", Token{ID: "x", IssuedAt: start.Add(time.Minute)}, false, false},
		{"issued after", Token{ID: "y", IssuedAt: start.Add(time.Minute + time.Second)}, false, true},
	} {
		if recalled, known := m.recalled(&c.token); recalled != c.recalled || known != c.known {
			t.Errorf("%s: got %t, %t", c.what, recalled, known)
		}
	}
}

func TestEndedTokensAreForgotten(t *testing.T) {
	start := time.Unix(1780000000, 0)
	m := newMemory(10)
	m.learn(&Event{TokenID: "a", IssuedAt: start})
	m.learn(&Event{TokenID: "b", IssuedAt: start.Add(time.Hour)})
	m.tidy(start.Add(tokenLife - time.Second))
	if m.tokens.Len() != 2 {
		t.Error("forgotten too early")
	}
	m.tidy(start.Add(tokenLife))
	if m.tokens.Len() != 1 || !m.forgotten.IsZero() {
		t.Errorf("%d tokens are remembered, forgotten until %s: want 1, and no loss", m.tokens.Len(), m.forgotten)
	}
}

// An event may come before the list it concerns, whose making it overtook.
func TestMarksHoldForLaterLists(t *testing.T) {
	m := newMemory(10)
	ref := Reference{"https://authsec.example.com/oauth2/status-lists/1", 5}
	m.learn(&Event{Status: &ref})
	m.hold(ref.URI, &held{List: &List{bits: 2, statuses: make([]byte, 4)}})
	m.marks.Purge()
	if recalled, _ := m.recalled(&Token{Status: &ref, IssuedAt: time.Unix(1, 0)}); !recalled {
		t.Error("the list brought a recalled status back")
	}
}

func TestListsAtHandAreKeptRight(t *testing.T) {
	m := newMemory(10)
	ref := Reference{"https://authsec.example.com/oauth2/status-lists/1", 5}
	m.hold(ref.URI, &held{List: &List{bits: 2, statuses: make([]byte, 4)}})
	m.learn(&Event{Status: &ref})
	m.marks.Purge()
	if recalled, _ := m.recalled(&Token{Status: &ref, IssuedAt: time.Unix(1, 0)}); !recalled {
		t.Error("the list at hand does not show what was recalled")
	}
}
