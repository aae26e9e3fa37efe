package attest_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"authsec/internal/attest"
	"authsec/internal/domain"
)

// fakeReader is the store's sources.
type fakeReader struct {
	mu    sync.Mutex
	set   domain.SourceSet
	err   error
	reads int
}

func (r *fakeReader) WorkloadSourceSet(context.Context) (domain.SourceSet, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reads++
	return domain.SourceSet{Revision: r.set.Revision, Sources: slices.Clone(r.set.Sources)}, r.err
}

// fakeVerifier knows the bearer tokens that begin with its name.
type fakeVerifier struct {
	name   string
	verify func(p attest.Presented) (attest.Attested, error) // for its own; nil: accepts
	wait   chan struct{}                                     // nil: answers at once
	calls  atomic.Int32
	closed atomic.Bool
}

func (v *fakeVerifier) Verify(ctx context.Context, p attest.Presented, _ time.Time) (attest.Attested, error) {
	if !strings.HasPrefix(p.Bearer.Reveal(), v.name) && (!p.Empty() || p.Peer == nil) {
		return attest.Attested{}, attest.ErrNotMine
	}
	v.calls.Add(1)
	if v.wait != nil {
		select {
		case <-v.wait:
		case <-ctx.Done():
			return attest.Attested{}, ctx.Err()
		}
	}
	if v.closed.Load() {
		return attest.Attested{}, errors.New("closed")
	}
	if v.verify != nil {
		return v.verify(p)
	}
	return attest.Attested{Kind: "oidc", Selectors: []attest.Selector{{Selector: domain.Selector{Key: "github:ref", Value: v.name}, How: attest.Signed}}}, nil
}

func (v *fakeVerifier) Close() error {
	v.closed.Store(true)
	return nil
}

// world is Sources on fakes: what they build is what stands in verifiers or broken by the source's name.
type world struct {
	*attest.Sources
	reader    *fakeReader
	verifiers map[string]*fakeVerifier
	broken    map[string]error
	built     []string
	log       strings.Builder
	now       time.Time
}

func newWorld(t *testing.T, sources ...domain.WorkloadSource) *world {
	t.Helper()
	w := &world{reader: &fakeReader{set: domain.SourceSet{Revision: 1, Sources: sources}}, verifiers: map[string]*fakeVerifier{}, broken: map[string]error{},
		now: time.Date(2026, 5, 21, 7, 0, 0, 0, time.UTC)}
	w.Sources = &attest.Sources{Reader: w.reader, Log: slog.New(slog.NewTextHandler(&w.log, nil)), Build: func(s domain.WorkloadSource) (attest.Verifier, error) {
		w.built = append(w.built, s.Name)
		if err := w.broken[s.Name]; err != nil {
			return nil, err
		}
		v := &fakeVerifier{name: s.ID}
		if old := w.verifiers[s.Name]; old != nil {
			v.verify, v.wait = old.verify, old.wait
		}
		w.verifiers[s.Name] = v
		return v, nil
	}}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		for name, v := range w.verifiers {
			if !v.closed.Load() {
				t.Errorf("%s was not closed", name)
			}
		}
	})
	return w
}

// change replaces the sources, which raises their revision.
func (w *world) change(sources ...domain.WorkloadSource) {
	w.reader.mu.Lock()
	defer w.reader.mu.Unlock()
	w.reader.set = domain.SourceSet{Revision: w.reader.set.Revision + 1, Sources: sources}
}

func oidcSource(name string) domain.WorkloadSource {
	return domain.WorkloadSource{ID: name, Name: name, Kind: domain.SourceOIDC, Enabled: true,
		Settings: domain.SourceSettings{OIDC: &domain.OIDCSource{Platform: "github", Issuer: "https://" + name + ".example.com"}}}
}

// ask attests a bearer token at the store's own revision.
func (w *world) ask(t *testing.T, token string) (attest.Attested, error) {
	t.Helper()
	return w.Attest(t.Context(), attest.Question{Agent: domain.Agent{ClientID: "agent", Platform: "github"},
		Presented: attest.Presented{Bearer: domain.Secret(token)}, Revision: w.reader.set.Revision, Now: w.now})
}

