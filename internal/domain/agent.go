package domain

import (
	"slices"
	"strings"
	"time"
)

// AgentType is what framework an agent is built with: a label that travels in
// the token, never a source of authority.
type AgentType struct {
	Value string // on the wire
	Label string // in the console's "Target Type"
}

// AgentTypes lists the known types in display order.
func AgentTypes() []AgentType {
	return []AgentType{
		{"langchain", "Langchain AI agent"},
		{"langgraph", "LangGraph AI agent"},
		{"llamaindex", "LlamaIndex AI agent"},
		{"crewai", "CrewAI AI agent"},
		{"autogen", "AutoGen AI agent"},
		{"openai-agents", "OpenAI Agents SDK agent"},
		{"mcp-agent", "AI agent / MCP client"},
		{"custom", "Other AI agent"},
	}
}

// AgentTypeLabel returns the label of a type's wire value, or "" if unknown.
func AgentTypeLabel(value string) string {
	for _, t := range AgentTypes() {
		if t.Value == value {
			return t.Label
		}
	}
	return ""
}

// Attestation says whether an agent must prove its workload.
type Attestation string

// The attestation modes.
const (
	AttestationRequired   Attestation = "required"
	AttestationPermissive Attestation = "permissive"
)

// Selector is one key and value a workload must prove, in SPIRE's notation.
type Selector struct {
	Key   string
	Value string
}

// SelectorSPIFFEID is the one key whose value may list several that will do,
// separated by spaces, which no SPIFFE ID contains: a workload has one ID, and
// an agent may run as several workloads.
const SelectorSPIFFEID = "spiffe:id"

// Accepts reports whether the attested selector is what s demands.
func (s Selector) Accepts(attested Selector) bool {
	if s.Key != attested.Key {
		return false
	}
	return s.Value == attested.Value || (s.Key == SelectorSPIFFEID && slices.Contains(strings.Fields(s.Value), attested.Value))
}

// Agent is an AI agent client.
type Agent struct {
	ClientID    string
	Name        string
	Type        string
	Platform    string
	Selectors   []Selector
	Attestation Attestation
	// AttestationChosen: a person chose the mode. A permissive that nobody chose
	// is honoured only from a loopback peer (DESIGN §5).
	AttestationChosen   bool
	Status              Status
	DefaultDelegationID string         // "" : none
	Secrets             []ClientSecret // the live ones, newest first
	Keys                []AgentKey     // that it signs assertions with
	CreatedAt           time.Time
	UpdatedAt           time.Time
	LastTokenAt         time.Time // zero: never
}

// ClientSecret is the stored form of an agent's secret.
type ClientSecret struct {
	Hash      SecretHash
	CreatedAt time.Time
	ExpiresAt time.Time // zero: never
}

// SPIFFEID returns the agent's identity in the trust domain (SPIFFE-ID §2).
func SPIFFEID(trustDomain, clientID string) string {
	return "spiffe://" + trustDomain + "/agent/" + clientID
}

// AgentSpec is what an admin says to onboard an agent.
type AgentSpec struct {
	Name        string
	Type        string
	Platform    string
	Selectors   []Selector
	Attestation Attestation // "" : the deployment's default for the platform
}

// Check validates and normalises the spec in place.
func (s *AgentSpec) Check() error {
	var f Faults
	s.Name = CheckName(&f, "/name", s.Name)
	if AgentTypeLabel(s.Type) == "" {
		f.Add("/type", "unknown", "type must be one of %s.", joinTypes())
	}
	CheckAttestation(&f, "/attestation", s.Attestation, true)
	checkSelectors(&f, s.Platform, s.Selectors)
	s.Selectors = slices.Clone(s.Selectors)
	return f.Err()
}

// AgentPatch is a change to an agent; nil leaves a field as it is. The
// platform never changes: another platform is another workload.
type AgentPatch struct {
	Name        *string
	Type        *string
	Selectors   *[]Selector
	Attestation *Attestation
}

// Check validates the patch for an agent of the given platform, in place.
func (p *AgentPatch) Check(platform string) error {
	var f Faults
	if p.Name != nil {
		name := CheckName(&f, "/name", *p.Name)
		p.Name = &name
	}
	if p.Type != nil && AgentTypeLabel(*p.Type) == "" {
		f.Add("/type", "unknown", "type must be one of %s.", joinTypes())
	}
	if p.Attestation != nil {
		CheckAttestation(&f, "/attestation", *p.Attestation, false)
	}
	if p.Selectors != nil {
		checkSelectors(&f, platform, *p.Selectors)
	}
	return f.Err()
}

// CheckAttestation adds a fault unless a is a known mode, or empty where that is allowed.
func CheckAttestation(f *Faults, field string, a Attestation, empty bool) {
	if (a == "" && empty) || a == AttestationRequired || a == AttestationPermissive {
		return
	}
	f.Add(field, "unknown", "attestation must be required or permissive.")
}

func joinTypes() string {
	types := AgentTypes()
	values := make([]string, len(types))
	for i, t := range types {
		values[i] = t.Value
	}
	return strings.Join(values, ", ")
}
