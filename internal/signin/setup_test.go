package signin

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"authsec/internal/domain"
)

func (e *env) countUsers() (n int) {
	e.t.Helper()
	if err := e.db.QueryRowContext(e.t.Context(), `SELECT COUNT(*) FROM users`).Scan(&n); err != nil {
		e.t.Fatal(err)
	}
	return n
}

func TestFirstAdminFromSettings(t *testing.T) {
	e := newEnv(t)
	a := FirstAdmin{Email: "root@example.com", Password: goodPassword}
	link, created, err := e.EnsureFirstAdmin(t.Context(), a)
	if err != nil || !created || link != "" {
		t.Fatalf("link %t, created %t, %v", link != "", created, err)
	}
	if in := e.signIn("root@example.com", goodPassword); in.Caller.Level != domain.LevelAdmin {
		t.Errorf("the first user is %s", in.Caller.Level)
	}
	a.Email = "other@example.com"
	for _, a := range []FirstAdmin{a, {}} {
		if link, created, err := e.EnsureFirstAdmin(t.Context(), a); err != nil || created || link != "" {
			t.Errorf("with a user there: link %t, created %t, %v", link != "", created, err)
		}
	}
	if n := e.countUsers(); n != 1 {
		t.Errorf("%d users", n)
	}
	events := e.events("user.create")
	if len(events) != 1 || events[0].Actor.Type != "system" || !strings.Contains(string(events[0].After), `"level":"admin"`) {
		t.Errorf("events %+v", events)
	}
	e.noneLeaked(goodPassword)
}

func TestFirstAdminSettingsAreChecked(t *testing.T) {
	e := newEnv(t)
	for name, c := range map[string]struct {
		admin       FirstAdmin
		field, code string
	}{
		"email alone":        {FirstAdmin{Email: "root@example.com"}, "admin-password", "too_short"},
		"password alone":     {FirstAdmin{Password: goodPassword}, "admin-email", "required"},
		"not an email":       {FirstAdmin{Email: "root", Password: goodPassword}, "admin-email", "invalid_email"},
		"email as password":  {FirstAdmin{Email: "root@example.com", Password: "root@example.com"}, "admin-password", "contains_email"},
		"password too short": {FirstAdmin{Email: "root@example.com", Password: "short"}, "admin-password", "too_short"},
	} {
		t.Run(name, func(t *testing.T) {
			_, created, err := e.EnsureFirstAdmin(t.Context(), c.admin)
			wantField(t, err, c.field, c.code)
			if created || e.countUsers() != 0 {
				t.Error("a user was created")
			}
		})
	}
}

// Processes that start at once on one database make one admin.
func TestFirstAdminRace(t *testing.T) {
	e := newEnv(t)
	var wins atomic.Int64
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			email := []string{"a@example.com", "b@example.com", "c@example.com"}[i%3]
			_, created, err := e.EnsureFirstAdmin(t.Context(), FirstAdmin{Email: email, Password: goodPassword})
			if err != nil {
				t.Error(err)
			}
			if created {
				wins.Add(1)
			}
		})
	}
	wg.Wait()
	if wins.Load() != 1 || e.countUsers() != 1 {
		t.Errorf("%d processes created an admin, there are %d users; want 1 and 1", wins.Load(), e.countUsers())
	}
}

func TestFirstAdminLink(t *testing.T) {
	e := newEnv(t)
	first, created, err := e.EnsureFirstAdmin(t.Context(), FirstAdmin{})
	if err != nil || created || !strings.HasPrefix(first.Reveal(), domain.PrefixSetupLink) {
		t.Fatalf("created %t, %v", created, err)
	}
	second, _, err := e.EnsureFirstAdmin(t.Context(), FirstAdmin{})
	if err != nil {
		t.Fatal(err)
	}
	spec := domain.SetupSpec{Password: goodPassword, Email: "root@example.com", Name: "Root"}
	_, err = e.RedeemSetupLink(t.Context(), home, first, spec) // a restart replaced it
	wantError(t, err, domain.Invalid, "invalid_setup_token")

	for name, c := range map[string]struct {
		spec        domain.SetupSpec
		field, code string
	}{
		"no email":           {domain.SetupSpec{Password: goodPassword, Name: "Root"}, "/email", "required"},
		"no name":            {domain.SetupSpec{Password: goodPassword, Email: "root@example.com"}, "/name", "required"},
		"no password":        {domain.SetupSpec{Email: "root@example.com", Name: "Root"}, "/password", "too_short"},
		"the email again":    {domain.SetupSpec{Password: "root@example.com", Email: "root@example.com", Name: "Root"}, "/password", "contains_email"},
		"control characters": {domain.SetupSpec{Password: goodPassword, Email: "root@example.com", Name: "Ro\x00ot"}, "/name", "control_character"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := e.RedeemSetupLink(t.Context(), home, second, c.spec)
			wantField(t, err, c.field, c.code)
		})
	}
	a, err := e.RedeemSetupLink(t.Context(), home, second, spec) // none of these used it up
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.Authenticate(t.Context(), home, a.Secret)
	if err != nil || got.Caller.Level != domain.LevelAdmin || got.Caller.Email != "root@example.com" {
		t.Errorf("signed in as %+v, %v", got.Caller, err)
	}
	e.signIn("root@example.com", goodPassword)
	_, err = e.RedeemSetupLink(t.Context(), home, second, spec)
	wantError(t, err, domain.Invalid, "invalid_setup_token")
	if n := e.countUsers(); n != 1 {
		t.Errorf("%d users", n)
	}
	if links := e.events("user.setup_link"); len(links) != 2 || links[0].Actor.Type != "system" {
		t.Errorf("link events %+v", links)
	}
	if users := e.events("user.create"); len(users) != 1 || users[0].Actor.Type != "anonymous" || users[0].Target.ID != a.User.ID {
		t.Errorf("user events %+v", users)
	}
	if codes := reasonCodes(e.events("user.redeem_setup_link")); !slices.Equal(codes, []string{"invalid_setup_token"}) {
		t.Errorf("refusals %v", codes)
	}
	e.noneLeaked(first, second, goodPassword, a.Secret)
}

