package revocation

import (
	"context"
	"testing"
	"time"

	"authsec/internal/domain"
)

// lastRecalled is a store that knows one recall, and notes what was asked.
type lastRecalled struct {
	change  domain.RecalledChange
	asked   domain.RecallScope
	reports []domain.VerifierReport
}

func (l *lastRecalled) VerifierReports(context.Context, time.Time) ([]domain.VerifierReport, error) {
	return l.reports, nil
}

func (l *lastRecalled) LastRecallOf(_ context.Context, s domain.RecallScope) (domain.RecalledChange, error) {
	l.asked = s
	return l.change, nil
}

// A verifier has heard when what it was sent was delivered, not when it was made.
func TestHeardWhenDelivered(t *testing.T) {
	r := newRunning(t, plain)
	b, o := r.open(billing, 0), r.open(orders, 0)
	r.want(b, 0)
	r.want(o, 0)
	r.base.recall(2, billing.URI)
	change := domain.RecalledChange{Seq: 2, Audience: []string{billing.URI}}
	wants := func(when string, want Verifiers) {
		t.Helper()
		if got := r.hub.Verifiers(change); got != want {
			t.Errorf("%s: %+v, want %+v", when, got, want)
		}
	}
	wants("before the hub looked", Verifiers{Connected: 1})
	r.polls()
	wants("before it was sent", Verifiers{Connected: 1})
	r.want(b, 1, 2)
	wants("while it is written", Verifiers{Connected: 1})
	waiting, stop := context.WithCancel(t.Context())
	stop()
	if _, err := b.Next(waiting); err == nil {
		t.Fatal("there is more than was recalled")
	}
	wants("delivered", Verifiers{Connected: 1, Heard: 1})
	change.Seq = 1
	wants("a later number counts", Verifiers{Connected: 1, Heard: 1})
	change.Audience = nil // the default audience is every resource's; orders heard nothing yet
	wants("everybody's", Verifiers{Connected: 2, Heard: 1})
	r.beats()
	r.want(o, -2)
	if _, err := o.Next(waiting); err == nil {
		t.Fatal("there is more than a heartbeat")
	}
	wants("a heartbeat of a later number", Verifiers{Connected: 2, Heard: 2})
	b.Close()
	wants("after one has gone", Verifiers{Connected: 1, Heard: 1})
}

// Who says that it knows more than there is has not heard of what comes.
func TestNumberOfAnotherDatabaseIsNotHeard(t *testing.T) {
	r := newRunning(t, plain)
	r.open(billing, 1<<40)
	change := domain.RecalledChange{Seq: 1}
	r.base.recall(1)
	r.polls()
	if got := r.hub.Verifiers(change); got != (Verifiers{Connected: 1}) {
		t.Errorf("%+v", got)
	}
	back := r.open(billing, 1)
	defer back.Close()
	if got := r.hub.Verifiers(change); got.Heard != 1 {
		t.Errorf("resumed after it: %+v", got)
	}
}

func TestWhoPolls(t *testing.T) {
	r := newRunning(t, plain)
	polling := func(audience ...string) int {
		return r.hub.Verifiers(domain.RecalledChange{Audience: audience}).Polling
	}
	r.hub.Asked(billing)
	r.hub.Asked(billing)
	r.clock.Advance(PollingFor / 2)
	r.hub.Asked(orders)
	if polling() != 2 || polling(billing.URI) != 1 || polling("https://other.example") != 0 || polling(here.DefaultAudience) != 2 {
		t.Errorf("%d, %d, %d, %d", polling(), polling(billing.URI), polling("https://other.example"), polling(here.DefaultAudience))
	}
	r.clock.Advance(PollingFor / 2)
	if polling() != 1 || polling(billing.URI) != 0 {
		t.Errorf("after a minute: %d, %d", polling(), polling(billing.URI))
	}
	r.hub.Asked(orders)
	if len(r.hub.asked) != 1 {
		t.Errorf("%d are kept", len(r.hub.asked))
	}
	r.clock.Advance(-time.Hour) // a clock that was put back
	r.hub.Asked(billing)
	if r.clock.Advance(PollingFor); polling(billing.URI) != 0 {
		t.Error("it polls for ever")
	}
}

// Whoever does not read everything sees recalls of their own delegations.
func TestWhoSeesProgress(t *testing.T) {
	r := newRunning(t, plain)
	store := &lastRecalled{change: domain.RecalledChange{Seq: 1, Tokens: 3}}
	p := &Progress{Recalls: store, Hub: r.hub}
	const user, id = "0198c1f2-7a10-7c3e-9b1d-00000000000a", "0198c1f2-7a10-7c3e-9b1d-00000000000b"
	for name, c := range map[string]struct {
		caller domain.Caller
		scope  domain.RecallScope
		asked  domain.RecallScope
		kind   domain.Kind
	}{
		"an admin":        {domain.Caller{UserID: user, Level: domain.LevelAdmin}, domain.RecallScope{DelegationID: id}, domain.RecallScope{DelegationID: id}, 0},
		"an auditor":      {domain.Caller{UserID: user, Level: domain.LevelAuditor}, domain.RecallScope{ClientID: id}, domain.RecallScope{ClientID: id}, 0},
		"an operator":     {domain.Operator("root"), domain.RecallScope{ClientID: id, VisibleTo: user}, domain.RecallScope{ClientID: id}, 0},
		"a member":        {domain.Caller{UserID: user, Level: domain.LevelMember}, domain.RecallScope{ClientID: id}, domain.RecallScope{ClientID: id, VisibleTo: user}, 0},
		"in capitals":     {domain.Operator("root"), domain.RecallScope{DelegationID: "0198C1F2-7A10-7C3E-9B1D-00000000000B"}, domain.RecallScope{DelegationID: id}, 0},
		"nobody":          {domain.Caller{}, domain.RecallScope{ClientID: id}, domain.RecallScope{}, domain.Forbidden},
		"no ID":           {domain.Operator("root"), domain.RecallScope{ClientID: "x"}, domain.RecallScope{}, domain.NotFound},
		"of nothing":      {domain.Operator("root"), domain.RecallScope{}, domain.RecallScope{}, domain.NotFound},
		"of both at once": {domain.Operator("root"), domain.RecallScope{ClientID: id, DelegationID: id}, domain.RecallScope{}, domain.NotFound},
	} {
		store.asked = domain.RecallScope{}
		got, err := p.Last(t.Context(), c.caller, c.scope)
		if store.asked != c.asked || (err != nil) != (c.kind != 0) || (err != nil && domain.KindOf(err) != c.kind) || (err == nil && got.Tokens != 3) {
			t.Errorf("%s: asked %+v, got %+v %v", name, store.asked, got, err)
		}
	}
}
