package policy_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/policy"
)

// A template's sub-agents bound the delegation's: both must list them.
func TestTemplatesBoundTheChain(t *testing.T) {
	x := present()
	x.request.Present = nil
	x.request.Parent = handedOn(0).request.Parent
	x.chain, x.request.ClientID, x.proof.Selectors = []domain.Agent{link(1)}, agentID(1), link(1).Selectors
	x.first().SubAgents, x.template().SubAgents = []string{agentID(1)}, []string{agentID(1)}
	x.mustGrant(t)
	x.template().SubAgents = []string{agentID(2)}
	x.mustDeny(t, policy.CodeChain)
}

func TestTemplates(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*exchange)
		want   string // "" : granted
	}{
		"as it is":              {func(*exchange) {}, ""},
		"nobody is present":     {func(x *exchange) { x.request.Present = nil }, policy.CodePresenceRequired},
		"another is present":    {func(x *exchange) { x.request.Present.UserID = bobID }, policy.CodePresenceRequired},
		"from another provider": {func(x *exchange) { x.request.Present.ProviderID = templateID }, policy.CodePresenceRequired},
		"in other groups":       {func(x *exchange) { x.request.Present.Claims["groups"] = []any{"staff"} }, policy.CodeTemplate},
		"without groups":        {func(x *exchange) { x.request.Present.Claims = nil }, policy.CodeTemplate},
		"no conditions":         {func(x *exchange) { x.template().Conditions = nil }, policy.CodeTemplate},
		"one more condition": {func(x *exchange) {
			x.template().Conditions = append(x.template().Conditions, domain.ClaimCondition{Claim: "mfa", Values: []string{"true"}})
		}, policy.CodeTemplate},
		"assumed to be there":     {func(x *exchange) { x.request.Present = &policy.Presence{Assumed: true} }, ""},
		"assumed, and disabled":   {func(x *exchange) { x.request.Present.Assumed, x.template().Enabled = true, false }, policy.CodeTemplate},
		"of a token under it":     {func(x *exchange) { x.request.Present, x.request.Parent = nil, handedOn(0).request.Parent }, ""},
		"disabled":                {func(x *exchange) { x.template().Enabled = false }, policy.CodeTemplate},
		"gone":                    {func(x *exchange) { x.all[0].Template, x.all[0].Provider, x.all[0].Linked = nil, nil, false }, policy.CodeTemplate},
		"of another agent now":    {func(x *exchange) { x.template().ClientID = agentID(1) }, policy.CodeTemplate},
		"of another role now":     {func(x *exchange) { x.template().Role = "finance" }, policy.CodeTemplate},
		"another template":        {func(x *exchange) { x.template().ID = providerID }, policy.CodeTemplate},
		"the provider is off":     {func(x *exchange) { x.all[0].Provider.Enabled = false }, policy.CodeTemplate},
		"the provider is another": {func(x *exchange) { x.all[0].Provider.ID = templateID }, policy.CodeTemplate},
		"it signs in alone":       {func(x *exchange) { x.all[0].Provider.Settings.Audience = "" }, policy.CodeTemplate},
		"the link is gone":        {func(x *exchange) { x.all[0].Linked = false }, policy.CodeTemplate},
		"the person is suspended": {func(x *exchange) { x.all[0].Delegator.Status = domain.StatusSuspended }, policy.CodeDelegatorInactive},
		"the role is gone":        {func(x *exchange) { x.all[0].Role = nil }, policy.CodeRoleNotHeld},
		"unnamed":                 {func(x *exchange) { x.request.DelegationID = "" }, policy.CodeDelegationEnded},
		"unnamed, no default":     {func(x *exchange) { x.request.DelegationID, x.agent.DefaultDelegationID = "", "" }, policy.CodeNoDelegation},
		"present, by a delegation of their own": {func(x *exchange) {
			x.first().TemplateID, x.all[0].Delegator.Roles = "", []string{"support"}
		}, ""},
		"present, by another's delegation": {func(x *exchange) {
			x.first().TemplateID, x.all[0].Delegator.Roles, x.request.Present.UserID = "", []string{"support"}, bobID
		}, policy.CodePresenceRequired},
	} {
		t.Run(name, func(t *testing.T) {
			x := present()
			tt.change(x)
			if tt.want == "" {
				x.mustGrant(t)
				return
			}
			if _, d := x.decide(); codes(d) == nil || codes(d)[0] != tt.want {
				t.Errorf("denied for %v, want %s first", codes(d), tt.want)
			}
		})
	}
}

// A template bounds what it made, whatever that says.
func TestTemplatesBoundTheTerms(t *testing.T) {
	x := present()
	x.first().Resources = []string{apiURI, "https://orders.example.com"}
	x.template().Actions, x.template().MaxDuration, x.template().Resources = []string{refundID}, time.Minute, []string{apiURI}
	if g := x.mustGrant(t); !slices.Equal(g.Actions, []string{refundID}) || g.Lifetime != time.Minute || !slices.Equal(g.Audience, []string{apiURI}) {
		t.Errorf("granted %+v", g)
	}
	x.template().Resources = nil // the default alone, which the delegation does not reach
	x.mustDeny(t, policy.CodeAudienceNotAllowed)
}

