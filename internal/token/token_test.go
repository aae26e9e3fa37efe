package token

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"authsec/internal/domain"

	"github.com/go-jose/go-jose/v4"
)

const (
	issuer   = "https://authsec.example.com"
	audience = "https://billing.example.com"
)

var now = time.Unix(1_800_000_000, 0)

// memoryKey signs with a key known to the whole world.
type memoryKey struct {
	kid     string
	private *rsa.PrivateKey
}

func (k memoryKey) KeyID() string { return k.kid }

func (k memoryKey) Sign(ctx context.Context, input []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	digest := sha256.Sum256(input)
	return rsa.SignPKCS1v15(nil, k.private, crypto.SHA256, digest[:])
}

// always is a Signer with one key.
type always struct{ key SigningKey }

func (s always) Current(time.Time) (SigningKey, error) { return s.key, nil }

// never is a Signer without a key.
type never struct{}

func (never) Current(time.Time) (SigningKey, error) {
	return nil, domain.Errorf(domain.Unavailable, "temporarily_unavailable", "No token can be signed.")
}

func vectors(t testing.TB, file string, to any) {
	t.Helper()
	b, err := os.ReadFile("../../testdata/vectors/" + file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, to); err != nil {
		t.Fatal(err)
	}
}

func testKey(t testing.TB, kid string) memoryKey {
	t.Helper()
	var set jose.JSONWebKeySet
	vectors(t, "private.jwk.json", &set)
	found := set.Key(kid)
	if len(found) != 1 {
		t.Fatalf("%d test keys named %s", len(found), kid)
	}
	private := found[0].Key.(*rsa.PrivateKey)
	private.Precompute()
	return memoryKey{kid, private}
}

func (k memoryKey) find(kid string) (jose.JSONWebKey, bool) {
	return jose.JSONWebKey{Key: &k.private.PublicKey, KeyID: k.kid}, kid == k.kid
}

func testMinter(t testing.TB) (*Minter, Keys) {
	t.Helper()
	key := testKey(t, "vector-a")
	return &Minter{Issuer: issuer, Signer: always{key}}, key.find
}

func expectation() Expectation {
	return Expectation{Issuer: issuer, Audience: audience, Leeway: Leeway, Now: now}
}

// fullClaims has every claim of an ordinary token.
func fullClaims() Claims {
	const client = "6f8c2f3e-58d1-4f0a-9a3c-0d6b5a1f7e21"
	c := Claims{
		Subject:      "01890a5d-ac96-774b-bcce-b302099a8057",
		Actor:        Actor{Subject: "spiffe://authsec.local/agent/" + client, ClientID: client},
		ClientID:     client,
		Audience:     []string{audience},
		ExpiresAt:    now.Unix() + 3600,
		IssuedAt:     now.Unix(),
		NotBefore:    now.Unix(),
		ID:           "01890a5d-ac96-774b-bcce-b302099a8058",
		SPIFFEID:     "spiffe://authsec.local/agent/" + client,
		AgentType:    "langchain",
		UserID:       "01890a5d-ac96-774b-bcce-b302099a8057",
		Email:        "ana@example.com",
		DelegationID: "01890a5d-ac96-774b-bcce-b302099a8059",
		Role:         "customer-support",
		Attestation:  "none",
		Status:       &Status{StatusEntry{Index: 4711, URI: StatusListURI(issuer, 3)}},
	}
	c.SetActions([]string{"orders:read", "billing:read", "billing:read"})
	return c
}

func mustMint(t testing.TB, m *Minter, c Claims) string {
	t.Helper()
	compact, err := m.Mint(t.Context(), c, now)
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

func wantCode(t *testing.T, err error, kind domain.Kind, code string) {
	t.Helper()
	if e := (*domain.Error)(nil); !errors.As(err, &e) || e.Kind != kind || e.Code != code {
		t.Errorf("got %v, want %s %s", err, kind, code)
	}
}
