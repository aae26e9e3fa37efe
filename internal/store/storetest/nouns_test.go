package storetest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/store"
)

// t0 is when the things of this suite are made.
var t0 = time.Date(2026, 3, 4, 5, 6, 7, 890_123_000, time.UTC)

func newID(t *testing.T) string {
	t.Helper()
	id, err := domain.NewID(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// did is an event of a change to a thing.
func did(action, id string) domain.Event {
	return domain.NewEvent(t0, domain.System(), action, domain.Party{Type: "thing", ID: id})
}

func putAction(t *testing.T, s *store.Store, name string) domain.Action {
	t.Helper()
	a := domain.Action{Name: name, Description: "Does " + name, CreatedAt: t0, UpdatedAt: t0}
	if err := s.CreateAction(t.Context(), a, did("action.create", name)); err != nil {
		t.Fatal(err)
	}
	return a
}

func putRole(t *testing.T, s *store.Store, name string, actions ...string) domain.Role {
	t.Helper()
	r := domain.Role{Name: name, Actions: append([]string{}, actions...), CreatedAt: t0, UpdatedAt: t0}
	if err := s.CreateRole(t.Context(), r, did("role.create", name)); err != nil {
		t.Fatal(err)
	}
	return r
}

func putUser(t *testing.T, s *store.Store, email string, level domain.Level, roles ...string) domain.User {
	t.Helper()
	u := domain.User{ID: newID(t), Email: email, Name: "User " + email, Status: domain.StatusActive, Level: level,
		Roles: append([]string{}, roles...), CreatedAt: t0, UpdatedAt: t0}
	if err := s.CreateUser(t.Context(), u, nil, did("user.create", u.ID)); err != nil {
		t.Fatal(err)
	}
	return u
}

func putAgent(t *testing.T, s *store.Store, name string) domain.Agent {
	t.Helper()
	a := domain.Agent{ClientID: newID(t), Name: name, Type: "langchain", Platform: domain.PlatformKubernetes,
		Selectors:   []domain.Selector{{Key: "k8s:sa", Value: "support"}, {Key: "k8s:ns", Value: "production"}},
		Attestation: domain.AttestationRequired, Status: domain.StatusActive, Secrets: []domain.ClientSecret{},
		CreatedAt: t0, UpdatedAt: t0}
	if err := s.CreateAgent(t.Context(), a, did("agent.create", a.ClientID)); err != nil {
		t.Fatal(err)
	}
	return a
}

func putResource(t *testing.T, s *store.Store, name, uri string) domain.Resource {
	t.Helper()
	r := domain.Resource{ID: newID(t), Name: name, URI: uri, SecretHash: domain.Secret(name).Hash(), CreatedAt: t0, UpdatedAt: t0}
	if err := s.CreateResource(t.Context(), r, did("resource.create", r.ID)); err != nil {
		t.Fatal(err)
	}
	return r
}

func putDelegation(t *testing.T, s *store.Store, role string, by domain.User, to domain.Agent, actions, resources []string) domain.Delegation {
	t.Helper()
	d := domain.Delegation{ID: newID(t), ClientID: to.ClientID, Role: role, DelegatorID: by.ID, Actions: actions,
		MaxDuration: time.Hour, Resources: resources, Status: domain.DelegationActive, CreatedAt: t0, UpdatedAt: t0}
	err := s.CreateDelegation(t.Context(), d, func(draft *domain.DelegationDraft) (domain.Event, error) {
		draft.MakeDefault = true
		return did("delegation.create", d.ID), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func revoke(t *testing.T, s *store.Store, id string) {
	t.Helper()
	err := s.UpdateDelegation(t.Context(), id, func(draft *domain.DelegationDraft) (domain.Event, error) {
		draft.Delegation.Status = domain.DelegationRevoked
		return did("delegation.revoke", id), nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// wantError checks kind and code, and the field of the first fault unless it is "".
func wantError(t *testing.T, err error, kind domain.Kind, code, field string) {
	t.Helper()
	var e *domain.Error
	if !errors.As(err, &e) || e.Kind != kind || e.Code != code {
		t.Errorf("got %v, want %s %s", err, kind, code)
		return
	}
	if field != "" && (len(e.Fields) == 0 || e.Fields[0].Field != field) {
		t.Errorf("faults %+v, want one on %s", e.Fields, field)
	}
}

// events returns how many events there are.
func events(t *testing.T, s *store.Store) int64 {
	t.Helper()
	head, err := s.ChainHead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return head.Seq
}

// unchanged runs fn and checks that it recorded no event.
func unchanged(t *testing.T, s *store.Store, fn func()) {
	t.Helper()
	before := events(t, s)
	fn()
	if after := events(t, s); after != before {
		t.Errorf("%d events were recorded, want none", after-before)
	}
}

// walk reads all pages and checks that keys come in strict order. between runs
// after each page.
func walk[T any](t *testing.T, limit int, read func(domain.Page) (domain.List[T], error), key func(T) string, descending bool, between func()) []string {
	t.Helper()
	var keys []string
	page := domain.Page{Limit: limit}
	for {
		list, err := read(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range list.Items {
			k := key(item)
			if n := len(keys); n > 0 && (keys[n-1] < k) == descending {
				t.Fatalf("%q after %q", k, keys[n-1])
			}
			keys = append(keys, k)
		}
		if list.Next == "" {
			return keys
		}
		if len(list.Items) != limit {
			t.Fatalf("a page of %d in the middle, want %d", len(list.Items), limit)
		}
		if page, err = domain.NewPage(limit, list.Next, ""); err != nil {
			t.Fatalf("the list's own cursor is refused: %v", err)
		}
		if between != nil {
			between()
		}
	}
}

// found searches and returns the keys of what it finds.
func found[T any](t *testing.T, q string, read func(domain.Page) (domain.List[T], error), key func(T) string) []string {
	t.Helper()
	list, err := read(domain.Page{Limit: 100, Search: q})
	if err != nil {
		t.Fatal(err)
	}
	keys := []string{}
	for _, item := range list.Items {
		keys = append(keys, key(item))
	}
	return keys
}

// Of many who take one name at once, one gets it and the others learn which
// field it was about.
func TestOneNameIsGivenOnce(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		for field, create := range map[string]func(n int, id string) error{
			"/name of action": func(int, string) error {
				return s.CreateAction(ctx, domain.Action{Name: "a:b"}, did("action.create", "a:b"))
			},
			"/name of role": func(int, string) error { return s.CreateRole(ctx, domain.Role{Name: "r"}, did("role.create", "r")) },
			"/email of user": func(_ int, id string) error {
				return s.CreateUser(ctx, domain.User{ID: id, Email: "ana@example.com", Status: domain.StatusActive, Level: domain.LevelMember}, nil, did("user.create", id))
			},
			"/name of agent": func(_ int, id string) error {
				return s.CreateAgent(ctx, domain.Agent{ClientID: id, Name: "Helper", Status: domain.StatusActive}, did("agent.create", id))
			},
			"/name of resource": func(n int, id string) error {
				return s.CreateResource(ctx, domain.Resource{ID: id, Name: "Billing", URI: fmt.Sprintf("https://r%d.example.com", n)}, did("resource.create", id))
			},
			"/uri of resource": func(n int, id string) error {
				return s.CreateResource(ctx, domain.Resource{ID: id, Name: fmt.Sprintf("R%d", n), URI: "https://api.example.com"}, did("resource.create", id))
			},
			"/kubernetes/issuer of workload source": func(n int, id string) error {
				return s.CreateWorkloadSource(ctx, domain.WorkloadSource{ID: id, Name: fmt.Sprintf("S%d", n), Settings: cluster("https://k8s.example.com")}, did("workload-source.create", id))
			},
		} {
			var wg sync.WaitGroup
			var made atomic.Int32
			before := events(t, s)
			for n := range 8 {
				id := newID(t)
				wg.Go(func() {
					err := create(n, id)
					if err == nil {
						made.Add(1)
						return
					}
					var e *domain.Error
					if !errors.As(err, &e) || e.Code != "already_exists" || len(e.Fields) != 1 || !strings.HasPrefix(field, e.Fields[0].Field+" of") {
						t.Errorf("%s: %v", field, err)
					}
				})
			}
			wg.Wait()
			if recorded := events(t, s) - before; made.Load() != 1 || recorded != 1 {
				t.Errorf("%s was given %d times, and %d events recorded", field, made.Load(), recorded)
			}
		}
	})
}
