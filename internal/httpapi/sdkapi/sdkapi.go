// Package sdkapi is the endpoint that the SDKs call: a request becomes a
// struct, issuance decides, its answer becomes a body. Nothing is decided here.
package sdkapi

import (
	"context"
	"net/http"
	"time"

	"authsec/internal/domain"
	"authsec/internal/httpapi/wire"
	"authsec/internal/issuance"
)

// Pattern is the endpoint's route.
const Pattern = "GET /authsec/uflow/sdk/delegation-token"

// Issuer issues tokens.
type Issuer interface {
	Issue(ctx context.Context, r issuance.Request) (issuance.Issued, error)
}

// API answers the endpoint.
type API struct {
	Issuer Issuer
	Keys   wire.KeyProofs
}

// Endpoints returns the package's routes.
func (a API) Endpoints() []wire.Endpoint {
	return []wire.Endpoint{{Pattern: Pattern, Handler: wire.Handler{Serve: a.delegationToken, Fail: wire.OAuthError}}}
}

// answer is the 200 body (DESIGN §4).
type answer struct {
	Token        string   `json:"token"`
	ExpiresAt    string   `json:"expires_at"`
	SPIFFEID     string   `json:"spiffe_id"`
	Permissions  []string `json:"permissions"`
	Audience     []string `json:"audience"`
	TTLSeconds   int64    `json:"ttl_seconds"` // from this answer
	ClientID     string   `json:"client_id"`
	DelegationID string   `json:"delegation_id"`
	Status       string   `json:"status"`
	IssuedAt     string   `json:"issued_at"`
	// TokenType is DPoP for a token that is bound so; "" : it goes as Bearer.
	TokenType    string            `json:"token_type,omitempty"`
	Confirmation map[string]string `json:"cnf,omitempty"` // the key that it is bound to
}

func (a API) delegationToken(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodHead {
		// net/http's mux sends HEAD to GET's handler, and nothing may be minted for an answer without a body.
		w.Header().Set("Allow", http.MethodGet)
		return domain.Errorf(domain.MethodNotAllowed, "method_not_allowed", "This path does not take HEAD. Use GET.")
	}
	shown, err := a.Keys.Read(w, r)
	if err != nil {
		return err
	}
	request, err := parse(r)
	if err != nil {
		return err
	}
	request.Key.Proof, request.Key.Method, request.Key.URL = shown.Proof, shown.Method, shown.URL
	got, err := a.Issuer.Issue(r.Context(), request)
	if err != nil {
		if len(request.Proof.Certificates) > 0 && domain.KindOf(err) == domain.Unauthenticated {
			// The connection outlived its certificate: the next one comes with the present one.
			w.Header().Set("Connection", "close")
		}
		return err
	}
	body := answer{
		Token: got.Token.Reveal(), ExpiresAt: wire.Seconds(got.ExpiresAt), SPIFFEID: got.SPIFFEID,
		Permissions: got.Actions, Audience: got.Audience, TTLSeconds: int64(got.TTL / time.Second),
		ClientID: got.ClientID, DelegationID: got.DelegationID, Status: "active", IssuedAt: wire.Seconds(got.IssuedAt),
		Confirmation: wire.Confirmation(got.Confirmation),
	}
	if kind := wire.TokenType(got.Confirmation); kind != "Bearer" {
		body.TokenType = kind
	}
	return wire.JSON(w, http.StatusOK, body)
}
