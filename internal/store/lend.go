package store

import (
	"context"

	"authsec/internal/domain"
)

// Lend lets a person at a provider lend by a template, as rule says, in one
// transaction with what the rule sees; it returns the ID of the delegation, "" if
// there is none. The rule is pure and may run again. Where it writes nothing, as
// it does each time but the first, no lock is taken. NotFound: the provider, the
// template or its agent is gone; the rest are the errors of the rule, of
// CreateUser, of CreateIdentityLink and of CreateDelegation.
func (s *Store) Lend(ctx context.Context, providerID, subject, templateID string, rule func(*domain.LoanDraft) ([]domain.Event, error)) (string, error) {
	var draft domain.LoanDraft
	var events []domain.Event
	decide := func(t *tx) (err error) {
		draft, events, err = decideLoan(ctx, t, providerID, subject, templateID, rule)
		return err
	}
	err := s.view(ctx, "lend by a template", decide)
	if err == nil && (len(events) > 0 || !draft.Idle()) {
		err = s.change(ctx, "lend by a template", func(t *tx) error {
			if err := decide(t); err != nil {
				return err
			}
			t.record(events...)
			return writeLoan(ctx, t, draft)
		})
	}
	switch {
	case err != nil:
		return "", err
	case draft.NewDelegation != nil:
		return draft.NewDelegation.ID, nil
	case draft.Existing != nil:
		return draft.Existing.ID, nil
	}
	return "", nil
}

// decideLoan runs the rule on what there is, and once more when it asks whether
// an address is taken.
func decideLoan(ctx context.Context, t *tx, providerID, subject, templateID string,
	rule func(*domain.LoanDraft) ([]domain.Event, error)) (domain.LoanDraft, []domain.Event, error) {
	draft, err := loadLoan(ctx, t, providerID, subject, templateID)
	if err != nil {
		return draft, nil, err
	}
	events, err := rule(&draft)
	if err != nil || draft.Email == "" {
		return draft, events, err
	}
	email := draft.Email
	if draft, err = loadLoan(ctx, t, providerID, subject, templateID); err != nil {
		return draft, nil, err
	}
	draft.Email = email
	if err := t.row(ctx, `SELECT EXISTS (SELECT 1 FROM users WHERE email_key = $1)`, []any{domain.NormalEmail(email)}, &draft.EmailTaken); err != nil {
		return draft, nil, err
	}
	events, err = rule(&draft)
	return draft, events, err
}

func loadLoan(ctx context.Context, t *tx, providerID, subject, templateID string) (domain.LoanDraft, error) {
	var d domain.LoanDraft
	var err error
	if d.Provider, err = loadProvider(ctx, t, providerID); err != nil {
		return d, err
	}
	if d.Template, err = loadTemplate(ctx, t, templateID); err != nil {
		return d, err
	}
	if d.Agent, err = loadAgent(ctx, t, d.Template.ClientID); err != nil {
		return d, err
	}
	if d.Link, err = optional(loadLink(ctx, t, providerID, subject)); err != nil || d.Link == nil {
		return d, err
	}
	if d.User, err = optional(loadUser(ctx, t, d.Link.UserID)); err != nil || d.User == nil {
		return d, err
	}
	made, err := collect(ctx, t, `SELECT id FROM delegations WHERE template_id = $1 AND delegator_id = $2`, []any{templateID, d.User.ID}, scanString)
	if err != nil || len(made) == 0 {
		return d, err
	}
	d.Existing, err = optional(loadDelegation(ctx, t, made[0]))
	return d, err
}

func writeLoan(ctx context.Context, t *tx, d domain.LoanDraft) error {
	if d.NewUser != nil {
		if err := insertUser(ctx, t, *d.NewUser); err != nil {
			return err
		}
	}
	if d.NewLink != nil {
		if err := insertLink(ctx, t, *d.NewLink); err != nil {
			return err
		}
	}
	if d.NewDelegation == nil {
		return nil
	}
	draft := domain.DelegationDraft{Delegation: *d.NewDelegation}
	if d.Existing == nil || d.Existing.ID != d.NewDelegation.ID {
		return insertDelegation(ctx, t, draft)
	}
	return t.recalling(ctx, ofDelegation(d.Existing.ID), func() error { return rewriteDelegation(ctx, t, draft) })
}