func TestMeets(t *testing.T) {
	claims := map[string]any{"text": "a", "list": []any{"a", "b", json.Number("3"), map[string]any{}}, "yes": true, "number": json.Number("7"),
		"empty": "", "nothing": nil, "none": []any{}, "nested": map[string]any{"x/y": []any{"deep"}}, "float": 1.5}
	for _, tt := range []struct {
		claim  string
		values []string
		want   bool
	}{
		{"text", []string{"a"}, true}, {"text", []string{"b", "a"}, true}, {"text", []string{"A"}, false}, {"text", []string{"*"}, true}, {"text", []string{"*", "b"}, false},
		{"list", []string{"b"}, true}, {"list", []string{"c"}, false}, {"list", []string{"3"}, true}, {"list", []string{"*"}, true},
		{"yes", []string{"true"}, true}, {"yes", []string{"false"}, false}, {"number", []string{"7"}, true},
		{"empty", []string{"*"}, false}, {"empty", []string{""}, false}, {"nothing", []string{"*"}, false}, {"none", []string{"*"}, false}, {"absent", []string{"*"}, false},
		{"/nested/x~1y", []string{"deep"}, true}, {"nested", []string{"*"}, false}, {"float", []string{"*"}, false}, {"/text/more", []string{"*"}, false},
	} {
		got := policy.Meets(domain.DelegationTemplate{Conditions: []domain.ClaimCondition{{Claim: tt.claim, Values: tt.values}}}, claims)
		if got != tt.want {
			t.Errorf("%s with %q: %v", tt.claim, tt.values, got)
		}
	}
	both := domain.DelegationTemplate{Conditions: []domain.ClaimCondition{{Claim: "text", Values: []string{"a"}}, {Claim: "list", Values: []string{"c"}}}}
	if policy.Meets(both, claims) || policy.Meets(domain.DelegationTemplate{}, claims) {
		t.Error("one condition of two, or none at all, was enough")
	}
}

func TestChoose(t *testing.T) {
	templ := func(id, role string, change func(*domain.DelegationTemplate)) domain.DelegationTemplate {
		d := *present().template()
		d.ID, d.Role = id, role
		if change != nil {
			change(&d)
		}
		return d
	}
	support, finance := templ("s", "support", nil), templ("f", "finance", nil)
	for name, tt := range map[string]struct {
		all  []domain.DelegationTemplate
		role string
		want string // ID, or the denial's code
	}{
		"the only one":        {[]domain.DelegationTemplate{support}, "", "s"},
		"by its role":         {[]domain.DelegationTemplate{support, finance}, "finance", "f"},
		"two":                 {[]domain.DelegationTemplate{support, finance}, "", policy.CodeAmbiguousDelegation},
		"two of one role":     {[]domain.DelegationTemplate{support, templ("t", "support", nil)}, "support", policy.CodeAmbiguousDelegation},
		"none":                {nil, "", policy.CodeTemplate},
		"none of the role":    {[]domain.DelegationTemplate{support}, "finance", policy.CodeTemplate},
		"disabled":            {[]domain.DelegationTemplate{templ("s", "support", func(d *domain.DelegationTemplate) { d.Enabled = false })}, "", policy.CodeTemplate},
		"another agent's":     {[]domain.DelegationTemplate{templ("s", "support", func(d *domain.DelegationTemplate) { d.ClientID = agentID(1) })}, "", policy.CodeTemplate},
		"another provider's":  {[]domain.DelegationTemplate{templ("s", "support", func(d *domain.DelegationTemplate) { d.ProviderID = templateID })}, "", policy.CodeTemplate},
		"for others":          {[]domain.DelegationTemplate{templ("s", "support", func(d *domain.DelegationTemplate) { d.Conditions[0].Values = []string{"x"} })}, "", policy.CodeTemplate},
		"the one that is met": {[]domain.DelegationTemplate{templ("x", "finance", func(d *domain.DelegationTemplate) { d.Conditions = nil }), support}, "", "s"},
	} {
		t.Run(name, func(t *testing.T) {
			x := present()
			x.request.Role = tt.role
			got, d := policy.Choose(tt.all, x.request)
			switch {
			case d == nil:
				if got.ID != tt.want {
					t.Errorf("chose %s, want %s", got.ID, tt.want)
				}
			case codes(d)[0] != tt.want || !reflect.DeepEqual(got, domain.DelegationTemplate{}):
				t.Errorf("denied for %v, want %s", codes(d), tt.want)
			case tt.want == policy.CodeAmbiguousDelegation && (len(d.Alternatives) != 2 || d.Alternatives[0].Role != "support"):
				t.Errorf("it offers %+v", d.Alternatives)
			}
		})
	}
}
