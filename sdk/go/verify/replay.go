package verify

import (
	"crypto/sha256"
	"sync"
	"time"

	"authsec/sdk/go/dpop"
)

// replays remembers the proofs that were accepted, by key and jti, until none of
// them could be accepted again (RFC 9449 §11.1). It forgets none before: one that
// finds no room is refused.
type replays struct {
	mu    sync.Mutex
	room  int
	seen  map[[sha256.Size]byte]struct{}
	due   map[int64][][sha256.Size]byte // by the second in which they end
	swept int64                         // what ended before this second is forgotten
}

func newReplays(room int) *replays {
	return &replays{room: room, seen: map[[sha256.Size]byte]struct{}{}, due: map[int64][][sha256.Size]byte{}}
}

// admit takes a proof that would be accepted until end, or says why not.
func (r *replays) admit(p dpop.Proof, end, now time.Time) error {
	id := sha256.Sum256([]byte(p.Thumbprint + "\n" + p.ID)) // base64url holds no line break
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sweep(now.Unix())
	if end.Unix() < r.swept { // a clock went back: it may have been here
		return ErrReplayed
	}
	if _, ok := r.seen[id]; ok {
		return ErrReplayed
	}
	if len(r.seen) >= r.room {
		return ErrReplayUnknown
	}
	r.seen[id] = struct{}{}
	r.due[end.Unix()] = append(r.due[end.Unix()], id)
	return nil
}

// sweep forgets what ended before a second. There is one list for each second of
// twice the leeway, at most.
func (r *replays) sweep(second int64) {
	if second <= r.swept {
		return
	}
	r.swept = second
	for end, ids := range r.due {
		if end >= second {
			continue
		}
		for _, id := range ids {
			delete(r.seen, id)
		}
		delete(r.due, end)
	}
}
