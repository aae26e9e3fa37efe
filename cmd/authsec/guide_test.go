package main_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/sdk/go/verify"
)

// guide is the user's guide, walked through up to the delegation.
type guide struct {
	*server
	admin, person *client
	personID      string
	clientID      string
	delegationID  string
}

func walkGuide(t *testing.T) *guide {
	t.Helper()
	return newDeployment(t).withAdmin().walk(t)
}

// walk walks through it on the deployment.
func (d *deployment) walk(t *testing.T) *guide {
	t.Helper()
	g := &guide{server: d.start(), admin: d.signIn()}
	g.admin.furnish()
	person := g.admin.call(201, "POST", "/api/v1/users",
		object{"email": "lead@example.com", "name": "Support Lead", "level": "member", "roles": []string{role}})
	g.personID = person.text("id")
	g.person = d.setUp(person.text("setup_url"), nil)
	g.clientID, _ = g.admin.agent("Customer Support", "kubernetes")
	g.delegationID = g.person.call(201, "POST", "/api/v1/delegations", delegationOf(g.clientID)).text("id")
	return g
}

func (g *guide) verifier(t *testing.T) *verify.Verifier {
	t.Helper()
	v, err := verify.New(g.base, "authsec-api")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

// The guide, sentence by sentence: on this machine the client ID alone gets a
// token that a downstream API verifies.
func TestGuide(t *testing.T) {
	g := walkGuide(t)
	agent := g.client()
	got := agent.call(200, "GET", sdkPath+g.clientID, nil)
	expires, err := time.Parse(time.RFC3339, got.text("expires_at"))
	if err != nil || time.Until(expires) > time.Hour || time.Until(expires) < 50*time.Minute {
		t.Errorf("expires_at: %s", got.body)
	}
	if got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control: %q", got.header.Get("Cache-Control"))
	}
	claims, err := g.verifier(t).Verify(t.Context(), got.text("token"))
	if err != nil {
		t.Fatal(err)
	}
	if claims.Subject != g.personID || claims.ClientID != g.clientID || claims.DelegationID != g.delegationID ||
		claims.Role != role || claims.Attestation != "none" || !slices.Equal(claims.Actions, []string{"billing:read"}) {
		t.Errorf("claims: %+v", claims)
	}

	// A permissive that nobody chose ends at this machine.
	forwarded, err := agent.send("GET", sdkPath+g.clientID, nil, "X-Forwarded-For", "203.0.113.9")
	if err != nil {
		t.Fatal(err)
	}
	if forwarded.status != 401 || forwarded.text("error") != "workload_proof_required" ||
		!strings.Contains(forwarded.text("error_description"), "AUTHSEC_WORKLOAD_TOKEN_FILE") || forwarded.header.Get("WWW-Authenticate") == "" {
		t.Errorf("forwarded: %d %s", forwarded.status, forwarded.body)
	}
}

// What people take back counts at the next fetch.
func TestGuideTakesBack(t *testing.T) {
	g := walkGuide(t)
	fetch := func(status int, code string) {
		t.Helper()
		if got := g.client().call(status, "GET", sdkPath+g.clientID, nil); got.text("error") != code {
			t.Errorf("refused with %s", got.body)
		}
	}
	fetch(200, "")
	g.admin.call(200, "POST", "/api/v1/agents/"+g.clientID+"/suspend", nil)
	fetch(403, "agent_suspended")
	g.admin.call(200, "POST", "/api/v1/agents/"+g.clientID+"/activate", nil)
	fetch(200, "")
	g.admin.call(200, "PATCH", "/api/v1/users/"+g.personID, object{"roles": []string{}})
	fetch(403, "role_not_held")
	g.admin.call(200, "PATCH", "/api/v1/users/"+g.personID, object{"roles": []string{role}})
	fetch(200, "")
	g.person.call(200, "POST", "/api/v1/delegations/"+g.delegationID+"/revoke", object{"reason": "The pilot is over."})
	fetch(410, "delegation_ended")
}

// One ID leads from an answer to the log and to the audit event, and nobody but
// the server chooses it.
func TestRequestIDJoinsAnswerLogAndAudit(t *testing.T) {
	g := walkGuide(t)
	got := g.client().call(200, "GET", sdkPath+g.clientID, nil, "X-Request-Id", "forged")
	id := got.header.Get("X-Request-Id")
	token := got.text("token")
	if id == "" || id == "forged" {
		t.Fatalf("request ID %q", id)
	}
	eventually(t, "the log's line", func() bool {
		for line := range strings.Lines(g.stderr.String()) {
			var entry struct {
				RequestID string `json:"request_id"`
				Status    int    `json:"status"`
			}
			if json.Unmarshal([]byte(line), &entry) == nil && entry.RequestID == id {
				return entry.Status == 200
			}
		}
		return false
	})
	want, err := jti(token)
	if err != nil {
		t.Fatal(err)
	}
	export := g.run("audit", "export", "--agent", g.clientID).want(0).stdout
	found := slices.IndexFunc(parseExport(t, export), func(e event) bool {
		return e.Event.RequestID == id && e.Event.Action == "token.issue" && e.Event.Outcome == "success" && e.Event.Details.ID == want
	})
	if found < 0 {
		t.Errorf("no audit event of %s:\n%s", id, export)
	}
	for name, text := range map[string]string{"log": g.stderr.String(), "audit log": export} {
		if strings.Contains(text, token) || strings.Contains(text, "forged") || strings.Contains(text, password) {
			t.Errorf("the %s holds what it must not", name)
		}
	}
}

// A key that the command line makes shows at the running server within seconds,
// and tokens verify all along.
func TestKeysRotateBesideRunningServer(t *testing.T) {
	g := walkGuide(t)
	v := g.verifier(t)
	check := func() {
		t.Helper()
		token := g.client().call(200, "GET", sdkPath+g.clientID, nil, "Cache-Control", "no-cache").text("token")
		for _, each := range []*verify.Verifier{v, g.verifier(t)} { // keys cached, and keys fetched now
			if _, err := each.Verify(context.Background(), token); err != nil {
				t.Fatal(err)
			}
		}
	}
	check()
	var key struct {
		KID      string    `json:"kid"`
		ActiveAt time.Time `json:"active_at"`
	}
	out := g.run("keys", "rotate", "--output", "json").want(0).stdout
	if err := json.Unmarshal([]byte(out), &key); err != nil || key.KID == "" {
		t.Fatalf("%v: %s", err, out)
	}
	if !key.ActiveAt.After(time.Now()) {
		t.Errorf("it signs at once, before verifiers know it: %s", out)
	}
	start := time.Now()
	eventually(t, "the new key is published", func() bool {
		check()
		return strings.Contains(g.client().call(200, "GET", "/.well-known/jwks.json", nil).body, key.KID)
	})
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	check()
	if list := g.run("keys", "list").want(0).stdout; !strings.Contains(list, key.KID) {
		t.Errorf("listed:\n%s", list)
	}
}
