package audit

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"time"

	"authsec/internal/domain"
)

// defaultWatchRows bounds the lines of one step: a fraction of a second of one core.
const defaultWatchRows = 50_000

// Watcher recomputes the chain in the background: each step goes on where the
// last one stopped, from line 1 when the process starts. It sees a broken line
// in what it has not passed yet, and a head or a checkpoint that contradicts
// what it has; a change to a line that it has passed shows at the next start
// and to Verify.
type Watcher struct {
	Reader   ChainReader
	Verifier Verifier
	Now      func() time.Time
	Logger   *slog.Logger
	Rows     int // lines of one step; 0: 50,000

	step       sync.Mutex // one at a time
	chain      chain
	checkpoint int64 // sequence number of the last one checked
	begun      bool

	mu     sync.Mutex
	status WatchStatus
}

// WatchStatus is how far a Watcher has come.
type WatchStatus struct {
	VerifiedUpTo int64     // the last line that verifies; 0: none
	VerifiedAt   time.Time // of the last step; zero: none yet
	Broken       *Break    // nil: nothing found
}

// Status returns how far the chain is verified, for the API and for metrics.
func (w *Watcher) Status() WatchStatus {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.status
}

// Run makes a step at each tick until ctx ends.
func (w *Watcher) Run(ctx context.Context, tick <-chan time.Time) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick:
			if err := w.Step(ctx); err != nil && ctx.Err() == nil {
				w.Logger.ErrorContext(ctx, "audit log not verified, will try again", "error", err)
			}
		}
	}
}

// Step verifies what is new, up to Rows lines. A break is logged once, stays in
// the status until the process ends, and stops the watch: nothing after it means anything.
func (w *Watcher) Step(ctx context.Context) error {
	w.step.Lock()
	defer w.step.Unlock()
	if w.Status().Broken != nil {
		return nil
	}
	b, err := w.advance(ctx)
	w.mu.Lock()
	w.status.VerifiedUpTo = w.chain.seq
	if err == nil {
		w.status.VerifiedAt = w.Now().UTC()
		w.status.Broken = b
	}
	w.mu.Unlock()
	if b != nil {
		w.Logger.ErrorContext(ctx, "AUDIT LOG IS BROKEN: somebody changed it behind the server's back; keep a copy of the database and run authsec audit verify",
			"seq", b.Seq, "problem", b.Problem)
	}
	return err
}

func (w *Watcher) advance(ctx context.Context) (*Break, error) {
	head, err := w.Reader.ChainHead(ctx)
	if err != nil {
		return nil, err
	}
	if head.Seq < w.chain.seq {
		return broken(head.Seq+1, "The log went on to line %d before, and its head says %d now: lines were cut off.", w.chain.seq, head.Seq), nil
	}
	for left := w.rows(); left > 0 && w.chain.seq < head.Seq; {
		rows, err := w.Reader.EventRows(ctx, domain.EventFilter{}, w.chain.above(), int(min(rowsPerRead, int64(left), head.Seq-w.chain.seq)))
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			return broken(w.chain.seq+1, "The log ends at line %d, but its head says %d: lines were cut off.", w.chain.seq, head.Seq), nil
		}
		for _, row := range rows {
			if b := w.chain.add(row); b != nil {
				return b, nil
			}
		}
		left -= len(rows)
	}
	if w.chain.seq == head.Seq && w.chain.hash != head.Hash {
		return broken(max(head.Seq, 1), "The head's hash is not that of the last line."), nil
	}
	return w.checkpoints(ctx)
}

// checkpoints compares those that were not checked yet with their lines, all
// of which the chain has passed.
func (w *Watcher) checkpoints(ctx context.Context) (*Break, error) {
	if !w.begun {
		w.checkpoint, w.begun = math.MinInt64, true
	}
	for {
		list, err := w.Reader.Checkpoints(ctx, w.checkpoint, rowsPerRead)
		if err != nil || len(list) == 0 {
			return nil, err
		}
		for _, cp := range list {
			if cp.Seq > w.chain.seq {
				return w.ahead(ctx, cp)
			}
			at, b, err := w.lineAt(ctx, cp.Seq)
			if err != nil {
				return nil, err
			}
			if b == nil {
				b = checkCheckpoint(w.Verifier, cp, at, "stored")
			}
			if b != nil {
				return b, nil
			}
			w.checkpoint = cp.Seq
		}
	}
}

// ahead looks at a checkpoint that the chain has not reached: the head has.
func (w *Watcher) ahead(ctx context.Context, cp domain.Checkpoint) (*Break, error) {
	head, err := w.Reader.ChainHead(ctx)
	if err != nil || head.Seq >= cp.Seq {
		return nil, err
	}
	return cutBelow(w.Verifier, cp, "stored", head.Seq), nil
}

// lineAt returns the chain up to a line that was passed, by the hash beside it.
func (w *Watcher) lineAt(ctx context.Context, seq int64) (chain, *Break, error) {
	if seq == w.chain.seq {
		return w.chain, nil, nil
	}
	if seq < 1 {
		return chain{}, broken(seq, "There is a checkpoint of a line that cannot be."), nil
	}
	rows, err := w.Reader.EventRows(ctx, domain.EventFilter{}, seq-1, 1)
	if err != nil {
		return chain{}, nil, err
	}
	if len(rows) == 0 || rows[0].Seq != seq {
		return chain{}, broken(seq, "The line is missing."), nil
	}
	hash, bad := domain.ParseHash(rows[0].Hash)
	if bad != nil {
		return chain{}, broken(seq, "The line's hash cannot be read: %v.", bad), nil
	}
	return chain{seq: seq, hash: hash}, nil, nil
}

func (w *Watcher) rows() int {
	if w.Rows > 0 {
		return w.Rows
	}
	return defaultWatchRows
}
