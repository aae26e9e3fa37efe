package domain

import (
	"slices"
	"strings"
	"time"
)

// StatusListSize is how many indexes one Token Status List holds.
const StatusListSize = 1 << 17

// StatusRef is a place in a Token Status List (draft-ietf-oauth-status-list
// §6.1). List counts from 1; 0: none.
type StatusRef struct {
	List  int64
	Index int64 // from 0, below StatusListSize
}

// Recall is one entry in the sequence of recalls: from now on, the tokens that
// carry a status index, or one token by its jti, do not count.
type Recall struct {
	Seq     int64 // from 1, without gaps, in the order of commits
	At      time.Time
	Status  StatusRef // List 0: it is TokenID's
	TokenID string    // jti; "" : it is Status's
	// DelegationID and Chain say whose tokens (see ChainKey); "" when that was not
	// written down. A single token has no Chain here.
	DelegationID, Chain string
	// Audience holds every audience that a recalled token may have; empty: the
	// server's default audience alone.
	Audience []string
	// Until is when the last of the tokens has ended, give or take the leeway of clocks.
	Until time.Time
}

// Grounds are all that a delegation's authority rests on, its own terms included.
type Grounds struct {
	Agent *Agent // nil: there is none
	Candidate
	Sources []WorkloadSource // those that may have proven the agent: see Possible
	// Chain are the agents of the actor chain whose tokens are meant, after the
	// first, each with its own sources; an Agent that is nil is gone.
	Chain []ChainLink
}

// ChainLink is an agent to whom a token was handed on.
type ChainLink struct {
	ClientID string
	Agent    *Agent
	Sources  []WorkloadSource
}

// Possible returns those of the sources that prove the agent's platform which
// may be the one that proved it: an agent may demand another issuer's proof.
// Our own node agents vouch for any agent, whatever it demands (DESIGN §5).
func Possible(provers []WorkloadSource, a Agent, trustDomain string) []WorkloadSource {
	return slices.DeleteFunc(slices.Clone(provers), func(s WorkloadSource) bool {
		return slices.ContainsFunc(a.Selectors, func(sel Selector) bool {
			switch {
			case sel.Key == SelectorCluster && s.Settings.Kubernetes != nil:
				return sel.Value != s.Settings.Kubernetes.Issuer
			case sel.Key == SelectorIssuer && s.Settings.OIDC != nil:
				return sel.Value != s.Settings.OIDC.Issuer
			case sel.Key == SelectorSPIFFEID && s.Settings.SPIFFE != nil && s.Settings.SPIFFE.TrustDomain != trustDomain:
				return !slices.ContainsFunc(strings.Fields(sel.Value), func(id string) bool {
					return strings.HasPrefix(id, "spiffe://"+s.Settings.SPIFFE.TrustDomain+"/")
				})
			}
			return false
		})
	})
}

// StatusList is one Token Status List.
type StatusList struct {
	ID       int64
	Size     int64   // indexes it holds, those not handed out yet included
	Retired  []int64 // sorted
	Revision int64   // the greatest Seq of its recalls; 0: none
}

// TokenState is what is recorded against a token.
type TokenState struct {
	Known   bool // its status index was handed out
	Retired bool // its status index was recalled
	Revoked bool // it was itself
}
