package signin

import (
	"strings"
	"testing"

	"authsec/internal/domain"
)

func TestChangePassword(t *testing.T) {
	e := newEnv(t)
	u := e.addUser("ana@example.com", domain.LevelMember, goodPassword)
	root := e.addUser("root@example.com", domain.LevelAdmin, goodPassword)
	a, other := e.signIn("ana@example.com", goodPassword), e.signIn("ana@example.com", goodPassword)
	link, _, err := e.NewSetupLink(t.Context(), callerOf(root, domain.ViaSession, home), u.ID)
	if err != nil {
		t.Fatal(err)
	}

	changed, err := e.ChangePassword(t.Context(), a.Caller, a.Session, goodPassword, nextPassword)
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range map[string]domain.Secret{"old ID": a.Secret, "other session": other.Secret} {
		_, err := e.Authenticate(t.Context(), home, secret)
		if domain.CodeOf(err) != "session_ended" {
			t.Errorf("%s still works: %v", name, err)
		}
	}
	got, err := e.Authenticate(t.Context(), home, changed.Secret)
	if err != nil || got.User.ID != u.ID || got.Session.ExpiresAt != a.Session.ExpiresAt {
		t.Errorf("the new ID gives %+v, %v", got, err)
	}
	_, err = e.SignIn(t.Context(), home, "ana@example.com", goodPassword)
	wantError(t, err, domain.Unauthenticated, "invalid_credentials")
	e.signIn("ana@example.com", nextPassword)
	_, err = e.RedeemSetupLink(t.Context(), home, link, domain.SetupSpec{Password: "another password still"})
	wantError(t, err, domain.Invalid, "invalid_setup_token")

	events := e.events("user.change_password")
	if len(events) != 1 || events[0].Actor.ID != u.ID || events[0].Target.ID != u.ID || events[0].Outcome != domain.OutcomeSuccess {
		t.Errorf("events %+v", events)
	}
	e.noneLeaked(goodPassword, nextPassword, a.Secret, changed.Secret, link)
}

func TestChangePasswordRefusals(t *testing.T) {
	e := newEnv(t)
	u := e.addUser("ana@example.com", domain.LevelMember, goodPassword)
	e.addUser("bob@example.com", domain.LevelMember, goodPassword)
	a, bob := e.signIn("ana@example.com", goodPassword), e.signIn("bob@example.com", goodPassword)

	for name, c := range map[string]struct {
		current, fresh domain.Secret
		field, code    string
		hashes         uint64
	}{
		"wrong current":      {nextPassword, "a third password", "/current_password", "wrong_password", 1},
		"huge current":       {domain.Secret(strings.Repeat("x", 1<<20)), nextPassword, "/current_password", "wrong_password", 1},
		"too short":          {goodPassword, "short", "/new_password", "too_short", 0},
		"too long":           {goodPassword, domain.Secret(strings.Repeat("x", domain.MaxPassword+1)), "/new_password", "too_long", 0},
		"invalid UTF-8":      {goodPassword, "correct horse\xff battery", "/new_password", "invalid_utf8", 0},
		"control character":  {goodPassword, "correct horse\x00 battery", "/new_password", "control_character", 0},
		"the same":           {goodPassword, goodPassword, "/new_password", "unchanged", 0},
		"the email":          {goodPassword, "ana@example.com", "/new_password", "contains_email", 0},
		"the email, dressed": {goodPassword, "xx ANA@Example.COM 99", "/new_password", "contains_email", 0},
	} {
		t.Run(name, func(t *testing.T) {
			e.Throttle = NewThrottle()
			runs := e.Hasher.Runs()
			_, err := e.ChangePassword(t.Context(), a.Caller, a.Session, c.current, c.fresh)
			wantField(t, err, c.field, c.code)
			if says := err.Error(); c.hashes > 0 && !strings.Contains(says, "The current password is wrong.") {
				t.Errorf("it says %s", says) // people read it under the field
			}
			if n := e.Hasher.Runs() - runs; n != c.hashes {
				t.Errorf("%d hashes were computed, want %d", n, c.hashes)
			}
		})
	}
	token := a.Caller
	token.Via = domain.ViaAPIToken
	for name, c := range map[string]struct {
		caller  domain.Caller
		session domain.Session
	}{
		"API token":           {token, a.Session},
		"API token, bare":     {token, domain.Session{}},
		"another's session":   {a.Caller, bob.Session},
		"command line":        {domain.Operator("root"), domain.Session{}},
		"nobody":              {domain.Caller{Via: domain.ViaSession}, domain.Session{}},
		"nobody with session": {domain.Caller{Via: domain.ViaSession}, a.Session},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := e.ChangePassword(t.Context(), c.caller, c.session, goodPassword, nextPassword)
			wantError(t, err, domain.Forbidden, "session_required")
		})
	}
	if err := e.SignOut(t.Context(), a.Caller, a.Session); err != nil {
		t.Fatal(err)
	}
	_, err := e.ChangePassword(t.Context(), a.Caller, a.Session, goodPassword, nextPassword)
	wantError(t, err, domain.Unauthenticated, "session_ended")
	got, err := e.store.User(t.Context(), u.ID)
	if err != nil || got.PasswordHash != u.PasswordHash {
		t.Errorf("a refused change changed the password (%v)", err)
	}
	e.signIn("bob@example.com", goodPassword)
}

// Somebody at an unlocked screen must not be able to guess the password there.
func TestChangePasswordIsThrottled(t *testing.T) {
	e := newEnv(t)
	u := e.addUser("ana@example.com", domain.LevelMember, goodPassword)
	a := e.signIn("ana@example.com", goodPassword)
	for range perPair.burst {
		_, err := e.ChangePassword(t.Context(), a.Caller, a.Session, "a wrong password", nextPassword)
		wantField(t, err, "/current_password", "wrong_password")
	}
	runs := e.Hasher.Runs()
	_, err := e.ChangePassword(t.Context(), a.Caller, a.Session, goodPassword, nextPassword)
	if got := wantError(t, err, domain.RateLimited, "rate_limited"); got.RetryAfter != perPair.refill {
		t.Errorf("told to wait %v, want %v", got.RetryAfter, perPair.refill)
	}
	if e.Hasher.Runs() != runs {
		t.Error("a throttled attempt was hashed")
	}
	events := e.events("user.change_password")
	if codes := reasonCodes(events); len(codes) != 2 || codes[0] != "wrong_password" || codes[1] != "throttled" || events[0].Actor.ID != u.ID {
		t.Errorf("events %+v", events)
	}
	e.clock.Advance(perPair.refill)
	if _, err := e.ChangePassword(t.Context(), a.Caller, a.Session, goodPassword, nextPassword); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

func TestPasswordChangedTwiceAtOnce(t *testing.T) {
	e := newEnv(t)
	u := e.addUser("ana@example.com", domain.LevelMember, goodPassword)
	a := e.signIn("ana@example.com", goodPassword)
	e.updateUser(u.ID, func(u *domain.User) { u.PasswordHash = e.hash(nextPassword) })
	e.Accounts = accountsStub{e.store, func(read *domain.User) { read.PasswordHash = u.PasswordHash }}
	_, err := e.ChangePassword(t.Context(), a.Caller, a.Session, goodPassword, "a third password")
	wantField(t, err, "/current_password", "wrong_password")
	e.Accounts = e.store
	e.signIn("ana@example.com", nextPassword)
}
