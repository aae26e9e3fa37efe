package directory

import (
	"context"
	"reflect"
	"strings"
	"time"

	"authsec/internal/domain"
)

// TemplateStore keeps delegation templates. Errors: NotFound for an ID there is
// not; Invalid with the field (lists in their order) for an agent, a provider, a
// role, an action outside it, a resource or a sub-agent that there is not; Conflict
// already_exists with /name; Conflict too_many beyond the bound per agent.
type TemplateStore interface {
	DelegationTemplate(ctx context.Context, id string) (domain.DelegationTemplate, error)
	DelegationTemplates(ctx context.Context, filter domain.TemplateFilter, page domain.Page) (domain.List[domain.DelegationTemplate], error)
	CreateDelegationTemplate(ctx context.Context, t domain.DelegationTemplate, ev domain.Event) error
	UpdateDelegationTemplate(ctx context.Context, id string, fn func(*domain.DelegationTemplate) (domain.Event, error)) (domain.DelegationTemplate, error)
	DeleteDelegationTemplate(ctx context.Context, id string, fn func(domain.DelegationTemplate) (domain.Event, error)) error
}

// TemplateChange is a change to a delegation template; nil leaves a field as it
// is. Agent, identity provider and role never change: it would be another rule.
type TemplateChange struct {
	Name              *string
	Conditions        *[]domain.ClaimCondition
	Actions           *[]string
	MaxDuration       *time.Duration
	Resources         *[]string
	SubAgents         *[]string
	SenderConstrained *domain.SenderConstraint
}

// templateState is a delegation template as audit events show it.
type templateState struct {
	Name               string                  `json:"name"`
	Enabled            bool                    `json:"enabled"`
	ClientID           string                  `json:"client_id"`
	ProviderID         string                  `json:"identity_provider_id"`
	Conditions         []domain.ClaimCondition `json:"conditions"`
	Role               string                  `json:"role"`
	Actions            []string                `json:"actions"`
	MaxDurationSeconds int64                   `json:"max_duration_seconds"`
	Resources          []string                `json:"resources"`
	SubAgents          []string                `json:"sub_agents"`
	SenderConstrained  domain.SenderConstraint `json:"sender_constrained"`
}

func stateOfTemplate(t domain.DelegationTemplate) *templateState {
	return &templateState{t.Name, t.Enabled, t.ClientID, t.ProviderID, t.Conditions, t.Role, t.Actions,
		int64(t.MaxDuration / time.Second), t.Resources, t.SubAgents, t.SenderConstrained}
}

// DelegationTemplates returns a page of delegation templates by name.
func (s Service) DelegationTemplates(ctx context.Context, filter domain.TemplateFilter, page domain.Page) (domain.List[domain.DelegationTemplate], error) {
	if err := filter.Check(); err != nil {
		return domain.List[domain.DelegationTemplate]{}, err
	}
	return s.TemplateStore.DelegationTemplates(ctx, filter, paged(page))
}

// DelegationTemplate returns one delegation template, or NotFound.
func (s Service) DelegationTemplate(ctx context.Context, id string) (domain.DelegationTemplate, error) {
	id, err := parseID("delegation template", id)
	if err != nil {
		return domain.DelegationTemplate{}, err
	}
	return s.TemplateStore.DelegationTemplate(ctx, id)
}

// CreateDelegationTemplate adds a delegation template, by which people lend from
// then on if it is enabled.
func (s Service) CreateDelegationTemplate(ctx context.Context, caller domain.Caller, spec domain.DelegationTemplateSpec) (domain.DelegationTemplate, error) {
	var none domain.DelegationTemplate
	if err := mustAdmin(caller); err != nil {
		return none, err
	}
	sent := spec
	if err := spec.Check(); err != nil {
		return none, err
	}
	if err := s.checkLends(ctx, spec.ProviderID); err != nil {
		return none, err
	}
	t := ofSpec(domain.DelegationTemplate{}, spec)
	var err error
	if t.ID, err = domain.NewID(s.Random); err != nil {
		return none, err
	}
	now := s.now()
	t.CreatedAt, t.UpdatedAt = now, now
	ev, err := templateEvent(now, caller, "delegation_template.create", t).WithChange(nil, stateOfTemplate(t))
	if err != nil {
		return none, err
	}
	return t, asSent(s.TemplateStore.CreateDelegationTemplate(ctx, t, ev), sent, spec)
}

// checkLends refuses an identity provider from where nobody lends by exchange.
func (s Service) checkLends(ctx context.Context, providerID string) error {
	p, err := s.ProviderStore.IdentityProvider(ctx, providerID)
	var f domain.Faults
	switch {
	case domain.KindOf(err) == domain.NotFound:
		f.Add("/identity_provider_id", "unknown", "There is no such identity provider.")
	case err != nil:
		return err
	case p.Settings.Audience == "":
		f.Add("/identity_provider_id", "no_audience", "Nobody lends by exchange from %s: it has no audience. Give it one first.", p.Name)
	}
	return f.Err()
}

// asSent moves faults of lists to where their members stood in what was sent.
func asSent(err error, sent, sorted domain.DelegationTemplateSpec) error {
	err = atInput(err, "/actions", sent.Actions, sorted.Actions)
	err = atInput(err, "/resources", sent.Resources, sorted.Resources)
	return atInput(err, "/sub_agents", lowered(sent.SubAgents), sorted.SubAgents)
}

