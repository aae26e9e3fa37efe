package attest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"time"

	"authsec/internal/domain"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"
)

// SourceReader reads the enabled workload sources.
type SourceReader interface {
	WorkloadSourceSet(ctx context.Context) (domain.SourceSet, error)
}

// Limits of what is kept of verified proofs.
const (
	maxKept = 10_000
	// keptFor bounds how long a verified proof is believed without being asked
	// about again: what it stands for may be gone.
	keptFor = 60 * time.Second
	// rebuildAfter is how soon a source whose settings cannot be used, for a file
	// that is not there yet perhaps, is tried again.
	rebuildAfter = 10 * time.Second
)

// Sources is the Attestor of all workload sources: it knows which are enabled
// at a decision's revision, and keeps what they verified for a short while.
// Reader, Build and Log are required. Safe for concurrent use.
type Sources struct {
	Reader SourceReader
	Build  Builder
	Log    *slog.Logger

	loading  singleflight.Group
	building sync.Mutex // one load at a time: each takes over from the one before
	mu       sync.Mutex // never held while a file is read
	current  *generation
	closed   bool
}

// Attest implements Attestor.
func (s *Sources) Attest(ctx context.Context, q Question) (Attested, error) {
	if q.Presented.Basic != nil {
		return Attested{}, ErrNotMine
	}
	g, err := s.at(ctx, q.Revision, q.Now)
	if err != nil {
		return Attested{}, err
	}
	var got Attested
	if q.Presented.Empty() {
		got, err = g.peer(ctx, q)
	} else {
		got, err = g.presented(ctx, q.Presented, q.Now)
	}
	if err != nil {
		return Attested{}, err
	}
	return got.For(q.Agent), nil
}

// at returns the sources at the revision, or a later one.
func (s *Sources) at(ctx context.Context, revision int64, now time.Time) (*generation, error) {
	if g := s.usable(revision, now); g != nil {
		return g, nil
	}
	shared, err, _ := s.loading.Do(strconv.FormatInt(revision, 10), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), verifyTimeout)
		defer cancel()
		return s.load(ctx, revision, now)
	})
	if err != nil {
		return nil, err
	}
	return shared.(*generation), nil //nolint:forcetypeassert // made by load
}

func (s *Sources) usable(revision int64, now time.Time) *generation {
	g, _ := s.state()
	if g == nil || g.revision < revision || (!g.retryAt.IsZero() && !now.Before(g.retryAt)) {
		return nil
	}
	return g
}

func (s *Sources) state() (current *generation, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current, s.closed
}

// load reads the sources and takes over the verifiers of those that are as they were.
func (s *Sources) load(ctx context.Context, revision int64, now time.Time) (*generation, error) {
	s.building.Lock()
	defer s.building.Unlock()
	if g := s.usable(revision, now); g != nil { // another load was faster
		return g, nil
	}
	set, err := s.Reader.WorkloadSourceSet(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the workload sources: %w", err)
	}
	if set.Revision < revision {
		return nil, fmt.Errorf("the workload sources are at revision %d, behind %d", set.Revision, revision)
	}
	last, closed := s.state()
	if closed {
		return nil, errors.New("the workload sources are closed")
	}
	next := &generation{revision: set.Revision}
	var before []*member
	if last != nil {
		before = slices.Clone(last.members)
		if last.revision == set.Revision { // nothing changed; what could not be built is tried again
			next.kept = last.kept
		}
	}
	if next.kept == nil {
		if next.kept, err = lru.New[proofKey, keptProof](maxKept); err != nil {
			return nil, err
		}
	}
	for _, source := range set.Sources {
		i := slices.IndexFunc(before, func(m *member) bool {
			return m.verifier != nil && m.source.ID == source.ID && reflect.DeepEqual(m.source.Settings, source.Settings)
		})
		if i >= 0 {
			next.members = append(next.members, &member{source: source, verifier: before[i].verifier})
			before = slices.Delete(before, i, i+1)
			continue
		}
		m := &member{source: source}
		if m.verifier, err = s.Build(source); err != nil {
			m.verifier, m.problem = nil, fmt.Errorf("workload source %s: %w", source.Name, err)
			next.retryAt = now.Add(rebuildAfter)
			s.Log.WarnContext(ctx, "workload source cannot be used", "source", source.Name, "error", err)
		}
		next.members = append(next.members, m)
	}
	s.mu.Lock()
	s.current = next
	s.mu.Unlock()
	closeAll(ctx, s.Log, before)
	return next, nil
}

func closeAll(ctx context.Context, log *slog.Logger, members []*member) {
	for _, m := range members {
		if m.verifier == nil {
			continue
		}
		if err := m.verifier.Close(); err != nil {
			log.WarnContext(ctx, "workload source not closed", "source", m.source.Name, "error", err)
		}
	}
}

// Examine verifies a proof by one source alone, enabled or not, saved or not:
// what an administrator's test of a source shows. Nothing is kept.
func (s *Sources) Examine(ctx context.Context, source domain.WorkloadSource, p Presented, now time.Time) (Attested, error) {
	v, err := s.Build(source)
	if err != nil {
		return Attested{}, fmt.Errorf("workload source %s: %w", source.Name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	got, err := v.Verify(ctx, p, now)
	got.SourceID = source.ID
	return got, errors.Join(err, v.Close())
}

// CheckSource reports what keeps a source's settings from being used, without
// asking the network.
func (s *Sources) CheckSource(source domain.WorkloadSource) error {
	v, err := s.Build(source)
	if err != nil {
		return err
	}
	return v.Close()
}

// Close ends what the sources run in the background. Nothing is attested after it.
func (s *Sources) Close() error {
	s.building.Lock()
	defer s.building.Unlock()
	last, _ := s.state()
	s.mu.Lock()
	s.current, s.closed = nil, true
	s.mu.Unlock()
	if last != nil {
		closeAll(context.Background(), s.Log, last.members)
	}
	return nil
}
