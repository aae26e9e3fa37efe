package oauthapi

import (
	"maps"
	"strings"

	"authsec/internal/domain"
	"authsec/internal/issuance"
)

// The names of errors (RFC 6749 §5.2, RFC 8707 §2). Those of 429 and 503 are
// RFC 8628's and RFC 6749's §4.1.2.1.
const (
	invalidRequest       = "invalid_request"
	invalidClient        = "invalid_client"
	invalidGrant         = "invalid_grant"
	invalidScope         = "invalid_scope"
	invalidTarget        = "invalid_target"
	unauthorizedClient   = "unauthorized_client"
	unsupportedGrantType = "unsupported_grant_type"
	invalidDPoPProof     = "invalid_dpop_proof" // RFC 9449 §5
	useDPoPNonce         = "use_dpop_nonce"     // RFC 9449 §8
	slowDown             = "slow_down"
	unavailable          = "temporarily_unavailable"
	serverError          = "server_error"
)

// tokenErrorNames are the RFCs' names for our own codes. The delegation is the
// grant; a proof that does not satisfy the agent authenticates no client.
func tokenErrorNames() map[string]string {
	return map[string]string{
		"unknown_client":          invalidClient,
		"workload_proof_required": invalidClient,
		"invalid_workload_proof":  invalidClient,
		"selectors_not_satisfied": invalidClient,
		"agent_suspended":         unauthorizedClient,
		"no_delegation":           invalidGrant,
		"ambiguous_delegation":    invalidRequest, // delegation_id is missing
		"delegation_ended":        invalidGrant,
		"delegator_inactive":      invalidGrant,
		"role_not_held":           invalidGrant,
		"audience_not_allowed":    invalidTarget,
		"action_not_delegated":    invalidScope,
		"no_effective_actions":    invalidScope,
		"presence_required":       invalidGrant,
		"template_not_satisfied":  invalidGrant,
		"chain_not_allowed":       invalidGrant,
		"person_not_linked":       invalidRequest, // RFC 8693 §2.2.2, as the next
		"invalid_subject_token":   invalidRequest,
		invalidScope:              invalidScope,
		invalidTarget:             invalidTarget,
		unsupportedGrantType:      unsupportedGrantType,
		invalidDPoPProof:          invalidDPoPProof,
		useDPoPNonce:              useDPoPNonce,
		// RFC 9449 §5.2 demands the refusal and names no error.
		"sender_constraint_required": invalidRequest,
		"key_proof_required":         invalidRequest,
	}
}

// tokenError gives an error the name and the status that the RFCs have for it; our
// own code goes beside it.
func tokenError(e domain.Error) domain.Error {
	own := e.Code
	e.Details = maps.Clone(e.Details)
	if e.Details == nil {
		e.Details = map[string]any{}
	}
	e.Details["authsec_error"] = own
	e.Code = tokenErrorName(e)
	switch {
	case e.Code == invalidClient:
		e.Kind = domain.Unauthenticated
	case e.Code == invalidScope && own == issuance.CodeInvalidRequest:
		e.Public = "scope lists actions, separated by one space each. " + e.Public
		e.Kind = domain.Invalid
	case e.Kind != domain.TooLarge && e.Kind != domain.RateLimited && e.Kind != domain.Unavailable && e.Kind != domain.Internal:
		e.Kind = domain.Invalid // RFC 6749 §5.2: 400 unless it says otherwise
	}
	return e
}

func tokenErrorName(e domain.Error) string {
	switch e.Kind {
	case domain.RateLimited:
		return slowDown
	case domain.Unavailable:
		return unavailable
	case domain.Internal:
		return serverError
	}
	if name, ok := tokenErrorNames()[e.Code]; ok {
		return name
	}
	if len(e.Fields) == 0 {
		return invalidRequest
	}
	// The first fault is the one that is described.
	switch field, _, _ := strings.Cut(e.Fields[0].Field, "/"); field {
	case "client_id":
		return invalidClient
	case "actions":
		return invalidScope
	case "audience":
		return invalidTarget
	}
	return invalidRequest
}
