package store

import (
	"context"

	"authsec/internal/domain"
)

// CreateDelegation stores d if rule lets it, in one transaction with what the
// rule sees. The rule is pure and may run again.
func (s *Store) CreateDelegation(ctx context.Context, d domain.Delegation, rule func(*domain.DelegationDraft) (domain.Event, error)) error {
	return s.change(ctx, "create delegation", func(t *tx) error {
		draft, err := loadDraft(ctx, t, d)
		if err != nil {
			return err
		}
		ev, err := rule(&draft)
		if err != nil {
			return err
		}
		t.record(ev)
		return insertDelegation(ctx, t, draft)
	})
}

// insertDelegation adds the draft's delegation, with a status index.
func insertDelegation(ctx context.Context, t *tx, draft domain.DelegationDraft) error {
	d := draft.Delegation
	subAgents, err := jsonList(d.SubAgents)
	if err != nil {
		return err
	}
	if err := t.exec(ctx, `INSERT INTO delegations (id, client_id, role, delegator_id, max_duration_s, ends_at, status,
		disabled_by_admin, disabled_by_delegator, revoke_reason, revoked_at, created_at, updated_at, sub_agents, sender_constrained, template_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		d.ID, d.ClientID, d.Role, d.DelegatorID, seconds(d.MaxDuration), micros(d.EndsAt), string(d.Status),
		bit(d.DisabledByAdmin), bit(d.DisabledByDelegator), d.RevokeReason, micros(d.RevokedAt), micros(d.CreatedAt), micros(d.UpdatedAt),
		subAgents, string(d.SenderConstrained), d.TemplateID); err != nil {
		return err
	}
	if err := writeDraft(ctx, t, draft); err != nil {
		return err
	}
	return t.giveStatus(ctx, []string{d.ID})
}

// UpdateDelegation changes a delegation as rule says, or not at all. The rule
// is pure and may run again; domain.ErrNoChange writes nothing.
func (s *Store) UpdateDelegation(ctx context.Context, id string, rule func(*domain.DelegationDraft) (domain.Event, error)) error {
	return changed(s.change(ctx, "change delegation", func(t *tx) error {
		d, err := loadDelegation(ctx, t, id)
		if err != nil {
			return err
		}
		draft, err := loadDraft(ctx, t, d)
		if err != nil {
			return err
		}
		ev, err := rule(&draft)
		if err != nil {
			return err
		}
		t.record(ev)
		return t.recalling(ctx, ofDelegation(id), func() error { return rewriteDelegation(ctx, t, draft) })
	}))
}

func rewriteDelegation(ctx context.Context, t *tx, draft domain.DelegationDraft) error {
	d := draft.Delegation
	subAgents, err := jsonList(d.SubAgents)
	if err != nil {
		return err
	}
	if err := t.exec(ctx, `UPDATE delegations SET max_duration_s = $1, ends_at = $2, status = $3, disabled_by_admin = $4,
		disabled_by_delegator = $5, revoke_reason = $6, revoked_at = $7, updated_at = $8, sub_agents = $9, sender_constrained = $10 WHERE id = $11`,
		seconds(d.MaxDuration), micros(d.EndsAt), string(d.Status), bit(d.DisabledByAdmin), bit(d.DisabledByDelegator),
		d.RevokeReason, micros(d.RevokedAt), micros(d.UpdatedAt), subAgents, string(d.SenderConstrained), d.ID); err != nil {
		return err
	}
	return writeDraft(ctx, t, draft)
}

// UpdateDefault changes the default of an agent: rule gets the draft of the
// delegation with the given ID, or of the current default when id is "".
func (s *Store) UpdateDefault(ctx context.Context, clientID, id string, rule func(*domain.DelegationDraft) (domain.Event, error)) error {
	return changed(s.change(ctx, "change the default delegation", func(t *tx) error {
		agent, err := loadAgent(ctx, t, clientID)
		if err != nil {
			return err
		}
		if id == "" {
			id = agent.DefaultDelegationID
		}
		draft := domain.DelegationDraft{Agent: agent}
		if id != "" {
			d, err := loadDelegation(ctx, t, id)
			if err != nil {
				return err
			}
			if d.ClientID != clientID {
				return notFound("delegation", id) // as if there were none: it is nobody's business here
			}
			if draft, err = loadDraft(ctx, t, d); err != nil {
				return err
			}
		}
		ev, err := rule(&draft)
		if err != nil {
			return err
		}
		t.record(ev)
		return writeDefault(ctx, t, draft)
	}))
}

func loadDelegation(ctx context.Context, t *tx, id string) (domain.Delegation, error) {
	d, err := scanDelegation(func(dest ...any) error {
		return t.row(ctx, `SELECT `+delegationColumns+` FROM delegations d WHERE d.id = $1`, []any{id}, dest...)
	})
	if err != nil {
		return d, missing(err, "delegation", id)
	}
	return d, fillDelegations(ctx, t, []*domain.Delegation{&d})
}

// loadDraft reads what a rule about d may look at.
func loadDraft(ctx context.Context, t *tx, d domain.Delegation) (domain.DelegationDraft, error) {
	draft := domain.DelegationDraft{Delegation: d}
	agent, err := optional(loadAgent(ctx, t, d.ClientID))
	if err != nil {
		return draft, err
	}
	if agent != nil {
		draft.Agent = *agent
	}
	if draft.Role, err = optional(loadRole(ctx, t, d.Role)); err != nil {
		return draft, err
	}
	if draft.Delegator, err = optional(loadUser(ctx, t, d.DelegatorID)); err != nil {
		return draft, err
	}
	if id := draft.Agent.DefaultDelegationID; id != "" {
		if draft.CurrentDefault, err = optional(loadDelegation(ctx, t, id)); err != nil {
			return draft, err
		}
	}
	// What a template makes is never the default, so it is not the first either.
	var n int
	if err := t.row(ctx, `SELECT COUNT(*) FROM delegations WHERE client_id = $1 AND template_id = ''`, []any{d.ClientID}, &n); err != nil {
		return draft, err
	}
	draft.First = n == 0
	if draft.KnownResources, err = collect(ctx, t, `SELECT uri FROM resources ORDER BY uri`, nil, scanString); err != nil {
		return draft, err
	}
	// All of them: the rule may be about to add one.
	draft.KnownSubAgents, err = collect(ctx, t, `SELECT client_id FROM agents WHERE status <> $1 AND client_id <> $2 ORDER BY client_id`,
		[]any{string(domain.StatusDeleted), d.ClientID}, scanString)
	return draft, err
}

// optional turns NotFound into nil.
func optional[T any](v T, err error) (*T, error) {
	switch {
	case err == nil:
		return &v, nil
	case domain.KindOf(err) == domain.NotFound:
		return nil, nil
	}
	return nil, err
}

// writeDraft writes a delegation's actions and resources and the agent's default.
func writeDraft(ctx context.Context, t *tx, draft domain.DelegationDraft) error {
	d := draft.Delegation
	for _, table := range []string{"delegation_actions", "delegation_resources"} {
		if err := t.exec(ctx, `DELETE FROM `+table+` WHERE delegation_id = $1`, d.ID); err != nil {
			return err
		}
	}
	if err := t.insertPairs(ctx, `INSERT INTO delegation_actions (delegation_id, action) VALUES`, d.ID, d.Actions); err != nil {
		return err
	}
	if err := t.insertPairs(ctx, `INSERT INTO delegation_resources (delegation_id, uri) VALUES`, d.ID, d.Resources); err != nil {
		return err
	}
	return writeDefault(ctx, t, draft)
}

func writeDefault(ctx context.Context, t *tx, draft domain.DelegationDraft) error {
	id := draft.Delegation.ID
	switch {
	case draft.GiveUpDefault:
		id = ""
	case !draft.MakeDefault:
		return nil
	}
	return t.exec(ctx, `UPDATE agents SET default_delegation_id = $1 WHERE client_id = $2`, id, draft.Agent.ClientID)
}
