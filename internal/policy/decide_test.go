package policy_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/policy"
)

func TestGrantHoldsWhatTheTokenSays(t *testing.T) {
	got := mustGrant(t, granted())
	want := policy.Grant{
		ClientID: clientID, AgentName: "Customer Support", AgentType: "langchain",
		SPIFFEID: "spiffe://authsec.local/agent/" + clientID,
		Subject:  anaID, Email: "ana@example.com",
		DelegationID: delegationID(1), Role: "support",
		Actions: []string{readID, refundID}, Audience: []string{"authsec-api"},
		Lifetime: time.Hour, Attestation: "k8s",
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
}

// One test per sentence of DESIGN §2 (and §5 where it decides): each changes
// one thing in a scene that holds.
func TestConditions(t *testing.T) {
	tests := []struct {
		sentence string
		change   func(*scene)
		want     []string // reasons; none: granted
		says     string   // in the first reason's message or keys
	}{
		{"the agent is active", func(s *scene) { s.agent.Status = domain.StatusSuspended },
			[]string{policy.CodeAgentSuspended}, "suspended"},
		{"a deleted agent is unknown", func(s *scene) { s.agent.Status = domain.StatusDeleted },
			[]string{policy.CodeUnknownClient}, "client_id"},
		{"an agent that does not exist is unknown", func(s *scene) { s.agent = nil },
			[]string{policy.CodeUnknownClient}, "client_id"},
		{"another agent's authority answers nobody", func(s *scene) { s.request.ClientID = bobID },
			[]string{policy.CodeUnknownClient}, "client_id"},
		{"a status nobody knows is not active", func(s *scene) { s.agent.Status = "" },
			[]string{policy.CodeAgentSuspended}, ""},
		{"the delegation is active: revoked", func(s *scene) { s.first().Status = domain.DelegationRevoked },
			[]string{policy.CodeDelegationEnded}, ""},
		{"the delegation is active: disabled", func(s *scene) { s.first().Status = domain.DelegationDisabled },
			[]string{policy.CodeDelegationEnded}, ""},
		{"and before its end date: the instant itself is too late", func(s *scene) { s.first().EndsAt = now },
			[]string{policy.CodeDelegationEnded}, ""},
		{"the delegator is active", func(s *scene) { s.all[0].Delegator.Status = domain.StatusSuspended },
			[]string{policy.CodeDelegatorInactive}, ""},
		{"a delegator who is gone is not active", func(s *scene) { s.all[0].Delegator = nil },
			[]string{policy.CodeDelegatorInactive}, ""},
		{"and still holds the role", func(s *scene) { s.all[0].Delegator.Roles = []string{"finance"} },
			[]string{policy.CodeRoleNotHeld}, "support"},
		{"an auditor without the role may not lend it", func(s *scene) {
			s.all[0].Delegator.Roles, s.all[0].Delegator.Level = nil, domain.LevelAuditor
		}, []string{policy.CodeRoleNotHeld}, "support"},
		{"a console admin may delegate any role", func(s *scene) {
			s.all[0].Delegator.Roles, s.all[0].Delegator.Level = nil, domain.LevelAdmin
		}, nil, ""},
		{"not even an admin's delegation survives its role", func(s *scene) {
			s.all[0].Role, s.all[0].Delegator.Level = nil, domain.LevelAdmin
		}, []string{policy.CodeRoleNotHeld, policy.CodeNoEffectiveActions}, "does not exist"},
		{"the role's actions now", func(s *scene) { s.all[0].Role.Actions = []string{"orders:read"} },
			[]string{policy.CodeNoEffectiveActions}, "support"},
		{"asking for an action outside is refused by name: not delegated", func(s *scene) {
			s.request.Actions = []string{readID, "orders:read", "payroll:read"}
		}, []string{policy.CodeActionNotDelegated}, "orders:read, payroll:read"},
		{"asking for an action outside is refused by name: no longer in the role", func(s *scene) {
			s.all[0].Role.Actions = []string{readID}
			s.request.Actions = []string{refundID}
		}, []string{policy.CodeActionNotDelegated}, refundID},
		{"an empty set is refused, whatever was asked", func(s *scene) {
			s.all[0].Role.Actions = nil
			s.request.Actions = []string{readID}
		}, []string{policy.CodeActionNotDelegated, policy.CodeNoEffectiveActions}, readID},
		{"asking for an audience that is not listed is refused", func(s *scene) {
			s.first().Resources = []string{apiURI}
			s.request.Audience = []string{apiURI, "https://other.example.com"}
		}, []string{policy.CodeAudienceNotAllowed}, "https://other.example.com"},
		{"only those listed: not the default audience", func(s *scene) {
			s.first().Resources = []string{apiURI}
			s.request.Audience = []string{"authsec-api"}
		}, []string{policy.CodeAudienceNotAllowed}, "authsec-api"},
		{"without resources only the default audience", func(s *scene) { s.request.Audience = []string{apiURI} },
			[]string{policy.CodeAudienceNotAllowed}, apiURI},
		{"an end date within this second leaves no lifetime", func(s *scene) { s.first().EndsAt = now.Add(time.Millisecond) },
			[]string{policy.CodeDelegationEnded}, ""},
		{"no authority at all", func(s *scene) { s.all, s.agent.DefaultDelegationID = nil, "" },
			[]string{policy.CodeNoDelegation}, "Nobody"},
		{"a server without a maximum grants nothing", func(s *scene) { s.settings.MaxTokenTTL = 0 },
			[]string{policy.CodeDelegationEnded}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.sentence, func(t *testing.T) {
			s := granted()
			tt.change(s)
			if tt.want == nil {
				mustGrant(t, s)
				return
			}
			d := mustDeny(t, s, tt.want...)
			if said := d.First().Message; !strings.Contains(said, tt.says) {
				t.Errorf("the reason says %q, want %q in it", said, tt.says)
			}
		})
	}
}

func TestEffectiveActions(t *testing.T) {
	s := granted()
	s.all[0].Role.Actions = []string{readID, "orders:read"}
	if g := mustGrant(t, s); !slices.Equal(g.Actions, []string{readID}) {
		t.Errorf("delegated ∩ role = %v, want only %s", g.Actions, readID)
	}
	s = granted()
	s.request.Actions = []string{refundID, readID}
	if g := mustGrant(t, s); !slices.Equal(g.Actions, []string{readID, refundID}) {
		t.Errorf("asked actions = %v, want them sorted", g.Actions)
	}
	if !slices.Equal(s.request.Actions, []string{refundID, readID}) {
		t.Error("Decide sorted the caller's own slice")
	}
	s = granted()
	s.request.Actions = []string{readID}
	if g := mustGrant(t, s); !slices.Equal(g.Actions, []string{readID}) {
		t.Errorf("asked for one of two: got %v", g.Actions)
	}
}

func TestAudience(t *testing.T) {
	const a, b = "https://a.example.com", "https://b.example.com"
	tests := []struct {
		name      string
		resources []string
		asked     []string
		want      []string
	}{
		{"none listed, none asked", nil, nil, []string{"authsec-api"}},
		{"none listed, the default asked", nil, []string{"authsec-api"}, []string{"authsec-api"}},
		{"listed, none asked", []string{a, b}, nil, []string{a, b}},
		{"listed, one asked", []string{a, b}, []string{b}, []string{b}},
		{"asked twice and out of order", []string{a, b}, []string{b, a, b}, []string{a, b}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := granted()
			s.first().Resources = tt.resources
			s.request.Audience = tt.asked
			g := mustGrant(t, s)
			if !slices.Equal(g.Audience, tt.want) {
				t.Fatalf("audience = %v, want %v", g.Audience, tt.want)
			}
			g.Audience[0] = "overwritten"
			if slices.Contains(s.first().Resources, "overwritten") {
				t.Error("the grant shares the stored delegation's memory")
			}
		})
	}
}

