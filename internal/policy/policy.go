// Package policy holds the decision: which authority a request gets now, or
// every reason why it gets none (DESIGN §2). It is pure: no I/O, no clock, no
// randomness. Issuance enforces Decide and the console's "what can this agent
// do now" explains it by calling the same function.
package policy

import (
	"fmt"
	"time"

	"authsec/internal/domain"
)

// Settings are the deployment's part of the decision.
type Settings struct {
	TrustDomain        string
	DefaultAudience    string
	MaxTokenTTL        time.Duration
	RequireAttestation bool // forbids permissive altogether
	// Exposed: the listener or the public URL is not loopback. A proxy on this
	// machine could then make anybody look like a caller on it.
	Exposed bool
	// MaxChain is how many agents an actor chain may have; 0: DefaultMaxChain.
	MaxChain int
}

// DefaultMaxChain is the agent, one to whom it hands on, and one more.
const DefaultMaxChain = 3

// Request is what was asked for.
type Request struct {
	ClientID     string        // UUID, canonical
	DelegationID string        // "" : not named
	Role         string        // "" : not named
	Actions      []string      // empty: all
	Audience     []string      // empty: the delegation's, or the default
	TTL          time.Duration // 0: not asked
	// Confirmation is the key that the request proved, to bind the token to.
	Confirmation domain.Confirmation
	Present      *Presence // nil: no person is present
	Parent       *Parent   // nil: no token is exchanged
}

// Presence is a person who is present: their identity provider's token was
// verified, and is theirs (RFC 8693 §2.1, subject_token).
type Presence struct {
	ProviderID string
	UserID     string
	Claims     map[string]any // of the token
	// Assumed: explain only; as if the person were present and met every condition.
	Assumed bool
}

// Parent is one of our own tokens that is being exchanged: nothing may exceed it.
type Parent struct {
	Actions      []string
	Audience     []string
	ExpiresAt    time.Time
	Confirmation domain.Confirmation // the key it is bound to
}

// Check returns the request's faults: what can never be granted, whoever asks.
func (r Request) Check() error {
	var f domain.Faults
	if id, ok := domain.ParseID(r.ClientID); !ok || id != r.ClientID {
		f.Add("client_id", "invalid_id", "client_id must be the agent's client ID, a UUID from its page in the console.")
	}
	if r.DelegationID != "" {
		if _, ok := domain.ParseID(r.DelegationID); !ok {
			f.Add("delegation_id", "invalid_id", "delegation_id must be a delegation's ID (a UUID).")
		}
	}
	if r.Role != "" {
		domain.CheckRoleName(&f, "role", r.Role)
	}
	domain.CheckActionNames(&f, "actions", r.Actions)
	if len(r.Audience) > domain.MaxResources {
		f.Add("audience", "too_many", "audience may be given at most %d times.", domain.MaxResources)
	} else {
		for i, a := range r.Audience {
			domain.CheckAudience(&f, fmt.Sprintf("audience/%d", i), a)
		}
	}
	if r.TTL != 0 && (r.TTL < domain.MinDuration || r.TTL > domain.MaxDuration) {
		f.Add("ttl", "out_of_range", "ttl must be from %d to %d seconds.",
			int64(domain.MinDuration/time.Second), int64(domain.MaxDuration/time.Second))
	}
	return f.Err()
}

// ProofState says what became of the workload's proof.
type ProofState uint8

// The states of a proof.
const (
	ProofAbsent   ProofState = iota // none was presented
	ProofRejected                   // presented, and not good
	ProofAccepted                   // presented and verified
	ProofAssumed                    // explain only: as if a full proof had been presented
)

// Kinds of proof, as the token's attestation claim names them.
const (
	AttestedBySecret = "secret"
	AttestedByKey    = "key"
	AttestedByNone   = "none"
)

// Proof is what is known of the caller's workload.
type Proof struct {
	State     ProofState
	Kind      string            // of an accepted proof: k8s, spiffe, unix, oidc, secret
	Selectors []domain.Selector // what an accepted proof attests
	Problem   string            // why it was rejected; safe to tell the caller
	// Implicit: nobody presented it; the connection shows it. It can satisfy an
	// agent, and it cannot spoil what a permissive one gets without proof.
	Implicit bool
	// Missing says, for a selector key or a prefix of keys that ends in ":", why
	// the proof could not establish it; safe to tell the caller.
	Missing  map[string]string
	Loopback bool // the peer is this machine, directly: no forwarding headers
}

type (
	// Authority is what a decision rests on.
	Authority = domain.Authority
	// Candidate is one delegation in an Authority.
	Candidate = domain.Candidate
)

