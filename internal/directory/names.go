package directory

import (
	"context"
	"slices"

	"authsec/internal/domain"
)

// NameStore names what other things refer to by an ID, whatever became of it.
type NameStore interface {
	AgentNames(ctx context.Context, clientIDs []string) ([]domain.AgentRef, error)
	TemplateNames(ctx context.Context, ids []string) (map[string]string, error)
}

// AgentNames names the agents of client IDs; one that there never was is called
// by its client ID.
func (s Service) AgentNames(ctx context.Context, clientIDs []string) (map[string]domain.AgentRef, error) {
	all, err := s.Names.AgentNames(ctx, distinct(clientIDs))
	if err != nil {
		return nil, err
	}
	names := make(map[string]domain.AgentRef, len(clientIDs))
	for _, id := range clientIDs {
		names[id] = domain.AgentRef{ClientID: id, Name: id}
	}
	for _, a := range all {
		names[a.ClientID] = a
	}
	return names, nil
}

// TemplateNames names the delegation templates of IDs; those that are deleted
// are not among them.
func (s Service) TemplateNames(ctx context.Context, ids []string) (map[string]string, error) {
	return s.Names.TemplateNames(ctx, distinct(ids))
}

func distinct(ids []string) []string {
	out := slices.Clone(ids)
	slices.Sort(out)
	return slices.Compact(out)
}
