package policy_test

import (
	"fmt"
	"testing"

	"authsec/internal/policy"
)

// BenchmarkDecide: the hot path's decision. The aim is 5 µs and few allocations.
func BenchmarkDecide(b *testing.B) {
	cases := map[string]func(*scene){
		"unnamed": func(*scene) {},
		"asked": func(s *scene) {
			s.first().Resources = []string{"https://a.example.com", apiURI}
			s.request = policy.Request{ClientID: clientID, DelegationID: delegationID(1), Role: "support",
				Actions: []string{readID, refundID}, Audience: []string{apiURI}, TTL: 600e9}
		},
		"fifty delegations": func(s *scene) {
			for n := range 49 {
				s.all = append(s.all, candidate(n+2, bob()))
			}
		},
		"denied": func(s *scene) { s.all[0].Delegator.Roles = nil },
		"five hundred actions": func(s *scene) {
			actions := make([]string, 500)
			for i := range actions {
				actions[i] = fmt.Sprintf("resource-%03d:read", i)
			}
			s.first().Actions, s.all[0].Role.Actions, s.request.Actions = actions, actions, actions
		},
	}
	for name, change := range cases {
		b.Run(name, func(b *testing.B) {
			s := granted()
			change(s)
			b.ReportAllocs()
			for b.Loop() {
				if _, d := s.decide(); (d != nil) != (name == "denied") {
					b.Fatal(codes(d))
				}
			}
		})
	}
}
