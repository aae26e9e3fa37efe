package revocation

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"authsec/internal/domain"
)

// told is a Reporter that keeps what it is told.
type told struct {
	mu   sync.Mutex
	all  []domain.VerifierReport
	fail bool
}

func (r *told) ReportVerifiers(ctx context.Context, report domain.VerifierReport) error {
	// A write that hangs would hold up recalls.
	if end, bounded := ctx.Deadline(); !bounded || time.Until(end) > leaveTimeout {
		return domain.Errorf(domain.Internal, "internal", "Without a bound.")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail {
		return domain.Errorf(domain.Unavailable, "temporarily_unavailable", "The database cannot be reached.")
	}
	r.all = append(r.all, report)
	return nil
}

func (r *told) fails(fail bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail = fail
}

func (r *told) last() (domain.VerifierReport, int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.all) == 0 {
		return domain.VerifierReport{}, 0
	}
	return r.all[len(r.all)-1], len(r.all)
}

// What changes is told at the next look, what does not is told now and then, and
// a server that ends takes back what it told.
func TestVerifiersAreReported(t *testing.T) {
	reporter := &told{}
	r := newRunning(t, func(o *HubOptions) { o.Server, o.Reporter = "s1", reporter })
	wants := func(when string, times int, streams string) {
		t.Helper()
		got, n := reporter.last()
		if n != times || fmt.Sprint(got.Streams) != streams || got.Server != "s1" && n > 0 {
			t.Fatalf("%s: told %d times, last %+v; want %d, %s", when, n, got, times, streams)
		}
	}
	r.polls()
	wants("without verifiers", 0, "[]")
	first, second := r.open(billing, 0), r.open(billing, 0)
	r.want(first, 0)
	r.want(second, 0)
	r.polls()
	wants("two are there", 1, fmt.Sprint([]domain.StreamReport{{URI: billing.URI, Heard: 0, Count: 2}}))
	r.polls()
	wants("nothing has changed", 1, fmt.Sprint([]domain.StreamReport{{URI: billing.URI, Heard: 0, Count: 2}}))
	r.base.recall(1, billing.URI)
	r.polls()
	r.want(first, 1)
	go func() { _, _ = first.Next(t.Context()) }()                                             // it asks for more: what it got was delivered
	for v := (Verifiers{}); v.Heard != 1; v = r.hub.Verifiers(domain.RecalledChange{Seq: 1}) { //nolint:revive // until it has asked
	}
	r.polls()
	wants("one has heard", 2, fmt.Sprint([]domain.StreamReport{{URI: billing.URI, Heard: 0, Count: 1}, {URI: billing.URI, Heard: 1, Count: 1}}))
	r.clock.Advance(reportEvery)
	r.polls()
	if _, n := reporter.last(); n != 3 {
		t.Errorf("a report that grows old is renewed: told %d times", n)
	}
	r.hub.Asked(orders)
	reporter.fails(true) // and a database that is away is no harm
	r.polls()
	reporter.fails(false)
	r.polls()
	if got, n := reporter.last(); n != 4 || len(got.Polling) != 1 || got.Polling[0].URI != orders.URI {
		t.Errorf("told %d times, last %+v", n, got)
	}
	r.stop()
	if got, n := reporter.last(); n != 5 || len(got.Streams)+len(got.Polling) != 0 {
		t.Errorf("at the end: told %d times, last %+v", n, got)
	}
}

// What other servers told counts while it is young, and for the audience it concerns.
func TestOtherServersVerifiersCount(t *testing.T) {
	now := start
	change := domain.RecalledChange{Seq: 7, Audience: []string{billing.URI}}
	streams := []domain.StreamReport{{URI: billing.URI, Heard: 6, Count: 2}, {URI: billing.URI, Heard: 9, Count: 3}, {URI: orders.URI, Heard: 9, Count: 10}}
	polling := []domain.PollReport{{URI: billing.URI, At: now.Truncate(PollingFor)}, {URI: orders.URI, At: now}}
	young := domain.VerifierReport{Server: "a", At: now.Add(-domain.VerifierReportLife), Streams: streams, Polling: polling}
	for name, c := range map[string]struct {
		reports []domain.VerifierReport
		want    Verifiers
	}{
		"none":                        {nil, Verifiers{}},
		"one":                         {[]domain.VerifierReport{young}, Verifiers{5, 3, 1}},
		"two, one resource asks both": {[]domain.VerifierReport{young, {Server: "b", At: now, Streams: streams[:1], Polling: polling}}, Verifiers{7, 3, 1}},
		"killed":                      {[]domain.VerifierReport{{Server: "a", At: now.Add(-domain.VerifierReportLife - 1), Streams: streams}}, Verifiers{}},
		"of a clock far ahead":        {[]domain.VerifierReport{{Server: "a", At: now.Add(time.Hour), Streams: streams}}, Verifiers{}},
		"asked long ago":              {[]domain.VerifierReport{{Server: "a", At: now, Polling: []domain.PollReport{{URI: billing.URI, At: now.Add(-2 * PollingFor)}}}}, Verifiers{}},
	} {
		if got := here.Count(c.reports, change, now); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	r := newRunning(t, func(o *HubOptions) { o.Server = "a" })
	own := young
	own.At = r.clock.Now()
	other := own
	other.Server = "b"
	p := &Progress{Recalls: &lastRecalled{change: change, reports: []domain.VerifierReport{own, other}}, Hub: r.hub}
	got, err := p.Last(t.Context(), domain.Operator("root"), domain.RecallScope{ClientID: "0198c1f2-7a10-7c3e-9b1d-00000000000b"})
	if err != nil || got.Connected != 5 || got.Heard != 3 {
		t.Errorf("%v %+v: a server's own report counts beside what it knows", err, got.Verifiers)
	}
}
