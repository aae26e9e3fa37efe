package oauthapi

import (
	"net/http"

	"authsec/internal/domain"
	"authsec/internal/httpapi/wire"
	"authsec/internal/token"
)

// inactive is all that is said of a token that is not good (RFC 7662 §2.2).
type inactive struct {
	Active bool `json:"active"`
}

// introspection is RFC 7662 §2.2 with the claims of ours that verifiers know.
type introspection struct {
	Active    bool   `json:"active"`
	Username  string `json:"username,omitempty"`
	TokenType string `json:"token_type"`
	*token.Claims
}

func (a Recalls) introspect(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(w, r)
	if err != nil {
		return err
	}
	resource, err := a.enter(r, f)
	if err != nil {
		return err
	}
	a.Hub.Asked(resource)
	compact, err := tokenOf(f)
	if err != nil {
		return err
	}
	claims, err := a.Introspect.Introspect(r.Context(), resource, compact)
	if err != nil {
		return err
	}
	if claims == nil {
		return wire.JSON(w, http.StatusOK, inactive{})
	}
	kind := "Bearer"
	if claims.Confirmation != nil {
		// RFC 9449 §6.2; the resource checks cnf, which is among the claims.
		kind = wire.TokenType(domain.Confirmation{KeyThumbprint: claims.Confirmation.KeyThumbprint})
	}
	return wire.JSON(w, http.StatusOK, introspection{Active: true, Username: claims.Email, TokenType: kind, Claims: claims})
}
