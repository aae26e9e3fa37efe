package directory

import (
	"context"
	"slices"

	"authsec/internal/domain"
)

// KeyChecker says what keeps an agent's keys from verifying an assertion, in a
// sentence for people.
type KeyChecker interface {
	CheckAgentKeys(keys []domain.AgentKey) error
}

// keyState is an agent's keys as audit events show them: they are public, but
// their names are enough.
type keyState struct {
	Keys []keyName `json:"keys"`
}

type keyName struct {
	ID   string `json:"kid,omitempty"`
	Type string `json:"kty"`
	Alg  string `json:"alg,omitempty"`
}

func stateOfKeys(keys []domain.AgentKey) keyState {
	st := keyState{Keys: []keyName{}}
	for _, k := range keys {
		st.Keys = append(st.Keys, keyName{k.ID, k.Type, k.Algorithm})
	}
	return st
}

// SetAgentKeys replaces the public keys by which an agent of platform "other"
// proves itself; none ends that way of proof. A Conflict no_agent_keys on other
// platforms, Invalid with faults of "/keys" for keys that cannot be used.
func (s Service) SetAgentKeys(ctx context.Context, caller domain.Caller, clientID string, keys []domain.AgentKey) (domain.Agent, error) {
	if err := mustAdmin(caller); err != nil {
		return domain.Agent{}, err
	}
	clientID, err := parseID("agent", clientID)
	if err != nil {
		return domain.Agent{}, err
	}
	verb := "agent.clear_keys"
	if len(keys) > 0 {
		verb = "agent.set_keys"
		if err := s.KeyChecker.CheckAgentKeys(keys); err != nil {
			var f domain.Faults
			f.Add("/keys", "invalid_jwk", "%s", err)
			return domain.Agent{}, f.Err()
		}
	}
	now := s.now()
	a, err := s.AgentStore.UpdateAgent(ctx, clientID, func(a *domain.Agent) (domain.Event, error) {
		switch {
		case a.Status == domain.StatusDeleted:
			return domain.Event{}, notFound("agent", clientID)
		case a.Platform != domain.PlatformOther && len(keys) > 0:
			return domain.Event{}, domain.Errorf(domain.Conflict, "no_agent_keys",
				"Agents of the platform %s prove their workload and sign nothing. Only those of platform other have keys.", a.Platform)
		case slices.Equal(a.Keys, keys):
			return domain.Event{}, domain.ErrNoChange
		}
		before := stateOfKeys(a.Keys)
		a.Keys, a.UpdatedAt = slices.Clone(keys), now
		return agentEvent(now, caller, verb, *a).WithChange(before, stateOfKeys(keys))
	})
	if err != nil {
		return domain.Agent{}, err
	}
	a.Secrets = live(a.Secrets, now)
	return a, nil
}
