package revocation

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"authsec/internal/clocktest"
	"authsec/internal/domain"
	"authsec/internal/token"
)

const agentID = "0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e"

// states answers with one state, and notes what it was asked and told.
type states struct {
	state  domain.TokenState
	err    error
	ref    domain.StatusRef
	jti    string
	recall domain.Recall
	event  domain.Event
}

func (s *states) TokenState(_ context.Context, ref domain.StatusRef, jti string) (domain.TokenState, error) {
	s.ref, s.jti = ref, jti
	return s.state, s.err
}

func (s *states) RevokeToken(_ context.Context, r domain.Recall, ev domain.Event) error {
	s.recall, s.event = r, ev
	return s.err
}

// mint makes a token of an hour for billing, changed.
func mint(t testing.TB, iss string, change func(*token.Claims)) string {
	t.Helper()
	c := token.Claims{Subject: "user-1", Actor: token.Actor{Subject: "spiffe://authsec.local/agent/" + agentID, ClientID: agentID}, ClientID: agentID,
		Audience: []string{billing.URI}, ID: "jti-1", IssuedAt: start.Unix(), NotBefore: start.Unix(), ExpiresAt: start.Add(time.Hour).Unix(), DelegationID: "delegation-1",
		Status: &token.Status{StatusList: token.StatusEntry{Index: 7, URI: iss + "/oauth2/status-lists/3"}}}
	c.SetActions([]string{"billing:read"})
	change(&c)
	compact, err := (&token.Minter{Issuer: iss, Signer: ring()}).Mint(t.Context(), c, start)
	must(t, err)
	return compact
}

func asIs(*token.Claims) {}

func newIntrospector() (*Introspector, *states, *clocktest.Clock) {
	s, c := &states{state: domain.TokenState{Known: true}}, clock()
	return &Introspector{Deployment: here, Keys: ring(), Store: s, Now: c.Now}, s, c
}

