package store

import (
	"context"

	"authsec/internal/domain"
)

// CreateLinkedUser adds a user with a link to a person at an identity provider,
// in one transaction. NotFound when the provider is gone or disabled; its
// conflicts are CreateUser's, on /email, and CreateIdentityLink's, on /subject.
func (s *Store) CreateLinkedUser(ctx context.Context, u domain.User, l domain.IdentityLink, events ...domain.Event) error {
	return s.change(ctx, "create a linked user", func(t *tx) error {
		p, err := loadProvider(ctx, t, l.ProviderID)
		if err == nil && !p.Enabled {
			err = notFound("identity provider", l.ProviderID)
		}
		if err != nil {
			return err
		}
		// Who the person is comes first: two sign-ins at once are one person's.
		if _, err := loadLink(ctx, t, l.ProviderID, l.Subject); domain.KindOf(err) != domain.NotFound {
			if err != nil {
				return err
			}
			return taken("/subject", "This person at the identity provider is linked already. Remove that link first.")
		}
		if err := insertUser(ctx, t, u); err != nil {
			return err
		}
		t.record(events...)
		return insertLink(ctx, t, l)
	})
}
