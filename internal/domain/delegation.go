package domain

import (
	"fmt"
	"slices"
	"time"
)

// DelegationStatus is what people did to a delegation; that its end date has
// passed is not a status but a fact about now (see Ended).
type DelegationStatus string

// The statuses of a delegation.
const (
	DelegationActive   DelegationStatus = "active"
	DelegationDisabled DelegationStatus = "disabled" // can be enabled again
	DelegationRevoked  DelegationStatus = "revoked"  // for good
	// DelegationEnded is shown, never stored: active, but past its end date.
	DelegationEnded DelegationStatus = "ended"
)

// Delegation lends some actions of a role, by a person, to an agent.
type Delegation struct {
	ID          string
	ClientID    string
	Role        string
	DelegatorID string
	Actions     []string      // sorted; what the agent may ask for
	MaxDuration time.Duration // of one token, whole seconds
	Resources   []string      // audience URIs, sorted; empty: the server's default audience
	EndsAt      time.Time     // zero: no end date
	// SubAgents are the client IDs, sorted, of those to whom the agent may hand
	// its tokens on (RFC 8693); none by default.
	SubAgents         []string
	SenderConstrained SenderConstraint // "" is SenderUnconstrained
	TemplateID        string           // of the rule that made it; "" : its person did
	Status            DelegationStatus
	// Who disabled it: each can lift their own word alone, so both may stand.
	DisabledByAdmin     bool // an admin who is not its delegator
	DisabledByDelegator bool
	RevokeReason        string
	RevokedAt           time.Time
	CreatedAt           time.Time
	UpdatedAt           time.Time
	LastUsedAt          time.Time // zero: never
}

// StatusAt returns the status as shown at an instant: ended once the end date has come.
func (d Delegation) StatusAt(now time.Time) DelegationStatus {
	if d.Status == DelegationActive && !d.EndsAt.IsZero() && !now.Before(d.EndsAt) {
		return DelegationEnded
	}
	return d.Status
}

// ActiveAt reports whether the delegation gives authority at an instant.
func (d Delegation) ActiveAt(now time.Time) bool { return d.StatusAt(now) == DelegationActive }

// Durations of tokens. Shorter than a minute only costs; a year is past absurd.
const (
	MinDuration = 60 * time.Second
	MaxDuration = 366 * 24 * time.Hour
	// MaxResources bounds the audiences of one delegation and of one request.
	MaxResources = 50
)

// DelegationSpec is what a person says to delegate.
type DelegationSpec struct {
	Role        string
	ClientID    string
	Actions     []string
	MaxDuration time.Duration
	Resources   []string
	EndsAt      time.Time // zero: none
	Default     *bool     // nil: default if it is the agent's first
	SubAgents   []string
	// SenderConstrained is none if it is "".
	SenderConstrained SenderConstraint
}

// Check validates and normalises the spec in place.
func (s *DelegationSpec) Check(now time.Time) error {
	var f Faults
	CheckRoleName(&f, "/role", s.Role)
	if id, ok := ParseID(s.ClientID); ok {
		s.ClientID = id
	} else {
		f.Add("/client_id", "invalid_id", "client_id must be an agent's client ID (a UUID).")
	}
	s.Actions = checkDelegatedActions(&f, s.Actions)
	checkDuration(&f, s.MaxDuration)
	s.Resources = checkResources(&f, s.Resources)
	s.EndsAt = checkEndsAt(&f, s.EndsAt, now)
	s.SubAgents = checkSubAgents(&f, s.SubAgents, s.ClientID)
	s.SenderConstrained = checkConstraint(&f, s.SenderConstrained)
	return f.Err()
}

// DelegationPatch is a change to a delegation; nil leaves a field as it is.
type DelegationPatch struct {
	Actions     *[]string
	MaxDuration *time.Duration
	Resources   *[]string
	EndsAt      *time.Time // points to the zero time: remove the end date
	Default     *bool
	SubAgents   *[]string

	SenderConstrained *SenderConstraint
}

// Check validates and normalises the patch in place.
func (p *DelegationPatch) Check(now time.Time) error {
	var f Faults
	if p.Actions != nil {
		actions := checkDelegatedActions(&f, *p.Actions)
		p.Actions = &actions
	}
	if p.MaxDuration != nil {
		checkDuration(&f, *p.MaxDuration)
	}
	if p.Resources != nil {
		resources := checkResources(&f, *p.Resources)
		p.Resources = &resources
	}
	if p.EndsAt != nil {
		end := checkEndsAt(&f, *p.EndsAt, now)
		p.EndsAt = &end
	}
	if p.SubAgents != nil {
		ids := checkSubAgents(&f, *p.SubAgents, "")
		p.SubAgents = &ids
	}
	if p.SenderConstrained != nil {
		c := checkConstraint(&f, *p.SenderConstrained)
		p.SenderConstrained = &c
	}
	return f.Err()
}

