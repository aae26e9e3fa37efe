package revocation

import (
	"context"
	"slices"
	"time"

	"authsec/internal/domain"
)

// ProgressReader finds what was recalled last.
type ProgressReader interface {
	// LastRecallOf returns NotFound if nothing was.
	LastRecallOf(ctx context.Context, s domain.RecallScope) (domain.RecalledChange, error)
	// VerifierReports returns what servers have told since an instant.
	VerifierReports(ctx context.Context, since time.Time) ([]domain.VerifierReport, error)
}

// Progress tells how far recalls have come. All fields are required.
type Progress struct {
	Recalls ProgressReader
	Hub     *Hub
}

// Came is a recall, and who knows of it.
type Came struct {
	domain.RecalledChange
	Verifiers
}

// Last returns the last recall in a scope, of what the caller may see; VisibleTo
// is set here. NotFound: there is none. Forbidden: the caller is nobody.
func (p *Progress) Last(ctx context.Context, caller domain.Caller, s domain.RecallScope) (Came, error) {
	s.VisibleTo = ""
	if !caller.ReadsAll() {
		if s.VisibleTo = caller.UserID; s.VisibleTo == "" {
			return Came{}, domain.Errorf(domain.Forbidden, "forbidden", "Sign in as a user to see what was recalled.")
		}
	}
	for _, id := range []*string{&s.DelegationID, &s.ClientID} {
		var ok bool
		if *id == "" {
			continue
		}
		if *id, ok = domain.ParseID(*id); !ok {
			return Came{}, nothingRecalled()
		}
	}
	if (s.DelegationID == "") == (s.ClientID == "") {
		return Came{}, nothingRecalled()
	}
	change, err := p.Recalls.LastRecallOf(ctx, s)
	if err != nil {
		return Came{}, err
	}
	now := p.Hub.Now()
	reports, err := p.Recalls.VerifierReports(ctx, now.Add(-domain.VerifierReportLife))
	if err != nil {
		return Came{}, err
	}
	// This server knows its own better than it told.
	reports = slices.DeleteFunc(reports, func(r domain.VerifierReport) bool { return r.Server == p.Hub.Server })
	here, elsewhere := p.Hub.Verifiers(change), p.Hub.Count(reports, change, now)
	return Came{change, Verifiers{here.Connected + elsewhere.Connected, here.Heard + elsewhere.Heard, here.Polling + elsewhere.Polling}}, nil
}

func nothingRecalled() error {
	return domain.Errorf(domain.NotFound, "not_found", "Nothing of it was recalled.")
}

// Verifiers are those whose audience a recall concerns.
type Verifiers struct {
	Connected int // open streams
	Heard     int // of those, the ones that were sent all of it
	Polling   int // resources that asked within PollingFor
}

// PollingFor is how long a resource that asked counts as one that polls.
const PollingFor = time.Minute

// asker is a resource that asked, and when.
type asker struct {
	domain.Resource
	at time.Time
}

// Asked notes that a resource asked, by the feed or by introspection.
func (h *Hub) Asked(r domain.Resource) {
	now := h.Now()
	h.asking.Lock()
	defer h.asking.Unlock()
	h.asked[r.ID] = asker{r, now} // resources are let in by their secret: callers cannot make it grow
	h.forgetAskers(now)
}

// forgetAskers leaves those that still count. It looks at all of them no more
// than once in PollingFor.
func (h *Hub) forgetAskers(now time.Time) {
	if since := now.Sub(h.forgot); since >= 0 && since < PollingFor {
		return
	}
	h.forgot = now
	for id, a := range h.asked {
		if !a.polls(now) {
			delete(h.asked, id)
		}
	}
}

func (a asker) polls(now time.Time) bool { return now.Sub(a.at) < PollingFor }

// Verifiers counts those whose audience a recall concerns.
func (h *Hub) Verifiers(change domain.RecalledChange) Verifiers {
	recall := domain.Recall{Audience: change.Audience}
	var v Verifiers
	h.mu.Lock()
	for s := range h.streams {
		if s.out || !h.concerns(s.resource, recall) {
			continue
		}
		v.Connected++
		if s.heard >= change.Seq {
			v.Heard++
		}
	}
	h.mu.Unlock()
	now := h.Now()
	h.asking.Lock()
	defer h.asking.Unlock()
	for _, a := range h.asked {
		if a.polls(now) && h.concerns(a.Resource, recall) {
			v.Polling++
		}
	}
	return v
}
