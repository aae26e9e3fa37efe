package directory_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"authsec/internal/directory"
	"authsec/internal/domain"
	"authsec/internal/store"
	"authsec/internal/store/storetest"
)

var (
	admin   = domain.Caller{UserID: "0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e", Email: "root@example.com", Level: domain.LevelAdmin, Via: domain.ViaSession, IP: "192.0.2.1", RequestID: "r1"}
	member  = domain.Caller{UserID: "0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8f", Level: domain.LevelMember, Via: domain.ViaSession}
	auditor = domain.Caller{UserID: "0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d90", Level: domain.LevelAuditor, Via: domain.ViaSession}
)

// hasher stands for Argon2id, which costs too much here.
type hasher struct{ err error }

func (h hasher) Hash(_ context.Context, password domain.Secret) (domain.Secret, error) {
	return "hash of " + password, h.err
}

// checker finds fault with the sources and providers whose name is a key.
type checker map[string]error

func (c checker) CheckSource(s domain.WorkloadSource) error { return c[s.Name] }

func (c checker) CheckProvider(p domain.IdentityProvider) error { return c[p.Name] }

// house is a service on a SQLite file, with a clock that tests move.
type house struct {
	*directory.Service
	store *store.Store
	now   time.Time
}

func newHouse(t *testing.T) *house {
	t.Helper()
	s := storetest.SQLite(t)
	h := &house{store: s, now: time.Date(2026, 3, 4, 5, 6, 7, 890_123_456, time.UTC)}
	h.Service = &directory.Service{ActionStore: s, RoleStore: s, UserStore: s, AgentStore: s, ResourceStore: s,
		ProviderStore: s, ProviderChecker: checker{}, LinkStore: s, TemplateStore: s, Names: s,
		SourceStore: s, SourceChecker: checker{}, Hasher: hasher{}, Now: func() time.Time { return h.now }, Random: rand.Reader}
	return h
}

func (h *house) action(t *testing.T, name string) {
	t.Helper()
	if _, err := h.CreateAction(t.Context(), admin, domain.Action{Name: name}); err != nil {
		t.Fatal(err)
	}
}

func (h *house) role(t *testing.T, name string, actions ...string) {
	t.Helper()
	if _, err := h.CreateRole(t.Context(), admin, domain.Role{Name: name, Actions: actions}); err != nil {
		t.Fatal(err)
	}
}