// Grant is an authority that holds now: the content of a token.
type Grant struct {
	ClientID     string
	AgentName    string
	AgentType    string
	SPIFFEID     string
	Subject      string // the delegating user's ID
	Email        string
	DelegationID string
	Role         string
	Actions      []string // sorted, never empty
	Audience     []string // never empty
	Lifetime     time.Duration
	Attestation  string
	Status       domain.StatusRef // by which it is recalled
	Confirmation domain.Confirmation
	// Earlier are the actors before this one, the last first (RFC 8693 §4.1).
	Earlier []Actor
}

// Actor names an agent in a chain.
type Actor struct {
	ClientID string
	SPIFFEID string
}

// The conditions' codes, in the order in which they are checked.
const (
	CodeInvalidRequest      = "invalid_request"
	CodeUnknownClient       = "unknown_client"
	CodeProofRequired       = "workload_proof_required"
	CodeInvalidProof        = "invalid_workload_proof"
	CodeSelectors           = "selectors_not_satisfied"
	CodeAgentSuspended      = "agent_suspended"
	CodeNoDelegation        = "no_delegation"
	CodeAmbiguousDelegation = "ambiguous_delegation"
	CodeDelegationEnded     = "delegation_ended"
	CodePresenceRequired    = "presence_required"
	CodeTemplate            = "template_not_satisfied"
	CodeChain               = "chain_not_allowed"
	CodeConstraint          = "sender_constraint_required"
	CodeKeyProof            = "key_proof_required"
	CodeDelegatorInactive   = "delegator_inactive"
	CodeRoleNotHeld         = "role_not_held"
	CodeAudienceNotAllowed  = "audience_not_allowed"
	CodeActionNotDelegated  = "action_not_delegated"
	CodeNoEffectiveActions  = "no_effective_actions"
)

// maxListed bounds the alternatives named by an ambiguity.
const maxListed = 50

// What a caller is told before its proof. One text serves every agent: which
// of the conditions failed would say something about this one.
const (
	proofAdvice = "The workload must be proven. Set AUTHSEC_WORKLOAD_TOKEN_FILE to the file that holds its workload token, " +
		"or AUTHSEC_CLIENT_SECRET for an agent on the platform \"other\". " +
		"One on \"unix\" or \"docker\" is known by its connection, to the server's own machine and with no proxy between. " +
		"An agent that is permissive only by default needs no proof on the server's own machine, and there alone."
	ownProofAdvice = "The proof is valid, but not this agent's. An agent on the platform \"other\" proves itself by its own client secret or key alone."
)

// Alternative names a delegation that a caller could have asked for.
type Alternative struct {
	DelegationID string
	Role         string
}

// Denial lists every failed condition. The first is the one that is answered.
type Denial struct {
	Reasons      []domain.Reason // never empty
	Alternatives []Alternative   // for an ambiguous delegation
	DelegationID string          // of the delegation chosen, if one was
}

// First returns the reason that is told to the caller.
func (d *Denial) First() domain.Reason { return d.Reasons[0] }

// BeforeProof reports whether the caller is unknown: nothing is proven, so
// nothing about the agent may be told.
func (d *Denial) BeforeProof() bool {
	switch d.First().Code {
	case CodeInvalidRequest, CodeUnknownClient, CodeProofRequired, CodeInvalidProof:
		return true
	}
	return false
}

// kindOf returns which kind of error a condition is.
func kindOf(code string) domain.Kind {
	switch code {
	case CodeInvalidRequest:
		return domain.Invalid
	case CodeProofRequired, CodeInvalidProof:
		return domain.Unauthenticated
	case CodeUnknownClient, CodeNoDelegation:
		return domain.NotFound
	case CodeAmbiguousDelegation:
		return domain.Conflict
	case CodeDelegationEnded:
		return domain.Gone
	}
	return domain.Forbidden
}

// Err returns the denial as the error that is answered.
func (d *Denial) Err() *domain.Error {
	r := d.First()
	e := &domain.Error{Kind: kindOf(r.Code), Code: r.Code, Public: r.Message}
	switch r.Code {
	case CodeSelectors:
		e.Details = map[string]any{"missing_selectors": r.Keys}
	case CodeActionNotDelegated:
		e.Details = map[string]any{"actions": r.Keys}
	case CodeAmbiguousDelegation:
		list := make([]map[string]string, 0, len(d.Alternatives))
		for _, a := range d.Alternatives {
			list = append(list, map[string]string{"delegation_id": a.DelegationID, "role": a.Role})
		}
		e.Details = map[string]any{"delegations": list}
	}
	return e
}
