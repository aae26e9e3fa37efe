package directory

import (
	"context"

	"authsec/internal/domain"
)

// reasonAgentDeleted is why a deleted agent's delegations are revoked.
const reasonAgentDeleted = "agent deleted"

type endedState struct {
	Status domain.DelegationStatus `json:"status"`
	Reason string                  `json:"revoke_reason,omitempty"`
}

// DeleteAgent ends an agent for good: it gets no more tokens, its secrets are
// gone, its name is free, and its delegations are revoked. Each of those gets an
// event of its own, so that the person who lent it sees it.
func (s Service) DeleteAgent(ctx context.Context, caller domain.Caller, clientID string) error {
	if err := mustAdmin(caller); err != nil {
		return err
	}
	clientID, err := parseID("agent", clientID)
	if err != nil {
		return err
	}
	now := s.now()
	return s.AgentStore.DeleteAgent(ctx, clientID, now, reasonAgentDeleted,
		func(a domain.Agent, ended []domain.Delegation) ([]domain.Event, error) {
			ev, err := agentEvent(now, caller, "agent.delete", a).WithChange(stateOfAgent(a), nil)
			if err != nil {
				return nil, err
			}
			events := []domain.Event{ev}
			for _, d := range ended {
				ev := domain.NewEvent(now, caller, "delegation.revoke",
					domain.Party{Type: "delegation", ID: d.ID, Name: d.Role + " → " + a.Name})
				ev.ClientID, ev.DelegationID = a.ClientID, d.ID
				ev, err := ev.WithChange(&endedState{Status: d.Status}, &endedState{domain.DelegationRevoked, reasonAgentDeleted})
				if err != nil {
					return nil, err
				}
				events = append(events, ev)
			}
			return events, nil
		})
}
