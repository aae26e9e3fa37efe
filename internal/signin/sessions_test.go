package signin

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"authsec/internal/domain"
)

// Each row uses a session after each of the given pauses; ends says whether the last use is refused.
func TestSessionLimits(t *testing.T) {
	repeat := func(d time.Duration, n int) (out []time.Duration) {
		for range n {
			out = append(out, d)
		}
		return out
	}
	for name, c := range map[string]struct {
		pauses []time.Duration
		ends   bool
	}{
		"just not idle":         {[]time.Duration{domain.SessionIdle - time.Microsecond}, false},
		"idle":                  {[]time.Duration{domain.SessionIdle}, true},
		"idle for long":         {[]time.Duration{1000 * time.Hour}, true},
		"used in time, twice":   {[]time.Duration{20 * time.Minute, 20 * time.Minute}, false},
		"used, then idle":       {[]time.Duration{20 * time.Minute, domain.SessionIdle}, true},
		"used for 11 h 58":      {repeat(2*time.Minute, 359), false},
		"used for 12 h":         {repeat(2*time.Minute, 360), true},
		"seconds do not extend": {append(repeat(time.Second, 59), domain.SessionIdle-59*time.Second), true},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			e.addUser("ana@example.com", domain.LevelMember, goodPassword)
			a := e.signIn("ana@example.com", goodPassword)
			for i, pause := range c.pauses {
				e.clock.Advance(pause)
				got, err := e.Authenticate(t.Context(), home, a.Secret)
				if last := i == len(c.pauses)-1; last && c.ends {
					wantError(t, err, domain.Unauthenticated, "session_ended")
				} else if err != nil {
					t.Fatalf("use %d: %v", i+1, err)
				} else if got.Session.EndsAt().Before(e.now()) {
					t.Errorf("use %d: said to end at %v, before now", i+1, got.Session.EndsAt())
				}
			}
		})
	}
}

func TestLastUseIsWrittenOnceAMinute(t *testing.T) {
	e := newEnv(t)
	e.addUser("ana@example.com", domain.LevelMember, goodPassword)
	a := e.signIn("ana@example.com", goodPassword)
	for _, c := range []struct{ pause, seen time.Duration }{
		{30 * time.Second, 0}, {29 * time.Second, 0}, {time.Second, time.Minute}, {59 * time.Second, time.Minute}, {time.Second, 2 * time.Minute},
	} {
		e.clock.Advance(c.pause)
		got, err := e.Authenticate(t.Context(), home, a.Secret)
		if err != nil {
			t.Fatal(err)
		}
		stored, err := e.store.Session(t.Context(), a.Session.Hash)
		if err != nil {
			t.Fatal(err)
		}
		if want := a.Session.CreatedAt.Add(c.seen); stored.SeenAt != want || got.Session.SeenAt != want {
			t.Errorf("seen at %v, stored %v, want %v", got.Session.SeenAt, stored.SeenAt, want)
		}
	}
}

func TestUnusableSessionSecrets(t *testing.T) {
	e := newEnv(t)
	e.addUser("ana@example.com", domain.LevelMember, goodPassword)
	a := e.signIn("ana@example.com", goodPassword)
	for name, secret := range map[string]domain.Secret{
		"none":            "",
		"no prefix":       domain.Secret(strings.TrimPrefix(a.Secret.Reveal(), domain.PrefixSession)),
		"another's":       domain.Secret(domain.PrefixAPIToken + strings.TrimPrefix(a.Secret.Reveal(), domain.PrefixSession)),
		"more at the end": a.Secret + "x",
		"huge":            a.Secret + domain.Secret(strings.Repeat("x", 1<<20)),
		"its hash":        domain.Secret(domain.Hash(a.Session.Hash).String()),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := e.Authenticate(t.Context(), home, secret)
			wantError(t, err, domain.Unauthenticated, "session_ended")
		})
	}
}

