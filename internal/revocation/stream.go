package revocation

import (
	"context"
	"io"
	"slices"
	"sort"
	"time"

	"authsec/internal/domain"
)

// retryStream is how long a resource is told to wait when no stream is free.
const retryStream = 10 * time.Second

// Stream is one verifier's view of the recalls that concern its resource. It is
// not safe for concurrent use.
type Stream struct {
	hub      *Hub
	resource domain.Resource
	at       int64     // all up to here was sent or passed over
	beat     time.Time // of the last heartbeat sent
	greeted  bool
	out      bool  // guarded by the hub's lock
	heard    int64 // guarded by the hub's lock: all up to here was delivered
}

// Open starts a stream after since. Close ends it. RateLimited: the resource has
// too many. Unavailable: there are too many in all, or recalls cannot be read.
func (h *Hub) Open(ctx context.Context, r domain.Resource, since int64) (*Stream, error) {
	if err := h.poll(ctx); err != nil {
		return nil, &domain.Error{Kind: domain.Unavailable, Code: codeUnavailable, RetryAfter: retryStream,
			Public: "Recalls cannot be read now. Try again shortly.", Err: err}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	own := 0
	for s := range h.streams {
		if s.resource.ID == r.ID {
			own++
		}
	}
	switch {
	case h.ended:
		return nil, &domain.Error{Kind: domain.Unavailable, Code: codeUnavailable, RetryAfter: time.Second,
			Public: "The server is stopping. Connect again."}
	case own >= h.MaxStreamsPerResource:
		return nil, &domain.Error{Kind: domain.RateLimited, Code: codeRateLimited, RetryAfter: retryStream,
			Public: "This resource has too many open streams. Close some, or poll instead: leave out Accept: text/event-stream."}
	case len(h.streams) >= h.MaxStreams:
		return nil, &domain.Error{Kind: domain.Unavailable, Code: codeUnavailable, RetryAfter: retryStream,
			Public: "There are too many open streams. Poll instead: leave out Accept: text/event-stream."}
	}
	s := &Stream{hub: h, resource: r, at: since, heard: min(since, h.last)}
	h.streams[s] = true
	return s, nil
}

// Close gives the stream's place free.
func (s *Stream) Close() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	delete(s.hub.streams, s)
}

// Next waits for the next messages and returns them: recalls in their order, or
// one heartbeat. A stream begins with what is past and then a heartbeat. Calling
// it says that what it returned before was delivered. io.EOF: it has ended, and
// may be opened again.
func (s *Stream) Next(ctx context.Context) ([]Message, error) {
	for {
		v := s.view()
		before := s.at
		switch {
		case v.ended:
			return nil, io.EOF
		case s.at > v.last:
			s.at = v.last // a number of another database: the heartbeat tells
			continue
		case s.at < v.last:
			messages, err := s.catchUp(ctx, v)
			if err != nil || len(messages) > 0 {
				return messages, err
			}
			if s.at > before {
				continue
			} // else an older database was put in place: the hub finds out
		case !s.greeted || v.beat.After(s.beat):
			return s.heartbeat(ctx, v)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-v.changed:
		}
	}
}

// view is what a stream sees of its hub at one moment.
type view struct {
	ended   bool
	last    int64
	beat    time.Time
	fresh   []domain.Recall // after the stream's place
	known   bool            // fresh misses nothing
	changed <-chan struct{}
}

func (s *Stream) view() view {
	h := s.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	s.heard = min(s.at, h.last)
	v := view{ended: h.ended || s.out, last: h.last, beat: h.beat, changed: h.changed}
	if v.known = s.at >= h.from; v.known {
		// The tail is never written in place, so that it may be read without the lock.
		v.fresh = h.tail[sort.Search(len(h.tail), func(i int) bool { return h.tail[i].Seq > s.at }):]
	}
	return v
}

// catchUp moves on by a page at most, and returns what of it concerns the resource.
func (s *Stream) catchUp(ctx context.Context, v view) ([]Message, error) {
	if !v.known {
		p, err := s.hub.Page(ctx, s.resource, s.at)
		// The database may be ahead of the hub, which is to bring the rest in its order.
		s.at = min(p.Last, v.last)
		return slices.DeleteFunc(p.Messages, func(m Message) bool { return m.Seq > v.last }), err
	}
	page := v.fresh[:min(len(v.fresh), pageSize)]
	messages, err := s.hub.messages(ctx, s.resource, page)
	if err != nil {
		return nil, err
	}
	if s.at = v.last; len(page) < len(v.fresh) {
		s.at = page[len(page)-1].Seq
	}
	return messages, nil
}

func (s *Stream) heartbeat(ctx context.Context, v view) ([]Message, error) {
	at := v.beat
	if !s.greeted { // opening it looked
		at = s.hub.Now()
	}
	m, err := s.hub.signed.heartbeat(ctx, s.at, at)
	if err != nil {
		return nil, err
	}
	s.greeted, s.beat = true, at
	return []Message{m}, nil
}
