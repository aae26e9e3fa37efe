package recall

import (
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

const (
	maxTokens = 1 << 17 // revoked tokens that are remembered, some 100 bytes each
	maxMarks  = 1 << 14 // recalled statuses that are remembered beside their lists
	maxLists  = 64      // a list holds 131,072 statuses
	// tokenLife is the longest life that the server gives a token, and some.
	tokenLife = 24*time.Hour + 5*time.Minute
)

// memory is what has been learnt. It is not safe for concurrent use.
type memory struct {
	cursor int64 // every recall up to here has been learnt
	tokens *simplelru.LRU[string, time.Time]
	marks  *simplelru.LRU[Reference, struct{}]
	lists  *simplelru.LRU[string, *held]
	// forgotten is when the latest token was revoked that did not fit: nothing is
	// known any more of tokens that were issued until then.
	forgotten time.Time
}

// held is a list at hand.
type held struct {
	*List
	etag string
	at   time.Duration // when it was asked for, on the steady clock
}

func newMemory(tokens int) *memory {
	m := &memory{}
	m.tokens = lru(tokens, func(_ string, revokedAt time.Time) {
		if revokedAt.After(m.forgotten) {
			m.forgotten = revokedAt
		}
	})
	m.marks = lru[Reference, struct{}](maxMarks, nil)
	m.lists = lru[string, *held](maxLists, nil)
	return m
}

func lru[K comparable, V any](size int, evicted func(K, V)) *simplelru.LRU[K, V] {
	l, err := simplelru.NewLRU(size, evicted)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return l
}

// learn takes a recall in. It may have been learnt before.
func (m *memory) learn(e *Event) {
	if e.Status != nil {
		// A list that is on its way may have been made before this.
		m.marks.Add(*e.Status, struct{}{})
		if l, ok := m.lists.Peek(e.Status.URI); ok {
			l.retire(e.Status.Index)
		}
		return
	}
	m.tokens.Add(e.TokenID, e.IssuedAt)
}

// hold takes a list in, with what is known beyond it.
func (m *memory) hold(uri string, l *held) {
	for _, ref := range m.marks.Keys() {
		if ref.URI == uri {
			l.retire(ref.Index)
		}
	}
	m.lists.Add(uri, l)
}

// recalled reports whether the token is known to be recalled, and known whether
// that can be told at all from what is at hand, however old it is.
func (m *memory) recalled(t *Token) (recalled, known bool) {
	if m.tokens.Contains(t.ID) {
		return true, true
	}
	known = t.IssuedAt.After(m.forgotten)
	if t.Status == nil {
		return false, known
	}
	if m.marks.Contains(*t.Status) {
		return true, true
	}
	l, ok := m.lists.Peek(t.Status.URI)
	if !ok {
		return false, false
	}
	status, ok := l.Status(t.Status.Index)
	return ok && status != 0, known && ok
}

// tidy forgets revoked tokens that have ended.
func (m *memory) tidy(now time.Time) {
	for {
		id, revokedAt, ok := m.tokens.GetOldest()
		if !ok || now.Sub(revokedAt) < tokenLife {
			return
		}
		before := m.forgotten
		m.tokens.Remove(id)
		m.forgotten = before // an ended token is no loss
	}
}
