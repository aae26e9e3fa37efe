package issuance_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"authsec/internal/attest"
	"authsec/internal/domain"
	"authsec/internal/issuance"

	"golang.org/x/time/rate"
)

// examined is a source that says what a test makes it say.
type examined struct {
	got attest.Attested
	err error
}

func (e examined) Examine(context.Context, domain.WorkloadSource, attest.Presented, time.Time) (attest.Attested, error) {
	return e.got, e.err
}

// manyAgents lists agents that no database holds.
type manyAgents struct {
	n    int
	each domain.Agent
	read int
}

func (m *manyAgents) Agents(_ context.Context, f domain.AgentFilter, p domain.Page) (domain.List[domain.Agent], error) {
	if f.Platform != m.each.Platform {
		return domain.List[domain.Agent]{}, nil
	}
	var out domain.List[domain.Agent]
	for range min(p.Limit, m.n-m.read) {
		out.Items = append(out.Items, m.each)
	}
	if m.read += len(out.Items); m.read < m.n {
		out.Next = domain.Cursor(fmt.Sprint(m.read))
	}
	return out, nil
}

const workloadToken = "eyJhbGciOiJub25lIn0.c2VjcmV0LXBhcnQ.c2lnbmF0dXJl"

func clusterSource() domain.WorkloadSource {
	return domain.WorkloadSource{ID: nobodyID, Name: "Cluster", Kind: domain.SourceKubernetes, Settings: domain.SourceSettings{Kubernetes: &domain.KubernetesSource{}}}
}

func (h *house) examiner(t *testing.T, s issuance.SourceExaminer) *issuance.Examiner {
	return &issuance.Examiner{Sources: s, Agents: h.store, Recorder: h.Recorder, Limiter: buckets(t, rate.Inf, rate.Inf), TrustDomain: "example.org", Now: h.clock.Now}
}

func admin() domain.Caller {
	return domain.Caller{UserID: nobodyID, Level: domain.LevelAdmin, Via: domain.ViaSession, IP: "192.0.2.1"}
}

func attestedSelectors(list []domain.Selector) []attest.Selector {
	var out []attest.Selector
	for _, s := range list {
		out = append(out, attest.Selector{Selector: s, How: attest.Signed})
	}
	return out
}

// What comes of a test is one event, which never holds the proof, whatever the
// verifier's error says.
func TestExamine(t *testing.T) {
	h := newHouse(t)
	all := attestedSelectors(h.agent.Selectors)
	for _, tt := range []struct {
		what    string
		source  examined
		verdict issuance.Verdict
		agents  int
		cause   string
	}{
		{"all selectors", examined{got: attest.Attested{Kind: "k8s", Selectors: all, Missing: map[string]string{"k8s:pod-label:": "Configure the API."}}}, "accepted", 1, ""},
		{"one too few", examined{got: attest.Attested{Kind: "k8s", Selectors: all[1:]}}, "accepted", 0, ""},
		{"none at all", examined{got: attest.Attested{Kind: "k8s"}}, "accepted", 0, ""},
		{"its own SVID", examined{got: attest.Attested{Kind: "spiffe", ClientID: h.agent.ClientID}}, "accepted", 1, ""},
		{"another's SVID", examined{got: attest.Attested{Kind: "spiffe", ClientID: nobodyID}}, "accepted", 0, ""},
		{"rejected", examined{err: &attest.Rejection{Problem: "It has expired.", Err: errors.New("exp of " + workloadToken)}}, "rejected", 0, "exp of [redacted].[redacted].[redacted]"},
		{"another's", examined{err: fmt.Errorf("issuer: %w", attest.ErrNotMine)}, "other_source", 0, ""},
		{"away", examined{err: errors.New("dial tcp: " + strings.Repeat("refused ", 100))}, "unavailable", 0, "dial tcp: refused"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			list := h.events(t, func() {
				got, err := h.examiner(t, tt.source).Examine(t.Context(), admin(), clusterSource(), workloadToken)
				if err != nil || got.Verdict != tt.verdict || len(got.Satisfied) != tt.agents || got.More || (got.Problem == "") != (tt.verdict == "accepted") ||
					!strings.HasPrefix(got.Cause, tt.cause) || (tt.cause == "") != (got.Cause == "") || len(got.Cause) > 400 {
					t.Errorf("%+v, %v", got, err)
				}
				if hints := got.Hints(); len(hints) != len(tt.source.got.Missing) || (len(hints) > 0 && hints[0].Keys[0] != "k8s:pod-label:") {
					t.Errorf("hints %+v", hints)
				}
			})
			if len(list) != 1 || list[0].Action != "workload_source.test" || list[0].Target.ID != nobodyID || list[0].Actor.ID != nobodyID ||
				(list[0].Outcome == domain.OutcomeSuccess) != (tt.verdict == "accepted") || !strings.Contains(string(list[0].Details), string(tt.verdict)) {
				t.Fatalf("%+v", list)
			}
			for part := range strings.SplitSeq(workloadToken, ".") {
				if strings.Contains(string(list[0].Body), part) {
					t.Errorf("the event holds the proof: %s", list[0].Body)
				}
			}
		})
	}
}

