package attest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"authsec/internal/domain"
	"authsec/sdk/go/jwks"
	"authsec/sdk/go/jws"
)

// AssertionStore remembers which assertions were used.
type AssertionStore interface {
	// UseAssertion notes a use until an instant, and is false if there was one
	// before. Of two at once, one is first.
	UseAssertion(ctx context.Context, clientID, idHash string, expires, now time.Time) (first bool, err error)
}

// PrivateKey verifies assertions that an agent of the platform "other" signs with
// a key of its own: private_key_jwt (RFC 7523 §3, OpenID Connect Core §9). Each
// is a proof once, so that whoever sees one can do nothing with it.
type PrivateKey struct {
	Audiences []string // this server's names: its issuer, its token URL
	Used      AssertionStore
}

const (
	maxAssertionAge = 5 * time.Minute // of exp − iat
	maxAssertionID  = 256             // bytes of jti
)

// badAssertion is one answer for a wrong key and for an agent that has none: it
// must not tell them apart.
const badAssertion = "The assertion is not signed with a key that is registered for this client_id. Sign it with that key and name the key by its kid; an administrator registers keys."

// Attest implements Attestor. An assertion proves the agent itself and no selectors.
func (k PrivateKey) Attest(ctx context.Context, q Question) (Attested, error) {
	raw := q.Presented.Bearer.Reveal()
	// RFC 7523 §3: the client is issuer and subject both.
	if p, ok := peek(raw); !ok || p.Issuer != q.Agent.ClientID || p.Subject != q.Agent.ClientID {
		return Attested{}, ErrNotMine
	}
	claims, err := k.signed(ctx, raw, q.Agent)
	if err != nil {
		return Attested{}, err
	}
	for _, name := range []string{"iss", "sub"} {
		if v, _ := claims.Text(name); v != q.Agent.ClientID { // what was peeked at is what was signed, but nothing rests on it
			return Attested{}, ErrNotMine
		}
	}
	// One that is good at another server too could be used there by this one, or
	// here by that one (RFC 7523 §3 item 3 asks for less).
	audience := claims.Audience()
	if len(audience) == 0 || slices.ContainsFunc(audience, func(a string) bool { return !slices.Contains(k.Audiences, a) }) {
		return Attested{}, reject("The assertion is for another audience. Its aud must be this server's public URL, or the URL that the token is requested from, and nothing else.", nil)
	}
	expires, err := lifetime(claims, q.Now, maxAssertionAge)
	if err != nil {
		return Attested{}, err
	}
	id, ok := claims.Text("jti")
	if !ok || id == "" || len(id) > maxAssertionID {
		return Attested{}, reject("The assertion has no jti of at most 256 bytes. Give each one an ID of its own.", nil)
	}
	hash := sha256.Sum256([]byte(id))
	first, err := k.Used.UseAssertion(ctx, q.Agent.ClientID, hex.EncodeToString(hash[:]), expires.Add(leeway), q.Now)
	if err != nil {
		return Attested{}, fmt.Errorf("note the use of an assertion: %w", err)
	}
	if !first {
		return Attested{}, reject("The assertion was used before. Sign a new one, with another jti, for every request.", nil)
	}
	return Attested{Kind: KindKey, Until: expires}, nil
}

// signed returns the claims of an assertion that one of the agent's keys signed.
func (PrivateKey) signed(ctx context.Context, raw string, agent domain.Agent) (object, error) {
	token, err := jws.Parse(raw, jws.Algorithms()...)
	if err != nil {
		return nil, unreadable(err)
	}
	if typ, ok := token.Type(); !ok || !slices.Contains([]string{"", "jwt", "client-authentication+jwt"}, typ) {
		return nil, reject("The assertion is of another type than a JWT for client authentication. Leave typ out, or set it to JWT.", nil)
	}
	if len(agent.Keys) == 0 {
		return nil, reject(badAssertion, errors.New("the agent has no keys"))
	}
	keys, err := parseAgentKeys(agent.Keys)
	if err != nil {
		return nil, err
	}
	key, err := keys.Key(ctx, token.KeyID(), token.Algorithm())
	if err != nil {
		return nil, reject(badAssertion, err)
	}
	claims, err := token.Verify(key)
	if e, ok := errors.AsType[*jws.Error](err); ok && e.Reason == jws.Signature {
		return nil, reject(badAssertion, err)
	}
	if err != nil {
		return nil, unreadable(err)
	}
	return claims, nil
}

func parseAgentKeys(keys []domain.AgentKey) (*jwks.Set, error) {
	return jwks.ParseAll([]byte(domain.AgentKeySet(keys)), jwks.Policy{Algorithms: jws.Algorithms(), KeyIDOptional: len(keys) == 1})
}

// KeyChecker checks keys before they are registered.
type KeyChecker struct{}

// CheckAgentKeys returns what keeps a key from verifying assertions, in a
// sentence for people.
func (KeyChecker) CheckAgentKeys(keys []domain.AgentKey) error {
	if _, err := parseAgentKeys(keys); err != nil {
		return fmt.Errorf("keys cannot be used: %w", err)
	}
	return nil
}
