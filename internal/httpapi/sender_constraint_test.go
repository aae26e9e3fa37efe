package httpapi_test

import (
	"testing"
	"time"

	"authsec/internal/attest/oidctest"
	"authsec/internal/attest/spiffetest"
	"authsec/internal/domain"
)

// TestRFC9449_5_2_BindingIsDemanded: what a delegation demands holds at both routes,
// until its person demands it no longer.
func TestRFC9449_5_2_BindingIsDemanded(t *testing.T) {
	h := newHouse(t, options{nobodySignedIn: true, at: time.Now()})
	authority := spiffetest.NewAuthority(t, "authsec.local")
	agent := h.spiffeWorkload(authority)
	svid := authority.X509SVID(spiffetest.Leaf{Path: workloadPath})
	jwt := bearer(domain.Secret(authority.JWTSVID(workloadPath, "https://auth.example.com", h.clock.Now(), nil)))
	list, err := h.store.Delegations(t.Context(), domain.DelegationFilter{ClientID: agent.ClientID}, domain.Page{Limit: 1})
	h.must(err)
	key := oidctest.NewKey(t, "a", "ES256")
	for _, c := range []struct {
		demanded              domain.SenderConstraint
		plain, byDPoP, byCert bool
		cnf                   string // of what a certificate that is there, and not asked for, gets
	}{
		{domain.SenderDPoP, false, true, false, ""},
		{domain.SenderMTLS, false, false, true, `{"x5t#S256":"` + x5t(svid) + `"}`},
		{domain.SenderAny, false, true, true, `{"x5t#S256":"` + x5t(svid) + `"}`},
		{domain.SenderUnconstrained, true, true, true, "null"},
	} {
		_, err := h.del.Edit(t.Context(), h.member.caller(), list.Items[0].ID, domain.DelegationPatch{SenderConstrained: &c.demanded})
		h.must(err)
		for _, route := range tokenRoutes() {
			check := func(name string, ok bool, a answer) {
				t.Helper()
				if ok && a.status == 200 {
					return
				}
				status, code, own := 403, "sender_constraint_required", ""
				if route.method == "POST" {
					status, code, own = 400, "invalid_request", "sender_constraint_required"
				}
				if ok || a.status != status || a.member("error") != code || a.member("authsec_error") != own {
					t.Errorf("%s demanded, %s, %s: %d %s", c.demanded, route.name, name, a.status, a.body)
				}
			}
			if route.method == "GET" { // a bearer JWT-SVID goes into the form at the other
				check("plain", c.plain, route.ask(h, agent, jwt))
				check("DPoP", c.byDPoP, route.ask(h, agent, jwt, dpop(h.prove(key, route, nil, nil))))
			}
			check("DPoP over mTLS", c.byDPoP, route.ask(h, agent, over(svid), dpop(h.prove(key, route, nil, nil))))
			check("asked for", c.byCert, route.ask(h, agent, over(svid), binding("mtls")))
			a := route.ask(h, agent, over(svid))
			check("not asked for", c.byCert, a)
			if c.byCert {
				if got := mustJSON(t, claimsOf(t, a.want(200).member(route.member))["cnf"]); got != c.cnf {
					t.Errorf("%s demanded, %s: cnf %s", c.demanded, route.name, got)
				}
			}
		}
	}
}
