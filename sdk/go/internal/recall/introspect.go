package recall

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/sync/singleflight"
)

// maxAnswers bounds the answers that are kept.
const maxAnswers = 1 << 14

// IntrospectorOptions of an [Introspector]. All but Keep and Accept are required.
type IntrospectorOptions struct {
	Issuer     string
	ID, Secret string
	Keep       time.Duration // for how long active holds; 0: for the callers that wait for it
	Accept     bool
	Client     *http.Client
	Steady     func() time.Duration
	Log        *slog.Logger
}

// Introspector asks the issuer about every token.
type Introspector struct {
	IntrospectorOptions
	client  *client
	ctx     context.Context //nolint:containedctx // its own life, no caller's
	cancel  context.CancelFunc
	running sync.WaitGroup
	flights singleflight.Group

	mu      sync.Mutex
	closed  bool
	active  *simplelru.LRU[[sha256.Size]byte, time.Duration]
	asked   moment // the last answer
	unknown bool
	lastErr error
}

// NewIntrospector returns an Introspector.
func NewIntrospector(o IntrospectorOptions) *Introspector {
	i := &Introspector{
		IntrospectorOptions: o,
		client:              newClient(o.Issuer, o.ID, o.Secret, o.Client),
		active:              lru[[sha256.Size]byte, time.Duration](maxAnswers, nil),
	}
	i.ctx, i.cancel = context.WithCancel(context.Background())
	return i
}

// Close waits until nothing runs in the background.
func (i *Introspector) Close() {
	i.mu.Lock()
	i.closed = true
	i.mu.Unlock()
	i.cancel()
	i.running.Wait()
}

// State returns the state.
func (i *Introspector) State() State {
	i.mu.Lock()
	defer i.mu.Unlock()
	s := State{Alive: -1, Polled: -1, Unknown: i.unknown, Err: i.lastErr}
	if i.asked.was {
		s.Polled = i.Steady() - i.asked.at
	}
	return s
}

// Check is as [Tracker.Check].
func (i *Introspector) Check(ctx context.Context, token *Token) error {
	key := sha256.Sum256([]byte(token.Raw))
	if i.isKept(key) {
		return nil
	}
	done := i.flights.DoChan(string(key[:]), func() (any, error) { return i.ask(key, token.Raw) })
	var active bool
	var err error
	select {
	case result := <-done:
		active, _ = result.Val.(bool)
		err = result.Err
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	i.note(ctx, err)
	switch {
	case err == nil && active, err != nil && i.Accept:
		return nil
	case err != nil:
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	return ErrRevoked
}

func (i *Introspector) isKept(key [sha256.Size]byte) bool {
	if i.Keep == 0 {
		return false
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	at, ok := i.active.Get(key)
	return ok && i.Steady()-at < i.Keep
}

func (i *Introspector) ask(key [sha256.Size]byte, raw string) (bool, error) {
	i.mu.Lock()
	if i.closed {
		i.mu.Unlock()
		return false, errors.New("closed")
	}
	i.running.Add(1)
	i.mu.Unlock()
	defer i.running.Done()
	ctx, cancel := context.WithTimeout(i.ctx, requestTimeout)
	defer cancel()
	asked := i.Steady()
	active, err := i.client.introspect(ctx, raw)
	i.mu.Lock()
	defer i.mu.Unlock()
	if err != nil {
		i.lastErr = err
		return false, err
	}
	i.asked = moment{asked, true}
	if active && i.Keep > 0 {
		i.active.Add(key, asked)
	} else {
		i.active.Remove(key)
	}
	return active, nil
}

// note tells once when no answer can be had, and once when it can again.
func (i *Introspector) note(ctx context.Context, err error) {
	if ctx.Err() != nil { // a caller that went away tells nothing
		return
	}
	i.mu.Lock()
	changed := i.unknown != (err != nil)
	i.unknown = err != nil
	i.mu.Unlock()
	switch {
	case !changed:
	case err != nil:
		i.Log.WarnContext(ctx, "revocation_unknown", "accept", i.Accept, "error", err)
	default:
		i.Log.InfoContext(ctx, "revocation_known_again")
	}
}
