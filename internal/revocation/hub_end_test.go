package revocation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"authsec/internal/domain"

	"pgregory.net/rapid"
)

// A heartbeat says that nothing was missed: without a look, there is none.
func TestNoHeartbeatWithoutTheDatabase(t *testing.T) {
	r := newRunning(t, plain)
	s := r.open(billing, 0)
	r.want(s, 0)
	r.base.set(func() { r.base.err = errors.New("gone") })
	r.beats()
	r.beats()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if m, err := s.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v %v", m, err)
	}
	if n := strings.Count(r.log.String(), "recalls cannot be read"); n != 1 {
		t.Errorf("logged %d times: %s", n, r.log)
	}
	if _, err := r.hub.Open(t.Context(), billing, 0); domain.KindOf(err) != domain.Unavailable {
		t.Errorf("opened: %v", err)
	}
	if _, err := r.hub.Page(t.Context(), billing, 0); err == nil {
		t.Error("a page without the database")
	}
	r.base.set(func() { r.base.err = nil })
	r.base.recall(1)
	r.beats()
	r.want(s, 1)
	r.want(s, -1)
}

// A number that was never given out is of another database: its reader starts
// where this one ends, is told so, and misses nothing that follows.
func TestOlderDatabase(t *testing.T) {
	r := newRunning(t, plain)
	r.base.recall(5)
	s := r.open(billing, 5)
	r.want(s, -5)
	r.base.set(func() { r.base.recalls = r.base.recalls[:2] })
	r.beats()
	r.want(s, -2)
	r.base.recall(1)
	r.polls()
	r.want(s, 3)
	ahead := r.open(billing, 99)
	r.want(ahead, -3)
	r.base.recall(1)
	r.polls()
	r.want(ahead, 4)
	if p, err := r.hub.Page(t.Context(), billing, 99); err != nil || p.Last != 4 || len(p.Messages) != 0 {
		t.Errorf("%+v %v", p, err)
	}
}

func TestStreamsAreCapped(t *testing.T) {
	r := newRunning(t, func(o *HubOptions) { o.MaxStreams, o.MaxStreamsPerResource = 3, 2 })
	first := r.open(billing, 0)
	r.open(billing, 0)
	if _, err := r.hub.Open(t.Context(), billing, 0); domain.KindOf(err) != domain.RateLimited {
		t.Errorf("a third of one resource: %v", err)
	}
	r.open(orders, 0)
	if _, err := r.hub.Open(t.Context(), orders, 0); domain.KindOf(err) != domain.Unavailable {
		t.Errorf("a fourth: %v", err)
	}
	first.Close()
	r.open(orders, 0)
}

// The server's end ends streams, and lets in no other.
func TestEndOfTheServer(t *testing.T) {
	r := newRunning(t, plain)
	s := r.open(billing, 0)
	r.want(s, 0)
	var got error
	var done sync.WaitGroup
	done.Go(func() { _, got = s.Next(t.Context()) })
	r.stop()
	done.Wait()
	if !errors.Is(got, io.EOF) {
		t.Errorf("%v", got)
	}
	if _, err := r.hub.Open(t.Context(), billing, 0); domain.KindOf(err) != domain.Unavailable {
		t.Errorf("%v", err)
	}
}

// A resource that is gone, or whose secret is another, has no streams from the
// next heartbeat on.
func TestCredentialEndsItsStreams(t *testing.T) {
	r := newRunning(t, plain)
	b, o := r.open(billing, 0), r.open(orders, 0)
	r.want(b, 0)
	r.want(o, 0)
	r.base.set(func() {
		rotated := r.base.resources[billing.ID]
		rotated.SecretHash = domain.Secret("another").Hash()
		r.base.resources[billing.ID] = rotated
	})
	r.beats()
	if _, err := b.Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("rotated: %v", err)
	}
	r.want(o, 0)
	r.base.set(func() { delete(r.base.resources, orders.ID) })
	r.beats()
	if _, err := o.Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("gone: %v", err)
	}
}

// A recall is never passed over for want of a signature.
func TestUnsignedIsNotPassedOver(t *testing.T) {
	r := newRunning(t, plain)
	r.base.recall(1)
	s := r.open(billing, 0)
	r.signer.fail.Store(true)
	if m, err := s.Next(t.Context()); err == nil {
		t.Fatalf("%v", m)
	}
	if _, err := r.hub.Page(t.Context(), billing, 0); err == nil {
		t.Error("a page without signatures")
	}
	r.signer.fail.Store(false)
	r.want(s, 1)
	r.polls()
	r.want(s, -1)
	r.base.recall(1)
	r.polls()
	r.signer.fail.Store(true)
	if m, err := s.Next(t.Context()); err == nil { // from memory this time
		t.Fatalf("%v", m)
	}
	r.signer.fail.Store(false)
	r.want(s, 2)
}

// A message is signed again before the key that signed it can be gone.
func TestSignaturesAreRenewed(t *testing.T) {
	r := newRunning(t, plain)
	r.base.recall(1)
	for range 3 {
		_, err := r.hub.Page(t.Context(), billing, 0)
		must(t, err)
	}
	r.clock.Advance(keptFor)
	_, err := r.hub.Page(t.Context(), billing, 0)
	must(t, err)
	if n := r.signer.n.Load(); n != 2 {
		t.Errorf("%d signatures", n)
	}
}

// Whatever the order of recalls, looks, breaks and resumptions, a stream's reader
// gets each recall that concerns it once, in order, and no heartbeat runs ahead.
func TestNothingIsMissed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := newRunning(t, plain)
		defer r.stop()
		var want, got []int64
		at := int64(0)
		s := r.open(billing, 0)
		drain := func() {
			for {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				messages, err := s.Next(ctx)
				if err != nil {
					return
				}
				for _, m := range messages {
					if m.Event == EventRecall {
						got = append(got, m.Seq)
					} else if len(want) > len(got) && want[len(got)] <= m.Seq {
						rt.Fatalf("heartbeat %d, and %d was not sent", m.Seq, want[len(got)])
					}
					at = max(at, m.Seq)
				}
			}
		}
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			switch rapid.IntRange(0, 4).Draw(rt, "step") {
			case 0:
				audience := rapid.SampledFrom([]string{billing.URI, orders.URI, "authsec-api"}).Draw(rt, "audience")
				n := rapid.SampledFrom([]int{1, 2, pageSize, tailSize + 1}).Draw(rt, "n")
				for i := range n {
					if audience != orders.URI {
						want = append(want, int64(len(r.base.recalls)+i+1))
					}
				}
				r.base.recall(n, audience)
			case 1:
				r.polls()
			case 2:
				r.beats()
			case 3:
				drain()
			case 4:
				s.Close()
				s = r.open(billing, at)
			}
		}
		r.beats()
		drain()
		if fmt.Sprint(got) != fmt.Sprint(want) {
			rt.Fatalf("got %v\nwant %v", got, want)
		}
	})
}
