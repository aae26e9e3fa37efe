package delegation_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"testing"
	"time"

	"authsec/internal/attest"
	"authsec/internal/delegation"
	"authsec/internal/domain"
	"authsec/internal/issuance"
	"authsec/internal/policy"
	"authsec/internal/token"

	"pgregory.net/rapid"
)

// world is the state that Explain and Issue both read.
type world struct {
	delegation.Store // an admin's Explain reads the authority alone
	authority        domain.Authority
	proof            attest.Attested
}

func (w world) Authority(_ context.Context, _, id, _ string) (domain.Authority, error) {
	a := w.authority
	if id != "" {
		a.Delegations = slices.DeleteFunc(slices.Clone(a.Delegations), func(c domain.Candidate) bool { return c.Delegation.ID != id })
	}
	return a, nil
}

func (w world) Attest(context.Context, attest.Question) (attest.Attested, error) {
	return w.proof, nil
}

// minter keeps the claims it was told to sign.
type minter struct{ claims token.Claims }

func (m *minter) Mint(_ context.Context, c token.Claims, _ time.Time) (string, error) {
	m.claims = c
	return "signed", nil
}

// silence records, counts and limits nothing.
type silence struct{}

func (silence) Record(context.Context, domain.Event, *domain.Use) error       { return nil }
func (silence) Note(domain.Event)                                             {}
func (silence) TokenIssued(string)                                            {}
func (silence) TokenRefused(string)                                           {}
func (silence) Allow(string, string, time.Time) (wait time.Duration, ok bool) { return 0, true }

// In any state of the world, what Explain says of a delegation is what a
// request for it gets, and what it says of an unnamed request is what that gets.
func TestExplainSaysWhatIssuanceDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, r, now := drawWorld(t)
		settings := policy.Settings{TrustDomain: "authsec.local", DefaultAudience: "authsec-api",
			MaxTokenTTL: rapid.SampledFrom([]time.Duration{time.Hour, 24 * time.Hour}).Draw(t, "max-token-ttl"), RequireAttestation: rapid.Bool().Draw(t, "require")}
		clock := func() time.Time { return now }
		explain := delegation.Service{Store: w, Now: clock, Random: rand.Reader, Policy: settings}
		m := &minter{}
		issue := &issuance.Service{Authority: w, Attestor: w, Minter: m, Recorder: silence{}, Refusals: silence{},
			Limiter: silence{}, Metrics: silence{}, Policy: settings, Issuer: "https://auth.example.com", Now: clock, Random: rand.Reader}
		proof, presented := policy.Proof{}, attest.Presented{}
		if rapid.Bool().Draw(t, "proof?") {
			presented.Bearer = "workload token"
			proof = policy.Proof{State: policy.ProofAccepted, Kind: w.proof.Kind}
			for _, s := range w.proof.Selectors {
				proof.Selectors = append(proof.Selectors, s.Selector)
			}
		}
		e, err := explain.Explain(t.Context(), domain.Operator("root"), r, proof)
		if err != nil {
			t.Fatal(err)
		}
		check := func(v delegation.Verdict, r policy.Request) {
			m.claims = token.Claims{}
			got, err := issue.Issue(t.Context(), issuance.Request{Request: r, Proof: presented})
			if (v.Grant != nil) != (err == nil) || (v.Grant != nil) != (v.Denial == nil) {
				t.Fatalf("explained %v, issued %v", codes(v), err)
			}
			if v.Grant == nil {
				if domain.CodeOf(err) != v.Denial.First().Code {
					t.Fatalf("explained %v, refused with %v", codes(v), err)
				}
				return
			}
			c := m.claims
			if !slices.Equal(c.Actions(), v.Grant.Actions) || !slices.Equal(c.Audience, v.Grant.Audience) || c.Attestation != v.Grant.Attestation ||
				time.Duration(c.ExpiresAt-c.IssuedAt)*time.Second != v.Grant.Lifetime || c.Subject != v.Grant.Subject || c.DelegationID != v.Grant.DelegationID ||
				got.DelegationID != c.DelegationID {
				t.Fatalf("explained %+v, minted %+v", v.Grant, c)
			}
		}
		for _, d := range e.Delegations {
			named := r
			named.DelegationID = d.Delegation.ID
			check(d.Verdict, named)
		}
		if e.Unnamed == nil {
			t.Fatal("an admin is told what an unnamed request gets")
		}
		check(*e.Unnamed, r)
	})
}

