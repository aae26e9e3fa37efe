package oauthapi

import (
	"net/http"

	"authsec/internal/domain"
	"authsec/internal/httpapi/wire"
	"authsec/internal/issuance"
)

// revoke recalls one token of the agent that asks (RFC 7009).
func (a Recalls) revoke(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(w, r)
	if err != nil {
		return err
	}
	info := wire.FromContext(r.Context())
	request := issuance.Request{IP: info.IP, RequestID: info.ID}
	if request.ClientID, request.Proof, err = client(r, f); err != nil {
		return err
	}
	compact, err := tokenOf(f)
	if err != nil {
		return err
	}
	agent, err := a.Agents.Identify(r.Context(), "token.revoke", request)
	if err != nil {
		if len(request.Proof.Certificates) > 0 && domain.KindOf(err) == domain.Unauthenticated {
			// The connection outlived its certificate: the next one comes with the present one.
			w.Header().Set("Connection", "close")
		}
		return withFields(err, request)
	}
	if err := a.Revoker.Revoke(r.Context(), agent, compact, peerOf(r)); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK) // the body says nothing (§2.2)
	return nil
}
