package signin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"authsec/internal/clocktest"
	"authsec/internal/domain"
)

// auditStub keeps events, or fails while err is set.
type auditStub struct {
	mu     sync.Mutex
	events []domain.Event
	err    error
}

func (a *auditStub) AppendEvents(_ context.Context, events []domain.Event, _ []domain.Use) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err == nil {
		a.events = append(a.events, events...)
	}
	return a.err
}

// attempts returns how many attempts the log tells of.
func (a *auditStub) attempts() (n int) {
	for _, ev := range a.events {
		n += max(ev.Count, 1)
	}
	return n
}

// noteOne notes a refusal as SignIn does; an empty user ID is an account that does not exist.
func noteOne(ctx context.Context, r *Refusals, now time.Time, userID, ip, code string) error {
	return r.note(ctx, "account of "+userID, refused(now, userID, ip, code))
}

func refused(now time.Time, userID, ip, code string) domain.Event {
	ev := domain.NewEvent(now, domain.Caller{Via: domain.ViaSession, IP: ip, RequestID: "req"}, "session.create", domain.Party{Type: "user", ID: userID})
	ev.Outcome, ev.Reasons = domain.OutcomeRefused, []domain.Reason{{Code: code, Message: refusalText(code)}}
	return ev
}

func TestRefusalsAreCountedByTheMinute(t *testing.T) {
	c, audit := clocktest.At(noon), &auditStub{}
	r := &Refusals{Audit: audit, Now: c.Now}
	note := func(userID, ip, code string) {
		t.Helper()
		if err := noteOne(t.Context(), r, c.Now(), userID, ip, code); err != nil {
			t.Fatal(err)
		}
	}
	flush := func() {
		t.Helper()
		if err := r.Flush(t.Context(), false); err != nil {
			t.Fatal(err)
		}
	}
	for range 10 {
		note("u1", "192.0.2.1", "wrong_password")
	}
	if n := len(audit.events); n != 1 || audit.events[0].Count != 0 || audit.events[0].RequestID != "req" {
		t.Fatalf("after ten attempts the log holds %+v, want the first alone", audit.events)
	}
	note("u2", "192.0.2.1", "wrong_password")  // another account
	note("u1", "192.0.2.2", "wrong_password")  // another address
	note("u1", "192.0.2.1", "user_suspended")  // another reason
	note("", "2001:db8::1", "unknown_account") // another subnet
	note("", "2001:db8::2", "unknown_account") // the same
	if n := len(audit.events); n != 5 {
		t.Fatalf("%d kinds were told apart, want 5", n)
	}
	c.Advance(refusalWindow - time.Second)
	if flush(); len(audit.events) != 5 {
		t.Error("a window was closed before it was over")
	}
	c.Advance(time.Second)
	flush()
	var counts []int
	for _, ev := range audit.events[5:] {
		counts = append(counts, ev.Count)
		if ev.Time != c.Now() || ev.RequestID != "" || ev.Outcome != domain.OutcomeRefused {
			t.Errorf("counted event %+v", ev)
		}
		if ev.Target.ID == "" && ev.IP != "2001:db8::/64" {
			t.Errorf("attempts from a subnet are told as from %s", ev.IP)
		}
	}
	slices.Sort(counts)
	if !slices.Equal(counts, []int{1, 9}) || audit.attempts() != 15 {
		t.Errorf("counts %v, %d attempts in all; want [1 9] and 15", counts, audit.attempts())
	}
	note("u1", "192.0.2.1", "wrong_password")
	if ev := audit.events[len(audit.events)-1]; ev.Count != 0 || ev.RequestID != "req" {
		t.Errorf("after the window the next attempt is not a first one: %+v", ev)
	}
}

