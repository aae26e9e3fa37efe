package signin

import (
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
)

func TestSignIn(t *testing.T) {
	e := newEnv(t)
	u := e.addUser("ana@example.com", domain.LevelMember, goodPassword)
	a, err := e.SignIn(t.Context(), home, " Ana@Example.com ", goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(a.Secret.Reveal(), domain.PrefixSession) || len(a.Secret) < len(domain.PrefixSession)+43 {
		t.Errorf("the session's secret is not 256 bits with its prefix")
	}
	want := domain.Caller{UserID: u.ID, Email: u.Email, Name: u.Name, Level: domain.LevelMember, Roles: []string{},
		Via: domain.ViaSession, IP: home.IP, RequestID: home.RequestID}
	got, err := e.Authenticate(t.Context(), home, a.Secret)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []domain.Caller{a.Caller, got.Caller} {
		if c.UserID != want.UserID || c.Email != want.Email || c.Name != want.Name || c.Level != want.Level || c.Via != want.Via ||
			c.IP != want.IP || c.RequestID != want.RequestID || !slices.Equal(c.Roles, want.Roles) {
			t.Errorf("caller %+v, want %+v", c, want)
		}
	}
	if got.Secret != "" {
		t.Error("a session whose level has not changed got a new secret")
	}
	if got.User.LastSignInAt != e.now() {
		t.Errorf("last sign-in at %v, want %v", got.User.LastSignInAt, e.now())
	}
	events := e.events("session.create")
	if len(events) != 1 || events[0].Outcome != domain.OutcomeSuccess || events[0].Actor.ID != u.ID || events[0].Target.ID != u.ID ||
		events[0].IP != home.IP || events[0].RequestID != home.RequestID {
		t.Errorf("events %+v", events)
	}
	e.noneLeaked(a.Secret, goodPassword)
}

// Nothing that a caller sees, and no work that is done, tells which part was wrong.
func TestRefusedSignInsAreAlike(t *testing.T) {
	e := newEnv(t)
	e.addUser("ana@example.com", domain.LevelMember, goodPassword)
	e.addUser("new@example.com", domain.LevelMember, "")
	gone := e.addUser("gone@example.com", domain.LevelMember, goodPassword)
	e.updateUser(gone.ID, func(u *domain.User) { u.Status = domain.StatusSuspended })

	for _, c := range []struct {
		name, email string
		password    domain.Secret
		reason      string
	}{
		{"wrong password", "ana@example.com", nextPassword, "wrong_password"},
		{"empty password", "ana@example.com", "", "wrong_password"},
		{"huge password", "ana@example.com", domain.Secret(strings.Repeat("x", 1<<20)), "wrong_password"},
		{"unknown email", "bob@example.com", goodPassword, "unknown_account"},
		{"no email", "", goodPassword, "unknown_account"},
		{"a NUL in the email", "ana@example.com\x00", goodPassword, "unknown_account"},
		{"invalid UTF-8 in the email", "ana\xff@example.com", goodPassword, "unknown_account"},
		{"huge email", strings.Repeat("x", 1<<20) + "@example.com", goodPassword, "unknown_account"},
		{"SQL in the email", `' OR '1'='1`, goodPassword, "unknown_account"},
		{"suspended, right password", "gone@example.com", goodPassword, "user_suspended"},
		{"suspended, wrong password", "gone@example.com", nextPassword, "wrong_password"},
		{"no password yet", "new@example.com", goodPassword, "no_password"},
		{"no password yet, none given", "new@example.com", "", "no_password"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e.clock.Advance(time.Hour)
			if err := e.Refusals.Flush(t.Context(), true); err != nil {
				t.Fatal(err)
			}
			before, runs := len(e.events("session.create")), e.Hasher.Runs()
			a, err := e.SignIn(t.Context(), home, c.email, c.password)
			got := wantError(t, err, domain.Unauthenticated, "invalid_credentials")
			if got.Error() != "invalid_credentials: Email or password is wrong." || a.Secret != "" || a.User.ID != "" {
				t.Errorf("answer %v with %+v", got, a)
			}
			if n := e.Hasher.Runs() - runs; n != 1 {
				t.Errorf("%d hashes were computed, want 1", n)
			}
			events := e.events("session.create")[before:]
			if len(events) != 1 || events[0].Outcome != domain.OutcomeRefused || !slices.Equal(reasonCodes(events), []string{c.reason}) {
				t.Fatalf("events %+v, want one refused for %s", events, c.reason)
			}
			if events[0].Actor.Type != "anonymous" || events[0].Actor.ID != "" || (events[0].Target.ID == "") != (c.reason == "unknown_account") {
				t.Errorf("event of %+v on %+v", events[0].Actor, events[0].Target)
			}
			if strings.Contains(string(mustEncode(t, events[0])), "bob@") {
				t.Error("the event repeats what was typed as an email: it may have been a password")
			}
		})
	}
	var sessions int
	if err := e.db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM sessions`).Scan(&sessions); err != nil || sessions != 0 {
		t.Errorf("%d sessions were made by refused sign-ins (%v)", sessions, err)
	}
	e.noneLeaked(goodPassword, nextPassword)
}

func mustEncode(t *testing.T, ev domain.Event) []byte {
	t.Helper()
	b, err := ev.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Throttled attempts do no hashing, even with the right password, and say when to come back.
func TestThrottledSignIn(t *testing.T) {
	e := newEnv(t)
	e.addUser("ana@example.com", domain.LevelMember, goodPassword)
	for range perPair.burst {
		_, err := e.SignIn(t.Context(), home, "ana@example.com", nextPassword)
		wantError(t, err, domain.Unauthenticated, "invalid_credentials")
	}
	runs := e.Hasher.Runs()
	for range 5 {
		_, err := e.SignIn(t.Context(), home, "ana@example.com", goodPassword)
		if got := wantError(t, err, domain.RateLimited, "rate_limited"); got.RetryAfter != perPair.refill {
			t.Errorf("told to wait %v, want %v", got.RetryAfter, perPair.refill)
		}
	}
	if e.Hasher.Runs() != runs {
		t.Error("a throttled attempt was hashed")
	}
	if _, err := e.SignIn(t.Context(), Peer{IP: "192.0.2.99"}, "ana@example.com", goodPassword); err != nil {
		t.Errorf("from another address: %v", err)
	}
	e.clock.Advance(perPair.refill)
	e.signIn("ana@example.com", goodPassword)
	for range perPair.burst { // the success gave all back
		_, err := e.SignIn(t.Context(), home, "ana@example.com", nextPassword)
		wantError(t, err, domain.Unauthenticated, "invalid_credentials")
	}
	if err := e.Refusals.Flush(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	var throttled, wrong int
	for _, ev := range e.events("session.create") {
		switch codes := reasonCodes([]domain.Event{ev}); {
		case slices.Contains(codes, "throttled"):
			throttled += max(ev.Count, 1)
		case slices.Contains(codes, "wrong_password"):
			wrong += max(ev.Count, 1)
		}
	}
	if throttled != 5 || wrong != 2*perPair.burst {
		t.Errorf("the log counts %d throttled and %d wrong attempts, want 5 and %d", throttled, wrong, 2*perPair.burst)
	}
}

// A session that existed before a sign-in, planted or not, is not the one that results.
func TestSignInAlwaysMakesANewSession(t *testing.T) {
	e := newEnv(t)
	e.addUser("ana@example.com", domain.LevelMember, goodPassword)
	first, second := e.signIn("ana@example.com", goodPassword), e.signIn("ana@example.com", goodPassword)
	if first.Secret == second.Secret || first.Session.Hash == second.Session.Hash {
		t.Error("two sign-ins share a session")
	}
	planted := domain.Secret(domain.PrefixSession + strings.Repeat("A", 43))
	_, err := e.Authenticate(t.Context(), home, planted)
	wantError(t, err, domain.Unauthenticated, "session_ended")
}

func TestPasswordChangedDuringSignIn(t *testing.T) {
	e := newEnv(t)
	u := e.addUser("ana@example.com", domain.LevelMember, goodPassword)
	e.updateUser(u.ID, func(u *domain.User) { u.PasswordHash = e.hash(nextPassword) })
	// What the sign-in read before the change:
	e.Accounts = accountsStub{e.store, func(read *domain.User) { read.PasswordHash = u.PasswordHash }}
	_, err := e.SignIn(t.Context(), home, "ana@example.com", goodPassword)
	wantError(t, err, domain.Unauthenticated, "invalid_credentials")
	if codes := reasonCodes(e.events("session.create")); !slices.Equal(codes, []string{"credentials_changed"}) {
		t.Errorf("reasons %v", codes)
	}
}

func (e *env) hash(password domain.Secret) domain.Secret {
	e.t.Helper()
	h, err := e.Hasher.Hash(e.t.Context(), password)
	if err != nil {
		e.t.Fatal(err)
	}
	return h
}

func TestSignInRenewsOldHashes(t *testing.T) {
	e := newEnv(t)
	old := e.addUser("ana@example.com", domain.LevelMember, goodPassword)
	stronger := cheapParams()
	stronger.Iterations++
	e.Hasher = newHasher(stronger, 1, 0)
	e.signIn("ana@example.com", goodPassword)
	u, err := e.store.User(t.Context(), old.ID)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := readParams(u.PasswordHash); err != nil || p != stronger {
		t.Errorf("the hash has parameters %+v, %v; want %+v", p, err, stronger)
	}
	runs := e.Hasher.Runs()
	e.signIn("ana@example.com", goodPassword)
	if n := e.Hasher.Runs() - runs; n != 1 {
		t.Errorf("signing in again took %d hashes, want 1", n)
	}
}

// A planted hash is refused before it costs anything, and says nothing to the caller.
func TestSignInWithAPlantedHash(t *testing.T) {
	e := newEnv(t)
	u := e.addUser("ana@example.com", domain.LevelMember, goodPassword)
	e.updateUser(u.ID, func(u *domain.User) {
		u.PasswordHash = "$argon2id$v=19$m=4194304,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA"
	})
	runs := e.Hasher.Runs()
	_, err := e.SignIn(t.Context(), home, "ana@example.com", goodPassword)
	if err == nil || domain.KindOf(err) != domain.Internal || e.Hasher.Runs() != runs {
		t.Errorf("got %v after %d hashes", err, e.Hasher.Runs()-runs)
	}
}
