package domain

// SenderConstraint says which tokens of a delegation are bound to a key that
// their holder must prove (RFC 9449, RFC 8705).
type SenderConstraint string

// The sender constraints. A client may always ask for a bound token.
const (
	SenderUnconstrained SenderConstraint = "none" // whoever holds the token can use it
	SenderAny           SenderConstraint = "any"  // bound, in either way
	SenderDPoP          SenderConstraint = "dpop" // bound by DPoP
	SenderMTLS          SenderConstraint = "mtls" // bound to a client certificate
)

// Valid reports whether c is a known sender constraint.
func (c SenderConstraint) Valid() bool {
	switch c {
	case SenderUnconstrained, SenderAny, SenderDPoP, SenderMTLS:
		return true
	}
	return false
}

// Admits reports whether a token bound as k says meets the constraint.
func (c SenderConstraint) Admits(k Confirmation) bool {
	switch c {
	case SenderUnconstrained:
		return true
	case SenderAny:
		return k.KeyThumbprint != "" || k.CertThumbprint != ""
	case SenderDPoP:
		return k.KeyThumbprint != ""
	case SenderMTLS:
		return k.CertThumbprint != ""
	}
	return false
}

// Weaker reports whether after admits a token that c does not.
func (c SenderConstraint) Weaker(after SenderConstraint) bool {
	for _, k := range []Confirmation{{}, {KeyThumbprint: "k"}, {CertThumbprint: "c"}} {
		if after.Admits(k) && !c.Admits(k) {
			return true
		}
	}
	return false
}

// Confirmation is the key to which a token is bound (RFC 7800 §3.1); at most one
// member is set. The zero value binds to none.
type Confirmation struct {
	KeyThumbprint  string // jkt: RFC 7638 thumbprint by SHA-256, base64url (RFC 9449 §6.1)
	CertThumbprint string // x5t#S256: SHA-256 of the certificate, base64url (RFC 8705 §3.1)
}

// None reports whether nothing is bound.
func (c Confirmation) None() bool { return c == Confirmation{} }
