// Package attest turns what a workload presents into what it proves: attested
// selectors (DESIGN §5). One file per kind of proof, each a small struct behind
// Verifier or Attestor. It decides nothing: policy compares the selectors with
// the agent's.
package attest

import (
	"context"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"authsec/internal/domain"
)

// Presented is the proof as it came, unverified. At most one of Bearer and
// Basic is set: one Authorization header holds one credential.
type Presented struct {
	Bearer domain.Secret // a workload token
	Basic  *Basic
	// Certificates is the chain of a TLS client, leaf first. The handshake proved
	// that it holds the leaf's key, and nothing else.
	Certificates []*x509.Certificate
	// Peer is the process at the other end of a connection on this machine, and
	// counts only where nothing else was presented. nil: it cannot be known.
	Peer domain.Peer
	// Loopback: the connection's peer is this machine, and no header says that it
	// forwards for another.
	Loopback bool
}

// Basic is an HTTP Basic credential (RFC 6749 §2.3.1).
type Basic struct {
	ClientID string
	Secret   domain.Secret
}

// Empty reports whether no proof was presented. A peer is not presented: it is
// there whether the workload means it or not.
func (p Presented) Empty() bool {
	return p.Bearer == "" && p.Basic == nil && len(p.Certificates) == 0
}

// How tells how a selector is known.
type How string

// The ways in which a selector is known.
const (
	Signed   How = "signed"    // a claim in the proof
	LookedUp How = "looked_up" // asked of the platform's API
	Node     How = "node"      // a node agent, or this machine's kernel, saw the process
)

// The kinds of proof, as the token's attestation claim names them.
const (
	KindSecret     = "secret"
	KindKey        = "key"
	KindKubernetes = "k8s"
	KindSPIFFE     = "spiffe"
	KindUnix       = "unix"
	KindOIDC       = "oidc"
)

// Selector is an attested selector.
type Selector struct {
	domain.Selector
	How How
}

// Attested is what a proof proves.
type Attested struct {
	Kind      string
	SourceID  string // of the workload source; "" : the agent's own secret or key
	Selectors []Selector
	// ClientID is the agent that a node agent says the workload is: its own SVID
	// was presented, and that was given for the agent's selectors (DESIGN §5).
	ClientID string
	// Missing says, for a selector key or a prefix of keys that ends in ":", why
	// the source cannot establish it and what to configure. Never a value.
	Missing map[string]string
	// Until is when the proof itself ends; zero: it does not say.
	Until time.Time
}

// For is what the proof proves of one agent's workload: where a node agent says
// that it is this agent, the agent's own selectors too.
func (a Attested) For(agent domain.Agent) Attested {
	if a.ClientID == "" || a.ClientID != agent.ClientID {
		return a
	}
	a.Selectors = slices.Clone(a.Selectors) // a is kept, and others read it
	for _, sel := range agent.Selectors {
		a.Selectors = append(a.Selectors, Selector{Selector: sel, How: Node})
	}
	return a
}

// Question asks what a proof proves of an agent's workload.
type Question struct {
	Agent     domain.Agent
	Presented Presented
	Revision  int64 // of the workload sources, from the decision's own snapshot
	Now       time.Time
}

// Attestor verifies proofs of an agent's workload.
type Attestor interface {
	// Attest returns what the proof proves. ErrNotMine: the proof is of another
	// kind. A *Rejection: it is of this kind, and bad. Other errors: it cannot be
	// told now (Unavailable).
	Attest(ctx context.Context, q Question) (Attested, error)
}

// Verifier verifies the proofs of one workload source. What it finds does not
// depend on the agent, so that it can be kept for a while. Safe for concurrent use.
type Verifier interface {
	// Verify has the errors of Attestor; ErrNotMine also when another source made
	// the proof. Kind, Selectors, ClientID, Missing and Until are its to fill.
	Verify(ctx context.Context, p Presented, now time.Time) (Attested, error)
	// Close ends what runs in the background.
	Close() error
}

// PeerVerifier is a Verifier that knows the process at the other end of a
// connection. What it finds is not kept, and so may depend on the agent: what that
// one does not ask for need not be looked up, nor be said.
type PeerVerifier interface {
	Verifier
	// VerifyPeer has the errors of Verify; ErrNotMine also where nothing is known
	// of the process.
	VerifyPeer(ctx context.Context, q Question) (Attested, error)
}

// ErrNotMine is an Attestor's answer to a proof of another kind or source.
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

// Attest returns what the first attestor that knows the proof says of it, and
// ErrNotMine when nothing was presented and no one knows the peer.
func (c Chain) Attest(ctx context.Context, q Question) (Attested, error) {
	for _, a := range c {
		got, err := a.Attest(ctx, q)
		if errors.Is(err, ErrNotMine) {
			continue
		}
		return got, err
	}
	if q.Presented.Empty() {
		return Attested{}, ErrNotMine
	}
	return Attested{}, &Rejection{Problem: "No workload source of this server can verify the proof that was presented. Ask an administrator to configure one for the agent's platform, or present the kind of proof that the agent's page names."}
}
