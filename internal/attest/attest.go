// Package attest turns what a workload presents into what it proves: attested
// selectors (DESIGN §5). One file per kind of proof, each a small struct behind
// Attestor. It decides nothing: policy compares the selectors with the agent's.
package attest

import (
	"context"
	"errors"
	"time"

	"authsec/internal/domain"
)

// Presented is the proof as it came, unverified. At most one of Bearer and
// Basic is set: one Authorization header holds one credential.
type Presented struct {
	Bearer domain.Secret // a workload token
	Basic  *Basic
	// Loopback: the connection's peer is this machine, and no header says that it
	// forwards for another.
	Loopback bool
}

// Basic is an HTTP Basic credential (RFC 6749 §2.3.1).
type Basic struct {
	ClientID string
	Secret   domain.Secret
}

// Empty reports whether no proof was presented.
func (p Presented) Empty() bool { return p.Bearer == "" && p.Basic == nil }

// How tells how a selector is known.
type How string

// The ways in which a selector is known.
const (
	Signed   How = "signed"    // a claim in the proof
	LookedUp How = "looked_up" // asked of the platform's API
	Node     How = "node"      // a node agent saw the process
)

// Selector is an attested selector.
type Selector struct {
	domain.Selector
	How How
}

// Attested is what a proof proves.
type Attested struct {
	Kind      string // the token's attestation claim: secret, k8s, spiffe, unix, oidc
	Selectors []Selector
}

// Attestor verifies one kind of proof.
type Attestor interface {
	// Attest returns what the proof proves of the agent's workload. ErrNotMine:
	// the proof is of another kind. A *Rejection: it is of this kind, and bad.
	// Other errors: it cannot be told now (Unavailable).
	Attest(ctx context.Context, agent domain.Agent, p Presented, now time.Time) (Attested, error)
}

// ErrNotMine is an Attestor's answer to a proof of another kind.
var ErrNotMine = errors.New("not a proof of this kind")

// Rejection says why a proof is bad, in words that help its owner and tell an
// attacker nothing.
type Rejection struct {
	Problem string
	Err     error // for the log
}

// Error implements error.
func (r *Rejection) Error() string {
	if r.Err != nil {
		return r.Problem + ": " + r.Err.Error()
	}
	return r.Problem
}

// Unwrap returns the cause.
func (r *Rejection) Unwrap() error { return r.Err }

// Chain asks attestors in order until one knows the kind of proof.
type Chain []Attestor

// Attest returns what the first attestor that knows the proof says of it.
func (c Chain) Attest(ctx context.Context, agent domain.Agent, p Presented, now time.Time) (Attested, error) {
	for _, a := range c {
		got, err := a.Attest(ctx, agent, p, now)
		if errors.Is(err, ErrNotMine) {
			continue
		}
		return got, err
	}
	return Attested{}, &Rejection{Problem: "No workload source of this server can verify the proof that was presented. Ask an administrator to configure one for the agent's platform, or present the kind of proof that the agent's page names."}
}