// lifetime = min(delegation's maximum duration, asked, end date − now,
// server's max-token-ttl); the end date always wins.
func TestLifetime(t *testing.T) {
	tests := []struct {
		name                    string
		delegated, asked, limit time.Duration
		endsIn                  time.Duration // from now; 0: no end date
		want                    time.Duration
	}{
		{"the delegation's maximum", time.Hour, 0, 24 * time.Hour, 0, time.Hour},
		{"asked for less", time.Hour, 10 * time.Minute, 24 * time.Hour, 0, 10 * time.Minute},
		{"asked for more", time.Hour, 2 * time.Hour, 24 * time.Hour, 0, time.Hour},
		{"the server's maximum", 72 * time.Hour, 48 * time.Hour, 24 * time.Hour, 0, 24 * time.Hour},
		{"the end date", time.Hour, 30 * time.Minute, 24 * time.Hour, 20 * time.Minute, 20 * time.Minute},
		{"the end date wins over the least duration", time.Hour, time.Minute, 24 * time.Hour, 5 * time.Second, 5 * time.Second},
		{"a far end date bounds nothing", time.Hour, 0, 24 * time.Hour, 1 << 62, time.Hour},
		{"whole seconds only", 90*time.Second + 900*time.Millisecond, 0, 24 * time.Hour, 0, 90 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := granted()
			s.first().MaxDuration, s.request.TTL, s.settings.MaxTokenTTL = tt.delegated, tt.asked, tt.limit
			if tt.endsIn != 0 {
				s.first().EndsAt = s.now.Add(tt.endsIn)
			}
			g := mustGrant(t, s)
			if g.Lifetime != tt.want {
				t.Fatalf("lifetime = %s, want %s", g.Lifetime, tt.want)
			}
		})
	}
}

