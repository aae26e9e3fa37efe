package revocation

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"authsec/internal/domain"
	"authsec/internal/token"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Names of a stream's messages.
const (
	EventRecall    = "recall"
	EventHeartbeat = "heartbeat"
)

// Message is one signed statement to a verifier.
type Message struct {
	Event string
	Seq   int64  // where a reader goes on after it
	JWS   string // compact
}

// recallClaims are what a recall says: neither who nor why, for every resource
// that may have been shown such a token reads it.
type recallClaims struct {
	Issuer     string             `json:"iss"`
	IssuedAt   int64              `json:"iat"` // when it was recalled
	Seq        int64              `json:"seq"`
	StatusList *token.StatusEntry `json:"status_list,omitempty"`
	TokenID    string             `json:"jti,omitempty"`
}

type heartbeatClaims struct {
	Issuer   string `json:"iss"`
	IssuedAt int64  `json:"iat"`
	Seq      int64  `json:"seq"` // all up to here that concerns the reader was sent
}

const (
	// keptMessages bounds the memory: some 800 bytes each.
	keptMessages = 8192
	// keptFor bounds how long a message outlives the key that signed it.
	keptFor = 5 * time.Minute
)

// signatures signs each message once for all its readers.
type signatures struct {
	signer Signer
	issuer string
	now    func() time.Time

	mu   sync.Mutex // one at a time: the readers of one recall wait for the one signature
	kept *lru.Cache[messageKey, keptMessage]
}

type messageKey struct {
	seq  int64
	beat int64 // seconds; 0: a recall
}

type keptMessage struct {
	Message
	at time.Time
}

func newSignatures(signer Signer, issuer string, now func() time.Time) (*signatures, error) {
	kept, err := lru.New[messageKey, keptMessage](keptMessages)
	return &signatures{signer: signer, issuer: issuer, now: now, kept: kept}, err
}

func (s *signatures) recall(ctx context.Context, r domain.Recall) (Message, error) {
	c := recallClaims{Issuer: s.issuer, IssuedAt: r.At.Unix(), Seq: r.Seq, TokenID: r.TokenID}
	if r.Status.List != 0 {
		c.StatusList = &token.StatusEntry{Index: r.Status.Index, URI: token.StatusListURI(s.issuer, r.Status.List)}
	}
	return s.once(ctx, messageKey{seq: r.Seq}, token.TypRecall, EventRecall, c)
}

func (s *signatures) heartbeat(ctx context.Context, seq int64, at time.Time) (Message, error) {
	c := heartbeatClaims{Issuer: s.issuer, IssuedAt: at.Unix(), Seq: seq}
	return s.once(ctx, messageKey{seq: seq, beat: at.Unix()}, token.TypHeartbeat, EventHeartbeat, c)
}

func (s *signatures) once(ctx context.Context, key messageKey, typ, event string, claims any) (Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if m, ok := s.kept.Get(key); ok && now.Sub(m.at) < keptFor {
		return m.Message, nil
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return Message{}, fmt.Errorf("encode a %s: %w", event, err)
	}
	jws, err := s.signer.SignPayload(ctx, typ, payload, now)
	if err != nil {
		return Message{}, fmt.Errorf("sign a %s: %w", event, err)
	}
	m := Message{Event: event, Seq: key.seq, JWS: jws}
	s.kept.Add(key, keptMessage{m, now})
	return m, nil
}
