package main_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// inspection is what `authsec token inspect -o json` prints.
type inspection struct {
	Good, Proven bool
	Claims       object
	Actors       []object
	Reasons      []struct{ By, Code, Message string }
}

// codes are the reasons, each as by:code.
func (i inspection) codes() (out []string) {
	for _, r := range i.Reasons {
		out = append(out, r.By+":"+r.Code)
	}
	return out
}

// inspect runs the command on a token in a file, and checks its exit status.
func (d *deployment) inspect(token string, more ...string) inspection {
	d.t.Helper()
	r := d.run(append([]string{"token", "inspect", d.file("token.jwt", token+"\n"), "-o", "json"}, more...)...)
	var got inspection
	code := r.code
	r.code = 0
	r.asJSON(&got)
	if want := map[bool]int{true: 0, false: 1}[got.Good]; code != want || got.Good != (len(got.Reasons) == 0) {
		d.t.Errorf("exit status %d: %s%s", code, r.stdout, r.stderr)
	}
	return got
}

func (d *deployment) wantInspection(when, token string, want []string, more ...string) inspection {
	d.t.Helper()
	got := d.inspect(token, more...)
	if !slices.Equal(got.codes(), want) {
		d.t.Errorf("%s: %v, want %v", when, got.codes(), want)
	}
	return got
}

func TestTokenInspect(t *testing.T) {
	d, admin := house(t)
	clientID, _ := admin.agent("Open", "kubernetes")
	admin.call(201, "POST", "/api/v1/delegations", delegationOf(clientID))
	id := admin.call(200, "GET", "/api/v1/delegations?client_id="+clientID, nil).json["items"].([]any)[0].(map[string]any)["id"].(string)
	token := func() string {
		t.Helper()
		return d.client().call(200, "GET", sdkPath+clientID, nil).text("token")
	}
	first := token()
	remote := []string{"--issuer", d.base}
	for name, more := range map[string][]string{"here": nil, "by what is published": remote} {
		got := d.wantInspection(name, first, nil, more...)
		if !got.Proven || got.Claims["client_id"] != clientID || len(got.Actors) != 1 || (more == nil) != (got.Actors[0].text("name") == "Open") {
			t.Errorf("%s: %+v", name, got)
		}
		d.wantInspection(name+", its audience", first, nil, append(more, "--audience", "authsec-api")...)
		d.wantInspection(name+", another's audience", first, []string{"token:audience"}, append(more, "--audience", "https://other.example")...)
	}
	text := d.run("token", "inspect", d.file("token.jwt", first)).want(0)
	for _, want := range []string{"It is good now.", "Open, spiffe://", "in 59m", "billing:read", "whoever has it can use it", "/oauth2/status-lists/1", "give --audience"} {
		if !strings.Contains(text.stdout, want) {
			t.Errorf("no %q in\n%s", want, text.stdout)
		}
	}

	// By each way that a token can come in.
	stdin := d.command(t.Context(), "token", "inspect", "-")
	stdin.Stdin = strings.NewReader(first + "\n")
	if out, err := stdin.CombinedOutput(); err != nil || !strings.Contains(string(out), "It is good now.") {
		t.Errorf("standard input: %v\n%s", err, out)
	}
	if r := d.run("token", "inspect", first).want(0); !strings.Contains(r.stderr, "history") {
		t.Errorf("no warning: %s", r.stderr)
	}
	d.run("token", "inspect").want(1, "empty") // of no standard input
	d.run("token", "inspect", "missing.jwt").want(1, "missing.jwt")

	// What nobody signed.
	parts := strings.Split(first, ".")
	for name, c := range map[string]struct {
		token string
		codes []string
	}{
		"changed":        {parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])), []string{"token:signature"}},
		"no token":       {"hello", []string{"token:malformed"}},
		"an unknown key": {"eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6IngifQ." + parts[1] + "." + parts[2], []string{"token:unknown_key"}},
	} {
		if got := d.wantInspection(name, c.token, c.codes); got.Proven {
			t.Errorf("%s is proven", name)
		}
		d.wantInspection(name+", by what is published", c.token, c.codes, remote...)
	}

	// What was taken back, by the command line, beside the running server.
	r := d.run("delegation", "disable", id, "--reason", "Looked into.").want(0)
	if !strings.Contains(r.stdout, "1 index recalled, with 1 token that had not ended") {
		t.Errorf("printed: %s", r.stdout)
	}
	d.wantInspection("disabled", first, []string{"recall:recalled", "authority:delegation_ended"})
	d.wantInspection("disabled, by what is published", first, []string{"recall:recalled"}, remote...)
	d.run("delegation", "enable", id).want(0)
	d.wantInspection("enabled again", first, []string{"recall:recalled"})

	second, third := token(), token()
	d.wantInspection("a new one", second, nil, remote...)
	suspended := d.run("agent", "suspend", clientID, "-o", "json").object()
	if got, _ := suspended["recalled"].(map[string]any); got["indexes"] != 1.0 || got["tokens"] != 2.0 || suspended.text("status") != "suspended" {
		t.Errorf("suspended: %v", suspended)
	}
	d.wantInspection("suspended", third, []string{"recall:recalled", "authority:agent_suspended"})
	d.run("agent", "activate", clientID).want(0)

	alone := token()
	d.giveBack(alone, clientID)
	d.wantInspection("given back", alone, []string{"recall:revoked"})
	d.wantInspection("given back, which is not published", alone, nil, remote...)

	last := token()
	if r := d.run("agent", "delete", clientID).want(0); !strings.Contains(r.stdout, "1 index recalled, with 2 tokens") {
		t.Errorf("printed: %s", r.stdout)
	}
	d.wantInspection("deleted", last, []string{"recall:recalled", "authority:unknown_client"})
	d.run("agent", "delete", clientID).want(1)
	d.run("delegation", "disable", id).want(1)

	// Who is asked has to answer, and over https.
	d.run("token", "inspect", d.file("token.jwt", first), "--issuer", "http://"+freeAddress(t)).want(1, "ask http://")
	d.run("token", "inspect", d.file("token.jwt", first), "--issuer", "http://authsec.example.com").want(1, "https")
}

// giveBack revokes a token as its agent, which is permissive (RFC 7009).
func (d *deployment) giveBack(token, clientID string) {
	d.t.Helper()
	form := url.Values{"token": {token}, "client_id": {clientID}}
	r, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, d.base+"/oauth2/revoke", strings.NewReader(form.Encode()))
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := d.client().http.Do(r)
	if err != nil || resp.StatusCode != http.StatusOK || resp.Body.Close() != nil {
		d.t.Fatalf("%v %v", resp, err)
	}
}
