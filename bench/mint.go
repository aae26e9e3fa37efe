package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/policy"
	"authsec/internal/token"
)

const (
	clientID     = "0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e"
	delegationID = "0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8f"
	userID       = "0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d90"
)

// decide measures one decision of the usual size.
func decide(context.Context) ([]row, error) {
	now := time.Now()
	actions := []string{"billing:read", "orders:read", "tickets:write"}
	authority := domain.Authority{
		Agent: &domain.Agent{ClientID: clientID, Name: "Customer Support", Type: "langchain", Platform: domain.PlatformOther,
			Attestation: domain.AttestationRequired, Status: domain.StatusActive, DefaultDelegationID: delegationID},
		Delegations: []domain.Candidate{{
			Delegation: domain.Delegation{ID: delegationID, ClientID: clientID, Role: "customer-support", DelegatorID: userID,
				Actions: actions, MaxDuration: time.Hour, Status: domain.DelegationActive},
			Role:      &domain.Role{Name: "customer-support", Actions: actions},
			Delegator: &domain.User{ID: userID, Status: domain.StatusActive, Roles: []string{"customer-support"}},
		}},
	}
	settings := policy.Settings{TrustDomain: "authsec.local", DefaultAudience: "authsec-api", MaxTokenTTL: 24 * time.Hour}
	proof := policy.Proof{State: policy.ProofAccepted, Kind: policy.AttestedBySecret}
	result := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, denial := policy.Decide(now, settings, authority, proof, policy.Request{ClientID: clientID}); denial != nil {
				b.Fatal(denial.First().Code)
			}
		}
	})
	if result.N == 0 {
		return nil, fmt.Errorf("the decision was not a grant")
	}
	us := float64(result.NsPerOp()) / 1000
	return []row{{"policy.Decide", fmt.Sprintf("%.2f µs, %d allocations", us, result.AllocsPerOp()), "", "under 5 µs", us < 5}}, nil
}

// key is an RSA key in memory, as the keyring holds them.
type key struct{ private *rsa.PrivateKey }

func (key) KeyID() string { return "bench" }

func (k key) Sign(_ context.Context, input []byte) ([]byte, error) {
	sum := sha256.Sum256(input)
	return rsa.SignPKCS1v15(nil, k.private, crypto.SHA256, sum[:])
}

// Current implements token.Signer.
func (k key) Current(time.Time) (token.SigningKey, error) { return k, nil }

// mint compares a whole minted token with one bare signature.
func mint(ctx context.Context) ([]row, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	k := key{private}
	now := time.Now()
	claims := token.Claims{Subject: userID, Actor: token.Actor{Subject: domain.SPIFFEID("authsec.local", clientID), ClientID: clientID},
		ClientID: clientID, Audience: []string{"authsec-api"}, ID: delegationID, IssuedAt: now.Unix(), NotBefore: now.Unix(),
		ExpiresAt: now.Add(time.Hour).Unix(), SPIFFEID: domain.SPIFFEID("authsec.local", clientID), AgentType: "langchain",
		UserID: userID, Email: "support-lead@example.com", DelegationID: delegationID, Role: "customer-support", Attestation: "secret"}
	claims.SetActions([]string{"billing:read", "orders:read", "tickets:write"})
	minter := token.Minter{Issuer: "http://localhost:7468", Signer: k}
	// Taken in turns, so that what else the machine does hits both alike.
	var bare, minted float64
	const rounds = 5
	for range rounds {
		b := testing.Benchmark(func(b *testing.B) {
			input := make([]byte, 1024)
			for b.Loop() {
				if _, err := k.Sign(ctx, input); err != nil {
					b.Fatal(err)
				}
			}
		})
		m := testing.Benchmark(func(b *testing.B) {
			for b.Loop() {
				if _, err := minter.Mint(ctx, claims, now); err != nil {
					b.Fatal(err)
				}
			}
		})
		if b.N == 0 || m.N == 0 {
			return nil, fmt.Errorf("signing failed")
		}
		bare, minted = lower(bare, float64(b.NsPerOp())), lower(minted, float64(m.NsPerOp()))
	}
	ratio := minted / bare
	return []row{{"a minted token", fmt.Sprintf("%.3f ms", minted/1e6), fmt.Sprintf("%.2f × a bare RSA-2048 signature (%.3f ms)", ratio, bare/1e6),
		"under 1.15 ×", ratio < 1.15}}, nil
}

// lower keeps the best of several rounds; 0 is none yet.
func lower(best, got float64) float64 {
	if best == 0 || got < best {
		return got
	}
	return best
}
