package verify

import "testing"

// BenchmarkVerify is the cost of a request once the keys are at hand.
func BenchmarkVerify(b *testing.B) {
	v := loadVectors(b)
	verifier := v.verifier(b)
	for _, name := range []string{"valid_minimal", "valid_full", "exp_long_ago", "signature_bit_flipped", "alg_none_unsigned", "form_too_long"} {
		token := v.token(b, name)
		_, want := verifier.Verify(b.Context(), token)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := verifier.Verify(b.Context(), token); Code(err) != Code(want) {
					b.Fatal(err)
				}
			}
		})
	}
}
