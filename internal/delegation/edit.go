package delegation

import (
	"context"
	"slices"

	"authsec/internal/domain"
)

// Edit changes a delegation. Its delegator may change everything; others,
// admins included, may only narrow it. The default moves by admins alone; its
// own delegator may give it up.
func (s Service) Edit(ctx context.Context, caller domain.Caller, id string, patch domain.DelegationPatch) (domain.DelegationView, error) {
	now := s.Now()
	if err := patch.Check(now); err != nil {
		return domain.DelegationView{}, err
	}
	return s.update(ctx, caller, id, "delegation.update", func(draft *domain.DelegationDraft) error {
		before := draft.Delegation
		if before.Status == domain.DelegationRevoked {
			return revoked()
		}
		after := before
		if patch.Actions != nil {
			after.Actions = *patch.Actions
		}
		if patch.MaxDuration != nil {
			after.MaxDuration = *patch.MaxDuration
		}
		if patch.Resources != nil {
			after.Resources = *patch.Resources
		}
		if patch.EndsAt != nil {
			after.EndsAt = *patch.EndsAt
		}
		draft.Delegation = after
		if wider := before.Widens(after); len(wider) > 0 {
			if before.DelegatorID != caller.UserID {
				return narrowOnly(wider)
			}
			if err := s.checkDraft(draft, before); err != nil {
				return err
			}
		}
		return s.moveDefault(caller, draft, patch.Default)
	})
}

// moveDefault applies the wish to make the delegation its agent's default, or
// to give that up.
func (s Service) moveDefault(caller domain.Caller, draft *domain.DelegationDraft, wish *bool) error {
	switch {
	case wish == nil || *wish == draft.IsDefault():
		return nil
	case *wish && !caller.Admin():
		return defaultIsForAdmins()
	case *wish:
		if !draft.Delegation.ActiveAt(s.Now()) {
			return domain.Errorf(domain.Conflict, "delegation_ended", "A delegation that is not active cannot become the default.")
		}
		draft.MakeDefault = true
	default:
		draft.GiveUpDefault = true
	}
	return nil
}

// Disable stops a delegation until it is enabled again.
func (s Service) Disable(ctx context.Context, caller domain.Caller, id, reason string) (domain.DelegationView, error) {
	if err := checkReason(reason); err != nil {
		return domain.DelegationView{}, err
	}
	return s.updateWith(ctx, caller, id, "delegation.disable", reason, func(draft *domain.DelegationDraft) error {
		d := &draft.Delegation
		if d.Status == domain.DelegationRevoked {
			return revoked()
		}
		d.Status = domain.DelegationDisabled
		// An admin's word stands over the person's own earlier one; not the reverse.
		d.DisabledByAdmin = d.DisabledByAdmin || d.DelegatorID != caller.UserID
		return nil
	})
}

// Enable makes a disabled delegation active again. What an admin disabled only
// an admin enables; nobody but its delegator gives authority back otherwise.
func (s Service) Enable(ctx context.Context, caller domain.Caller, id string) (domain.DelegationView, error) {
	return s.update(ctx, caller, id, "delegation.enable", func(draft *domain.DelegationDraft) error {
		d := &draft.Delegation
		switch {
		case d.Status == domain.DelegationRevoked:
			return revoked()
		case d.DisabledByAdmin && !caller.Admin():
			return domain.Errorf(domain.Forbidden, "disabled_by_admin", "An administrator disabled this delegation, so only an administrator can enable it.")
		case !d.DisabledByAdmin && d.Status == domain.DelegationDisabled && d.DelegatorID != caller.UserID:
			return domain.Errorf(domain.Forbidden, "disabled_by_delegator", "The person who delegated disabled this delegation, so only they can enable it.")
		}
		d.Status, d.DisabledByAdmin = domain.DelegationActive, false
		return nil
	})
}

