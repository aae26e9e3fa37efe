package policy_test

import (
	"slices"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/policy"
)

func TestAnExchangedTokenNamesItsChain(t *testing.T) {
	g := handedOn(2).mustGrant(t)
	if g.ClientID != agentID(2) || g.SPIFFEID != domain.SPIFFEID("authsec.local", agentID(2)) || g.Subject != anaID || g.DelegationID != delegationID(1) {
		t.Errorf("granted %+v", g)
	}
	want := []policy.Actor{ // RFC 8693 §4.1: the last before it first
		{ClientID: agentID(1), SPIFFEID: domain.SPIFFEID("authsec.local", agentID(1))},
		{ClientID: clientID, SPIFFEID: domain.SPIFFEID("authsec.local", clientID)},
	}
	if !slices.Equal(g.Earlier, want) {
		t.Errorf("earlier %+v, want %+v", g.Earlier, want)
	}
	if g := handedOn(0).mustGrant(t); len(g.Earlier) != 0 || g.ClientID != clientID {
		t.Errorf("of its own token: %+v", g)
	}
}

// Nothing exceeds the token that is exchanged (RFC 8693 §2.1).
func TestAnExchangeOnlyShrinks(t *testing.T) {
	x := handedOn(1)
	x.first().Resources, x.first().Actions = []string{apiURI, "https://orders.example.com"}, []string{readID, refundID}
	x.request.Parent = &policy.Parent{Actions: []string{"orders:read", readID}, Audience: []string{apiURI, "https://elsewhere.example.com"},
		ExpiresAt: now.Truncate(time.Second).Add(90 * time.Second)}
	g := x.mustGrant(t)
	if !slices.Equal(g.Actions, []string{readID}) || !slices.Equal(g.Audience, []string{apiURI}) || g.Lifetime != 90*time.Second {
		t.Errorf("granted %+v", g)
	}
	for name, tt := range map[string]struct {
		ask  func(*policy.Request)
		want string
	}{
		"an action the parent lacks":         {func(r *policy.Request) { r.Actions = []string{refundID} }, policy.CodeActionNotDelegated},
		"an action the delegation lacks":     {func(r *policy.Request) { r.Actions = []string{"orders:read"} }, policy.CodeActionNotDelegated},
		"an audience the parent lacks":       {func(r *policy.Request) { r.Audience = []string{"https://orders.example.com"} }, policy.CodeAudienceNotAllowed},
		"an audience the delegation lacks":   {func(r *policy.Request) { r.Audience = []string{"https://elsewhere.example.com"} }, policy.CodeAudienceNotAllowed},
		"a parent that reaches nothing else": {func(r *policy.Request) { r.Parent.Audience = []string{"https://elsewhere.example.com"} }, policy.CodeAudienceNotAllowed},
		"a parent without a common action":   {func(r *policy.Request) { r.Parent.Actions = []string{"orders:read"} }, policy.CodeNoEffectiveActions},
		"a parent that ends":                 {func(r *policy.Request) { r.Parent.ExpiresAt = now.Truncate(time.Second) }, policy.CodeDelegationEnded},
	} {
		t.Run(name, func(t *testing.T) {
			x := handedOn(1)
			x.first().Resources = []string{apiURI, "https://orders.example.com"}
			x.request.Parent.Actions, x.request.Parent.Audience = []string{"orders:read", readID}, []string{apiURI, "https://elsewhere.example.com"}
			tt.ask(&x.request)
			x.mustDeny(t, tt.want)
		})
	}
}