// What cannot be one of our secrets is not even hashed.
func TestSecretHash(t *testing.T) {
	const p = domain.PrefixSession
	for secret, want := range map[domain.Secret]bool{
		p + "x": true, "": false, "x": false, "xx" + p: false, domain.PrefixAPIToken + "x": false,
		domain.Secret(p + strings.Repeat("x", domain.MaxSecretBytes-len(p))):   true,
		domain.Secret(p + strings.Repeat("x", domain.MaxSecretBytes-len(p)+1)): false,
	} {
		hash, ok := secretHash(secret, p)
		if ok != want || (hash == secret.Hash()) != want {
			t.Errorf("secretHash of %d bytes that start with %.12q: %t, want %t", len(secret), secret.Reveal(), ok, want)
		}
	}
}

func TestLevelChangeRenewsTheSession(t *testing.T) {
	e := newEnv(t)
	u := e.addUser("ana@example.com", domain.LevelMember, goodPassword)
	old := e.signIn("ana@example.com", goodPassword)
	e.clock.Advance(10 * time.Minute)
	e.updateUser(u.ID, func(u *domain.User) { u.Level = domain.LevelAdmin })

	renewed, err := e.Authenticate(t.Context(), home, old.Secret)
	if err != nil {
		t.Fatal(err)
	}
	if renewed.Secret == "" || renewed.Secret == old.Secret || renewed.Caller.Level != domain.LevelAdmin {
		t.Fatalf("the level changed, but the session is %+v", renewed)
	}
	if renewed.Session.ExpiresAt != old.Session.ExpiresAt {
		t.Errorf("a renewal moved the absolute end from %v to %v", old.Session.ExpiresAt, renewed.Session.ExpiresAt)
	}
	_, err = e.Authenticate(t.Context(), home, old.Secret)
	wantError(t, err, domain.Unauthenticated, "session_ended")
	again, err := e.Authenticate(t.Context(), home, renewed.Secret)
	if err != nil || again.Secret != "" || again.Caller.Level != domain.LevelAdmin {
		t.Errorf("the new secret gives %+v, %v", again, err)
	}
	events := e.events("session.renew")
	if len(events) != 1 || string(events[0].Before) != `{"level":"member"}` || string(events[0].After) != `{"level":"admin"}` {
		t.Errorf("events %+v", events)
	}
	e.noneLeaked(old.Secret, renewed.Secret)
}

