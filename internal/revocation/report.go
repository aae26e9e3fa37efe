package revocation

import (
	"cmp"
	"context"
	"reflect"
	"slices"
	"time"

	"authsec/internal/domain"
)

// Reporter keeps what the servers know of their verifiers, for each other and
// for the command line.
type Reporter interface {
	// ReportVerifiers replaces what this server has told.
	ReportVerifiers(ctx context.Context, r domain.VerifierReport) error
}

// reportEvery is how often a report is renewed while nothing changes.
const reportEvery = domain.VerifierReportLife / 3

const (
	// reportTimeout bounds how long a slow write may hold up the next look for recalls.
	reportTimeout = 500 * time.Millisecond
	leaveTimeout  = 2 * time.Second
)

// report tells what changed, or that nothing did. It is called by Run alone.
func (h *Hub) report(ctx context.Context) {
	if h.Reporter == nil {
		return
	}
	now := h.Now().UTC()
	r := h.verifiers(now)
	same := reflect.DeepEqual(r.Streams, h.told.Streams) && reflect.DeepEqual(r.Polling, h.told.Polling)
	if same && (now.Sub(h.told.At) < reportEvery || (len(r.Streams) == 0 && len(r.Polling) == 0)) {
		return
	}
	bounded, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	if err := h.Reporter.ReportVerifiers(bounded, r); err != nil {
		if !h.untold && ctx.Err() == nil {
			h.Log.WarnContext(ctx, "other servers are not told which verifiers listen here", "error", err)
		}
		h.untold = true
		return
	}
	h.told, h.untold = r, false
}

// leave takes back what was told: this server ends.
func (h *Hub) leave(ctx context.Context) {
	if h.Reporter == nil || (len(h.told.Streams) == 0 && len(h.told.Polling) == 0) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
	defer cancel()
	// If it cannot be: the report counts no longer than a killed server's.
	_ = h.Reporter.ReportVerifiers(ctx, domain.VerifierReport{Server: h.Server, At: h.Now().UTC()})
}

// verifiers is what there is to report.
func (h *Hub) verifiers(now time.Time) domain.VerifierReport {
	r := domain.VerifierReport{Server: h.Server, At: now}
	counts := map[domain.StreamReport]int{}
	h.mu.Lock()
	for s := range h.streams {
		if !s.out && !h.ended {
			counts[domain.StreamReport{URI: s.resource.URI, Heard: s.heard}]++
		}
	}
	h.mu.Unlock()
	for s, n := range counts {
		s.Count = n
		r.Streams = append(r.Streams, s)
	}
	h.asking.Lock()
	for _, a := range h.asked {
		if a.polls(now) {
			// Told by the minute: an API that introspects each request changes nothing.
			r.Polling = append(r.Polling, domain.PollReport{URI: a.URI, At: a.at.UTC().Truncate(PollingFor)})
		}
	}
	h.asking.Unlock()
	slices.SortFunc(r.Streams, func(a, b domain.StreamReport) int {
		return cmp.Or(cmp.Compare(a.URI, b.URI), cmp.Compare(a.Heard, b.Heard))
	})
	slices.SortFunc(r.Polling, func(a, b domain.PollReport) int { return cmp.Compare(a.URI, b.URI) })
	return r
}

// Count counts the verifiers of reports that a recall concerns, at an instant.
// What a server told too long ago does not count: it may be gone.
func (d Deployment) Count(reports []domain.VerifierReport, change domain.RecalledChange, now time.Time) Verifiers {
	recall := domain.Recall{Audience: change.Audience}
	var v Verifiers
	asked := map[string]bool{} // a resource may ask several servers
	for _, r := range reports {
		if age := now.Sub(r.At); age > domain.VerifierReportLife || age < -domain.VerifierReportLife {
			continue
		}
		for _, s := range r.Streams {
			if !d.concerns(domain.Resource{URI: s.URI}, recall) {
				continue
			}
			v.Connected += s.Count
			if s.Heard >= change.Seq {
				v.Heard += s.Count
			}
		}
		for _, p := range r.Polling {
			if now.Sub(p.At) < 2*PollingFor && !asked[p.URI] && d.concerns(domain.Resource{URI: p.URI}, recall) {
				asked[p.URI] = true
				v.Polling++
			}
		}
	}
	return v
}
