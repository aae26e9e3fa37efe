package issuance_test

import (
	"crypto/x509"
	"encoding/json"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"authsec/internal/attest"
	"authsec/internal/attest/spiffetest"
	"authsec/internal/domain"
	"authsec/internal/issuance"
)

const svidAudience = "https://auth.example.com"

// spire is a trust domain whose Workload API gives the house its bundle.
type spire struct {
	*spiffetest.Authority
	api *spiffetest.WorkloadAPI
}

// spireHouse is a house that trusts a SPIFFE trust domain. go-spiffe judges
// JWT-SVIDs by the true time too, so the house lives now, and its tokens, made
// minutes ahead where a test moves the clock, have no iat.
func spireHouse(t testing.TB, trustDomain string) (*house, spire, domain.WorkloadSource) {
	t.Helper()
	h := newHouse(t)
	h.clock.Set(time.Now())
	a := spiffetest.NewAuthority(t, trustDomain)
	s := spire{a, spiffetest.ServeWorkloadAPI(t, a.Bundle())}
	return h, s, h.trustingSPIFFE(t, domain.SPIFFESource{TrustDomain: trustDomain, Audience: svidAudience, WorkloadAPI: s.api.Address()})
}

func (h *house) trustingSPIFFE(t testing.TB, settings domain.SPIFFESource) domain.WorkloadSource {
	t.Helper()
	if chain := h.Attestor.(attest.Chain); len(chain) < 2 || !isSources(chain[1]) {
		log := slog.New(slog.DiscardHandler)
		sources := &attest.Sources{Reader: h.store, Log: log, Build: attest.Environment{TrustDomain: "authsec.local", Now: h.clock.Now, Log: log}.Build}
		t.Cleanup(func() { must(t, sources.Close()) })
		h.Attestor = attest.Chain{attest.ClientSecret{}, sources}
	}
	src := domain.WorkloadSource{ID: newID(t), Name: "SPIRE of " + settings.TrustDomain, Kind: domain.SourceSPIFFE, Enabled: true,
		Settings: domain.SourceSettings{SPIFFE: &settings}, CreatedAt: h.clock.Now(), UpdatedAt: h.clock.Now()}
	must(t, h.store.CreateWorkloadSource(t.Context(), src, h.event("workload_source.create")))
	return src
}

func isSources(a attest.Attestor) bool { _, ok := a.(*attest.Sources); return ok }

func (s spire) jwt(h *house, path string, claims map[string]any) issuance.Presented {
	all := map[string]any{"iat": nil}
	maps.Copy(all, claims)
	return issuance.Presented{Bearer: domain.Secret(s.JWTSVID(path, svidAudience, h.clock.Now(), all))}
}

// x509 is an SVID that outlives the clock's moves.
func (s spire) x509(l spiffetest.Leaf) issuance.Presented {
	return issuance.Presented{Certificates: []*x509.Certificate{s.X509SVID(l).Leaf}}
}

// workload is an agent that runs as one of two workloads.
func (h *house) workload(t testing.TB, ids ...string) domain.Agent {
	t.Helper()
	a := h.newAgent(t, func(a *domain.Agent) {
		a.Platform, a.Selectors = domain.PlatformSPIFFE, []domain.Selector{{Key: "spiffe:id", Value: strings.Join(ids, " ")}}
	})
	h.lend(t, h.ana, a, func(*domain.Delegation) {})
	return a
}

// proofOf is what an event says of the proof: its source, and the selectors with how each is known.
func proofOf(t *testing.T, list []domain.StoredEvent) (kind, source string, selectors []string) {
	t.Helper()
	if len(list) != 1 {
		t.Fatalf("%d events", len(list))
	}
	var details struct {
		Proof struct {
			Kind      string
			SourceID  string `json:"source_id"`
			Selectors []struct{ Key, Value, How string }
		}
	}
	must(t, json.Unmarshal(list[0].Details, &details))
	for _, s := range details.Proof.Selectors {
		selectors = append(selectors, s.Key+"="+s.Value+" "+s.How)
	}
	return details.Proof.Kind, details.Proof.SourceID, selectors
}

