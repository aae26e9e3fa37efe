package storetest

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/store"
)

func overview(t *testing.T, s *store.Store, from, to time.Time, visibleTo string) domain.Overview {
	t.Helper()
	q, err := domain.NewOverviewQuery(from, to, logNow)
	if err != nil {
		t.Fatal(err)
	}
	q.VisibleTo = visibleTo
	o, err := s.Overview(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestOverviewOfAnEmptyHouse(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		o := overview(t, s, time.Time{}, time.Time{}, "")
		if o.Counts != (domain.OverviewCounts{}) || o.Checklist != (domain.Checklist{}) || len(o.Series) != 0 || o.Series == nil || len(o.AtRisk) != 0 {
			t.Errorf("%+v", o)
		}
		if !o.To.Equal(logNow) || !o.From.Equal(logNow.Add(-24*time.Hour)) || o.Bucket != time.Hour {
			t.Errorf("window %v to %v by %v", o.From, o.To, o.Bucket)
		}
	})
}

func TestOverviewCountsAndSeries(t *testing.T) {
	eachRaw(t, func(t *testing.T, s *store.Store, raw *sql.DB) {
		w := newLogWorld(t, raw)
		w.agent(t, raw, logID(13), "Deleted", "permissive", "deleted", logNow)
		w.delegation(t, raw, logID(23), w.support, w.ana, "revoked", 0)
		w.delegation(t, raw, logID(24), w.support, w.ana, "active", logNow.UnixMicro()) // ends now: ended
		const ok, no = domain.OutcomeSuccess, domain.OutcomeRefused
		hour := func(n int) time.Time { return logNow.Truncate(time.Hour).Add(time.Duration(n) * time.Hour) }
		appendAll(t, s,
			tokenEvent(hour(-2), ok, w.support, w.anas, 0),
			tokenEvent(hour(-2).Add(time.Hour-time.Microsecond), ok, w.support, w.anas, 0),
			tokenEvent(hour(-1), no, w.support, w.anas, 0),
			tokenEvent(hour(-1), ok, w.billing, w.bobs, 0),
			tokenEvent(hour(-1), no, "", "", 40),           // unknown clients
			tokenEvent(hour(-1), no, logID(99), "", 2),     // no agent of ours
			tokenEvent(hour(-3), ok, w.billing, w.bobs, 0), // before the window
			tokenEvent(logNow, ok, w.billing, w.bobs, 0),   // its end is not included
			event(1),
		)
		o := overview(t, s, hour(-2), logNow, "")
		if want := (domain.OverviewCounts{Agents: 2, ActiveDelegations: 2, Users: 2, TokensIssued: 3, TokensRefused: 43}); o.Counts != want {
			t.Errorf("counts %+v, want %+v", o.Counts, want)
		}
		if got, want := describe(o), "Customer Support 10:00 2/0 11:00 0/1 12:00 0/0; Billing 10:00 0/0 11:00 1/0 12:00 0/0; rest 10:00 0/0 11:00 0/42 12:00 0/0"; got != want {
			t.Errorf("series\n%s\nwant\n%s", got, want)
		}
		if a := o.Series[0].Agent; a.ClientID != w.support || a.Type != "langchain" {
			t.Errorf("agent %+v", a)
		}
		o = overview(t, s, hour(-2), logNow, w.ana)
		if want := (domain.OverviewCounts{Agents: 1, ActiveDelegations: 1, TokensIssued: 2, TokensRefused: 1}); o.Counts != want {
			t.Errorf("Ana's counts %+v, want %+v", o.Counts, want)
		}
		if got, want := describe(o), "Customer Support 10:00 2/0 11:00 0/1 12:00 0/0"; got != want {
			t.Errorf("Ana's series %s", got)
		}
		// By days, from the middle of one to the middle of another.
		o = overview(t, s, logNow.AddDate(0, 0, -4), logNow, "")
		if n := len(o.Series[0].Points); o.Bucket != 24*time.Hour || n != 5 || !o.Series[0].Points[4].Start.Equal(logNow.Truncate(24*time.Hour)) || o.Counts.TokensIssued != 4 {
			t.Errorf("by days: %v, %d points, %s", o.Bucket, n, describe(o))
		}
	})
}

