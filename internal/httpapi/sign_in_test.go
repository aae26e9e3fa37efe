package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/identity/providertest"
)

const callback = "/api/v1/sign-in/callback"

// directoryProvider is a real provider, and the entry of it.
func (h *house) directoryProvider(changes object) (*providertest.Provider, string) {
	h.t.Helper()
	peer := providertest.New(h.t, providertest.Client{ID: "console", RedirectURI: h.publicURL.String() + callback}, h.clock.Now)
	body := object{"name": "Directory " + peer.Issuer(), "issuer": peer.Issuer(), "ca_bundle": peer.CABundle(), "sign_in": true, "client_id": "console", "scopes": []string{"email"}}
	for name, value := range changes {
		body[name] = value
	}
	a := h.call("POST", "/api/v1/identity-providers", body, h.as(h.admin)).want(201)
	if a.member("redirect_uri") != h.publicURL.String()+callback {
		h.t.Errorf("redirect_uri: %s", a.body)
	}
	return peer, a.member("id")
}

// begin goes to the provider; it returns where the browser is sent back, and the
// cookie that it keeps.
func (h *house) begin(peer *providertest.Provider, id, returnTo string) (back string, browser *http.Cookie) {
	h.t.Helper()
	a := h.call("GET", "/api/v1/sign-in/"+id+"/start?return_to="+url.QueryEscape(returnTo), nil).want(303)
	browser, err := http.ParseSetCookie(a.header.Get("Set-Cookie"))
	h.must(err)
	if browser.Name != "authsec_sign_in" || !browser.HttpOnly || browser.SameSite != http.SameSiteLaxMode || browser.Path != "/" || browser.MaxAge != 600 {
		h.t.Errorf("cookie: %s", browser)
	}
	req, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, a.header.Get("Location"), nil)
	h.must(err)
	resp, err := peer.HTTP().Do(req)
	h.must(err)
	h.must(resp.Body.Close())
	location, err := resp.Location()
	h.must(err)
	return location.RequestURI(), browser
}

