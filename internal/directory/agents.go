package directory

import (
	"context"
	"slices"
	"time"

	"authsec/internal/domain"
)

// AgentStore keeps agents. It knows deleted ones too, which this package hides,
// except in lists. Errors: NotFound for a client ID there is not; Conflict
// already_exists with the field.
type AgentStore interface {
	Agent(ctx context.Context, clientID string) (domain.Agent, error)
	Agents(ctx context.Context, filter domain.AgentFilter, page domain.Page) (domain.List[domain.Agent], error)
	CreateAgent(ctx context.Context, a domain.Agent, ev domain.Event) error
	UpdateAgent(ctx context.Context, clientID string, fn func(*domain.Agent) (domain.Event, error)) (domain.Agent, error)
	DeleteAgent(ctx context.Context, clientID string, at time.Time, reason string,
		fn func(domain.Agent, []domain.Delegation) ([]domain.Event, error)) error
}

// agentState is an agent as audit events show it.
type agentState struct {
	Name              string             `json:"name"`
	Type              string             `json:"type"`
	Platform          string             `json:"platform"`
	Selectors         []selectorState    `json:"selectors"`
	Attestation       domain.Attestation `json:"attestation"`
	AttestationChosen bool               `json:"attestation_chosen"`
	Status            domain.Status      `json:"status"`
}

type selectorState struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

func stateOfAgent(a domain.Agent) *agentState {
	st := &agentState{Name: a.Name, Type: a.Type, Platform: a.Platform, Selectors: []selectorState{},
		Attestation: a.Attestation, AttestationChosen: a.AttestationChosen, Status: a.Status}
	for _, sel := range a.Selectors {
		st.Selectors = append(st.Selectors, selectorState(sel))
	}
	return st
}

func (st *agentState) equal(other *agentState) bool {
	return st.Name == other.Name && st.Type == other.Type && st.Attestation == other.Attestation &&
		st.AttestationChosen == other.AttestationChosen && st.Status == other.Status && slices.Equal(st.Selectors, other.Selectors)
}

// Agents returns a page of agents, newest first, without their secrets.
func (s Service) Agents(ctx context.Context, filter domain.AgentFilter, page domain.Page) (domain.List[domain.Agent], error) {
	if err := filter.Check(); err != nil {
		return domain.List[domain.Agent]{}, err
	}
	return s.AgentStore.Agents(ctx, filter, paged(page))
}

// Agent returns one agent with its live secrets' hashes, or NotFound, also for
// a deleted one.
func (s Service) Agent(ctx context.Context, clientID string) (domain.Agent, error) {
	clientID, err := parseID("agent", clientID)
	if err != nil {
		return domain.Agent{}, err
	}
	a, err := s.AgentStore.Agent(ctx, clientID)
	if err != nil {
		return domain.Agent{}, err
	}
	if a.Status == domain.StatusDeleted {
		return domain.Agent{}, notFound("agent", clientID)
	}
	a.Secrets = live(a.Secrets, s.Now())
	return a, nil
}

// CreateAgent onboards an agent. One of platform "other" gets a client secret,
// which is returned this once.
func (s Service) CreateAgent(ctx context.Context, caller domain.Caller, spec domain.AgentSpec) (domain.Agent, domain.Secret, error) {
	if err := mustAdmin(caller); err != nil {
		return domain.Agent{}, "", err
	}
	if err := spec.Check(); err != nil {
		return domain.Agent{}, "", err
	}
	attestation, err := s.attestation(ctx, spec)
	if err != nil {
		return domain.Agent{}, "", err
	}
	id, err := domain.NewID(s.Random)
	if err != nil {
		return domain.Agent{}, "", err
	}
	now := s.now()
	a := domain.Agent{ClientID: id, Name: spec.Name, Type: spec.Type, Platform: spec.Platform, Selectors: spec.Selectors,
		Attestation: attestation, AttestationChosen: spec.Attestation != "", Status: domain.StatusActive, CreatedAt: now, UpdatedAt: now}
	var secret domain.Secret
	if a.Platform == domain.PlatformOther {
		if secret, err = domain.NewSecret(s.Random, domain.PrefixClientSecret); err != nil {
			return domain.Agent{}, "", err
		}
		a.Secrets = []domain.ClientSecret{{Hash: secret.Hash(), CreatedAt: now}}
	}
	ev, err := agentEvent(now, caller, "agent.create", a).WithChange(nil, stateOfAgent(a))
	if err != nil {
		return domain.Agent{}, "", err
	}
	if err := s.AgentStore.CreateAgent(ctx, a, ev); err != nil {
		return domain.Agent{}, "", err
	}
	return a, secret, nil
}

