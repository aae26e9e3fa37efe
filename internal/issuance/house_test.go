package issuance_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/attest"
	"authsec/internal/audit"
	"authsec/internal/clocktest"
	"authsec/internal/domain"
	"authsec/internal/issuance"
	"authsec/internal/policy"
	"authsec/internal/store"
	"authsec/internal/store/storetest"
	"authsec/internal/token"
)

const (
	issuer   = "https://auth.example.com"
	read     = "billing:read"
	refund   = "billing:refund"
	orders   = "orders:read"
	apiURI   = "https://billing.example.com"
	loopback = "127.0.0.1"
	nobodyID = "0190a000-0000-7000-8000-0000000000ff"
)

// house is the whole path on a SQLite file: Ana lends two actions of support to
// a proven Kubernetes agent.
type house struct {
	*issuance.Service
	store    *store.Store
	clock    *clocktest.Clock
	refusals *audit.Refusals
	metrics  *metrics
	ana      domain.User
	agent    domain.Agent
	lent     domain.Delegation
}

func newHouse(t testing.TB) *house {
	t.Helper()
	s := storetest.SQLite(t)
	h := &house{store: s, clock: clocktest.At(time.Date(2026, 5, 21, 6, 25, 36, 700_000_000, time.UTC)), metrics: &metrics{counts: map[string]int{}}}
	h.refusals = &audit.Refusals{Store: s, Now: h.clock.Now, Logger: slog.New(slog.DiscardHandler)}
	recorder := audit.NewRecorder(audit.RecorderOptions{Store: s})
	t.Cleanup(func() { must(t, recorder.Close(context.Background())) })
	limiter, err := issuance.NewTokenBuckets(issuance.DefaultRates())
	must(t, err)
	h.Service = &issuance.Service{Authority: s, Attestor: attest.Chain{attest.ClientSecret{}, pods{clock: h.clock}},
		Minter: &token.Minter{Issuer: issuer, Signer: newKey()}, Recorder: recorder, Refusals: h.refusals, Limiter: limiter, Metrics: h.metrics,
		Policy: policy.Settings{TrustDomain: "authsec.local", DefaultAudience: "authsec-api", MaxTokenTTL: 24 * time.Hour},
		Issuer: issuer, Now: h.clock.Now, Random: rand.Reader}
	for _, name := range []string{read, refund, orders} {
		must(t, s.CreateAction(t.Context(), domain.Action{Name: name}, h.event("action.create")))
	}
	for _, name := range []string{"support", "finance"} {
		must(t, s.CreateRole(t.Context(), domain.Role{Name: name, Actions: []string{read, refund, orders}}, h.event("role.create")))
	}
	h.ana = h.person(t, "ana@example.com", "finance", "support")
	h.agent = h.newAgent(t, func(*domain.Agent) {})
	h.lent = h.lend(t, h.ana, h.agent, func(d *domain.Delegation) {})
	return h
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newID(t testing.TB) string {
	t.Helper()
	id, err := domain.NewID(rand.Reader)
	must(t, err)
	return id
}

func (h *house) event(action string) domain.Event {
	return domain.NewEvent(h.clock.Now(), domain.System(), action, domain.Party{Type: "thing"})
}

func (h *house) person(t testing.TB, email string, roles ...string) domain.User {
	t.Helper()
	u := domain.User{ID: newID(t), Email: email, Name: email, Status: domain.StatusActive, Level: domain.LevelMember, Roles: roles}
	must(t, h.store.CreateUser(t.Context(), u, nil, h.event("user.create")))
	return u
}

func (h *house) setUser(t testing.TB, id string, change func(*domain.User)) {
	t.Helper()
	_, err := h.store.UpdateUser(t.Context(), id, func(u *domain.User) (domain.Event, error) {
		change(u)
		return h.event("user.update"), nil
	})
	must(t, err)
}

// newAgent is a Kubernetes agent that must prove itself, as change makes it.
func (h *house) newAgent(t testing.TB, change func(*domain.Agent)) domain.Agent {
	t.Helper()
	a := domain.Agent{ClientID: newID(t), Type: "langchain", Platform: domain.PlatformKubernetes,
		Selectors:   []domain.Selector{{Key: "k8s:ns", Value: "production"}, {Key: "k8s:sa", Value: "support"}},
		Attestation: domain.AttestationRequired, AttestationChosen: true, Status: domain.StatusActive}
	a.Name = "Agent " + a.ClientID
	change(&a)
	must(t, h.store.CreateAgent(t.Context(), a, h.event("agent.create")))
	return a
}

func (h *house) setAgent(t testing.TB, id string, change func(*domain.Agent)) {
	t.Helper()
	_, err := h.store.UpdateAgent(t.Context(), id, func(a *domain.Agent) (domain.Event, error) {
		change(a)
		return h.event("agent.update"), nil
	})
	must(t, err)
}

// lend makes a delegation, the agent's default if it is its first.
func (h *house) lend(t testing.TB, by domain.User, to domain.Agent, change func(*domain.Delegation)) domain.Delegation {
	t.Helper()
	d := domain.Delegation{ID: newID(t), ClientID: to.ClientID, Role: "support", DelegatorID: by.ID, Actions: []string{read, refund},
		MaxDuration: time.Hour, Status: domain.DelegationActive}
	change(&d)
	must(t, h.store.CreateDelegation(t.Context(), d, func(draft *domain.DelegationDraft) (domain.Event, error) {
		draft.MakeDefault = draft.First
		return h.event("delegation.create"), nil
	}))
	return d
}

func (h *house) setDelegation(t testing.TB, id string, change func(*domain.DelegationDraft)) {
	t.Helper()
	must(t, h.store.UpdateDelegation(t.Context(), id, func(d *domain.DelegationDraft) (domain.Event, error) {
		change(d)
		return h.event("delegation.update"), nil
	}))
}

// request asks for all that the house's agent can get, with a good proof.
func (h *house) request(changes ...func(*issuance.Request)) issuance.Request {
	r := issuance.Request{Request: policy.Request{ClientID: h.agent.ClientID}, Proof: bearer("right"), IP: "192.0.2.7", RequestID: "req-1"}
	for _, c := range changes {
		c(&r)
	}
	return r
}

func bearer(what string) attest.Presented {
	return attest.Presented{Bearer: domain.Secret("pod:" + what)}
}

func of(a domain.Agent) func(*issuance.Request) {
	return func(r *issuance.Request) { r.ClientID = a.ClientID }
}

func proving(p attest.Presented) func(*issuance.Request) {
	return func(r *issuance.Request) { r.Proof = p }
}

// issue must succeed; it returns also the token's claims, verified.
func (h *house) issue(t testing.TB, changes ...func(*issuance.Request)) (issuance.Issued, token.Claims) {
	t.Helper()
	got, err := h.Issue(t.Context(), h.request(changes...))
	must(t, err)
	c, err := token.Parse(got.Token.Reveal(), newKey().find, token.Expectation{Issuer: issuer, AnyAudience: true, AnyKey: true, Now: h.clock.Now()})
	must(t, err)
	return got, c
}

// refused must fail, with no token; it returns the error.
func (h *house) refused(t testing.TB, kind domain.Kind, code string, changes ...func(*issuance.Request)) *domain.Error {
	t.Helper()
	got, err := h.Issue(t.Context(), h.request(changes...))
	var e *domain.Error
	if !errors.As(err, &e) || e.Kind != kind || e.Code != code {
		t.Fatalf("got %v, want %s %s", err, kind, code)
	}
	if got.Token != "" || got.ID != "" || got.DelegationID != "" {
		t.Fatalf("refused, and still answered with %+v", got)
	}
	if e.Public == "" && kind != domain.Internal {
		t.Errorf("%s tells the caller nothing", code)
	}
	return e
}

// events returns what fn added to the chain, oldest first.
func (h *house) events(t testing.TB, fn func()) []domain.StoredEvent {
	t.Helper()
	before, err := h.store.ChainHead(t.Context())
	must(t, err)
	fn()
	list, err := h.store.Events(t.Context(), domain.EventFilter{}, domain.Page{Limit: domain.MaxPage})
	must(t, err)
	var out []domain.StoredEvent
	for _, e := range slices.Backward(list.Items) {
		if e.Seq > before.Seq {
			out = append(out, e)
		}
	}
	return out
}

// counted checks that fn, refusals before proof, leaves the chain alone, and
// returns what is recorded of it once its minute is over.
func (h *house) counted(t testing.TB, fn func()) []domain.StoredEvent {
	t.Helper()
	if now := h.events(t, fn); len(now) != 0 {
		t.Fatalf("strangers wrote %d events to the chain", len(now))
	}
	h.clock.Advance(time.Minute)
	return h.events(t, func() { must(t, h.refusals.Flush(t.Context())) })
}

// part decodes one part of a compact JWS.
func part(t testing.TB, compact domain.Secret, n int) map[string]any {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(compact.Reveal(), ".")[n])
	must(t, err)
	var out map[string]any
	must(t, json.Unmarshal(raw, &out))
	return out
}
