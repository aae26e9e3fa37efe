package issuance_test

import (
	"crypto/x509"
	"testing"

	"authsec/internal/domain"
	"authsec/internal/issuance"
	"authsec/internal/policy"
	"authsec/internal/token"
)

// with proves a key by the client certificate of the connection.
func with(certificate string) func(*issuance.Request) {
	return func(r *issuance.Request) {
		r.Proof.Certificates = []*x509.Certificate{{Raw: []byte(certificate)}}
		r.Key.MutualTLS = true
	}
}

func keyed(certificate string) change {
	return func(r *issuance.ExchangeRequest) { with(certificate)(&r.Request) }
}

// A token that is bound to a key needs that key's proof, and gives one that is
// bound to it, too (RFC 8705 §3, RFC 9449 §6).
func TestABoundTokenNeedsItsKey(t *testing.T) {
	h := newTrade(t)
	bound := h.first(t, with("one"))
	parent := h.claims(t, bound)
	if parent.Confirmation == nil || parent.Confirmation.CertThumbprint == "" {
		t.Fatalf("not bound: %+v", parent)
	}
	h.refused(t, domain.Forbidden, policy.CodeKeyProof, asking(secondID, bound))
	h.refused(t, domain.Forbidden, policy.CodeKeyProof, asking(secondID, bound, keyed("two")))
	child, c := h.exchange(t, secondID, bound, keyed("one"))
	if c.Confirmation == nil || *c.Confirmation != *parent.Confirmation || child.Confirmation.CertThumbprint != parent.Confirmation.CertThumbprint {
		t.Errorf("bound to %+v", c.Confirmation)
	}
	h.refused(t, domain.Forbidden, policy.CodeKeyProof, asking(thirdID, child.Token))
	// A bearer token may become a bound one, and never the other way round.
	if _, c := h.exchange(t, secondID, h.first(t), keyed("two")); c.Confirmation == nil {
		t.Error("not bound, though asked for")
	}
}

// A person's delegation that demands a bound token gets one.
func TestAPersonLendsABoundToken(t *testing.T) {
	h := newTrade(t)
	h.setTemplate(func(x *domain.DelegationTemplate) { x.SenderConstrained = domain.SenderMTLS })
	h.refused(t, domain.Forbidden, policy.CodeConstraint, asking(frontID, badge(t, nil)))
	_, c := h.exchange(t, frontID, badge(t, nil), keyed("one"))
	if want := (token.Confirmation{CertThumbprint: c.Confirmation.CertThumbprint}); *c.Confirmation != want || want.CertThumbprint == "" {
		t.Errorf("bound to %+v", c.Confirmation)
	}
	if d := h.world.lentBy(templateID)[0]; d.SenderConstrained != domain.SenderMTLS {
		t.Errorf("the delegation demands %q", d.SenderConstrained)
	}
}
