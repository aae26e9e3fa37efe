package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/store"
)

// eachRaw is Each with a second way into the database, to put things there
// that no method would.
func eachRaw(t *testing.T, fn func(t *testing.T, s *store.Store, raw *sql.DB)) {
	t.Helper()
	run := func(name string, options func(testing.TB) (store.Options, string, string)) {
		t.Run(name, func(t *testing.T) {
			o, driver, dsn := options(t)
			s := open(t, o)
			raw, err := sql.Open(driver, dsn)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := raw.Close(); err != nil {
					t.Error(err)
				}
			})
			fn(t, s, raw)
		})
	}
	run("sqlite", func(t testing.TB) (store.Options, string, string) {
		path := filepath.Join(t.TempDir(), "authsec.db")
		return store.Options{SQLitePath: path}, "sqlite", "file:" + path + "?_pragma=busy_timeout(5000)"
	})
	run("postgres", func(t testing.TB) (store.Options, string, string) {
		url := PostgresURL(t)
		return store.Options{DatabaseURL: url}, "pgx", url
	})
}

func rawExec(t *testing.T, raw *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := raw.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// The moment that tests of the log take for now.
var logNow = time.Date(2026, 5, 20, 12, 30, 0, 0, time.UTC)

func logID(n int) string { return fmt.Sprintf("0190a5f2-0000-7000-8000-%012d", n) }

type logWorld struct {
	ana, bob         string
	support, billing string // agents
	anas, bobs       string // delegations
}

// newLogWorld makes two people, two agents, and a delegation by each person.
func newLogWorld(t *testing.T, raw *sql.DB) logWorld {
	t.Helper()
	w := logWorld{ana: logID(1), bob: logID(2), support: logID(11), billing: logID(12), anas: logID(21), bobs: logID(22)}
	for id, email := range map[string]string{w.ana: "Ana@example.com", w.bob: "bob@example.com"} {
		rawExec(t, raw, `INSERT INTO users (id, email, email_key, name, status, level, password_hash, search, created_at, updated_at, last_sign_in_at)
			VALUES ($1, $2, $3, 'n', 'active', 'member', '', '', 1, 1, 0)`, id, email, strings.ToLower(email))
	}
	w.agent(t, raw, w.support, "Customer Support", "required", "active", logNow)
	w.agent(t, raw, w.billing, "Billing", "required", "active", logNow)
	w.delegation(t, raw, w.anas, w.support, w.ana, "active", 0)
	w.delegation(t, raw, w.bobs, w.billing, w.bob, "active", 0)
	return w
}

func (logWorld) agent(t *testing.T, raw *sql.DB, id, name, attestation, status string, created time.Time) {
	t.Helper()
	rawExec(t, raw, `INSERT INTO agents (client_id, name, name_key, type, platform, attestation, attestation_chosen, status, default_delegation_id, search, created_at, updated_at)
		VALUES ($1, $2, $3, 'langchain', 'kubernetes', $4, 1, $5, '', '', $6, 1)`, id, name, strings.ToLower(name), attestation, status, created.UnixMicro())
}

func (logWorld) delegation(t *testing.T, raw *sql.DB, id, agent, delegator, status string, endsAt int64) {
	t.Helper()
	rawExec(t, raw, `INSERT INTO delegations (id, client_id, role, delegator_id, max_duration_s, ends_at, status, disabled_by_admin, revoke_reason, revoked_at, created_at, updated_at)
		VALUES ($1, $2, 'support', $3, 3600, $4, $5, 0, '', 0, 1, 1)`, id, agent, delegator, endsAt, status)
}

func tokenEvent(at time.Time, outcome domain.Outcome, clientID, delegationID string, count int) domain.Event {
	ev := domain.NewEvent(at, domain.Caller{Via: domain.ViaSDK}, domain.ActionTokenIssue, domain.Party{Type: "agent", ID: clientID, Name: "Agent"})
	ev.Actor = domain.Party{Type: "agent", ID: clientID, Via: domain.ViaSDK}
	ev.Outcome, ev.ClientID, ev.DelegationID, ev.Count = outcome, clientID, delegationID, count
	return ev
}

func appendAll(t *testing.T, s *store.Store, events ...domain.Event) {
	t.Helper()
	if err := s.AppendEvents(t.Context(), events, nil); err != nil {
		t.Fatal(err)
	}
}

func seqs(list []domain.StoredEvent) string {
	var b strings.Builder
	for _, e := range list {
		fmt.Fprintf(&b, "%d ", e.Seq)
	}
	return strings.TrimSpace(b.String())
}

func TestEventsFilterAndSearch(t *testing.T) {
	eachRaw(t, func(t *testing.T, s *store.Store, raw *sql.DB) {
		w := newLogWorld(t, raw)
		ana := domain.Caller{UserID: w.ana, Email: "Ana@example.com", Via: domain.ViaSession}
		revoke := domain.NewEvent(logNow.Add(2*time.Minute), ana, "delegation.revoke", domain.Party{Type: "delegation", ID: w.bobs, Name: "50% of_Ünïts"})
		revoke.DelegationID = w.bobs
		byOperator := domain.NewEvent(logNow.Add(3*time.Minute), domain.Operator("Root"), "key.rotate", domain.Party{Type: "key", ID: "k1", Name: `says "hi" <here>`})
		byOther := domain.NewEvent(logNow.Add(4*time.Minute), domain.Operator("root2"), "key.rotate", domain.Party{Type: "key", ID: "k2", Name: `"actor":{"type":"operator","name":"root"`})
		appendAll(t, s,
			tokenEvent(logNow, domain.OutcomeSuccess, w.support, w.anas, 0),                  // 1
			tokenEvent(logNow.Add(time.Minute), domain.OutcomeRefused, w.billing, w.bobs, 0), // 2
			revoke, byOperator, byOther) // 3, 4, 5
		for name, c := range map[string]struct {
			filter domain.EventFilter
			search string
			want   string
		}{
			"everything":            {want: "5 4 3 2 1"},
			"agent":                 {filter: domain.EventFilter{ClientID: w.support}, want: "1"},
			"action":                {filter: domain.EventFilter{Action: "key.rotate"}, want: "5 4"},
			"outcome":               {filter: domain.EventFilter{Outcome: domain.OutcomeRefused}, want: "2"},
			"target type":           {filter: domain.EventFilter{TargetType: "delegation"}, want: "3"},
			"target":                {filter: domain.EventFilter{TargetType: "key", TargetID: "k2"}, want: "5"},
			"delegation":            {filter: domain.EventFilter{DelegationID: w.bobs}, want: "3 2"},
			"from":                  {filter: domain.EventFilter{From: logNow.Add(3 * time.Minute)}, want: "5 4"},
			"to":                    {filter: domain.EventFilter{To: logNow.Add(time.Minute)}, want: "1"},
			"from and to":           {filter: domain.EventFilter{From: logNow.Add(time.Minute), To: logNow.Add(3 * time.Minute)}, want: "3 2"},
			"actor's ID":            {filter: domain.EventFilter{Actor: w.ana}, want: "3"},
			"actor's email":         {filter: domain.EventFilter{Actor: "ANA@example.com"}, want: "3"},
			"an agent as actor":     {filter: domain.EventFilter{Actor: w.support}, want: "1"},
			"an operator":           {filter: domain.EventFilter{Actor: "root"}, want: "4"},
			"no wildcard in actor":  {filter: domain.EventFilter{Actor: "r%"}, want: ""},
			"seen by Ana":           {filter: domain.EventFilter{VisibleTo: w.ana}, want: "3 1"},
			"seen by Bob":           {filter: domain.EventFilter{VisibleTo: w.bob}, want: "3 2"},
			"seen by an agent's ID": {filter: domain.EventFilter{VisibleTo: w.support}, want: ""},
			"seen by Bob, narrowed": {filter: domain.EventFilter{VisibleTo: w.bob, ClientID: w.support}, want: ""},
			"search":                {search: "REVOKE", want: "3"},
			"search percent":        {search: "50% of_", want: "3"},
			"per cent is no joker":  {search: "50%x", want: ""},
			"underline is no joker": {search: "50%_of", want: ""},
			"search beyond ASCII":   {search: "Ünïts", want: "3"},
			"search what is quoted": {search: `"hi" <h`, want: "4"},
			"search and filter":     {search: "key", filter: domain.EventFilter{TargetID: "k1"}, want: "4"},
			"search by a stranger":  {search: "key", filter: domain.EventFilter{VisibleTo: w.ana}, want: ""},
			"search SQL":            {search: `' OR 1=1 --`, want: ""},
		} {
			t.Run(name, func(t *testing.T) {
				list, err := s.Events(t.Context(), c.filter, domain.Page{Limit: 10, Search: c.search})
				if err != nil {
					t.Fatal(err)
				}
				if got := seqs(list.Items); got != c.want || list.Next != "" {
					t.Errorf("got %q (next %q), want %q", got, list.Next, c.want)
				}
				if c.search == "" {
					rows, err := s.EventRows(t.Context(), c.filter, 0, 10)
					if err != nil || len(rows) != len(list.Items) {
						t.Errorf("%d rows, %v", len(rows), err)
					}
				}
			})
		}
	})
}

func TestEventsPageNewestFirst(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		for i := range 7 {
			appendAll(t, s, event(i))
		}
		p := domain.Page{Limit: 3}
		var got []string
		for {
			list, err := s.Events(t.Context(), domain.EventFilter{}, p)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, seqs(list.Items))
			if list.Next == "" {
				break
			}
			if p, err = domain.NewPage(3, list.Next, ""); err != nil {
				t.Fatal(err)
			}
			appendAll(t, s, event(100)) // what is new does not disturb the pages
		}
		if fmt.Sprint(got) != "[7 6 5 4 3 2 1]" || len(got) != 3 {
			t.Errorf("pages %q", got)
		}
		for _, bad := range []string{"x", "1; DROP TABLE audit_events", "99999999999999999999"} {
			if _, err := s.Events(t.Context(), domain.EventFilter{}, domain.Page{Limit: 1, After: bad}); domain.KindOf(err) != domain.Invalid || err == nil {
				t.Errorf("cursor %q: %v", bad, err)
			}
		}
	})
}

