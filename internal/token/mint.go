package token

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"authsec/internal/domain"

	"github.com/go-jose/go-jose/v4"
)

// The typ of what we sign. One kind never passes for another (RFC 8725 §3.11).
const (
	TypAccessToken = "at+jwt"                 // RFC 9068 §2.1
	TypCheckpoint  = "authsec-checkpoint+jws" // a statement of the audit chain's head
	TypStatusList  = "statuslist+jwt"         // draft-ietf-oauth-status-list §5.1
	TypRecall      = "authsec-recall+jwt"     // what counts no more
	TypHeartbeat   = "authsec-heartbeat+jwt"  // a stream of recalls is alive, and how far it came
)

// algorithm is the only one, whatever a token says (RFC 8725 §3.1).
const algorithm = jose.RS256

// SigningKey is an RSA key that signs, wherever its private half is: in memory,
// a PKCS#11 token or a cloud's key service.
type SigningKey interface {
	// KeyID returns the kid under which the public half is published.
	KeyID() string
	// Sign returns the RS256 signature of a JWS signing input (RFC 7518 §3.3).
	Sign(ctx context.Context, input []byte) ([]byte, error)
}

// Signer chooses the key that signs at an instant. Unavailable: none may.
type Signer interface {
	Current(now time.Time) (SigningKey, error)
}

// Minter makes tokens. It is safe for concurrent use.
type Minter struct {
	Issuer string // the server's public URL
	Signer Signer
}

// Mint signs c as an access token of our issuer. c is wholly given, but for
// iss. Invalid: the token would be longer than MaxBytes. Unavailable: no key
// may sign now. Anything missing from c is our own fault: Internal.
func (m *Minter) Mint(ctx context.Context, c Claims, now time.Time) (string, error) {
	c.Issuer = m.Issuer
	if err := c.checkMint(); err != nil {
		return "", fmt.Errorf("mint a token: %w", err)
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("mint a token: %w", err)
	}
	// Known too long before a signature is spent on it; exactly so after.
	if len(payload) > MaxBytes {
		return "", errTooLong()
	}
	compact, err := m.sign(ctx, TypAccessToken, payload, now)
	if err != nil {
		return "", fmt.Errorf("mint a token: %w", err)
	}
	if len(compact) > MaxBytes {
		return "", errTooLong()
	}
	return compact, nil
}

func errTooLong() error {
	return domain.Errorf(domain.Invalid, "invalid_request", "The token would be longer than %d bytes. Ask for fewer actions or audiences.", MaxBytes)
}

// Preview returns the header and the claims that Mint would sign now, and signs
// nothing. c need not be complete.
func (m *Minter) Preview(c Claims, now time.Time) (header, claims map[string]any, err error) {
	key, err := m.Signer.Current(now)
	if err != nil {
		return nil, nil, fmt.Errorf("preview a token: %w", err)
	}
	c.Issuer = m.Issuer
	payload, err := json.Marshal(c)
	if err != nil {
		return nil, nil, fmt.Errorf("preview a token: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(payload))
	dec.UseNumber() // exp must not turn into 1.78e+09
	if err := dec.Decode(&claims); err != nil {
		return nil, nil, fmt.Errorf("preview a token: %w", err)
	}
	return map[string]any{"alg": string(algorithm), "typ": TypAccessToken, "kid": key.KeyID()}, claims, nil
}

// SignPayload signs a payload that is not an access token. typ must be one of
// this package's other types.
func (m *Minter) SignPayload(ctx context.Context, typ string, payload []byte, now time.Time) (string, error) {
	if !payloadType(typ) {
		return "", fmt.Errorf("sign a payload: typ %q is not one we sign", typ)
	}
	compact, err := m.sign(ctx, typ, payload, now)
	if err != nil {
		return "", fmt.Errorf("sign a payload: %w", err)
	}
	return compact, nil
}

// payloadType is a list of what may be signed, not of what may not: a new kind
// of signature is added here, knowingly.
func payloadType(typ string) bool {
	switch typ {
	case TypCheckpoint, TypStatusList, TypRecall, TypHeartbeat:
		return true
	}
	return false
}

func (m *Minter) sign(ctx context.Context, typ string, payload []byte, now time.Time) (string, error) {
	key, err := m.Signer.Current(now)
	if err != nil {
		return "", err
	}
	// A jose.Signer of its own for each signature carries the caller's context to
	// a remote key, and nothing is left to invalidate at a rotation. It costs a
	// few hundred nanoseconds beside a signature's hundreds of microseconds.
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: algorithm, Key: opaque{ctx, key}},
		(&jose.SignerOptions{}).WithType(jose.ContentType(typ)).WithHeader("kid", key.KeyID()),
	)
	if err != nil {
		return "", fmt.Errorf("signing key %s: %w", key.KeyID(), err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("signing key %s: %w", key.KeyID(), err)
	}
	return jws.CompactSerialize()
}

// opaque is a SigningKey as go-jose wants it, for one signature.
type opaque struct {
	ctx context.Context //nolint:containedctx // go-jose's interface has no room for it
	key SigningKey
}

// Public implements jose.OpaqueSigner; nil keeps every key out of the header.
func (opaque) Public() *jose.JSONWebKey { return nil }

// Algs implements jose.OpaqueSigner.
func (opaque) Algs() []jose.SignatureAlgorithm { return []jose.SignatureAlgorithm{algorithm} }

// SignPayload implements jose.OpaqueSigner.
func (o opaque) SignPayload(input []byte, _ jose.SignatureAlgorithm) ([]byte, error) {
	return o.key.Sign(o.ctx, input)
}
