package token

import (
	"encoding/base64"
	"errors"
)

// Confirmation is the key to which a token is bound (RFC 7800 §3.1). Exactly one
// member is set; each is a SHA-256 in base64url.
type Confirmation struct {
	KeyThumbprint  string `json:"jkt,omitempty"`      // of a DPoP key (RFC 9449 §6.1)
	CertThumbprint string `json:"x5t#S256,omitempty"` // of a client certificate (RFC 8705 §3.1)
}

// check refuses what a verifier could take for another key, or for none.
func (c *Confirmation) check() error {
	thumbprint := c.KeyThumbprint
	if c.CertThumbprint != "" {
		if thumbprint != "" {
			return errors.New("cnf names two keys")
		}
		thumbprint = c.CertThumbprint
	}
	// Strict: of several spellings, readers that compare texts would know one.
	if b, err := base64.RawURLEncoding.Strict().DecodeString(thumbprint); err != nil || len(b) != 32 || len(thumbprint) != 43 {
		return errors.New("cnf is no thumbprint by SHA-256")
	}
	return nil
}

// parseConfirmation reads the ways of binding that are ours. One that is not
// known is not passed over: nobody would check it.
func parseConfirmation(o object) (*Confirmation, bool) {
	if !o.has("cnf") {
		return nil, true
	}
	members, ok := o["cnf"].(map[string]any)
	if !ok || len(members) != 1 {
		return nil, false
	}
	cnf := object(members)
	key, isKey := cnf.text("jkt")
	certificate, isCertificate := cnf.text("x5t#S256")
	c := &Confirmation{KeyThumbprint: key, CertThumbprint: certificate}
	return c, isKey && isCertificate && c.check() == nil
}
