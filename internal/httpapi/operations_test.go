package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
)

type object map[string]any

// TestEveryOperation does each operation of the contract once, as an admin, and
// fails when one is left out. The client holds each answer to the contract.
func TestEveryOperation(t *testing.T) {
	h := newHouse(t, options{})
	done := map[string]bool{}
	admin := h.as(h.admin)
	do := func(method, path string, body any, status int, changes ...request) answer {
		t.Helper()
		o, _, ok := find(method, "/api/v1"+path)
		if !ok {
			t.Fatalf("%s %s is not an operation", method, path)
		}
		done[o.OperationID] = true
		return h.call(method, "/api/v1"+path, body, append([]request{admin}, changes...)...).want(status)
	}
	anonymous := func(r *http.Request) { r.Header.Del("Cookie") }

	// Signing in.
	signedIn := do("POST", "/session", object{"email": "admin@example.com", "password": password.Reveal()}, 200, anonymous)
	cookie, err := http.ParseSetCookie(signedIn.header.Get("Set-Cookie"))
	h.must(err)
	second := h.withCookie(domain.Secret(cookie.Value))
	do("GET", "/session", nil, 200, anonymous, second)
	gone := do("DELETE", "/session", nil, 204, anonymous, second)
	if cleared, err := http.ParseSetCookie(gone.header.Get("Set-Cookie")); err != nil || cleared.MaxAge >= 0 || cleared.Value != "" {
		t.Errorf("signing out leaves the cookie %v %v", cleared, err)
	}
	h.call("GET", "/api/v1/session", nil, second).want(401)
	do("GET", "/me", nil, 200)
	if got := do("PATCH", "/me", object{"name": "  Ada  "}, 200); !strings.Contains(got.body, `"name":"Ada"`) {
		t.Errorf("not renamed: %s", got.body)
	}
	changed := do("POST", "/me/password", object{"current_password": password.Reveal(), "new_password": "staple of another colour"}, 204)
	if cookie, err = http.ParseSetCookie(changed.header.Get("Set-Cookie")); err != nil {
		t.Fatal(err)
	}
	h.call("GET", "/api/v1/session", nil, h.as(h.admin)).want(401) // the old cookie is dead
	admin = h.withCookie(domain.Secret(cookie.Value))

	// People.
	created := do("POST", "/users", object{"email": "new@example.com", "name": "New", "level": "member", "roles": []string{h.role}}, 201)
	link := created.member("setup_url")
	link, forThem := strings.CutSuffix(link, "&for="+url.QueryEscape(created.member("email")))
	setupToken, ok := strings.CutPrefix(link, "http://localhost:7468/setup#token=")
	if !ok || !forThem || !strings.HasPrefix(setupToken, domain.PrefixSetupLink) {
		t.Fatalf("set-up link %q", link)
	}
	user := created.member("id")
	do("GET", "/users?level=member&status=active&role=customer-support&q=new&limit=1", nil, 200)
	do("GET", "/users/"+user, nil, 200)
	do("PATCH", "/users/"+user, object{"roles": []string{}}, 200)
	link = do("POST", "/users/"+user+"/setup-link", nil, 201).member("setup_url")
	do("POST", "/setup", object{"token": setupToken, "password": "a password of mine"}, 400, anonymous) // ended by the newer one
	do("POST", "/setup", object{"token": strings.TrimPrefix(strings.Split(link, "&")[0], "http://localhost:7468/setup#token="), "password": "a password of mine"}, 200, anonymous)

	// Actions and roles.
	do("POST", "/actions", object{"name": "tickets:write", "sensitive": true}, 201)
	do("GET", "/actions?q=ticket", nil, 200)
	do("GET", "/actions/tickets:write", nil, 200)
	do("GET", "/actions/tickets%3Awrite", nil, 200)
	do("PUT", "/actions/tickets:write", object{"description": "May write"}, 200)
	do("POST", "/roles", object{"name": "desk", "actions": []string{"tickets:write"}}, 201)
	do("GET", "/roles", nil, 200)
	do("GET", "/roles/desk", nil, 200)
	do("GET", "/roles/desk/impact?actions=", nil, 200)
	impact := do("GET", "/roles/"+h.role+"/impact?actions=orders:read", nil, 200)
	if !strings.Contains(impact.body, `"lost":["billing:read"]`) || !strings.Contains(impact.body, h.agent.ClientID) {
		t.Errorf("impact: %s", impact.body)
	}
	do("PUT", "/roles/desk", object{"actions": []string{}}, 200)
	do("DELETE", "/roles/desk", nil, 204)
	do("DELETE", "/actions/tickets:write", nil, 204)

	// Agents.
	agent := do("POST", "/agents", object{"name": "Night Batch", "type": "custom", "platform": "other"}, 201)
	if !strings.HasPrefix(agent.member("client_secret"), domain.PrefixClientSecret) {
		t.Errorf("no client secret: %s", agent.body)
	}
	client := "/agents/" + agent.member("client_id")
	do("GET", "/agents?type=custom&platform=other&attestation=required&status=active&q=night", nil, 200)
	if again := do("GET", client, nil, 200); again.member("client_secret") != "" {
		t.Errorf("the secret is shown twice: %s", again.body)
	}
	do("PATCH", client, object{"name": "Day Batch"}, 200)
	do("POST", client+"/suspend", nil, 200)
	do("POST", client+"/activate", nil, 200)
	do("POST", client+"/rotate-secret", nil, 200)
	do("POST", client+"/rotate-secret", object{"overlap_seconds": 0}, 200)
	jwk := object{"kty": "OKP", "crv": "Ed25519", "kid": "2026-05", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
	if keyed := do("PUT", client+"/keys", object{"keys": []object{jwk}}, 200); !strings.Contains(keyed.body, `"keys":[{"kid":"2026-05","kty":"OKP"}]`) {
		t.Errorf("no keys: %s", keyed.body)
	}
	do("DELETE", client+"/keys", nil, 204)
	do("DELETE", client, nil, 204)

	// Resources.
	resource := do("POST", "/resources", object{"name": "Orders", "uri": "https://api.example.com/orders"}, 201)
	path := "/resources/" + resource.member("id")
	do("GET", "/resources", nil, 200)
	do("GET", path, nil, 200)
	do("PATCH", path, object{"name": "Order API"}, 200)
	do("POST", path+"/rotate-secret", nil, 200)
	do("DELETE", path, nil, 204)

	// Workload sources.
	source := do("POST", "/workload-sources", object{"name": "Actions", "kind": "oidc", "oidc": githubSource()}, 201)
	path = "/workload-sources/" + source.member("id")
	do("GET", "/workload-sources?limit=1&q=ACTIONS", nil, 200)
	if got := do("GET", path, nil, 200); !strings.Contains(got.body, `"proves":["github"]`) || !strings.Contains(got.body, `"enabled":true`) {
		t.Errorf("%s", got.body)
	}
	do("PATCH", path, object{"name": "GitHub Actions"}, 200)
	do("POST", path+"/disable", nil, 200)
	do("POST", path+"/enable", nil, 200)
	do("POST", path+"/test", object{"token": "none"}, 200)
	do("POST", "/workload-sources/test", object{"kind": "unix", "unix": object{}, "token": "none"}, 200)
	do("DELETE", path, nil, 204)

	// Identity providers, people's identities, delegation templates.
	provider := do("POST", "/identity-providers", object{"name": "Directory", "issuer": "https://id.example.com", "audience": "api://authsec", "sign_in": true, "client_id": "authsec"}, 201)
	path = "/identity-providers/" + provider.member("id")
	do("GET", "/identity-providers?limit=1&q=DIRECTORY", nil, 200)
	do("GET", path, nil, 200)
	if got := do("PATCH", path, object{"create_users": true, "scopes": []string{"email"}}, 200); !strings.Contains(got.body, `"create_users":true`) || !strings.Contains(got.body, `"audience":"api://authsec"`) {
		t.Errorf("%s", got.body)
	}
	do("POST", path+"/disable", nil, 200)
	do("POST", path+"/enable", nil, 200)
	do("POST", path+"/test", object{"token": "none"}, 200)
	do("GET", "/sign-in/providers", nil, 200, anonymous)
	identities := "/users/" + h.member.ID + "/identities"
	do("POST", identities, object{"identity_provider_id": provider.member("id"), "subject": "00u1"}, 201)
	do("POST", identities, object{"identity_provider_id": provider.member("id"), "subject": "00u1"}, 409)
	do("GET", identities, nil, 200)
	do("GET", "/me/identities", nil, 200)
	do("DELETE", identities+"/"+provider.member("id")+"?subject=00u1", nil, 204)
	template := do("POST", "/delegation-templates", object{"name": "Staff", "client_id": h.agent.ClientID, "identity_provider_id": provider.member("id"), "role": h.role,
		"conditions": []object{{"claim": "groups", "values": []string{"support"}}}, "actions": []string{"billing:read"}, "max_duration_seconds": 900}, 201)
	rule := "/delegation-templates/" + template.member("id")
	do("GET", "/delegation-templates?client_id="+h.agent.ClientID+"&identity_provider_id="+provider.member("id"), nil, 200)
	do("GET", rule, nil, 200)
	if got := do("PATCH", rule, object{"max_duration_seconds": 600, "sender_constrained": "dpop"}, 200); !strings.Contains(got.body, `"max_duration_seconds":600`) || !strings.Contains(got.body, `"sender_constrained":"dpop"`) {
		t.Errorf("%s", got.body)
	}
	do("POST", rule+"/disable", nil, 200)
	do("POST", rule+"/enable", nil, 200)
	do("DELETE", rule, nil, 204)
	do("DELETE", path, nil, 204)

	// Delegations.
	delegated := do("POST", "/delegations", object{"role": h.otherRole, "client_id": strings.ToUpper(h.secretAgent.ClientID), "actions": []string{"billing:refund"},
		"max_duration_seconds": 900, "resources": []string{h.resource.URI}, "ends_at": h.clock.Now().Add(time.Hour).Format(time.RFC3339)}, 201)
	id := delegated.member("id")
	path = "/delegations/" + strings.ToUpper(id)
	do("GET", "/delegations?status=active&role="+h.otherRole+"&client_id="+strings.ToUpper(h.secretAgent.ClientID)+"&delegator="+h.admin.ID, nil, 200)
	do("GET", path, nil, 200)
	if got := do("PATCH", path, object{"ends_at": nil, "default": true}, 200); !strings.Contains(got.body, `"ends_at":null`) {
		t.Errorf("the end date stays: %s", got.body)
	}
	do("PUT", "/agents/"+h.secretAgent.ClientID+"/default-delegation", object{"delegation_id": nil}, 200)
	do("PUT", "/agents/"+h.secretAgent.ClientID+"/default-delegation", object{"delegation_id": strings.ToUpper(id)}, 200)
	do("POST", path+"/disable", nil, 200)
	do("POST", path+"/enable", nil, 200)
	h.token(h.secretAgent, basic(h.secretAgent, h.clientSecret)).want(200)
	explained := do("GET", "/explain?client_id="+strings.ToUpper(h.secretAgent.ClientID)+"&delegation_id="+strings.ToUpper(id), nil, 200)
	if !strings.Contains(explained.body, `"alg":"RS256"`) || strings.Contains(explained.body, "jti") {
		t.Errorf("explanation: %s", explained.body)
	}
	do("POST", path+"/revoke", object{"reason": "The pilot is over."}, 200)
	for _, of := range []string{path, "/agents/" + h.secretAgent.ClientID} {
		if recall := do("GET", of+"/recall", nil, 200); !strings.Contains(recall.body, `"indexes":1,"seq":2,"tokens":{"count":1,"more":false},"verifiers":{"connected":0,"heard":0,"polling":0}`) {
			t.Errorf("recall of %s: %s", of, recall.body)
		}
	}
	tokens := do("GET", "/agents/"+h.secretAgent.ClientID+"/tokens", nil, 200)
	if !strings.Contains(tokens.body, `"outstanding":{"count":1,"last_expires_at":"2026-05-21T07:15:00Z","more":false}`) ||
		!strings.Contains(tokens.body, `"email":"admin@example.com"`) {
		t.Errorf("tokens: %s", tokens.body)
	}

	// The rest.
	do("GET", "/platforms", nil, 200)
	do("GET", "/overview", nil, 200)
	do("GET", "/overview?from=2026-05-01T00:00:00Z&to=2026-06-01T00:00:00%2B02:00", nil, 200)
	apiToken := do("POST", "/api-tokens", object{"name": "Terraform", "expires_at": h.clock.Now().Add(time.Hour)}, 201)
	do("GET", "/api-tokens?user_id="+h.admin.ID, nil, 200)
	do("DELETE", "/api-tokens/"+apiToken.member("id"), nil, 204)
	do("GET", "/keys", nil, 200)
	do("POST", "/keys/rotate", nil, 200)
	do("POST", "/keys/rotate", nil, 409)
	events := do("GET", "/audit-events?action=token.issue&outcome=success&agent="+h.secretAgent.ClientID+"&limit=1", nil, 200)
	if !strings.Contains(events.body, `"delegation_id":"`+id) {
		t.Errorf("no event of the token: %s", events.body)
	}
	do("GET", "/audit-events/1", nil, 200)
	do("GET", "/audit-chain", nil, 200)

	for _, o := range operations() {
		if !done[o.OperationID] {
			t.Errorf("%s (%s %s) is not exercised", o.OperationID, o.method, o.path)
		}
	}
	for _, secret := range []string{password.Reveal(), setupToken, h.clientSecret.Reveal(), agent.member("client_secret"), apiToken.member("token"), h.admin.cookie.Reveal()} {
		if strings.Contains(h.log.String(), secret) {
			t.Errorf("the log holds a secret")
		}
	}
}

// TestExplainTellsWhatTheTokenEndpointGives asks both about the same things.
func TestExplainTellsWhatTheTokenEndpointGives(t *testing.T) {
	h := newHouse(t, options{})
	type verdict struct {
		Reasons []struct{ Code string }
		Grant   *struct{ Claims map[string]any }
	}
	explain := func(query string) (proof string, delegations []verdict, unnamed *verdict) {
		t.Helper()
		a := h.call("GET", "/api/v1/explain?client_id="+h.agent.ClientID+query, nil, h.as(h.member)).want(200)
		var got struct {
			Proof       string
			Delegations []verdict
			Unnamed     *verdict
		}
		h.must(json.Unmarshal([]byte(a.body), &got))
		return got.Proof, got.Delegations, got.Unnamed
	}
	proof, delegations, unnamed := explain("")
	if proof != "assumed" || len(delegations) != 1 || delegations[0].Grant == nil || unnamed == nil || unnamed.Grant == nil {
		t.Fatalf("%s %+v %+v", proof, delegations, unnamed)
	}
	issued := h.token(h.agent).want(200)
	claims := claimsOf(t, issued.member("token"))
	for name, want := range claims {
		got := delegations[0].Grant.Claims[name]
		switch name {
		case "jti":
			want = nil
		case "attestation":
			want = "assumed"
		}
		if mustJSON(t, got) != mustJSON(t, want) {
			t.Errorf("claim %s: explained %v, issued %v", name, got, want)
		}
	}
	if proof, _, unnamed = explain("&proof=none"); proof != "none" || unnamed.Grant == nil { // permissive
		t.Errorf("proof=none: %s %+v", proof, unnamed)
	}
	proof, _, unnamed = explain("&selectors=k8s:ns%3Dproduction&selectors=" + url.QueryEscape("k8s:sa=customer-support-sa"))
	if proof != "given" || unnamed.Grant != nil || unnamed.Reasons[0].Code != "selectors_not_satisfied" {
		t.Errorf("half of the selectors: %s %+v", proof, unnamed)
	}
	if _, delegations, _ = explain("&actions=billing:refund,billing:read"); delegations[0].Reasons[0].Code != "action_not_delegated" {
		t.Errorf("an action not delegated: %+v", delegations)
	}
	for query, field := range map[string]string{
		"&selectors=k8s:ns%3Da&proof=none":                     "proof",
		"&selectors=k8s:ns":                                    "selectors/0",
		"&selectors=nowhere:x%3D1":                             "selectors/0",
		"&selectors=k8s:ns%3Dproduction&selectors=unix:uid%3D": "selectors/1",
		"&selectors=k8s:ns%3Da&selectors=unix:uid%3D1":         "selectors/1",
		"&ttl=59":                            "ttl",
		"&ttl=31622401":                      "ttl",
		"&actions=billing:read+billing:read": "actions/1",
		"&role=No+Role":                      "role",
	} {
		a := h.call("GET", "/api/v1/explain?client_id="+h.agent.ClientID+query, nil, h.as(h.member)).want(400)
		if len(a.problem.Errors) != 1 || a.problem.Errors[0].Field != field {
			t.Errorf("%s: %s", query, a.body)
		}
	}
}

func TestListsArePaged(t *testing.T) {
	h := newHouse(t, options{})
	for _, list := range []string{"/actions", "/roles", "/users", "/agents", "/audit-events"} {
		seen := map[string]bool{}
		cursor, pages := "", 0
		for {
			a := h.call("GET", "/api/v1"+list+"?limit=1&cursor="+url.QueryEscape(cursor), nil, h.as(h.admin)).want(200)
			var page struct {
				Items      []json.RawMessage
				NextCursor string `json:"next_cursor"`
			}
			h.must(json.Unmarshal([]byte(a.body), &page))
			pages++
			for _, item := range page.Items {
				if seen[string(item)] {
					t.Fatalf("%s shows an item twice", list)
				}
				seen[string(item)] = true
			}
			if cursor = page.NextCursor; cursor == "" {
				break
			}
		}
		if pages < 2 || len(seen) != pages {
			t.Errorf("%s: %d items on %d pages", list, len(seen), pages)
		}
	}
}

// TestOutstandingTokensAreBounded: with more out than are counted, the answer
// says so, and until when the last of the others can be good at the latest.
func TestOutstandingTokensAreBounded(t *testing.T) {
	h := newHouse(t, options{})
	const out = 1001
	events := make([]domain.Event, out)
	for i := range events {
		at := h.clock.Now().Add(time.Duration(i-out) * time.Second)
		ev := domain.NewEvent(at, domain.Caller{Via: domain.ViaSDK}, domain.ActionTokenIssue, domain.Party{Type: "agent", ID: h.agent.ClientID})
		ev.ClientID, ev.DelegationID = h.agent.ClientID, h.delegation.ID
		var err error
		events[i], err = ev.WithDetails(object{"jti": anID, "subject": h.member.ID, "role": h.role, "actions": []string{"billing:read"}, "audience": []string{"authsec-api"},
			"attestation": "none", "issued_at": at, "expires_at": at.Add(time.Hour)})
		h.must(err)
	}
	h.must(h.store.AppendEvents(t.Context(), events, nil))
	var got struct {
		Items       []json.RawMessage
		Outstanding struct {
			Count         int
			More          bool
			LastExpiresAt time.Time `json:"last_expires_at"`
		}
	}
	path := "/api/v1/agents/" + h.agent.ClientID + "/tokens"
	h.must(json.Unmarshal([]byte(h.call("GET", path, nil, h.as(h.member)).want(200).body), &got))
	o := got.Outstanding
	if want := events[1].Time.Add(24 * time.Hour); len(got.Items) != 50 || o.Count != 1000 || !o.More || !o.LastExpiresAt.Equal(want) {
		t.Errorf("%d items, %+v, want the end %s", len(got.Items), o, want)
	}
	h.clock.Advance(time.Hour - 500*time.Second) // the older half expires
	h.must(json.Unmarshal([]byte(h.call("GET", path+"?limit=1", nil, bearer(h.member.token)).want(200).body), &got))
	if o = got.Outstanding; o.Count != 499 {
		t.Errorf("%+v", o)
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
