package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"authsec/internal/domain"
)

// gate is an Appender whose commits wait until the test lets them through.
type gate struct {
	entered chan []domain.Event
	result  chan error
	mu      sync.Mutex
	stored  []domain.Event
	uses    []domain.Use
}

func newGate() *gate { return &gate{entered: make(chan []domain.Event), result: make(chan error)} }

func (g *gate) AppendEvents(ctx context.Context, events []domain.Event, uses []domain.Use) error {
	select {
	case g.entered <- events:
	case <-ctx.Done():
		return &domain.Error{Kind: domain.Unavailable, Err: ctx.Err()}
	}
	select {
	case err := <-g.result:
		if err == nil {
			g.mu.Lock()
			g.stored, g.uses = append(g.stored, events...), append(g.uses, uses...)
			g.mu.Unlock()
		}
		return err
	case <-ctx.Done():
		return &domain.Error{Kind: domain.Unavailable, Err: ctx.Err()}
	}
}

// appendFunc is an Appender made of a function.
type appendFunc func([]domain.Event, []domain.Use) error

func (f appendFunc) AppendEvents(_ context.Context, e []domain.Event, u []domain.Use) error {
	return f(e, u)
}

func closeRecorder(t testing.TB, r *Recorder) {
	t.Helper()
	if err := r.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

// record calls Record in the background.
func record(r *Recorder, ctx context.Context, ev domain.Event, use *domain.Use) <-chan error {
	done := make(chan error, 1)
	go func() { done <- r.Record(ctx, ev, use) }()
	return done
}

// waitQueued waits until n events are in the queue.
func waitQueued(r *Recorder, n int) {
	for len(r.queue) < n {
		runtime.Gosched()
	}
}

func TestRecorderBatchesWhatCameDuringACommit(t *testing.T) {
	g := newGate()
	r := NewRecorder(RecorderOptions{Store: g, Batch: 4})
	first := record(r, t.Context(), numbered(0), nil)
	if got := <-g.entered; len(got) != 1 {
		t.Fatalf("an idle recorder waited for %d events", len(got))
	}
	var later []<-chan error
	for i := range 6 {
		u := &domain.Use{DelegationID: fmt.Sprint("d", i%2), ClientID: "c", At: start.Add(time.Duration(i) * time.Second)}
		later = append(later, record(r, t.Context(), numbered(i+1), u))
		waitQueued(r, i+1)
	}
	select {
	case err := <-first:
		t.Fatalf("answered before the commit: %v", err)
	default:
	}
	g.result <- nil
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{4, 2} {
		if got := <-g.entered; len(got) != want {
			t.Errorf("a batch of %d, want %d", len(got), want)
		}
		g.result <- nil
	}
	for _, done := range later {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	closeRecorder(t, r)
	// Of the uses of one batch, the latest of each delegation, in order.
	want := []domain.Use{
		{DelegationID: "d0", ClientID: "c", At: start.Add(2 * time.Second)}, {DelegationID: "d1", ClientID: "c", At: start.Add(3 * time.Second)},
		{DelegationID: "d0", ClientID: "c", At: start.Add(4 * time.Second)}, {DelegationID: "d1", ClientID: "c", At: start.Add(5 * time.Second)},
	}
	if fmt.Sprint(g.uses) != fmt.Sprint(want) {
		t.Errorf("uses %v, want %v", g.uses, want)
	}
}

func TestRecorderTellsEveryWaiterOfAFailedCommit(t *testing.T) {
	g := newGate()
	r := NewRecorder(RecorderOptions{Store: g})
	first := record(r, t.Context(), numbered(0), nil)
	<-g.entered
	second, third := record(r, t.Context(), numbered(1), nil), record(r, t.Context(), numbered(2), nil)
	waitQueued(r, 2)
	g.result <- nil
	<-g.entered
	away := &domain.Error{Kind: domain.Unavailable, Code: "temporarily_unavailable"}
	g.result <- away
	if err := <-first; err != nil {
		t.Error(err)
	}
	for _, done := range []<-chan error{second, third} {
		if err := <-done; !errors.Is(err, away) {
			t.Errorf("got %v, want the commit's error, tried once", err)
		}
	}
	closeRecorder(t, r)
}

func TestRecorderPoisonFailsAlone(t *testing.T) {
	var calls atomic.Int32
	release := make(chan struct{})
	r := NewRecorder(RecorderOptions{Store: appendFunc(func(events []domain.Event, _ []domain.Use) error {
		if calls.Add(1) == 1 {
			<-release
		}
		for _, e := range events {
			if e.Target.ID == "7" {
				return &domain.Error{Kind: domain.Conflict, Err: errors.New("delegation is gone")}
			}
		}
		return nil
	})})
	done := make([]<-chan error, 20)
	done[0] = record(r, t.Context(), numbered(0), nil)
	for calls.Load() == 0 {
		runtime.Gosched()
	}
	for i := 1; i < len(done); i++ {
		done[i] = record(r, t.Context(), numbered(i), nil)
	}
	waitQueued(r, len(done)-1)
	// What cannot be encoded does not even reach the queue.
	bad := numbered(99)
	bad.Details = json.RawMessage("{")
	if err := r.Record(t.Context(), bad, nil); domain.KindOf(err) != domain.Internal || err == nil {
		t.Errorf("an event that cannot be encoded: %v", err)
	}
	close(release)
	for i, d := range done {
		err := <-d
		if i == 7 {
			if err == nil || domain.KindOf(err) != domain.Internal {
				t.Errorf("the poison: %v, want Internal", err)
			}
		} else if err != nil {
			t.Errorf("event %d failed with the poison: %v", i, err)
		}
	}
	closeRecorder(t, r)
}

func TestRecorderFullQueueWaitsUntilTheCallerGivesUp(t *testing.T) {
	g := newGate()
	r := NewRecorder(RecorderOptions{Store: g, Queue: 1})
	first := record(r, t.Context(), numbered(0), nil)
	<-g.entered
	second := record(r, t.Context(), numbered(1), nil)
	waitQueued(r, 1)
	ctx, cancel := context.WithCancel(t.Context())
	third := record(r, ctx, numbered(2), nil)
	cancel()
	if err := <-third; domain.KindOf(err) != domain.Unavailable || !errors.Is(err, context.Canceled) {
		t.Errorf("with a full queue: %v", err)
	}
	g.result <- nil
	<-g.entered
	g.result <- nil
	if err := errors.Join(<-first, <-second); err != nil {
		t.Error(err)
	}
	closeRecorder(t, r)
}

func TestRecorderWritesForCallersWhoLeft(t *testing.T) {
	g := newGate()
	r := NewRecorder(RecorderOptions{Store: g})
	first := record(r, t.Context(), numbered(0), nil)
	<-g.entered
	ctx, cancel := context.WithCancel(t.Context())
	second := record(r, ctx, numbered(1), nil)
	waitQueued(r, 1)
	cancel()
	if err := <-second; domain.KindOf(err) != domain.Unavailable {
		t.Errorf("a caller who left: %v", err)
	}
	g.result <- nil
	<-g.entered
	g.result <- nil
	if err := <-first; err != nil {
		t.Error(err)
	}
	closeRecorder(t, r)
	if len(g.stored) != 2 {
		t.Errorf("%d events stored, want 2: hanging up must hide nothing", len(g.stored))
	}
}

func TestRecorderCloseFlushesThenRefuses(t *testing.T) {
	g := newGate()
	r := NewRecorder(RecorderOptions{Store: g, Batch: 2})
	accepted := []<-chan error{record(r, t.Context(), numbered(0), nil)}
	<-g.entered
	for i := range 5 {
		accepted = append(accepted, record(r, t.Context(), numbered(i+1), nil))
	}
	waitQueued(r, 5)
	closed := make(chan error, 1)
	go func() { closed <- r.Close(context.Background()) }()
	<-r.closing
	g.result <- nil
	for range 3 {
		<-g.entered
		g.result <- nil
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	for i, d := range accepted {
		if err := <-d; err != nil {
			t.Errorf("accepted event %d: %v", i, err)
		}
	}
	if err := r.Record(t.Context(), numbered(9), nil); domain.KindOf(err) != domain.Unavailable {
		t.Errorf("after Close: %v", err)
	}
	if len(g.stored) != 6 {
		t.Errorf("%d stored, want 6", len(g.stored))
	}
	closeRecorder(t, r) // twice does no harm
}

func TestRecorderCloseGivesUpAStuckCommit(t *testing.T) {
	g := newGate()
	r := NewRecorder(RecorderOptions{Store: g})
	first := record(r, t.Context(), numbered(0), nil)
	<-g.entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Close(ctx); domain.KindOf(err) != domain.Unavailable || err == nil {
		t.Errorf("Close: %v", err)
	}
	if err := <-first; domain.KindOf(err) != domain.Unavailable || err == nil {
		t.Errorf("the waiter: %v", err)
	}
}

// Every Record that returned nil is in the chain, none twice, under callers who
// come, leave and find the recorder closed.
func TestRecorderOnARealDatabase(t *testing.T) {
	d := newDatabase(t)
	r := NewRecorder(RecorderOptions{Store: d, Queue: 16, Batch: 8})
	var wg sync.WaitGroup
	var acknowledged sync.Map
	for w := range 16 {
		wg.Go(func() {
			for i := range 25 {
				ctx, cancel := context.WithCancel(context.Background())
				if i%5 == 4 {
					cancel()
				}
				n := w*100 + i
				if err := r.Record(ctx, numbered(n), nil); err == nil {
					acknowledged.Store(fmt.Sprint(n), true)
				} else if domain.KindOf(err) != domain.Unavailable {
					t.Error(err)
				}
				cancel()
				if w == 0 && i == 20 {
					closeRecorder(t, r)
				}
			}
		})
	}
	wg.Wait()
	rows, err := d.EventRows(context.Background(), domain.EventFilter{}, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		acknowledged.Delete(row.TargetID)
	}
	acknowledged.Range(func(k, _ any) bool { t.Errorf("event %v was acknowledged and is not there", k); return true })
	seen := map[string]bool{}
	for _, row := range rows {
		if seen[row.TargetID] {
			t.Errorf("event %s is there twice", row.TargetID)
		}
		seen[row.TargetID] = true
	}
	report, err := Verify(context.Background(), d, newSigner("ours"), nil, nil)
	if err != nil || report.FirstBroken != nil || report.Events != int64(len(rows)) || report.Events == 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

func BenchmarkRecorder(b *testing.B) {
	b.Run("group commit, 64 callers", func(b *testing.B) {
		d := newDatabase(b)
		r := NewRecorder(RecorderOptions{Store: d})
		b.SetParallelism(32) // times GOMAXPROCS
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := r.Record(context.Background(), numbered(1), nil); err != nil {
					b.Error(err)
				}
			}
		})
		closeRecorder(b, r)
	})
	b.Run("one commit per event", func(b *testing.B) {
		d := newDatabase(b)
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := d.AppendEvents(context.Background(), []domain.Event{numbered(1)}, nil); err != nil {
					b.Error(err)
				}
			}
		})
	})
}
