package domain

import "strings"

// Authority is one consistent view of what is stored about an agent: what a
// decision rests on.
type Authority struct {
	Agent       *Agent // nil: there is none
	Delegations []Candidate
	// Chain are those to whom the agent handed its token on, in order; the last
	// of them asks. Empty: the agent itself does.
	Chain []Agent
	// Change is the number of the last change to authority in the same view.
	Change int64
	// SourcesRevision is that of the workload sources in the same view: what was
	// attested under an older one does not count.
	SourcesRevision int64
}

// Candidate is one delegation of the agent, with what its authority rests on.
type Candidate struct {
	Delegation Delegation
	Role       *Role // nil: the role is gone
	Delegator  *User // nil: the person is gone
	// Template and Provider are those of a delegation that a template made; nil:
	// they are gone.
	Template *DelegationTemplate
	Provider *IdentityProvider
	Linked   bool // the person is linked to Provider (see IdentityLink)
	// Status is the index that tokens of the authority's actor chain carry; List
	// 0: none was given to that chain yet.
	Status StatusRef
}

// Actor is the agent that asks; nil: there is none.
func (a Authority) Actor() *Agent {
	if a.Agent == nil || len(a.Chain) == 0 {
		return a.Agent
	}
	return &a.Chain[len(a.Chain)-1]
}

// ChainKey is an actor chain as status indexes know it: the client IDs after
// the first agent's, in order; "" : that agent alone.
func ChainKey(clientIDs []string) string { return strings.Join(clientIDs, " ") }
