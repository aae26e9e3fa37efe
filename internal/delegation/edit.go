package delegation

import (
	"context"
	"slices"
	"strings"

	"authsec/internal/domain"
)

// Edit changes a delegation. Its delegator may change everything; others,
// admins included, may only narrow it, and what a template made nobody widens.
// The default moves by admins alone; its own delegator may give it up.
func (s Service) Edit(ctx context.Context, caller domain.Caller, id string, patch domain.DelegationPatch) (domain.DelegationView, error) {
	var sent sentLists
	if patch.Actions != nil {
		sent.actions = *patch.Actions
	}
	if patch.Resources != nil {
		sent.resources = *patch.Resources
	}
	if patch.SubAgents != nil {
		sent.subAgents = *patch.SubAgents
	}
	if err := patch.Check(s.now()); err != nil {
		return domain.DelegationView{}, err
	}
	return s.update(ctx, caller, id, "delegation.update", func(draft *domain.DelegationDraft) error {
		before := draft.Delegation
		if before.Status == domain.DelegationRevoked {
			return revoked()
		}
		after, err := patched(before, patch)
		if err != nil {
			return err
		}
		draft.Delegation = after
		if wider := before.Widens(after); len(wider) > 0 {
			switch {
			case before.TemplateID != "":
				return ofTemplate(wider)
			case before.DelegatorID != caller.UserID:
				return narrowOnly(wider)
			}
			if err := s.checkDraft(draft, before, sent); err != nil {
				return err
			}
		}
		return s.moveDefault(caller, draft, patch.Default)
	})
}

// patched is the delegation as a patch leaves it.
func patched(d domain.Delegation, patch domain.DelegationPatch) (domain.Delegation, error) {
	if patch.Actions != nil {
		d.Actions = *patch.Actions
	}
	if patch.MaxDuration != nil {
		d.MaxDuration = *patch.MaxDuration
	}
	if patch.Resources != nil {
		d.Resources = *patch.Resources
	}
	if patch.EndsAt != nil {
		d.EndsAt = *patch.EndsAt
	}
	if patch.SenderConstrained != nil {
		d.SenderConstrained = *patch.SenderConstrained
	}
	if patch.SubAgents == nil {
		return d, nil
	}
	if d.SubAgents = *patch.SubAgents; slices.Contains(d.SubAgents, d.ClientID) {
		var f domain.Faults
		f.Add("/sub_agents", "not_allowed", "sub_agents must not list the agent itself.")
		return d, f.Err()
	}
	return d, nil
}

// ofTemplate is the refusal to widen what a delegation template made.
func ofTemplate(fields []string) error {
	return domain.Errorf(domain.Forbidden, "only_the_template_widens",
		"A delegation template made this delegation, and nobody can make it give more (%s). It can be narrowed, disabled and revoked; an admin can change the template.",
		strings.Join(fields, ", "))
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
		if draft.Delegation.TemplateID != "" {
			return domain.Errorf(domain.Conflict, "made_by_template", "A delegation template made this delegation: it works while its person is present, and cannot be the default.")
		}
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
		// Both words may stand at once: neither is lifted by lifting the other.
		if d.DelegatorID == caller.UserID {
			d.DisabledByDelegator = true
		} else {
			d.DisabledByAdmin = true
		}
		return nil
	})
}

// Enable lifts the caller's own word that disabled a delegation. What an admin
// disabled only an admin enables, and what its delegator disabled only they do:
// authority is given back by nobody else. While both words stand, an admin who
// lifts theirs leaves it disabled.
func (s Service) Enable(ctx context.Context, caller domain.Caller, id string) (domain.DelegationView, error) {
	return s.update(ctx, caller, id, "delegation.enable", func(draft *domain.DelegationDraft) error {
		d := &draft.Delegation
		switch {
		case d.Status == domain.DelegationRevoked:
			return revoked()
		case d.Status != domain.DelegationDisabled:
			return nil
		case d.DisabledByAdmin && !caller.Admin():
			return domain.Errorf(domain.Forbidden, "disabled_by_admin", "An administrator disabled this delegation, so only an administrator can enable it.")
		case !d.DisabledByAdmin && d.DelegatorID != caller.UserID:
			return domain.Errorf(domain.Forbidden, "disabled_by_delegator", "The person who delegated disabled this delegation, so only they can enable it.")
		}
		d.DisabledByAdmin = false // the caller is an admin, or it was false
		if d.DelegatorID == caller.UserID {
			d.DisabledByDelegator = false
		}
		if !d.DisabledByDelegator {
			d.Status = domain.DelegationActive
		}
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
		d.Status, d.RevokeReason, d.RevokedAt = domain.DelegationRevoked, reason, s.now()
		return nil
	})
}

// SetDefault makes a delegation its agent's default, or leaves the agent
// without one when id is "". It is for admins; a delegator may give up their own.
func (s Service) SetDefault(ctx context.Context, caller domain.Caller, clientID, id string) error {
	clientID, err := canonical("agent", clientID)
	if err != nil {
		return err
	}
	wish := id != ""
	if wish {
		if id, err = canonical("delegation", id); err != nil {
			return err
		}
	}
	return s.Store.UpdateDefault(ctx, clientID, id, func(draft *domain.DelegationDraft) (domain.Event, error) {
		own := draft.Delegation.ID != "" && draft.Delegation.DelegatorID == caller.UserID
		switch {
		case caller.Level == domain.LevelAuditor:
			return domain.Event{}, readOnly()
		case !caller.Admin() && !own && wish:
			return domain.Event{}, hidden(id)
		case !caller.Admin() && !own:
			return domain.Event{}, defaultIsForAdmins()
		case draft.Delegation.ID == "": // nothing is the default, and nothing shall be
			return domain.Event{}, domain.ErrNoChange
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
	id, err := canonical("delegation", id)
	if err != nil {
		return domain.DelegationView{}, err
	}
	err = s.Store.UpdateDelegation(ctx, id, func(draft *domain.DelegationDraft) (domain.Event, error) {
		switch {
		case caller.Level == domain.LevelAuditor:
			return domain.Event{}, readOnly()
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
			draft.Delegation.UpdatedAt = s.now()
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
	return a.Status == b.Status && a.DisabledByAdmin == b.DisabledByAdmin &&
		a.DisabledByDelegator == b.DisabledByDelegator && a.MaxDuration == b.MaxDuration &&
		a.EndsAt.Equal(b.EndsAt) && slices.Equal(a.Actions, b.Actions) && slices.Equal(a.Resources, b.Resources) &&
		slices.Equal(a.SubAgents, b.SubAgents) && a.Constraint() == b.Constraint()
}

func revoked() error {
	return domain.Errorf(domain.Conflict, "delegation_revoked", "This delegation is revoked, which is for good. Create a new one.")
}

func readOnly() error {
	return domain.Errorf(domain.Forbidden, "read_only", "An auditor reads everything and changes nothing.")
}

func checkReason(reason string) error {
	var f domain.Faults
	domain.CheckText(&f, "/reason", reason, domain.MaxReason, true)
	return f.Err()
}
