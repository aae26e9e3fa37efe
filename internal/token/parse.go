package token

import (
	"slices"
	"time"

	"authsec/internal/domain"
)

// Why a token is refused: the code of Parse's errors, which are all
// Unauthenticated. The shared vectors pin each of them.
const (
	CodeMalformed   = "malformed"     // not a compact JWS of two JSON objects, or too long
	CodeHeader      = "header"        // a header parameter that is never accepted
	CodeAlgorithm   = "algorithm"     // alg is not RS256
	CodeType        = "type"          // another kind of signature
	CodeUnknownKey  = "unknown_key"   // kid is absent or names no usable key
	CodeSignature   = "signature"     // it does not match
	CodeIssuer      = "issuer"        // another issuer's
	CodeAudience    = "audience"      // for somebody else
	CodeExpired     = "expired"       // exp has passed, the leeway included
	CodeNotYetValid = "not_yet_valid" // nbf or iat lies ahead, beyond the leeway
	CodeClaims      = "claims"        // a claim is missing, of the wrong type, or contradicts another
	CodeConstrained = "constrained"   // bound to a key (cnf, RFC 7800) that is not checked here, or in a way that is not ours
)

// Expectation is what a token is held to.
type Expectation struct {
	Issuer   string
	Audience string // one of the token's; "" is met by no token
	// AnyAudience lets Audience go unchecked: for a caller who decides on the
	// audience by the claims, such as introspection.
	AnyAudience bool
	// AnyKey lets the key that the token is bound to go unchecked: for a caller
	// who goes by Claims.Confirmation, or to whom nobody presents the token for use.
	AnyKey bool
	Leeway time.Duration
	Now    time.Time
}

// Parse verifies an access token, in compact form with nothing around it, and
// returns its claims. Its errors are Unauthenticated, with one of the codes
// above, and hold no part of the token.
func Parse(token string, keys Keys, want Expectation) (Claims, error) {
	payload, err := open(TypAccessToken, token, keys)
	if err != nil {
		return Claims{}, err
	}
	c, err := parseClaims(payload)
	if err != nil {
		return Claims{}, err
	}
	if err := want.check(&c); err != nil {
		return Claims{}, err
	}
	return c, nil
}

func (want Expectation) check(c *Claims) error {
	if faults := want.faults(c); len(faults) > 0 {
		return faults[0]
	}
	return nil
}

// faults returns every way in which claims fall short.
func (want Expectation) faults(c *Claims) (faults []error) {
	demand := func(ok bool, code, public string) {
		if !ok {
			faults = append(faults, refuse(code, public))
		}
	}
	demand(c.Issuer == want.Issuer, CodeIssuer, "The token was issued by another issuer. Use one that this server issued.")
	demand(want.AnyAudience || (want.Audience != "" && slices.Contains(c.Audience, want.Audience)),
		CodeAudience, "The token is for another audience. Fetch one for this audience.")
	demand(c.Confirmation == nil || want.AnyKey, CodeConstrained, "The token is bound to a key, which is not checked here.")
	at := func(seconds int64) time.Time { return time.Unix(seconds, 0) }
	demand(want.Now.Sub(at(c.ExpiresAt)) < want.Leeway, CodeExpired, "The token has expired. Fetch a new one.")
	demand(at(c.NotBefore).Sub(want.Now) <= want.Leeway && at(c.IssuedAt).Sub(want.Now) <= want.Leeway,
		CodeNotYetValid, "The token is not valid yet. Check the clocks of issuer and verifier.")
	return faults
}

// parseClaims reads a payload whose signature holds. It checks the form of the
// claims and what can be judged from them alone.
func parseClaims(payload []byte) (Claims, error) {
	var c Claims
	o, err := parseObject(payload)
	if err != nil {
		return c, refuse(CodeMalformed, "The token is malformed: its payload is not a JSON object of unique members.")
	}
	var ok bool
	if c.Confirmation, ok = parseConfirmation(o); !ok {
		return c, refuse(CodeConstrained, "The token is bound to a key in a way that is not known here.")
	}
	if c.Issuer, _ = o.text("iss"); c.Issuer == "" {
		return c, refuse(CodeIssuer, "The token names no issuer.")
	}
	if one, isText := o["aud"].(string); isText { // RFC 7519 §4.1.3 allows one string
		c.Audience = []string{one}
	} else if c.Audience, ok = o.texts("aud"); !ok || len(c.Audience) == 0 {
		return c, refuse(CodeAudience, "The token names no audience.")
	}
	for _, claim := range []struct {
		name string
		to   *string
	}{
		{"sub", &c.Subject}, {"client_id", &c.ClientID}, {"jti", &c.ID}, {"scope", &c.Scope},
		{"spiffe_id", &c.SPIFFEID}, {"agent_type", &c.AgentType}, {"user_id", &c.UserID}, {"email", &c.Email},
		{"delegation_id", &c.DelegationID}, {"role", &c.Role}, {"attestation", &c.Attestation},
	} {
		if *claim.to, ok = o.text(claim.name); !ok {
			return c, refuse(CodeClaims, "The token's claim "+claim.name+" is not a string.")
		}
	}
	for _, claim := range []struct {
		name string
		to   *int64
	}{{"exp", &c.ExpiresAt}, {"iat", &c.IssuedAt}, {"nbf", &c.NotBefore}} {
		if *claim.to, ok = o.seconds(claim.name); !ok {
			return c, refuse(CodeClaims, "The token's claim "+claim.name+" is not a whole number of seconds.")
		}
	}
	if o.has("permissions") {
		if c.Permissions, ok = o.texts("permissions"); !ok {
			return c, refuse(CodeClaims, "The token's claim permissions is not an array of strings.")
		}
	}
	actor, ok := parseActor(o["act"])
	if !ok {
		return c, refuse(CodeClaims, "The token's claim act does not name an actor.")
	}
	c.Actor = *actor
	if c.Status, ok = parseStatus(o); !ok {
		return c, refuse(CodeClaims, "The token's claim status does not name a place in a status list.")
	}
	if err := c.checkRead(); err != nil {
		return c, refuse(CodeClaims, "The token's claims do not hold: "+err.Error()+".")
	}
	return c, nil
}

// parseActor recurses no deeper than parseObject let the payload nest.
func parseActor(v any) (*Actor, bool) {
	members, ok := v.(map[string]any)
	if !ok {
		return nil, false
	}
	o := object(members)
	subject, okSubject := o.text("sub")
	clientID, okClient := o.text("client_id")
	a := &Actor{Subject: subject, ClientID: clientID}
	if o.has("act") {
		if a.Act, ok = parseActor(o["act"]); !ok {
			return nil, false
		}
	}
	return a, okSubject && okClient
}

// parseStatus reads the one mechanism of status that is ours.
func parseStatus(o object) (*Status, bool) {
	if !o.has("status") {
		return nil, true
	}
	mechanisms, _ := o["status"].(map[string]any)
	members, ok := mechanisms["status_list"].(map[string]any)
	if !ok {
		return nil, false
	}
	entry := object(members)
	index, isIndex := entry.seconds("idx") // a whole number from 0, as times are
	uri, isURI := entry.text("uri")
	return &Status{StatusEntry{Index: index, URI: uri}}, isIndex && isURI
}

func refuse(code, public string) error {
	return &domain.Error{Kind: domain.Unauthenticated, Code: code, Public: public}
}
