package agent

import (
	"fmt"
	"strings"
	"time"
)

// Error is the server's refusal.
type Error struct {
	Status           int    // HTTP
	Code             string // such as selectors_not_satisfied; "" : the answer has none
	Description      string // says what to do
	RequestID        string
	RetryAfter       time.Duration // 0: not said
	MissingSelectors []string      // keys, with selectors_not_satisfied
	Delegations      []Choice      // with ambiguous_delegation
	Tried            []string      // where a proof was looked for in vain, with workload_proof_required
}

// Choice is a delegation that a request could name.
type Choice struct {
	DelegationID string `json:"delegation_id"`
	Role         string `json:"role"`
}

// Error implements error.
func (e *Error) Error() string {
	text := fmt.Sprintf("authsec: %s (HTTP %d)", e.Code, e.Status)
	if e.Code == "" {
		text = fmt.Sprintf("authsec: HTTP %d without an AuthSec error; something in between may have given it", e.Status)
	}
	if e.Description != "" {
		text += ": " + e.Description
	}
	if len(e.Tried) > 0 {
		text += " This client looked for a proof in: " + strings.Join(e.Tried, "; ") + "."
	}
	if e.RequestID != "" {
		text += " Request ID: " + e.RequestID + "."
	}
	return text
}

// passes reports whether what went wrong may pass by itself.
func (e *Error) passes() bool { return e.Status == 429 || e.Status == 503 }