// Revoke ends a delegation for good.
func (s Service) Revoke(ctx context.Context, caller domain.Caller, id, reason string) (domain.DelegationView, error) {
	if err := checkReason(reason); err != nil {
		return domain.DelegationView{}, err
	}
	return s.updateWith(ctx, caller, id, "delegation.revoke", reason, func(draft *domain.DelegationDraft) error {
		d := &draft.Delegation
		if d.Status == domain.DelegationRevoked {
			return nil // revoking twice is not a fault: the wish is fulfilled
		}
		d.Status, d.RevokeReason, d.RevokedAt = domain.DelegationRevoked, reason, s.Now()
		return nil
	})
}

// SetDefault makes a delegation its agent's default, or leaves the agent
// without one when id is "". It is for admins; a delegator may give up their own.
func (s Service) SetDefault(ctx context.Context, caller domain.Caller, clientID, id string) error {
	return s.Store.UpdateDefault(ctx, clientID, id, func(draft *domain.DelegationDraft) (domain.Event, error) {
		wish := id != ""
		if draft.Delegation.ID == "" { // nothing is the default, and nothing shall be
			return domain.Event{}, domain.Errorf(domain.Conflict, "no_default", "This agent has no default delegation.")
		}
		if !caller.Admin() && draft.Delegation.DelegatorID != caller.UserID {
			return domain.Event{}, defaultIsForAdmins()
		}
		before := snap(draft.Delegation, draft.IsDefault())
		if err := s.moveDefault(caller, draft, &wish); err != nil {
			return domain.Event{}, err
		}
		if !draft.MakeDefault && !draft.GiveUpDefault {
			return domain.Event{}, domain.ErrNoChange
		}
		return s.event(caller, "delegation.set_default", draft, before)
	})
}

func (s Service) update(ctx context.Context, caller domain.Caller, id, action string, apply func(*domain.DelegationDraft) error) (domain.DelegationView, error) {
	return s.updateWith(ctx, caller, id, action, "", apply)
}

// updateWith runs one change to a delegation that the caller may touch.
func (s Service) updateWith(ctx context.Context, caller domain.Caller, id, action, reason string, apply func(*domain.DelegationDraft) error) (domain.DelegationView, error) {
	err := s.Store.UpdateDelegation(ctx, id, func(draft *domain.DelegationDraft) (domain.Event, error) {
		switch {
		case caller.Level == domain.LevelAuditor:
			return domain.Event{}, domain.Errorf(domain.Forbidden, "read_only", "An auditor reads everything and changes nothing.")
		case !caller.Admin() && draft.Delegation.DelegatorID != caller.UserID:
			return domain.Event{}, hidden(id)
		}
		before := snap(draft.Delegation, draft.IsDefault())
		was := draft.Delegation
		if err := apply(draft); err != nil {
			return domain.Event{}, err
		}
		switch {
		case !same(was, draft.Delegation):
			draft.Delegation.UpdatedAt = s.Now()
		case !draft.MakeDefault && !draft.GiveUpDefault:
			return domain.Event{}, domain.ErrNoChange
		}
		e, err := s.event(caller, action, draft, before)
		if err != nil || reason == "" {
			return e, err
		}
		return e.WithDetails(map[string]string{"reason": reason})
	})
	if err != nil {
		return domain.DelegationView{}, err
	}
	return s.Store.Delegation(ctx, id)
}

func same(a, b domain.Delegation) bool {
	return a.Status == b.Status && a.DisabledByAdmin == b.DisabledByAdmin && a.MaxDuration == b.MaxDuration &&
		a.EndsAt.Equal(b.EndsAt) && slices.Equal(a.Actions, b.Actions) && slices.Equal(a.Resources, b.Resources)
}

func revoked() error {
	return domain.Errorf(domain.Conflict, "delegation_revoked", "This delegation is revoked, which is for good. Create a new one.")
}

func checkReason(reason string) error {
	var f domain.Faults
	domain.CheckText(&f, "/reason", reason, domain.MaxReason, true)
	return f.Err()
}
