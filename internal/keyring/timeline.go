package keyring

import (
	"slices"
	"strings"
	"time"

	"authsec/internal/token"

	"github.com/go-jose/go-jose/v4"
)

const (
	// JWKSMaxAge is for how long a verifier may keep the JWKS: its answer's max-age.
	JWKSMaxAge = 300 * time.Second
	// ReloadInterval is how often a process looks for keys that others made.
	ReloadInterval = time.Second
	// Lead is how long before it signs a key is made: it is stored within
	// storeTimeout, every process has read it within a reload, no verifier keeps
	// a JWKS without it for longer than that may be kept, and clocks differ.
	Lead = storeTimeout + ReloadInterval + reloadTimeout + JWKSMaxAge + token.Leeway
	// MaxStaleness is for how long a process may sign without having seen the
	// stored keys: until one that it does not know of may have taken over.
	MaxStaleness = Lead

	storeTimeout  = 10 * time.Second
	reloadTimeout = 5 * time.Second
)

// KeyState is what a key does at an instant.
type KeyState string

// The states, in the order a key lives through them.
const (
	StatePending KeyState = "pending" // published, not signing yet
	StateActive  KeyState = "active"  // signs
	StateRetired KeyState = "retired" // published, for tokens that are out
	StateDropped KeyState = "dropped" // in the JWKS no longer
)

// KeyInfo tells of a key, at an instant.
type KeyInfo struct {
	KID         string
	Alg         string
	State       KeyState
	PublishedAt time.Time
	ActiveAt    time.Time
	RetiresAt   time.Time // leaves the JWKS; zero while no other key is to take over
	Public      jose.JSONWebKey
}

// timeline is every key there ever was. All that a key may do follows from the
// times of its keys and the instant asked about; nothing in it changes.
type timeline struct {
	keys     []*key // by ActiveAt
	byKID    map[string]*key
	kept     time.Duration // from when a key is superseded until it leaves the JWKS
	loadedAt time.Time
}

// newTimeline takes rows that opened. tokenTTL is the longest life of a token.
func newTimeline(keys []*key, tokenTTL time.Duration, now time.Time) *timeline {
	slices.SortFunc(keys, func(a, b *key) int {
		if c := a.row.ActiveAt.Compare(b.row.ActiveAt); c != 0 {
			return c
		}
		return strings.Compare(a.row.KID, b.row.KID)
	})
	t := &timeline{keys: keys, byKID: make(map[string]*key, len(keys)), kept: tokenTTL + token.Leeway + JWKSMaxAge, loadedAt: now}
	for _, k := range keys {
		t.byKID[k.row.KID] = k
	}
	return t
}

// active returns the index of the key that signs: the last whose time has come, or -1.
func (t *timeline) active(now time.Time) int {
	for i := len(t.keys) - 1; i >= 0; i-- {
		if !now.Before(t.keys[i].row.ActiveAt) {
			return i
		}
	}
	return -1
}

// retiresAt is when nothing that key i signed can be valid any more, nor a
// JWKS be kept that was fetched for it. Zero: nothing is to supersede it.
func (t *timeline) retiresAt(i int) time.Time {
	if i+1 >= len(t.keys) {
		return time.Time{}
	}
	return t.keys[i+1].row.ActiveAt.Add(t.kept)
}

// published returns the keys of the JWKS, the newest first. A key whose time to
// be published has not come by this process's clock is among them: it is stored,
// so some process publishes it, and a clock set back must not withdraw it.
func (t *timeline) published(now time.Time) []*key {
	var keys []*key
	for i := len(t.keys) - 1; i >= 0; i-- {
		if end := t.retiresAt(i); !end.IsZero() && !now.Before(end) {
			break // the earlier ones ended earlier
		}
		keys = append(keys, t.keys[i])
	}
	return keys
}

// infos tells of every key, the newest first.
func (t *timeline) infos(now time.Time) []KeyInfo {
	active, published := t.active(now), len(t.published(now))
	infos := make([]KeyInfo, 0, len(t.keys))
	for i := len(t.keys) - 1; i >= 0; i-- {
		k := t.keys[i]
		info := KeyInfo{KID: k.row.KID, Alg: k.row.Alg, PublishedAt: k.row.PublishedAt, ActiveAt: k.row.ActiveAt,
			RetiresAt: t.retiresAt(i), Public: k.public}
		switch {
		case i > active:
			info.State = StatePending
		case i == active:
			info.State = StateActive
		case len(infos) < published:
			info.State = StateRetired
		default:
			info.State = StateDropped
		}
		infos = append(infos, info)
	}
	return infos
}
