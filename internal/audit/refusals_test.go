package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"authsec/internal/clocktest"
	"authsec/internal/domain"
)

// sink is an Appender that keeps what it gets.
type sink struct {
	mu     sync.Mutex
	events []domain.Event
	fail   func([]domain.Event) error
}

func (s *sink) AppendEvents(_ context.Context, events []domain.Event, _ []domain.Use) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		if err := s.fail(events); err != nil {
			return err
		}
	}
	s.events = append(s.events, events...)
	return nil
}

func refusal(c *clocktest.Clock, clientID, ip, code string) domain.Event {
	ev := domain.NewEvent(c.Now(), domain.Caller{Via: domain.ViaSDK, IP: ip, RequestID: "r"}, domain.ActionTokenIssue,
		domain.Party{Type: "agent", ID: clientID, Name: "Agent"})
	ev.Outcome, ev.ClientID = domain.OutcomeRefused, clientID
	ev.Reasons = []domain.Reason{{Code: code, Message: "No."}}
	return ev
}

func newRefusals(s *sink, c *clocktest.Clock) (*Refusals, *logged) {
	var l logged
	return &Refusals{Store: s, Now: c.Now, Logger: l.Logger()}, &l
}

func TestRefusalsFoldByClientAddressReasonAndMinute(t *testing.T) {
	c, s := clocktest.At(start), &sink{}
	r, _ := newRefusals(s, c)
	const code = "invalid_workload_proof"
	for range 3 {
		r.Note(refusal(c, "a", "192.0.2.1", code))
		c.Advance(time.Second)
	}
	r.Note(refusal(c, "b", "192.0.2.1", code))
	r.Note(refusal(c, "a", "192.0.2.2", code))
	r.Note(refusal(c, "a", "192.0.2.1", "workload_proof_required"))
	r.Note(refusal(c, "a", "2001:db8::1", code))
	r.Note(refusal(c, "a", "2001:db8::2%eth0", code))
	r.Note(refusal(c, "a", "2001:db8:0:1::1", code))
	r.Note(refusal(c, "a", "::ffff:192.0.2.1", code))
	if err := r.Flush(t.Context()); err != nil || len(s.events) != 0 {
		t.Fatalf("the running minute was flushed: %d events, %v", len(s.events), err)
	}
	c.Advance(time.Minute)
	r.Note(refusal(c, "a", "192.0.2.1", code)) // the next minute's
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, ev := range s.events {
		got[ev.ClientID+" "+ev.IP+" "+ev.Reasons[0].Code] = ev.Count
	}
	want := map[string]int{
		"a 192.0.2.1 " + code: 4, "b 192.0.2.1 " + code: 1, "a 192.0.2.2 " + code: 1, "a 192.0.2.1 workload_proof_required": 1,
		"a 2001:db8::/64 " + code: 2, "a 2001:db8:0:1::1 " + code: 1,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	for _, ev := range s.events {
		if ev.Count == 4 {
			var d refusalDetails
			if err := json.Unmarshal(ev.Details, &d); err != nil || !d.FirstAt.Equal(start) || !d.LastAt.Equal(start.Add(3*time.Second)) || !ev.Time.Equal(d.LastAt) {
				t.Errorf("details %s of an event at %v", ev.Details, ev.Time)
			}
			if ev.RequestID != "" {
				t.Error("an event for four requests names one of them")
			}
		}
	}
	s.events = nil
	if err := r.Close(t.Context()); err != nil || len(s.events) != 1 || s.events[0].RequestID != "r" {
		t.Errorf("Close left the running minute: %v, %v", s.events, err)
	}
}

// The person who lent a delegation sees its events: not the counts of another's.
func TestRefusalsOfTwoDelegationsStayApart(t *testing.T) {
	c, s := clocktest.At(start), &sink{}
	r, _ := newRefusals(s, c)
	for i := range 6 {
		ev := refusal(c, "a", "192.0.2.1", "action_not_delegated")
		ev.DelegationID = fmt.Sprint("d", i/4)
		r.Note(ev)
	}
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(s.events) != 2 || s.events[0].DelegationID != "d0" || s.events[0].Count != 4 || s.events[1].DelegationID != "d1" || s.events[1].Count != 2 {
		t.Errorf("%+v", s.events)
	}
}

func TestRefusalsUnknownClientsAreOne(t *testing.T) {
	c, s := clocktest.At(start), &sink{}
	r, _ := newRefusals(s, c)
	for i := range 1000 {
		r.Note(refusal(c, fmt.Sprint("made-up-", i), "192.0.2.1", "unknown_client"))
	}
	r.Note(refusal(c, "x", "not an address\nat all", "unknown_client"))
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(s.events) != 2 || s.events[0].Count+s.events[1].Count != 1001 {
		t.Fatalf("%d events", len(s.events))
	}
	for _, ev := range s.events {
		if b, _ := ev.Encode(); strings.Contains(string(b), "made-up") || strings.Contains(string(b), "not an address") {
			t.Errorf("what the caller made up is in the log: %s", b)
		}
	}
}

func TestRefusalsFloodIsBounded(t *testing.T) {
	c, s := clocktest.At(start), &sink{}
	r, _ := newRefusals(s, c)
	r.Limit = 100
	const flood = 5000
	for i := range flood {
		r.Note(refusal(c, "a", fmt.Sprintf("10.0.%d.%d", i/256, i%256), "invalid_workload_proof"))
	}
	if n := len(r.buckets); n != 101 {
		t.Errorf("%d buckets in memory", n)
	}
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, ev := range s.events {
		sum += ev.Count
		if ev.Reasons[0].Code == "overflow" && (ev.Count != flood-100 || ev.IP != "" || ev.ClientID != "") {
			t.Errorf("overflow: %+v", ev)
		}
	}
	if sum != flood || len(s.events) != 101 {
		t.Errorf("%d refusals in %d events", sum, len(s.events))
	}
}

func TestRefusalsSurviveAnOutageWithinBounds(t *testing.T) {
	c := clocktest.At(start)
	away := &domain.Error{Kind: domain.Unavailable}
	s := &sink{fail: func([]domain.Event) error { return away }}
	r, _ := newRefusals(s, c)
	r.Limit = 50
	noted := 0
	for minute := range 4 {
		for i := range 60 {
			r.Note(refusal(c, "a", fmt.Sprintf("10.0.%d.%d", minute, i), "invalid_workload_proof"))
			noted++
		}
		c.Advance(time.Minute)
		if err := r.Flush(t.Context()); !errors.Is(err, away) {
			t.Fatalf("flush: %v", err)
		}
	}
	if n := len(r.buckets); n > 50+4 {
		t.Errorf("%d buckets after an outage", n)
	}
	s.fail = nil
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, ev := range s.events {
		sum += ev.Count
	}
	if sum != noted || len(r.buckets) != 0 {
		t.Errorf("%d of %d refusals recorded, %d buckets left", sum, noted, len(r.buckets))
	}
}

func TestRefusalsPoisonDoesNotBlockTheOthers(t *testing.T) {
	c := clocktest.At(start)
	s := &sink{fail: func(events []domain.Event) error {
		for _, ev := range events {
			if ev.ClientID == "poison" {
				return errors.New("cannot be stored")
			}
		}
		return nil
	}}
	r, l := newRefusals(s, c)
	for i := range 10 {
		r.Note(refusal(c, fmt.Sprint(i), "192.0.2.1", "invalid_workload_proof"))
	}
	r.Note(refusal(c, "poison", "192.0.2.1", "invalid_workload_proof"))
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(s.events) != 10 || len(r.buckets) != 0 || !strings.Contains(l.String(), "given up") {
		t.Errorf("%d recorded, %d left, log %q", len(s.events), len(r.buckets), l)
	}
}

func TestRefusalsRunAndRace(t *testing.T) {
	c, s := clocktest.At(start), &sink{}
	r, _ := newRefusals(s, c)
	tick := make(chan time.Time)
	ctx, cancel := context.WithCancel(t.Context())
	var running, noting sync.WaitGroup
	running.Go(func() { r.Run(ctx, tick) })
	for w := range 8 {
		noting.Go(func() {
			for i := range 200 {
				r.Note(refusal(c, fmt.Sprint(w), "192.0.2.1", "invalid_workload_proof"))
				if i%20 == 0 {
					c.Advance(10 * time.Second)
				}
			}
		})
	}
	for range 5 {
		tick <- start
	}
	noting.Wait()
	cancel()
	running.Wait()
	if err := r.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, ev := range s.events {
		sum += ev.Count
	}
	if sum != 1600 {
		t.Errorf("%d refusals recorded, want 1600", sum)
	}
}

func BenchmarkRefusalsNote(b *testing.B) {
	c := clocktest.At(start)
	r, _ := newRefusals(&sink{}, c)
	ev := refusal(c, "a", "2001:db8::1", "invalid_workload_proof")
	b.ReportAllocs()
	for b.Loop() {
		r.Note(ev)
	}
}
