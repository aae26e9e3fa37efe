package revocation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"authsec/internal/domain"
	"authsec/internal/token"
)

// How long a Status List Token is used.
const (
	ListTTL  = 10 * time.Second // until a verifier fetches the next one
	listLife = 5 * time.Minute  // until it is refused, whatever happens
)

// ListReader reads status lists.
type ListReader interface {
	// StatusList returns NotFound if there is none.
	StatusList(ctx context.Context, id int64) (domain.StatusList, error)
	LastRecall(ctx context.Context) (int64, error)
}

// ListToken is a signed Token Status List, in its two representations.
type ListToken struct {
	JWT     string // compact
	ETag    string // of exactly this JWT
	Gzip    string // the JWT as gzip (RFC 1952)
	GzipTag string // of exactly this Gzip
}

// Lists signs Token Status Lists: one signature per list and revision, and
// another after ListTTL, however many ask; so it is with compression. All
// exported fields are required.
type Lists struct {
	Store  ListReader
	Signer Signer
	Issuer string
	Now    func() time.Time

	mu    sync.Mutex
	lists map[int64]*signedList // of lists that exist: callers cannot make it grow
}

// signedList is a list as it was signed last.
type signedList struct {
	mu       sync.Mutex
	token    ListToken
	seq      int64 // every recall up to here is in it
	revision int64
	at       time.Time
}

// statusListClaims are the contents of a Status List Token (§5.1).
type statusListClaims struct {
	Issuer     string `json:"iss"`
	Subject    string `json:"sub"`
	IssuedAt   int64  `json:"iat"`
	ExpiresAt  int64  `json:"exp"`
	TTL        int64  `json:"ttl"` // seconds
	StatusList struct {
		Bits int    `json:"bits"`
		List string `json:"lst"`
	} `json:"status_list"`
}

// Token returns the list's Status List Token, which holds every recall that was
// committed before the call. NotFound: there is no such list.
func (l *Lists) Token(ctx context.Context, id int64) (ListToken, error) {
	// Read first: what the list then says includes at least these.
	seq, err := l.Store.LastRecall(ctx)
	if err != nil {
		return ListToken{}, fmt.Errorf("read a status list: %w", err)
	}
	kept, err := l.kept(ctx, id)
	if err != nil {
		return ListToken{}, err
	}
	kept.mu.Lock()
	defer kept.mu.Unlock()
	now := l.Now()
	age := now.Sub(kept.at)
	fresh := kept.token.JWT != "" && age >= 0 && age < ListTTL
	if fresh && kept.seq == seq {
		return kept.token, nil
	}
	list, err := l.Store.StatusList(ctx, id)
	if err != nil {
		if domain.KindOf(err) == domain.NotFound {
			l.forget(id)
		}
		return ListToken{}, err
	}
	if !fresh || list.Revision != kept.revision {
		if kept.token, err = l.sign(ctx, list, now); err != nil {
			return ListToken{}, err
		}
		kept.revision, kept.at = list.Revision, now
	}
	kept.seq = seq
	return kept.token, nil
}

// kept returns the place of a list that exists.
func (l *Lists) kept(ctx context.Context, id int64) (*signedList, error) {
	find := func(add bool) *signedList {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.lists == nil {
			l.lists = map[int64]*signedList{}
		}
		if l.lists[id] == nil && add {
			l.lists[id] = &signedList{}
		}
		return l.lists[id]
	}
	if known := find(false); known != nil {
		return known, nil
	}
	if _, err := l.Store.StatusList(ctx, id); err != nil {
		return nil, err
	}
	return find(true), nil
}

func (l *Lists) forget(id int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.lists, id)
}

func (l *Lists) sign(ctx context.Context, list domain.StatusList, now time.Time) (ListToken, error) {
	c := statusListClaims{Issuer: l.Issuer, Subject: token.StatusListURI(l.Issuer, list.ID), IssuedAt: now.Unix(),
		ExpiresAt: now.Add(listLife).Unix(), TTL: int64(ListTTL / time.Second)}
	var err error
	c.StatusList.Bits = bits
	if c.StatusList.List, err = encode(list); err != nil {
		return ListToken{}, err
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return ListToken{}, fmt.Errorf("encode a status list: %w", err)
	}
	jwt, err := l.Signer.SignPayload(ctx, token.TypStatusList, payload, now)
	if err != nil {
		return ListToken{}, fmt.Errorf("sign a status list: %w", err)
	}
	sum := sha256.Sum256([]byte(jwt))
	tag := hex.EncodeToString(sum[:16])
	packed, err := pack(jwt)
	return ListToken{JWT: jwt, ETag: `"` + tag + `"`, Gzip: packed, GzipTag: `"` + tag + `-gzip"`}, err
}