func TestSPIFFE(t *testing.T) {
	h, s, source := spireHouse(t, "example.org")
	const path, standby = "/ns/production/sa/support", "/ns/standby/sa/support"
	agent := h.workload(t, s.ID(path), s.ID(standby))
	elsewhere, stranger := spiffetest.NewAuthority(t, "elsewhere.example"), spire{Authority: spiffetest.NewAuthority(t, "example.org")}
	at := func(d time.Duration) int64 { return h.clock.Now().Add(d).Unix() }
	hour := func(l spiffetest.Leaf) issuance.Presented { return s.x509(l) }

	// Satisfied, by either kind of SVID, as either workload.
	for name, p := range map[string]issuance.Presented{"JWT " + path: s.jwt(h, path, nil), "X.509 " + path: hour(spiffetest.Leaf{Path: path}),
		"JWT " + standby: s.jwt(h, standby, nil), "X.509 " + standby: hour(spiffetest.Leaf{Path: standby})} {
		list := h.events(t, func() {
			if _, c := h.issue(t, of(agent), proving(p)); c.Attestation != "spiffe" || c.ClientID != agent.ClientID {
				t.Errorf("%s: %+v", name, c)
			}
		})
		_, id, _ := strings.Cut(name, " ")
		if kind, from, selectors := proofOf(t, list); kind != "spiffe" || from != source.ID || len(selectors) != 1 || selectors[0] != "spiffe:id="+s.ID(id)+" signed" {
			t.Errorf("%s: %s %s %v", name, kind, from, selectors)
		}
	}

	// One selector off, or not provable: the workload is known, so it is on the chain.
	pod := h.agent // on kubernetes
	for name, tt := range map[string]struct {
		agent         domain.Agent
		path          string
		missing, says string
	}{
		"another workload":          {agent, "/ns/production/sa/other", "spiffe:id", "otherwise"},
		"a longer name":             {agent, path + "-2", "spiffe:id", ""},
		"below it":                  {agent, path + "/x", "spiffe:id", ""},
		"a selector not provable":   {pod, path, "k8s:ns, k8s:sa", "proves only its SPIFFE ID"},
		"an agent's ID from abroad": {pod, "/agent/" + pod.ClientID, "k8s:ns, k8s:sa", "another trust domain"},
	} {
		t.Run(name, func(t *testing.T) {
			for kind, p := range map[string]issuance.Presented{"JWT": s.jwt(h, tt.path, nil), "X.509": hour(spiffetest.Leaf{Path: tt.path})} {
				list := h.events(t, func() {
					e := h.refused(t, domain.Forbidden, "selectors_not_satisfied", of(tt.agent), proving(p))
					if !strings.Contains(e.Public, tt.missing) || strings.Contains(e.Public, "spiffe://") || (tt.says != "otherwise" && !strings.Contains(e.Public, tt.says)) {
						t.Errorf("%s: %s", kind, e.Public)
					}
				})
				if list[0].Outcome != domain.OutcomeRefused || list[0].Reasons[0].Code != "selectors_not_satisfied" {
					t.Errorf("%s: %+v", kind, list[0])
				}
				if _, from, selectors := proofOf(t, list); from != source.ID || len(selectors) != 1 || selectors[0] != "spiffe:id="+s.ID(tt.path)+" signed" {
					t.Errorf("%s: it attested %v of %s", kind, selectors, from)
				}
			}
		})
	}

	// Bad proofs are only counted, and say what to do.
	claims := map[string]any{"sub": s.ID(path), "aud": svidAudience, "exp": at(time.Hour)}
	signed := func(header map[string]any, key any) issuance.Presented {
		return issuance.Presented{Bearer: domain.Secret(spiffetest.Sign(t, header, claims, key))}
	}
	for name, tt := range map[string]struct {
		proof func() issuance.Presented // made when it is presented
		says  string
	}{
		"expired":        {func() issuance.Presented { return s.jwt(h, path, map[string]any{"exp": at(-31 * time.Second)}) }, "expired"},
		"not yet valid":  {func() issuance.Presented { return s.jwt(h, path, map[string]any{"nbf": at(32 * time.Second)}) }, "not valid yet"},
		"for too long":   {func() issuance.Presented { return s.jwt(h, path, map[string]any{"exp": at(2 * time.Hour)}) }, "longer"},
		"wrong audience": {func() issuance.Presented { return s.jwt(h, path, map[string]any{"aud": "authsec-api"}) }, "this server alone"},
		"made for another server": {func() issuance.Presented {
			return s.jwt(h, path, map[string]any{"aud": "https://auth.elsewhere.example"})
		}, "this server alone"},
		"for another server too": {func() issuance.Presented {
			return s.jwt(h, path, map[string]any{"aud": []string{svidAudience, "https://auth.elsewhere.example"}})
		}, "this server alone"},
		"another trust domain": {func() issuance.Presented { return spire{Authority: elsewhere}.jwt(h, path, nil) }, "No workload source"},
		"wrong key":            {func() issuance.Presented { return stranger.jwt(h, path, nil) }, "does not verify"},
		"alg none":             {func() issuance.Presented { return signed(map[string]any{"alg": "none"}, nil) }, "algorithm"},
		"HS256 by the public key": {func() issuance.Presented {
			return signed(map[string]any{"alg": "HS256", "kid": s.KeyID()}, s.PublicPEM())
		}, "algorithm"},
		"RS256 by an ES256 key": {func() issuance.Presented { return signed(map[string]any{"alg": "RS256", "kid": s.KeyID()}, s.JWTKey()) }, "does not verify"},
		"certificate, expired": {func() issuance.Presented {
			return s.x509(spiffetest.Leaf{Path: path, NotAfter: h.clock.Now().Add(-time.Second)})
		}, "expired"},
		"certificate, too early": {func() issuance.Presented {
			return s.x509(spiffetest.Leaf{Path: path, NotBefore: h.clock.Now().Add(time.Minute), NotAfter: h.clock.Now().Add(time.Hour)})
		}, "not valid yet"},
		"certificate, wrong key":   {func() issuance.Presented { return stranger.x509(spiffetest.Leaf{Path: path}) }, "does not verify"},
		"certificate, from abroad": {func() issuance.Presented { return spire{Authority: elsewhere}.x509(spiffetest.Leaf{Path: path}) }, "No workload source"},
		"certificate of no SVID": {func() issuance.Presented {
			return s.x509(spiffetest.Leaf{Path: path, Change: func(c *x509.Certificate) { c.URIs = nil }})
		}, "No workload source"},
		"a good certificate beside a bad token": {func() issuance.Presented {
			p := s.jwt(h, path, map[string]any{"aud": "authsec-api"})
			p.Certificates = s.x509(spiffetest.Leaf{Path: path}).Certificates
			return p
		}, "this server alone"},
	} {
		t.Run(name, func(t *testing.T) {
			list := h.counted(t, func() {
				if e := h.refused(t, domain.Unauthenticated, "invalid_workload_proof", of(agent), proving(tt.proof())); !strings.Contains(e.Public, tt.says) {
					t.Errorf("%q does not say %q", e.Public, tt.says)
				}
			})
			if len(list) != 1 || list[0].Reasons[0].Code != "invalid_workload_proof" || list[0].ClientID != agent.ClientID {
				t.Errorf("counted: %+v", list)
			}
		})
	}
	h.counted(t, func() {
		h.refused(t, domain.Unauthenticated, "workload_proof_required", of(agent), proving(issuance.Presented{}))
	})

	// Disabled: what was verified a moment ago counts no more.
	good := s.jwt(h, path, nil)
	h.issue(t, of(agent), proving(good))
	h.enable(t, source, false)
	h.counted(t, func() { h.refused(t, domain.Unauthenticated, "invalid_workload_proof", of(agent), proving(good)) })
	h.enable(t, source, true)
	h.issue(t, of(agent), proving(s.jwt(h, path, nil)))
}