// However many addresses and accounts take part, the log grows by a bounded number of events.
func TestRefusalsCannotFloodTheChain(t *testing.T) {
	c, audit := clocktest.At(noon), &auditStub{}
	r := &Refusals{Audit: audit, Now: c.Now}
	const n = 5 * maxRefusals
	for i := range n {
		ip := fmt.Sprintf("10.%d.%d.%d", i>>16&255, i>>8&255, i&255)
		if err := noteOne(t.Context(), r, c.Now(), "", ip, "unknown_account"); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(audit.events); got != maxRefusals+1 {
		t.Errorf("%d events, want %d", got, maxRefusals+1)
	}
	if err := r.Flush(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if got := audit.attempts(); got != n {
		t.Errorf("the log tells of %d attempts, want %d", got, n)
	}
	last := audit.events[len(audit.events)-1]
	if last.IP != "" || last.Reasons[0].Code != "many" || last.Count != n-maxRefusals-1 {
		t.Errorf("what was counted together is told as %+v", last)
	}
	if len(r.open) != 0 {
		t.Errorf("%d windows are open after all were flushed", len(r.open))
	}
}

func TestRefusalsSurviveAnOutage(t *testing.T) {
	c, audit := clocktest.At(noon), &auditStub{err: errors.New("away")}
	r := &Refusals{Audit: audit, Now: c.Now}
	if err := noteOne(t.Context(), r, c.Now(), "u1", "192.0.2.1", "wrong_password"); err == nil {
		t.Error("a refusal that could not be recorded was given")
	}
	for range 3 {
		if err := noteOne(t.Context(), r, c.Now(), "u1", "192.0.2.1", "wrong_password"); err != nil {
			t.Fatal(err)
		}
	}
	c.Advance(refusalWindow)
	if err := r.Flush(t.Context(), false); err == nil {
		t.Error("a failed flush reports success")
	}
	audit.err = nil
	for range 2 { // the second finds nothing
		if err := r.Flush(t.Context(), false); err != nil {
			t.Fatal(err)
		}
	}
	if len(audit.events) != 1 || audit.events[0].Count != 4 {
		t.Errorf("after the outage the log holds %+v, want one event of 4", audit.events)
	}
}

func TestConcurrentRefusalsAreAllCounted(t *testing.T) {
	c, audit := clocktest.At(noon), &auditStub{}
	r := &Refusals{Audit: audit, Now: c.Now}
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 50 {
				if err := noteOne(t.Context(), r, noon, "", fmt.Sprintf("192.0.2.%d", i%3), "unknown_account"); err != nil {
					t.Error(err)
				}
				if w == 0 && i%10 == 0 {
					if err := r.Flush(t.Context(), true); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	if err := r.Flush(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if got := audit.attempts(); got != 400 {
		t.Errorf("the log tells of %d attempts, want 400", got)
	}
}

// Recording an event takes longer than counting it: who is known must make no difference to which is done.
func TestRefusalsOfKnownAndUnknownCostTheSame(t *testing.T) {
	e, audit := newEnv(t), &auditStub{}
	e.addUser("ana@example.com", domain.LevelMember, goodPassword)
	e.addUser("bob@example.com", domain.LevelMember, goodPassword)
	e.Refusals.Audit = audit
	for _, c := range []struct {
		email  string
		writes int
	}{
		{"nobody@example.com", 1}, {"noone@example.com", 1}, {"ana@example.com", 1}, {"bob@example.com", 1},
		{"nobody@example.com", 0}, {"ana@example.com", 0}, {"NoOne@example.com", 0}, {"Bob@example.com", 0},
	} {
		before := len(audit.events)
		_, err := e.SignIn(t.Context(), home, c.email, nextPassword)
		wantError(t, err, domain.Unauthenticated, "invalid_credentials")
		if n := len(audit.events) - before; n != c.writes {
			t.Errorf("refusing %s wrote %d events, want %d", c.email, n, c.writes)
		}
	}
}

// When the audit log is away, a sign-in gets that as its answer, right or wrong alike.
func TestNoRefusalWithoutATrace(t *testing.T) {
	e := newEnv(t)
	e.addUser("ana@example.com", domain.LevelMember, goodPassword)
	away := domain.Errorf(domain.Unavailable, "temporarily_unavailable", "away")
	e.Refusals.Audit = &auditStub{err: away}
	_, err := e.SignIn(t.Context(), home, "ana@example.com", nextPassword)
	wantError(t, err, domain.Unavailable, "temporarily_unavailable")
}

func TestRunFlushesBeforeItReturns(t *testing.T) {
	e := newEnv(t)
	for range 3 {
		_, err := e.SignIn(t.Context(), home, "nobody@example.com", goodPassword)
		wantError(t, err, domain.Unauthenticated, "invalid_credentials")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	e.Run(ctx)
	events := e.events("session.create")
	if len(events) != 2 || events[1].Count != 2 {
		t.Errorf("after Run the log holds %+v, want the first and two counted", events)
	}
}