func describe(o domain.Overview) string {
	var series []string
	for _, s := range o.Series {
		line := "rest"
		if s.Agent != nil {
			line = s.Agent.Name
		}
		for _, p := range s.Points {
			line += fmt.Sprintf(" %s %d/%d", p.Start.Format("15:04"), p.Issued, p.Refused)
		}
		series = append(series, line)
	}
	return strings.Join(series, "; ")
}

func TestOverviewSeriesAreBounded(t *testing.T) {
	eachRaw(t, func(t *testing.T, s *store.Store, raw *sql.DB) {
		var w logWorld
		var events []domain.Event
		for i := range 15 {
			w.agent(t, raw, logID(100+i), fmt.Sprintf("Agent %02d", i), "required", "active", logNow)
			events = append(events, tokenEvent(logNow.Add(-time.Hour), domain.OutcomeSuccess, logID(100+i), "", i+1))
		}
		appendAll(t, s, events...)
		o := overview(t, s, time.Time{}, time.Time{}, "")
		if len(o.Series) != 11 || o.Series[0].Agent.Name != "Agent 14" || o.Series[9].Agent.Name != "Agent 05" || o.Series[10].Agent != nil {
			t.Fatalf("%d series: %s", len(o.Series), describe(o))
		}
		rest := int64(0)
		for _, p := range o.Series[10].Points {
			rest += p.Issued
		}
		if rest != 1+2+3+4+5 || o.Counts.TokensIssued != 120 {
			t.Errorf("rest %d, all %d", rest, o.Counts.TokensIssued)
		}
	})
}