// drawWorld draws an agent with up to four delegations of two people and two
// roles, in all states, and a request for some of it.
func drawWorld(t *rapid.T) (world, policy.Request, time.Time) {
	now := time.Date(2026, 5, 21, 6, 25, 36, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 999).Draw(t, "ms")) * time.Millisecond)
	some := func(label string, of ...string) []string {
		return slices.Sorted(slices.Values(rapid.SliceOfDistinct(rapid.SampledFrom(of), rapid.ID).Draw(t, label))) // as what is stored is
	}
	selectors := []domain.Selector{{Key: "k8s:ns", Value: "production"}, {Key: "k8s:sa", Value: "agent"}}
	id := func(n int) string { return fmt.Sprintf("0190b000-0000-7000-8000-%012x", n) }
	w := world{proof: attest.Attested{Kind: rapid.SampledFrom([]string{"k8s", "secret"}).Draw(t, "kind")}}
	for _, s := range selectors[:rapid.IntRange(0, 2).Draw(t, "attested")] {
		w.proof.Selectors = append(w.proof.Selectors, attest.Selector{Selector: s, How: attest.Signed})
	}
	n := rapid.IntRange(0, 4).Draw(t, "delegations")
	agent := &domain.Agent{ClientID: nobodyID, Name: "Agent", Type: "langchain", Selectors: selectors[:rapid.IntRange(0, 2).Draw(t, "selectors")],
		Status:      rapid.SampledFrom([]domain.Status{domain.StatusActive, domain.StatusActive, domain.StatusSuspended}).Draw(t, "status"),
		Attestation: rapid.SampledFrom([]domain.Attestation{domain.AttestationRequired, domain.AttestationPermissive}).Draw(t, "attestation"), AttestationChosen: rapid.Bool().Draw(t, "chosen")}
	if k := rapid.IntRange(0, 5).Draw(t, "default"); k > 0 {
		agent.DefaultDelegationID = id(k)
	}
	w.authority.Agent = agent
	for i := range n {
		role := rapid.SampledFrom([]string{"support", "finance"}).Draw(t, "role")
		c := domain.Candidate{Delegation: domain.Delegation{ID: id(i + 1), ClientID: nobodyID, Role: role, DelegatorID: fmt.Sprint("user", i%2),
			Actions: some("delegated", read, refund, orders), Resources: some("resources", apiURI, otherURI), MaxDuration: time.Duration(rapid.IntRange(60, 90000).Draw(t, "seconds")) * time.Second,
			Status: rapid.SampledFrom([]domain.DelegationStatus{domain.DelegationActive, domain.DelegationActive, domain.DelegationDisabled, domain.DelegationRevoked}).Draw(t, "delegation")}}
		if rapid.Bool().Draw(t, "ends?") {
			c.Delegation.EndsAt = now.Add(time.Duration(rapid.IntRange(-100, 5000).Draw(t, "left")) * time.Second)
		}
		if rapid.IntRange(0, 9).Draw(t, "role?") > 0 {
			c.Role = &domain.Role{Name: role, Actions: some("of role", read, refund, orders)}
		}
		if rapid.IntRange(0, 9).Draw(t, "user?") > 0 {
			c.Delegator = &domain.User{ID: c.Delegation.DelegatorID, Level: rapid.SampledFrom([]domain.Level{domain.LevelAdmin, domain.LevelMember}).Draw(t, "level"),
				Roles: some("held", "support", "finance"), Status: rapid.SampledFrom([]domain.Status{domain.StatusActive, domain.StatusActive, domain.StatusSuspended}).Draw(t, "user")}
		}
		w.authority.Delegations = append(w.authority.Delegations, c)
	}
	r := policy.Request{ClientID: nobodyID, Role: rapid.SampledFrom([]string{"", "", "support"}).Draw(t, "asked role"),
		Actions: some("asked", read, refund, ledger), Audience: some("audience", apiURI, "authsec-api"),
		TTL: rapid.SampledFrom([]time.Duration{0, time.Minute, 2 * time.Hour}).Draw(t, "ttl")}
	return w, r, now
}