func checkDelegatedActions(f *Faults, actions []string) []string {
	if len(actions) == 0 {
		f.Add("/actions", "required", "actions must name at least one action.")
		return nil
	}
	return CheckActionNames(f, "/actions", actions)
}

func checkDuration(f *Faults, d time.Duration) {
	if d < MinDuration || d > MaxDuration {
		f.Add("/max_duration_seconds", "out_of_range", "max_duration_seconds must be from %d to %d.",
			int64(MinDuration/time.Second), int64(MaxDuration/time.Second))
	}
}

func checkResources(f *Faults, uris []string) []string {
	if len(uris) > MaxResources {
		f.Add("/resources", "too_many", "resources may list at most %d.", MaxResources)
		return uris
	}
	return checkSet(f, "/resources", uris, CheckAudience)
}

// checkEndsAt returns the end date in UTC and in the precision of the store.
func checkEndsAt(f *Faults, end, now time.Time) time.Time {
	end = end.UTC().Truncate(time.Microsecond)
	switch {
	case end.IsZero():
	case !end.After(now):
		f.Add("/ends_at", "in_the_past", "ends_at must be in the future.")
	case end.Year() > 9999: // RFC 3339 has no such year, though an offset can hide one
		f.Add("/ends_at", "out_of_range", "ends_at must be before the year 10000.")
	}
	return end
}

// Widens names the fields in which after gives more than d: what nobody but the
// delegator may do to a delegation.
func (d Delegation) Widens(after Delegation) []string {
	var fields []string
	for _, action := range after.Actions {
		if !slices.Contains(d.Actions, action) {
			fields = append(fields, fmt.Sprintf("actions (%s)", action))
			break
		}
	}
	if after.MaxDuration > d.MaxDuration {
		fields = append(fields, "max_duration_seconds")
	}
	// No resources means the default audience: neither contains the other.
	if !slices.Equal(d.Resources, after.Resources) {
		if len(after.Resources) == 0 || len(d.Resources) == 0 {
			fields = append(fields, "resources")
		} else if i := slices.IndexFunc(after.Resources, func(r string) bool { return !slices.Contains(d.Resources, r) }); i >= 0 {
			fields = append(fields, "resources")
		}
	}
	if !d.EndsAt.IsZero() && (after.EndsAt.IsZero() || after.EndsAt.After(d.EndsAt)) {
		fields = append(fields, "ends_at")
	}
	if slices.ContainsFunc(after.SubAgents, func(id string) bool { return !slices.Contains(d.SubAgents, id) }) {
		fields = append(fields, "sub_agents")
	}
	if d.Constraint().Weaker(after.Constraint()) {
		fields = append(fields, "sender_constrained")
	}
	return fields
}

// Constraint is the sender constraint, none if nothing was said.
func (d Delegation) Constraint() SenderConstraint {
	if d.SenderConstrained == "" {
		return SenderUnconstrained
	}
	return d.SenderConstrained
}

// DelegationView is a delegation with what a person needs to see beside it.
type DelegationView struct {
	Delegation
	Agent     AgentRef
	Delegator UserRef
	Default   bool // the agent's default
}

// UserRef names a person.
type UserRef struct {
	ID    string
	Email string
	Name  string
}

// DelegationFilter narrows a list of delegations; zero fields do not.
type DelegationFilter struct {
	ClientID    string
	Role        string
	DelegatorID string
	Status      DelegationStatus // as shown at Now
	Now         time.Time
}

// DelegationDraft is what a rule sees, inside the transaction, before a
// delegation is created or changed, and what it decides.
type DelegationDraft struct {
	Delegation     Delegation
	Agent          Agent       // its ClientID is "": there is no such agent
	Role           *Role       // nil: there is no such role
	Delegator      *User       // nil: there is no such person
	CurrentDefault *Delegation // the agent's default; nil: none
	First          bool        // the agent has never had a delegation
	KnownResources []string    // those that are registered
	KnownSubAgents []string    // client IDs of its sub-agents that there are
	// MakeDefault makes the delegation the agent's default, GiveUpDefault leaves
	// the agent without one.
	MakeDefault   bool
	GiveUpDefault bool
}

// IsDefault reports whether the delegation is the agent's default now.
func (d DelegationDraft) IsDefault() bool {
	return d.CurrentDefault != nil && d.CurrentDefault.ID == d.Delegation.ID
}