// An agent's own SVID, which SPIRE gives for the agent's selectors, satisfies
// them all, on whichever platform the agent runs: its node agent checked them.
func TestAnAgentsOwnSVIDSatisfiesIt(t *testing.T) {
	h, s, source := spireHouse(t, "authsec.local")
	other := h.newAgent(t, func(*domain.Agent) {})
	h.lend(t, h.ana, other, func(*domain.Delegation) {})
	secret := h.newAgent(t, func(a *domain.Agent) { a.Platform, a.Selectors = domain.PlatformOther, nil })
	own := func(a domain.Agent) map[string]issuance.Presented {
		return map[string]issuance.Presented{"JWT": s.jwt(h, "/agent/"+a.ClientID, nil), "X.509": s.x509(spiffetest.Leaf{Path: "/agent/" + a.ClientID})}
	}
	for kind, p := range own(h.agent) {
		list := h.events(t, func() {
			if _, c := h.issue(t, proving(p)); c.Attestation != "spiffe" {
				t.Errorf("%s: %+v", kind, c)
			}
		})
		_, from, selectors := proofOf(t, list)
		want := "spiffe:id=" + s.ID("/agent/"+h.agent.ClientID) + " signed; k8s:ns=production node; k8s:sa=support node"
		if from != source.ID || strings.Join(selectors, "; ") != want {
			t.Errorf("%s: %v", kind, selectors)
		}
	}
	for kind, p := range own(other) {
		if e := h.refused(t, domain.Forbidden, "selectors_not_satisfied", proving(p)); !strings.Contains(e.Public, "k8s:ns, k8s:sa") || !strings.Contains(e.Public, "spire-entry") {
			t.Errorf("another agent's %s: %s", kind, e.Public)
		}
	}
	for kind, p := range own(secret) {
		if e := h.refused(t, domain.Unauthenticated, "invalid_workload_proof", of(secret), proving(p)); !strings.Contains(e.Public, "secret") {
			t.Errorf("%s, of an agent without selectors: %s", kind, e.Public)
		}
	}
}

