package jws

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"strings"
)

// MinRSABits is the size of the smallest RSA key that verifies anything (RFC 7518 §3.3).
const MinRSABits = 2048

// Fits reports whether a public key is of the kind that an algorithm needs: an
// RSA key of at least [MinRSABits] that was not made by the chips of
// CVE-2017-15361, an EC key on the algorithm's own curve (RFC 7518 §3.4), an
// Ed25519 key (RFC 8037 §3.1).
func Fits(key crypto.PublicKey, algorithm string) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return (strings.HasPrefix(algorithm, "RS") || strings.HasPrefix(algorithm, "PS")) && key != nil && key.N.BitLen() >= MinRSABits && !isROCA(key.N)
	case *ecdsa.PublicKey:
		return key != nil && curve(algorithm) != nil && key.Curve == curve(algorithm)
	case ed25519.PublicKey:
		return algorithm == EdDSA && len(key) == ed25519.PublicKeySize
	}
	return false
}

// saltFits reports whether the salt of an RSASSA-PSS signature is as long as the
// hash (RFC 7518 §3.5): go-jose takes one of any length.
func (t *Token) saltFits(key crypto.PublicKey) bool {
	hash, ok := map[string]crypto.Hash{PS256: crypto.SHA256, PS384: crypto.SHA384, PS512: crypto.SHA512}[t.algorithm]
	if !ok {
		return true
	}
	end := strings.LastIndexByte(t.raw, '.')
	signature, err := strictBase64.DecodeString(t.raw[end+1:])
	public, isRSA := key.(*rsa.PublicKey)
	if err != nil || !isRSA {
		return false
	}
	digest := hash.New()
	digest.Write([]byte(t.raw[:end]))
	return rsa.VerifyPSS(public, hash, digest.Sum(nil), signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
}

func curve(algorithm string) elliptic.Curve {
	switch algorithm {
	case ES256:
		return elliptic.P256()
	case ES384:
		return elliptic.P384()
	case ES512:
		return elliptic.P521()
	}
	return nil
}