func TestConcurrentRenewalHasOneWinner(t *testing.T) {
	e := newEnv(t)
	u := e.addUser("ana@example.com", domain.LevelMember, goodPassword)
	old := e.signIn("ana@example.com", goodPassword)
	e.updateUser(u.ID, func(u *domain.User) { u.Level = domain.LevelAuditor })
	var won atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			a, err := e.Authenticate(t.Context(), home, old.Secret)
			switch {
			case err == nil && a.Secret != "":
				won.Add(1)
			case domain.CodeOf(err) != "session_ended":
				t.Errorf("a loser got %v", err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d callers got a new session, want 1", won.Load())
	}
}

func TestSuspensionEndsSessions(t *testing.T) {
	e := newEnv(t)
	u := e.addUser("ana@example.com", domain.LevelMember, goodPassword)
	a := e.signIn("ana@example.com", goodPassword)
	// As if the suspension had left the session: the status is looked at in any case.
	e.Accounts = accountsStub{e.store, func(u *domain.User) { u.Status = domain.StatusSuspended }}
	_, err := e.Authenticate(t.Context(), home, a.Secret)
	wantError(t, err, domain.Unauthenticated, "session_ended")
	e.Accounts = e.store
	_, err = e.Authenticate(t.Context(), home, a.Secret)
	wantError(t, err, domain.Unauthenticated, "session_ended") // it is gone, not asleep
	events := e.events("session.delete")
	if len(events) != 1 || events[0].Target.ID != u.ID || events[0].Actor.Type != "system" {
		t.Errorf("events %+v", events)
	}
}

func TestNewSessionEndsTheOldest(t *testing.T) {
	e := newEnv(t)
	e.addUser("ana@example.com", domain.LevelMember, goodPassword)
	var secrets []domain.Secret
	for range 22 {
		secrets = append(secrets, e.signIn("ana@example.com", goodPassword).Secret)
		e.clock.Advance(time.Second)
	}
	for i, secret := range secrets {
		_, err := e.Authenticate(t.Context(), home, secret)
		if live := err == nil; live != (i >= 2) {
			t.Errorf("session %d of 22: %v", i+1, err)
		}
	}
}

func TestSignOut(t *testing.T) {
	e := newEnv(t)
	e.addUser("ana@example.com", domain.LevelMember, goodPassword)
	e.addUser("bob@example.com", domain.LevelMember, goodPassword)
	a, other, bob := e.signIn("ana@example.com", goodPassword), e.signIn("ana@example.com", goodPassword), e.signIn("bob@example.com", goodPassword)
	wantError(t, e.SignOut(t.Context(), bob.Caller, a.Session), domain.Forbidden, "session_required")
	for range 2 { // the second time it is done already
		if err := e.SignOut(t.Context(), a.Caller, a.Session); err != nil {
			t.Fatal(err)
		}
	}
	_, err := e.Authenticate(t.Context(), home, a.Secret)
	wantError(t, err, domain.Unauthenticated, "session_ended")
	if _, err := e.Authenticate(t.Context(), home, other.Secret); err != nil {
		t.Errorf("the other session ended too: %v", err)
	}
	if events := e.events("session.delete"); len(events) != 1 {
		t.Errorf("%d events, want 1", len(events))
	}
}

func TestEndSessions(t *testing.T) {
	e := newEnv(t)
	ana := e.addUser("ana@example.com", domain.LevelMember, goodPassword)
	e.addUser("bob@example.com", domain.LevelMember, goodPassword)
	e.addUser("root@example.com", domain.LevelAdmin, goodPassword)
	a, other := e.signIn("ana@example.com", goodPassword), e.signIn("ana@example.com", goodPassword)
	bob, root := e.signIn("bob@example.com", goodPassword), e.signIn("root@example.com", goodPassword)

	wantError(t, e.EndSessions(t.Context(), bob.Caller, ana.ID, domain.SecretHash{}), domain.Forbidden, "forbidden")
	wantError(t, e.EndSessions(t.Context(), root.Caller, "nobody", domain.SecretHash{}), domain.NotFound, "not_found")
	if err := e.EndSessions(t.Context(), a.Caller, ana.ID, a.Session.Hash); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		secret domain.Secret
		live   bool
	}{"spared": {a.Secret, true}, "other": {other.Secret, false}, "bob's": {bob.Secret, true}} {
		if _, err := e.Authenticate(t.Context(), home, c.secret); (err == nil) != c.live {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := e.EndSessions(t.Context(), root.Caller, ana.ID, domain.SecretHash{}); err != nil {
		t.Fatal(err)
	}
	_, err := e.Authenticate(t.Context(), home, a.Secret)
	wantError(t, err, domain.Unauthenticated, "session_ended")
	if err := e.EndSessions(t.Context(), root.Caller, ana.ID, domain.SecretHash{}); err != nil {
		t.Fatal(err)
	}
	if events := e.events("user.end_sessions"); len(events) != 2 {
		t.Errorf("%d events, want one for each time that something ended", len(events))
	}
}

func TestClean(t *testing.T) {
	e := newEnv(t)
	ana := e.addUser("ana@example.com", domain.LevelMember, goodPassword)
	root := e.addUser("root@example.com", domain.LevelAdmin, goodPassword)
	e.signIn("ana@example.com", goodPassword)
	if _, _, err := e.NewSetupLink(t.Context(), callerOf(root, domain.ViaSession, home), ana.ID); err != nil {
		t.Fatal(err)
	}
	count := func(table string) (n int) {
		if err := e.db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM `+table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, c := range []struct {
		pause           time.Duration
		sessions, links int
	}{{29 * time.Minute, 1, 1}, {time.Minute, 0, 1}, {30 * time.Minute, 0, 0}} {
		e.clock.Advance(c.pause)
		if err := e.Clean(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s, l := count("sessions"), count("setup_links"); s != c.sessions || l != c.links {
			t.Errorf("%d sessions and %d links are left, want %d and %d", s, l, c.sessions, c.links)
		}
	}
}