func TestIntrospectActive(t *testing.T) {
	i, s, c := newIntrospector()
	got, err := i.Introspect(t.Context(), billing, mint(t, testIssuer, asIs))
	if err != nil || got == nil || got.ID != "jti-1" || s.ref != (domain.StatusRef{List: 3, Index: 7}) || s.jti != "jti-1" {
		t.Fatalf("%+v %v %+v", got, err, s)
	}
	for name, change := range map[string]func(*token.Claims){
		"the default audience is everybody's": func(c *token.Claims) { c.Audience = []string{"authsec-api"} },
		"one audience of several":             func(c *token.Claims) { c.Audience = []string{orders.URI, billing.URI} },
		"of before status lists":              func(c *token.Claims) { c.Status = nil },
	} {
		if got, err := i.Introspect(t.Context(), billing, mint(t, testIssuer, change)); err != nil || got == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	c.Set(start.Add(time.Hour - time.Nanosecond))
	if got, err := i.Introspect(t.Context(), billing, mint(t, testIssuer, asIs)); err != nil || got == nil {
		t.Errorf("in its last moment: %v", err)
	}
}

// RFC 7662 §2.2 and §4: whatever is wrong, nothing else is said.
func TestRFC7662_2_2_Inactive(t *testing.T) {
	i, s, c := newIntrospector()
	good := mint(t, testIssuer, asIs)
	cut := strings.LastIndexByte(good, '.')
	for name, compact := range map[string]string{
		"empty":                  "",
		"garbage":                "garbage",
		"oversized":              strings.Repeat("a", token.MaxBytes+1),
		"forged":                 good[:cut+1] + strings.Repeat("A", len(good)-cut-1),
		"another issuer's":       mint(t, "https://other.example", asIs),
		"for another audience":   mint(t, testIssuer, func(c *token.Claims) { c.Audience = []string{orders.URI} }),
		"a list of elsewhere":    mint(t, testIssuer, func(c *token.Claims) { c.Status.StatusList.URI = "https://other.example/oauth2/status-lists/3" }),
		"no list at all":         mint(t, testIssuer, func(c *token.Claims) { c.Status.StatusList.URI = testIssuer + "/3" }),
		"a list spelt otherwise": mint(t, testIssuer, func(c *token.Claims) { c.Status.StatusList.URI = testIssuer + "/oauth2/status-lists/03" }),
		"not yet valid": mint(t, testIssuer, func(c *token.Claims) {
			c.NotBefore, c.IssuedAt = start.Unix()+31, start.Unix()+31
		}),
	} {
		if got, err := i.Introspect(t.Context(), billing, compact); got != nil || err != nil {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
	for name, state := range map[string]domain.TokenState{
		"retired": {Known: true, Retired: true}, "revoked": {Known: true, Revoked: true}, "an index that was never given": {},
	} {
		s.state = state
		if got, err := i.Introspect(t.Context(), billing, good); got != nil || err != nil {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
	s.state = domain.TokenState{Revoked: true}
	if got, err := i.Introspect(t.Context(), billing, mint(t, testIssuer, func(c *token.Claims) { c.Status = nil })); got != nil || err != nil {
		t.Errorf("revoked, without an index: %+v %v", got, err)
	}
	s.state = domain.TokenState{Known: true}
	c.Set(start.Add(time.Hour))
	if got, err := i.Introspect(t.Context(), billing, good); got != nil || err != nil {
		t.Errorf("expired: %+v %v", got, err)
	}
	c.Set(start)
	s.err = errors.New("gone")
	if got, err := i.Introspect(t.Context(), billing, good); got != nil || err == nil {
		t.Errorf("without the database: %+v", got)
	}
}

func newRevoker() (*Revoker, *states, *int) {
	s, told := &states{}, 0
	return &Revoker{Deployment: here, Keys: ring(), Store: s, Recalled: func() { told++ }, Now: clock().Now}, s, &told
}

func TestRevoke(t *testing.T) {
	v, s, told := newRevoker()
	agent := domain.Agent{ClientID: agentID, Name: "Customer Support"}
	must(t, v.Revoke(t.Context(), agent, mint(t, testIssuer, asIs), Peer{IP: "192.0.2.1", RequestID: "req-1"}))
	if r := s.recall; r.TokenID != "jti-1" || r.Status.List != 0 || !r.At.Equal(start) || !r.Until.Equal(start.Add(time.Hour)) || len(r.Audience) != 1 || r.Audience[0] != billing.URI {
		t.Errorf("%+v", r)
	}
	ev := s.event
	if ev.Action != "token.revoke" || ev.Actor.ID != agentID || ev.Actor.Type != "agent" || ev.Target.ID != "jti-1" || ev.ClientID != agentID ||
		ev.DelegationID != "delegation-1" || ev.IP != "192.0.2.1" || ev.RequestID != "req-1" || !strings.Contains(string(ev.Details), `"subject":"user-1"`) || *told != 1 {
		t.Errorf("%+v, told %d", ev, *told)
	}
	s.err = errors.New("gone")
	if err := v.Revoke(t.Context(), agent, mint(t, testIssuer, asIs), Peer{}); err == nil || *told != 1 {
		t.Error("not recorded, and nobody is told")
	}
}

// RFC 7009 §2.1: only the client to which the token was issued; §2.2: a token that
// is no good is no error.
func TestRFC7009_2_WhoseToken(t *testing.T) {
	v, s, told := newRevoker()
	agent := domain.Agent{ClientID: agentID}
	other := mint(t, testIssuer, func(c *token.Claims) { c.ClientID = "another" })
	if err := v.Revoke(t.Context(), agent, other, Peer{}); domain.CodeOf(err) != CodeUnauthorizedClient || domain.KindOf(err) != domain.Invalid {
		t.Errorf("another's: %v", err)
	}
	for name, compact := range map[string]string{"empty": "", "garbage": "a.b.c", "another issuer's": mint(t, "https://other.example", asIs),
		"expired": mint(t, testIssuer, func(c *token.Claims) {
			c.IssuedAt, c.NotBefore, c.ExpiresAt = start.Unix()-100, start.Unix()-100, start.Unix()-30
		})} {
		if err := v.Revoke(t.Context(), agent, compact, Peer{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s.recall.TokenID != "" || *told != 0 {
		t.Errorf("recorded %+v", s.recall)
	}
}

// noted counts refusals, and allows what it is told to.
type noted struct {
	events []domain.Event
	wait   time.Duration
}

func (n *noted) Note(ev domain.Event) { n.events = append(n.events, ev) }

func (n *noted) Allow(string, string, time.Time) (time.Duration, bool) { return n.wait, n.wait == 0 }

func TestGate(t *testing.T) {
	b, n := newBase(), &noted{}
	g := &Gate{Resources: b, Limiter: n, Refusals: n, Now: clock().Now}
	if r, err := g.Enter(t.Context(), Credential{ID: strings.ToUpper(billing.ID), Secret: "b"}, Peer{}); err != nil || r.ID != billing.ID {
		t.Fatalf("%+v %v", r, err)
	}
	var texts []string
	for _, c := range []Credential{{billing.ID, "o"}, {billing.ID, ""}, {orders.ID, "b"}, {agentID, "b"}, {"", ""}, {"no id", "b"}} {
		r, err := g.Enter(t.Context(), c, Peer{IP: "192.0.2.1"})
		if r.ID != "" || domain.KindOf(err) != domain.Unauthenticated || domain.CodeOf(err) != CodeInvalidClient {
			t.Fatalf("%s: %+v %v", c.ID, r, err)
		}
		texts = append(texts, err.Error())
	}
	for _, text := range texts {
		if text != texts[0] {
			t.Errorf("told apart: %s", text)
		}
	}
	if len(n.events) != len(texts) || n.events[0].Outcome != domain.OutcomeRefused || n.events[0].IP != "192.0.2.1" || n.events[0].Target.ID != billing.ID || n.events[3].Target.ID != "" {
		t.Errorf("%+v", n.events)
	}
	b.err = errors.New("gone")
	if _, err := g.Enter(t.Context(), Credential{billing.ID, "b"}, Peer{}); domain.KindOf(err) != domain.Internal {
		t.Errorf("without the database: %v", err)
	}
	n.wait = time.Second
	if _, err := g.Enter(t.Context(), Credential{billing.ID, "b"}, Peer{}); domain.KindOf(err) != domain.RateLimited {
		t.Errorf("too often: %v", err)
	}
}
