package delegation_test

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"authsec/internal/delegation"
	"authsec/internal/domain"
	"authsec/internal/policy"
	"authsec/internal/store"
	"authsec/internal/store/storetest"
)

const (
	read     = "billing:read"
	refund   = "billing:refund"
	orders   = "orders:read"
	ledger   = "ledger:read"
	apiURI   = "https://billing.example.com"
	otherURI = "https://orders.example.com"
	nobodyID = "0190a000-0000-7000-8000-0000000000ff"
)

// house is the service on a SQLite file, with people and an agent in it. Ana
// and Bob hold support, Bob also finance, the admin Root holds nothing.
type house struct {
	delegation.Service
	store                   *store.Store
	at                      time.Time
	root, ana, bob, auditor domain.Caller
	agent                   domain.Agent
}

func newHouse(t *testing.T) *house {
	t.Helper()
	s := storetest.SQLite(t)
	h := &house{store: s, at: time.Date(2026, 5, 21, 6, 25, 36, 123_456_789, time.UTC)}
	h.Service = delegation.Service{Store: s, Roles: s, Now: func() time.Time { return h.at }, Random: rand.Reader,
		Policy: policy.Settings{TrustDomain: "authsec.local", DefaultAudience: "authsec-api", MaxTokenTTL: 24 * time.Hour}}
	for _, name := range []string{read, refund, orders, ledger} {
		must(t, s.CreateAction(t.Context(), domain.Action{Name: name}, h.setup("action")))
	}
	h.role(t, "support", orders, read, refund)
	h.role(t, "finance", ledger)
	h.root = h.person(t, "root@example.com", domain.LevelAdmin)
	h.ana = h.person(t, "ana@example.com", domain.LevelMember, "support")
	h.bob = h.person(t, "bob@example.com", domain.LevelMember, "finance", "support")
	h.auditor = h.person(t, "eve@example.com", domain.LevelAuditor, "support")
	h.agent = h.newAgent(t, "Customer Support")
	for _, uri := range []string{apiURI, otherURI} {
		must(t, s.CreateResource(t.Context(), domain.Resource{ID: newID(t), Name: uri, URI: uri}, h.setup("resource")))
	}
	return h
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newID(t *testing.T) string {
	t.Helper()
	id, err := domain.NewID(rand.Reader)
	must(t, err)
	return id
}

func (h *house) setup(noun string) domain.Event {
	return domain.NewEvent(h.at, domain.System(), noun+".create", domain.Party{Type: noun})
}

func (h *house) role(t *testing.T, name string, actions ...string) {
	t.Helper()
	must(t, h.store.CreateRole(t.Context(), domain.Role{Name: name, Actions: actions}, h.setup("role")))
}

func (h *house) setRole(t *testing.T, name string, actions ...string) {
	t.Helper()
	_, err := h.store.UpdateRole(t.Context(), name, func(r *domain.Role) (domain.Event, error) {
		r.Actions = actions
		return h.setup("role"), nil
	})
	must(t, err)
}

func (h *house) person(t *testing.T, email string, level domain.Level, roles ...string) domain.Caller {
	t.Helper()
	u := domain.User{ID: newID(t), Email: email, Name: email, Status: domain.StatusActive, Level: level, Roles: roles}
	must(t, h.store.CreateUser(t.Context(), u, nil, h.setup("user")))
	return domain.Caller{UserID: u.ID, Email: email, Level: level, Roles: roles, Via: domain.ViaSession, IP: "192.0.2.1", RequestID: "r1"}
}

func (h *house) setUser(t *testing.T, c domain.Caller, change func(*domain.User)) {
	t.Helper()
	_, err := h.store.UpdateUser(t.Context(), c.UserID, func(u *domain.User) (domain.Event, error) {
		change(u)
		return h.setup("user"), nil
	})
	must(t, err)
}

func (h *house) newAgent(t *testing.T, name string) domain.Agent {
	t.Helper()
	a := domain.Agent{ClientID: newID(t), Name: name, Type: "langchain", Platform: domain.PlatformKubernetes,
		Selectors:   []domain.Selector{{Key: "k8s:ns", Value: "production"}},
		Attestation: domain.AttestationRequired, AttestationChosen: true, Status: domain.StatusActive}
	must(t, h.store.CreateAgent(t.Context(), a, h.setup("agent")))
	return a
}

func (h *house) deleteAgent(t *testing.T, a domain.Agent) {
	t.Helper()
	must(t, h.store.DeleteAgent(t.Context(), a.ClientID, h.at, "deleted", func(domain.Agent, []domain.Delegation) ([]domain.Event, error) {
		return []domain.Event{h.setup("agent")}, nil
	}))
}

// spec lends two actions of support for an hour to the house's agent.
func (h *house) spec() domain.DelegationSpec {
	return domain.DelegationSpec{Role: "support", ClientID: h.agent.ClientID, Actions: []string{refund, read}, MaxDuration: time.Hour}
}

// lend creates a delegation that must succeed.
func (h *house) lend(t *testing.T, by domain.Caller, change ...func(*domain.DelegationSpec)) domain.DelegationView {
	t.Helper()
	s := h.spec()
	for _, c := range change {
		c(&s)
	}
	d, err := h.Create(t.Context(), by, s)
	must(t, err)
	return d
}

// defaultID is the agent's default delegation now.
func (h *house) defaultID(t *testing.T) string {
	t.Helper()
	a, err := h.store.Agent(t.Context(), h.agent.ClientID)
	must(t, err)
	return a.DefaultDelegationID
}

// events returns what fn recorded, oldest first.
func (h *house) events(t *testing.T, fn func()) []domain.StoredEvent {
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

// state is a delegation as audit events tell it.
type state struct {
	Role         string     `json:"role"`
	Actions      []string   `json:"actions"`
	Seconds      int64      `json:"max_duration_seconds"`
	Resources    []string   `json:"resources"`
	EndsAt       *time.Time `json:"ends_at"`
	Status       string     `json:"status"`
	Default      bool       `json:"default"`
	ByAdmin      bool       `json:"disabled_by_admin"`
	ByDelegator  bool       `json:"disabled_by_delegator"`
	RevokeReason string     `json:"revoke_reason"`
	hasBefore    bool
}

// change is the one event that fn records, with what was before and is after.
// It checks who did it, to what, and when.
func (h *house) change(t *testing.T, by domain.Caller, action, id string, fn func()) (ev domain.StoredEvent, before, after state) {
	t.Helper()
	list := h.events(t, fn)
	if len(list) != 1 {
		t.Fatalf("%d events, want one %s", len(list), action)
	}
	ev = list[0]
	if ev.Action != action || ev.Outcome != domain.OutcomeSuccess || ev.Actor.ID != by.UserID || ev.Actor.Name != by.Email || ev.Actor.Via != by.Via ||
		ev.IP != by.IP || ev.RequestID != by.RequestID || !ev.Time.Equal(h.at.Truncate(time.Microsecond)) ||
		ev.ClientID != h.agent.ClientID || (id != "" && (ev.DelegationID != id || ev.Target.ID != id)) || ev.Target.Type != "delegation" {
		t.Errorf("%s says %+v", action, ev.Event)
	}
	before.hasBefore = len(ev.Before) > 0
	if before.hasBefore {
		must(t, json.Unmarshal(ev.Before, &before))
	}
	must(t, json.Unmarshal(ev.After, &after))
	return ev, before, after
}

// silent checks that fn records nothing.
func (h *house) silent(t *testing.T, fn func()) {
	t.Helper()
	if list := h.events(t, fn); len(list) != 0 {
		t.Errorf("%d events, the first a %s, want none", len(list), list[0].Action)
	}
}

// wantError checks kind and code, and that the given fields are at fault.
func wantError(t *testing.T, err error, kind domain.Kind, code string, fields ...string) {
	t.Helper()
	var e *domain.Error
	if !errors.As(err, &e) || e.Kind != kind || e.Code != code {
		t.Fatalf("got %v, want %s %s", err, kind, code)
	}
	if e.Public == "" {
		t.Errorf("%s tells the caller nothing", code)
	}
	var got []string
	for _, f := range e.Fields {
		got = append(got, f.Field+" "+f.Code)
	}
	if len(fields) > 0 && !slices.Equal(got, fields) {
		t.Errorf("faults %q, want %q", got, fields)
	}
}

func ptr[T any](v T) *T { return &v }
