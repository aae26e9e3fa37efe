package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"authsec/internal/attest"
	"authsec/internal/audit"
	"authsec/internal/domain"
	"authsec/internal/issuance"
	"authsec/internal/policy"
	"authsec/internal/store"
	"authsec/internal/token"

	"golang.org/x/time/rate"
)

// attested compares a token for a proven workload, whose proof is in the cache or
// whose connection is known, with one that needs no proof: the whole path, with
// SQLite and an RSA signature, but for HTTP.
func attested(ctx context.Context) ([]row, error) {
	house, err := newIssuing(ctx)
	if err != nil {
		return nil, err
	}
	defer house.close()
	asks := []struct {
		what string
		issuance.Request
		took []time.Duration
	}{
		{what: "one without proof", Request: house.ask(house.open, attest.Presented{})},
		{what: "a token for a workload token, its proof in the cache", Request: house.ask(house.pod, attest.Presented{Bearer: "a.workload.token"})},
		{what: "a token for a process on this machine, its connection known", Request: house.ask(house.local, attest.Presented{Peer: house.peer})},
	}
	const rounds, warm = 600, 20
	for round := range rounds { // one of each in turn, so that what else the machine does hits all alike
		for i := range asks {
			begin := time.Now()
			if _, err := house.service.Issue(ctx, asks[i].Request); err != nil {
				return nil, fmt.Errorf("%s: %w", asks[i].what, err)
			}
			if round >= warm {
				asks[i].took = append(asks[i].took, time.Since(begin))
			}
		}
	}
	if house.verified.calls > warm { // it is believed for a minute each time
		return nil, fmt.Errorf("the proof was verified %d times: the cache was not warm", house.verified.calls)
	}
	plain := median(asks[0].took)
	var rows []row
	for _, a := range asks[1:] {
		ratio := median(a.took) / plain
		rows = append(rows, row{a.what, fmt.Sprintf("%.3f ms", median(a.took)),
			fmt.Sprintf("%.2f × %s (%.3f ms)", ratio, asks[0].what, plain), "under 1.2 ×", ratio < 1.2})
	}
	return rows, nil
}

// median is in milliseconds.
func median(of []time.Duration) float64 {
	slices.Sort(of)
	return float64(of[len(of)/2].Microseconds()) / 1000
}

// issuing is the issuance of one deployment.
type issuing struct {
	service          *issuance.Service
	store            *store.Store
	verified         *once
	open, pod, local domain.Agent
	peer             domain.Peer
	closers          []func() error
}

func (h *issuing) close() {
	for _, c := range h.closers {
		if err := c(); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
	}
}

func (h *issuing) ask(a domain.Agent, p attest.Presented) issuance.Request {
	return issuance.Request{Request: policy.Request{ClientID: a.ClientID}, Proof: p, IP: "127.0.0.1", RequestID: "bench"}
}

func newIssuing(ctx context.Context) (h *issuing, err error) {
	h = &issuing{verified: &once{}}
	defer func() {
		if err != nil {
			h.close()
		}
	}()
	dir, err := os.MkdirTemp("", "authsec-bench")
	if err != nil {
		return h, err
	}
	h.closers = append(h.closers, func() error { return os.RemoveAll(dir) })
	if h.store, err = store.Open(ctx, store.Options{SQLitePath: filepath.Join(dir, "authsec.db")}); err != nil {
		return h, err
	}
	h.closers = append([]func() error{h.store.Close}, h.closers...)
	if _, _, err := h.store.Migrate(ctx); err != nil {
		return h, err
	}
	if err := h.furnish(ctx); err != nil {
		return h, err
	}
	if err := h.connect(ctx); err != nil {
		return h, err
	}
	return h, h.assemble()
}

