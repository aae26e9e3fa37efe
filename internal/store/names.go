package store

import (
	"context"

	"authsec/internal/domain"
)

// AgentNames returns the agents of client IDs, deleted ones too, to name them.
// Those that there never were are left out.
func (s *Store) AgentNames(ctx context.Context, clientIDs []string) ([]domain.AgentRef, error) {
	if len(clientIDs) == 0 {
		return nil, nil
	}
	var all []domain.AgentRef
	err := s.view(ctx, "name agents", func(t *tx) (err error) {
		all, err = collect(ctx, t, `SELECT client_id, name, type FROM agents WHERE client_id IN (`+placeholders(len(clientIDs))+`) ORDER BY client_id`,
			values(clientIDs), func(row func(dest ...any) error) (domain.AgentRef, error) {
				var a domain.AgentRef
				err := row(&a.ClientID, &a.Name, &a.Type)
				return a, err
			})
		return err
	})
	return all, err
}

// TemplateNames returns the names of delegation templates by their IDs. Those
// that there are not are left out.
func (s *Store) TemplateNames(ctx context.Context, ids []string) (map[string]string, error) {
	names := map[string]string{}
	if len(ids) == 0 {
		return names, nil
	}
	err := s.view(ctx, "name delegation templates", func(t *tx) error {
		return eachPair(ctx, t, `SELECT id, name FROM delegation_templates WHERE id IN (`+placeholders(len(ids))+`)`, values(ids),
			func(id, name string) { names[id] = name })
	})
	return names, err
}
