package revocation

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"authsec/internal/clocktest"
	"authsec/internal/domain"
)

// running is a hub whose ticks a test gives.
type running struct {
	t          *testing.T
	hub        *Hub
	base       *base
	signer     *signer
	clock      *clocktest.Clock
	poll, beat chan time.Time
	stop       func() // and wait for its end
	log        *bytes.Buffer
}

func newRunning(t *testing.T, change func(*HubOptions)) *running {
	t.Helper()
	r := &running{t: t, base: newBase(), signer: &signer{}, clock: clock(), poll: make(chan time.Time), beat: make(chan time.Time), log: &bytes.Buffer{}}
	o := HubOptions{Deployment: here, Recalls: r.base, Resources: r.base, Signer: r.signer, Now: r.clock.Now, Log: slog.New(slog.NewTextHandler(r.log, nil))}
	change(&o)
	var err error
	r.hub, err = NewHub(o)
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { r.hub.Run(ctx, r.poll, r.beat) })
	r.stop = func() { cancel(); done.Wait() }
	t.Cleanup(r.stop)
	return r
}

func plain(*HubOptions) {}

// polls has the hub look, and returns when it has: it takes the second tick only then.
func (r *running) polls() {
	r.poll <- start
	r.poll <- start
}

func (r *running) beats() {
	r.clock.Advance(BeatEvery)
	r.beat <- start
	r.poll <- start
}

func (r *running) open(resource domain.Resource, since int64) *Stream {
	r.t.Helper()
	s, err := r.hub.Open(r.t.Context(), resource, since)
	must(r.t, err)
	return s
}

// next returns the numbers of the next messages, "h" before a heartbeat's.
func (r *running) next(s *Stream) []int64 {
	r.t.Helper()
	messages, err := s.Next(r.t.Context())
	must(r.t, err)
	var out []int64
	for _, m := range messages {
		typ, c := claims(r.t, m.JWS)
		seq, _ := c["seq"].(float64)
		if c["iss"] != testIssuer || int64(seq) != m.Seq || (m.Event == EventHeartbeat) != (typ == "authsec-heartbeat+jwt") || (m.Event == EventRecall) != (typ == "authsec-recall+jwt") {
			r.t.Errorf("%s %s %v", m.Event, typ, c)
		}
		if m.Event == EventHeartbeat {
			out = append(out, -m.Seq)
			continue
		}
		out = append(out, m.Seq)
	}
	return out
}

func (r *running) want(s *Stream, want ...int64) {
	r.t.Helper()
	got := r.next(s)
	if len(got) != len(want) {
		r.t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			r.t.Fatalf("got %v, want %v", got, want)
		}
	}
}

// Numbers below are of recalls; negative ones of heartbeats.
func TestStreamResumesAndGoesOn(t *testing.T) {
	r := newRunning(t, plain)
	r.base.recall(3)
	fresh, back := r.open(billing, 0), r.open(billing, 2)
	r.want(fresh, 1, 2, 3)
	r.want(fresh, -3)
	r.want(back, 3)
	r.want(back, -3)
	r.base.recall(2)
	r.polls()
	r.want(fresh, 4, 5)
	r.want(back, 4, 5)
	if n := r.signer.n.Load(); n != 6 { // five recalls and one heartbeat, for both
		t.Errorf("%d signatures", n)
	}
	r.base.recall(1)
	r.hub.Wake()
	r.polls()
	r.want(fresh, 6)
	r.beats()
	r.want(fresh, -6)
	r.want(back, 6)
	r.want(back, -6)
}

// Each resource sees what may concern it, and a heartbeat tells what it passed over.
func TestResourcesSeeTheirOwn(t *testing.T) {
	r := newRunning(t, plain)
	r.base.recall(1, billing.URI)
	r.base.recall(1, orders.URI)
	r.base.recall(1, orders.URI, billing.URI)
	r.base.recall(1)                // the default audience
	r.base.recall(1, "authsec-api") // named
	r.base.recall(1, "https://third.example")
	b, o := r.open(billing, 0), r.open(orders, 0)
	r.want(b, 1, 3, 4, 5)
	r.want(b, -6)
	r.want(o, 2, 3, 4, 5)
	r.want(o, -6)
	r.base.recall(1, orders.URI)
	r.polls()
	r.want(o, 7)
	r.beats()
	r.want(b, -7) // and nothing before
	for resource, want := range map[string]int{billing.ID: 4, orders.ID: 5} {
		p, err := r.hub.Page(t.Context(), r.base.resources[resource], 0)
		if err != nil || len(p.Messages) != want || p.Last != 7 || p.More {
			t.Errorf("%+v %v", p, err)
		}
	}
}

// What all have let go of is passed over: its tokens have ended, leeway included.
func TestEndedRecallsArePassedOver(t *testing.T) {
	r := newRunning(t, plain)
	r.base.recall(1)
	r.clock.Set(start.Add(time.Hour + 30*time.Second))
	if p, err := r.hub.Page(t.Context(), billing, 0); err != nil || len(p.Messages) != 1 {
		t.Errorf("%+v %v", p, err)
	}
	r.clock.Advance(time.Nanosecond)
	if p, err := r.hub.Page(t.Context(), billing, 0); err != nil || len(p.Messages) != 0 || p.Last != 1 {
		t.Errorf("%+v %v", p, err)
	}
}

// An event says which, and neither who nor why.
func TestRecallClaims(t *testing.T) {
	r := newRunning(t, plain)
	r.base.recall(1)
	r.base.set(func() {
		r.base.recalls = append(r.base.recalls, domain.Recall{Seq: 2, At: start, TokenID: "jti-1", Audience: []string{billing.URI}, Until: start.Add(time.Hour)})
	})
	p, err := r.hub.Page(t.Context(), billing, 0)
	must(t, err)
	_, status := claims(t, p.Messages[0].JWS)
	_, one := claims(t, p.Messages[1].JWS)
	entry, _ := status["status_list"].(map[string]any)
	if len(status) != 4 || status["iat"] != float64(start.Unix()) || len(entry) != 2 || entry["idx"] != 1.0 || entry["uri"] != testIssuer+"/oauth2/status-lists/1" {
		t.Errorf("%v", status)
	}
	if len(one) != 4 || one["jti"] != "jti-1" {
		t.Errorf("%v", one)
	}
}

// More than a page, and more than the memory holds, comes whole and in order.
func TestLongBacklog(t *testing.T) {
	r := newRunning(t, plain)
	s := r.open(billing, 0)
	r.want(s, 0) // a heartbeat of number 0
	const n = tailSize + 3*pageSize + 7
	r.base.recall(n)
	r.polls()
	late := r.open(billing, n-5)
	r.base.recall(pageSize + 3)
	r.polls()
	follow := func(s *Stream, at int64) {
		for at <= n+pageSize+3 {
			for _, seq := range r.next(s) {
				if seq != at {
					t.Fatalf("got %d, want %d", seq, at)
				}
				at++
			}
		}
	}
	follow(s, 1)
	follow(late, n-4)
	r.want(late, -(n + pageSize + 3))
	if len(r.hub.tail) > tailSize {
		t.Errorf("%d recalls in memory", len(r.hub.tail))
	}
}
