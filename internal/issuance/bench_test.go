package issuance_test

import (
	"fmt"
	"testing"

	"authsec/internal/attest"
	"authsec/internal/issuance"
	"authsec/internal/token"

	"golang.org/x/time/rate"
)

// BenchmarkIssue is the whole path on SQLite: read, attest, decide, sign, and
// commit the event. In parallel one commit serves many.
func BenchmarkIssue(b *testing.B) {
	h := newHouse(b)
	h.Limiter = buckets(b, rate.Inf, rate.Inf)
	h.Attestor = attest.Chain{attest.ClientSecret{}, pods{clock: h.clock}}
	h.Minter = &token.Minter{Issuer: issuer, Signer: newKey()}
	r := h.request()
	b.Run("serial", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := h.Issue(b.Context(), r); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := h.Issue(b.Context(), r); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

func BenchmarkAllow(b *testing.B) {
	limiter, err := issuance.NewTokenBuckets(issuance.DefaultRates())
	must(b, err)
	b.ReportAllocs()
	for name, address := range map[string]string{"ipv4": "192.0.2.1", "ipv6": "2001:db8:1:2::1"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				limiter.Allow(victim, address, start)
			}
		})
	}
	b.Run("strangers", func(b *testing.B) {
		clients := make([]string, 1<<16)
		for i := range clients {
			clients[i] = fmt.Sprintf("0190a000-0000-7000-8000-%012x", i)
		}
		b.ReportAllocs()
		b.ResetTimer()
		for i := range b.N {
			limiter.Allow(clients[i%len(clients)], fmt.Sprintf("10.%d.%d.1", i>>8&255, i&255), start)
		}
	})
}