func (h *issuing) assemble() error {
	const publicURL = "http://localhost:7468"
	quiet := slog.New(slog.DiscardHandler)
	environment := attest.Environment{TrustDomain: "authsec.local", Now: time.Now, Log: quiet}
	sources := &attest.Sources{Reader: h.store, Log: quiet, Build: func(s domain.WorkloadSource) (attest.Verifier, error) {
		if s.Kind == domain.SourceUnix {
			return environment.Build(s)
		}
		return h.verified, nil // the cost of verifying is not what is measured
	}}
	recorder := audit.NewRecorder(audit.RecorderOptions{Store: h.store})
	h.closers = append([]func() error{sources.Close, func() error { return recorder.Close(context.Background()) }}, h.closers...)
	limiter, err := issuance.NewTokenBuckets(issuance.Rates{PerClient: rate.Inf, PerAddress: rate.Inf})
	if err != nil {
		return err
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	h.service = &issuance.Service{Authority: h.store, Attestor: attest.Chain{attest.ClientSecret{}, sources},
		Minter: &token.Minter{Issuer: publicURL, Signer: key{private}}, Recorder: recorder,
		Refusals: &audit.Refusals{Store: h.store, Now: time.Now, Logger: quiet}, Limiter: limiter, Metrics: unmeasured{},
		Policy: policy.Settings{TrustDomain: "authsec.local", DefaultAudience: "authsec-api", MaxTokenTTL: 24 * time.Hour},
		Issuer: publicURL, Now: time.Now, Random: rand.Reader}
	return nil
}

// furnish makes a person who lends to three agents, and a source for pods.
func (h *issuing) furnish(ctx context.Context) error {
	event := func(action string) domain.Event {
		return domain.NewEvent(time.Now().UTC(), domain.System(), action, domain.Party{Type: "thing"})
	}
	id := func() string {
		id, err := domain.NewID(rand.Reader)
		if err != nil {
			panic(err) // the system has no randomness
		}
		return id
	}
	const action, role = "billing:read", "customer-support"
	if err := h.store.CreateAction(ctx, domain.Action{Name: action}, event("action.create")); err != nil {
		return err
	}
	if err := h.store.CreateRole(ctx, domain.Role{Name: role, Actions: []string{action}}, event("role.create")); err != nil {
		return err
	}
	lead := domain.User{ID: id(), Email: "support-lead@example.com", Name: "Support Lead", Status: domain.StatusActive, Level: domain.LevelMember, Roles: []string{role}}
	if err := h.store.CreateUser(ctx, lead, nil, event("user.create")); err != nil {
		return err
	}
	pods := domain.WorkloadSource{ID: id(), Name: "Pods", Kind: domain.SourceKubernetes, Enabled: true, CreatedAt: time.Now().UTC(), UpdatedAt: time.Now().UTC(),
		Settings: domain.SourceSettings{Kubernetes: &domain.KubernetesSource{Issuer: "https://cluster.example.com", Audience: "authsec"}}}
	if err := h.store.CreateWorkloadSource(ctx, pods, event("workload_source.create")); err != nil {
		return err
	}
	for _, each := range []struct {
		to        *domain.Agent
		name      string
		platform  string
		selectors []domain.Selector
		mode      domain.Attestation
	}{
		{&h.open, "Open", domain.PlatformKubernetes, podSelectors(), domain.AttestationPermissive},
		{&h.pod, "Pod", domain.PlatformKubernetes, podSelectors(), domain.AttestationRequired},
		{&h.local, "Local", domain.PlatformUnix, []domain.Selector{{Key: "unix:uid", Value: fmt.Sprint(os.Getuid())}}, domain.AttestationRequired},
	} {
		*each.to = domain.Agent{ClientID: id(), Name: each.name, Type: "langchain", Platform: each.platform, Selectors: each.selectors,
			Attestation: each.mode, AttestationChosen: true, Status: domain.StatusActive}
		if err := h.store.CreateAgent(ctx, *each.to, event("agent.create")); err != nil {
			return err
		}
		d := domain.Delegation{ID: id(), ClientID: each.to.ClientID, Role: role, DelegatorID: lead.ID, Actions: []string{action}, MaxDuration: time.Hour, Status: domain.DelegationActive}
		if err := h.store.CreateDelegation(ctx, d, func(draft *domain.DelegationDraft) (domain.Event, error) {
			draft.MakeDefault = draft.First
			return event("delegation.create"), nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// connect makes a loopback connection, whose other end is this very process.
func (h *issuing) connect(ctx context.Context) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	theirs, err := (&net.Dialer{}).DialContext(ctx, "tcp", l.Addr().String())
	if err != nil {
		return err
	}
	ours, err := l.Accept()
	if err != nil {
		return err
	}
	for _, c := range []io.Closer{l, theirs, ours} {
		h.closers = append(h.closers, c.Close)
	}
	peers, err := attest.NewPeers(true)
	if err != nil {
		return err
	}
	h.peer = peers.Of(ours)
	return nil
}

func podSelectors() []domain.Selector {
	return []domain.Selector{{Key: "k8s:ns", Value: "production"}, {Key: "k8s:sa", Value: "customer-support-sa"}}
}

// once is a verifier of pods, which counts.
type once struct{ calls int }

// Verify implements attest.Verifier.
func (o *once) Verify(_ context.Context, _ attest.Presented, now time.Time) (attest.Attested, error) {
	o.calls++
	got := attest.Attested{Kind: attest.KindKubernetes, Until: now.Add(time.Hour)}
	for _, s := range podSelectors() {
		got.Selectors = append(got.Selectors, attest.Selector{Selector: s, How: attest.Signed})
	}
	return got, nil
}

// Close implements attest.Verifier.
func (*once) Close() error { return nil }

type unmeasured struct{}

func (unmeasured) TokenIssued(string)  {}
func (unmeasured) TokenRefused(string) {}