// The trust domain's keys rotate without a restart; what the old ones signed is
// refused as soon as they are withdrawn and a proof is no longer remembered.
func TestSPIFFEKeysRotate(t *testing.T) {
	h, s, _ := spireHouse(t, "example.org")
	const path = "/support"
	agent := h.workload(t, s.ID(path))
	soon := func(what string, p issuance.Presented, want bool) {
		t.Helper()
		limit := time.After(20 * time.Second)
		for {
			h.clock.Advance(61 * time.Second) // nothing is remembered for longer than a minute
			if _, err := h.Issue(t.Context(), h.request(of(agent), proving(p))); (err == nil) == want {
				return
			}
			select {
			case <-limit:
				t.Fatal("in vain: " + what)
			default:
			}
		}
	}
	lasting := spiffetest.Leaf{Path: path, NotAfter: h.clock.Now().Add(300 * 24 * time.Hour)}
	old := s.x509(lasting)
	h.issue(t, of(agent), proving(old))
	s.Rotate()
	s.api.SetBundles(s.Bundle())
	fresh := s.x509(lasting)
	soon("the new keys are known", fresh, true)
	h.issue(t, of(agent), proving(old))
	s.Retire()
	s.api.SetBundles(s.Bundle())
	soon("the old keys are refused", old, false)
	h.refused(t, domain.Unauthenticated, "invalid_workload_proof", of(agent), proving(old))
	h.issue(t, of(agent), proving(fresh))
}

// A trust domain whose bundle cannot be had is neither a pass nor a refusal.
func TestSPIFFESourceDown(t *testing.T) {
	h := newHouse(t)
	h.clock.Set(time.Now())
	s := spire{Authority: spiffetest.NewAuthority(t, "example.org")}
	agent := h.workload(t, s.ID("/support"))
	file := filepath.Join(t.TempDir(), "bundle.json")
	h.trustingSPIFFE(t, domain.SPIFFESource{TrustDomain: "example.org", Audience: svidAudience, BundleFile: file}) // the file is not there yet
	for _, p := range []issuance.Presented{s.jwt(h, "/support", nil), s.x509(spiffetest.Leaf{Path: "/support"})} {
		if list := h.events(t, func() {
			if e := h.refused(t, domain.Unavailable, "temporarily_unavailable", of(agent), proving(p)); e.RetryAfter <= 0 {
				t.Error("nobody says when to come back")
			}
		}); len(list) != 0 {
			t.Errorf("events: %+v", list)
		}
	}
	must(t, os.WriteFile(file, s.Document(), 0o600))
	h.clock.Advance(10 * time.Second)
	h.issue(t, of(agent), proving(s.jwt(h, "/support", nil)))
	h.issue(t, of(agent), proving(s.x509(spiffetest.Leaf{Path: "/support"})))
}
