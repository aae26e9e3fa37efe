package verify

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"authsec/sdk/go/jws"
)

// maxActors bounds a delegation chain (nested act claims).
const maxActors = 8

// Claims are the verified contents of a token: whose authority it carries, who
// may use it, where and for how long.
type Claims struct {
	Issuer   string   // iss: the AuthSec server's public URL
	Subject  string   // sub: the ID of the person whose authority is used
	Actor    Actor    // act: the agent that uses it (RFC 8693 §4.1)
	ClientID string   // client_id: of the agent that was given the token
	Audience []string // aud: audience URIs, the verifier's own among them
	ID       string   // jti: unique to this token

	IssuedAt  time.Time // iat, UTC
	NotBefore time.Time // nbf, UTC
	ExpiresAt time.Time // exp, UTC, without the leeway

	// Actions are what the token allows ("billing:read"): its scope claim,
	// in the token's order, each once.
	Actions []string

	// The rest is empty in a token that does not say.

	DelegationID string // delegation_id: where the authority comes from
	Role         string // role: whose actions the delegation draws on
	Attestation  string // attestation: how the workload proved itself ("k8s", "secret", "none" …)
	SPIFFEID     string // spiffe_id: of the agent
	AgentType    string // agent_type: "langchain" …
	UserID       string // user_id: of the person, for older clients; see Subject
	Email        string // email: of the person

	// Confirmation is the key to which the token is bound, empty for none. Only
	// [Verifier.VerifyRequest] and the middleware accept such tokens.
	Confirmation Confirmation

	status any // as it came; [WithRevocation] reads it
}

// HasAction reports whether the token allows action, which is compared exactly.
func (c *Claims) HasAction(action string) bool { return slices.Contains(c.Actions, action) }

// Actor is a party that acts for the subject, such as an agent.
type Actor struct {
	Subject  string // sub: "spiffe://<trust-domain>/agent/<client_id>"
	ClientID string // client_id, empty when the token does not say
	// Actor is who acted before this one, in a chain of delegations. It tells
	// a history: authority is decided by the outermost actor alone
	// (RFC 8693 §4.1).
	Actor *Actor
}

// parseClaims reads the payload of a token whose signature holds. It checks the
// form of the claims, and what can be judged from them alone.
func parseClaims(o jws.Object) (*Claims, error) {
	bound, err := parseConfirmation(o)
	if err != nil {
		return nil, err
	}
	c := &Claims{Confirmation: bound, status: o["status"]}
	if o.Has("status") && c.status == nil {
		c.status = false // null is a status, of the wrong type
	}
	if c.Issuer, _ = o.Text("iss"); c.Issuer == "" {
		return nil, ErrIssuer
	}
	if c.Audience = o.Audience(); c.Audience == nil {
		return nil, ErrAudience
	}
	for _, field := range []struct {
		name     string
		to       *string
		required bool
	}{
		{"sub", &c.Subject, true},
		{"client_id", &c.ClientID, true},
		{"jti", &c.ID, true},
		{"delegation_id", &c.DelegationID, false},
		{"role", &c.Role, false},
		{"attestation", &c.Attestation, false},
		{"spiffe_id", &c.SPIFFEID, false},
		{"agent_type", &c.AgentType, false},
		{"user_id", &c.UserID, false},
		{"email", &c.Email, false},
	} {
		value, ok := o.Text(field.name)
		if !ok || field.required && value == "" {
			return nil, fmt.Errorf("%w: %s", ErrClaims, field.name)
		}
		*field.to = value
	}
	for _, field := range []struct {
		name string
		to   *time.Time
	}{
		{"iat", &c.IssuedAt},
		{"nbf", &c.NotBefore},
		{"exp", &c.ExpiresAt},
	} {
		seconds, ok := o.Seconds(field.name)
		if !ok {
			return nil, fmt.Errorf("%w: want %s in whole seconds", ErrClaims, field.name)
		}
		*field.to = time.Unix(seconds, 0).UTC()
	}
	actor, err := parseActor(o["act"], maxActors)
	if err != nil {
		return nil, err
	}
	c.Actor = *actor
	if c.Actions, err = parseActions(o); err != nil {
		return nil, err
	}
	return c, nil
}

func parseActor(v any, room int) (*Actor, error) {
	if room == 0 {
		return nil, fmt.Errorf("%w: want at most %d nested actors", ErrClaims, maxActors)
	}
	members, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: want act to be an object", ErrClaims)
	}
	o := jws.Object(members)
	subject, _ := o.Text("sub")
	clientID, ok := o.Text("client_id")
	if subject == "" || !ok {
		return nil, fmt.Errorf("%w: want act to name its sub", ErrClaims)
	}
	actor := &Actor{Subject: subject, ClientID: clientID}
	if o.Has("act") {
		previous, err := parseActor(o["act"], room-1)
		if err != nil {
			return nil, err
		}
		actor.Actor = previous
	}
	return actor, nil
}

// parseActions reads the scope, which rules (RFC 8693 §4.2), and its copy in
// permissions, which must hold the same set: two readers of one token must
// never differ on what it allows.
func parseActions(o jws.Object) ([]string, error) {
	scope, ok := o.Text("scope")
	if !ok {
		return nil, fmt.Errorf("%w: scope", ErrClaims)
	}
	var actions []string
	if scope != "" {
		for action := range strings.SplitSeq(scope, " ") {
			if !isScopeToken(action) {
				return nil, fmt.Errorf("%w: scope", ErrClaims)
			}
			if !slices.Contains(actions, action) {
				actions = append(actions, action)
			}
		}
	}
	if o.Has("permissions") {
		permissions, ok := o.Texts("permissions")
		if !ok {
			return nil, fmt.Errorf("%w: permissions", ErrClaims)
		}
		if !sameSet(actions, permissions) {
			return nil, fmt.Errorf("%w: permissions do not agree with scope", ErrClaims)
		}
	}
	return actions, nil
}

func sameSet(a, b []string) bool {
	sorted := func(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }
	return slices.Equal(sorted(a), sorted(b))
}

// isScopeToken reports whether s is a scope-token of RFC 6749 §3.3.
func isScopeToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x21 || c > 0x7e || c == '"' || c == '\\' {
			return false
		}
	}
	return s != ""
}