// comeBack is the navigation from the provider's site.
func (h *house) comeBack(back string, browser *http.Cookie) answer {
	h.t.Helper()
	changes := []request{header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Mode", "navigate"), header("Sec-Fetch-Dest", "document")}
	if browser != nil {
		changes = append(changes, func(r *http.Request) { r.AddCookie(&http.Cookie{Name: browser.Name, Value: browser.Value}) })
	}
	return h.call("GET", back, nil, changes...).want(303)
}

// wantError checks that the browser is sent to the console's page with a code,
// and gets no session.
func (a answer) wantError(code string) {
	a.t.Helper()
	if got := a.header.Get("Location"); got != "/sign-in?error="+code {
		a.t.Errorf("sent to %s, want the error %s", got, code)
	}
	for _, c := range a.header.Values("Set-Cookie") {
		if strings.HasPrefix(c, "authsec_session=") {
			a.t.Errorf("a session in spite of %s: %s", code, c)
		}
	}
}

func (a answer) session() domain.Secret {
	a.t.Helper()
	for _, c := range a.header.Values("Set-Cookie") {
		if parsed, err := http.ParseSetCookie(c); err == nil && parsed.Name == "authsec_session" {
			return domain.Secret(parsed.Value)
		}
	}
	a.t.Fatalf("no session: sent to %s", a.header.Get("Location"))
	return ""
}

// TestSignInFromAProvider: linked by an admin, then signed in, as that user.
func TestSignInFromAProvider(t *testing.T) {
	h := newHouse(t, options{})
	peer, id := h.directoryProvider(nil)
	if a := h.call("GET", "/api/v1/sign-in/providers", nil).want(200); !strings.Contains(a.body, id) || strings.Contains(a.body, "issuer") {
		t.Errorf("%s", a.body)
	}
	peer.At(map[string]any{"sub": "00u1", "email": h.other.Email, "email_verified": true}) // an email makes nobody a user
	back, browser := h.begin(peer, id, "/")
	h.comeBack(back, browser).wantError("not_linked")
	h.call("POST", "/api/v1/users/"+h.member.ID+"/identities", object{"identity_provider_id": id, "subject": "00u1"}, h.as(h.admin)).want(201)
	back, browser = h.begin(peer, id, "/delegations?status=active")
	a := h.comeBack(back, browser)
	if a.header.Get("Location") != "/delegations?status=active" {
		t.Errorf("sent to %s", a.header.Get("Location"))
	}
	if me := h.call("GET", "/api/v1/session", nil, h.withCookie(a.session())).want(200); !strings.Contains(me.body, h.member.ID) {
		t.Errorf("signed in as %s", me.body)
	}
	if mine := h.call("GET", "/api/v1/me/identities", nil, h.withCookie(a.session())).want(200); !strings.Contains(mine.body, "00u1") {
		t.Errorf("%s", mine.body)
	}
	events := h.call("GET", "/api/v1/audit-events?action=session.create&limit=5", nil, h.as(h.admin)).want(200)
	if !strings.Contains(events.body, `"provider_id":"`+id+`"`) || strings.Contains(events.body, "authsec_ss_") || strings.Contains(events.body, browser.Value) {
		t.Errorf("the log: %s", events.body)
	}
	h.call("DELETE", "/api/v1/users/"+h.member.ID+"/identities/"+id+"?subject=00u1", nil, h.as(h.admin)).want(204)
	back, browser = h.begin(peer, id, "/")
	h.comeBack(back, browser).wantError("not_linked")
}

// TestSignInServesOnce, in the browser that began it, for a while.
func TestSignInServesOnce(t *testing.T) {
	h := newHouse(t, options{})
	peer, id := h.directoryProvider(nil)
	peer.At(map[string]any{"sub": "00u1"})
	h.call("POST", "/api/v1/users/"+h.member.ID+"/identities", object{"identity_provider_id": id, "subject": "00u1"}, h.as(h.admin)).want(201)
	back, browser := h.begin(peer, id, "/")
	h.comeBack(back, browser).session()
	h.comeBack(back, browser).wantError("expired") // replayed
	back, _ = h.begin(peer, id, "/")
	_, other := h.begin(peer, id, "/")
	h.comeBack(back, other).wantError("expired") // another browser's
	back, browser = h.begin(peer, id, "/")
	h.comeBack(back, nil).wantError("expired") // no browser's
	h.comeBack(back, browser).wantError("expired")
	back, browser = h.begin(peer, id, "/")
	h.clock.Advance(domain.SignInLife)
	h.comeBack(back, browser).wantError("expired")
	back, browser = h.begin(peer, id, "/")
	h.comeBack(strings.Replace(back, "state=authsec_ss_", "state=authsec_ss_A", 1), browser).wantError("expired")
	h.comeBack(callback, browser).wantError("expired")
	h.comeBack(back+"&state=again", browser).wantError("failed") // RFC 6749 §3.1
	h.comeBack(back, browser).session()
}

// TestWhoIsNotLetIn and why, in words of the console's.
func TestWhoIsNotLetIn(t *testing.T) {
	h := newHouse(t, options{})
	peer, id := h.directoryProvider(object{"create_users": true})
	try := func() answer {
		t.Helper()
		back, browser := h.begin(peer, id, "/")
		return h.comeBack(back, browser)
	}
	peer.At(map[string]any{"sub": "00u2"})
	try().wantError("email_missing")
	peer.At(map[string]any{"sub": "00u2", "email": "new@example.com", "email_verified": false})
	try().wantError("email_missing")
	peer.At(map[string]any{"sub": "00u2", "email": strings.ToUpper(h.member.Email), "email_verified": true})
	try().wantError("email_taken")
	peer.At(map[string]any{"sub": "00u2", "email": "new@example.com", "email_verified": true, "name": "New Person"})
	secret := try().session()
	me := h.call("GET", "/api/v1/me", nil, h.withCookie(secret)).want(200)
	if !strings.Contains(me.body, `"level":"member"`) || !strings.Contains(me.body, `"roles":[]`) || !strings.Contains(me.body, "New Person") {
		t.Errorf("%s", me.body)
	}
	try().session() // the same person again, and no second user
	var signedIn struct{ User struct{ ID string } }
	h.must(json.Unmarshal([]byte(me.body), &signedIn))
	user := signedIn.User.ID
	h.call("PATCH", "/api/v1/users/"+user, object{"status": "suspended"}, h.as(h.admin)).want(200)
	try().wantError("suspended")
	for _, c := range []struct {
		faults providertest.Faults
		code   string
	}{
		{providertest.Faults{Deny: "access_denied"}, "denied"},
		{providertest.Faults{Deny: "invalid_scope"}, "failed"},
		{providertest.Faults{Deny: "server_error"}, "provider_unavailable"},
		{providertest.Faults{Status: http.StatusBadGateway}, "provider_unavailable"},
		{providertest.Faults{NoIDToken: true}, "failed"},
		{providertest.Faults{Issuer: "https://mix-up.example.com"}, "failed"},
	} {
		peer.Fail(c.faults)
		try().wantError(c.code)
	}
	peer.Fail(providertest.Faults{})
	back, browser := h.begin(peer, id, "/")
	h.call("POST", "/api/v1/identity-providers/"+id+"/disable", nil, h.as(h.admin)).want(200)
	h.comeBack(back, browser).wantError("provider_unknown")
	h.call("GET", "/api/v1/sign-in/"+id+"/start", nil).want(303).wantError("provider_unknown")
	h.call("GET", "/api/v1/sign-in/"+anID+"/start", nil).want(303).wantError("provider_unknown")
	h.call("GET", "/api/v1/sign-in/x/start", nil).want(303).wantError("provider_unknown")
}

func TestProviderDownBeforeASignIn(t *testing.T) {
	h := newHouse(t, options{})
	peer, id := h.directoryProvider(nil)
	peer.Fail(providertest.Faults{Status: http.StatusServiceUnavailable})
	h.call("GET", "/api/v1/sign-in/"+id+"/start", nil).want(303).wantError("provider_unavailable")
}

// TestReturnPathIsLocal: a link cannot lead people elsewhere after they signed in.
func TestReturnPathIsLocal(t *testing.T) {
	h := newHouse(t, options{})
	peer, id := h.directoryProvider(nil)
	peer.At(map[string]any{"sub": "00u1"})
	h.call("POST", "/api/v1/users/"+h.member.ID+"/identities", object{"identity_provider_id": id, "subject": "00u1"}, h.as(h.admin)).want(201)
	for _, evil := range []string{"https://evil.example.com", "//evil.example.com", `/\evil.example.com`, `\/evil.example.com`, "javascript:alert(1)",
		"/\tx", "/%0d%0aSet-Cookie:a=b\r\nX: y", "", "delegations", strings.Repeat("/a", 600)} {
		back, browser := h.begin(peer, id, evil)
		if got := h.comeBack(back, browser).header.Get("Location"); got != "/" {
			t.Errorf("%q leads to %q", evil, got)
		}
	}
}

// TestOnlyNavigationsSignIn: no picture or frame of another page begins one.
func TestOnlyNavigationsSignIn(t *testing.T) {
	h := newHouse(t, options{})
	peer, id := h.directoryProvider(nil)
	start := "/api/v1/sign-in/" + id + "/start"
	for _, c := range []struct{ mode, dest string }{{"no-cors", "image"}, {"navigate", "iframe"}, {"cors", "empty"}} {
		h.call("GET", start, nil, header("Sec-Fetch-Mode", c.mode), header("Sec-Fetch-Dest", c.dest)).want(303).wantError("failed")
	}
	if peer.Asked("/.well-known/openid-configuration") != 0 {
		t.Error("the provider was asked")
	}
	h.call("POST", start, nil).want(405)
	h.call("GET", start, nil, host("evil.example.com")).want(421)
}

func TestSignInsAreThrottledByAddress(t *testing.T) {
	h := newHouse(t, options{})
	_, id := h.directoryProvider(nil)
	start := "/api/v1/sign-in/" + id + "/start"
	for range 60 {
		h.call("GET", start, nil, from("192.0.2.7:1")).want(303)
	}
	h.call("GET", start, nil, from("192.0.2.7:1")).want(303).wantError("rate_limited")
	h.call("GET", callback, nil, from("192.0.2.7:1")).want(303).wantError("rate_limited")
	if a := h.call("GET", start, nil, from("192.0.2.8:1")).want(303); strings.Contains(a.header.Get("Location"), "error") {
		t.Errorf("another address: %s", a.header.Get("Location"))
	}
	h.clock.Advance(2 * time.Second)
	if a := h.call("GET", start, nil, from("192.0.2.7:1")).want(303); strings.Contains(a.header.Get("Location"), "error") {
		t.Errorf("after a while: %s", a.header.Get("Location"))
	}
}

// TestIdentityProviderTest shows what a token would do, and records nothing of it.
func TestIdentityProviderTest(t *testing.T) {
	h := newHouse(t, options{})
	peer, id := h.directoryProvider(object{"audience": "api://authsec"})
	peer.At(map[string]any{"sub": "00u1", "groups": []string{"support"}})
	template := object{"name": "Support staff", "client_id": h.agent.ClientID, "identity_provider_id": id, "conditions": []object{{"claim": "groups", "values": []string{"support"}}},
		"role": h.role, "actions": []string{"billing:read"}, "max_duration_seconds": 900, "sub_agents": []string{h.secretAgent.ClientID}}
	made := h.call("POST", "/api/v1/delegation-templates", template, h.as(h.admin)).want(201)
	if !strings.Contains(made.body, `"name":"Batch"`) || !strings.Contains(made.body, `"sender_constrained":"none"`) {
		t.Errorf("%s", made.body)
	}
	test := func(token, kind string) string {
		t.Helper()
		return h.call("POST", "/api/v1/identity-providers/"+id+"/test", object{"token": token, "kind": kind}, h.as(h.admin)).want(200).body
	}
	good := peer.Sign(peer.Claims("api://authsec", nil), "JWT")
	if got := test(good, "id_token"); !strings.Contains(got, `"verdict":"accepted"`) || !strings.Contains(got, `"met":true`) || !strings.Contains(got, `"groups":["support"]`) {
		t.Errorf("%s", got)
	}
	peer.At(map[string]any{"sub": "00u2"})
	if got := test(peer.Sign(peer.Claims("api://authsec", nil), "JWT"), "id_token"); !strings.Contains(got, `"met":false`) {
		t.Errorf("%s", got)
	}
	if got := test(good, "access_token"); !strings.Contains(got, `"verdict":"rejected"`) || strings.Contains(got, "groups") {
		t.Errorf("%s", got)
	}
	if got := test("x.y.z", "jwt"); !strings.Contains(got, `"verdict":"rejected"`) {
		t.Errorf("%s", got)
	}
	events := h.call("GET", "/api/v1/audit-events?action=identity_provider.test", nil, h.as(h.admin)).want(200)
	if !strings.Contains(events.body, "identity_provider.test") || strings.Contains(events.body, "00u1") || strings.Contains(events.body, good[:40]) {
		t.Errorf("the log: %s", events.body)
	}
	path := "/api/v1/delegation-templates/" + made.member("id")
	h.call("PATCH", path, object{"actions": []string{"orders:read", "no:such"}}, h.as(h.admin)).want(400)
	h.call("PATCH", path, object{"resources": []string{"https://api.example.com/billing"}, "sub_agents": []string{}}, h.as(h.admin)).want(200)
	h.call("POST", path+"/disable", nil, h.as(h.admin)).want(200)
	h.call("DELETE", "/api/v1/identity-providers/"+id, nil, h.as(h.admin)).want(409)
	h.call("DELETE", path, nil, h.as(h.admin)).want(204)
	h.call("PATCH", "/api/v1/identity-providers/"+id, object{"audience": "", "scopes": []string{}}, h.as(h.admin)).want(200)
	if a := h.call("POST", "/api/v1/delegation-templates", template, h.as(h.admin)).want(400); !strings.Contains(a.body, "no_audience") {
		t.Errorf("%s", a.body)
	}
	h.call("DELETE", "/api/v1/identity-providers/"+id, nil, h.as(h.admin)).want(204)
}
