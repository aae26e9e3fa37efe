package token

import (
	"testing"
)

// A minted token must cost less than 1.15 times BenchmarkBareRSASignature.
func BenchmarkMint(b *testing.B) {
	m, _ := testMinter(b)
	c := fullClaims()
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Mint(ctx, c, now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBareRSASignature(b *testing.B) {
	key := testKey(b, "vector-a")
	input := make([]byte, 1024)
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := key.Sign(ctx, input); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	m, keys := testMinter(b)
	compact := mustMint(b, m, fullClaims())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(compact, keys, expectation()); err != nil {
			b.Fatal(err)
		}
	}
}
