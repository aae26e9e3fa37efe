package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"authsec/internal/domain"
)

// Appender appends events to the chain in one transaction, in order. When it
// returns nil they are durable; Unavailable says that the outcome is unknown,
// any other kind that nothing was written.
type Appender interface {
	AppendEvents(ctx context.Context, events []domain.Event, uses []domain.Use) error
}

// Defaults of a Recorder.
const (
	defaultQueue  = 4096
	defaultBatch  = 256
	commitTimeout = 30 * time.Second
	retryAfter    = 2 * time.Second
)

// RecorderOptions say how to make a Recorder.
type RecorderOptions struct {
	Store Appender
	Queue int // events waiting for a commit before Record waits for room; 0: 4096
	Batch int // events of one transaction; 0: 256
}

// Recorder commits the events of many callers in few transactions. One writer
// takes whatever is waiting as soon as the commit before has returned: an idle
// server commits at once, a busy one many events at a time, and no timer delays anyone.
type Recorder struct {
	store   Appender
	batch   int
	queue   chan waiter
	closing chan struct{} // closed by Close: accept nothing more
	stopped chan struct{} // closed when the writer has answered all it accepted
	once    sync.Once
	writing context.Context //nolint:containedctx // the writer's own: a batch belongs to no one caller
	abort   context.CancelFunc
}

type waiter struct {
	event domain.Event
	use   *domain.Use
	done  chan error // has room for the one answer, so that the writer never waits
}

// NewRecorder starts a recorder. Close ends it.
func NewRecorder(o RecorderOptions) *Recorder {
	if o.Queue <= 0 {
		o.Queue = defaultQueue
	}
	if o.Batch <= 0 {
		o.Batch = defaultBatch
	}
	r := &Recorder{store: o.Store, batch: o.Batch, queue: make(chan waiter, o.Queue),
		closing: make(chan struct{}), stopped: make(chan struct{})}
	r.writing, r.abort = context.WithCancel(context.Background())
	go r.run()
	return r
}

// Record returns nil once the event, and the use if there is one, are durable.
//
// With any error the caller must act as if the event was not recorded, and
// issuance must not hand out the token. It may have been recorded all the same
// when ctx ended while it waited, or when the commit's answer was lost: the log
// then tells of a token that nobody received, never the other way round. An
// event that was accepted is written even if its caller has left, so that
// hanging up hides nothing.
//
// Errors: Unavailable when the queue stays full until ctx ends, when ctx ends
// first, when the database is away, and after Close; Internal when this event
// cannot be encoded or stored, which fails no other one.
func (r *Recorder) Record(ctx context.Context, ev domain.Event, use *domain.Use) error {
	if _, err := ev.Encode(); err != nil {
		return &domain.Error{Kind: domain.Internal, Err: err}
	}
	select {
	case <-r.closing:
		return unavailable(errors.New("the recorder is closed"))
	default:
	}
	w := waiter{event: ev, done: make(chan error, 1)}
	if use != nil {
		own := *use // ours: the caller may leave before we read it
		w.use = &own
	}
	select {
	case r.queue <- w:
	case <-ctx.Done():
		return unavailable(errors.Join(errors.New("the audit queue is full"), ctx.Err()))
	case <-r.closing:
		return unavailable(errors.New("the recorder is closed"))
	}
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		return unavailable(errors.Join(errors.New("the event is not committed yet"), ctx.Err()))
	case <-r.stopped:
		select {
		case err := <-w.done:
			return err
		default: // it slipped into the queue after the writer had left
			return unavailable(errors.New("the recorder is closed"))
		}
	}
}

// Close refuses new events, commits those that were accepted, and returns. When
// ctx ends first, the running commit is given up and its callers are told.
func (r *Recorder) Close(ctx context.Context) error {
	r.once.Do(func() { close(r.closing) })
	select {
	case <-r.stopped:
		return nil
	case <-ctx.Done():
		r.abort()
		<-r.stopped
		return unavailable(errors.Join(errors.New("close the audit recorder"), ctx.Err()))
	}
}

func (r *Recorder) run() {
	defer close(r.stopped)
	defer r.abort()
	for {
		select {
		case w := <-r.queue:
			r.commit(r.fill(w))
			continue
		case <-r.closing:
		}
		for {
			select {
			case w := <-r.queue:
				r.commit(r.fill(w))
			default:
				return
			}
		}
	}
}

// fill returns w and what else is waiting, up to a batch.
func (r *Recorder) fill(w waiter) []waiter {
	batch := append(make([]waiter, 0, min(len(r.queue)+1, r.batch)), w)
	for len(batch) < r.batch {
		select {
		case w := <-r.queue:
			batch = append(batch, w)
		default:
			return batch
		}
	}
	return batch
}

// commit writes a batch and answers its callers.
func (r *Recorder) commit(batch []waiter) {
	isolate(batch, r.append, func(part []waiter, err error) {
		if err != nil && domain.KindOf(err) != domain.Unavailable {
			// Of any other kind (a delegation that is gone: Conflict) the token's caller can make nothing.
			err = &domain.Error{Kind: domain.Internal, Err: fmt.Errorf("record audit event: %w", err)}
		}
		for _, w := range part {
			w.done <- err
		}
	})
}

// isolate appends a batch and settles each of its parts once. An error that
// comes from one item (a column that cannot hold it, a delegation that is gone)
// must not fail the others: the batch is halved until the item stands alone.
// Unavailable settles all: the database is away, or has committed without our knowing.
func isolate[T any](batch []T, appendAll func([]T) error, settle func([]T, error)) {
	err := appendAll(batch)
	if err == nil || len(batch) == 1 || domain.KindOf(err) == domain.Unavailable {
		settle(batch, err)
		return
	}
	half := len(batch) / 2
	isolate(batch[:half], appendAll, settle)
	isolate(batch[half:], appendAll, settle)
}

func (r *Recorder) append(batch []waiter) error {
	events := make([]domain.Event, len(batch))
	latest := map[string]domain.Use{}
	for i, w := range batch {
		events[i] = w.event
		if u := w.use; u != nil && !u.At.Before(latest[u.DelegationID].At) {
			latest[u.DelegationID] = *u
		}
	}
	// In order, so that two replicas never wait for each other's rows.
	uses := make([]domain.Use, 0, len(latest))
	for _, id := range slices.Sorted(maps.Keys(latest)) {
		uses = append(uses, latest[id])
	}
	ctx, cancel := context.WithTimeout(r.writing, commitTimeout)
	defer cancel()
	return r.store.AppendEvents(ctx, events, uses)
}

func unavailable(cause error) error {
	return &domain.Error{Kind: domain.Unavailable, Code: "temporarily_unavailable",
		Public: "The audit log cannot take the event now. Try again shortly.", RetryAfter: retryAfter, Err: cause}
}