func TestEventRowsAreWhatWasLinked(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ev := tokenEvent(logNow.Add(1234*time.Microsecond), domain.OutcomeRefused, logID(1), logID(2), 17)
		appendAll(t, s, event(1), ev, event(3))
		body, err := ev.Encode()
		if err != nil {
			t.Fatal(err)
		}
		rows, err := s.EventRows(t.Context(), domain.EventFilter{}, 1, 1)
		if err != nil || len(rows) != 1 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		first, err := s.EventRows(t.Context(), domain.EventFilter{}, math.MinInt64, 1)
		if err != nil {
			t.Fatal(err)
		}
		prev := domain.Link(1, domain.Hash{}, first[0].Body)
		want := domain.EventRow{Seq: 2, Time: ev.Time, ActorType: "agent", ActorID: logID(1), Action: "token.issue", TargetType: "agent", TargetID: logID(1),
			Outcome: "refused", ClientID: logID(1), DelegationID: logID(2), Count: 17, Body: body, Hash: domain.Link(2, prev, body).String()}
		if !reflect.DeepEqual(rows[0], want) {
			t.Errorf("got  %+v\nwant %+v", rows[0], want)
		}
		stored, err := s.Event(t.Context(), 2, "")
		if err != nil || !reflect.DeepEqual(stored.Event, ev) || stored.Hash.String() != want.Hash || string(stored.Body) != string(body) {
			t.Errorf("got %+v, %v", stored, err)
		}
		if _, err := s.Event(t.Context(), 4, ""); domain.KindOf(err) != domain.NotFound {
			t.Errorf("no such line: %v", err)
		}
		if _, err := s.Event(t.Context(), 2, logID(77)); domain.KindOf(err) != domain.NotFound {
			t.Errorf("another's line: %v", err)
		}
	})
}

