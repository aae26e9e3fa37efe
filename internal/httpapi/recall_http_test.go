package httpapi_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/token"
)

const (
	introspectPath  = "/oauth2/introspect"
	revokePath      = "/oauth2/revoke"
	revocationsPath = "/oauth2/revocations"
)

// resourceAs authenticates a resource; each half is form-encoded first (RFC 6749 §2.3.1).
func resourceAs(r domain.Resource, secret domain.Secret) request {
	return header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(r.ID)+":"+url.QueryEscape(secret.Reveal()))))
}

// form sends parameters, in pairs.
func (h *house) form(path string, parameters []string, changes ...request) answer {
	h.t.Helper()
	f := url.Values{}
	for i := 0; i < len(parameters); i += 2 {
		f.Add(parameters[i], parameters[i+1])
	}
	return h.call("POST", path, f.Encode(), append([]request{header("Content-Type", "application/x-www-form-urlencoded")}, changes...)...)
}

func (h *house) introspect(compact string, as request) answer {
	h.t.Helper()
	return h.form(introspectPath, []string{"token", compact}, as)
}

// inactive is the one answer for what is not good (RFC 7662 §2.2).
const inactive = `{"active":false}` + "\n"

// another registers one more resource.
func (h *house) another(uri string) (domain.Resource, request) {
	h.t.Helper()
	r, secret, err := h.dir.CreateResource(h.t.Context(), domain.System(), domain.ResourceSpec{Name: uri, URI: uri})
	h.must(err)
	return r, resourceAs(r, secret)
}

// issued is a token by the house's delegation, which lists no resources.
func (h *house) issued() string {
	h.t.Helper()
	return h.token(h.agent).want(200).member("token")
}

// lentTo is a token for one resource alone.
func (h *house) lentTo(uri string) string {
	h.t.Helper()
	d, err := h.del.Create(h.t.Context(), h.member.caller(), domain.DelegationSpec{Role: h.role, ClientID: h.agent.ClientID,
		Actions: []string{"billing:read"}, MaxDuration: time.Hour, Resources: []string{uri}})
	h.must(err)
	return h.token(h.agent, query("&delegation_id="+d.ID)).want(200).member("token")
}

func (h *house) asBilling() request { return resourceAs(h.resource, h.resourceSecret) }

// RFC 7662 §2.2: an active token's answer.
func TestRFC7662_2_2_Active(t *testing.T) {
	h := newHouse(t, options{})
	compact := h.issued()
	claims := claimsOf(t, compact)
	a := h.introspect(compact, h.asBilling()).want(200)
	var got map[string]any
	h.must(json.Unmarshal([]byte(a.body), &got))
	if got["active"] != true || got["token_type"] != "Bearer" || got["username"] != h.member.Email {
		t.Errorf("%s", a.body)
	}
	for name, want := range claims {
		if mustJSON(t, got[name]) != mustJSON(t, want) {
			t.Errorf("%s is %v, and %v in the token", name, got[name], want)
		}
	}
	if a.header.Get("Content-Type") != "application/json" || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", a.header)
	}
}

// RFC 7662 §2.1 and §2.3: the caller authenticates, by a method of RFC 6749 §2.3.1.
func TestRFC7662_2_1_Authentication(t *testing.T) {
	h := newHouse(t, options{})
	compact := h.issued()
	other, asOther := h.another("https://orders.example.com")
	id, secret := h.resource.ID, h.resourceSecret.Reveal()
	for _, c := range []struct {
		name       string
		parameters []string
		as         request
		status     int
		code       string
	}{
		{"client_secret_basic", nil, h.asBilling(), 200, ""},
		{"client_secret_post", []string{"client_id", id, "client_secret", secret}, nil, 200, ""},
		{"Basic, named beside it", []string{"client_id", strings.ToUpper(id)}, h.asBilling(), 200, ""},
		{"another resource's own", nil, asOther, 200, ""},
		{"nobody", nil, nil, 401, "invalid_client"},
		{"another's secret", nil, resourceAs(other, h.resourceSecret), 401, "invalid_client"},
		{"a wrong secret in the body", []string{"client_id", id, "client_secret", "x"}, nil, 401, "invalid_client"},
		{"an unknown resource", nil, resourceAs(domain.Resource{ID: anID}, h.resourceSecret), 401, "invalid_client"},
		{"no ID at all", nil, resourceAs(domain.Resource{ID: "é:%"}, h.resourceSecret), 401, "invalid_client"},
		{"an agent", nil, basic(h.secretAgent, h.clientSecret), 401, "invalid_client"},
		{"an admin's API token", nil, bearer(h.admin.token), 401, "invalid_client"},
		{"an admin's session", nil, h.as(h.admin), 401, "invalid_client"},
		{"the token itself", nil, header("Authorization", "Bearer "+compact), 401, "invalid_client"},
		{"a broken header", nil, header("Authorization", "Basic %%%"), 401, "invalid_client"},
		{"an oversized header", nil, header("Authorization", "Basic "+strings.Repeat("YTpi", 9000)), 401, "invalid_client"},
		{"two headers", nil, header("Authorization", "Basic YTpi", "Basic YTpi"), 400, "invalid_request"},
		{"both methods (RFC 6749 §2.3)", []string{"client_id", id, "client_secret", secret}, h.asBilling(), 400, "invalid_request"},
		{"two names", []string{"client_id", other.ID}, h.asBilling(), 401, "invalid_client"},
		{"a secret of nobody", []string{"client_secret", secret}, nil, 400, "invalid_request"},
	} {
		var as []request
		if c.as != nil {
			as = append(as, c.as)
		}
		a := h.form(introspectPath, append([]string{"token", compact}, c.parameters...), as...)
		if a.status != c.status || (c.code != "" && a.member("error") != c.code) || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s", c.name, a.status, a.body)
		}
		if (a.status == 401) != (len(a.header.Values("WWW-Authenticate")) == 1 && a.header.Get("WWW-Authenticate") == `Basic realm="authsec"`) {
			t.Errorf("%s: challenges %v (RFC 6749 §5.2)", c.name, a.header.Values("WWW-Authenticate"))
		}
		if a.status != 200 && strings.Contains(a.body, "active") {
			t.Errorf("%s learns: %s", c.name, a.body)
		}
	}
}

