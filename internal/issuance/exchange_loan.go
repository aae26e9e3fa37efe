package issuance

import (
	"errors"
	"reflect"
	"time"

	"authsec/internal/domain"
	"authsec/internal/identity"
	"authsec/internal/policy"
)

// loan is what a person who is present lends under a template. Its rule runs in
// the store's transaction; all that it draws was drawn before.
type loan struct {
	person       identity.Person
	clientID     string
	caller       domain.Caller
	actor        domain.Party
	now          time.Time
	newUserID    string
	delegationID string
	userID       string // whose delegation it is, after the rule
}

// refusedLoan is the rule's refusal.
type refusedLoan struct{ *policy.Denial }

func (r *refusedLoan) Error() string { return r.First().Message }

func refuseLoan(code, message string) error { return &refusedLoan{denied(code, message)} }

// unlent is why Lend came to nothing, where it is for the caller to know; nil: it
// did not, or that is our own fault.
func unlent(err error) *policy.Denial {
	if refused, ok := errors.AsType[*refusedLoan](err); ok {
		return refused.Denial
	}
	switch domain.KindOf(err) {
	case domain.Conflict: // the new user's email is taken
		return denied(CodeNotLinked, notLinked)
	case domain.NotFound, domain.Invalid: // what was chosen, or its role, is gone since
		return denied(policy.CodeTemplate, templateFell)
	}
	return nil
}

const templateFell = "The delegation template does not give this any more. An administrator can change it."

// notLinked is one answer for a person who is unknown and for one whose email a
// user has: who has an account here is nobody's business.
const notLinked = "This person has no user here that they are linked to. Have an administrator link them to one."