// A token's exp is whole seconds after the second that now is in; it must not
// pass an end date in the middle of a second.
func TestLifetimeNeverPassesTheEndDate(t *testing.T) {
	for _, sub := range []time.Duration{0, 1, 300 * time.Millisecond, 999_999_999} {
		for _, end := range []time.Duration{time.Second, 1500 * time.Millisecond, 7*time.Second + 1} {
			s := granted()
			s.now = now.Truncate(time.Second).Add(sub)
			s.first().EndsAt = s.now.Add(end)
			g := mustGrant(t, s)
			exp := s.now.Truncate(time.Second).Add(g.Lifetime)
			if exp.After(s.first().EndsAt) {
				t.Errorf("now +%s, end +%s: exp %s is past the end date %s", sub, end, exp, s.first().EndsAt)
			}
			if s.first().EndsAt.Sub(exp) >= time.Second {
				t.Errorf("now +%s, end +%s: exp %s wastes a second or more", sub, end, exp)
			}
		}
	}
}

// A duration or ttl under 60 s is a 400, and so is everything else that no
// state of the world could grant.
func TestInvalidRequests(t *testing.T) {
	long := make([]string, domain.MaxActions+1)
	for i := range long {
		long[i] = readID
	}
	tests := []struct {
		name   string
		change func(*policy.Request)
		says   string
	}{
		{"no client_id", func(r *policy.Request) { r.ClientID = "" }, "client_id"},
		{"client_id in capitals", func(r *policy.Request) { r.ClientID = strings.ToUpper(clientID[:35]) + "A" }, "client_id"},
		{"client_id in braces", func(r *policy.Request) { r.ClientID = "{" + clientID + "}" }, "client_id"},
		{"delegation_id", func(r *policy.Request) { r.DelegationID = "1 OR 1=1" }, "delegation_id"},
		{"role", func(r *policy.Request) { r.Role = "Support Team" }, "role"},
		{"action", func(r *policy.Request) { r.Actions = []string{"billing"} }, "resource:verb"},
		{"the same action twice", func(r *policy.Request) { r.Actions = []string{readID, readID} }, "repeats"},
		{"too many actions", func(r *policy.Request) { r.Actions = long }, "at most 500"},
		{"too many audiences", func(r *policy.Request) { r.Audience = make([]string, domain.MaxResources+1) }, "at most 50"},
		{"an empty audience", func(r *policy.Request) { r.Audience = []string{""} }, "audience"},
		{"a control character", func(r *policy.Request) { r.Audience = []string{"https://a\x00b"} }, "control"},
		{"ttl under a minute", func(r *policy.Request) { r.TTL = 59 * time.Second }, "ttl must be from 60"},
		{"ttl negative", func(r *policy.Request) { r.TTL = -time.Hour }, "ttl"},
		{"ttl absurd", func(r *policy.Request) { r.TTL = 1<<63 - 1 }, "ttl"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := granted()
			tt.change(&s.request)
			d := mustDeny(t, s, policy.CodeInvalidRequest)
			if !strings.Contains(d.First().Message, tt.says) {
				t.Errorf("the message %q does not say %q", d.First().Message, tt.says)
			}
			if kind := d.Err().Kind; kind != domain.Invalid {
				t.Errorf("kind = %s", kind)
			}
		})
	}
	s := granted()
	s.request.TTL = domain.MinDuration
	mustGrant(t, s)
}
