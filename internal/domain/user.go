package domain

import (
	"slices"
	"time"
)

// Level is what a user may do in the console and the administration API.
type Level string

// The console levels.
const (
	LevelAdmin   Level = "admin"   // everything
	LevelMember  Level = "member"  // their own delegations
	LevelAuditor Level = "auditor" // reads everything, changes nothing
)

// Valid reports whether l is a known level.
func (l Level) Valid() bool { return l == LevelAdmin || l == LevelMember || l == LevelAuditor }

// Status of a user or an agent.
type Status string

// The statuses. A deleted agent keeps its row, so that history keeps its name.
const (
	StatusActive    Status = "active"
	StatusSuspended Status = "suspended"
	StatusDeleted   Status = "deleted"
)

// User is a person.
type User struct {
	ID           string
	Email        string
	Name         string
	Status       Status // active or suspended
	Level        Level
	Roles        []string // sorted names of the roles held
	PasswordHash Secret   // PHC string; "" while none is set
	CreatedAt    time.Time
	UpdatedAt    time.Time
	LastSignInAt time.Time // zero: never
}

// Active reports whether the person may act and lend authority.
func (u User) Active() bool { return u.Status == StatusActive }

// MayDelegate reports whether the user may lend role: they hold it, or are an
// admin (DESIGN §2). It does not look at the status.
func (u User) MayDelegate(role string) bool {
	return u.Level == LevelAdmin || slices.Contains(u.Roles, role)
}

// UserSpec is what an admin says to create a user.
type UserSpec struct {
	Email    string
	Name     string
	Level    Level
	Password Secret // "" : the user gets a one-time set-up link
	Roles    []string
}

// Check validates and normalises the spec in place.
func (s *UserSpec) Check() error {
	var f Faults
	s.Email = CheckEmail(&f, "/email", s.Email)
	s.Name = CheckName(&f, "/name", s.Name)
	if !s.Level.Valid() {
		f.Add("/level", "unknown", "level must be admin, member or auditor.")
	}
	if s.Password != "" {
		CheckPassword(&f, "/password", s.Password)
	}
	s.Roles = checkRoleNames(&f, "/roles", s.Roles)
	return f.Err()
}

// UserPatch is a change to a user; nil leaves a field as it is.
type UserPatch struct {
	Name   *string
	Status *Status
	Level  *Level
	Roles  *[]string
}

// Check validates and normalises the patch in place.
func (p *UserPatch) Check() error {
	var f Faults
	if p.Name != nil {
		name := CheckName(&f, "/name", *p.Name)
		p.Name = &name
	}
	if p.Status != nil && *p.Status != StatusActive && *p.Status != StatusSuspended {
		f.Add("/status", "unknown", "status must be active or suspended.")
	}
	if p.Level != nil && !p.Level.Valid() {
		f.Add("/level", "unknown", "level must be admin, member or auditor.")
	}
	if p.Roles != nil {
		roles := checkRoleNames(&f, "/roles", *p.Roles)
		p.Roles = &roles
	}
	return f.Err()
}

// Passwords are bounded because hashing costs, and long enough to resist
// guessing (NIST SP 800-63B §3.1.1.2 asks for 8; we ask for 12).
const (
	MinPassword = 12
	MaxPassword = 256
)

// CheckPassword adds a fault unless s may become a password.
func CheckPassword(f *Faults, field string, s Secret) {
	v := s.Reveal()
	before := len(*f)
	CheckText(f, field, v, MaxPassword, false)
	if len(*f) == before && len([]rune(v)) < MinPassword {
		f.Add(field, "too_short", "%s must have at least %d characters.", label(field), MinPassword)
	}
}

const maxRolesPerUser = 200

func checkRoleNames(f *Faults, field string, names []string) []string {
	if len(names) > maxRolesPerUser {
		f.Add(field, "too_many", "%s may list at most %d roles.", label(field), maxRolesPerUser)
		return names
	}
	return checkSet(f, field, names, CheckRoleName)
}
