package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/store"
)

func newLink(userID, secret string) domain.SetupLink {
	return domain.SetupLink{Hash: domain.Secret(secret).Hash(), UserID: userID, CreatedAt: t0, ExpiresAt: t0.Add(domain.SetupLinkLife)}
}

func putLink(t *testing.T, s *store.Store, userID, secret string) domain.SetupLink {
	t.Helper()
	l := newLink(userID, secret)
	if err := s.CreateSetupLink(t.Context(), l, did("user.setup_link", userID)); err != nil {
		t.Fatal(err)
	}
	return l
}

// firstUser is an admin that is not stored yet.
func firstUser(t *testing.T, email string) domain.User {
	t.Helper()
	return domain.User{ID: newID(t), Email: email, Name: "Root", Status: domain.StatusActive, Level: domain.LevelAdmin,
		Roles: []string{}, PasswordHash: "hash", CreatedAt: t0, UpdatedAt: t0, LastSignInAt: t0}
}

func countUsers(t *testing.T, s *store.Store) int {
	t.Helper()
	list, err := s.Users(t.Context(), domain.UserFilter{}, domain.Page{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	if exist, err := s.AnyUser(t.Context()); err != nil || exist != (len(list.Items) > 0) {
		t.Errorf("AnyUser = %t, %v with %d users", exist, err, len(list.Items))
	}
	return len(list.Items)
}

func TestNewestSetupLinkCounts(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		first := putLink(t, s, "", "first")
		newest := putLink(t, s, "", "newest")
		ana := putUser(t, s, "ana@example.com", domain.LevelMember)
		anas := putLink(t, s, ana.ID, "ana's")
		_, err := s.SetupLink(ctx, first.Hash)
		wantError(t, err, domain.NotFound, "not_found", "")
		for _, want := range []domain.SetupLink{newest, anas} {
			if got, err := s.SetupLink(ctx, want.Hash); err != nil || got != want {
				t.Errorf("got %+v, %v; want %+v", got, err, want)
			}
		}
		unchanged(t, s, func() {
			wantError(t, s.CreateSetupLink(ctx, newLink("", "late"), did("user.setup_link", "")), domain.Conflict, "users_exist", "")
			wantError(t, s.CreateSetupLink(ctx, newLink(newID(t), "nobody's"), did("user.setup_link", "")), domain.NotFound, "not_found", "")
		})
		if err := s.CleanSetupLinks(ctx, anas.ExpiresAt.Add(-time.Microsecond)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.SetupLink(ctx, anas.Hash); err != nil {
			t.Errorf("a link was cleaned up before its end: %v", err)
		}
		if err := s.CleanSetupLinks(ctx, anas.ExpiresAt); err != nil {
			t.Fatal(err)
		}
		_, err = s.SetupLink(ctx, anas.Hash)
		wantError(t, err, domain.NotFound, "not_found", "")
	})
}

// However the first admin is made, and however many try at once, there is one.
func TestFirstAdminIsOne(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		link := putLink(t, s, "", "link")
		var won atomic.Int64
		var wg sync.WaitGroup
		for i := range 8 {
			u := firstUser(t, fmt.Sprintf("root%d@example.com", i))
			session := newSession(u, fmt.Sprint("s", i), 0)
			wg.Go(func() {
				var err error
				if i%2 == 0 {
					err = s.CreateFirstAdmin(ctx, u, did("user.create", u.ID))
				} else {
					err = s.RedeemFirstAdminLink(ctx, link, u, session, did("user.create", u.ID), did("session.create", u.ID))
				}
				switch kind := domain.KindOf(err); {
				case err == nil:
					won.Add(1)
				case kind != domain.NotFound && domain.CodeOf(err) != "users_exist":
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := countUsers(t, s); won.Load() != 1 || n != 1 {
			t.Errorf("%d made the first admin, there are %d users; want 1 and 1", won.Load(), n)
		}
		_, err := s.SetupLink(ctx, link.Hash)
		wantError(t, err, domain.NotFound, "not_found", "")
	})
}

func TestRedeemFirstAdminLink(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		if n := countUsers(t, s); n != 0 {
			t.Fatalf("%d users in a new database", n)
		}
		link, u := putLink(t, s, "", "link"), firstUser(t, "root@example.com")
		unchanged(t, s, func() {
			late := newSession(u, "late", domain.SetupLinkLife)
			wantError(t, s.RedeemFirstAdminLink(ctx, link, u, late, did("user.create", u.ID)), domain.NotFound, "not_found", "")
			wantError(t, s.RedeemFirstAdminLink(ctx, newLink("", "other"), u, newSession(u, "s", 0), did("user.create", u.ID)), domain.NotFound, "not_found", "")
		})
		session := newSession(u, "s", domain.SetupLinkLife-time.Microsecond)
		before := events(t, s)
		if err := s.RedeemFirstAdminLink(ctx, link, u, session, did("user.create", u.ID), did("session.create", u.ID)); err != nil {
			t.Fatal(err)
		}
		if events(t, s) != before+2 || !live(t, s, session.Hash) {
			t.Error("the session or the events are missing")
		}
		if got, err := s.User(ctx, u.ID); err != nil || got.Level != domain.LevelAdmin || got.PasswordHash != "hash" {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

// A user made meanwhile makes the link useless, and the attempt changes nothing.
func TestFirstAdminLinkWithUsers(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		link, u := putLink(t, s, "", "link"), firstUser(t, "root@example.com")
		putUser(t, s, "ana@example.com", domain.LevelMember)
		unchanged(t, s, func() {
			wantError(t, s.RedeemFirstAdminLink(t.Context(), link, u, newSession(u, "s", 0), did("user.create", u.ID)), domain.Conflict, "users_exist", "")
			wantError(t, s.CreateFirstAdmin(t.Context(), u, did("user.create", u.ID)), domain.Conflict, "users_exist", "")
		})
		if n := countUsers(t, s); n != 1 {
			t.Errorf("%d users, want 1", n)
		}
	})
}

func TestRedeemSetupLinkOnce(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		ana := putUser(t, s, "ana@example.com", domain.LevelMember)
		before := putSession(t, s, ana, "before", 0)
		link := putLink(t, s, ana.ID, "link")
		var won atomic.Int64
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				err := s.RedeemSetupLink(ctx, link, domain.Secret(fmt.Sprint("hash", i)), newSession(ana, fmt.Sprint("s", i), time.Minute), did("user.redeem_setup_link", ana.ID))
				if err == nil {
					won.Add(1)
				} else if domain.KindOf(err) != domain.NotFound {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		u, err := s.User(ctx, ana.ID)
		if err != nil || won.Load() != 1 || live(t, s, before.Hash) {
			t.Fatalf("%d redeemed the link, the earlier session lives: %t (%v)", won.Load(), live(t, s, before.Hash), err)
		}
		for i := range 8 {
			if winner := u.PasswordHash == domain.Secret(fmt.Sprint("hash", i)); live(t, s, domain.Secret(fmt.Sprint("s", i)).Hash()) != winner {
				t.Errorf("caller %d: won %t, but their session does not agree", i, winner)
			}
		}
		if u.LastSignInAt != t0.Add(time.Minute) || u.UpdatedAt != t0.Add(time.Minute) {
			t.Errorf("signed in at %v, updated at %v", u.LastSignInAt, u.UpdatedAt)
		}
	})
}

func TestRedeemSetupLinkRefusals(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		ana, bob := putUser(t, s, "ana@example.com", domain.LevelMember), putUser(t, s, "bob@example.com", domain.LevelMember)
		link := putLink(t, s, ana.ID, "link")
		redeem := func(l domain.SetupLink, u domain.User, d time.Duration) {
			t.Helper()
			unchanged(t, s, func() {
				wantError(t, s.RedeemSetupLink(ctx, l, "hash", newSession(u, "s", d), did("user.redeem_setup_link", u.ID)), domain.NotFound, "not_found", "")
			})
		}
		redeem(link, ana, domain.SetupLinkLife) // over
		wrong := link
		wrong.UserID = bob.ID
		redeem(wrong, bob, 0) // another person's
		if _, err := s.UpdateUser(ctx, ana.ID, func(u *domain.User) (domain.Event, error) {
			u.Status = domain.StatusSuspended
			return did("user.update", u.ID), nil
		}); err != nil {
			t.Fatal(err)
		}
		redeem(link, ana, 0) // suspended
		if _, err := s.SetupLink(ctx, link.Hash); err != nil {
			t.Errorf("a refused redemption used the link up: %v", err)
		}
		wantError(t, s.CreateSetupLink(ctx, newLink(ana.ID, "again"), did("user.setup_link", ana.ID)), domain.Conflict, "user_suspended", "")
		for _, u := range []domain.User{ana, bob} {
			if got, err := s.User(ctx, u.ID); err != nil || got.PasswordHash != "" {
				t.Errorf("%s has a password (%v)", u.Email, err)
			}
		}
	})
}
