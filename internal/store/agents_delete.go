package store

import (
	"context"
	"time"

	"authsec/internal/domain"
)

// DeleteAgent ends an agent: its status becomes deleted, its name is free
// again, its secrets are gone, and its delegations that are not revoked are
// revoked at the given time with the given reason. The row stays, so that
// history keeps its name. fn makes the events of it all from the agent and
// those delegations as they were, of which only ID, ClientID, Role, DelegatorID
// and Status are filled in. NotFound for an agent that is deleted already.
func (s *Store) DeleteAgent(ctx context.Context, clientID string, at time.Time, reason string,
	fn func(domain.Agent, []domain.Delegation) ([]domain.Event, error)) error {
	return s.change(ctx, "delete an agent", func(t *tx) error {
		a, err := loadAgent(ctx, t, clientID)
		if err != nil {
			return err
		}
		if a.Status == domain.StatusDeleted {
			return notFound("agent", clientID)
		}
		ended, err := collect(ctx, t, `SELECT id, client_id, role, delegator_id, status FROM delegations
			WHERE client_id = $1 AND status <> $2 ORDER BY id`, []any{clientID, string(domain.DelegationRevoked)},
			func(row func(dest ...any) error) (d domain.Delegation, err error) {
				err = row(&d.ID, &d.ClientID, &d.Role, &d.DelegatorID, &d.Status)
				return d, err
			})
		if err != nil {
			return err
		}
		events, err := fn(a, ended)
		if err != nil {
			return err
		}
		t.record(events...)
		return t.recalling(ctx, ofAgent(clientID), func() error { return t.endAgent(ctx, clientID, at, reason) })
	})
}

func (t *tx) endAgent(ctx context.Context, clientID string, at time.Time, reason string) error {
	if err := t.exec(ctx, `UPDATE delegations SET status = $2, revoke_reason = $3, revoked_at = $4, updated_at = $4
		WHERE client_id = $1 AND status <> $2`, clientID, string(domain.DelegationRevoked), reason, micros(at)); err != nil {
		return err
	}
	if err := t.exec(ctx, `DELETE FROM agent_secrets WHERE client_id = $1`, clientID); err != nil {
		return err
	}
	return t.exec(ctx, `UPDATE agents SET status = $2, default_delegation_id = '', updated_at = $3 WHERE client_id = $1`,
		clientID, string(domain.StatusDeleted), micros(at))
}
