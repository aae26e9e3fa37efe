package domain

import "time"

// TemplateFilter narrows a list of delegation templates; an empty field does not.
type TemplateFilter struct {
	ClientID   string // of the agent
	ProviderID string // of the identity provider
}

// Check validates and normalises the filter in place. Faults name query parameters.
func (t *TemplateFilter) Check() error {
	var f Faults
	checkIDFilter(&f, "client_id", &t.ClientID)
	checkIDFilter(&f, "identity_provider_id", &t.ProviderID)
	return f.Err()
}

// LoanDraft is what a rule sees, inside the transaction, when a person who is
// present lends by a template, and what it decides. A rule that sets nothing and
// returns no events writes nothing.
type LoanDraft struct {
	Provider IdentityProvider
	Template DelegationTemplate
	Agent    Agent         // the template's
	Link     *IdentityLink // of the person at the provider; nil: they were never here
	User     *User         // whose the link is
	// Existing is the delegation of this template and user, whatever became of it.
	Existing *Delegation
	// Email is set by the rule: the address that a new user would have. The rule
	// then runs again and sees whether another has it.
	Email      string
	EmailTaken bool

	NewUser *User
	NewLink *IdentityLink
	// NewDelegation replaces the terms of Existing if it has its ID.
	NewDelegation *Delegation
}

// Idle reports whether the rule decided nothing.
func (d LoanDraft) Idle() bool {
	return d.NewUser == nil && d.NewLink == nil && d.NewDelegation == nil
}

// TokenRef names one of our own tokens.
type TokenRef struct {
	Status StatusRef
	ID     string // jti
}

// Handover is a token about to be signed in exchange for another (RFC 8693), as
// it was decided.
type Handover struct {
	DelegationID string
	Chain        string    // ChainKey of those to whom it was handed on, who gets it included
	Status       StatusRef // the chain's, as Authority said; List 0: it had none
	Change       int64     // as Authority said
	Parent       TokenRef  // what is exchanged
	TokenID      string    // jti
	Audience     []string
	ExpiresAt    time.Time
}
