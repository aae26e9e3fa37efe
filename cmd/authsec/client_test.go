package main_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// client calls a server as one person, or as nobody.
type client struct {
	t             testing.TB
	base          string
	authorization string
	cookie        *http.Cookie
	http          *http.Client
}

func (d *deployment) client() *client {
	transport := &http.Transport{MaxIdleConnsPerHost: 16}
	d.t.Cleanup(transport.CloseIdleConnections)
	return &client{t: d.t, base: d.base, http: &http.Client{Timeout: patience, Transport: transport}}
}

// reply is an answer, as text and, where it is an object, as JSON.
type reply struct {
	status int
	header http.Header
	body   string
	json   map[string]any
}

func (r reply) text(member string) string {
	s, _ := r.json[member].(string)
	return s
}

// send sends a request; body nil is none. An error means that no whole answer came.
func (c *client) send(method, path string, body any, headers ...string) (reply, error) {
	var content io.Reader = http.NoBody
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return reply{}, err
		}
		content = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, content)
	if err != nil {
		return reply{}, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.authorization != "" {
		req.Header.Set("Authorization", c.authorization)
	}
	if c.cookie != nil {
		req.AddCookie(c.cookie)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{}, err
	}
	r := reply{status: resp.StatusCode, header: resp.Header, body: string(b)}
	_ = json.Unmarshal(b, &r.json) // what is not an object has no members
	for _, cookie := range resp.Cookies() {
		c.cookie = cookie
	}
	return r, nil
}

// call is send that must be answered with the status.
func (c *client) call(status int, method, path string, body any, headers ...string) reply {
	c.t.Helper()
	r, err := c.send(method, path, body, headers...)
	if err != nil {
		c.t.Fatal(err)
	}
	if r.status != status {
		c.t.Fatalf("%s %s: %d, want %d: %s", method, path, r.status, status, r.body)
	}
	return r
}

// signIn is the admin, by session.
func (d *deployment) signIn() *client {
	d.t.Helper()
	c := d.client()
	c.call(200, "POST", "/api/v1/session", object{"email": adminEmail, "password": password})
	return c
}

// automation is the admin, by an API token, which goroutines may share: it sets
// no cookies.
func (d *deployment) automation() *client {
	d.t.Helper()
	token := d.signIn().call(201, "POST", "/api/v1/api-tokens", object{"name": "automation"}).text("token")
	c := d.client()
	c.authorization = "Bearer " + token
	return c
}

type object map[string]any

const sdkPath = "/authsec/uflow/sdk/delegation-token?client_id="

// fixture is what the tests delegate with.
const role = "customer-support"

// furnish makes two actions and the role of both.
func (c *client) furnish() {
	c.t.Helper()
	for _, action := range []string{"billing:read", "orders:read"} {
		c.call(201, "POST", "/api/v1/actions", object{"name": action})
	}
	c.call(201, "POST", "/api/v1/roles", object{"name": role, "actions": []string{"billing:read", "orders:read"}})
}

// agent onboards one with a platform's example selectors.
func (c *client) agent(name, platform string) (clientID, secret string) {
	c.t.Helper()
	body := object{"name": name, "type": "langchain", "platform": platform}
	if platform == "kubernetes" {
		body["selectors"] = []object{{"key": "k8s:ns", "value": "production"}, {"key": "k8s:sa", "value": "customer-support-sa"}}
	}
	r := c.call(201, "POST", "/api/v1/agents", body)
	return r.text("client_id"), r.text("client_secret")
}

func delegationOf(clientID string) object {
	return object{"role": role, "client_id": clientID, "actions": []string{"billing:read"}, "max_duration_seconds": 3600}
}

// setUp redeems a set-up link with the password, and returns who signed in by it.
func (d *deployment) setUp(link string, more object) *client {
	d.t.Helper()
	body := object{"token": linkToken(d.t, link), "password": password}
	for k, v := range more {
		body[k] = v
	}
	c := d.client()
	c.call(200, "POST", "/api/v1/setup", body)
	return c
}

func linkToken(t testing.TB, link string) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil || !strings.HasPrefix(u.Fragment, "token=") {
		t.Fatalf("not a set-up link: %q", link)
	}
	token, _, _ := strings.Cut(strings.TrimPrefix(u.Fragment, "token="), "&")
	return token
}

// jti is a token's ID, unverified.
func jti(token string) (string, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", fmt.Errorf("not a JWT: %q", token)
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", err
	}
	var claims struct {
		ID string `json:"jti"`
	}
	err = json.Unmarshal(b, &claims)
	if err == nil && claims.ID == "" {
		err = fmt.Errorf("no jti in %s", b)
	}
	return claims.ID, err
}

// event is what the tests read of an exported line.
type event struct {
	Seq   int64 `json:"seq"`
	Event struct {
		Time      time.Time `json:"time"`
		Action    string    `json:"action"`
		Outcome   string    `json:"outcome"`
		RequestID string    `json:"request_id"`
		Target    struct {
			ID string `json:"id"`
		} `json:"target"`
		Details struct {
			ID string `json:"jti"`
		} `json:"details"`
	} `json:"event"`
	Checkpoint string `json:"checkpoint"`
}

// parseExport reads an export; its last line is the checkpoint.
func parseExport(t testing.TB, export string) []event {
	t.Helper()
	var events []event
	for line := range strings.Lines(export) {
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		events = append(events, e)
	}
	if len(events) == 0 || events[len(events)-1].Checkpoint == "" {
		t.Fatalf("the export does not end with a checkpoint:\n%s", export)
	}
	return events[:len(events)-1]
}

func basic(user, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+secret))
}
