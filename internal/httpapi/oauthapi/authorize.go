package oauthapi

import (
	"net/http"

	"authsec/internal/domain"
	"authsec/internal/httpapi/wire"
)

const authorizePath = "/oauth2/authorize"

// authorizationEndpoint is there because OpenID Connect Discovery §3 demands one,
// and clients that read that document do not go on without. No response type is
// supported, as the document says, so every request gets that error. It is shown
// and never sent to a redirect URI: none is registered (RFC 6749 §4.1.2.1).
func (a API) authorizationEndpoint() wire.Endpoint {
	asItIs := func(e domain.Error) domain.Error { return e }
	return wire.Endpoint{Pattern: "GET " + authorizePath, Handler: wire.Handler{Fail: wire.OAuthErrorAs(asItIs),
		Serve: func(http.ResponseWriter, *http.Request) error {
			return domain.Errorf(domain.Invalid, "unsupported_response_type",
				"Nobody signs in to an application here. Agents get tokens at the token endpoint, %s.", tokenPath)
		}}}
}
