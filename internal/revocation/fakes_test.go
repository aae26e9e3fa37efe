package revocation

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"authsec/internal/clocktest"
	"authsec/internal/domain"
	"authsec/internal/token"

	"github.com/go-jose/go-jose/v4"
)

const testIssuer = "https://authsec.example"

var (
	start = time.Date(2026, 5, 21, 7, 0, 0, 0, time.UTC)
	here  = Deployment{Issuer: testIssuer, DefaultAudience: "authsec-api"}
	// billing and orders are two resources.
	billing = domain.Resource{ID: "0198c1f2-7a10-7c3e-9b1d-000000000001", Name: "Billing", URI: "https://billing.example", SecretHash: domain.Secret("b").Hash()}
	orders  = domain.Resource{ID: "0198c1f2-7a10-7c3e-9b1d-000000000002", Name: "Orders", URI: "https://orders.example", SecretHash: domain.Secret("o").Hash()}
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// signingKey is one key, and the ring that has it alone.
type signingKey struct{ *rsa.PrivateKey }

var madeKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

func (signingKey) KeyID() string { return "key-1" }

func (k signingKey) Sign(_ context.Context, input []byte) ([]byte, error) {
	sum := sha256.Sum256(input)
	return rsa.SignPKCS1v15(nil, k.PrivateKey, crypto.SHA256, sum[:])
}

func (k signingKey) Current(time.Time) (token.SigningKey, error) { return k, nil }

func (k signingKey) PublishedKeys(time.Time) token.Keys {
	return func(kid string) (jose.JSONWebKey, bool) {
		return jose.JSONWebKey{Key: &k.PublicKey, KeyID: "key-1"}, kid == "key-1"
	}
}

func ring() signingKey { return signingKey{madeKey()} }

// signer counts what it signs. It signs nothing in fact: what is asked of it is
// how often.
type signer struct {
	n    atomic.Int64
	fail atomic.Bool
}

func (s *signer) SignPayload(_ context.Context, typ string, payload []byte, _ time.Time) (string, error) {
	if s.fail.Load() {
		return "", errors.New("no key")
	}
	s.n.Add(1)
	return typ + "." + base64.RawURLEncoding.EncodeToString(payload) + ".sig", nil
}

// claims reads what signer signed.
func claims(t testing.TB, jws string) (typ string, c map[string]any) {
	t.Helper()
	typ, rest, _ := strings.Cut(jws, ".")
	payload, _, _ := strings.Cut(rest, ".")
	raw, err := base64.RawURLEncoding.DecodeString(payload)
	must(t, err)
	must(t, json.Unmarshal(raw, &c))
	return typ, c
}

// base is a database in memory.
type base struct {
	mu        sync.Mutex
	recalls   []domain.Recall
	lists     map[int64]domain.StatusList
	resources map[string]domain.Resource
	err       error
	reads     int // of pages
}

func newBase() *base {
	return &base{lists: map[int64]domain.StatusList{}, resources: map[string]domain.Resource{billing.ID: billing, orders.ID: orders}}
}

func (b *base) set(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
}

// recall adds n recalls of an audience, of indexes from 0 on.
func (b *base) recall(n int, audience ...string) {
	b.set(func() {
		for range n {
			seq := int64(len(b.recalls) + 1)
			b.recalls = append(b.recalls, domain.Recall{Seq: seq, At: start, Status: domain.StatusRef{List: 1, Index: seq}, Audience: audience, Until: start.Add(time.Hour)})
		}
	})
}

func (b *base) LastRecall(context.Context) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return int64(len(b.recalls)), b.err
}

func (b *base) RecallsSince(_ context.Context, seq int64, limit int) ([]domain.Recall, int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reads++
	last := int64(len(b.recalls))
	if b.err != nil || seq >= last {
		return nil, last, b.err
	}
	return b.recalls[seq:min(seq+int64(limit), last)], last, nil
}

func (b *base) StatusList(_ context.Context, id int64) (domain.StatusList, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l, ok := b.lists[id]; ok {
		return l, b.err
	}
	return domain.StatusList{}, domain.Errorf(domain.NotFound, "not_found", "There is no such status list.")
}

func (b *base) Resource(_ context.Context, id string) (domain.Resource, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r, ok := b.resources[id]; ok {
		return r, b.err
	}
	return domain.Resource{}, domain.Errorf(domain.NotFound, "not_found", "There is no such resource.")
}

func clock() *clocktest.Clock { return clocktest.At(start) }

// capture is a signer that keeps what it was given.
type capture struct{ payload []byte }

func (c *capture) SignPayload(_ context.Context, _ string, payload []byte, _ time.Time) (string, error) {
	c.payload = payload
	return "signed", nil
}

func base64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
