package spiffetest

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"testing"
	"time"
)

// JWTSVID makes a JWT-SVID of the SPIFFE ID with the path, for the audience,
// good for five minutes from now on, with SPIRE's claims. Claims are added, or
// replace those; one that is nil is left out.
func (a *Authority) JWTSVID(path, audience string, now time.Time, claims map[string]any) string {
	a.t.Helper()
	k := a.signing()
	all := map[string]any{"sub": a.ID(path), "aud": []string{audience}, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
	maps.Copy(all, claims)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	return Sign(a.t, map[string]any{"alg": "ES256", "kid": k.keyID, "typ": "JWT"}, all, k.jwt)
}

// KeyID is the ID of the key that signs JWT-SVIDs now.
func (a *Authority) KeyID() string { return a.signing().keyID }

// JWTKey signs JWT-SVIDs now.
func (a *Authority) JWTKey() *ecdsa.PrivateKey { return a.signing().jwt }

// PublicPEM is that key as a PEM file holds it: what alg confusion takes for a secret.
func (a *Authority) PublicPEM() []byte {
	a.t.Helper()
	der, err := x509.MarshalPKIXPublicKey(a.signing().jwt.Public())
	if err != nil {
		a.t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// Sign makes a compact JWS (RFC 7515 §7.1) with any header. The key is an
// ECDSA key on P-256, a secret for HMAC-SHA-256, or nil for no signature.
func Sign(t testing.TB, header, claims map[string]any, key any) string {
	t.Helper()
	input := encode(t, header) + "." + encode(t, claims)
	digest := sha256.Sum256([]byte(input))
	var signature []byte
	switch k := key.(type) {
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, k, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		signature = make([]byte, 64) // RFC 7518 §3.4
		r.FillBytes(signature[:32])
		s.FillBytes(signature[32:])
	case []byte:
		mac := hmac.New(sha256.New, k)
		mac.Write([]byte(input))
		signature = mac.Sum(nil)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func encode(t testing.TB, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}