func TestChains(t *testing.T) {
	for name, tt := range map[string]struct {
		links  int
		change func(*exchange)
		want   []string
	}{
		"to one":                   {1, nil, nil},
		"to two":                   {2, nil, nil},
		"to three":                 {3, nil, []string{policy.CodeChain}},
		"to three, which may be":   {3, func(x *exchange) { x.settings.MaxChain = 4 }, nil},
		"to one, which may not be": {1, func(x *exchange) { x.settings.MaxChain = 1 }, []string{policy.CodeChain}},
		"to none that is listed":   {1, func(x *exchange) { x.first().SubAgents = []string{agentID(2)} }, []string{policy.CodeChain}},
		"through one not listed":   {2, func(x *exchange) { x.first().SubAgents = []string{agentID(2)} }, []string{policy.CodeChain}},
		"without a token":          {1, func(x *exchange) { x.request.Parent = nil }, []string{policy.CodeChain}},
		"the first is suspended":   {2, func(x *exchange) { x.agent.Status = domain.StatusSuspended }, []string{policy.CodeChain}},
		"one between is suspended": {2, func(x *exchange) { x.chain[0].Status = domain.StatusSuspended }, []string{policy.CodeChain}},
		"one between is deleted":   {2, func(x *exchange) { x.chain[0].Status = domain.StatusDeleted }, []string{policy.CodeChain}},
		"who asks is suspended":    {2, func(x *exchange) { x.chain[1].Status = domain.StatusSuspended }, []string{policy.CodeAgentSuspended}},
		"who asks is deleted":      {2, func(x *exchange) { x.chain[1].Status = domain.StatusDeleted }, []string{policy.CodeUnknownClient}},
		"who asks is another":      {2, func(x *exchange) { x.request.ClientID = agentID(1) }, []string{policy.CodeUnknownClient}},
		"back to the first": {2, func(x *exchange) {
			x.chain[1] = *x.agent
			x.request.ClientID, x.proof.Selectors = clientID, x.agent.Selectors
			x.first().SubAgents = []string{clientID, agentID(1)}
		}, []string{policy.CodeChain}},
		"to the same again": {2, func(x *exchange) {
			x.chain[1] = x.chain[0]
			x.request.ClientID, x.proof.Selectors = agentID(1), x.chain[0].Selectors
		}, []string{policy.CodeChain}},
		"without the proof of who asks": {2, func(x *exchange) { x.proof.Selectors = x.chain[0].Selectors }, []string{policy.CodeSelectors}},
		"without any proof":             {1, func(x *exchange) { x.proof = policy.Proof{} }, []string{policy.CodeProofRequired}},
		"the delegation is disabled":    {1, func(x *exchange) { x.first().Status = domain.DelegationDisabled }, []string{policy.CodeDelegationEnded}},
		"the delegation is another's":   {1, func(x *exchange) { x.first().ClientID = agentID(1) }, []string{policy.CodeNoDelegation}},
		"the person is suspended":       {1, func(x *exchange) { x.all[0].Delegator.Status = domain.StatusSuspended }, []string{policy.CodeDelegatorInactive}},
	} {
		t.Run(name, func(t *testing.T) {
			x := handedOn(tt.links)
			if tt.change != nil {
				tt.change(x)
			}
			if tt.want == nil {
				x.mustGrant(t)
				return
			}
			if _, d := x.decide(); len(slices.Compact(codes(d))) != 1 || codes(d)[0] != tt.want[0] {
				t.Errorf("denied for %v, want %v", codes(d), tt.want)
			}
		})
	}
}

func TestConstraints(t *testing.T) {
	none, key, cert := domain.Confirmation{}, byKey, byCert
	for _, tt := range []struct {
		delegation, template domain.SenderConstraint
		admits               []domain.Confirmation
	}{
		{"", "", []domain.Confirmation{none, key, cert}},
		{domain.SenderUnconstrained, domain.SenderUnconstrained, []domain.Confirmation{none, key, cert}},
		{domain.SenderAny, "", []domain.Confirmation{key, cert}},
		{"", domain.SenderAny, []domain.Confirmation{key, cert}},
		{domain.SenderDPoP, "", []domain.Confirmation{key}},
		{domain.SenderMTLS, "", []domain.Confirmation{cert}},
		{domain.SenderAny, domain.SenderMTLS, []domain.Confirmation{cert}},
		{domain.SenderDPoP, domain.SenderMTLS, nil},
		{"unknown", "", nil},
	} {
		for _, k := range []domain.Confirmation{none, key, cert} {
			x := present()
			x.first().SenderConstrained, x.template().SenderConstrained, x.request.Confirmation = tt.delegation, tt.template, k
			g, d := x.decide()
			if admitted := d == nil; admitted != slices.Contains(tt.admits, k) || (admitted && g.Confirmation != k) ||
				(!admitted && !slices.Equal(codes(d), []string{policy.CodeConstraint})) {
				t.Errorf("%q and %q with %+v: %+v, %v", tt.delegation, tt.template, k, g, codes(d))
			}
		}
	}
}

// A bound token is exchanged by who holds its key alone (RFC 9449 §5).
func TestABoundParentNeedsItsKey(t *testing.T) {
	other := domain.Confirmation{KeyThumbprint: "other"}
	for _, tt := range []struct {
		parent, proven domain.Confirmation
		want           bool
	}{
		{domain.Confirmation{}, domain.Confirmation{}, true}, {domain.Confirmation{}, byKey, true}, {byKey, byKey, true}, {byCert, byCert, true},
		{byKey, domain.Confirmation{}, false}, {byKey, other, false}, {byKey, byCert, false}, {byCert, byKey, false},
	} {
		x := handedOn(1)
		x.request.Parent.Confirmation, x.request.Confirmation = tt.parent, tt.proven
		if tt.want {
			x.mustGrant(t)
		} else {
			x.mustDeny(t, policy.CodeKeyProof)
		}
	}
}
