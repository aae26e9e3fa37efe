package domain

import (
	"encoding/json"
	"fmt"
	"time"
)

// ActionTokenIssue is the action of every issuance and of every refusal of one.
const ActionTokenIssue = "token.issue"

// Longest values that a filter of audit events may have, in characters.
const (
	maxEventAction     = 128
	maxEventTargetType = 64
	maxEventTargetID   = 256
)

// EventFilter narrows a list of audit events; an empty field does not.
type EventFilter struct {
	Actor        string // a user's ID or email, an agent's client ID, or an operator's name
	ClientID     string // the agent it concerns
	Action       string // noun.verb
	TargetType   string
	TargetID     string
	DelegationID string
	Outcome      Outcome
	From         time.Time // not before; zero: from the first
	To           time.Time // before; zero: to the last
	// VisibleTo is set by the service, never by a caller: only what this user
	// did, and what concerns their own delegations. "" shows everything.
	VisibleTo string
}

// Check validates and normalises the filter in place. Faults name query parameters.
func (e *EventFilter) Check() error {
	var f Faults
	CheckText(&f, "actor", e.Actor, MaxEmail, false)
	CheckText(&f, "action", e.Action, maxEventAction, false)
	CheckText(&f, "target_type", e.TargetType, maxEventTargetType, false)
	CheckText(&f, "target_id", e.TargetID, maxEventTargetID, false)
	checkIDFilter(&f, "agent", &e.ClientID)
	checkIDFilter(&f, "delegation_id", &e.DelegationID)
	if e.Outcome != "" && e.Outcome != OutcomeSuccess && e.Outcome != OutcomeRefused {
		f.Add("outcome", "unknown", "outcome must be success or refused.")
	}
	checkSpan(&f, e.From, e.To)
	return f.Err()
}

func checkIDFilter(f *Faults, field string, value *string) {
	if *value == "" {
		return
	}
	id, ok := ParseID(*value)
	if !ok {
		f.Add(field, "invalid_id", "%s must be an ID (a UUID).", field)
		return
	}
	*value = id
}

// checkSpan refuses an empty span and years that microseconds since 1970 or
// RFC 3339 cannot hold.
func checkSpan(f *Faults, from, to time.Time) {
	for _, b := range []struct {
		field string
		at    time.Time
	}{{"from", from}, {"to", to}} {
		if !b.at.IsZero() && (b.at.Year() < 1970 || b.at.Year() > 9999) {
			f.Add(b.field, "out_of_range", "%s must be a time from 1970 to 9999.", b.field)
		}
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		f.Add("from", "out_of_range", "from must be before to.")
	}
}

// EventRow is a stored line as it stands in the database, verified by nobody:
// the linked bytes, the hash beside them, and the columns by which it is found.
type EventRow struct {
	Seq          int64
	Time         time.Time
	ActorType    string
	ActorID      string
	Action       string
	TargetType   string
	TargetID     string
	Outcome      Outcome
	ClientID     string
	DelegationID string
	Count        int64
	Body         []byte
	Hash         string // hexadecimal, unless somebody changed it
}

// Stored decodes the row for display. A row that was made unreadable is shown
// by its columns and says so: it must not hide the lines around it.
func (r EventRow) Stored() StoredEvent {
	out := StoredEvent{Seq: r.Seq, Body: r.Body}
	var hashErr error
	out.Hash, hashErr = ParseHash(r.Hash)
	if err := json.Unmarshal(r.Body, &out.Event); err != nil || hashErr != nil {
		out.Event = Event{Time: r.Time, Actor: Party{Type: r.ActorType, ID: r.ActorID}, Action: r.Action,
			Target: Party{Type: r.TargetType, ID: r.TargetID}, Outcome: r.Outcome, ClientID: r.ClientID,
			DelegationID: r.DelegationID, Count: int(r.Count),
			Reasons: []Reason{{Code: "unreadable_line", Message: "The stored line cannot be read. Run authsec audit verify."}}}
	}
	return out
}

// MaxOverview bounds the window of an overview.
const MaxOverview = 366 * 24 * time.Hour

// OverviewQuery asks for the dashboard's numbers.
type OverviewQuery struct {
	From, To  time.Time     // of the token counts; To is not included
	Now       time.Time     // the instant for which everything else holds
	Bucket    time.Duration // an hour or a day
	VisibleTo string        // as in EventFilter
}

