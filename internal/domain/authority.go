package domain

// Authority is one consistent view of what is stored about an agent: what a
// decision rests on.
type Authority struct {
	Agent       *Agent // nil: there is none
	Delegations []Candidate
	// SourcesRevision is that of the workload sources in the same view: what was
	// attested under an older one does not count.
	SourcesRevision int64
}

// Candidate is one delegation of the agent, with what its authority rests on.
type Candidate struct {
	Delegation Delegation
	Role       *Role // nil: the role is gone
	Delegator  *User // nil: the person is gone
	// Status is the index that tokens carry whose actor chain is the agent alone.
	Status StatusRef
}