// lowered is the canonical form of IDs, which were checked.
func lowered(ids []string) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = strings.ToLower(id)
	}
	return out
}

// UpdateDelegationTemplate changes a delegation template. What it gives no more
// is recalled.
func (s Service) UpdateDelegationTemplate(ctx context.Context, caller domain.Caller, id string, change TemplateChange) (domain.DelegationTemplate, error) {
	return s.updateTemplate(ctx, caller, id, "delegation_template.update", func(spec *domain.DelegationTemplateSpec) {
		apply(&spec.Name, change.Name)
		apply(&spec.Conditions, change.Conditions)
		apply(&spec.Actions, change.Actions)
		apply(&spec.MaxDuration, change.MaxDuration)
		apply(&spec.Resources, change.Resources)
		apply(&spec.SubAgents, change.SubAgents)
		apply(&spec.SenderConstrained, change.SenderConstrained)
	})
}

// EnableDelegationTemplate lets people lend by the template; one that is enabled stays so.
func (s Service) EnableDelegationTemplate(ctx context.Context, caller domain.Caller, id string) (domain.DelegationTemplate, error) {
	return s.updateTemplate(ctx, caller, id, "delegation_template.enable", func(spec *domain.DelegationTemplateSpec) { spec.Enabled = true })
}

// DisableDelegationTemplate ends that people lend by the template, at once; one
// that is disabled stays so.
func (s Service) DisableDelegationTemplate(ctx context.Context, caller domain.Caller, id string) (domain.DelegationTemplate, error) {
	return s.updateTemplate(ctx, caller, id, "delegation_template.disable", func(spec *domain.DelegationTemplateSpec) { spec.Enabled = false })
}

// updateTemplate applies edit, which is pure and may run again.
func (s Service) updateTemplate(ctx context.Context, caller domain.Caller, id, verb string, edit func(*domain.DelegationTemplateSpec)) (domain.DelegationTemplate, error) {
	var none domain.DelegationTemplate
	if err := mustAdmin(caller); err != nil {
		return none, err
	}
	id, err := parseID("delegation template", id)
	if err != nil {
		return none, err
	}
	now := s.now()
	var sent, spec domain.DelegationTemplateSpec
	t, err := s.TemplateStore.UpdateDelegationTemplate(ctx, id, func(t *domain.DelegationTemplate) (domain.Event, error) {
		before := ofSpec(*t, specOf(*t))
		spec = specOf(before)
		edit(&spec)
		sent = spec
		if err := spec.Check(); err != nil {
			return domain.Event{}, err
		}
		*t = ofSpec(before, spec)
		if reflect.DeepEqual(stateOfTemplate(before), stateOfTemplate(*t)) {
			return domain.Event{}, domain.ErrNoChange
		}
		t.UpdatedAt = now
		return templateEvent(now, caller, verb, *t).WithChange(stateOfTemplate(before), stateOfTemplate(*t))
	})
	return t, asSent(err, sent, spec)
}

// DeleteDelegationTemplate removes a delegation template. The delegations that
// it made give nothing any more.
func (s Service) DeleteDelegationTemplate(ctx context.Context, caller domain.Caller, id string) error {
	if err := mustAdmin(caller); err != nil {
		return err
	}
	id, err := parseID("delegation template", id)
	if err != nil {
		return err
	}
	now := s.now()
	return s.TemplateStore.DeleteDelegationTemplate(ctx, id, func(t domain.DelegationTemplate) (domain.Event, error) {
		return templateEvent(now, caller, "delegation_template.delete", t).WithChange(stateOfTemplate(t), nil)
	})
}

func specOf(t domain.DelegationTemplate) domain.DelegationTemplateSpec {
	return domain.DelegationTemplateSpec{Name: t.Name, Enabled: t.Enabled, ClientID: t.ClientID, ProviderID: t.ProviderID,
		Conditions: t.Conditions, Role: t.Role, Actions: t.Actions, MaxDuration: t.MaxDuration, Resources: t.Resources,
		SubAgents: t.SubAgents, SenderConstrained: t.SenderConstrained}
}

// ofSpec is the template that t becomes. Lists are never nil, so that none is []
// in events.
func ofSpec(t domain.DelegationTemplate, spec domain.DelegationTemplateSpec) domain.DelegationTemplate {
	t.Name, t.Enabled, t.ClientID, t.ProviderID = spec.Name, spec.Enabled, spec.ClientID, spec.ProviderID
	t.Conditions, t.Role, t.MaxDuration, t.SenderConstrained = spec.Conditions, spec.Role, spec.MaxDuration, spec.SenderConstrained
	t.Actions, t.Resources, t.SubAgents = orEmpty(spec.Actions), orEmpty(spec.Resources), orEmpty(spec.SubAgents)
	return t
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func templateEvent(now time.Time, caller domain.Caller, verb string, t domain.DelegationTemplate) domain.Event {
	ev := domain.NewEvent(now, caller, verb, domain.Party{Type: "delegation_template", ID: t.ID, Name: t.Name})
	ev.ClientID = t.ClientID
	return ev
}