// A link that somebody printed is worth nothing once there is a user.
func TestFirstAdminLinkIsDeadOnceThereAreUsers(t *testing.T) {
	e := newEnv(t)
	link, _, err := e.EnsureFirstAdmin(t.Context(), FirstAdmin{})
	if err != nil {
		t.Fatal(err)
	}
	e.addUser("ana@example.com", domain.LevelMember, goodPassword)
	_, err = e.RedeemSetupLink(t.Context(), home, link, domain.SetupSpec{Password: goodPassword, Email: "root@example.com", Name: "Root"})
	wantError(t, err, domain.Invalid, "invalid_setup_token")
	if n := e.countUsers(); n != 1 {
		t.Errorf("%d users", n)
	}
}

func TestUserLink(t *testing.T) {
	e := newEnv(t)
	u := e.addUser("ana@example.com", domain.LevelMember, "")
	root := e.addUser("root@example.com", domain.LevelAdmin, goodPassword)
	admin := callerOf(root, domain.ViaSession, home)
	first, _, err := e.NewSetupLink(t.Context(), admin, u.ID)
	if err != nil {
		t.Fatal(err)
	}
	second, link, err := e.NewSetupLink(t.Context(), admin, strings.ToUpper(u.ID))
	if err != nil {
		t.Fatal(err)
	}
	if link.UserID != u.ID || link.ExpiresAt != e.now().Add(time.Hour) {
		t.Errorf("link %+v", link)
	}
	_, err = e.RedeemSetupLink(t.Context(), home, first, domain.SetupSpec{Password: goodPassword})
	wantError(t, err, domain.Invalid, "invalid_setup_token")
	_, err = e.RedeemSetupLink(t.Context(), home, second, domain.SetupSpec{Password: "short"})
	wantField(t, err, "/password", "too_short")
	_, err = e.RedeemSetupLink(t.Context(), home, second, domain.SetupSpec{Password: goodPassword, Email: "root@example.com"})
	wantField(t, err, "/email", "not_allowed")
	_, err = e.RedeemSetupLink(t.Context(), home, second, domain.SetupSpec{Password: goodPassword, Name: "Root"})
	wantField(t, err, "/name", "not_allowed")
	a, err := e.RedeemSetupLink(t.Context(), home, second, domain.SetupSpec{Password: goodPassword})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := e.Authenticate(t.Context(), home, a.Secret); err != nil || got.Caller.UserID != u.ID || got.Caller.Level != domain.LevelMember {
		t.Errorf("signed in as %+v, %v", got.Caller, err)
	}
	e.signIn("ana@example.com", goodPassword)
	events := e.events("user.redeem_setup_link")
	if last := events[len(events)-1]; last.Outcome != domain.OutcomeSuccess || last.Actor.ID != u.ID {
		t.Errorf("events %+v", events)
	}
	e.noneLeaked(first, second, a.Secret)
}

