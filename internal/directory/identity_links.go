package directory

import (
	"context"

	"authsec/internal/domain"
)

// LinkStore keeps which person at which provider is which user. Errors:
// NotFound for a user, provider or link there is not; Conflict when the person is linked.
type LinkStore interface {
	IdentityLinks(ctx context.Context, userID string) ([]domain.IdentityLink, error)
	LinkedUser(ctx context.Context, providerID, subject string) (domain.User, error)
	CreateIdentityLink(ctx context.Context, l domain.IdentityLink, ev domain.Event) error
	DeleteIdentityLink(ctx context.Context, providerID, subject string, fn func(domain.IdentityLink) (domain.Event, error)) error
}

// LinkedIdentity is a link with the provider that it names.
type LinkedIdentity struct {
	domain.IdentityLink
	Provider domain.IdentityProvider
}

// linkState is a link as audit events show it.
type linkState struct {
	ProviderID string `json:"provider_id"`
	Provider   string `json:"provider"` // its name
	Subject    string `json:"subject"`
}

// Identities returns every identity that is linked to a user, or NotFound.
func (s Service) Identities(ctx context.Context, userID string) ([]LinkedIdentity, error) {
	user, err := s.User(ctx, userID)
	if err != nil {
		return nil, err
	}
	links, err := s.LinkStore.IdentityLinks(ctx, user.ID)
	if err != nil {
		return nil, err
	}
	out := make([]LinkedIdentity, len(links))
	for i, l := range links {
		p, err := s.ProviderStore.IdentityProvider(ctx, l.ProviderID)
		if err != nil {
			return nil, err
		}
		out[i] = LinkedIdentity{l, p}
	}
	return out, nil
}

// LinkIdentity makes the person whom a provider knows by subject a user.
func (s Service) LinkIdentity(ctx context.Context, caller domain.Caller, userID, providerID, subject string) (LinkedIdentity, error) {
	var none LinkedIdentity
	if err := mustAdmin(caller); err != nil {
		return none, err
	}
	if err := checkSubject(subject); err != nil {
		return none, err
	}
	user, err := s.User(ctx, userID)
	if err != nil {
		return none, err
	}
	p, err := s.IdentityProvider(ctx, providerID)
	if domain.KindOf(err) == domain.NotFound {
		var f domain.Faults
		f.Add("/identity_provider_id", "unknown", "There is no such identity provider.")
		return none, f.Err()
	}
	if err != nil {
		return none, err
	}
	now := s.now()
	link := domain.IdentityLink{ProviderID: p.ID, Subject: subject, UserID: user.ID, CreatedAt: now}
	ev, err := userEvent(now, caller, "identity_link.create", user).WithChange(nil, linkState{p.ID, p.Name, subject})
	if err != nil {
		return none, err
	}
	return LinkedIdentity{link, p}, s.LinkStore.CreateIdentityLink(ctx, link, ev)
}

// UnlinkIdentity ends that the person is the user; NotFound when they are not.
func (s Service) UnlinkIdentity(ctx context.Context, caller domain.Caller, userID, providerID, subject string) error {
	if err := mustAdmin(caller); err != nil {
		return err
	}
	if err := checkSubject(subject); err != nil {
		return err
	}
	user, err := s.User(ctx, userID)
	if err != nil {
		return err
	}
	p, err := s.IdentityProvider(ctx, providerID)
	if err != nil {
		return err
	}
	now := s.now()
	return s.LinkStore.DeleteIdentityLink(ctx, p.ID, subject, func(l domain.IdentityLink) (domain.Event, error) {
		if l.UserID != user.ID {
			return domain.Event{}, domain.Errorf(domain.NotFound, "not_found", "The user has no such identity.")
		}
		return userEvent(now, caller, "identity_link.delete", user).WithChange(linkState{p.ID, p.Name, subject}, nil)
	})
}

// checkSubject holds a person's sub to what a token's can be (OpenID Connect
// Core §2). It is compared byte by byte, so nothing about it is normalised.
func checkSubject(subject string) error {
	var f domain.Faults
	switch {
	case subject == "":
		f.Add("/subject", "required", "subject is required: the person's sub at the provider.")
	case len(subject) > domain.MaxSubject:
		f.Add("/subject", "too_long", "subject has more than %d bytes.", domain.MaxSubject)
	default:
		domain.CheckText(&f, "/subject", subject, domain.MaxSubject, false)
	}
	return f.Err()
}
