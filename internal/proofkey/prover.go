package proofkey

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"authsec/internal/domain"
	"authsec/sdk/go/dpop"
)

// The codes of errors (RFC 9449 §5, §8; RFC 6749 §5.2).
const (
	CodeInvalidProof   = "invalid_dpop_proof"
	CodeUseNonce       = "use_dpop_nonce"
	CodeInvalidRequest = "invalid_request"
)

// Presented is what a request shows of the key that its token is to be bound to,
// unverified.
type Presented struct {
	Proof  string // the value of the one DPoP header; "" : there is none
	Method string // of the request
	URL    string // of the request, as its client knows it, without query
	// MutualTLS asks for a token that is bound to the connection's certificate.
	MutualTLS bool
}

// ProofStore remembers which proofs were used, for all replicas.
type ProofStore interface {
	// UseProof notes the use of the proof of a key with an ID, by its hash, until an
	// instant, and is false if there was one before. Of two at once, one is first.
	UseProof(ctx context.Context, thumbprint, idHash string, expires, now time.Time) (first bool, err error)
}

// Prover checks proofs of keys. Both fields are required.
type Prover struct {
	Nonces Nonces
	Used   ProofStore
}

// Key is a key that was proven. The zero value is none.
type Key struct {
	domain.Confirmation
	id      string // of the DPoP proof
	expires time.Time
}

// Check returns the key that a request proves, to bind its token to: none, if it
// shows none. chain are the client certificates by which its workload proves
// itself. Of a DPoP proof all that RFC 9449 §4.3 says is checked, but whether it was
// used before, which Use does. Invalid: CodeInvalidProof; CodeUseNonce for a proof
// that is good but for its nonce; CodeInvalidRequest.
func (p Prover) Check(shown Presented, chain []*x509.Certificate, now time.Time) (Key, error) {
	switch {
	case !shown.MutualTLS && shown.Proof == "":
		return Key{}, nil
	case !shown.MutualTLS:
		return p.checkDPoP(shown, now)
	case shown.Proof != "":
		return Key{}, domain.Errorf(domain.Invalid, CodeInvalidRequest, "A token is bound to one key. Leave out the DPoP header, or token_binding.")
	}
	key := OfCertificate(chain)
	if key.None() {
		return Key{}, domain.Errorf(domain.Invalid, CodeInvalidRequest, "token_binding=mtls binds to the X.509-SVID that the client authenticates with. "+
			"Connect to the server's mTLS listener with it, and send no other credential.")
	}
	return key, nil
}

func (p Prover) checkDPoP(shown Presented, now time.Time) (Key, error) {
	proof, err := dpop.Parse(shown.Proof, dpop.Expectation{Method: shown.Method, URL: shown.URL, Now: now, Leeway: dpop.Leeway})
	if bad, ok := errors.AsType[*dpop.Error](err); ok {
		return Key{}, &domain.Error{Kind: domain.Invalid, Code: CodeInvalidProof, Err: err,
			Public: "The DPoP proof is not good: " + describe(bad) + ". Make a new one for each request (RFC 9449 section 4.2)."}
	}
	if err != nil {
		return Key{}, fmt.Errorf("check a DPoP proof: %w", err)
	}
	if !p.Nonces.Takes(proof.Nonce, now) {
		return Key{}, domain.Errorf(domain.Invalid, CodeUseNonce,
			"The DPoP proof must carry the nonce of the header DPoP-Nonce. Ask again with a new proof that does (RFC 9449 section 8).")
	}
	return Key{Confirmation: domain.Confirmation{KeyThumbprint: proof.Thumbprint}, id: proof.ID,
		// Replicas forget by their own clocks, and one that is behind takes a proof for longer.
		expires: proof.IssuedAt.Add(2 * dpop.Leeway)}, nil
}

// describe says what is wrong in words that help the proof's maker.
func describe(e *dpop.Error) string {
	if e.Detail == "" {
		return string(e.Reason)
	}
	return string(e.Reason) + ", " + e.Detail
}

// Use notes that the proof of a key was used, and is Invalid if it was before
// (RFC 9449 §11.1). A key without a proof can be used again and again.
func (p Prover) Use(ctx context.Context, k Key, now time.Time) error {
	if k.id == "" {
		return nil
	}
	hash := sha256.Sum256([]byte(k.id))
	first, err := p.Used.UseProof(ctx, k.KeyThumbprint, hex.EncodeToString(hash[:]), k.expires, now)
	if err != nil {
		return fmt.Errorf("note the use of a DPoP proof: %w", err)
	}
	if !first {
		return domain.Errorf(domain.Invalid, CodeInvalidProof,
			"The DPoP proof was used before. Make a new one, with another jti, for each request (RFC 9449 section 11.1).")
	}
	return nil
}

// OfCertificate returns the key of a TLS client's certificate, the leaf of the
// chain, which the handshake proved (RFC 8705 §3.1): none, if it sent none.
func OfCertificate(chain []*x509.Certificate) Key {
	if len(chain) == 0 || len(chain[0].Raw) == 0 {
		return Key{}
	}
	sum := sha256.Sum256(chain[0].Raw)
	return Key{Confirmation: domain.Confirmation{CertThumbprint: base64.RawURLEncoding.EncodeToString(sum[:])}}
}
