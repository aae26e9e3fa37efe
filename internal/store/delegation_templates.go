package store

import (
	"context"
	"fmt"

	"authsec/internal/domain"
)

const templateColumns = `id, name, enabled, client_id, provider_id, conditions, role, actions, max_duration_s, resources, sub_agents,
	sender_constrained, created_at, updated_at`

func scanTemplate(row func(dest ...any) error) (domain.DelegationTemplate, error) {
	var d domain.DelegationTemplate
	var conditions, actions, resources, subAgents string
	var enabled, duration, created, updated int64
	if err := row(&d.ID, &d.Name, &enabled, &d.ClientID, &d.ProviderID, &conditions, &d.Role, &actions, &duration, &resources, &subAgents,
		&d.SenderConstrained, &created, &updated); err != nil {
		return d, err
	}
	d.Enabled, d.MaxDuration = enabled != 0, fromSeconds(duration)
	d.CreatedAt, d.UpdatedAt = fromMicros(created), fromMicros(updated)
	for _, list := range []struct {
		text string
		into any
	}{{conditions, &d.Conditions}, {actions, &d.Actions}, {resources, &d.Resources}, {subAgents, &d.SubAgents}} {
		if err := readJSON(list.text, list.into, "terms of the delegation template "+d.ID); err != nil {
			return d, err
		}
	}
	return d, nil
}

func loadTemplate(ctx context.Context, t *tx, id string) (domain.DelegationTemplate, error) {
	d, err := scanTemplate(func(dest ...any) error {
		return t.row(ctx, `SELECT `+templateColumns+` FROM delegation_templates WHERE id = $1`, []any{id}, dest...)
	})
	return d, missing(err, "delegation template", id)
}

// DelegationTemplate returns the delegation template of the ID, or NotFound.
func (s *Store) DelegationTemplate(ctx context.Context, id string) (domain.DelegationTemplate, error) {
	var d domain.DelegationTemplate
	err := s.view(ctx, "read a delegation template", func(t *tx) (err error) {
		d, err = loadTemplate(ctx, t, id)
		return err
	})
	return d, err
}

// DelegationTemplates returns a page of delegation templates by name, without
// regard to case.
func (s *Store) DelegationTemplates(ctx context.Context, f domain.TemplateFilter, page domain.Page) (domain.List[domain.DelegationTemplate], error) {
	var list domain.List[domain.DelegationTemplate]
	err := s.view(ctx, "list delegation templates", func(t *tx) error {
		var w where
		w.is("client_id", f.ClientID)
		w.is("provider_id", f.ProviderID)
		w.searchOrID("search", "id", page.Search)
		if page.After != "" {
			w.and("name_key > ?", page.After)
		}
		query := `SELECT ` + templateColumns + ` FROM delegation_templates` + w.sql() + ` ORDER BY name_key LIMIT ` + w.bind(page.Limit+1)
		items, err := collect(ctx, t, query, w.args, scanTemplate)
		list = domain.Cut(items, page.Limit, func(d domain.DelegationTemplate) string { return nameKey(d.Name) })
		return err
	})
	return list, err
}

// EnabledTemplates returns the enabled templates by which people of a provider
// may lend to an agent, the oldest first.
func (s *Store) EnabledTemplates(ctx context.Context, clientID, providerID string) ([]domain.DelegationTemplate, error) {
	var all []domain.DelegationTemplate
	err := s.view(ctx, "read an agent's delegation templates", func(t *tx) (err error) {
		all, err = collect(ctx, t, `SELECT `+templateColumns+` FROM delegation_templates
			WHERE client_id = $1 AND provider_id = $2 AND enabled = 1 ORDER BY id`, []any{clientID, providerID}, scanTemplate)
		return err
	})
	return all, err
}

// templatesWith names the first few templates that use something, for refuseInUse.
func (t *tx) templatesWith(ctx context.Context, uses func(domain.DelegationTemplate) bool) ([]string, error) {
	all, err := collect(ctx, t, `SELECT `+templateColumns+` FROM delegation_templates ORDER BY name_key`, nil, scanTemplate)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, d := range all {
		if uses(d) && len(names) <= maxUsers {
			names = append(names, fmt.Sprintf("the delegation template %q", d.Name))
		}
	}
	return names, nil
}

// withTemplates adds to each candidate that a template made the template, its
// provider, and whether the person is linked there.
func withTemplates(ctx context.Context, t *tx, cs []domain.Candidate) error {
	templates, people := map[string]*domain.DelegationTemplate{}, map[string]bool{}
	for _, c := range cs {
		if id := c.Delegation.TemplateID; id != "" {
			templates[id], people[c.Delegation.DelegatorID] = nil, true
		}
	}
	if len(templates) == 0 {
		return nil
	}
	in, ids := keysOf(templates)
	found, err := collect(ctx, t, `SELECT `+templateColumns+` FROM delegation_templates WHERE id IN (`+in+`)`, ids, scanTemplate)
	if err != nil || len(found) == 0 {
		return err
	}
	providers := map[string]*domain.IdentityProvider{}
	for i := range found {
		templates[found[i].ID], providers[found[i].ProviderID] = &found[i], nil
	}
	in, ids = keysOf(providers)
	known, err := collect(ctx, t, `SELECT `+providerColumns+` FROM identity_providers WHERE id IN (`+in+`)`, ids, scanProvider)
	if err != nil {
		return err
	}
	for i := range known {
		providers[known[i].ID] = &known[i]
	}
	linked := map[[2]string]bool{}
	in, ids = keysOf(people)
	if err := eachPair(ctx, t, `SELECT user_id, provider_id FROM identity_links WHERE user_id IN (`+in+`)`, ids,
		func(user, provider string) { linked[[2]string{user, provider}] = true }); err != nil {
		return err
	}
	for i := range cs {
		if made := templates[cs[i].Delegation.TemplateID]; made != nil {
			cs[i].Template, cs[i].Provider = made, providers[made.ProviderID]
			cs[i].Linked = linked[[2]string{cs[i].Delegation.DelegatorID, made.ProviderID}]
		}
	}
	return nil
}
