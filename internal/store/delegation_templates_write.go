package store

import (
	"context"
	"fmt"
	"slices"

	"authsec/internal/domain"
)

// CreateDelegationTemplate adds a delegation template. Invalid, by the field,
// for an agent, a provider, a role, an action outside the role, a resource or a
// sub-agent that there is not; a Conflict on /name when that is taken, and when
// the agent has domain.MaxTemplatesPerAgent already.
func (s *Store) CreateDelegationTemplate(ctx context.Context, d domain.DelegationTemplate, ev domain.Event) error {
	return s.change(ctx, "create a delegation template", func(t *tx) error {
		var n int64
		if err := t.row(ctx, `SELECT COUNT(*) FROM delegation_templates WHERE client_id = $1`, []any{d.ClientID}, &n); err != nil {
			return err
		}
		if n >= domain.MaxTemplatesPerAgent {
			return domain.Errorf(domain.Conflict, "too_many", "The agent has %d delegation templates already, which is the most. Delete one that is not needed.", n)
		}
		if err := t.checkTemplate(ctx, domain.DelegationTemplate{}, d); err != nil {
			return err
		}
		t.record(ev)
		return t.writeTemplate(ctx, d, `INSERT INTO delegation_templates (id, name, name_key, enabled, client_id, provider_id, conditions, role, actions,
			max_duration_s, resources, sub_agents, sender_constrained, search, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`)
	})
}

// UpdateDelegationTemplate changes a delegation template and returns it as it is
// afterwards. It has the faults of CreateDelegationTemplate, of what is new in it.
func (s *Store) UpdateDelegationTemplate(ctx context.Context, id string, fn func(*domain.DelegationTemplate) (domain.Event, error)) (domain.DelegationTemplate, error) {
	var d domain.DelegationTemplate
	err := s.change(ctx, "update a delegation template", func(t *tx) (err error) {
		if d, err = loadTemplate(ctx, t, id); err != nil {
			return err
		}
		before := d
		before.Actions, before.Resources, before.SubAgents = slices.Clone(d.Actions), slices.Clone(d.Resources), slices.Clone(d.SubAgents)
		ev, err := fn(&d)
		if err != nil {
			return err
		}
		if err := t.checkTemplate(ctx, before, d); err != nil {
			return err
		}
		t.record(ev)
		return t.recalling(ctx, ofTemplate(id), func() error {
			return t.writeTemplate(ctx, d, `UPDATE delegation_templates SET name = $2, name_key = $3, enabled = $4, client_id = $5, provider_id = $6,
				conditions = $7, role = $8, actions = $9, max_duration_s = $10, resources = $11, sub_agents = $12, sender_constrained = $13, search = $14,
				created_at = $15, updated_at = $16 WHERE id = $1`)
		})
	})
	return d, changed(err)
}

// writeTemplate runs a statement with all columns of a template, in their order.
func (t *tx) writeTemplate(ctx context.Context, d domain.DelegationTemplate, statement string) error {
	conditions, err := jsonList(d.Conditions)
	if err != nil {
		return err
	}
	var lists [3]string
	for i, list := range [][]string{d.Actions, d.Resources, d.SubAgents} {
		if lists[i], err = jsonList(list); err != nil {
			return err
		}
	}
	return t.exec(ctx, statement, d.ID, d.Name, nameKey(d.Name), bit(d.Enabled), d.ClientID, d.ProviderID, conditions, d.Role, lists[0],
		seconds(d.MaxDuration), lists[1], lists[2], string(d.SenderConstrained), searchable(d.Name, d.Role), micros(d.CreatedAt), micros(d.UpdatedAt))
}

// checkTemplate refuses a name that another template has, and what is new in d
// and names something that there is not.
func (t *tx) checkTemplate(ctx context.Context, before, d domain.DelegationTemplate) error {
	var f domain.Faults
	if d.ClientID != before.ClientID {
		if a, err := optional(loadAgent(ctx, t, d.ClientID)); err != nil {
			return err
		} else if a == nil || a.Status == domain.StatusDeleted {
			f.Add("/client_id", "unknown", "There is no agent %q.", d.ClientID)
		}
	}
	if d.ProviderID != before.ProviderID {
		if p, err := optional(loadProvider(ctx, t, d.ProviderID)); err != nil {
			return err
		} else if p == nil {
			f.Add("/identity_provider_id", "unknown", "There is no identity provider %q.", d.ProviderID)
		}
	}
	role, err := optional(loadRole(ctx, t, d.Role))
	switch {
	case err != nil:
		return err
	case role == nil:
		if d.Role != before.Role {
			f.Add("/role", "unknown", "There is no role %q.", d.Role)
		}
	default:
		for i, action := range d.Actions {
			if !slices.Contains(role.Actions, action) && (d.Role != before.Role || !slices.Contains(before.Actions, action)) {
				f.Add(fmt.Sprintf("/actions/%d", i), "not_in_role", "The role %s has no action %s.", d.Role, action)
			}
		}
	}
	if err := t.newMembers(ctx, &f, `SELECT uri FROM resources WHERE uri = $1`, "resource", "/resources", before.Resources, d.Resources); err != nil {
		return err
	}
	if err := t.newMembers(ctx, &f, `SELECT client_id FROM agents WHERE client_id = $1 AND status <> 'deleted'`, "agent", "/sub_agents",
		before.SubAgents, d.SubAgents); err != nil {
		return err
	}
	if err := f.Err(); err != nil {
		return err
	}
	others, err := collect(ctx, t, `SELECT name FROM delegation_templates WHERE id <> $1 AND name_key = $2`, []any{d.ID, nameKey(d.Name)}, scanString)
	if err == nil && len(others) > 0 {
		err = taken("/name", "There is a delegation template named %q already. Choose another name.", d.Name)
	}
	return err
}

// newMembers adds a fault for each new member of a list that a query does not find.
func (t *tx) newMembers(ctx context.Context, f *domain.Faults, query, what, field string, before, after []string) error {
	for i, m := range after {
		if slices.Contains(before, m) {
			continue
		}
		found, err := collect(ctx, t, query, []any{m}, scanString)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			f.Add(fmt.Sprintf("%s/%d", field, i), "unknown", "There is no %s %q.", what, m)
		}
	}
	return nil
}

// DeleteDelegationTemplate removes a delegation template. What it made stays, and
// gives nothing any more.
func (s *Store) DeleteDelegationTemplate(ctx context.Context, id string, fn func(domain.DelegationTemplate) (domain.Event, error)) error {
	return s.change(ctx, "delete a delegation template", func(t *tx) error {
		d, err := loadTemplate(ctx, t, id)
		if err != nil {
			return err
		}
		ev, err := fn(d)
		if err != nil {
			return err
		}
		t.record(ev)
		return t.recalling(ctx, ofTemplate(id), func() error { return t.exec(ctx, `DELETE FROM delegation_templates WHERE id = $1`, id) })
	})
}
