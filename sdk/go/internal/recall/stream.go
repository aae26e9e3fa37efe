package recall

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"authsec/sdk/go/internal/sse"
	"authsec/sdk/go/jws"

	"github.com/cenkalti/backoff/v5"
)

// maxEventBytes leaves room for the lines around an event's token.
const maxEventBytes = jws.MaxBytes + 1<<10

// listen keeps a stream open until Close.
func (t *Tracker) listen() {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = 200*time.Millisecond, 30*time.Second
	for {
		err := t.follow(t.ctx, wait.Reset)
		if t.ctx.Err() != nil {
			return
		}
		pause := wait.NextBackOff()
		if refusal, ok := errors.AsType[*StatusError](err); ok {
			pause = max(pause, refusal.RetryAfter)
		}
		t.disconnected(err)
		t.Log.Warn("revocation_stream_lost", "error", err, "retry_in", pause)
		select {
		case <-t.ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// follow reads one stream until it ends, which is always an error. It calls
// proven once the stream has shown a sign of life.
func (t *Tracker) follow(ctx context.Context, proven func()) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// Where the stream is to begin: with what came before we listened.
	if err := t.catchUp(ctx); err != nil {
		return err
	}
	t.mu.RLock()
	after := t.memory.cursor
	t.mu.RUnlock()

	watchdog := time.AfterFunc(t.silence, func() { cancel(errors.New("the stream of recalls fell silent")) })
	defer watchdog.Stop()
	body, err := t.client.open(ctx, after)
	if err != nil {
		return cause(ctx, err)
	}
	defer body.Close() //nolint:errcheck // only read
	t.mu.Lock()
	t.connected = true
	t.mu.Unlock()
	events := sse.NewReader(body, maxEventBytes)
	for {
		message, err := events.Next()
		if errors.Is(err, io.EOF) {
			err = errors.New("the stream of recalls ended")
		}
		if err != nil {
			return cause(ctx, err)
		}
		watchdog.Reset(t.silence)
		// Whoever can put a false event in can also leave a true one out.
		e, err := t.reader.event(ctx, message.Data)
		if err != nil {
			return fmt.Errorf("event of the stream: %w", err)
		}
		living, err := t.receive(ctx, e)
		if err != nil {
			return err
		}
		if living {
			proven()
		}
	}
}

func (t *Tracker) catchUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	err := t.pull(ctx)
	t.remember(feedKey, err)
	return err
}

// receive takes an event of the stream in, and reports whether it is a sign of
// life. A number that does not follow the last one can be a recall of others that
// was passed over, or one of ours that was lost: the next heartbeat has the feed
// tell which, so that however many recalls there are, the feed is read once in a
// heartbeat's time.
func (t *Tracker) receive(ctx context.Context, e *Event) (bool, error) {
	arrived := t.Steady()
	t.mu.Lock()
	if !e.Heartbeat {
		defer t.mu.Unlock()
		t.memory.learn(e)
		if e.Sequence == t.memory.cursor+1 {
			t.memory.cursor++
		}
		return false, nil
	}
	replayed := !t.reader.isAlive(e) || !e.IssuedAt.After(t.lastBeat)
	apart := e.Sequence != t.memory.cursor
	t.mu.Unlock()
	if replayed {
		return false, nil
	}
	if apart {
		// Below what we know it can be a step behind, or of another database.
		if err := t.catchUp(ctx); err != nil {
			return false, fmt.Errorf("close a gap: %w", err)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.memory.cursor < e.Sequence {
		return false, errors.New("close a gap: the feed knows less than the stream")
	}
	t.alive, t.lastBeat = moment{arrived, true}, e.IssuedAt
	return true, nil
}

func (t *Tracker) disconnected(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.connected = false
	t.lastErr = err
	// What the stream said last still holds, for as long as staleness allows.
}

// cause names the watchdog where it ended the request.
func cause(ctx context.Context, err error) error {
	if ended := context.Cause(ctx); ended != nil {
		return ended
	}
	return err
}
