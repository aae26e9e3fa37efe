package signin

import (
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
)

// makeToken makes an API token of a session's person.
func (e *env) makeToken(a Authenticated, name string) (domain.Secret, domain.APIToken) {
	e.t.Helper()
	secret, token, err := e.CreateAPIToken(e.t.Context(), a.Caller, domain.APITokenSpec{Name: name})
	if err != nil {
		e.t.Fatal(err)
	}
	return secret, token
}

func TestAPITokenCarriesItsOwnersAuthority(t *testing.T) {
	e := newEnv(t)
	u := e.addUser("ana@example.com", domain.LevelAdmin, goodPassword)
	e.addUser("root@example.com", domain.LevelAdmin, goodPassword)
	a := e.signIn("ana@example.com", goodPassword)
	secret, token := e.makeToken(a, "  Terraform  ")
	if !strings.HasPrefix(secret.Reveal(), domain.PrefixAPIToken) || len(secret) < len(domain.PrefixAPIToken)+43 || token.Name != "Terraform" {
		t.Errorf("token %+v", token)
	}
	use := func() domain.Caller {
		t.Helper()
		got, err := e.AuthenticateAPIToken(t.Context(), home, secret)
		if err != nil {
			t.Fatal(err)
		}
		return got.Caller
	}
	if c := use(); c.UserID != u.ID || c.Level != domain.LevelAdmin || c.Via != domain.ViaAPIToken || c.IP != home.IP || c.RequestID != home.RequestID {
		t.Errorf("caller %+v", c)
	}
	e.updateUser(u.ID, func(u *domain.User) { u.Level = domain.LevelAuditor })
	if c := use(); c.Level != domain.LevelAuditor {
		t.Errorf("after a demotion the level is %s", c.Level)
	}
	e.updateUser(u.ID, func(u *domain.User) { u.Status = domain.StatusSuspended })
	_, err := e.AuthenticateAPIToken(t.Context(), home, secret)
	wantError(t, err, domain.Unauthenticated, "invalid_token")
	e.updateUser(u.ID, func(u *domain.User) { u.Status = domain.StatusActive })
	use()

	events := e.events("api_token.create")
	if len(events) != 1 || events[0].Actor.ID != u.ID || events[0].Target.ID != token.ID ||
		string(events[0].After) != `{"name":"Terraform","user_id":"`+u.ID+`"}` {
		t.Errorf("events %+v", events)
	}
	e.noneLeaked(secret)
}

func TestAPITokenEnd(t *testing.T) {
	e := newEnv(t)
	e.addUser("ana@example.com", domain.LevelMember, goodPassword)
	a := e.signIn("ana@example.com", goodPassword)
	secret, token, err := e.CreateAPIToken(t.Context(), a.Caller, domain.APITokenSpec{Name: "CI", ExpiresAt: e.now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	e.clock.Advance(time.Hour - time.Microsecond)
	if _, err := e.AuthenticateAPIToken(t.Context(), home, secret); err != nil {
		t.Error(err)
	}
	e.clock.Advance(time.Microsecond)
	_, err = e.AuthenticateAPIToken(t.Context(), home, secret)
	wantError(t, err, domain.Unauthenticated, "invalid_token")
	if err := e.DeleteAPIToken(t.Context(), a.Caller, token.ID); err != nil {
		t.Errorf("a token that is over cannot be deleted: %v", err)
	}
}

func TestAPITokenLastUseIsWrittenOnceAMinute(t *testing.T) {
	e := newEnv(t)
	e.addUser("ana@example.com", domain.LevelMember, goodPassword)
	secret, token := e.makeToken(e.signIn("ana@example.com", goodPassword), "CI")
	first := e.now()
	for _, c := range []struct{ pause, used time.Duration }{{0, 0}, {59 * time.Second, 0}, {time.Second, time.Minute}} {
		e.clock.Advance(c.pause)
		if _, err := e.AuthenticateAPIToken(t.Context(), home, secret); err != nil {
			t.Fatal(err)
		}
		got, err := e.store.APIToken(t.Context(), token.ID)
		if err != nil || got.LastUsedAt != first.Add(c.used) {
			t.Errorf("last used at %v, %v; want %v", got.LastUsedAt, err, first.Add(c.used))
		}
	}
}

func TestCreateAPITokenRefusals(t *testing.T) {
	e := newEnv(t)
	u := e.addUser("ana@example.com", domain.LevelAdmin, goodPassword)
	a := e.signIn("ana@example.com", goodPassword)
	secret, _ := e.makeToken(a, "first")
	viaToken, err := e.AuthenticateAPIToken(t.Context(), home, secret)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]domain.Caller{"API token": viaToken.Caller, "command line": domain.Operator("root"), "nobody": {Via: domain.ViaSession}} {
		t.Run(name, func(t *testing.T) {
			_, _, err := e.CreateAPIToken(t.Context(), c, domain.APITokenSpec{Name: "x"})
			wantError(t, err, domain.Forbidden, "session_required")
		})
	}
	for name, c := range map[string]struct {
		spec        domain.APITokenSpec
		field, code string
	}{
		"no name":           {domain.APITokenSpec{Name: "  "}, "/name", "required"},
		"long name":         {domain.APITokenSpec{Name: strings.Repeat("x", domain.MaxName+1)}, "/name", "too_long"},
		"control character": {domain.APITokenSpec{Name: "a\x00b"}, "/name", "control_character"},
		"ends now":          {domain.APITokenSpec{Name: "x", ExpiresAt: e.now()}, "/expires_at", "in_the_past"},
		"ended":             {domain.APITokenSpec{Name: "x", ExpiresAt: time.Unix(1, 0)}, "/expires_at", "in_the_past"},
		"ends in 2 years":   {domain.APITokenSpec{Name: "x", ExpiresAt: e.now().Add(2 * domain.MaxAPITokenLife)}, "/expires_at", "out_of_range"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := e.CreateAPIToken(t.Context(), a.Caller, c.spec)
			wantField(t, err, c.field, c.code)
		})
	}
	e.addUser("root@example.com", domain.LevelAdmin, goodPassword)
	e.updateUser(u.ID, func(u *domain.User) { u.Status = domain.StatusSuspended })
	_, _, err = e.CreateAPIToken(t.Context(), a.Caller, domain.APITokenSpec{Name: "x"})
	wantError(t, err, domain.Unauthenticated, "session_ended")
}