func TestOverviewRisks(t *testing.T) {
	eachRaw(t, func(t *testing.T, s *store.Store, raw *sql.DB) {
		w := newLogWorld(t, raw)
		const day = 24 * time.Hour
		long := logNow.Add(-31 * day)
		w.agent(t, raw, logID(31), "Permissive", "permissive", "active", logNow)
		w.agent(t, raw, logID(32), "Suspended", "permissive", "suspended", long)
		w.agent(t, raw, logID(33), "Rising", "required", "active", logNow)
		w.agent(t, raw, logID(34), "Steady", "required", "active", logNow)
		w.agent(t, raw, logID(35), "Few", "required", "active", logNow)
		w.agent(t, raw, logID(36), "Unused", "required", "active", long)
		w.agent(t, raw, logID(37), "Used", "required", "active", long)
		w.agent(t, raw, logID(38), "Everything", "permissive", "active", long)
		w.delegation(t, raw, logID(41), w.support, w.ana, "active", logNow.Add(7*day).UnixMicro())
		w.delegation(t, raw, logID(42), w.billing, w.bob, "active", logNow.Add(7*day).UnixMicro()+1) // not soon
		w.delegation(t, raw, logID(43), logID(37), w.ana, "revoked", logNow.Add(day).UnixMicro())
		w.delegation(t, raw, logID(44), logID(38), w.bob, "active", logNow.Add(2*day).UnixMicro())
		w.delegation(t, raw, logID(45), logID(38), w.bob, "active", logNow.Add(day).UnixMicro())
		w.delegation(t, raw, logID(46), logID(36), w.ana, "active", 0)
		w.agent(t, raw, logID(39), "Shared", "required", "active", logNow) // Bob's part of it ends
		w.delegation(t, raw, logID(47), logID(39), w.ana, "active", 0)
		w.delegation(t, raw, logID(48), logID(39), w.bob, "active", logNow.Add(day).UnixMicro())
		w.delegation(t, raw, logID(49), w.support, w.bob, "active", logNow.Add(day).UnixMicro()) // not Ana's to see
		const no = domain.OutcomeRefused
		if err := s.AppendEvents(t.Context(), []domain.Event{
			tokenEvent(logNow.Add(-day), no, logID(33), "", 10), tokenEvent(logNow.Add(-day-time.Second), no, logID(33), "", 4),
			tokenEvent(logNow.Add(-time.Hour), no, logID(34), "", 30), tokenEvent(logNow.Add(-2*day), no, logID(34), "", 15),
			tokenEvent(logNow.Add(-time.Hour), no, logID(35), "", 9),
			tokenEvent(logNow.Add(-time.Hour), no, logID(38), logID(44), 50),
			tokenEvent(logNow.Add(-time.Hour), no, "", "", 50),
		}, []domain.Use{
			{DelegationID: logID(43), ClientID: logID(37), At: logNow.Add(-30 * day)},
			{DelegationID: logID(46), ClientID: logID(36), At: logNow.Add(-30*day - time.Second)},
		}); err != nil {
			t.Fatal(err)
		}
		show := func(o domain.Overview) string {
			var b strings.Builder
			for _, a := range o.AtRisk {
				b.WriteString(a.Agent.Name + ":")
				for _, r := range a.Risks {
					b.WriteString(" " + string(r.Code))
					if r.DelegationID != "" {
						b.WriteString(" " + r.DelegationID[len(r.DelegationID)-2:])
					}
					if r.Message == "" {
						t.Errorf("%s of %s says nothing", r.Code, a.Agent.Name)
					}
					ends := r.EndsAt.After(logNow) && !r.EndsAt.After(logNow.Add(domain.EndingWithin))
					if ends != (r.Code == domain.RiskDelegationEnding) {
						t.Errorf("%s of %s ends at %v", r.Code, a.Agent.Name, r.EndsAt)
					}
				}
				b.WriteString("\n")
			}
			return b.String()
		}
		if got, want := show(overview(t, s, time.Time{}, time.Time{}, "")), `Everything: permissive refusals_rising delegation_ending 45 delegation_ending 44 unused
Permissive: permissive
Rising: refusals_rising
Customer Support: delegation_ending 49 delegation_ending 41
Shared: delegation_ending 48
Unused: unused
`; got != want {
			t.Errorf("at risk\n%s\nwant\n%s", got, want)
		}
		if got, want := show(overview(t, s, time.Time{}, time.Time{}, w.ana)), "Customer Support: delegation_ending 41\nUnused: unused\n"; got != want {
			t.Errorf("Ana sees\n%s", got)
		}
		for i := range 60 {
			w.agent(t, raw, logID(200+i), fmt.Sprintf("p%02d", i), "permissive", "active", logNow)
		}
		if n := len(overview(t, s, time.Time{}, time.Time{}, "").AtRisk); n != 50 {
			t.Errorf("%d agents at risk listed", n)
		}
	})
}

func TestOverviewChecklist(t *testing.T) {
	eachRaw(t, func(t *testing.T, s *store.Store, raw *sql.DB) {
		var want domain.Checklist
		check := func(visibleTo string) {
			t.Helper()
			if got := overview(t, s, time.Time{}, time.Time{}, visibleTo).Checklist; got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
		}
		rawExec(t, raw, `INSERT INTO actions (name, description, sensitive, search, created_at, updated_at) VALUES ('a:b', '', 0, '', 1, 1)`)
		want.ActionCreated = true
		check("")
		rawExec(t, raw, `INSERT INTO roles (name, description, search, created_at, updated_at) VALUES ('r', '', '', 1, 1)`)
		want.RoleCreated = true
		check("")
		w := newLogWorld(t, raw)
		want.PersonInvited, want.AgentOnboarded, want.DelegationCreated = true, true, true
		check("")
		if err := s.AppendEvents(t.Context(), nil, []domain.Use{{DelegationID: w.anas, ClientID: w.support, At: logNow}}); err != nil {
			t.Fatal(err)
		}
		want.TokenIssued = true
		check("")
		check(w.ana)
		want.TokenIssued = false
		check(w.bob)
		want.DelegationCreated = false
		check(logID(77))
	})
}
