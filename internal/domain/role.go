package domain

import (
	"fmt"
	"slices"
	"time"
)

// Action is a business permission, resource:verb.
type Action struct {
	Name        string
	Description string
	Sensitive   bool
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Check validates the action.
func (a *Action) Check() error {
	var f Faults
	CheckActionName(&f, "/name", a.Name)
	CheckText(&f, "/description", a.Description, MaxDescription, true)
	return f.Err()
}

// Role is a named set of actions.
type Role struct {
	Name        string
	Description string
	Actions     []string // sorted
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// MaxActions bounds the actions of a role, a delegation or a request.
const MaxActions = 500

// Check validates the role and sorts its actions.
func (r *Role) Check() error {
	var f Faults
	CheckRoleName(&f, "/name", r.Name)
	CheckText(&f, "/description", r.Description, MaxDescription, true)
	r.Actions = CheckActionNames(&f, "/actions", r.Actions)
	return f.Err()
}

// CheckActionNames returns names sorted and adds a fault for each that is
// malformed or repeated.
func CheckActionNames(f *Faults, field string, names []string) []string {
	if len(names) > MaxActions {
		f.Add(field, "too_many", "%s may list at most %d actions.", label(field), MaxActions)
		return names
	}
	return checkSet(f, field, names, CheckActionName)
}

// checkSet checks each member, refuses repetitions, and returns a sorted copy
// that is never nil.
func checkSet(f *Faults, field string, members []string, check func(*Faults, string, string)) []string {
	seen := make(map[string]bool, len(members))
	for i, m := range members {
		at := fmt.Sprintf("%s/%d", field, i)
		before := len(*f)
		check(f, at, m)
		// A malformed member is not repeated back to whoever sent it.
		if seen[m] && len(*f) == before {
			f.Add(at, "repeated", "%s repeats %s.", label(field), m)
		}
		seen[m] = true
	}
	sorted := append([]string{}, members...)
	slices.Sort(sorted)
	return sorted
}