// allowed refuses permissive where the deployment requires attestation.
func (s Service) allowed(a domain.Attestation) error {
	var f domain.Faults
	if a == domain.AttestationPermissive && s.Defaults.RequireAttestation {
		f.Add("/attestation", "not_allowed", "attestation must be required: this server is set to require-attestation.")
	}
	return f.Err()
}

// UpdateAgent changes an agent. Naming an attestation mode, even the present
// one, makes it a chosen one.
func (s Service) UpdateAgent(ctx context.Context, caller domain.Caller, clientID string, patch domain.AgentPatch) (domain.Agent, error) {
	if err := mustAdmin(caller); err != nil {
		return domain.Agent{}, err
	}
	if patch.Attestation != nil {
		if err := s.allowed(*patch.Attestation); err != nil {
			return domain.Agent{}, err
		}
	}
	return s.updateAgent(ctx, caller, clientID, "agent.update", func(a *domain.Agent) error {
		p := patch // Check normalises in place, and this may run again
		if err := p.Check(a.Platform); err != nil {
			return err
		}
		apply(&a.Name, p.Name)
		apply(&a.Type, p.Type)
		if p.Selectors != nil {
			a.Selectors = slices.Clone(*p.Selectors)
		}
		if p.Attestation != nil {
			a.Attestation, a.AttestationChosen = *p.Attestation, true
		}
		return nil
	})
}

// SuspendAgent stops an agent's tokens at once; one that is suspended stays so.
func (s Service) SuspendAgent(ctx context.Context, caller domain.Caller, clientID string) (domain.Agent, error) {
	return s.updateAgent(ctx, caller, clientID, "agent.suspend", func(a *domain.Agent) error {
		a.Status = domain.StatusSuspended
		return nil
	})
}

// ActivateAgent ends a suspension; an active agent stays so.
func (s Service) ActivateAgent(ctx context.Context, caller domain.Caller, clientID string) (domain.Agent, error) {
	return s.updateAgent(ctx, caller, clientID, "agent.activate", func(a *domain.Agent) error {
		a.Status = domain.StatusActive
		return nil
	})
}

// updateAgent runs edit, which is pure, on an agent that is not deleted, and
// writes and records what it changed.
func (s Service) updateAgent(ctx context.Context, caller domain.Caller, clientID, verb string, edit func(*domain.Agent) error) (domain.Agent, error) {
	if err := mustAdmin(caller); err != nil {
		return domain.Agent{}, err
	}
	clientID, err := parseID("agent", clientID)
	if err != nil {
		return domain.Agent{}, err
	}
	now := s.now()
	a, err := s.AgentStore.UpdateAgent(ctx, clientID, func(a *domain.Agent) (domain.Event, error) {
		if a.Status == domain.StatusDeleted {
			return domain.Event{}, notFound("agent", clientID)
		}
		before := stateOfAgent(*a)
		if err := edit(a); err != nil {
			return domain.Event{}, err
		}
		after := stateOfAgent(*a)
		if before.equal(after) {
			return domain.Event{}, domain.ErrNoChange
		}
		a.UpdatedAt = now
		return agentEvent(now, caller, verb, *a).WithChange(before, after)
	})
	if err != nil {
		return domain.Agent{}, err
	}
	a.Secrets = live(a.Secrets, now)
	return a, nil
}

func agentEvent(now time.Time, caller domain.Caller, verb string, a domain.Agent) domain.Event {
	e := domain.NewEvent(now, caller, verb, domain.Party{Type: "agent", ID: a.ClientID, Name: a.Name})
	e.ClientID = a.ClientID
	return e
}
