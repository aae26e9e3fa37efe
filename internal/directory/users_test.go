package directory_test

import (
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"authsec/internal/domain"
)

func TestUserWithPassword(t *testing.T) {
	h := newHouse(t)
	h.role(t, "support")
	const password = "correct horse battery"
	var u domain.User
	e := h.event(t, "user.create", func() {
		var setup domain.Secret
		var err error
		u, setup, err = h.CreateUser(t.Context(), admin, domain.UserSpec{Email: " Ana@Example.com ", Name: "Ana", Level: domain.LevelMember, Password: password, Roles: []string{"support"}})
		if err != nil || setup != "" {
			t.Fatalf("setup link made: %v, %v", setup != "", err)
		}
	})
	if e.Target != (domain.Party{Type: "user", ID: u.ID, Name: "Ana@Example.com"}) {
		t.Errorf("target %+v", e.Target)
	}
	wantJSON(t, "after", e.After, `{"email":"Ana@Example.com","name":"Ana","level":"member","status":"active","roles":["support"]}`)
	if strings.Contains(string(e.Body), password) || strings.Contains(string(e.Body), "hash of") {
		t.Errorf("the event holds the password or its hash: %s", e.Body)
	}
	got, err := h.User(t.Context(), u.ID)
	if err != nil || !reflect.DeepEqual(got, u) || got.PasswordHash.Reveal() != "hash of "+password {
		t.Errorf("read %+v, %v", got, err)
	}
	h.silent(t, func() {
		_, _, err := h.CreateUser(t.Context(), admin, domain.UserSpec{Email: "ana@EXAMPLE.com", Name: "Twin", Level: domain.LevelMember})
		wantError(t, err, domain.Conflict, "already_exists", "/email already_exists")
	})
}

func TestUserWithoutPasswordGetsALink(t *testing.T) {
	h := newHouse(t)
	u, setup, err := h.CreateUser(t.Context(), admin, domain.UserSpec{Email: "ana@example.com", Name: "Ana", Level: domain.LevelMember})
	if err != nil || !strings.HasPrefix(setup.Reveal(), domain.PrefixSetupLink) || u.PasswordHash != "" {
		t.Fatalf("made %+v, %v", u, err)
	}
	want := domain.SetupLink{Hash: setup.Hash(), UserID: u.ID, CreatedAt: u.CreatedAt, ExpiresAt: u.CreatedAt.Add(domain.SetupLinkLife)}
	if got, err := h.store.SetupLink(t.Context(), setup.Hash()); err != nil || got != want {
		t.Errorf("stored link %+v, %v, want %+v", got, err, want)
	}
}

func TestUserIsNotMadeWhenHashingOrRandomnessFails(t *testing.T) {
	h := newHouse(t)
	busy := errors.New("no turn")
	h.Hasher = hasher{busy}
	h.silent(t, func() {
		_, _, err := h.CreateUser(t.Context(), admin, domain.UserSpec{Email: "ana@example.com", Name: "Ana", Level: domain.LevelMember, Password: "correct horse battery"})
		if !errors.Is(err, busy) || strings.Contains(err.Error(), "horse") {
			t.Errorf("got %v", err)
		}
		for name, create := range map[string]func() error{
			"user": func() error {
				_, _, err := h.CreateUser(t.Context(), admin, domain.UserSpec{Email: "ana@example.com", Name: "Ana", Level: domain.LevelMember})
				return err
			},
			"agent": func() error { _, _, err := h.CreateAgent(t.Context(), admin, kubernetes("A")); return err },
			"resource": func() error {
				_, _, err := h.CreateResource(t.Context(), admin, domain.ResourceSpec{Name: "A", URI: "https://a.example.com"})
				return err
			},
		} {
			h.Random = strings.NewReader("too short")
			if err := create(); err == nil {
				t.Errorf("a %s was made without randomness", name)
			}
		}
	})
}

func TestUserChangesAreNamed(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.role(t, "support")
	u := h.user(t, "ana@example.com", domain.LevelMember)
	for _, c := range []struct {
		patch domain.UserPatch
		verb  string
		after string
	}{
		{domain.UserPatch{Status: ptr(domain.StatusSuspended)}, "user.suspend", `{"email":"ana@example.com","name":"Someone","level":"member","status":"suspended","roles":[]}`},
		{domain.UserPatch{Status: ptr(domain.StatusActive), Name: ptr("Someone")}, "user.activate", `{"email":"ana@example.com","name":"Someone","level":"member","status":"active","roles":[]}`},
		{domain.UserPatch{Name: ptr(" Ana ")}, "user.update", `{"email":"ana@example.com","name":"Ana","level":"member","status":"active","roles":[]}`},
		{domain.UserPatch{Status: ptr(domain.StatusSuspended), Roles: &[]string{"support"}}, "user.update", `{"email":"ana@example.com","name":"Ana","level":"member","status":"suspended","roles":["support"]}`},
		{domain.UserPatch{Level: ptr(domain.LevelAuditor)}, "user.update", `{"email":"ana@example.com","name":"Ana","level":"auditor","status":"suspended","roles":["support"]}`},
	} {
		h.now = h.now.Add(time.Minute)
		before := u
		e := h.event(t, c.verb, func() {
			var err error
			if u, err = h.UpdateUser(ctx, admin, strings.ToUpper(u.ID), c.patch); err != nil {
				t.Fatal(err)
			}
		})
		wantJSON(t, "after", e.After, c.after)
		if !u.UpdatedAt.Equal(h.now.Truncate(time.Microsecond)) || string(e.Before) == string(e.After) || before.ID != u.ID {
			t.Errorf("%s left %+v, told as %s", c.verb, u, e.Body)
		}
		if got, err := h.User(ctx, u.ID); err != nil || !reflect.DeepEqual(got, u) {
			t.Errorf("read %+v, %v, want %+v", got, err, u)
		}
		h.silent(t, func() {
			if got, err := h.UpdateUser(ctx, admin, u.ID, c.patch); err != nil || !reflect.DeepEqual(got, u) {
				t.Errorf("the same again gave %+v, %v", got, err)
			}
		})
	}
}

func TestLastAdminThroughTheService(t *testing.T) {
	h := newHouse(t)
	ana := h.user(t, "ana@example.com", domain.LevelAdmin)
	h.silent(t, func() {
		for _, patch := range []domain.UserPatch{{Level: ptr(domain.LevelMember)}, {Status: ptr(domain.StatusSuspended)}} {
			_, err := h.UpdateUser(t.Context(), admin, ana.ID, patch)
			wantError(t, err, domain.Conflict, "last_admin")
		}
	})
	bob := h.user(t, "bob@example.com", domain.LevelAdmin)
	var wg sync.WaitGroup
	for _, id := range []string{ana.ID, bob.ID} {
		wg.Go(func() {
			if _, err := h.UpdateUser(t.Context(), admin, id, domain.UserPatch{Level: ptr(domain.LevelMember)}); err != nil && domain.CodeOf(err) != "last_admin" {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	left, err := h.Users(t.Context(), domain.UserFilter{Level: domain.LevelAdmin}, domain.Page{})
	if err != nil || len(left.Items) != 1 {
		t.Errorf("%d admins are left, %v", len(left.Items), err)
	}
}
