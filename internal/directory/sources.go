package directory

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"reflect"
	"time"

	"authsec/internal/domain"
)

// SourceStore keeps workload sources. Errors: NotFound for an ID there is not;
// Conflict already_exists with the field: a name, an issuer or a trust domain.
type SourceStore interface {
	WorkloadSource(ctx context.Context, id string) (domain.WorkloadSource, error)
	WorkloadSources(ctx context.Context, page domain.Page) (domain.List[domain.WorkloadSource], error)
	WorkloadSourceSet(ctx context.Context) (domain.SourceSet, error)
	CreateWorkloadSource(ctx context.Context, s domain.WorkloadSource, ev domain.Event) error
	UpdateWorkloadSource(ctx context.Context, id string, fn func(*domain.WorkloadSource) (domain.Event, error)) (domain.WorkloadSource, error)
	DeleteWorkloadSource(ctx context.Context, id string, fn func(domain.WorkloadSource) (domain.Event, error)) error
}

// SourceChecker tries a source's settings out, without asking the network: a
// file that they name may not be there. The error's text is for people.
type SourceChecker interface {
	CheckSource(s domain.WorkloadSource) error
}

// sourceState is a workload source as audit events show it.
type sourceState struct {
	Name     string                `json:"name"`
	Kind     domain.SourceKind     `json:"kind"`
	Enabled  bool                  `json:"enabled"`
	Settings domain.SourceSettings `json:"settings"`
}

// stateOfSource names key sets and certificates by their digests: an event is
// no place for hundreds of kilobytes, and a digest shows that they changed.
func stateOfSource(s domain.WorkloadSource) *sourceState {
	st := &sourceState{Name: s.Name, Kind: s.Kind, Enabled: s.Enabled, Settings: s.Settings}
	switch {
	case s.Settings.Kubernetes != nil:
		k := *s.Settings.Kubernetes
		k.JWKS, k.CABundle = digest(k.JWKS), digest(k.CABundle)
		st.Settings.Kubernetes = &k
	case s.Settings.OIDC != nil:
		o := *s.Settings.OIDC
		o.JWKS, o.CABundle = digest(o.JWKS), digest(o.CABundle)
		st.Settings.OIDC = &o
	case s.Settings.SPIFFE != nil:
		sp := *s.Settings.SPIFFE
		sp.CABundle = digest(sp.CABundle)
		st.Settings.SPIFFE = &sp
	}
	return st
}

