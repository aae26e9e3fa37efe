package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"authsec/internal/domain"
)

// TypCheckpoint is the JWS header's typ of a checkpoint (RFC 7515 §4.1.9).
const TypCheckpoint = "authsec-checkpoint+jws"

// Signer signs a payload as a compact JWS with the given typ and the key that
// is active at now.
type Signer interface {
	SignPayload(ctx context.Context, typ string, payload []byte, now time.Time) (string, error)
}

// Verifier returns the payload of a compact JWS with the given typ whose
// signature is by any key this deployment ever signed with, retired ones too:
// checkpoints outlive keys.
type Verifier interface {
	VerifyPayload(typ, jws string) ([]byte, error)
}

// CheckpointStore keeps checkpoints.
type CheckpointStore interface {
	ChainHead(ctx context.Context) (domain.ChainHead, error)
	// LastCheckpoint returns the zero value if there is none.
	LastCheckpoint(ctx context.Context) (domain.Checkpoint, error)
	SaveCheckpoint(ctx context.Context, c domain.Checkpoint) error
}

// statement is a checkpoint's payload.
type statement struct {
	Issuer   string `json:"iss"`
	Seq      int64  `json:"seq"`
	Hash     string `json:"hash"` // hexadecimal
	IssuedAt int64  `json:"iat"`  // seconds
}

// maxCheckpoint bounds a checkpoint's JWS, in bytes. One with an RSA-4096 key
// and the longest issuer stays below.
const maxCheckpoint = 8 << 10

// parseStatement reads a payload whose signature the caller has checked, or
// does not rely on.
func parseStatement(payload []byte) (statement, error) {
	var s statement
	d := json.NewDecoder(bytes.NewReader(payload))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return s, fmt.Errorf("not a checkpoint: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return s, errors.New("not a checkpoint: something follows it")
	}
	if _, err := domain.ParseHash(s.Hash); err != nil || s.Seq < 0 {
		return s, errors.New("not a checkpoint: no sequence number and hash")
	}
	return s, nil
}

// When a checkpoint is due.
const (
	checkpointEvents   = 1000
	checkpointInterval = 5 * time.Minute
)

// Checkpoints signs statements of the chain's head: after 1,000 events, or five
// minutes after the last one when there is anything new.
type Checkpoints struct {
	Store  CheckpointStore
	Signer Signer
	Issuer string
	Now    func() time.Time
	Logger *slog.Logger

	mu      sync.Mutex // one at a time
	waiting time.Time  // since when there are events and no checkpoint at all
}

// Make returns a checkpoint of the chain's head as it is now, and makes it
// unless there is one. An empty chain has a checkpoint too, which is not kept.
// It signs no head that is behind the last checkpoint: Conflict.
func (c *Checkpoints) Make(ctx context.Context) (domain.Checkpoint, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	head, last, err := c.state(ctx)
	if err != nil {
		return domain.Checkpoint{}, err
	}
	if last.Seq == head.Seq && last.JWS != "" {
		return last, nil
	}
	if head.Seq < last.Seq {
		return domain.Checkpoint{}, domain.Errorf(domain.Conflict, "audit_log_broken",
			"The audit log ends at line %d, but a checkpoint was signed for line %d. Keep a copy of the database and run authsec audit verify.", head.Seq, last.Seq)
	}
	return c.sign(ctx, head)
}

// Run makes a checkpoint at each tick at which one is due, until ctx ends. A
// tick costs two reads of one row, so that ticks may be seconds apart.
func (c *Checkpoints) Run(ctx context.Context, tick <-chan time.Time) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick:
			if err := c.Tick(ctx); err != nil {
				c.Logger.ErrorContext(ctx, "no audit checkpoint made, will try again", "error", err)
			}
		}
	}
}

// Tick makes a checkpoint if one is due.
func (c *Checkpoints) Tick(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	head, last, err := c.state(ctx)
	if err != nil || head.Seq <= last.Seq {
		return err
	}
	now, since := c.Now(), last.CreatedAt
	if last.JWS == "" {
		if c.waiting.IsZero() {
			c.waiting = now
		}
		since = c.waiting
	}
	if head.Seq-last.Seq < checkpointEvents && now.Sub(since) < checkpointInterval {
		return nil
	}
	_, err = c.sign(ctx, head)
	return err
}

// Close makes a last checkpoint if there is anything new.
func (c *Checkpoints) Close(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	head, last, err := c.state(ctx)
	if err != nil || head.Seq <= last.Seq {
		return err
	}
	_, err = c.sign(ctx, head)
	return err
}

func (c *Checkpoints) state(ctx context.Context) (head domain.ChainHead, last domain.Checkpoint, err error) {
	// The head is read last: it is never behind a checkpoint of an intact chain.
	if last, err = c.Store.LastCheckpoint(ctx); err != nil {
		return head, last, err
	}
	head, err = c.Store.ChainHead(ctx)
	return head, last, err
}

func (c *Checkpoints) sign(ctx context.Context, head domain.ChainHead) (domain.Checkpoint, error) {
	now := c.Now().UTC().Truncate(time.Microsecond)
	payload, err := json.Marshal(statement{Issuer: c.Issuer, Seq: head.Seq, Hash: head.Hash.String(), IssuedAt: now.Unix()})
	if err != nil {
		return domain.Checkpoint{}, fmt.Errorf("encode checkpoint: %w", err)
	}
	jws, err := c.Signer.SignPayload(ctx, TypCheckpoint, payload, now)
	if err != nil {
		return domain.Checkpoint{}, fmt.Errorf("sign checkpoint: %w", err)
	}
	cp := domain.Checkpoint{Seq: head.Seq, JWS: jws, CreatedAt: now}
	if head.Seq == 0 {
		return cp, nil
	}
	return cp, c.Store.SaveCheckpoint(ctx, cp)
}
