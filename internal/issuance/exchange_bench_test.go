package issuance_test

import (
	"testing"

	"authsec/internal/domain"
	"authsec/internal/issuance"
	"authsec/internal/revocation"

	"golang.org/x/time/rate"
)

// BenchmarkExchange is the whole path of a handed-over token on SQLite: two
// snapshots, two commits and a signature.
func BenchmarkExchange(b *testing.B) {
	h := newHouse(b)
	h.Limiter = buckets(b, rate.Inf, rate.Inf)
	second := h.newAgent(b, func(*domain.Agent) {})
	h.setDelegation(b, h.lent.ID, func(d *domain.DelegationDraft) { d.Delegation.SubAgents = []string{second.ClientID} })
	first, _ := h.issue(b)
	x := issuance.Exchanger{Service: h.Service, Store: h.store, People: desk{},
		Tokens: &revocation.Introspector{Deployment: revocation.Deployment{Issuer: issuer, DefaultAudience: "authsec-api"}, Keys: newKey(), Store: h.store, Now: h.clock.Now}}
	r := asking(second.ClientID, first.Token)
	for name, parallel := range map[string]int{"few": 1, "many": 32} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(parallel)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := x.Exchange(b.Context(), r); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
