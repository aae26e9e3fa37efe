package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"authsec/internal/clocktest"
	"authsec/internal/domain"
)

// recompute links the chain anew from a line on, as somebody with write access
// to the database would.
func (d database) recompute(t testing.TB, from int64) {
	t.Helper()
	rows, err := d.EventRows(t.Context(), domain.EventFilter{}, 0, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := d.raw.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var hash domain.Hash
	var last int64
	for _, row := range rows {
		last = row.Seq
		hash = domain.Link(row.Seq, hash, row.Body)
		if row.Seq < from {
			continue
		}
		if _, err := tx.ExecContext(t.Context(), `UPDATE audit_events SET hash = $1 WHERE seq = $2`, hash.String(), row.Seq); err != nil {
			t.Fatal(errors.Join(err, tx.Rollback()))
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	d.exec(t, `UPDATE audit_head SET seq = $1, hash = $2`, last, hash.String())
}

// replaceBody changes a line's content.
func (d database) replaceBody(t testing.TB, seq int64, old, new string) {
	t.Helper()
	d.exec(t, `UPDATE audit_events SET body = replace(body, $1, $2) WHERE seq = $3`, old, new, seq)
}

// logOf returns a log of 1,200 lines with checkpoints at 400, 800 and 1,200.
func logOf(t testing.TB) (database, signer, []domain.Checkpoint) {
	t.Helper()
	d, s := newDatabase(t), newSigner("ours")
	cps := checkpoints(d, s, clocktest.At(start))
	var made []domain.Checkpoint
	for i := range 3 {
		d.fill(t, i*400, 400)
		cp, err := cps.Make(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, cp)
	}
	return d, s, made
}

func TestVerifyIntact(t *testing.T) {
	d, s, made := logOf(t)
	var told []string
	report, err := Verify(t.Context(), d, s, made[:1], func(done, total int64) { told = append(told, fmt.Sprint(done, "/", total)) })
	if err != nil || report.FirstBroken != nil || report.Events != 1200 || report.Checkpoints != 4 || report.Head.Seq != 1200 {
		t.Errorf("%+v, %+v, %v", report, report.FirstBroken, err)
	}
	if got := strings.Join(told, " "); got != "0/1200 500/1200 1000/1200 1200/1200" {
		t.Errorf("progress %s", got)
	}
	if report, err := Verify(t.Context(), newDatabase(t), s, nil, nil); err != nil || report.FirstBroken != nil || report.Events != 0 {
		t.Errorf("an empty log: %+v, %v", report, err)
	}
}

func TestVerifyNamesTheFirstBrokenLine(t *testing.T) {
	whole, s, made := logOf(t)
	for _, c := range []struct {
		name    string
		tamper  func(t *testing.T, d database, made []domain.Checkpoint)
		seq     int64
		problem string
	}{
		{"body", func(t *testing.T, d database, _ []domain.Checkpoint) { d.replaceBody(t, 700, `"success"`, `"refused"`) }, 700, "hash does not follow"},
		{"hash", func(t *testing.T, d database, _ []domain.Checkpoint) {
			d.exec(t, `UPDATE audit_events SET hash = $1 WHERE seq = 600`, strings.Repeat("a", 64))
		}, 600, "hash does not follow"},
		{"middle line deleted", func(t *testing.T, d database, _ []domain.Checkpoint) {
			d.exec(t, `DELETE FROM audit_events WHERE seq = 501`)
		}, 501, "missing"},
		{"first line deleted", func(t *testing.T, d database, _ []domain.Checkpoint) {
			d.exec(t, `DELETE FROM audit_events WHERE seq = 1`)
		}, 1, "missing"},
		{"line before the first", func(t *testing.T, d database, _ []domain.Checkpoint) {
			d.exec(t, `INSERT INTO audit_events SELECT -3, at, actor_type, actor_id, action, target_type, target_id, outcome,
				client_id, delegation_id, event_count, body, hash FROM audit_events WHERE seq = 9`)
		}, 1, "-3"},
		{"two lines swapped", func(t *testing.T, d database, _ []domain.Checkpoint) {
			d.exec(t, `UPDATE audit_events SET seq = -1 WHERE seq = 20`)
			d.exec(t, `UPDATE audit_events SET seq = 20 WHERE seq = 21`)
			d.exec(t, `UPDATE audit_events SET seq = 21 WHERE seq = -1`)
		}, 20, "hash does not follow"},
		{"tail cut off", func(t *testing.T, d database, _ []domain.Checkpoint) {
			d.exec(t, `DELETE FROM audit_events WHERE seq > 1100`)
		}, 1101, "head says 1200"},
		{"everything cut off", func(t *testing.T, d database, _ []domain.Checkpoint) { d.exec(t, `DELETE FROM audit_events`) }, 1, "cut off"},
		{"tail cut off, head set back", func(t *testing.T, d database, _ []domain.Checkpoint) {
			d.exec(t, `DELETE FROM audit_events WHERE seq > 1100`)
			d.recompute(t, 1200)
		}, 1101, "signed for line 1200"},
		{"head set back", func(t *testing.T, d database, _ []domain.Checkpoint) {
			d.exec(t, `DELETE FROM audit_checkpoints`)
			d.exec(t, `UPDATE audit_head SET seq = 1150, hash = (SELECT hash FROM audit_events WHERE seq = 1150)`)
		}, 1151, "beyond the log's head"},
		{"head's hash", func(t *testing.T, d database, _ []domain.Checkpoint) {
			d.exec(t, `UPDATE audit_head SET hash = $1`, strings.Repeat("b", 64))
		}, 1200, "head's hash"},
		{"recomputed from a changed line on", func(t *testing.T, d database, _ []domain.Checkpoint) {
			d.replaceBody(t, 500, `"success"`, `"refused"`)
			d.exec(t, `UPDATE audit_events SET outcome = 'refused' WHERE seq = 500`)
			d.recompute(t, 500)
		}, 800, "rewritten"},
		{"checkpoint by another key", func(t *testing.T, d database, made []domain.Checkpoint) {
			payload, err := newSigner("ours").VerifyPayload(TypCheckpoint, made[1].JWS)
			if err != nil {
				t.Fatal(err)
			}
			forged, err := newSigner("theirs").SignPayload(t.Context(), TypCheckpoint, payload, start)
			if err != nil {
				t.Fatal(err)
			}
			d.exec(t, `UPDATE audit_checkpoints SET jws = $1 WHERE seq = 800`, forged)
		}, 800, "no valid signature"},
		{"checkpoint of another line", func(t *testing.T, d database, made []domain.Checkpoint) {
			d.exec(t, `UPDATE audit_checkpoints SET jws = $1 WHERE seq = 800`, made[0].JWS)
		}, 800, "signed for line 400"},
		{"checkpoint beyond the end", func(t *testing.T, d database, made []domain.Checkpoint) {
			d.exec(t, `INSERT INTO audit_checkpoints (seq, created_at, jws) VALUES (5000, 1, $1)`, made[0].JWS)
		}, 1201, "something else"},
		{"checkpoint before the first line", func(t *testing.T, d database, made []domain.Checkpoint) {
			d.exec(t, `INSERT INTO audit_checkpoints (seq, created_at, jws) VALUES (-7, 1, $1)`, made[0].JWS)
		}, -7, "signed for line 400"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := whole.clone(t)
			c.tamper(t, d, made)
			report, err := Verify(t.Context(), d, s, nil, nil)
			if err != nil || report.FirstBroken == nil {
				t.Fatalf("not seen: %+v, %v", report, err)
			}
			if b := report.FirstBroken; b.Seq != c.seq || !strings.Contains(b.Problem, c.problem) {
				t.Errorf("line %d: %s\nwant line %d: …%s…", b.Seq, b.Problem, c.seq, c.problem)
			}
		})
	}
}

func TestVerifyComparesEveryColumn(t *testing.T) {
	d, s, _ := logOf(t)
	for _, column := range []string{"at", "actor_type", "actor_id", "action", "target_type", "target_id", "outcome", "client_id", "delegation_id", "event_count"} {
		before := ""
		if err := d.raw.QueryRowContext(t.Context(), `SELECT `+column+` FROM audit_events WHERE seq = 123`).Scan(&before); err != nil {
			t.Fatal(err)
		}
		d.exec(t, `UPDATE audit_events SET `+column+` = 7 WHERE seq = 123`)
		report, err := Verify(t.Context(), d, s, nil, nil)
		if err != nil || report.FirstBroken == nil || report.FirstBroken.Seq != 123 || !strings.Contains(report.FirstBroken.Problem, "column "+column+" ") {
			t.Errorf("%s edited: %+v, %v", column, report.FirstBroken, err)
		}
		d.exec(t, `UPDATE audit_events SET `+column+` = $1 WHERE seq = 123`, before)
	}
	if report, err := Verify(t.Context(), d, s, nil, nil); err != nil || report.FirstBroken != nil {
		t.Errorf("restored: %+v, %v", report.FirstBroken, err)
	}
}

// Events that are odd but honest are no broken lines.
func TestVerifyTakesWhatTheStoreTakes(t *testing.T) {
	d := newDatabase(t)
	odd := numbered(1)
	odd.Target.ID, odd.ClientID = "bad \xff\xfe utf-8 <&>", "\u2028"
	odd.Count = 12
	nanos := numbered(2)
	nanos.Time = nanos.Time.Add(123456789)
	zero := domain.Event{Action: "x.y"}
	old := numbered(3)
	old.Time = old.Time.AddDate(-80, 0, 0)
	epoch := numbered(4)
	epoch.Time = time.Unix(0, 0).UTC()
	if err := d.AppendEvents(t.Context(), []domain.Event{odd, nanos, zero, old, epoch}, nil); err != nil {
		t.Fatal(err)
	}
	if report, err := Verify(t.Context(), d, newSigner("ours"), nil, nil); err != nil || report.FirstBroken != nil || report.Events != 5 {
		t.Errorf("%+v, %+v, %v", report, report.FirstBroken, err)
	}
}

// Whoever can also remove the stored checkpoints is shown by one kept elsewhere.
func TestVerifySuppliedCheckpoints(t *testing.T) {
	whole, s, made := logOf(t)
	d := whole.clone(t)
	d.exec(t, `DELETE FROM audit_checkpoints`)
	d.replaceBody(t, 500, `"success"`, `"refused"`)
	d.exec(t, `UPDATE audit_events SET outcome = 'refused' WHERE seq = 500`)
	d.recompute(t, 500)
	if report, err := Verify(t.Context(), d, s, nil, nil); err != nil || report.FirstBroken != nil {
		t.Fatalf("the test's own forgery is not perfect: %+v, %v", report.FirstBroken, err)
	}
	report, err := Verify(t.Context(), d, s, []domain.Checkpoint{made[2], made[0], made[1]}, nil)
	if err != nil || report.FirstBroken == nil || report.FirstBroken.Seq != 800 || report.Checkpoints != 1 || !strings.Contains(report.FirstBroken.Problem, "supplied") {
		t.Errorf("rewritten: %+v, %+v, %v", report, report.FirstBroken, err)
	}

	d = whole.clone(t)
	d.exec(t, `DELETE FROM audit_checkpoints`)
	d.exec(t, `DELETE FROM audit_events WHERE seq > 1100`)
	d.recompute(t, 1100)
	report, err = Verify(t.Context(), d, s, made[2:], nil)
	if err != nil || report.FirstBroken == nil || report.FirstBroken.Seq != 1101 {
		t.Errorf("cut off: %+v, %v", report.FirstBroken, err)
	}

	theirs := made[0]
	theirs.JWS, err = newSigner("theirs").SignPayload(t.Context(), TypCheckpoint, []byte(`{}`), start)
	if err != nil {
		t.Fatal(err)
	}
	report, err = Verify(t.Context(), d, s, []domain.Checkpoint{theirs}, nil)
	if err != nil || report.FirstBroken == nil || report.FirstBroken.Seq != 400 {
		t.Errorf("another deployment's: %+v, %v", report.FirstBroken, err)
	}
}

// growing appends and signs just after a verification has read the head.
type growing struct {
	database
	t     *testing.T
	cps   *Checkpoints
	grown bool
}

func (g *growing) ChainHead(ctx context.Context) (domain.ChainHead, error) {
	head, err := g.database.ChainHead(ctx)
	if err != nil || g.grown {
		return head, err
	}
	g.grown = true
	g.fill(g.t, 5000, 10)
	_, err = g.cps.Make(ctx)
	g.fill(g.t, 6000, 10)
	return head, err
}

func TestVerifyWhileTheLogGrows(t *testing.T) {
	d, s, _ := logOf(t)
	g := &growing{database: d, t: t, cps: checkpoints(d, s, clocktest.At(start))}
	report, err := Verify(t.Context(), g, s, nil, nil)
	if err != nil || report.FirstBroken != nil || report.Events != 1200 {
		t.Errorf("%+v, %+v, %v", report, report.FirstBroken, err)
	}
}

func BenchmarkVerify(b *testing.B) {
	d := newDatabase(b)
	const lines = 5000
	for i := range lines / 500 {
		events := make([]domain.Event, 500)
		for j := range events {
			events[j] = issued(b, i*500+j)
		}
		if err := d.AppendEvents(b.Context(), events, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("whole, per line", func(b *testing.B) {
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			report, err := Verify(b.Context(), d, newSigner("ours"), nil, nil)
			if err != nil || report.FirstBroken != nil {
				b.Fatal(report.FirstBroken, err)
			}
			n += lines
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/line")
	})
	b.Run("chain.add alone", func(b *testing.B) {
		rows, err := d.EventRows(b.Context(), domain.EventFilter{}, math.MinInt64, 1)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			var c chain
			if broken := c.add(rows[0]); broken != nil {
				b.Fatal(broken)
			}
		}
	})
}

// issued is an event as issuance records it.
func issued(t testing.TB, n int) domain.Event {
	t.Helper()
	ev := numbered(n)
	ev.Action, ev.Target = domain.ActionTokenIssue, domain.Party{Type: "agent", ID: ev.ClientID, Name: "Customer Support"}
	ev, err := ev.WithDetails(map[string]any{"jti": fmt.Sprint("jti-", n), "subject": "0190a5f2-0000-7000-8000-000000000001", "role": "customer-support",
		"actions": []string{"billing:read", "orders:read"}, "audience": []string{"authsec-api"}, "issued_at": start, "expires_at": start,
		"attestation": "none", "ttl_seconds": json.Number("3600")})
	if err != nil {
		t.Fatal(err)
	}
	return ev
}
