package token

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// Examination is all that can be said of a token, good or not. What it holds was
// proven only if there are no faults.
type Examination struct {
	Header  json.RawMessage // nil: it is no JSON object
	Payload json.RawMessage // nil: it is no JSON object
	Claims  *Claims         // nil: they do not hold
	// Faults are why it is refused, as Parse's errors; empty: it is good. Where the
	// signature does not hold, those of the claims are told all the same.
	Faults []error
}

// Examine is Parse for people: it goes on where Parse stops. A token that Parse
// accepts has no faults, and one that it refuses has its error first.
func Examine(compact string, keys Keys, want Expectation) Examination {
	var x Examination
	if len(compact) <= MaxBytes {
		if parts := strings.Split(compact, "."); len(parts) == 3 {
			x.Header, x.Payload = objectIn(parts[0]), objectIn(parts[1])
		}
	}
	payload, err := open(TypAccessToken, compact, keys)
	if err != nil {
		x.Faults = append(x.Faults, err)
		if payload = x.Payload; payload == nil {
			return x
		}
	}
	c, err := parseClaims(payload)
	if err != nil {
		x.Faults = append(x.Faults, err)
		return x
	}
	x.Claims, x.Faults = &c, append(x.Faults, want.faults(&c)...)
	return x
}

// objectIn decodes a part of a compact JWS for showing; nil if it is no JSON object.
func objectIn(part string) json.RawMessage {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return nil
	}
	if _, err := parseObject(raw); err != nil {
		return nil
	}
	return raw
}