// NewOverviewQuery checks a window and chooses its bucket: an hour up to three
// days, else a day. Zero times ask for the 24 hours before now.
func NewOverviewQuery(from, to, now time.Time) (OverviewQuery, error) {
	var f Faults
	checkSpan(&f, from, to)
	if err := f.Err(); err != nil {
		return OverviewQuery{}, err
	}
	if to.IsZero() {
		to = now
	}
	if from.IsZero() {
		from = to.Add(-24 * time.Hour)
	}
	q := OverviewQuery{From: from.UTC(), To: to.UTC(), Now: now.UTC(), Bucket: time.Hour}
	switch span := to.Sub(from); {
	case span <= 0:
		f.Add("from", "out_of_range", "from must be before to.")
	case span > MaxOverview:
		f.Add("from", "out_of_range", "from and to may be at most %d days apart.", int(MaxOverview.Hours()/24))
	case span > 3*24*time.Hour:
		q.Bucket = 24 * time.Hour
	}
	return q, f.Err()
}

// Overview is the dashboard's numbers.
type Overview struct {
	From, To  time.Time
	Bucket    time.Duration
	Counts    OverviewCounts
	Series    []TokenSeries // the busiest agents first, the rest summed last
	AtRisk    []AgentAtRisk // the gravest first, at most 50
	Checklist Checklist
}

// OverviewCounts are single numbers; tokens are counted in the window.
type OverviewCounts struct {
	Agents            int64 // not deleted
	ActiveDelegations int64
	Users             int64 // 0 when the overview is one member's
	TokensIssued      int64
	TokensRefused     int64
}

// AgentRef names an agent.
type AgentRef struct {
	ClientID string
	Name     string
	Type     string
}

// TokenSeries is one agent's tokens over time.
type TokenSeries struct {
	Agent  *AgentRef // nil: all agents that have no series of their own, and unknown ones
	Points []TokenPoint
}

// TokenPoint counts the tokens of one bucket.
type TokenPoint struct {
	Start   time.Time
	Issued  int64
	Refused int64
}

// AgentAtRisk is an agent that somebody should look at.
type AgentAtRisk struct {
	Agent AgentRef
	Risks []Risk // the gravest first
}

// Risk is one thing to look at, with a sentence that says what to do.
type Risk struct {
	Code         RiskCode
	Message      string
	DelegationID string    // for RiskDelegationEnding
	EndsAt       time.Time // of that delegation
}

// RiskCode says what a risk is about.
type RiskCode string

// The risks, the gravest first.
const (
	RiskPermissive       RiskCode = "permissive"
	RiskRefusalsRising   RiskCode = "refusals_rising"
	RiskDelegationEnding RiskCode = "delegation_ending"
	RiskUnused           RiskCode = "unused"
)

// When something becomes a risk.
const (
	UnusedAfter    = 30 * 24 * time.Hour // without a token
	EndingWithin   = 7 * 24 * time.Hour
	RisingRefusals = 10 // in a day, and more than twice those of the day before
)

// PermissiveRisk is that an agent gets tokens without proof.
func PermissiveRisk() Risk {
	return Risk{Code: RiskPermissive, Message: "It gets tokens without proof of its workload: set its attestation to required."}
}

// RisingRisk is that an agent is refused more often than before.
func RisingRisk(lastDay, dayBefore int64) Risk {
	return Risk{Code: RiskRefusalsRising, Message: fmt.Sprintf(
		"It was refused %d times in the last 24 hours, and %d times in the 24 hours before: look for the reasons in its audit events.", lastDay, dayBefore)}
}

// EndingRisk is that a delegation is about to end. When stands beside the
// sentence, for each reader has a time zone of their own.
func EndingRisk(delegationID string, ends time.Time) Risk {
	return Risk{Code: RiskDelegationEnding, DelegationID: delegationID, EndsAt: ends,
		Message: "A delegation ends soon: move its end date if the agent is still needed."}
}

// UnusedRisk is that nobody seems to need an agent.
func UnusedRisk() Risk {
	return Risk{Code: RiskUnused, Message: fmt.Sprintf(
		"It has had no token for %d days: suspend or delete it if nobody needs it.", int(UnusedAfter.Hours()/24))}
}

// Checklist is the first steps, in the order of the guide.
type Checklist struct {
	ActionCreated     bool
	RoleCreated       bool
	PersonInvited     bool // a second user
	AgentOnboarded    bool
	DelegationCreated bool
	TokenIssued       bool
}