func (x *exchange) newLoan(p identity.Person, t domain.DelegationTemplate) (*loan, error) {
	l := &loan{person: p, clientID: t.ClientID, caller: domain.Caller{Via: domain.ViaSDK, IP: x.IP, RequestID: x.RequestID},
		actor: actor(x.by.Agent.ClientID, x.by.Agent.Name), now: x.now.Truncate(time.Microsecond)}
	var err error
	for _, id := range []*string{&l.newUserID, &l.delegationID} {
		if *id, err = domain.NewID(x.Random); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// rule lets a person lend who is linked to a user, and makes the delegation where
// there is none yet. (issuer, subject) makes them that user, never an email.
func (l *loan) rule(d *domain.LoanDraft) ([]domain.Event, error) {
	present := &policy.Presence{ProviderID: l.person.ProviderID, Claims: l.person.Claims}
	if _, denial := policy.Choose([]domain.DelegationTemplate{d.Template}, policy.Request{ClientID: l.clientID, Present: present}); denial != nil {
		return nil, &refusedLoan{denial}
	}
	if !d.Provider.Enabled || d.Provider.ID != l.person.ProviderID || d.Agent.ClientID != l.clientID || d.Agent.Status != domain.StatusActive {
		return nil, refuseLoan(policy.CodeTemplate, templateFell)
	}
	user := d.User
	var events []domain.Event
	if user == nil {
		var err error
		if events, err = l.welcome(d); err != nil {
			return nil, err
		}
		user = d.NewUser
	}
	l.userID = user.ID
	switch {
	case d.Existing != nil && d.Existing.Status == domain.DelegationRevoked:
		denial := denied(policy.CodeDelegationEnded, "What this person lent to the agent was revoked. An administrator can give them another template.")
		denial.DelegationID = d.Existing.ID
		return nil, &refusedLoan{denial}
	case d.Existing != nil:
		return l.refresh(d, events)
	case !user.Active():
		return nil, refuseLoan(policy.CodeDelegatorInactive, "The person is suspended here. An administrator can activate them again.")
	}
	t := d.Template
	d.NewDelegation = &domain.Delegation{ID: l.delegationID, ClientID: t.ClientID, Role: t.Role, DelegatorID: user.ID, Actions: t.Actions,
		MaxDuration: t.MaxDuration, Resources: t.Resources, SubAgents: t.SubAgents, SenderConstrained: t.SenderConstrained, TemplateID: t.ID,
		Status: domain.DelegationActive, CreatedAt: l.now, UpdatedAt: l.now}
	ev, err := l.delegationEvent(d, "delegation.create", nil)
	return append(events, ev), err
}

// refresh gives a delegation the template's terms of now, while nobody has changed
// it since it was made: what people narrowed stays narrow. UpdatedAt goes on
// saying that nobody has.
func (l *loan) refresh(d *domain.LoanDraft, events []domain.Event) ([]domain.Event, error) {
	t, fresh := d.Template, *d.Existing
	fresh.Actions, fresh.MaxDuration, fresh.Resources = t.Actions, t.MaxDuration, t.Resources
	fresh.SubAgents, fresh.SenderConstrained = t.SubAgents, t.SenderConstrained
	before, after := termsOf(*d.Existing), termsOf(fresh)
	if !fresh.UpdatedAt.Equal(fresh.CreatedAt) || reflect.DeepEqual(before, after) {
		return events, nil
	}
	d.NewDelegation = &fresh
	ev, err := l.delegationEvent(d, "delegation.update", before)
	return append(events, ev), err
}

// welcome makes a user of a person who is not linked to one, where the provider
// may do that, and where it vouches for the person's email, which no user has yet.
func (l *loan) welcome(d *domain.LoanDraft) ([]domain.Event, error) {
	if !d.Provider.Settings.CreateUsers || d.EmailTaken {
		return nil, refuseLoan(CodeNotLinked, notLinked)
	}
	if l.person.Email == "" || !l.person.EmailVerified {
		return nil, refuseLoan(CodeNotLinked, notLinked+" To be made a user, their token must say an email that the identity provider has verified.")
	}
	spec := domain.UserSpec{Email: l.person.Email, Name: l.person.Name, Level: domain.LevelMember}
	if spec.Name == "" || spec.Check() != nil {
		spec.Name = l.person.Email
	}
	if err := spec.Check(); err != nil {
		return nil, refuseLoan(CodeNotLinked, notLinked+" Their token's email is none that a user can have.")
	}
	d.Email = spec.Email
	d.NewUser = &domain.User{ID: l.newUserID, Email: spec.Email, Name: spec.Name, Status: domain.StatusActive, Level: spec.Level, CreatedAt: l.now, UpdatedAt: l.now}
	d.NewLink = &domain.IdentityLink{ProviderID: d.Provider.ID, Subject: l.person.Subject, UserID: l.newUserID, CreatedAt: l.now}
	user, err := l.event("user.create", domain.Party{Type: "user", ID: d.NewUser.ID, Name: d.NewUser.Email}, nil, createdUser{spec.Email, spec.Name, spec.Level, d.NewUser.Status, []string{}})
	if err != nil {
		return nil, err
	}
	link, err := l.event("identity_link.create", domain.Party{Type: "user", ID: d.NewUser.ID, Name: d.NewUser.Email}, nil,
		createdLink{d.Provider.ID, d.Provider.Name, l.person.Subject})
	return []domain.Event{user, link}, err
}

// createdUser, createdLink and createdDelegation are what the audit log shows of
// what an exchange made.
type createdUser struct {
	Email  string        `json:"email"`
	Name   string        `json:"name"`
	Level  domain.Level  `json:"level"`
	Status domain.Status `json:"status"`
	Roles  []string      `json:"roles"`
}

type createdLink struct {
	ProviderID string `json:"provider_id"`
	Provider   string `json:"provider"`
	Subject    string `json:"subject"`
}

type createdDelegation struct {
	Role               string                  `json:"role"`
	Actions            []string                `json:"actions"`
	MaxDurationSeconds int64                   `json:"max_duration_seconds"`
	Resources          []string                `json:"resources"`
	SubAgents          []string                `json:"sub_agents,omitempty"`
	SenderConstrained  domain.SenderConstraint `json:"sender_constrained,omitempty"`
	TemplateID         string                  `json:"template_id"`
	DelegatorID        string                  `json:"delegator_id"`
	Status             domain.DelegationStatus `json:"status"`
}

// termsOf compares with termsOf: lists that are empty are nil.
func termsOf(d domain.Delegation) createdDelegation {
	list := func(l []string) []string { return append([]string{}, l...) }
	return createdDelegation{d.Role, list(d.Actions), int64(d.MaxDuration / time.Second), list(d.Resources), list(d.SubAgents),
		d.Constraint(), d.TemplateID, d.DelegatorID, d.Status}
}

// delegationEvent tells of the new delegation; before is nil for one that was not there.
func (l *loan) delegationEvent(d *domain.LoanDraft, action string, before any) (domain.Event, error) {
	n := d.NewDelegation
	ev, err := l.event(action, domain.Party{Type: "delegation", ID: n.ID, Name: n.Role + " → " + d.Agent.Name}, before, termsOf(*n))
	ev.DelegationID = n.ID
	return ev, err
}

// event is one of what the agent's exchange makes, in the name of a person.
func (l *loan) event(action string, target domain.Party, before, after any) (domain.Event, error) {
	ev := domain.NewEvent(l.now, l.caller, action, target)
	ev.Actor, ev.ClientID = l.actor, l.clientID
	ev, err := ev.WithChange(before, after)
	if err != nil {
		return ev, err
	}
	return ev.WithDetails(exchanged{ProviderID: l.person.ProviderID, Subject: l.person.Subject, Chain: []string{l.clientID}})
}
