package issuance

import (
	"slices"

	"authsec/internal/policy"
	"authsec/internal/token"
)

// nested is the act claim of those who acted before, the last first (RFC 8693
// §4.1); nil: nobody did.
func nested(earlier []policy.Actor) *token.Actor {
	var act *token.Actor
	for _, a := range slices.Backward(earlier) {
		act = &token.Actor{Subject: a.SPIFFEID, ClientID: a.ClientID, Act: act}
	}
	return act
}

// chainOf returns the client IDs of a token's actors, the delegation's own agent
// first.
func chainOf(c token.Claims) []string {
	var ids []string
	for a := &c.Actor; a != nil; a = a.Act {
		ids = append(ids, a.ClientID)
	}
	slices.Reverse(ids)
	return ids
}

// exchanged is what the audit event of a token says of what it was made from;
// never the token.
type exchanged struct {
	SubjectToken string   `json:"subject_token,omitempty"` // jti of ours
	ProviderID   string   `json:"provider_id,omitempty"`   // whose token the person came with
	Subject      string   `json:"subject,omitempty"`       // the person there
	Chain        []string `json:"chain"`                   // client IDs, the delegation's own agent first
}
