package jws

import "math/big"

// isROCA reports whether an RSA modulus has the fingerprint of CVE-2017-15361: made
// by a chip whose primes, and so their product, are powers of 65537 modulo each small
// prime. Such a key can be factored (Nemec et al., "The Return of Coppersmith's
// Attack", CCS 2017). TPMs and smartcards made them, where keys of proofs live.
// Of other moduli about one in 2^27 has the fingerprint.
func isROCA(n *big.Int) bool {
	var remainder big.Int
	for _, prime := range []int64{3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
		113, 127, 131, 137, 139, 149, 151, 157, 163, 167} {
		want := remainder.Mod(n, big.NewInt(prime)).Int64()
		power := 65537 % prime
		for power != want && power != 1 {
			power = power * 65537 % prime
		}
		if power != want {
			return false
		}
	}
	return true
}