// RFC 7662 §2.1, RFC 7009 §2.1, RFC 6749 §3.2: the form of a request.
func TestRFC7662_2_1_RFC7009_2_1_Form(t *testing.T) {
	h := newHouse(t, options{})
	compact := h.issued()
	for path, as := range map[string]request{introspectPath: h.asBilling(), revokePath: basic(h.secretAgent, h.clientSecret)} {
		for _, c := range []struct {
			name, body string
			change     request
			status     int
		}{
			{"a hint", "token=x&token_type_hint=access_token", nil, 200},
			{"an unknown hint", "token=x&token_type_hint=saml", nil, 200},
			{"an unknown parameter", "token=x&more=y", nil, 200},
			{"an empty parameter is none", "token=x&token_type_hint=", nil, 200},
			{"garbage for a token", "token=%00%01..", nil, 200},
			{"an oversized token", "token=" + strings.Repeat("a", token.MaxBytes+1), nil, 200},
			{"no token", "token_type_hint=access_token", nil, 400},
			{"an empty token", "token=", nil, 400},
			{"two tokens", "token=x&token=x", nil, 400},
			{"two hints", "token=x&token_type_hint=a&token_type_hint=a", nil, 400},
			{"no form", "token=%zz", nil, 400},
			{"JSON", `{"token":"x"}`, header("Content-Type", "application/json"), 400},
			{"no type", "token=x", header("Content-Type"), 400},
			{"in the address", "token=x", func(r *http.Request) { r.URL.RawQuery = "token=x" }, 400},
			{"an oversized body", "token=x&pad=" + strings.Repeat("a", 64<<10), nil, 413},
		} {
			changes := []request{header("Content-Type", "application/x-www-form-urlencoded"), as}
			if c.change != nil {
				changes = append(changes, c.change)
			}
			a := h.call("POST", path, c.body, changes...)
			if a.status != c.status {
				t.Errorf("%s, %s: %d %s", path, c.name, a.status, a.body)
			}
			if a.status != 200 && a.member("error") != "invalid_request" {
				t.Errorf("%s, %s: %s", path, c.name, a.body)
			}
			if path == introspectPath && a.status == 200 && a.body != inactive {
				t.Errorf("%s: %s", c.name, a.body)
			}
		}
	}
	h.introspect(compact, h.asBilling()).want(200)
}