func (w *world) calls(name string) int { return int(w.verifiers[name].calls.Load()) }

func TestSourcesRouteToTheOneWhoseProofItIs(t *testing.T) {
	w := newWorld(t, oidcSource("one"), oidcSource("two"))
	for _, name := range []string{"one", "two"} {
		got, err := w.ask(t, name+":token")
		if err != nil || got.SourceID != name || got.Selectors[0].Value != name {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for what, p := range map[string]attest.Presented{"a third's": {Bearer: "three:token"}, "a client secret": {Basic: &attest.Basic{}}, "nothing": {}} {
		if got, err := w.Attest(t.Context(), attest.Question{Presented: p, Revision: 1, Now: w.now}); !errors.Is(err, attest.ErrNotMine) || got.Kind != "" {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	if w.reader.reads != 1 {
		t.Errorf("the sources were read %d times at one revision", w.reader.reads)
	}
}

// A verified proof is kept until it ends or for a minute, whichever is first.
func TestVerifiedProofsAreKept(t *testing.T) {
	for _, tt := range []struct {
		what  string
		until time.Duration // of the proof; 0: it does not say
		kept  time.Duration
	}{{"a long one", time.Hour, time.Minute}, {"one that does not say", 0, time.Minute}, {"one that ends soon", 10 * time.Second, 10 * time.Second}, {"one in its leeway", -time.Second, 0}} {
		w := newWorld(t, oidcSource("one"))
		start := w.now
		w.verifiers["one"] = &fakeVerifier{verify: func(attest.Presented) (attest.Attested, error) {
			a := attest.Attested{Kind: "oidc"}
			if tt.until != 0 {
				a.Until = start.Add(tt.until)
			}
			return a, nil
		}}
		for _, at := range []time.Duration{0, max(0, tt.kept-1)} {
			w.now = start.Add(at)
			if _, err := w.ask(t, "one:token"); err != nil {
				t.Fatal(err)
			}
		}
		want := 1
		if tt.kept == 0 {
			want = 2
		}
		if got := w.calls("one"); got != want {
			t.Errorf("%s: verified %d times before it should be, want %d", tt.what, got, want)
		}
		w.now = start.Add(tt.kept)
		if _, err := w.ask(t, "one:token"); err != nil || w.calls("one") != want+1 {
			t.Errorf("%s: %d times, want once more: %v", tt.what, w.calls("one"), err)
		}
		if _, err := w.ask(t, "one:another"); err != nil || w.calls("one") != want+2 {
			t.Errorf("%s: another token was taken for it: %v", tt.what, err)
		}
	}
}

// Rejections and outages are not kept: what was bad may be good in a moment.
func TestFailuresAreNotKept(t *testing.T) {
	for what, failure := range map[string]error{"rejection": &attest.Rejection{Problem: "Bad."}, "outage": errors.New("connection refused")} {
		w := newWorld(t, oidcSource("one"))
		fails := true
		w.verifiers["one"] = &fakeVerifier{verify: func(attest.Presented) (attest.Attested, error) {
			if fails {
				return attest.Attested{Kind: "oidc"}, failure
			}
			return attest.Attested{Kind: "oidc"}, nil
		}}
		for range 2 {
			if got, err := w.ask(t, "one:token"); !errors.Is(err, failure) || got.Kind != "" {
				t.Errorf("%s: %+v, %v", what, got, err)
			}
		}
		fails = false
		if _, err := w.ask(t, "one:token"); err != nil || w.calls("one") != 3 {
			t.Errorf("%s: asked %d times: %v", what, w.calls("one"), err)
		}
	}
}

// A change of revision drops what was verified; a source that is as it was keeps
// its verifier, with whatever keys that has.
func TestARevisionDropsWhatWasVerified(t *testing.T) {
	w := newWorld(t, oidcSource("one"), oidcSource("two"))
	if _, err := w.ask(t, "one:token"); err != nil {
		t.Fatal(err)
	}
	one, two := w.verifiers["one"], w.verifiers["two"]
	renamed := oidcSource("one")
	renamed.Name, renamed.UpdatedAt = "renamed", w.now
	w.change(renamed)
	if got, err := w.ask(t, "two:token"); !errors.Is(err, attest.ErrNotMine) {
		t.Errorf("a disabled source attests %+v, %v", got, err)
	}
	if !two.closed.Load() || one.closed.Load() || len(w.built) != 2 {
		t.Errorf("closed %v %v, built %v", one.closed.Load(), two.closed.Load(), w.built)
	}
	if _, err := w.ask(t, "one:token"); err != nil || one.calls.Load() != 2 {
		t.Errorf("%d calls, %v", one.calls.Load(), err)
	}
	edited := oidcSource("one")
	edited.Settings.OIDC.Audience = "another" // without a new time
	w.change(edited)
	if _, err := w.ask(t, "one:token"); err != nil || !one.closed.Load() || w.calls("one") != 1 || len(w.built) != 3 {
		t.Errorf("an edited source keeps its verifier: built %v, %v", w.built, err)
	}
	w.change()
	if _, err := w.ask(t, "one:token"); !errors.Is(err, attest.ErrNotMine) || !w.verifiers["one"].closed.Load() {
		t.Errorf("%v", err)
	}
}

// A decision at a revision is never answered by older sources.
func TestOlderSourcesDoNotAnswer(t *testing.T) {
	w := newWorld(t, oidcSource("one"))
	q := attest.Question{Presented: attest.Presented{Bearer: "one:token"}, Revision: 1, Now: w.now}
	if _, err := w.Attest(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	q.Revision = 2 // of a database that is ahead of the reader's
	if got, err := w.Attest(t.Context(), q); err == nil || errors.Is(err, attest.ErrNotMine) || got.Kind != "" {
		t.Errorf("%+v, %v", got, err)
	}
	w.reader.err = errors.New("the database is away")
	if got, err := w.Attest(t.Context(), q); !errors.Is(err, w.reader.err) || got.Kind != "" {
		t.Errorf("%+v, %v", got, err)
	}
	q.Revision = 1 // what is known is not asked for again
	if _, err := w.Attest(t.Context(), q); err != nil {
		t.Error(err)
	}
}

// A source that cannot be used makes what nobody claims undecided; it is tried
// again after a while, and what was verified meanwhile stays.
func TestABrokenSource(t *testing.T) {
	w := newWorld(t, oidcSource("one"), oidcSource("two"))
	broken := errors.New("open /etc/keys: no such file or directory")
	w.broken["one"] = broken
	if _, err := w.ask(t, "two:token"); err != nil {
		t.Errorf("another's proof: %v", err)
	}
	for range 2 {
		if got, err := w.ask(t, "one:token"); !errors.Is(err, broken) || errors.Is(err, attest.ErrNotMine) || got.Kind != "" || !strings.Contains(err.Error(), "workload source one") {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if len(w.built) != 2 || !strings.Contains(w.log.String(), "/etc/keys") {
		t.Errorf("built %v, log %q", w.built, w.log.String())
	}
	delete(w.broken, "one")
	w.now = w.now.Add(10*time.Second - 1)
	if _, err := w.ask(t, "one:token"); !errors.Is(err, broken) {
		t.Errorf("too soon: %v", err)
	}
	w.now = w.now.Add(1)
	if got, err := w.ask(t, "one:token"); err != nil || got.SourceID != "one" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := w.ask(t, "two:token"); err != nil || w.calls("two") != 1 || len(w.built) != 3 {
		t.Errorf("what was verified was dropped: %d calls, built %v, %v", w.calls("two"), w.built, err)
	}
}

// Many who present one proof at once have it verified once, and who goes away
// does not end it for the others.
func TestOneVerificationServesAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, oidcSource("one"))
		release := make(chan struct{})
		w.verifiers["one"] = &fakeVerifier{wait: release}
		gone, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for n := range 20 {
			ctx := t.Context()
			if n == 0 {
				ctx = gone
			}
			wg.Go(func() {
				got, err := w.Attest(ctx, attest.Question{Presented: attest.Presented{Bearer: "one:token"}, Revision: 1, Now: w.now})
				if err != nil || got.Kind != "oidc" {
					t.Errorf("%+v, %v", got, err)
				}
			})
			synctest.Wait() // each waits before the next comes
		}
		leave()
		synctest.Wait()
		close(release)
		wg.Wait()
		if w.calls("one") != 1 || w.reader.reads != 1 {
			t.Errorf("%d verifications, %d reads", w.calls("one"), w.reader.reads)
		}
	})
}

// A node agent's word that a workload is an agent counts for that agent alone,
// and does not stay in what is kept for the others.
func TestANodeAgentsWord(t *testing.T) {
	w := newWorld(t, oidcSource("one"))
	w.verifiers["one"] = &fakeVerifier{verify: func(attest.Presented) (attest.Attested, error) {
		selectors := make([]attest.Selector, 1, 8) // with room, which an append would write to
		selectors[0] = attest.Selector{Selector: domain.Selector{Key: "spiffe:id", Value: "x"}, How: attest.Signed}
		return attest.Attested{Kind: "spiffe", ClientID: "mine", Selectors: selectors}, nil
	}}
	own, edited := domain.Selector{Key: "k8s:ns", Value: "production"}, domain.Selector{Key: "k8s:ns", Value: "staging"}
	ask := func(clientID string, own domain.Selector) []attest.Selector {
		got, err := w.Attest(t.Context(), attest.Question{Agent: domain.Agent{ClientID: clientID, Platform: "kubernetes", Selectors: []domain.Selector{own}},
			Presented: attest.Presented{Bearer: "one:svid"}, Revision: 1, Now: w.now})
		if err != nil {
			t.Fatal(err)
		}
		return got.Selectors
	}
	for range 2 {
		got := ask("mine", own)
		ask("mine", edited)
		if len(got) != 2 || got[1] != (attest.Selector{Selector: own, How: attest.Node}) {
			t.Errorf("its own: %+v", got)
		}
		for _, other := range []string{"another", ""} {
			if got := ask(other, own); len(got) != 1 {
				t.Errorf("%q is taken for it: %+v", other, got)
			}
		}
	}
}

// fakePeer is a process on this machine.
type fakePeer struct{}

func (fakePeer) Process(context.Context) (domain.Process, error) { return domain.Process{}, nil }

// What the sources of this machine know of a process is put together; other
// kinds and other platforms are not asked.
func TestPeersOfThisMachine(t *testing.T) {
	unix := func(name, docker string) domain.WorkloadSource {
		return domain.WorkloadSource{ID: name, Name: name, Kind: domain.SourceUnix, Enabled: true, Settings: domain.SourceSettings{Unix: &domain.UnixSource{DockerHost: docker}}}
	}
	w := newWorld(t, oidcSource("one"), unix("plain", ""), unix("docker", "unix:///var/run/docker.sock"))
	uid := attest.Selector{Selector: domain.Selector{Key: "unix:uid", Value: "1000"}, How: attest.Node}
	label := attest.Selector{Selector: domain.Selector{Key: "docker:label:app", Value: "support"}, How: attest.LookedUp}
	w.verifiers["plain"] = &fakeVerifier{verify: func(attest.Presented) (attest.Attested, error) {
		return attest.Attested{Kind: "unix", Selectors: []attest.Selector{uid}, Missing: map[string]string{"unix:path": "Why."}}, nil
	}}
	var fails error
	w.verifiers["docker"] = &fakeVerifier{verify: func(attest.Presented) (attest.Attested, error) {
		return attest.Attested{Kind: "unix", Selectors: []attest.Selector{uid, label}, Missing: map[string]string{"unix:path": "Not this.", "docker:env:": "That."}}, fails
	}}
	ask := func(platform string) (attest.Attested, error) {
		return w.Attest(t.Context(), attest.Question{Agent: domain.Agent{Platform: platform}, Presented: attest.Presented{Peer: fakePeer{}}, Revision: 1, Now: w.now})
	}
	got, err := ask("unix")
	if err != nil || got.SourceID != "plain" || !slices.Equal(got.Selectors, []attest.Selector{uid, label}) || !maps.Equal(got.Missing, map[string]string{"unix:path": "Why.", "docker:env:": "That."}) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := ask("docker"); err != nil || got.SourceID != "docker" || w.calls("plain") != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	for _, platform := range []string{"github", "kubernetes", "other"} {
		if got, err := ask(platform); !errors.Is(err, attest.ErrNotMine) {
			t.Errorf("%s: %+v, %v", platform, got, err)
		}
	}
	fails = errors.New("Docker is away") // a part is no whole
	for _, platform := range []string{"unix", "docker"} {
		if got, err := ask(platform); !errors.Is(err, fails) || len(got.Selectors) != 0 {
			t.Errorf("%s: %+v, %v", platform, got, err)
		}
	}
	fails = attest.ErrNotMine // this one cannot tell, the other can
	if got, err := ask("unix"); err != nil || !slices.Equal(got.Selectors, []attest.Selector{uid}) {
		t.Errorf("%+v, %v", got, err)
	}
	if w.calls("plain")+w.calls("docker") != 8 {
		t.Error("what is known of a process was kept: the next on its connection may be another")
	}
}

func TestExamineKeepsNothing(t *testing.T) {
	w := newWorld(t)
	off := oidcSource("off")
	off.Enabled = false
	for range 2 {
		got, err := w.Examine(t.Context(), off, attest.Presented{Bearer: "off:token"}, w.now)
		if err != nil || got.SourceID != "off" || !w.verifiers["off"].closed.Load() {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if len(w.built) != 2 || w.reader.reads != 0 {
		t.Errorf("built %v, read %d times", w.built, w.reader.reads)
	}
	if _, err := w.Examine(t.Context(), off, attest.Presented{Bearer: "two:token"}, w.now); !errors.Is(err, attest.ErrNotMine) {
		t.Errorf("%v", err)
	}
	if err := w.CheckSource(off); err != nil || !w.verifiers["off"].closed.Load() {
		t.Errorf("%v", err)
	}
	w.broken["off"] = errors.New("no such file")
	if err := w.CheckSource(off); !errors.Is(err, w.broken["off"]) {
		t.Errorf("%v", err)
	}
	if _, err := w.Examine(t.Context(), off, attest.Presented{Bearer: "off:token"}, w.now); !errors.Is(err, w.broken["off"]) {
		t.Errorf("%v", err)
	}
}

func TestNothingIsAttestedAfterClose(t *testing.T) {
	w := newWorld(t, oidcSource("one"))
	if _, err := w.ask(t, "one:token"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil || !w.verifiers["one"].closed.Load() {
		t.Errorf("%v", err)
	}
	if got, err := w.ask(t, "one:token"); err == nil || errors.Is(err, attest.ErrNotMine) || len(w.built) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

// Revisions come and go under load; no answer is of a source that was not enabled at its revision.
func TestSourcesUnderLoad(t *testing.T) {
	w := newWorld(t, oidcSource("one"))
	var revision atomic.Int64
	revision.Store(1)
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for i := range 200 {
				at := revision.Load()
				got, err := w.Attest(t.Context(), attest.Question{Presented: attest.Presented{Bearer: domain.Secret(fmt.Sprintf("one:%d", (n+i)%7))}, Revision: at, Now: w.now})
				if enabled := at%2 == 1; err == nil && !enabled && revision.Load() == at {
					t.Errorf("at revision %d: %+v", at, got)
				}
			}
		})
	}
	for range 100 {
		if revision.Load()%2 == 1 {
			w.change()
		} else {
			w.change(oidcSource("one"))
		}
		revision.Add(1)
	}
	wg.Wait()
}
