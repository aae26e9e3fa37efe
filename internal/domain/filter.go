package domain

// UserFilter narrows a list of users; an empty field does not.
type UserFilter struct {
	Level  Level
	Status Status
	Role   string // users who hold it
}

// Check validates the filter. Faults name query parameters.
func (u UserFilter) Check() error {
	var f Faults
	if u.Level != "" && !u.Level.Valid() {
		f.Add("level", "unknown", "level must be admin, member or auditor.")
	}
	checkStatusFilter(&f, u.Status)
	if u.Role != "" {
		CheckRoleName(&f, "role", u.Role)
	}
	return f.Err()
}

// AgentFilter narrows a list of agents; an empty field does not. Deleted
// agents are in no list.
type AgentFilter struct {
	Type        string
	Platform    string
	Attestation Attestation
	Status      Status
}

// Check validates the filter. Faults name query parameters.
func (a AgentFilter) Check() error {
	var f Faults
	if a.Type != "" && AgentTypeLabel(a.Type) == "" {
		f.Add("type", "unknown", "type must be one of %s.", joinTypes())
	}
	if _, ok := FindPlatform(a.Platform); a.Platform != "" && !ok {
		f.Add("platform", "unknown", "platform must be a key of the platform catalogue.")
	}
	CheckAttestation(&f, "attestation", a.Attestation, true)
	checkStatusFilter(&f, a.Status)
	return f.Err()
}

func checkStatusFilter(f *Faults, s Status) {
	if s != "" && s != StatusActive && s != StatusSuspended {
		f.Add("status", "unknown", "status must be active or suspended.")
	}
}

// Check validates and normalises the filter in place. Faults name query parameters.
func (d *DelegationFilter) Check() error {
	var f Faults
	checkIDFilter(&f, "client_id", &d.ClientID)
	checkIDFilter(&f, "delegator", &d.DelegatorID)
	if d.Role != "" {
		CheckRoleName(&f, "role", d.Role)
	}
	switch d.Status {
	case "", DelegationActive, DelegationDisabled, DelegationRevoked, DelegationEnded:
	default:
		f.Add("status", "unknown", "status must be active, disabled, revoked or ended.")
	}
	return f.Err()
}
