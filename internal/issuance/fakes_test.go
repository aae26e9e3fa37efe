package issuance_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"maps"
	"strings"
	"sync"
	"time"

	"authsec/internal/attest"
	"authsec/internal/clocktest"
	"authsec/internal/domain"
	"authsec/internal/token"

	"github.com/go-jose/go-jose/v4"
)

// key signs with an RSA key that is made once for all tests.
type key struct{ private *rsa.PrivateKey }

var newKey = sync.OnceValue(func() key {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key{private}
})

func (key) KeyID() string { return "test-key" }

func (k key) Sign(_ context.Context, input []byte) ([]byte, error) {
	digest := sha256.Sum256(input)
	return rsa.SignPKCS1v15(nil, k.private, crypto.SHA256, digest[:])
}

func (k key) Current(time.Time) (token.SigningKey, error) { return k, nil }

func (k key) find(kid string) (jose.JSONWebKey, bool) {
	return jose.JSONWebKey{Key: &k.private.PublicKey, KeyID: k.KeyID()}, kid == k.KeyID()
}

// pods stands for a platform's attestor. A bearer token "pod:…" is its kind of
// proof, and what follows names what becomes of it.
type pods struct {
	clock *clocktest.Clock
	takes time.Duration // how long it takes to verify
}

var errCause = errors.New("the signature does not match")

func (p pods) Attest(_ context.Context, q attest.Question) (attest.Attested, error) {
	agent, presented := q.Agent, q.Presented
	p.clock.Advance(p.takes)
	what, ok := strings.CutPrefix(presented.Bearer.Reveal(), "pod:")
	if !ok {
		return attest.Attested{}, attest.ErrNotMine
	}
	got := attest.Attested{Kind: "k8s"}
	switch what {
	case "right":
		for _, s := range agent.Selectors {
			got.Selectors = append(got.Selectors, attest.Selector{Selector: s, How: attest.Signed})
		}
	case "elsewhere":
		got.Selectors = []attest.Selector{{Selector: domain.Selector{Key: "k8s:ns", Value: "production"}}, {Selector: domain.Selector{Key: "k8s:sa", Value: "another"}}}
	case "outage":
		return got, errors.New("dial tcp: connection refused")
	case "busy":
		return got, domain.Errorf(domain.Unavailable, "temporarily_unavailable", "The cluster's issuer is away.")
	default:
		return attest.Attested{}, &attest.Rejection{Problem: "The workload token is not valid.", Err: errCause}
	}
	return got, nil
}

// metrics counts outcomes.
type metrics struct {
	mu     sync.Mutex
	counts map[string]int
}

func (m *metrics) add(what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts[what]++
}

func (m *metrics) TokenIssued(agentType string) { m.add("issued " + agentType) }
func (m *metrics) TokenRefused(code string)     { m.add("refused " + code) }

func (m *metrics) all() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.counts)
}
