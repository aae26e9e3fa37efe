// Package delegation creates, edits and ends delegations, and explains what an
// agent can do now with the very function that issuance enforces.
package delegation

import (
	"context"
	"io"
	"time"

	"authsec/internal/domain"
	"authsec/internal/policy"
)

// Store is what the service keeps delegations in. A rule is pure, sees one
// consistent state, and may run again; its error leaves everything unchanged.
type Store interface {
	Delegation(ctx context.Context, id string) (domain.DelegationView, error)
	Delegations(ctx context.Context, f domain.DelegationFilter, p domain.Page) (domain.List[domain.DelegationView], error)
	DelegationsOfRole(ctx context.Context, role string, limit int) (items []domain.DelegationView, total, agents int, err error)
	CreateDelegation(ctx context.Context, d domain.Delegation, rule func(*domain.DelegationDraft) (domain.Event, error)) error
	UpdateDelegation(ctx context.Context, id string, rule func(*domain.DelegationDraft) (domain.Event, error)) error
	UpdateDefault(ctx context.Context, clientID, id string, rule func(*domain.DelegationDraft) (domain.Event, error)) error
	Authority(ctx context.Context, clientID, delegationID, role string) (domain.Authority, error)
}

// RoleReader reads one role.
type RoleReader interface {
	Role(ctx context.Context, name string) (domain.Role, error)
}

// Service is the package's entry. All fields are required.
type Service struct {
	Store  Store
	Roles  RoleReader
	Policy policy.Settings
	Now    func() time.Time
	Random io.Reader
}

// snapshot is a delegation as audit events show it.
type snapshot struct {
	Role               string     `json:"role"`
	Actions            []string   `json:"actions"`
	MaxDurationSeconds int64      `json:"max_duration_seconds"`
	Resources          []string   `json:"resources"`
	EndsAt             *time.Time `json:"ends_at,omitempty"`
	SubAgents          []string   `json:"sub_agents,omitempty"`
	SenderConstrained  string     `json:"sender_constrained,omitempty"` // unless it is none
	TemplateID         string     `json:"template_id,omitempty"`
	Status             string     `json:"status"`
	Default            bool       `json:"default"`
	DisabledByAdmin    bool       `json:"disabled_by_admin,omitempty"`
	DisabledByOwner    bool       `json:"disabled_by_delegator,omitempty"`
	RevokeReason       string     `json:"revoke_reason,omitempty"`
}

func snap(d domain.Delegation, isDefault bool) *snapshot {
	s := &snapshot{Role: d.Role, Actions: d.Actions, MaxDurationSeconds: int64(d.MaxDuration / time.Second),
		Resources: d.Resources, Status: string(d.Status), Default: isDefault,
		DisabledByAdmin: d.DisabledByAdmin, DisabledByOwner: d.DisabledByDelegator, RevokeReason: d.RevokeReason,
		SubAgents: d.SubAgents, TemplateID: d.TemplateID}
	if c := d.Constraint(); c != domain.SenderUnconstrained {
		s.SenderConstrained = string(c)
	}
	if !d.EndsAt.IsZero() {
		s.EndsAt = &d.EndsAt
	}
	return s
}

// event starts the audit event of a change to a delegation.
func (s Service) event(caller domain.Caller, action string, draft *domain.DelegationDraft, before *snapshot) (domain.Event, error) {
	d := draft.Delegation
	e := domain.NewEvent(s.Now(), caller, action, domain.Party{Type: "delegation", ID: d.ID, Name: d.Role + " → " + draft.Agent.Name})
	e.ClientID, e.DelegationID = d.ClientID, d.ID
	isDefault := (draft.IsDefault() || draft.MakeDefault) && !draft.GiveUpDefault
	if draft.MakeDefault && draft.CurrentDefault != nil && !draft.IsDefault() {
		var err error
		if e, err = e.WithDetails(map[string]string{"replaces_default": draft.CurrentDefault.ID}); err != nil {
			return e, err
		}
	}
	if before == nil { // a nil *snapshot is not a nil any
		return e.WithChange(nil, snap(d, isDefault))
	}
	return e.WithChange(before, snap(d, isDefault))
}

// now is the instant of a change, in the precision of the store.
func (s Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// Get returns a delegation that the caller may see: their own, or any for those who read all.
func (s Service) Get(ctx context.Context, caller domain.Caller, id string) (domain.DelegationView, error) {
	id, err := canonical("delegation", id)
	if err != nil {
		return domain.DelegationView{}, err
	}
	v, err := s.Store.Delegation(ctx, id)
	if err != nil {
		return v, err
	}
	if !caller.ReadsAll() && v.DelegatorID != caller.UserID {
		return domain.DelegationView{}, hidden(id)
	}
	return v, nil
}

// hidden is the answer about other people's delegations: as if there were none.
func hidden(id string) error {
	return domain.Errorf(domain.NotFound, "not_found", "There is no delegation %q.", id)
}

// canonical returns an ID as it is stored. What is no ID is the ID of nothing,
// and is not repeated back.
func canonical(what, id string) (string, error) {
	if parsed, ok := domain.ParseID(id); ok {
		return parsed, nil
	}
	return "", domain.Errorf(domain.NotFound, "not_found", "There is no such %s: its ID is a UUID.", what)
}

// List returns a page of the delegations that the caller may see, newest first.
func (s Service) List(ctx context.Context, caller domain.Caller, f domain.DelegationFilter, p domain.Page) (domain.List[domain.DelegationView], error) {
	if err := f.Check(); err != nil {
		return domain.List[domain.DelegationView]{}, err
	}
	f.Now = s.Now()
	if !caller.ReadsAll() {
		// No user is "", which as a filter would mean everybody.
		if caller.UserID == "" || (f.DelegatorID != "" && f.DelegatorID != caller.UserID) {
			return domain.List[domain.DelegationView]{Items: []domain.DelegationView{}}, nil
		}
		f.DelegatorID = caller.UserID
	}
	if p.Limit <= 0 {
		p.Limit = domain.DefaultPage
	}
	p.Limit = min(p.Limit, domain.MaxPage)
	return s.Store.Delegations(ctx, f, p)
}