// RFC 7662 §4: what is not for a resource looks to it like what is no token.
func TestRFC7662_4_NoOracle(t *testing.T) {
	h := newHouse(t, options{})
	_, asOrders := h.another("https://orders.example.com")
	forBilling := h.lentTo(h.resource.URI)
	if a := h.introspect(forBilling, h.asBilling()).want(200); !strings.Contains(a.body, `"active":true`) {
		t.Fatalf("%s", a.body)
	}
	foreign := newHouse(t, options{publicURL: "http://localhost:7999", nobodySignedIn: true})
	for name, a := range map[string]answer{
		"another audience's":   h.introspect(forBilling, asOrders),
		"another deployment's": h.introspect(foreign.call("GET", tokenPath+"?client_id="+foreign.agent.ClientID, nil, host("localhost:7999")).want(200).member("token"), h.asBilling()),
		"garbage":              h.introspect("a.b.c", h.asBilling()),
		"cut short":            h.introspect(forBilling[:len(forBilling)-1], h.asBilling()),
	} {
		if a.want(200).body != inactive {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	h.clock.Advance(time.Hour)
	if a := h.introspect(forBilling, h.asBilling()).want(200); a.body != inactive {
		t.Errorf("expired: %s", a.body)
	}
}

// No page may call what a resource or an agent does, and no stranger's name is served.
func TestRecallRoutesAtTheFrontDoor(t *testing.T) {
	h := newHouse(t, options{})
	compact := h.issued()
	for name, c := range map[string]struct {
		change request
		status int
	}{
		"a page of another site": {header("Origin", "https://evil.example"), 400},
		"our own page":           {header("Origin", "http://localhost:7468"), 400},
		"a cross-site request":   {header("Sec-Fetch-Site", "cross-site"), 400},
		"another host":           {host("evil.example"), 421},
	} {
		for _, a := range []answer{
			h.form(introspectPath, []string{"token", compact}, h.asBilling(), c.change),
			h.form(revokePath, []string{"token", compact, "client_id", h.agent.ClientID}, c.change),
			h.call("GET", revocationsPath, nil, h.asBilling(), c.change),
		} {
			if a.status != c.status || strings.Contains(a.body, "active") {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
	}
	if a := h.introspect(compact, h.asBilling()).want(200); !strings.Contains(a.body, `"active":true`) {
		t.Errorf("revoked by a page: %s", a.body)
	}
}

// RFC 7009 §2: an agent revokes its own tokens, by its own proof.
func TestRFC7009_2_Revocation(t *testing.T) {
	h := newHouse(t, options{})
	h.delegate(h.member, h.secretAgent, "billing:read")
	as := basic(h.secretAgent, h.clientSecret)
	fresh := func() string { return h.token(h.secretAgent, as).want(200).member("token") }
	id, secret := h.secretAgent.ClientID, h.clientSecret.Reveal()
	for name, send := range map[string]func(compact string) answer{
		"client_secret_basic": func(c string) answer { return h.form(revokePath, []string{"token", c}, as) },
		"client_secret_post": func(c string) answer {
			return h.form(revokePath, []string{"token", c, "client_id", id, "client_secret", secret})
		},
	} {
		compact, kept := fresh(), fresh()
		for range 2 { // again is no error (§2.2)
			if a := send(compact).want(200); a.body != "" || a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %s %v", name, a.body, a.header)
			}
		}
		if a := h.introspect(compact, h.asBilling()).want(200); a.body != inactive {
			t.Errorf("%s: %s", name, a.body)
		}
		if a := h.introspect(kept, h.asBilling()).want(200); !strings.Contains(a.body, `"active":true`) {
			t.Errorf("%s revoked more: %s", name, a.body)
		}
	}
	events := h.call("GET", "/api/v1/audit-events?action=token.revoke", nil, h.as(h.admin)).want(200)
	if n := strings.Count(events.body, `"action":"token.revoke"`); n != 2 || !strings.Contains(events.body, `"type":"agent"`) || strings.Contains(events.body, "eyJ") {
		t.Errorf("%d events: %s", n, events.body)
	}
}

// RFC 7009 §2.1: who may not.
func TestRFC7009_2_1_Refused(t *testing.T) {
	h := newHouse(t, options{})
	h.delegate(h.member, h.secretAgent, "billing:read")
	as := basic(h.secretAgent, h.clientSecret)
	compact := h.token(h.secretAgent, as).want(200).member("token")
	id := h.secretAgent.ClientID
	for name, c := range map[string]struct {
		a      answer
		status int
		code   string
	}{
		"another agent":    {h.form(revokePath, []string{"token", compact, "client_id", h.agent.ClientID}), 400, "unauthorized_client"},
		"a name, no proof": {h.form(revokePath, []string{"token", compact, "client_id", id}), 401, "invalid_client"},
		"a wrong secret":   {h.form(revokePath, []string{"token", compact, "client_id", id, "client_secret", "x"}), 401, "invalid_client"},
		"nobody":           {h.form(revokePath, []string{"token", compact}), 400, "invalid_request"},
		"an unknown agent": {h.form(revokePath, []string{"token", compact, "client_id", anID}), 401, "invalid_client"},
		"a resource":       {h.form(revokePath, []string{"token", compact}, h.asBilling()), 401, "invalid_client"},
		"an admin":         {h.form(revokePath, []string{"token", compact}, h.as(h.admin)), 400, "invalid_request"},
	} {
		if c.a.status != c.status || c.a.member("error") != c.code {
			t.Errorf("%s: %d %s", name, c.a.status, c.a.body)
		}
	}
	if a := h.introspect(compact, h.asBilling()).want(200); !strings.Contains(a.body, `"active":true`) {
		t.Errorf("revoked: %s", a.body)
	}
	// A suspended agent is still that agent. Its tokens are recalled already.
	h.call("POST", "/api/v1/agents/"+id+"/suspend", nil, h.as(h.admin)).want(200)
	h.form(revokePath, []string{"token", compact}, as).want(200)
}
