package store

import (
	"context"

	"authsec/internal/domain"
)

func scanLink(row func(dest ...any) error) (domain.IdentityLink, error) {
	var l domain.IdentityLink
	var created int64
	err := row(&l.ProviderID, &l.Subject, &l.UserID, &created)
	l.CreatedAt = fromMicros(created)
	return l, err
}

const linkColumns = `provider_id, subject, user_id, created_at`

func loadLink(ctx context.Context, t *tx, providerID, subject string) (domain.IdentityLink, error) {
	l, err := scanLink(func(dest ...any) error {
		return t.row(ctx, `SELECT `+linkColumns+` FROM identity_links WHERE provider_id = $1 AND subject = $2`, []any{providerID, subject}, dest...)
	})
	return l, missing(err, "linked person", subject)
}

// IdentityLinks returns where a user is known from, in the order of the providers.
func (s *Store) IdentityLinks(ctx context.Context, userID string) ([]domain.IdentityLink, error) {
	var all []domain.IdentityLink
	err := s.view(ctx, "read identity links", func(t *tx) (err error) {
		all, err = collect(ctx, t, `SELECT `+linkColumns+` FROM identity_links WHERE user_id = $1 ORDER BY provider_id`, []any{userID}, scanLink)
		return err
	})
	return all, err
}

// LinkedUser returns the user, active or not, whom a provider calls subject, or NotFound.
func (s *Store) LinkedUser(ctx context.Context, providerID, subject string) (domain.User, error) {
	var u domain.User
	err := s.view(ctx, "read a linked user", func(t *tx) error {
		l, err := loadLink(ctx, t, providerID, subject)
		if err != nil {
			return err
		}
		u, err = loadUser(ctx, t, l.UserID)
		return err
	})
	return u, err
}

// CreateIdentityLink links a person at a provider to a user. NotFound for a
// provider or a user that there is not; a Conflict when the person is linked
// already, on /subject, or the user is linked to another person there, on /user_id.
func (s *Store) CreateIdentityLink(ctx context.Context, l domain.IdentityLink, ev domain.Event) error {
	return s.change(ctx, "link a person", func(t *tx) error {
		if _, err := loadProvider(ctx, t, l.ProviderID); err != nil {
			return err
		}
		if _, err := loadUser(ctx, t, l.UserID); err != nil {
			return err
		}
		t.record(ev)
		return insertLink(ctx, t, l)
	})
}

// insertLink adds a link; its conflicts are CreateIdentityLink's.
func insertLink(ctx context.Context, t *tx, l domain.IdentityLink) error {
	n, err := t.execCount(ctx, `INSERT INTO identity_links (provider_id, subject, user_id, created_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT DO NOTHING`, l.ProviderID, l.Subject, l.UserID, micros(l.CreatedAt))
	if err != nil || n > 0 {
		return err
	}
	if _, err := loadLink(ctx, t, l.ProviderID, l.Subject); err == nil {
		return taken("/subject", "This person at the identity provider is linked already. Remove that link first.")
	} else if domain.KindOf(err) != domain.NotFound {
		return err
	}
	return taken("/user_id", "The user is linked to another person at this identity provider. Remove that link first.")
}

// DeleteIdentityLink removes a link, and recalls what the user lent by templates
// of the provider.
func (s *Store) DeleteIdentityLink(ctx context.Context, providerID, subject string, fn func(domain.IdentityLink) (domain.Event, error)) error {
	return s.change(ctx, "remove a link", func(t *tx) error {
		l, err := loadLink(ctx, t, providerID, subject)
		if err != nil {
			return err
		}
		ev, err := fn(l)
		if err != nil {
			return err
		}
		t.record(ev)
		return t.recalling(ctx, ofDelegator(l.UserID), func() error {
			return t.exec(ctx, `DELETE FROM identity_links WHERE provider_id = $1 AND subject = $2`, providerID, subject)
		})
	})
}
