package audit

import (
	"authsec/internal/clocktest"
	"context"
	"strings"
	"testing"
	"time"
)

func newWatcher(d database, s Verifier, c *clocktest.Clock) (*Watcher, *logged) {
	var l logged
	return &Watcher{Reader: d, Verifier: s, Now: c.Now, Logger: l.Logger()}, &l
}

func TestWatcherGoesOnWhereItStopped(t *testing.T) {
	d, s, _ := logOf(t)
	c := clocktest.At(start)
	w, l := newWatcher(d, s, c)
	w.Rows = 700
	if got := w.Status(); got.VerifiedUpTo != 0 || !got.VerifiedAt.IsZero() {
		t.Errorf("before the first step: %+v", got)
	}
	for i, want := range []int64{700, 1200, 1200, 1210} {
		if i == 3 {
			d.fill(t, 1200, 10)
		}
		c.Advance(time.Minute)
		if err := w.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := w.Status(); got.VerifiedUpTo != want || got.Broken != nil || !got.VerifiedAt.Equal(c.Now()) {
			t.Errorf("step %d: %+v, %+v, want up to %d", i, got, got.Broken, want)
		}
	}
	if w.checkpoint != 1200 {
		t.Errorf("checkpoints checked up to %d", w.checkpoint)
	}
	if l.String() != "" {
		t.Errorf("log: %s", l)
	}
}

func TestWatcherSeesAndKeepsABreak(t *testing.T) {
	whole, s, _ := logOf(t)
	forge := func(t *testing.T, d database, seq int64) {
		t.Helper()
		forged, err := newSigner("theirs").SignPayload(t.Context(), TypCheckpoint, []byte(`{}`), start)
		if err != nil {
			t.Fatal(err)
		}
		d.exec(t, `INSERT INTO audit_checkpoints (seq, created_at, jws) VALUES ($1, 1, $2)`, seq, forged)
	}
	for _, c := range []struct {
		name   string
		seen   bool // the watcher has passed the whole log before
		tamper func(t *testing.T, d database)
		seq    int64
	}{
		{"a line not passed yet", false, func(t *testing.T, d database) { d.replaceBody(t, 9, `"success"`, `"refused"`) }, 9},
		{"a line cut off, not passed yet", false, func(t *testing.T, d database) { d.exec(t, `DELETE FROM audit_events WHERE seq = 1200`) }, 1200},
		{"cut off before it began, head set back", false, func(t *testing.T, d database) {
			d.exec(t, `DELETE FROM audit_events WHERE seq > 1000`)
			d.recompute(t, 1000)
		}, 1001},
		{"cut off", true, func(t *testing.T, d database) {
			d.exec(t, `DELETE FROM audit_events WHERE seq > 1000`)
			d.recompute(t, 1000)
		}, 1001},
		{"recomputed", true, func(t *testing.T, d database) {
			d.replaceBody(t, 500, `"test"`, `"tost"`)
			d.recompute(t, 500)
		}, 1200},
		{"recomputed, then grown", true, func(t *testing.T, d database) {
			d.replaceBody(t, 500, `"test"`, `"tost"`)
			d.recompute(t, 500)
			d.fill(t, 1200, 5)
		}, 1201},
		{"a forged checkpoint", true, func(t *testing.T, d database) {
			d.fill(t, 1200, 100)
			forge(t, d, 1250)
		}, 1250},
		{"a forged checkpoint of a line that cannot be", false, func(t *testing.T, d database) { forge(t, d, -4) }, -4},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := whole.clone(t)
			clk := clocktest.At(start)
			w, l := newWatcher(d, s, clk)
			if c.seen {
				if err := w.Step(t.Context()); err != nil || w.Status().Broken != nil {
					t.Fatal(err, w.Status().Broken)
				}
			}
			c.tamper(t, d)
			for range 3 {
				if err := w.Step(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			b := w.Status().Broken
			if b == nil || b.Seq != c.seq {
				t.Fatalf("found %+v, want line %d", b, c.seq)
			}
			if strings.Count(l.String(), "AUDIT LOG IS BROKEN") != 1 || !strings.Contains(l.String(), "level=ERROR") {
				t.Errorf("log: %s", l)
			}
		})
	}
}

func TestWatcherRun(t *testing.T) {
	d, s, _ := logOf(t)
	w, _ := newWatcher(d, s, clocktest.At(start))
	tick := make(chan time.Time)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { w.Run(ctx, tick); close(done) }()
	tick <- start
	tick <- start
	cancel()
	<-done
	if got := w.Status().VerifiedUpTo; got != 1200 {
		t.Errorf("verified up to %d", got)
	}
}
