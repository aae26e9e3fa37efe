package storetest

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/store"
)

func userEmail(u domain.User) string { return domain.NormalEmail(u.Email) }

func TestUserRoundTrip(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		putRole(t, s, "buyer")
		putRole(t, s, "support")
		u := domain.User{ID: newID(t), Email: "Ana.Duarte@Example.com", Name: "Ana <i>Duarte</i> 🦊", Status: domain.StatusActive,
			Level: domain.LevelMember, Roles: []string{"buyer", "support"}, PasswordHash: "$argon2id$…", CreatedAt: t0, UpdatedAt: t0}
		link := &domain.SetupLink{Hash: domain.Secret("x").Hash(), UserID: u.ID, CreatedAt: t0, ExpiresAt: t0.Add(time.Hour)}
		if err := s.CreateUser(ctx, u, link, did("user.create", u.ID)); err != nil {
			t.Fatal(err)
		}
		if got, err := s.User(ctx, u.ID); err != nil || !reflect.DeepEqual(got, u) {
			t.Errorf("read back %+v, %v", got, err)
		}
		if got, err := s.UserByEmail(ctx, "ANA.duarte@example.COM"); err != nil || !reflect.DeepEqual(got, u) {
			t.Errorf("by email %+v, %v", got, err)
		}
		if got, err := s.SetupLink(ctx, link.Hash); err != nil || !reflect.DeepEqual(got, *link) {
			t.Errorf("its link %+v, %v", got, err)
		}
		for _, email := range []string{"", "bob@example.com", "a\x00b@example.com", "\xff@example.com", strings.Repeat("a", 5000) + "@example.com", "%@example.com"} {
			_, err := s.UserByEmail(ctx, email)
			wantError(t, err, domain.NotFound, "not_found", "")
		}
		unchanged(t, s, func() {
			twin := u
			twin.ID, twin.Email = newID(t), "ana.duarte@EXAMPLE.com"
			wantError(t, s.CreateUser(ctx, twin, nil, did("user.create", twin.ID)), domain.Conflict, "already_exists", "/email")
			twin.Email, twin.Roles = "bob@example.com", []string{"no-such", "support"}
			wantError(t, s.CreateUser(ctx, twin, nil, did("user.create", twin.ID)), domain.Invalid, "invalid_request", "/roles/0")
			_, err := s.UpdateUser(ctx, u.ID, func(u *domain.User) (domain.Event, error) {
				u.Roles = []string{"buyer", "no-such"}
				return did("user.update", u.ID), nil
			})
			wantError(t, err, domain.Invalid, "invalid_request", "/roles/1")
			_, err = s.UpdateUser(ctx, newID(t), func(u *domain.User) (domain.Event, error) { return domain.Event{}, nil })
			wantError(t, err, domain.NotFound, "not_found", "")
		})
		got, err := s.UpdateUser(ctx, u.ID, func(u *domain.User) (domain.Event, error) {
			u.Name, u.Level, u.Roles, u.PasswordHash, u.UpdatedAt = "Ana", domain.LevelAuditor, []string{"support"}, "new", t0.Add(time.Second)
			return did("user.update", u.ID), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if read, err := s.User(ctx, u.ID); err != nil || !reflect.DeepEqual(read, got) || read.PasswordHash != "new" || read.Name != "Ana" || len(read.Roles) != 1 {
			t.Errorf("read back %+v, %v, want %+v", read, err, got)
		}
	})
}

func TestUserFiltersAndSearch(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		putRole(t, s, "support")
		ana := putUser(t, s, "ana@example.com", domain.LevelAdmin)
		bob := putUser(t, s, "bob_b@example.com", domain.LevelMember, "support")
		putUser(t, s, "bobxb@example.com", domain.LevelAuditor)
		if _, err := s.UpdateUser(ctx, bob.ID, func(u *domain.User) (domain.Event, error) {
			u.Status = domain.StatusSuspended
			return did("user.suspend", u.ID), nil
		}); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			filter domain.UserFilter
			q      string
			want   []string
		}{
			{domain.UserFilter{}, "", []string{"ana@example.com", "bob_b@example.com", "bobxb@example.com"}},
			{domain.UserFilter{Level: domain.LevelAdmin}, "", []string{"ana@example.com"}},
			{domain.UserFilter{Status: domain.StatusSuspended}, "", []string{"bob_b@example.com"}},
			{domain.UserFilter{Role: "support"}, "", []string{"bob_b@example.com"}},
			{domain.UserFilter{Role: "support", Level: domain.LevelAdmin}, "", []string{}},
			{domain.UserFilter{}, "BOB_B", []string{"bob_b@example.com"}},
			{domain.UserFilter{}, ana.ID, []string{"ana@example.com"}},
			{domain.UserFilter{}, strings.ToUpper(ana.ID), []string{"ana@example.com"}},
			{domain.UserFilter{}, ana.ID[:8], []string{}},
		} {
			got := found(t, c.q, func(p domain.Page) (domain.List[domain.User], error) { return s.Users(ctx, c.filter, p) }, userEmail)
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("%+v %q found %v, want %v", c.filter, c.q, got, c.want)
			}
		}
		list, err := s.Users(ctx, domain.UserFilter{Role: "support"}, domain.Page{Limit: 1})
		if err != nil || !reflect.DeepEqual(list.Items[0].Roles, []string{"support"}) {
			t.Errorf("listed %+v, %v", list, err)
		}
	})
}

