package attest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"slices"
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

	mu      sync.Mutex
	current *generation
	loading singleflight.Group
}

// generation is the sources of one revision. What was verified is kept with it,
// so that a change to any source forgets everything at once.
type generation struct {
	revision int64
	members  []*member
	kept     *lru.Cache[proofKey, keptProof]
	flights  singleflight.Group
	retryAt  time.Time // when to build what could not be built; zero: all were
}

type member struct {
	source   domain.WorkloadSource
	verifier Verifier // nil: it could not be built
	problem  error
}

type proofKey [sha256.Size]byte

type keptProof struct {
	attested Attested
	until    time.Time
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
	if got.ClientID != "" && got.ClientID == q.Agent.ClientID {
		got.Selectors = slices.Clone(got.Selectors)
		for _, sel := range q.Agent.Selectors {
			got.Selectors = append(got.Selectors, Selector{Selector: sel, How: Node})
		}
	}
	return got, nil
}

// presented verifies a credential, or remembers that it was.
func (g *generation) presented(ctx context.Context, p Presented, now time.Time) (Attested, error) {
	key := keyOf(p)
	if kept, ok := g.kept.Get(key); ok && now.Before(kept.until) {
		return kept.attested, nil
	}
	// One verification serves all who present the same proof; whoever goes away
	// does not end it for the others.
	shared, err, _ := g.flights.Do(string(key[:]), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), verifyTimeout)
		defer cancel()
		got, err := g.verify(ctx, p, now)
		if err != nil {
			return Attested{}, err
		}
		until := now.Add(keptFor)
		if !got.Until.IsZero() && got.Until.Before(until) {
			until = got.Until
		}
		g.kept.Add(key, keptProof{got, until})
		return got, nil
	})
	if err != nil {
		return Attested{}, err
	}
	return shared.(Attested), nil //nolint:forcetypeassert // made above
}

const verifyTimeout = 10 * time.Second

func (g *generation) verify(ctx context.Context, p Presented, now time.Time) (Attested, error) {
	var broken error
	for _, m := range g.members {
		if m.verifier == nil {
			broken = errors.Join(broken, m.problem)
			continue
		}
		got, err := m.verifier.Verify(ctx, p, now)
		if errors.Is(err, ErrNotMine) {
			continue
		}
		got.SourceID = m.source.ID
		return got, err
	}
	if broken != nil { // it may be that source's: that cannot be told now
		return Attested{}, broken
	}
	return Attested{}, ErrNotMine
}

// peer asks what is known of the process at the other end: every source of this
// machine adds to it. Only agents of its platforms are known in this way.
func (g *generation) peer(ctx context.Context, q Question) (Attested, error) {
	var all Attested
	found := false
	for _, m := range g.members {
		if m.source.Kind != domain.SourceUnix || !slices.Contains(m.source.Proves(""), q.Agent.Platform) {
			continue
		}
		if m.verifier == nil {
			return Attested{}, m.problem
		}
		got, err := m.verifier.Verify(ctx, q.Presented, q.Now)
		if errors.Is(err, ErrNotMine) {
			continue
		}
		if err != nil {
			return Attested{}, err
		}
		if !found {
			all, found = got, true
			all.SourceID = m.source.ID
			continue
		}
		all.Selectors = append(slices.Clone(all.Selectors), got.Selectors...)
	}
	if !found {
		return Attested{}, ErrNotMine
	}
	return all, nil
}

func keyOf(p Presented) proofKey {
	if p.Bearer != "" {
		return sha256.Sum256([]byte("bearer:" + p.Bearer.Reveal()))
	}
	h := sha256.New()
	h.Write([]byte("x509:"))
	for _, c := range p.Certificates {
		h.Write(c.Raw)
	}
	return proofKey(h.Sum(nil))
}

// at returns the sources at the revision, or a later one.
func (s *Sources) at(ctx context.Context, revision int64, now time.Time) (*generation, error) {
	if g := s.usable(revision, now); g != nil {
		return g, nil
	}
	shared, err, _ := s.loading.Do(fmt.Sprint(revision), func() (any, error) {
		return s.load(context.WithoutCancel(ctx), revision, now)
	})
	if err != nil {
		return nil, err
	}
	return shared.(*generation), nil //nolint:forcetypeassert // made by load
}

func (s *Sources) usable(revision int64, now time.Time) *generation {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.current
	if g == nil || g.revision < revision || (!g.retryAt.IsZero() && !now.Before(g.retryAt)) {
		return nil
	}
	return g
}

// load reads the sources and takes over the verifiers of those that are as they were.
func (s *Sources) load(ctx context.Context, revision int64, now time.Time) (*generation, error) {
	set, err := s.Reader.WorkloadSourceSet(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the workload sources: %w", err)
	}
	if set.Revision < revision {
		return nil, fmt.Errorf("the workload sources are at revision %d, behind %d", set.Revision, revision)
	}
	kept, err := lru.New[proofKey, keptProof](maxKept)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != nil && s.current.revision > set.Revision { // another load was faster
		return s.current, nil
	}
	next := &generation{revision: set.Revision, kept: kept}
	var before []*member
	if s.current != nil {
		before = slices.Clone(s.current.members)
	}
	for _, source := range set.Sources {
		i := slices.IndexFunc(before, func(m *member) bool {
			return m.verifier != nil && m.source.ID == source.ID && m.source.UpdatedAt.Equal(source.UpdatedAt)
		})
		if i >= 0 {
			next.members = append(next.members, before[i])
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
	s.current = next
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

// Close ends what the sources run in the background.
func (s *Sources) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != nil {
		closeAll(context.Background(), s.Log, s.current.members)
		s.current = nil
	}
	return nil
}
