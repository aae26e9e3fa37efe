package revocation

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"authsec/internal/domain"
)

// RecallReader reads recalls in their order.
type RecallReader interface {
	// RecallsSince returns the first recalls after seq, at most limit, and the last
	// number that was given out.
	RecallsSince(ctx context.Context, seq int64, limit int) ([]domain.Recall, int64, error)
	LastRecall(ctx context.Context) (int64, error)
}

// Intervals of Hub.Run's ticks.
const (
	PollEvery = 250 * time.Millisecond // how late another replica's recall may be noticed
	BeatEvery = 5 * time.Second
)

// Bounds of Hub.
const (
	defaultStreams    = 2048 // of all resources
	defaultPerStreams = 512  // of one resource
	pageSize          = 200  // recalls read or sent at a time
	tailSize          = 4096 // recalls kept in memory, so that streams need not all read
)

// HubOptions are a Hub's dependencies and bounds.
type HubOptions struct {
	Deployment

	Recalls   RecallReader
	Resources ResourceReader
	Signer    Signer
	Now       func() time.Time
	Log       *slog.Logger

	Server   string   // of this process alone; required with Reporter
	Reporter Reporter // nil: nobody else is told

	MaxStreams            int // 0: 2,048
	MaxStreamsPerResource int // 0: 512
}

// Hub hands recalls to the resources that they concern, as a stream or page by
// page. Make it with NewHub; Run keeps its streams alive.
type Hub struct {
	HubOptions
	signed *signatures
	wake   chan struct{}

	polling sync.Mutex // one at a time, so that the tail stays in order

	mu      sync.Mutex
	changed chan struct{} // closed and replaced whenever what follows changes
	last    int64         // the greatest recall known
	tail    []domain.Recall
	from    int64     // the tail holds every recall after it
	started bool      // last is of the database
	beat    time.Time // of the last heartbeat
	ended   bool
	streams map[*Stream]bool

	asking sync.Mutex
	asked  map[string]asker // by the resource's ID
	forgot time.Time        // when the askers of before were looked through

	told   domain.VerifierReport // Run's own
	untold bool                  // the last report failed
}

// NewHub returns a hub without streams.
func NewHub(o HubOptions) (*Hub, error) {
	if o.MaxStreams == 0 {
		o.MaxStreams = defaultStreams
	}
	if o.MaxStreamsPerResource == 0 {
		o.MaxStreamsPerResource = defaultPerStreams
	}
	signed, err := newSignatures(o.Signer, o.Issuer, o.Now)
	if err != nil {
		return nil, fmt.Errorf("make a hub of recalls: %w", err)
	}
	return &Hub{HubOptions: o, signed: signed, wake: make(chan struct{}, 1), changed: make(chan struct{}),
		streams: map[*Stream]bool{}, asked: map[string]asker{}}, nil
}

// Wake makes Run look for recalls at once. It never waits.
func (h *Hub) Wake() {
	select {
	case h.wake <- struct{}{}:
	default: // it is about to look anyway
	}
}

// Run looks for recalls at each tick of poll and when woken, and sends heartbeats
// at each tick of beat, until ctx ends: then it ends all streams.
func (h *Hub) Run(ctx context.Context, poll, beat <-chan time.Time) {
	defer h.leave(ctx)
	defer h.end()
	failing := false
	for {
		beats := false
		select {
		case <-ctx.Done():
			return
		case <-h.wake:
		case <-poll:
		case <-beat:
			beats = true
		}
		if !beats && h.idle() {
			h.report(ctx)
			continue
		}
		err := h.poll(ctx)
		if err != nil && !failing {
			h.Log.ErrorContext(ctx, "recalls cannot be read: streams have no heartbeat until they can", "error", err)
		}
		// A heartbeat says that nothing was missed, which only a look can tell.
		if failing = err != nil; beats && !failing {
			h.dropOutsiders(ctx)
			h.set(func() { h.beat = h.Now() })
		}
		h.report(ctx)
	}
}

// set changes what streams look at, and tells them.
func (h *Hub) set(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
	close(h.changed)
	h.changed = make(chan struct{})
}

func (h *Hub) end() { h.set(func() { h.ended = true }) }

func (h *Hub) idle() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.streams) == 0
}

// poll reads what was recalled since the last look.
func (h *Hub) poll(ctx context.Context) error {
	h.polling.Lock()
	defer h.polling.Unlock()
	last, err := h.Recalls.LastRecall(ctx)
	if err != nil {
		return fmt.Errorf("read the last recall: %w", err)
	}
	h.mu.Lock()
	known, started := h.last, h.started
	h.mu.Unlock()
	if started && last == known {
		return nil
	}
	// The first look, more than the tail holds, or an older database was put in
	// place: readers then read for themselves.
	if !started || last < known || last-known > tailSize {
		h.set(func() { h.started, h.last, h.from, h.tail = true, last, last, nil })
		return nil
	}
	var fresh []domain.Recall
	for at := known; at < last; {
		page, _, err := h.Recalls.RecallsSince(ctx, at, pageSize)
		if err != nil {
			return fmt.Errorf("read recalls: %w", err)
		}
		if len(page) == 0 {
			break
		}
		fresh = append(fresh, page...)
		at = page[len(page)-1].Seq
	}
	h.set(func() {
		if n := len(fresh); n > 0 {
			last = max(last, fresh[n-1].Seq)
		}
		h.last, h.tail = last, append(h.tail, fresh...)
		if over := len(h.tail) - tailSize; over > 0 {
			h.from = h.tail[over-1].Seq
			h.tail = slices.Clone(h.tail[over:])
		}
	})
	return nil
}

// dropOutsiders ends the streams of resources that are gone, or whose secret is
// another now.
func (h *Hub) dropOutsiders(ctx context.Context) {
	h.mu.Lock()
	open := make([]*Stream, 0, len(h.streams))
	for s := range h.streams {
		open = append(open, s)
	}
	h.mu.Unlock()
	type found struct {
		resource domain.Resource
		err      error
	}
	now := map[string]found{}
	for _, s := range open {
		f, ok := now[s.resource.ID]
		if !ok {
			f.resource, f.err = h.Resources.Resource(ctx, s.resource.ID)
			now[s.resource.ID] = f
		}
		if domain.KindOf(f.err) == domain.NotFound || (f.err == nil && f.resource.SecretHash != s.resource.SecretHash) {
			h.set(func() { s.out = true })
		}
	}
}