// An agent on the platform "other" has no selectors: no workload's proof is its own.
func TestExamineSatisfiesNobodyWithoutSelectors(t *testing.T) {
	h := newHouse(t)
	e := h.examiner(t, examined{got: attest.Attested{Kind: "k8s"}})
	e.Agents = &manyAgents{n: 1, each: domain.Agent{Platform: domain.PlatformKubernetes}}
	if got, err := e.Examine(t.Context(), admin(), clusterSource(), workloadToken); err != nil || len(got.Satisfied) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestExamineIsBounded(t *testing.T) {
	h := newHouse(t)
	for _, tt := range []struct {
		what      string
		agents    *manyAgents
		satisfied int
		more      bool
		read      int
	}{
		{"as many as are named", &manyAgents{n: 50, each: h.agent}, 50, false, 50},
		{"one more", &manyAgents{n: 51, each: h.agent}, 50, true, 51},
		{"none among very many", &manyAgents{n: 9000, each: domain.Agent{Platform: h.agent.Platform, Selectors: []domain.Selector{{Key: "k8s:ns", Value: "x"}}}}, 0, true, 2000},
	} {
		e := h.examiner(t, examined{got: attest.Attested{Kind: "k8s", Selectors: attestedSelectors(h.agent.Selectors)}})
		e.Agents = tt.agents
		got, err := e.Examine(t.Context(), admin(), clusterSource(), workloadToken)
		if err != nil || len(got.Satisfied) != tt.satisfied || got.More != tt.more || tt.agents.read != tt.read {
			t.Errorf("%s: %d named, more %v, %d read, %v", tt.what, len(got.Satisfied), got.More, tt.agents.read, err)
		}
	}
}

// What is refused is refused before the source is asked, and is no event.
func TestExamineRefuses(t *testing.T) {
	h := newHouse(t)
	unasked := examined{err: errors.New("was asked")}
	limited := h.examiner(t, unasked)
	limited.Limiter = buckets(t, 0.5, 0.5)
	if got, err := limited.Examine(t.Context(), admin(), clusterSource(), workloadToken); err != nil || got.Verdict != "unavailable" {
		t.Errorf("the first: %+v, %v", got, err)
	}
	list := h.events(t, func() {
		for what, tt := range map[string]struct {
			e      *issuance.Examiner
			caller domain.Caller
			token  domain.Secret
			kind   domain.Kind
		}{
			"a member":     {h.examiner(t, unasked), domain.Caller{Level: domain.LevelMember}, workloadToken, domain.Forbidden},
			"an auditor":   {h.examiner(t, unasked), domain.Caller{Level: domain.LevelAuditor}, workloadToken, domain.Forbidden},
			"no token":     {h.examiner(t, unasked), admin(), "", domain.Invalid},
			"a long token": {h.examiner(t, unasked), admin(), domain.Secret(strings.Repeat("a", issuance.MaxProofBytes+1)), domain.Invalid},
			"too often":    {limited, admin(), workloadToken, domain.RateLimited},
		} {
			if got, err := tt.e.Examine(t.Context(), tt.caller, clusterSource(), tt.token); domain.KindOf(err) != tt.kind || got.Verdict != "" {
				t.Errorf("%s: %+v, %v", what, got, err)
			}
		}
	})
	if len(list) != 0 {
		t.Errorf("%d events", len(list))
	}
	// A source of this machine has nothing to do with tokens, and says so.
	machine := domain.WorkloadSource{Name: "This machine", Kind: domain.SourceUnix, Settings: domain.SourceSettings{Unix: &domain.UnixSource{}}}
	if got, err := h.examiner(t, unasked).Examine(t.Context(), admin(), machine, workloadToken); err != nil || got.Verdict != "other_source" || got.Cause != "" {
		t.Errorf("%+v, %v", got, err)
	}
	e := h.examiner(t, unasked)
	down := errors.New("the audit log is away")
	e.Recorder = recorder{down}
	if _, err := e.Examine(t.Context(), admin(), clusterSource(), workloadToken); !errors.Is(err, down) {
		t.Errorf("unrecorded: %v", err)
	}
}