// A line that somebody made unreadable must not hide the log.
func TestEventsShowALineThatCannotBeRead(t *testing.T) {
	eachRaw(t, func(t *testing.T, s *store.Store, raw *sql.DB) {
		appendAll(t, s, event(1), event(2), event(3))
		rawExec(t, raw, `UPDATE audit_events SET body = '{' WHERE seq = 2`)
		rawExec(t, raw, `UPDATE audit_events SET hash = 'gone' WHERE seq = 3`)
		list, err := s.Events(t.Context(), domain.EventFilter{}, domain.Page{Limit: 10})
		if err != nil || len(list.Items) != 3 {
			t.Fatalf("%d events, %v", len(list.Items), err)
		}
		for _, e := range list.Items[:2] {
			if len(e.Reasons) != 1 || e.Reasons[0].Code != "unreadable_line" || e.Action != "test.event" || e.Target.ID != fmt.Sprint(e.Seq) {
				t.Errorf("line %d: %+v", e.Seq, e.Event)
			}
		}
		if len(list.Items[2].Reasons) != 0 {
			t.Error("a good line is called unreadable")
		}
	})
}

func TestCheckpointsAreKept(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		if cp, err := s.LastCheckpoint(t.Context()); err != nil || cp != (domain.Checkpoint{}) {
			t.Errorf("none: %+v, %v", cp, err)
		}
		for _, seq := range []int64{30, 10, 20} {
			if err := s.SaveCheckpoint(t.Context(), domain.Checkpoint{Seq: seq, JWS: fmt.Sprint("jws ", seq), CreatedAt: logNow}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.SaveCheckpoint(t.Context(), domain.Checkpoint{Seq: 20, JWS: "second", CreatedAt: logNow}); err != nil {
			t.Errorf("a second one for a line: %v", err)
		}
		want := []domain.Checkpoint{{Seq: 20, JWS: "jws 20", CreatedAt: logNow}, {Seq: 30, JWS: "jws 30", CreatedAt: logNow}}
		if got, err := s.Checkpoints(t.Context(), 10, 5); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v", got, err)
		}
		if got, err := s.Checkpoints(t.Context(), math.MinInt64, 1); err != nil || len(got) != 1 || got[0].Seq != 10 {
			t.Errorf("the first: %+v, %v", got, err)
		}
		if got, err := s.LastCheckpoint(t.Context()); err != nil || got != want[1] {
			t.Errorf("the last: %+v, %v", got, err)
		}
	})
}

func BenchmarkEvents(b *testing.B) {
	s := SQLite(b)
	events := make([]domain.Event, 500)
	for i := range 40 {
		for j := range events {
			events[j] = tokenEvent(logNow.Add(time.Duration(i*500+j)*time.Second), domain.OutcomeSuccess, logID(j%50), logID(1000+j%50), 0)
		}
		if err := s.AppendEvents(context.Background(), events, nil); err != nil {
			b.Fatal(err)
		}
	}
	for name, f := range map[string]domain.EventFilter{"all": {}, "agent": {ClientID: logID(7)}, "day": {From: logNow, To: logNow.Add(time.Hour)}, "member": {VisibleTo: logID(9)}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Events(context.Background(), f, domain.Page{Limit: 50}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("overview", func(b *testing.B) {
		q, err := domain.NewOverviewQuery(logNow, logNow.Add(6*time.Hour), logNow.Add(6*time.Hour))
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := s.Overview(context.Background(), q); err != nil {
				b.Fatal(err)
			}
		}
	})
}
