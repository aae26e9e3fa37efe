package recall

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"authsec/sdk/go/jwks"

	"golang.org/x/sync/singleflight"
)

const (
	requestTimeout = 5 * time.Second
	// retryInterval is the least time between two attempts at what has just failed.
	retryInterval = time.Second
	// patience is for how long after a failure nobody waits for another attempt.
	patience = 10 * time.Second
	// silence is after how long without a word a stream is taken for dead: the
	// issuer sends a heartbeat every 5 s.
	silence = 15 * time.Second
)

// Options of a [Tracker]. Issuer, Staleness, Keys, Client, Now, Steady and Log are required.
type Options struct {
	Issuer     string
	ID, Secret string // of the Resource; "" for no feed of revoked tokens
	Push       bool   // listen to the stream
	Staleness  time.Duration
	Accept     bool // tokens of which nothing is known
	Leeway     time.Duration
	Keys       jwks.Keys
	Client     *http.Client
	Now        func() time.Time     // for what the issuer dated
	Steady     func() time.Duration // for ages: no clock that somebody sets
	Log        *slog.Logger
}

// Tracker follows what an issuer recalls.
type Tracker struct {
	Options
	client *client
	reader *reader
	// Requests outlive the caller that needs them; ctx ends with Close.
	ctx     context.Context //nolint:containedctx // the tracker's own life, no caller's
	cancel  context.CancelFunc
	running sync.WaitGroup
	flights singleflight.Group
	silence time.Duration

	mu        sync.RWMutex
	closed    bool
	memory    *memory
	connected bool
	alive     moment    // the last sign of life of the stream
	lastBeat  time.Time // what it was dated
	polled    moment    // the last reading of the feed
	failures  map[string]failure
	unknown   bool // the last check could not tell
	lastErr   error
}

// moment is an instant on the steady clock.
type moment struct {
	at  time.Duration
	was bool
}

func (m moment) within(d, now time.Duration) bool { return m.was && now-m.at <= d }

type failure struct {
	at  time.Duration
	err error
}

// NewTracker returns a Tracker, which listens at once where Push is set.
func NewTracker(o Options) *Tracker {
	t := &Tracker{
		Options:  o,
		client:   newClient(o.Issuer, o.ID, o.Secret, o.Client),
		reader:   &reader{o.Issuer, o.Leeway, o.Now, o.Keys},
		silence:  silence,
		memory:   newMemory(maxTokens),
		failures: map[string]failure{},
	}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	if o.Push {
		t.running.Go(t.listen)
	}
	return t
}

// Close ends what runs in the background, and waits for it.
func (t *Tracker) Close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.cancel()
	t.running.Wait()
}

// Check returns nil for a token that has not been recalled, [ErrRevoked] for one
// that has, and [ErrUnknown] when it cannot be told. ctx bounds the wait for the
// issuer, which is none while the stream is alive and the token's list at hand.
func (t *Tracker) Check(ctx context.Context, token *Token) error {
	if t.isRecalled(token) { // whatever the age of what we know
		return ErrRevoked
	}
	failed := t.freshen(ctx, token)
	t.mu.RLock()
	recalled, known := t.memory.recalled(token)
	t.mu.RUnlock()
	switch {
	case recalled:
		return ErrRevoked
	case failed == nil && known:
		t.note(ctx, nil)
		return nil
	case failed == nil:
		failed = errors.New("the list does not hold the token's index, or too many tokens were revoked to remember")
	}
	t.note(ctx, failed)
	if t.Accept {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrUnknown, failed)
}

func (t *Tracker) isRecalled(token *Token) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	recalled, _ := t.memory.recalled(token)
	return recalled
}

// note tells once when the answer can no longer be had, and once when it can again.
func (t *Tracker) note(ctx context.Context, err error) {
	t.mu.RLock()
	same := t.unknown == (err != nil)
	t.mu.RUnlock()
	if same || ctx.Err() != nil { // a caller that went away tells nothing
		return
	}
	t.mu.Lock()
	changed := t.unknown != (err != nil)
	t.unknown = err != nil
	if err != nil {
		t.lastErr = err
	}
	t.mu.Unlock()
	switch {
	case !changed:
	case err != nil:
		t.Log.WarnContext(ctx, "revocation_unknown", "accept", t.Accept, "staleness", t.Staleness, "error", err)
	default:
		t.Log.InfoContext(ctx, "revocation_known_again")
	}
}

// State is what can be told of a Tracker.
type State struct {
	Connected bool          // the stream is open
	Alive     time.Duration // since the stream's last sign of life; below 0: there was none
	Polled    time.Duration // since the feed was last read; below 0: never
	Sequence  int64
	Lists     int
	Tokens    int
	Unknown   bool
	Err       error // the latest
}

// State returns the state.
func (t *Tracker) State() State {
	t.mu.RLock()
	defer t.mu.RUnlock()
	now := t.Steady()
	age := func(m moment) time.Duration {
		if !m.was {
			return -1
		}
		return now - m.at
	}
	return State{t.connected, age(t.alive), age(t.polled), t.memory.cursor, t.memory.lists.Len(), t.memory.tokens.Len(), t.unknown, t.lastErr}
}

// fly runs one request of a kind at a time, however many wait for it. Right after
// it has failed it is not made again, and for a while not waited for.
func (t *Tracker) fly(ctx context.Context, key string, request func(context.Context) error) error {
	age, failed := t.failed(key)
	if failed != nil && age < retryInterval {
		return failed
	}
	done := t.flights.DoChan(key, func() (any, error) {
		if !t.begin() {
			return nil, errors.New("closed")
		}
		defer t.running.Done()
		ctx, cancel := context.WithTimeout(t.ctx, requestTimeout)
		defer cancel()
		err := request(ctx)
		t.remember(key, err)
		return nil, err
	})
	if failed != nil && age < patience {
		return failed
	}
	select {
	case result := <-done:
		return result.Err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (t *Tracker) begin() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.running.Add(1)
	return true
}

// failed returns why the last attempt failed, if it did.
func (t *Tracker) failed(key string) (ago time.Duration, err error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	f, ok := t.failures[key]
	if !ok {
		return 0, nil
	}
	return t.Steady() - f.at, f.err
}

func (t *Tracker) remember(key string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.Steady()
	for k, f := range t.failures {
		if k == key || now-f.at >= patience {
			delete(t.failures, k)
		}
	}
	if err != nil {
		t.failures[key] = failure{now, err}
		t.lastErr = err
	}
}
