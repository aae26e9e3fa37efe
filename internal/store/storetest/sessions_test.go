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

// newSession is a session of a user that began d after t0.
func newSession(u domain.User, secret string, d time.Duration) domain.Session {
	at := t0.Add(d)
	return domain.Session{Hash: domain.Secret(secret).Hash(), UserID: u.ID, Level: u.Level,
		CreatedAt: at, SeenAt: at, ExpiresAt: at.Add(domain.SessionLife)}
}

func putSession(t *testing.T, s *store.Store, u domain.User, secret string, d time.Duration) domain.Session {
	t.Helper()
	session := newSession(u, secret, d)
	if err := s.CreateSession(t.Context(), session, u.PasswordHash, u.PasswordHash, did("session.create", u.ID)); err != nil {
		t.Fatal(err)
	}
	return session
}

// live reports whether the session is stored.
func live(t *testing.T, s *store.Store, hash domain.SecretHash) bool {
	t.Helper()
	_, err := s.Session(t.Context(), hash)
	if err != nil && domain.KindOf(err) != domain.NotFound {
		t.Fatal(err)
	}
	return err == nil
}

func TestSessionRoundTrip(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		ana := putUser(t, s, "ana@example.com", domain.LevelMember)
		session := putSession(t, s, ana, "s", time.Minute)
		if got, err := s.Session(ctx, session.Hash); err != nil || got != session {
			t.Errorf("got %+v, %v; want %+v", got, err, session)
		}
		if u, err := s.User(ctx, ana.ID); err != nil || u.LastSignInAt != session.CreatedAt {
			t.Errorf("last sign-in at %v, %v; want %v", u.LastSignInAt, err, session.CreatedAt)
		}
		later := session.SeenAt.Add(time.Minute)
		for _, at := range []time.Time{later, session.SeenAt} { // an earlier time changes nothing
			if err := s.TouchSession(ctx, session.Hash, at); err != nil {
				t.Fatal(err)
			}
			if got, err := s.Session(ctx, session.Hash); err != nil || got.SeenAt != later {
				t.Errorf("seen at %v, %v; want %v", got.SeenAt, err, later)
			}
		}
		before := events(t, s)
		if err := s.DeleteSession(ctx, session.Hash, did("session.delete", ana.ID)); err != nil {
			t.Fatal(err)
		}
		if events(t, s) != before+1 {
			t.Error("the end was not recorded")
		}
		unchanged(t, s, func() {
			wantError(t, s.DeleteSession(ctx, session.Hash, did("session.delete", ana.ID)), domain.NotFound, "not_found", "")
			if err := s.TouchSession(ctx, session.Hash, later); err != nil || live(t, s, session.Hash) {
				t.Errorf("a touch brought the session back: %v", err)
			}
		})
	})
}

func TestSessionNeedsTheVerifiedPassword(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		ana := putUser(t, s, "ana@example.com", domain.LevelMember)
		if err := s.CreateSession(ctx, newSession(ana, "first", 0), "", "renewed", did("session.create", ana.ID)); err != nil {
			t.Fatal(err)
		}
		if u, err := s.User(ctx, ana.ID); err != nil || u.PasswordHash != "renewed" {
			t.Errorf("the hash was not renewed (%v)", err)
		}
		second := newSession(ana, "second", 0)
		unchanged(t, s, func() {
			wantError(t, s.CreateSession(ctx, second, "", "", did("session.create", ana.ID)), domain.Conflict, "credentials_changed", "")
		})
		if _, err := s.UpdateUser(ctx, ana.ID, func(u *domain.User) (domain.Event, error) {
			u.Status = domain.StatusSuspended
			return did("user.update", u.ID), nil
		}); err != nil {
			t.Fatal(err)
		}
		wantError(t, s.CreateSession(ctx, second, "renewed", "renewed", did("session.create", ana.ID)), domain.Conflict, "credentials_changed", "")
		if live(t, s, second.Hash) {
			t.Error("a refused session was stored")
		}
		if u, err := s.User(ctx, ana.ID); err != nil || u.PasswordHash != "renewed" {
			t.Errorf("a refused session changed the hash (%v)", err)
		}
	})
}

func TestReplaceSession(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		ana, bob := putUser(t, s, "ana@example.com", domain.LevelMember), putUser(t, s, "bob@example.com", domain.LevelMember)
		old := putSession(t, s, ana, "old", 0)
		unchanged(t, s, func() {
			wantError(t, s.ReplaceSession(ctx, old.Hash, newSession(bob, "bob's", 0), did("session.renew", bob.ID)), domain.NotFound, "not_found", "")
		})
		var won atomic.Int64
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				err := s.ReplaceSession(ctx, old.Hash, newSession(ana, fmt.Sprint("new", i), 0), did("session.renew", ana.ID))
				if err == nil {
					won.Add(1)
				} else if domain.KindOf(err) != domain.NotFound {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		stored := 0
		for i := range 6 {
			if live(t, s, domain.Secret(fmt.Sprint("new", i)).Hash()) {
				stored++
			}
		}
		if won.Load() != 1 || stored != 1 || live(t, s, old.Hash) || live(t, s, domain.Secret("bob's").Hash()) {
			t.Errorf("%d replaced the session, %d successors are stored, the old one lives: %t", won.Load(), stored, live(t, s, old.Hash))
		}
	})
}

