package dpop

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/cryptosigner"

	"authsec/sdk/go/jws"
)

// Request is what a proof is made for.
type Request struct {
	Method string // "GET"
	URL    string // absolute; query and fragment are left out of the proof
	Now    time.Time
	// AccessToken is the token that the request carries, "" for none (RFC 9449 §7).
	AccessToken string
	// Nonce is the one that the server gave last, "" for none (RFC 9449 §8, §9).
	Nonce string
}

// Signer makes the proofs of one key. Safe for concurrent use if the key is.
type Signer struct {
	signer     jose.Signer
	thumbprint string
	algorithm  string
}

// Generate returns a Signer with an ES256 key of its own, which lives in memory
// only.
func Generate() (*Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("DPoP key: %w", err)
	}
	return NewSigner(key)
}

// NewSigner returns a Signer for a key: ECDSA on P-256, P-384 or P-521, Ed25519,
// or RSA (PS256) of 2048 to 4096 bits. It may live in an HSM: only its Public and
// Sign are used.
func NewSigner(key crypto.Signer) (*Signer, error) {
	if key == nil {
		return nil, errors.New("DPoP key: want one")
	}
	algorithm := algorithmOf(key.Public())
	if !jws.Fits(key.Public(), algorithm) {
		return nil, fmt.Errorf("DPoP key: want ECDSA on P-256, P-384 or P-521, Ed25519, or RSA of %d to %d bits", jws.MinRSABits, jose.MaxRSAModulusBits)
	}
	thumbprint, err := Thumbprint(key.Public())
	if err != nil {
		return nil, err
	}
	options := (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt")
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(algorithm), Key: cryptosigner.Opaque(hashSalt{key})}, options)
	if err != nil {
		return nil, fmt.Errorf("DPoP key: %w", err)
	}
	return &Signer{signer, thumbprint, algorithm}, nil
}

// hashSalt gives RSASSA-PSS signatures a salt as long as the hash (RFC 7518 §3.5),
// where go-jose asks for the longest.
type hashSalt struct{ crypto.Signer }

func (s hashSalt) Sign(random io.Reader, digest []byte, options crypto.SignerOpts) ([]byte, error) {
	if pss, ok := options.(*rsa.PSSOptions); ok {
		options = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: pss.Hash}
	}
	return s.Signer.Sign(random, digest, options)
}

// Thumbprint returns the key's, as cnf.jkt holds it.
func (s *Signer) Thumbprint() string { return s.thumbprint }

// Algorithm returns the alg of the proofs.
func (s *Signer) Algorithm() string { return s.algorithm }

// Sign returns a proof for one request: another one, with another jti, each time.
func (s *Signer) Sign(r Request) (string, error) {
	htu, err := target(r.URL)
	if err != nil {
		return "", fmt.Errorf("DPoP proof: URL: %w", err)
	}
	claims := struct {
		ID     string `json:"jti"`
		Method string `json:"htm"`
		URL    string `json:"htu"`
		Issued int64  `json:"iat"`
		Token  string `json:"ath,omitempty"`
		Nonce  string `json:"nonce,omitempty"`
	}{ID: rand.Text(), Method: r.Method, URL: htu, Issued: r.Now.Unix(), Nonce: r.Nonce}
	if r.AccessToken != "" {
		claims.Token = AccessTokenHash(r.AccessToken)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("DPoP proof: %w", err)
	}
	signed, err := s.signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("DPoP proof: %w", err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		return "", fmt.Errorf("DPoP proof: %w", err)
	}
	return compact, nil
}

func algorithmOf(key crypto.PublicKey) string {
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256():
			return jws.ES256
		case elliptic.P384():
			return jws.ES384
		case elliptic.P521():
			return jws.ES512
		}
	case ed25519.PublicKey:
		return jws.EdDSA
	case *rsa.PublicKey:
		if key.N.BitLen() <= jose.MaxRSAModulusBits {
			return jws.PS256
		}
	}
	return ""
}
