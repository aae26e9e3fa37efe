package httpapi_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
)

// chainOf are the client IDs of the act claim, the present actor first.
func chainOf(claims map[string]any) []string {
	var out []string
	for act, ok := claims["act"].(map[string]any); ok; act, ok = act["act"].(map[string]any) {
		id, _ := act["client_id"].(string)
		out = append(out, id)
	}
	return out
}

// RFC 8693 §2.2.1 and §4: the answer's members, and the token's claims.
func TestRFC8693_2_2_1_Answer(t *testing.T) {
	h := newHands(t, options{})
	first := h.fetched()
	for name, parameters := range map[string][]string{
		"nothing more": nil, "requested_token_type": {"requested_token_type", accessTokenOf}, "requested_token_type jwt": {"requested_token_type", jwtOf},
		"as jwt": {"subject_token_type", jwtOf}, "what is unrecognized is ignored": {"foo", "bar"},
	} {
		a := h.swap(h.second.as, first, parameters...).want(200)
		var got map[string]any
		h.must(json.Unmarshal([]byte(a.body), &got))
		if len(got) != 5 || got["issued_token_type"] != accessTokenOf || got["token_type"] != "Bearer" || got["scope"] != "billing:read orders:read" || got["expires_in"] != 3600.0 {
			t.Errorf("%s: %s", name, a.body)
		}
		if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Pragma") != "no-cache" || a.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: headers %v", name, a.header)
		}
		c, parent := a.accessToken(), claimsOf(t, first)
		act, _ := c["act"].(map[string]any)
		before, _ := act["act"].(map[string]any)
		// §4.1: the present actor outermost; sub names it. §4.2, §4.3.
		if act["sub"] != "spiffe://authsec.local/agent/"+h.second.ClientID || before["sub"] != "spiffe://authsec.local/agent/"+h.first.ClientID || len(act) != 3 || len(before) != 2 ||
			c["client_id"] != h.second.ClientID || c["scope"] != "billing:read orders:read" || c["sub"] != h.member.ID || c["delegation_id"] != h.lent.ID {
			t.Errorf("%s: %v", name, c)
		}
		if c["jti"] == parent["jti"] || mustJSON(t, c["aud"]) != mustJSON(t, parent["aud"]) || c["exp"] != parent["exp"] {
			t.Errorf("%s: %v, made from %v", name, c, parent)
		}
	}
}

// RFC 9068 §2, §3: whoever reads access tokens can read this one.
func TestRFC9068_2_ExchangedTokens(t *testing.T) {
	h := newHands(t, options{})
	token := h.swap(h.second.as, h.fetched(), "resource", ordersURI).given()
	if head := jsonPart(t, token, 0); head["typ"] != "at+jwt" || head["alg"] != "RS256" || head["kid"] == "" {
		t.Errorf("§2.1: header %v", head)
	}
	c := claimsOf(t, token)
	for _, name := range []string{"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} {
		if c[name] == nil {
			t.Errorf("§2.2: no %s", name)
		}
	}
	if mustJSON(t, c["aud"]) != `["`+ordersURI+`"]` || c["iss"] != h.publicURL.String() {
		t.Errorf("§3: aud %v, iss %v", c["aud"], c["iss"])
	}
}

