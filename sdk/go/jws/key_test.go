package jws

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"
)

// The fingerprint of CVE-2017-15361 and none that is off by one prime.
func TestKeysOfCVE2017_15361VerifyNothing(t *testing.T) {
	primes := []int64{3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
		113, 127, 131, 137, 139, 149, 151, 157, 163, 167}
	product := big.NewInt(2)
	for _, prime := range primes {
		product.Mul(product, big.NewInt(prime))
	}
	// As a chip's: a multiple of the product, of the size that is wanted, and a power.
	like := func(exponent int64) *big.Int {
		n := new(big.Int).Exp(big.NewInt(65537), big.NewInt(exponent), product)
		shift := new(big.Int).Lsh(big.NewInt(1), MinRSABits)
		return n.Add(n, shift.Mul(shift, product))
	}
	for _, exponent := range []int64{1, 2, 65537, 1 << 40} {
		n := like(exponent)
		if Fits(&rsa.PublicKey{N: n, E: 65537}, RS256) {
			t.Errorf("a key whose modulus is the power %d fits", exponent)
		}
		// Modulo these, not every number is a power of 65537.
		for _, prime := range []int64{11, 13, 17, 19, 37} {
			other := new(big.Int).Add(n, new(big.Int).Mul(big.NewInt(residue(n, product, prime)), new(big.Int).Div(product, big.NewInt(prime))))
			if !Fits(&rsa.PublicKey{N: other, E: 65537}, RS256) {
				t.Errorf("a key that is no such power modulo %d does not fit", prime)
			}
		}
	}
}

// residue returns how many times product/prime is to be added to n, for it to be no
// power of 65537 modulo prime.
func residue(n, product *big.Int, prime int64) int64 {
	powers := map[int64]bool{}
	for power := int64(1); !powers[power]; power = power * (65537 % prime) % prime {
		powers[power] = true
	}
	step := new(big.Int).Div(product, big.NewInt(prime))
	for times := range prime {
		sum := new(big.Int).Add(n, new(big.Int).Mul(big.NewInt(times), step))
		if !powers[sum.Mod(sum, big.NewInt(prime)).Int64()] {
			return times
		}
	}
	return 0
}

// RFC 7518 §3.5: the salt is as long as the hash, and of no other length.
func TestRFC7518_3_5_Salt(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, MinRSABits)
	if err != nil {
		t.Fatal(err)
	}
	signed := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"PS256"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"a"}`))
	digest := sha256.Sum256([]byte(signed))
	for salt, want := range map[int]Reason{sha256.Size: "", sha256.Size - 1: Signature, sha256.Size + 1: Signature, 1: Signature, 64: Signature} {
		signature, err := rsa.SignPSS(rand.Reader, key, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: salt})
		if err != nil {
			t.Fatal(err)
		}
		token, err := Parse(strings.Join([]string{signed, base64.RawURLEncoding.EncodeToString(signature)}, "."), PS256)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := token.Verify(&key.PublicKey); reason(err) != want {
			t.Errorf("a salt of %d bytes: %v", salt, err)
		}
	}
}
