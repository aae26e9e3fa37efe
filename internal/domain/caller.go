package domain

import "slices"

// Via says through which door a caller came.
type Via string

// The doors.
const (
	ViaSession  Via = "session"
	ViaAPIToken Via = "api_token"
	ViaCLI      Via = "cli"    // an operator with access to the database
	ViaSDK      Via = "sdk"    // a workload at a token route
	ViaSystem   Via = "system" // the server itself
)

// Caller is who asks for something, already authenticated. It is an explicit
// argument everywhere: never taken from a context.
type Caller struct {
	UserID    string
	Email     string
	Name      string
	Level     Level
	Roles     []string
	Via       Via
	IP        string // of the connection's peer; "" for the command line
	RequestID string
}

// Operator is the command line's caller: whoever can open the database is an admin.
func Operator(osUser string) Caller {
	return Caller{Name: osUser, Level: LevelAdmin, Via: ViaCLI}
}

// System is the server's own caller, for what nobody asked for.
func System() Caller { return Caller{Name: "authsec", Level: LevelAdmin, Via: ViaSystem} }

// Admin reports whether the caller may do everything.
func (c Caller) Admin() bool { return c.Level == LevelAdmin }

// ReadsAll reports whether the caller sees what belongs to others.
func (c Caller) ReadsAll() bool { return c.Level == LevelAdmin || c.Level == LevelAuditor }

// MayDelegate reports whether the caller may lend role.
func (c Caller) MayDelegate(role string) bool {
	return c.Level == LevelAdmin || slices.Contains(c.Roles, role)
}