// A reset by link ends the sessions of whoever had got in before.
func TestUserLinkEndsSessions(t *testing.T) {
	e := newEnv(t)
	u := e.addUser("ana@example.com", domain.LevelMember, goodPassword)
	root := e.addUser("root@example.com", domain.LevelAdmin, goodPassword)
	intruder := e.signIn("ana@example.com", goodPassword)
	link, _, err := e.NewSetupLink(t.Context(), callerOf(root, domain.ViaSession, home), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.RedeemSetupLink(t.Context(), home, link, domain.SetupSpec{Password: nextPassword}); err != nil {
		t.Fatal(err)
	}
	_, err = e.Authenticate(t.Context(), home, intruder.Secret)
	wantError(t, err, domain.Unauthenticated, "session_ended")
	_, err = e.SignIn(t.Context(), home, "ana@example.com", goodPassword)
	wantError(t, err, domain.Unauthenticated, "invalid_credentials")
}

// Unknown, malformed, over and suspended look the same.
func TestUnusableLinksAreAlike(t *testing.T) {
	e := newEnv(t)
	over := e.addUser("over@example.com", domain.LevelMember, "")
	gone := e.addUser("gone@example.com", domain.LevelMember, "")
	admin := callerOf(e.addUser("root@example.com", domain.LevelAdmin, goodPassword), domain.ViaSession, home)
	overLink, _, err := e.NewSetupLink(t.Context(), admin, over.ID)
	if err != nil {
		t.Fatal(err)
	}
	e.clock.Advance(domain.SetupLinkLife)
	goneLink, _, err := e.NewSetupLink(t.Context(), admin, gone.ID)
	if err != nil {
		t.Fatal(err)
	}
	e.updateUser(gone.ID, func(u *domain.User) { u.Status = domain.StatusSuspended })
	runs := e.Hasher.Runs()
	for name, link := range map[string]domain.Secret{
		"none": "", "unknown": domain.Secret(domain.PrefixSetupLink + strings.Repeat("A", 43)), "over": overLink, "suspended": goneLink,
		"a session's": domain.Secret(domain.PrefixSession + strings.Repeat("A", 43)), "huge": goneLink + domain.Secret(strings.Repeat("x", 1<<20)),
	} {
		t.Run(name, func(t *testing.T) {
			e.Throttle = NewThrottle()
			_, err := e.RedeemSetupLink(t.Context(), home, link, domain.SetupSpec{Password: goodPassword})
			if got := wantError(t, err, domain.Invalid, "invalid_setup_token"); got.Error() != invalidSetupToken().Error() {
				t.Errorf("told %v", got)
			}
		})
	}
	if e.Hasher.Runs() != runs {
		t.Error("a password was hashed for a link that cannot be redeemed")
	}
}

func TestLinkIsRedeemedOnce(t *testing.T) {
	e := newEnv(t)
	u := e.addUser("ana@example.com", domain.LevelMember, "")
	root := e.addUser("root@example.com", domain.LevelAdmin, goodPassword)
	link, _, err := e.NewSetupLink(t.Context(), callerOf(root, domain.ViaSession, home), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	var wins atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_, err := e.RedeemSetupLink(t.Context(), home, link, domain.SetupSpec{Password: goodPassword})
			switch {
			case err == nil:
				wins.Add(1)
			case domain.CodeOf(err) != "invalid_setup_token":
				t.Errorf("a loser got %v", err)
			}
		})
	}
	wg.Wait()
	if wins.Load() != 1 {
		t.Errorf("%d callers redeemed the link, want 1", wins.Load())
	}
}

func TestRedemptionIsThrottled(t *testing.T) {
	e := newEnv(t)
	u := e.addUser("ana@example.com", domain.LevelMember, "")
	root := e.addUser("root@example.com", domain.LevelAdmin, goodPassword)
	link, _, err := e.NewSetupLink(t.Context(), callerOf(root, domain.ViaSession, home), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	for range perSetup.burst {
		_, err := e.RedeemSetupLink(t.Context(), home, "authsec_su_guess", domain.SetupSpec{Password: goodPassword})
		wantError(t, err, domain.Invalid, "invalid_setup_token")
	}
	_, err = e.RedeemSetupLink(t.Context(), home, link, domain.SetupSpec{Password: goodPassword})
	if got := wantError(t, err, domain.RateLimited, "rate_limited"); got.RetryAfter != perSetup.refill {
		t.Errorf("told to wait %v, want %v", got.RetryAfter, perSetup.refill)
	}
	if _, err := e.RedeemSetupLink(t.Context(), Peer{IP: "192.0.2.99"}, link, domain.SetupSpec{Password: goodPassword}); err != nil {
		t.Errorf("from another address: %v", err)
	}
}

func TestNewSetupLinkRefusals(t *testing.T) {
	e := newEnv(t)
	u := e.addUser("ana@example.com", domain.LevelMember, "")
	root := e.addUser("root@example.com", domain.LevelAdmin, goodPassword)
	for name, c := range map[string]struct {
		caller domain.Caller
		userID string
		kind   domain.Kind
		code   string
	}{
		"a member":          {callerOf(u, domain.ViaSession, home), u.ID, domain.Forbidden, "forbidden"},
		"nobody":            {domain.Caller{}, u.ID, domain.Forbidden, "forbidden"},
		"an API token":      {callerOf(root, domain.ViaAPIToken, home), u.ID, domain.Forbidden, "session_required"},
		"for nobody":        {callerOf(root, domain.ViaSession, home), "00000000-0000-7000-8000-000000000000", domain.NotFound, "not_found"},
		"for the first one": {callerOf(root, domain.ViaSession, home), "", domain.NotFound, "not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := e.NewSetupLink(t.Context(), c.caller, c.userID)
			wantError(t, err, c.kind, c.code)
		})
	}
	if _, _, err := e.NewSetupLink(t.Context(), domain.Operator("root"), u.ID); err != nil {
		t.Errorf("an operator cannot make a link: %v", err)
	}
	e.updateUser(u.ID, func(u *domain.User) { u.Status = domain.StatusSuspended })
	_, _, err := e.NewSetupLink(t.Context(), callerOf(root, domain.ViaSession, home), u.ID)
	wantError(t, err, domain.Conflict, "user_suspended")
}