func TestUsersPageWhileRowsAreInserted(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		want := map[string]bool{}
		for i := range 250 {
			// Long and outside ASCII: the cursor must hold any email there can be.
			email := fmt.Sprintf("U%03d%s@example.com", (i*77)%250, strings.Repeat("𝔵", 300))
			if i%2 == 0 {
				email = fmt.Sprintf("u%03d@example.com", (i*77)%250)
			}
			want[domain.NormalEmail(email)] = true
			putUser(t, s, email, domain.LevelMember)
		}
		n := 0
		got := walk(t, 23, func(p domain.Page) (domain.List[domain.User], error) {
			return s.Users(t.Context(), domain.UserFilter{}, p)
		}, userEmail, false, func() {
			putUser(t, s, fmt.Sprintf("a%d@example.com", n), domain.LevelMember)
			putUser(t, s, fmt.Sprintf("u%03d+new@example.com", n*20), domain.LevelMember)
			n++
		})
		seen := 0
		for _, k := range got {
			if want[k] {
				seen++
			}
		}
		if seen != len(want) {
			t.Errorf("read %d of %d rows", seen, len(want))
		}
	})
}

func TestLastAdminStays(t *testing.T) {
	demote := func(u *domain.User) { u.Level = domain.LevelMember }
	suspend := func(u *domain.User) { u.Status = domain.StatusSuspended }
	Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		update := func(id string, edit func(*domain.User)) error {
			_, err := s.UpdateUser(ctx, id, func(u *domain.User) (domain.Event, error) {
				edit(u)
				return did("user.update", u.ID), nil
			})
			return err
		}
		ana := putUser(t, s, "ana@example.com", domain.LevelAdmin)
		putUser(t, s, "bob@example.com", domain.LevelMember)
		carl := putUser(t, s, "carl@example.com", domain.LevelAdmin)
		if err := update(carl.ID, suspend); err != nil {
			t.Fatal(err)
		}
		// A suspended admin is no admin that is left.
		unchanged(t, s, func() {
			for _, edit := range []func(*domain.User){demote, suspend} {
				wantError(t, update(ana.ID, edit), domain.Conflict, "last_admin", "")
			}
		})
		if err := update(carl.ID, demote); err != nil {
			t.Errorf("a suspended admin cannot be demoted: %v", err)
		}
		if err := update(ana.ID, func(u *domain.User) { u.Name = "Ana" }); err != nil {
			t.Errorf("the last admin cannot be renamed: %v", err)
		}

		// Everybody demotes everybody at once, many times: one stays.
		for round := range 5 {
			ids := []string{ana.ID}
			for i := range 3 {
				ids = append(ids, putUser(t, s, fmt.Sprintf("admin-%d-%d@example.com", round, i), domain.LevelAdmin).ID)
			}
			var wg sync.WaitGroup
			for i, id := range ids {
				edit := demote
				if i%2 == 0 {
					edit = suspend
				}
				wg.Go(func() {
					if err := update(id, edit); err != nil && domain.CodeOf(err) != "last_admin" {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			left, err := s.Users(ctx, domain.UserFilter{Level: domain.LevelAdmin, Status: domain.StatusActive}, domain.Page{Limit: 10})
			if err != nil || len(left.Items) != 1 {
				t.Fatalf("round %d left %d active admins, %v", round, len(left.Items), err)
			}
			if err := update(ana.ID, func(u *domain.User) { u.Level, u.Status = domain.LevelAdmin, domain.StatusActive }); err != nil {
				t.Fatal(err)
			}
			for _, u := range left.Items {
				if u.ID == ana.ID {
					continue
				}
				if err := update(u.ID, demote); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func TestSuspensionEndsSessions(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		ana := putUser(t, s, "ana@example.com", domain.LevelMember)
		session := domain.Session{Hash: domain.Secret("s").Hash(), UserID: ana.ID, Level: ana.Level, CreatedAt: t0, SeenAt: t0, ExpiresAt: t0.Add(time.Hour)}
		if err := s.CreateSession(ctx, session, "", "", did("session.create", ana.ID)); err != nil {
			t.Fatal(err)
		}
		set := func(status domain.Status) {
			t.Helper()
			if _, err := s.UpdateUser(ctx, ana.ID, func(u *domain.User) (domain.Event, error) {
				u.Name, u.Status = "Renamed", status
				return did("user.update", u.ID), nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		set(domain.StatusActive)
		if _, err := s.Session(ctx, session.Hash); err != nil {
			t.Errorf("a new name ended the session: %v", err)
		}
		set(domain.StatusSuspended)
		_, err := s.Session(ctx, session.Hash)
		wantError(t, err, domain.NotFound, "not_found", "")
	})
}