func TestUnusableAPITokens(t *testing.T) {
	e := newEnv(t)
	e.addUser("ana@example.com", domain.LevelMember, goodPassword)
	a := e.signIn("ana@example.com", goodPassword)
	secret, token := e.makeToken(a, "CI")
	for name, s := range map[string]domain.Secret{
		"none": "", "a session's": a.Secret, "more at the end": secret + "x", "its hash": domain.Secret(domain.Hash(token.Hash).String()),
		"huge": secret + domain.Secret(strings.Repeat("x", 1<<20)), "its ID": domain.Secret(token.ID),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := e.AuthenticateAPIToken(t.Context(), home, s)
			wantError(t, err, domain.Unauthenticated, "invalid_token")
		})
	}
	_, err := e.Authenticate(t.Context(), home, secret)
	wantError(t, err, domain.Unauthenticated, "session_ended")
}

func TestListAndDeleteAPITokens(t *testing.T) {
	e := newEnv(t)
	ana := e.addUser("ana@example.com", domain.LevelMember, goodPassword)
	bob := e.addUser("bob@example.com", domain.LevelMember, goodPassword)
	aud := e.addUser("aud@example.com", domain.LevelAuditor, goodPassword)
	root := e.addUser("root@example.com", domain.LevelAdmin, goodPassword)
	caller := func(u domain.User) domain.Caller { return callerOf(u, domain.ViaSession, home) }
	secret, anas := e.makeToken(e.signIn("ana@example.com", goodPassword), "Ana's")
	_, bobs := e.makeToken(e.signIn("bob@example.com", goodPassword), "Bob's")

	page := domain.Page{Limit: 10}
	for name, c := range map[string]struct {
		caller domain.Caller
		userID string
		want   []string // IDs; nil: Forbidden
	}{
		"own":                  {caller(ana), "", []string{anas.ID}},
		"own, named":           {caller(ana), strings.ToUpper(ana.ID), []string{anas.ID}},
		"another's":            {caller(ana), bob.ID, nil},
		"auditor's own":        {caller(aud), "", []string{}},
		"auditor of another":   {caller(aud), ana.ID, []string{anas.ID}},
		"admin of another":     {caller(root), bob.ID, []string{bobs.ID}},
		"command line":         {domain.Operator("root"), "", []string{bobs.ID, anas.ID}},
		"nobody, of everybody": {domain.Caller{}, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := e.APITokens(t.Context(), c.caller, domain.APITokenFilter{UserID: c.userID}, page)
			if c.want == nil {
				wantError(t, err, domain.Forbidden, "forbidden")
				return
			}
			if err != nil || len(list.Items) != len(c.want) {
				t.Fatalf("got %+v, %v; want %v", list.Items, err, c.want)
			}
			for i, id := range c.want {
				if list.Items[i].ID != id {
					t.Errorf("item %d is %s, want %s", i, list.Items[i].ID, id)
				}
			}
		})
	}
	_, err := e.APITokens(t.Context(), caller(root), domain.APITokenFilter{UserID: "x' OR 1=1"}, page)
	wantField(t, err, "user_id", "invalid_id")

	wantError(t, e.DeleteAPIToken(t.Context(), caller(bob), anas.ID), domain.NotFound, "not_found")
	wantError(t, e.DeleteAPIToken(t.Context(), caller(aud), anas.ID), domain.Forbidden, "forbidden")
	wantError(t, e.DeleteAPIToken(t.Context(), domain.Caller{}, anas.ID), domain.NotFound, "not_found")
	wantError(t, e.DeleteAPIToken(t.Context(), caller(root), "x\x00"), domain.NotFound, "not_found")
	if _, err := e.AuthenticateAPIToken(t.Context(), home, secret); err != nil {
		t.Fatalf("a refused deletion ended the token: %v", err)
	}
	if err := e.DeleteAPIToken(t.Context(), caller(ana), anas.ID); err != nil {
		t.Fatal(err)
	}
	wantError(t, e.DeleteAPIToken(t.Context(), caller(ana), anas.ID), domain.NotFound, "not_found")
	if err := e.DeleteAPIToken(t.Context(), caller(root), bobs.ID); err != nil {
		t.Fatal(err)
	}
	_, err = e.AuthenticateAPIToken(t.Context(), home, secret)
	wantError(t, err, domain.Unauthenticated, "invalid_token")
	events := e.events("api_token.delete")
	if len(events) != 2 || events[0].Actor.ID != ana.ID || events[1].Actor.ID != root.ID || len(events[1].Before) == 0 {
		t.Errorf("events %+v", events)
	}
}
