package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"authsec/internal/domain"
)

// ChainReader reads the chain as it is stored.
type ChainReader interface {
	ChainHead(ctx context.Context) (domain.ChainHead, error)
	// EventRows returns up to limit lines above after, oldest first.
	EventRows(ctx context.Context, f domain.EventFilter, after int64, limit int) ([]domain.EventRow, error)
	// Checkpoints returns up to limit checkpoints above after, in order.
	Checkpoints(ctx context.Context, after int64, limit int) ([]domain.Checkpoint, error)
}

// rowsPerRead bounds the memory of a walk along the chain.
const rowsPerRead = 500

// Break is the first place at which the log is not what was recorded.
type Break struct {
	Seq     int64  // the line
	Problem string // a sentence
}

func broken(seq int64, format string, args ...any) *Break {
	return &Break{Seq: seq, Problem: fmt.Sprintf(format, args...)}
}

// chain is the end of a chain that was recomputed so far; the zero value is
// the chain without lines.
type chain struct {
	seq  int64
	hash domain.Hash
}

// above is where the next line is looked for: nothing may come before the first.
func (c *chain) above() int64 {
	if c.seq == 0 {
		return math.MinInt64
	}
	return c.seq
}

// add recomputes one more line. It returns how the line is broken, or nil.
func (c *chain) add(row domain.EventRow) *Break {
	if row.Seq != c.seq+1 {
		return broken(c.seq+1, "The line is missing; the next one is %d.", row.Seq)
	}
	hash := domain.Link(row.Seq, c.hash, row.Body)
	if hash.String() != row.Hash {
		return broken(row.Seq, "The hash does not follow from the line's content and the line before it.")
	}
	if b := checkColumns(row); b != nil {
		return b
	}
	c.seq, c.hash = row.Seq, hash
	return nil
}

// checkColumns compares what people search by with what was linked.
func checkColumns(row domain.EventRow) *Break {
	var ev domain.Event
	if err := json.Unmarshal(row.Body, &ev); err != nil {
		return broken(row.Seq, "The line's content is not an event: %v.", err)
	}
	for _, c := range []struct{ name, column, linked string }{
		{"actor_type", row.ActorType, ev.Actor.Type},
		{"actor_id", row.ActorID, ev.Actor.ID},
		{"action", row.Action, ev.Action},
		{"target_type", row.TargetType, ev.Target.Type},
		{"target_id", row.TargetID, ev.Target.ID},
		{"outcome", string(row.Outcome), string(ev.Outcome)},
		{"client_id", row.ClientID, ev.ClientID},
		{"delegation_id", row.DelegationID, ev.DelegationID},
	} {
		// JSON replaces each invalid byte by U+FFFD, and so does the conversion.
		if c.column != c.linked && string([]rune(c.column)) != c.linked {
			return broken(row.Seq, "The column %s says %q where the line says %q.", c.name, c.column, c.linked)
		}
	}
	if micros(row.Time) != micros(ev.Time) {
		return broken(row.Seq, "The column at says %s where the line says %s.", row.Time.UTC(), ev.Time.UTC())
	}
	if n := int64(max(ev.Count, 1)); row.Count != n {
		return broken(row.Seq, "The column event_count says %d where the line says %d.", row.Count, n)
	}
	return nil
}

// micros is a time as a column holds it: 0 for the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}