func (h *house) user(t *testing.T, email string, level domain.Level, roles ...string) domain.User {
	t.Helper()
	u, _, err := h.CreateUser(t.Context(), admin, domain.UserSpec{Email: email, Name: "Someone", Level: level, Roles: roles})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func kubernetes(name string) domain.AgentSpec {
	return domain.AgentSpec{Name: name, Type: "langchain", Platform: domain.PlatformKubernetes, Selectors: []domain.Selector{{Key: "k8s:ns", Value: "production"}}}
}

func (h *house) agent(t *testing.T, spec domain.AgentSpec) (domain.Agent, domain.Secret) {
	t.Helper()
	a, secret, err := h.CreateAgent(t.Context(), admin, spec)
	if err != nil {
		t.Fatal(err)
	}
	return a, secret
}

func (h *house) delegate(t *testing.T, by domain.User, to domain.Agent, role string, resources ...string) domain.Delegation {
	t.Helper()
	id, err := domain.NewID(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	d := domain.Delegation{ID: id, ClientID: to.ClientID, Role: role, DelegatorID: by.ID, Actions: []string{"billing:read"},
		MaxDuration: time.Hour, Resources: resources, Status: domain.DelegationActive}
	err = h.store.CreateDelegation(t.Context(), d, func(*domain.DelegationDraft) (domain.Event, error) {
		return domain.NewEvent(h.now, admin, "delegation.create", domain.Party{Type: "delegation", ID: id}), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// events returns what fn recorded, oldest first.
func (h *house) events(t *testing.T, fn func()) []domain.StoredEvent {
	t.Helper()
	before, err := h.store.ChainHead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fn()
	list, err := h.store.Events(t.Context(), domain.EventFilter{}, domain.Page{Limit: domain.MaxPage})
	if err != nil {
		t.Fatal(err)
	}
	var out []domain.StoredEvent
	for _, e := range list.Items {
		if e.Seq > before.Seq {
			out = append([]domain.StoredEvent{e}, out...)
		}
	}
	return out
}

// event is the one event that fn records. It checks who and when.
func (h *house) event(t *testing.T, action string, fn func()) domain.StoredEvent {
	t.Helper()
	list := h.events(t, fn)
	if len(list) != 1 || list[0].Action != action {
		t.Fatalf("recorded %v, want one %s", actionsOf(list), action)
	}
	e := list[0]
	if e.Actor.ID != admin.UserID || e.IP != admin.IP || e.RequestID != admin.RequestID || !e.Time.Equal(h.now.Truncate(time.Microsecond)) || e.Outcome != domain.OutcomeSuccess {
		t.Errorf("%s says %+v", action, e.Event)
	}
	return e
}

// silent checks that fn records nothing.
func (h *house) silent(t *testing.T, fn func()) {
	t.Helper()
	if list := h.events(t, fn); len(list) != 0 {
		t.Errorf("recorded %v, want nothing", actionsOf(list))
	}
}

func actionsOf(list []domain.StoredEvent) []string {
	var out []string
	for _, e := range list {
		out = append(out, e.Action)
	}
	return out
}

func wantJSON(t *testing.T, what string, got json.RawMessage, want string) {
	t.Helper()
	if string(got) != want {
		t.Errorf("%s is %s, want %s", what, got, want)
	}
}

func wantError(t *testing.T, err error, kind domain.Kind, code string, faults ...string) {
	t.Helper()
	var e *domain.Error
	if !errors.As(err, &e) || e.Kind != kind || e.Code != code {
		t.Errorf("got %v, want %s %s", err, kind, code)
		return
	}
	var got []string
	for _, f := range e.Fields {
		got = append(got, f.Field+" "+f.Code)
	}
	if strings.Join(got, ", ") != strings.Join(faults, ", ") {
		t.Errorf("faults %q, want %q", got, faults)
	}
	if e.Public == "" {
		t.Errorf("%s says nothing to the caller", code)
	}
}

func ptr[T any](v T) *T { return &v }

// Nobody but an admin writes, whatever the rest of the request is.
func TestWritesAreForAdmins(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	id := admin.UserID
	for name, write := range map[string]func(domain.Caller) error{
		"CreateAction":      func(c domain.Caller) error { _, err := h.CreateAction(ctx, c, domain.Action{Name: "a:b"}); return err },
		"UpdateAction":      func(c domain.Caller) error { _, err := h.UpdateAction(ctx, c, "a:b", "", false); return err },
		"DeleteAction":      func(c domain.Caller) error { return h.DeleteAction(ctx, c, "a:b") },
		"CreateRole":        func(c domain.Caller) error { _, err := h.CreateRole(ctx, c, domain.Role{Name: "r"}); return err },
		"UpdateRole":        func(c domain.Caller) error { _, err := h.UpdateRole(ctx, c, "r", "", nil, time.Time{}); return err },
		"DeleteRole":        func(c domain.Caller) error { return h.DeleteRole(ctx, c, "r") },
		"CreateUser":        func(c domain.Caller) error { _, _, err := h.CreateUser(ctx, c, domain.UserSpec{}); return err },
		"UpdateUser":        func(c domain.Caller) error { _, err := h.UpdateUser(ctx, c, id, domain.UserPatch{}); return err },
		"CreateAgent":       func(c domain.Caller) error { _, _, err := h.CreateAgent(ctx, c, kubernetes("a")); return err },
		"UpdateAgent":       func(c domain.Caller) error { _, err := h.UpdateAgent(ctx, c, id, domain.AgentPatch{}); return err },
		"SuspendAgent":      func(c domain.Caller) error { _, err := h.SuspendAgent(ctx, c, id); return err },
		"ActivateAgent":     func(c domain.Caller) error { _, err := h.ActivateAgent(ctx, c, id); return err },
		"DeleteAgent":       func(c domain.Caller) error { return h.DeleteAgent(ctx, c, id) },
		"RotateAgentSecret": func(c domain.Caller) error { _, _, err := h.RotateAgentSecret(ctx, c, id, 0); return err },
		"CreateResource":    func(c domain.Caller) error { _, _, err := h.CreateResource(ctx, c, domain.ResourceSpec{}); return err },
		"UpdateResource": func(c domain.Caller) error {
			_, err := h.UpdateResource(ctx, c, id, domain.ResourcePatch{})
			return err
		},
		"DeleteResource":       func(c domain.Caller) error { return h.DeleteResource(ctx, c, id) },
		"RotateResourceSecret": func(c domain.Caller) error { _, _, err := h.RotateResourceSecret(ctx, c, id); return err },
	} {
		h.silent(t, func() {
			for _, c := range []domain.Caller{member, auditor, {}} {
				if err := write(c); domain.KindOf(err) != domain.Forbidden {
					t.Errorf("%s by %q: %v", name, c.Level, err)
				}
			}
		})
	}
}

// Names and IDs that cannot be are not there: they never reach the database,
// which would refuse some of them in its own way.
func TestImpossibleNamesAreNotFound(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	for _, name := range []string{"", "a\x00b", "\xff", "../x", "A", strings.Repeat("x", 100_000), "' OR '1'='1", "{0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e}"} {
		for what, read := range map[string]func() error{
			"Action":               func() error { _, err := h.Action(ctx, name); return err },
			"UpdateAction":         func() error { _, err := h.UpdateAction(ctx, admin, name, "", false); return err },
			"DeleteAction":         func() error { return h.DeleteAction(ctx, admin, name) },
			"Role":                 func() error { _, err := h.Role(ctx, name); return err },
			"UpdateRole":           func() error { _, err := h.UpdateRole(ctx, admin, name, "", nil, time.Time{}); return err },
			"DeleteRole":           func() error { return h.DeleteRole(ctx, admin, name) },
			"User":                 func() error { _, err := h.User(ctx, name); return err },
			"UpdateUser":           func() error { _, err := h.UpdateUser(ctx, admin, name, domain.UserPatch{}); return err },
			"Agent":                func() error { _, err := h.Agent(ctx, name); return err },
			"SuspendAgent":         func() error { _, err := h.SuspendAgent(ctx, admin, name); return err },
			"DeleteAgent":          func() error { return h.DeleteAgent(ctx, admin, name) },
			"RotateAgentSecret":    func() error { _, _, err := h.RotateAgentSecret(ctx, admin, name, 0); return err },
			"Resource":             func() error { _, err := h.Resource(ctx, name); return err },
			"UpdateResource":       func() error { _, err := h.UpdateResource(ctx, admin, name, domain.ResourcePatch{}); return err },
			"DeleteResource":       func() error { return h.DeleteResource(ctx, admin, name) },
			"RotateResourceSecret": func() error { _, _, err := h.RotateResourceSecret(ctx, admin, name); return err },
		} {
			err := read()
			if domain.KindOf(err) != domain.NotFound {
				t.Errorf("%s of %.20q: %v", what, name, err)
			}
			if err != nil && len(err.Error()) > 600 {
				t.Errorf("%s repeats %d bytes of what was asked", what, len(err.Error()))
			}
		}
	}
}

func TestPagesOfAnySizeAreServed(t *testing.T) {
	h := newHouse(t)
	for i := range domain.MaxPage + 1 {
		h.action(t, fmt.Sprintf("a:n%d", i))
	}
	for limit, want := range map[int]int{-1: domain.DefaultPage, 0: domain.DefaultPage, 1: 1, domain.MaxPage: domain.MaxPage, 1 << 40: domain.MaxPage} {
		list, err := h.Actions(t.Context(), domain.Page{Limit: limit})
		if err != nil || len(list.Items) != want || list.Next == "" {
			t.Errorf("limit %d: %d items, next %q, %v", limit, len(list.Items), list.Next, err)
		}
	}
}
