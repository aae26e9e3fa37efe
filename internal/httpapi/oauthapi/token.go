package oauthapi

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"authsec/internal/domain"
	"authsec/internal/httpapi/wire"
	"authsec/internal/issuance"
)

// TokenIssuer issues tokens.
type TokenIssuer interface {
	Issue(ctx context.Context, r issuance.Request) (issuance.Issued, error)
	Exchange(ctx context.Context, r issuance.ExchangeRequest) (issuance.Issued, error)
}

const tokenPath = "/oauth2/token"

// tokenEndpoint is RFC 6749 §3.2: a form becomes a struct, issuance decides, its
// answer becomes a body. Nothing is decided here.
func (a API) tokenEndpoint() wire.Endpoint {
	return wire.Endpoint{Pattern: "POST " + tokenPath, Handler: wire.Handler{Serve: a.token, Fail: failToken()}}
}

// tokenMetadata is what RFC 8414 §2 has of the token endpoint.
type tokenMetadata struct {
	TokenEndpoint            string   `json:"token_endpoint"`
	TokenEndpointAuthMethods []string `json:"token_endpoint_auth_methods_supported"`
	// Of private_key_jwt and spiffe_jwt.
	TokenEndpointAuthAlgs []string `json:"token_endpoint_auth_signing_alg_values_supported"`
}

func (a API) tokenMetadata() tokenMetadata {
	methods := []string{"client_secret_basic", "client_secret_post", "private_key_jwt", "spiffe_jwt"}
	if a.MutualTLS {
		methods = append(methods, "spiffe_x509")
	}
	return tokenMetadata{TokenEndpoint: a.Issuer + tokenPath, TokenEndpointAuthMethods: methods,
		TokenEndpointAuthAlgs: []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}}
}

// tokenAnswer is RFC 6749 §5.1. The scope is always told: none need have been asked for.
type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"` // seconds from this answer
	Scope       string `json:"scope"`
	IssuedType  string `json:"issued_token_type,omitempty"` // RFC 8693 §2.2.1: of exchanges alone
}

func (a API) token(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Pragma", "no-cache") // RFC 6749 §5.1; wire sets Cache-Control
	shown, err := a.Proofs.Read(w, r)
	if err != nil {
		return err
	}
	request, err := parseTokenRequest(w, r)
	if err != nil {
		return err
	}
	request.Key.Proof, request.Key.Method, request.Key.URL = shown.Proof, shown.Method, shown.URL
	got, issued, err := a.grant(r.Context(), request)
	if err != nil {
		if len(request.Proof.Certificates) > 0 && domain.KindOf(err) == domain.Unauthenticated {
			// The connection outlived its certificate: the next one comes with the present one.
			w.Header().Set("Connection", "close")
		}
		return withFields(err, request.Request)
	}
	return wire.JSON(w, http.StatusOK, tokenAnswer{AccessToken: got.Token.Reveal(), TokenType: wire.TokenType(got.Confirmation),
		ExpiresIn: int64(got.TTL / time.Second), Scope: strings.Join(got.Actions, " "), IssuedType: issued})
}

// withFields adds which parameters are at fault where an error does not say: the
// RFCs name the error by the parameter.
func withFields(err error, request issuance.Request) error {
	e, ok := errors.AsType[*domain.Error](err)
	if !ok || e.Code != issuance.CodeInvalidRequest || len(e.Fields) > 0 {
		return err
	}
	faults, ok := errors.AsType[*domain.Error](request.Check())
	if !ok {
		return err
	}
	detailed := *e
	detailed.Fields, detailed.Err = faults.Fields, err
	return &detailed
}
