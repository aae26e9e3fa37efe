package domain

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Limits of the keys of one agent.
const (
	MaxAgentKeys    = 10
	MaxAgentKeySize = 4 << 10 // bytes of one key as JSON
)

// AgentKey is a public key that an agent of the platform "other" signs its
// assertions with (RFC 7523 §3).
type AgentKey struct {
	ID        string // kid, "" when it is the only one
	Type      string // kty
	Algorithm string // alg; "" : any that fits the key
	JWK       string // the key as JSON (RFC 7517 §4), public members only
}

// ParseAgentKeys reads the keys of a JWK Set, each as JSON. Whether a key is a
// good one is attest's to say; here it is checked that it is public, and that
// a token can name it. Its error has the faults of "/keys".
func ParseAgentKeys(raw []json.RawMessage) ([]AgentKey, error) {
	var f Faults
	switch {
	case len(raw) == 0:
		f.Add("/keys", "required", "keys must hold at least one public key.")
	case len(raw) > MaxAgentKeys:
		f.Add("/keys", "too_many", "keys may hold at most %d.", MaxAgentKeys)
		return nil, f.Err()
	}
	seen := map[string]bool{}
	keys := make([]AgentKey, 0, len(raw))
	for i, text := range raw {
		k, ok := parseAgentKey(&f, i, text)
		if !ok {
			continue
		}
		switch {
		case k.ID == "" && len(raw) > 1:
			f.Add(fmt.Sprintf("/keys/%d/kid", i), "required", "kid is required where there are several keys: an assertion names the one that signed it.")
		case seen[k.ID]:
			f.Add(fmt.Sprintf("/keys/%d/kid", i), "repeated", "%q is the kid of more than one key.", k.ID)
		}
		seen[k.ID] = true
		keys = append(keys, k)
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	return keys, nil
}

func parseAgentKey(f *Faults, i int, text json.RawMessage) (AgentKey, bool) {
	field := fmt.Sprintf("/keys/%d", i)
	if len(text) > MaxAgentKeySize {
		f.Add(field, "too_long", "A key may have at most %d bytes.", MaxAgentKeySize)
		return AgentKey{}, false
	}
	var members map[string]json.RawMessage
	var k AgentKey
	if json.Unmarshal(text, &members) != nil || members == nil || !member(members, "kid", &k.ID) ||
		!member(members, "kty", &k.Type) || !member(members, "alg", &k.Algorithm) {
		f.Add(field, "invalid_jwk", "A key must be a JSON Web Key (RFC 7517).")
		return AgentKey{}, false
	}
	for _, name := range privateMembers() {
		if _, has := members[name]; has {
			f.Add(field, "private_key", "keys must hold public keys only. Make a new key pair: this one has been shown.")
			return AgentKey{}, false
		}
	}
	CheckText(f, field+"/kid", k.ID, MaxName, false)
	compact, err := json.Marshal(members)
	if err != nil {
		f.Add(field, "invalid_jwk", "A key must be a JSON Web Key (RFC 7517).")
		return AgentKey{}, false
	}
	k.JWK = string(compact)
	return k, true
}

// member reads a member that must be a string when present. A struct would take
// "KID" for "kid" (RFC 7517 §4: names are case-sensitive).
func member(members map[string]json.RawMessage, name string, to *string) bool {
	text, has := members[name]
	return !has || json.Unmarshal(text, to) == nil
}

// privateMembers are the members of a JWK that no public key has (RFC 7518 §6).
func privateMembers() []string { return []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"} }

// AgentKeySet is the JWK Set document of keys, "" for none.
func AgentKeySet(keys []AgentKey) string {
	if len(keys) == 0 {
		return ""
	}
	texts := make([]string, len(keys))
	for i, k := range keys {
		texts[i] = k.JWK
	}
	return `{"keys":[` + strings.Join(texts, ",") + `]}`
}

// ReadAgentKeySet is the inverse of AgentKeySet.
func ReadAgentKeySet(document string) ([]AgentKey, error) {
	if document == "" {
		return nil, nil
	}
	var set struct{ Keys []json.RawMessage }
	if err := json.Unmarshal([]byte(document), &set); err != nil {
		return nil, fmt.Errorf("an agent's key set: %w", err)
	}
	return ParseAgentKeys(set.Keys)
}