func digest(text string) string {
	if text == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// WorkloadSources returns a page of workload sources by name.
func (s Service) WorkloadSources(ctx context.Context, page domain.Page) (domain.List[domain.WorkloadSource], error) {
	return s.SourceStore.WorkloadSources(ctx, paged(page))
}

// WorkloadSource returns one workload source, or NotFound.
func (s Service) WorkloadSource(ctx context.Context, id string) (domain.WorkloadSource, error) {
	id, err := parseID("workload source", id)
	if err != nil {
		return domain.WorkloadSource{}, err
	}
	return s.SourceStore.WorkloadSource(ctx, id)
}

// CreateWorkloadSource adds a workload source, unless its settings cannot be used.
func (s Service) CreateWorkloadSource(ctx context.Context, caller domain.Caller, spec domain.WorkloadSourceSpec) (domain.WorkloadSource, error) {
	src, err := s.DraftWorkloadSource(caller, spec)
	if err != nil {
		return domain.WorkloadSource{}, err
	}
	if src.ID, err = domain.NewID(s.Random); err != nil {
		return domain.WorkloadSource{}, err
	}
	now := s.now()
	src.CreatedAt, src.UpdatedAt = now, now
	ev, err := sourceEvent(now, caller, "workload_source.create", src).WithChange(nil, stateOfSource(src))
	if err != nil {
		return domain.WorkloadSource{}, err
	}
	return src, s.SourceStore.CreateWorkloadSource(ctx, src, ev)
}

// DraftWorkloadSource is the source that CreateWorkloadSource would store, for
// a test before it is.
func (s Service) DraftWorkloadSource(caller domain.Caller, spec domain.WorkloadSourceSpec) (domain.WorkloadSource, error) {
	if err := mustAdmin(caller); err != nil {
		return domain.WorkloadSource{}, err
	}
	if err := spec.Check(); err != nil {
		return domain.WorkloadSource{}, err
	}
	src := domain.WorkloadSource{Name: spec.Name, Kind: spec.Kind, Enabled: spec.Enabled, Settings: spec.Settings}
	return src, s.usable(src)
}

// usable refuses settings that cannot be used, before anything is written.
func (s Service) usable(src domain.WorkloadSource) error {
	err := s.SourceChecker.CheckSource(src)
	if own := (*domain.Error)(nil); err == nil || errors.As(err, &own) {
		return err
	}
	var f domain.Faults
	f.Add("/"+string(src.Kind), "unusable", "The settings cannot be used: %s.", clipTo(err.Error(), maxCause))
	return f.Err()
}

// maxCause bounds what is told of a file that could not be used: the cause, not its content.
const maxCause = 256

// UpdateWorkloadSource changes a workload source, unless its settings could not
// be used any more.
func (s Service) UpdateWorkloadSource(ctx context.Context, caller domain.Caller, id string, patch domain.WorkloadSourcePatch) (domain.WorkloadSource, error) {
	return s.updateSource(ctx, caller, id, "workload_source.update", func(src *domain.WorkloadSource) error {
		p := patch // Check normalises in place, and this may run again
		if err := p.Check(src.Kind); err != nil {
			return err
		}
		apply(&src.Name, p.Name)
		apply(&src.Settings, p.Settings)
		return nil
	})
}

// EnableWorkloadSource has proofs of the source believed, unless its settings
// cannot be used; one that is enabled stays so.
func (s Service) EnableWorkloadSource(ctx context.Context, caller domain.Caller, id string) (domain.WorkloadSource, error) {
	return s.updateSource(ctx, caller, id, "workload_source.enable", func(src *domain.WorkloadSource) error {
		src.Enabled = true
		return nil
	})
}

// DisableWorkloadSource ends that proofs of the source are believed, at once and
// also for those that were verified already; one that is disabled stays so.
func (s Service) DisableWorkloadSource(ctx context.Context, caller domain.Caller, id string) (domain.WorkloadSource, error) {
	return s.updateSource(ctx, caller, id, "workload_source.disable", func(src *domain.WorkloadSource) error {
		src.Enabled = false
		return nil
	})
}

// updateSource tries edit, which is pure, out on the source as it is, and then
// writes and records what it changed. What is not going to be believed need
// not be usable: a source whose file is gone can still be disabled.
func (s Service) updateSource(ctx context.Context, caller domain.Caller, id, verb string, edit func(*domain.WorkloadSource) error) (domain.WorkloadSource, error) {
	if err := mustAdmin(caller); err != nil {
		return domain.WorkloadSource{}, err
	}
	id, err := parseID("workload source", id)
	if err != nil {
		return domain.WorkloadSource{}, err
	}
	src, err := s.SourceStore.WorkloadSource(ctx, id)
	if err != nil {
		return domain.WorkloadSource{}, err
	}
	before := src
	if err := edit(&src); err != nil {
		return domain.WorkloadSource{}, err
	}
	if src.Enabled != before.Enabled && src.Enabled || !reflect.DeepEqual(src.Settings, before.Settings) {
		if err := s.usable(src); err != nil {
			return domain.WorkloadSource{}, err
		}
	}
	now := s.now()
	return s.SourceStore.UpdateWorkloadSource(ctx, id, func(src *domain.WorkloadSource) (domain.Event, error) {
		before := *src
		if err := edit(src); err != nil {
			return domain.Event{}, err
		}
		if reflect.DeepEqual(before, *src) {
			return domain.Event{}, domain.ErrNoChange
		}
		src.UpdatedAt = now
		return sourceEvent(now, caller, verb, *src).WithChange(stateOfSource(before), stateOfSource(*src))
	})
}

// DeleteWorkloadSource removes a workload source. Agents that only it could
// prove get no more tokens.
func (s Service) DeleteWorkloadSource(ctx context.Context, caller domain.Caller, id string) error {
	if err := mustAdmin(caller); err != nil {
		return err
	}
	id, err := parseID("workload source", id)
	if err != nil {
		return err
	}
	now := s.now()
	return s.SourceStore.DeleteWorkloadSource(ctx, id, func(src domain.WorkloadSource) (domain.Event, error) {
		return sourceEvent(now, caller, "workload_source.delete", src).WithChange(stateOfSource(src), nil)
	})
}

func sourceEvent(now time.Time, caller domain.Caller, verb string, src domain.WorkloadSource) domain.Event {
	return domain.NewEvent(now, caller, verb, domain.Party{Type: "workload_source", ID: src.ID, Name: src.Name})
}