// RFC 8693 §2.1, RFC 8707 §2: what is asked for narrows.
func TestRFC8693_2_1_Narrows(t *testing.T) {
	h := newHands(t, options{})
	first := h.fetched()
	for _, c := range []struct {
		name       string
		parameters []string
		scope, aud string
		seconds    float64
	}{
		{"scope", []string{"scope", "orders:read"}, "orders:read", `["` + h.resource.URI + `","` + ordersURI + `"]`, 3600},
		{"resource", []string{"resource", ordersURI}, "billing:read orders:read", `["` + ordersURI + `"]`, 3600},
		{"two resources", []string{"resource", ordersURI, "resource", h.resource.URI}, "billing:read orders:read", `["` + h.resource.URI + `","` + ordersURI + `"]`, 3600},
		{"audience", []string{"audience", ordersURI}, "billing:read orders:read", `["` + ordersURI + `"]`, 3600},
		{"resource and audience", []string{"resource", ordersURI, "audience", h.resource.URI}, "billing:read orders:read", `["` + h.resource.URI + `","` + ordersURI + `"]`, 3600},
		{"ttl", []string{"ttl", "60"}, "billing:read orders:read", `["` + h.resource.URI + `","` + ordersURI + `"]`, 60},
		{"ours", []string{"role", h.role, "delegation_id", strings.ToUpper(h.lent.ID)}, "billing:read orders:read", `["` + h.resource.URI + `","` + ordersURI + `"]`, 3600},
	} {
		got := h.swap(h.second.as, first, c.parameters...).accessToken()
		exp, _ := got["exp"].(float64)
		iat, _ := got["iat"].(float64)
		if got["scope"] != c.scope || mustJSON(t, got["aud"]) != c.aud || exp-iat != c.seconds {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	// A token that was narrowed stays so, whoever exchanges it, and for whatever.
	narrow := h.swap(h.second.as, first, "scope", "orders:read", "resource", ordersURI, "ttl", "600").given()
	h.clock.Advance(time.Minute)
	got := h.swap(h.third.as, narrow, "ttl", "3600").accessToken()
	exp, _ := got["exp"].(float64)
	if iat, _ := got["iat"].(float64); exp-iat != 540 || got["scope"] != "orders:read" || mustJSON(t, got["aud"]) != `["`+ordersURI+`"]` ||
		!slices.Equal(chainOf(got), []string{h.third.ClientID, h.second.ClientID, h.first.ClientID}) {
		t.Errorf("%v", got)
	}
	// The agent that has a token may narrow it for itself.
	if got := h.swap(h.first.as, first, "scope", "orders:read").accessToken(); !slices.Equal(chainOf(got), []string{h.first.ClientID}) || got["scope"] != "orders:read" {
		t.Errorf("%v", got)
	}
	// The first agent is none of its own sub-agents: nothing goes back.
	checkOAuthError(t, h.swap(h.first.as, narrow), 400, "invalid_request", "invalid_subject_token")
}

// The recall of a token recalls what was made from it; what ends an agent ends its
// chains alone.
func TestARecallReachesWhatWasExchanged(t *testing.T) {
	type tokens struct{ first, second, third, own string }
	for _, c := range []struct {
		name   string
		recall func(h *hands, x tokens)
		want   [4]bool // which count after: first, second's, third's, second's own narrowed
	}{
		{"RFC 7009 §2.1 the first token is revoked", func(h *hands, x tokens) {
			h.form(revokePath, []string{"token", x.first}, h.first.as).want(200)
		}, [4]bool{}},
		{"RFC 7009 §2.1 one in the middle", func(h *hands, x tokens) {
			h.form(revokePath, []string{"token", x.second}, h.second.as).want(200)
		}, [4]bool{true, false, false, false}},
		{"RFC 7009 §2.1 the last", func(h *hands, x tokens) {
			h.form(revokePath, []string{"token", x.third}, h.third.as).want(200)
		}, [4]bool{true, true, false, true}},
		{"a sub-agent is suspended", func(h *hands, _ tokens) {
			_, err := h.dir.SuspendAgent(h.t.Context(), h.admin.caller(), h.third.ClientID)
			h.must(err)
		}, [4]bool{true, true, false, true}},
		{"the sub-agent between is suspended", func(h *hands, _ tokens) {
			_, err := h.dir.SuspendAgent(h.t.Context(), h.admin.caller(), h.second.ClientID)
			h.must(err)
		}, [4]bool{true, false, false, false}},
		{"a sub-agent is taken off the list", func(h *hands, _ tokens) {
			list := []string{h.second.ClientID}
			_, err := h.del.Edit(h.t.Context(), h.member.caller(), h.lent.ID, domain.DelegationPatch{SubAgents: &list})
			h.must(err)
		}, [4]bool{true, true, false, true}},
		{"the delegation is revoked", func(h *hands, _ tokens) {
			_, err := h.del.Revoke(h.t.Context(), h.member.caller(), h.lent.ID, "")
			h.must(err)
		}, [4]bool{}},
		{"an unlisted agent is suspended", func(h *hands, _ tokens) {
			_, err := h.dir.SuspendAgent(h.t.Context(), h.admin.caller(), h.stranger.ClientID)
			h.must(err)
		}, [4]bool{true, true, true, true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHands(t, options{})
			x := tokens{first: h.fetched()}
			x.second = h.swap(h.second.as, x.first).given()
			x.third = h.swap(h.third.as, x.second).given()
			x.own = h.swap(h.second.as, x.second, "scope", "billing:read").given()
			all := []string{x.first, x.second, x.third, x.own}
			for i, compact := range all {
				if !h.active(compact) {
					t.Fatalf("token %d does not count to begin with", i)
				}
			}
			c.recall(h, x)
			for i, compact := range all {
				if got := h.active(compact); got != c.want[i] {
					t.Errorf("token %d counts: %v, want %v", i, got, c.want[i])
				}
			}
			// What is recalled is exchanged by nobody.
			if !c.want[2] {
				if a := h.swap(h.third.as, x.third); a.status == 200 {
					t.Errorf("a recalled token was exchanged: %s", a.body)
				}
			}
		})
	}
}

// Each chain has a place of its own in a status list, and the events of exchanges
// say what was made from what.
func TestExchangesInTheLogAndTheList(t *testing.T) {
	h := newHands(t, options{})
	first := h.fetched()
	second := h.swap(h.second.as, first).given()
	uri, index := h.place(t, second)
	if sameURI, same := h.place(t, first); uri == sameURI && index == same {
		t.Error("a chain shares its parent's index")
	}
	if h.status(uri, index) != 0 {
		t.Error("recalled to begin with")
	}
	_, err := h.dir.SuspendAgent(t.Context(), h.admin.caller(), h.second.ClientID)
	h.must(err)
	if h.status(uri, index) == 0 {
		t.Error("the list does not show the recall")
	}
	list, err := h.store.Events(t.Context(), domain.EventFilter{Action: "token.issue", ClientID: h.second.ClientID}, domain.Page{Limit: 10})
	h.must(err)
	jti, _ := claimsOf(t, first)["jti"].(string)
	if len(list.Items) != 1 || !strings.Contains(string(list.Items[0].Details), `"exchange":{"subject_token":"`+jti+`","chain":["`+h.first.ClientID+`","`+h.second.ClientID+`"]}`) {
		t.Errorf("events %+v", list.Items)
	}
}