func TestSessionsPerUserAreBounded(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ana, bob := putUser(t, s, "ana@example.com", domain.LevelMember), putUser(t, s, "bob@example.com", domain.LevelMember)
		bobs := putSession(t, s, bob, "bob's", -time.Hour)
		const n, most = 25, 20
		var wg sync.WaitGroup
		for i := range n {
			putOne := func() {
				session := newSession(ana, fmt.Sprint("s", i), time.Duration(i)*time.Second)
				if err := s.CreateSession(t.Context(), session, "", "", did("session.create", ana.ID)); err != nil {
					t.Error(err)
				}
			}
			if i < most { // then the bound is reached, and five sign-ins come at once
				putOne()
			} else {
				wg.Go(putOne)
			}
		}
		wg.Wait()
		count := 0
		for i := range n {
			if live(t, s, domain.Secret(fmt.Sprint("s", i)).Hash()) {
				count++
			} else if i >= most {
				t.Errorf("session %d, one of the newest, is gone", i)
			}
		}
		if count != most || !live(t, s, bobs.Hash) {
			t.Errorf("%d sessions are stored, want %d; bob's lives: %t", count, most, live(t, s, bobs.Hash))
		}
	})
}

func TestDeleteSessions(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ana, bob := putUser(t, s, "ana@example.com", domain.LevelMember), putUser(t, s, "bob@example.com", domain.LevelMember)
		kept, ended, bobs := putSession(t, s, ana, "kept", 0), putSession(t, s, ana, "ended", 0), putSession(t, s, bob, "bob's", 0)
		before := events(t, s)
		if err := s.DeleteSessions(t.Context(), ana.ID, kept.Hash, did("user.end_sessions", ana.ID)); err != nil {
			t.Fatal(err)
		}
		if !live(t, s, kept.Hash) || live(t, s, ended.Hash) || !live(t, s, bobs.Hash) || events(t, s) != before+1 {
			t.Error("not just the other sessions ended, or it was not recorded")
		}
		unchanged(t, s, func() {
			if err := s.DeleteSessions(t.Context(), ana.ID, kept.Hash, did("user.end_sessions", ana.ID)); err != nil {
				t.Error(err)
			}
		})
		if err := s.DeleteSessions(t.Context(), ana.ID, domain.SecretHash{}, did("user.end_sessions", ana.ID)); err != nil || live(t, s, kept.Hash) {
			t.Errorf("the last session lives: %v", err)
		}
	})
}

func TestCleanSessions(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ana := putUser(t, s, "ana@example.com", domain.LevelMember)
		now := t0.Add(domain.SessionLife)
		idle := putSession(t, s, ana, "idle", domain.SessionLife-domain.SessionIdle)
		fresh := putSession(t, s, ana, "fresh", domain.SessionLife-domain.SessionIdle+time.Microsecond)
		old := putSession(t, s, ana, "old", 0)
		if err := s.TouchSession(t.Context(), old.Hash, now.Add(-time.Second)); err != nil {
			t.Fatal(err)
		}
		if err := s.CleanSessions(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		if live(t, s, idle.Hash) || live(t, s, old.Hash) || !live(t, s, fresh.Hash) {
			t.Errorf("idle lives: %t, old lives: %t, fresh lives: %t", live(t, s, idle.Hash), live(t, s, old.Hash), live(t, s, fresh.Hash))
		}
	})
}

func TestChangePassword(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		ana := putUser(t, s, "ana@example.com", domain.LevelMember)
		mine, other := putSession(t, s, ana, "mine", 0), putSession(t, s, ana, "other", 0)
		link := putLink(t, s, ana.ID, "link")
		next := newSession(ana, "next", 0)
		ev := did("user.change_password", ana.ID)
		unchanged(t, s, func() {
			wantError(t, s.ChangePassword(ctx, "stale", "fresh", mine.Hash, next, ev), domain.Conflict, "credentials_changed", "")
			wantError(t, s.ChangePassword(ctx, "", "fresh", domain.Secret("ended").Hash(), next, ev), domain.NotFound, "not_found", "")
		})
		if u, err := s.User(ctx, ana.ID); err != nil || u.PasswordHash != "" || !live(t, s, other.Hash) {
			t.Errorf("a refused change had an effect (%v)", err)
		}
		if err := s.ChangePassword(ctx, "", "fresh", mine.Hash, next, ev); err != nil {
			t.Fatal(err)
		}
		if u, err := s.User(ctx, ana.ID); err != nil || u.PasswordHash != "fresh" {
			t.Errorf("the hash was not set (%v)", err)
		}
		if live(t, s, mine.Hash) || live(t, s, other.Hash) || !live(t, s, next.Hash) {
			t.Error("not just the successor lives")
		}
		_, err := s.SetupLink(ctx, link.Hash)
		wantError(t, err, domain.NotFound, "not_found", "")
	})
}
