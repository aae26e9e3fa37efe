// Package token makes and reads AuthSec's access tokens: RS256 JWTs of type
// at+jwt (RFC 9068) with an act claim (RFC 8693 §4.1). Nothing else in AuthSec
// signs anything, so no other code can make a token, by mistake or otherwise.
package token

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// MaxBytes bounds a token, made or read: more does not pass through the
	// header limits of common servers, and verifiers refuse it.
	MaxBytes = 16 << 10
	// Leeway is how far the clocks of issuer and verifier may differ.
	Leeway = 30 * time.Second
	// MaxActors bounds a delegation chain (nested act claims).
	MaxActors = 8
	// maxUnixTime is 9999-12-31T23:59:59Z, the last second RFC 3339 can write.
	maxUnixTime = 253402300799
)

// Claims are the contents of a token (DESIGN §3). Their JSON form has this
// field order. Times are whole seconds since 1970.
type Claims struct {
	Issuer       string   `json:"iss"` // the server's public URL; Mint sets it
	Subject      string   `json:"sub"` // the ID of the person whose authority is used
	Actor        Actor    `json:"act"` // who uses it
	ClientID     string   `json:"client_id"`
	Audience     []string `json:"aud"` // always an array on the wire
	ExpiresAt    int64    `json:"exp"`
	IssuedAt     int64    `json:"iat"`
	NotBefore    int64    `json:"nbf"`
	ID           string   `json:"jti"`
	Scope        string   `json:"scope,omitempty"`      // the actions, separated by one space; it rules
	Permissions  []string `json:"permissions,omitzero"` // the same set, for existing clients; nil: absent
	SPIFFEID     string   `json:"spiffe_id,omitempty"`
	AgentType    string   `json:"agent_type,omitempty"`
	UserID       string   `json:"user_id,omitempty"`
	Email        string   `json:"email,omitempty"`
	DelegationID string   `json:"delegation_id,omitempty"`
	Role         string   `json:"role,omitempty"`
	Attestation  string   `json:"attestation,omitempty"`
	Status       *Status  `json:"status,omitempty"` // nil: it cannot be recalled by a status list
	// Confirmation is the key that its holder must prove; nil: it is a bearer token.
	Confirmation *Confirmation `json:"cnf,omitempty"`
}

// Status says where a token's status is published (draft-ietf-oauth-status-list §6.1).
type Status struct {
	StatusList StatusEntry `json:"status_list"`
}

// StatusEntry is an index in the Token Status List at a URI.
type StatusEntry struct {
	Index int64  `json:"idx"`
	URI   string `json:"uri"`
}

// StatusListURI is where an issuer publishes its Token Status List of a number.
func StatusListURI(issuer string, list int64) string {
	return issuer + "/oauth2/status-lists/" + strconv.FormatInt(list, 10)
}

// Actor is a party that acts for the subject. Act is who acted before it, in a
// chain of delegations: history, not authority (RFC 8693 §4.1).
type Actor struct {
	Subject  string `json:"sub"`
	ClientID string `json:"client_id,omitempty"`
	Act      *Actor `json:"act,omitempty"`
}

// SetActions sets scope and permissions to the actions, sorted, each once.
func (c *Claims) SetActions(actions []string) {
	c.Permissions = slices.Compact(slices.Sorted(slices.Values(actions)))
	if c.Permissions == nil {
		c.Permissions = []string{}
	}
	c.Scope = strings.Join(c.Permissions, " ")
}

// Actions returns what the token allows, each once, in the scope's order.
func (c *Claims) Actions() []string {
	actions := []string{}
	if c.Scope == "" {
		return actions
	}
	seen := map[string]bool{}
	for action := range strings.SplitSeq(c.Scope, " ") {
		if !seen[action] {
			seen[action] = true
			actions = append(actions, action)
		}
	}
	return actions
}

// checkRead holds claims to what every reader of tokens demands.
func (c *Claims) checkRead() error {
	for _, required := range []struct{ name, value string }{
		{"sub", c.Subject}, {"client_id", c.ClientID}, {"jti", c.ID},
	} {
		if required.value == "" {
			return fmt.Errorf("%s is missing", required.name)
		}
	}
	for _, at := range []struct {
		name    string
		seconds int64
	}{{"exp", c.ExpiresAt}, {"iat", c.IssuedAt}, {"nbf", c.NotBefore}} {
		if at.seconds < 0 || at.seconds > maxUnixTime {
			return fmt.Errorf("%s is not a time between 1970 and 9999", at.name)
		}
	}
	actors := 0
	for a := &c.Actor; a != nil; a = a.Act {
		if actors++; actors > MaxActors {
			return fmt.Errorf("act nests more than %d actors", MaxActors)
		}
		if a.Subject == "" {
			return errors.New("act does not name its sub")
		}
	}
	if c.Scope != "" {
		for action := range strings.SplitSeq(c.Scope, " ") {
			if !isScopeToken(action) {
				return errors.New("scope is not a list of actions separated by single spaces")
			}
		}
	}
	if c.Status != nil && (c.Status.StatusList.Index < 0 || c.Status.StatusList.URI == "") {
		return errors.New("status does not name a place in a status list")
	}
	if c.Confirmation != nil {
		if err := c.Confirmation.check(); err != nil {
			return err
		}
	}
	// Two readers of one token must never differ on what it allows.
	if c.Permissions != nil && !sameSet(c.Actions(), c.Permissions) {
		return errors.New("permissions and scope differ")
	}
	return nil
}

// checkMint is checkRead and what we hold ourselves to besides.
func (c *Claims) checkMint() error {
	switch {
	case c.Issuer == "":
		return errors.New("iss is missing")
	case len(c.Audience) == 0 || slices.Contains(c.Audience, ""):
		return errors.New("aud is missing or empty")
	case c.Scope == "" || c.Permissions == nil:
		return errors.New("the token allows no action")
	case c.ExpiresAt <= c.IssuedAt || c.ExpiresAt <= c.NotBefore:
		return errors.New("exp is not after iat and nbf")
	}
	// The encoder would replace what is not UTF-8, and so sign another name.
	for _, text := range slices.Concat([]string{c.Issuer, c.Subject, c.ClientID, c.ID, c.SPIFFEID, c.AgentType,
		c.UserID, c.Email, c.DelegationID, c.Role, c.Attestation}, c.Audience) {
		if !utf8.ValidString(text) {
			return errors.New("a claim is not valid UTF-8")
		}
	}
	if c.Status != nil && !utf8.ValidString(c.Status.StatusList.URI) {
		return errors.New("status is not valid UTF-8")
	}
	if err := c.checkRead(); err != nil {
		return err
	}
	for a := &c.Actor; a != nil; a = a.Act {
		if !utf8.ValidString(a.Subject) || !utf8.ValidString(a.ClientID) {
			return errors.New("act is not valid UTF-8")
		}
	}
	return nil
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

func sameSet(a, b []string) bool {
	set := func(s []string) []string { return slices.Compact(slices.Sorted(slices.Values(s))) }
	return slices.Equal(set(a), set(b))
}
