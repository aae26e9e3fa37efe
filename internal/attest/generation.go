package attest

import (
	"context"
	"crypto/sha256"
	"errors"
	"maps"
	"slices"
	"time"

	"authsec/internal/domain"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"
)

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
		got, err := verifyPeer(ctx, m.verifier, q)
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
		all.add(got)
	}
	if !found {
		return Attested{}, ErrNotMine
	}
	return all, nil
}

func verifyPeer(ctx context.Context, v Verifier, q Question) (Attested, error) {
	if v, ok := v.(PeerVerifier); ok {
		return v.VerifyPeer(ctx, q)
	}
	return v.Verify(ctx, q.Presented, q.Now)
}

// add joins what another source of this machine knows of the same process.
func (a *Attested) add(other Attested) {
	a.Selectors, a.Missing = slices.Clone(a.Selectors), maps.Clone(a.Missing)
	for _, sel := range other.Selectors {
		if !slices.Contains(a.Selectors, sel) {
			a.Selectors = append(a.Selectors, sel)
		}
	}
	for key, why := range other.Missing {
		if _, ok := a.Missing[key]; ok {
			continue
		}
		if a.Missing == nil {
			a.Missing = map[string]string{}
		}
		a.Missing[key] = why
	}
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
