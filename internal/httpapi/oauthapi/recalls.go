package oauthapi

import (
	"context"
	"net/http"
	"time"

	"authsec/internal/domain"
	"authsec/internal/httpapi/wire"
	"authsec/internal/issuance"
	"authsec/internal/revocation"
)

// Agents finds out which agent is calling.
type Agents interface {
	Identify(ctx context.Context, action string, r issuance.Request) (domain.Agent, error)
}

// Recalls answers the routes by which verifiers learn what counts no more, and by
// which agents revoke. All fields but WriteWait are required.
type Recalls struct {
	Resources  *revocation.Gate
	Lists      *revocation.Lists
	Hub        *revocation.Hub
	Introspect *revocation.Introspector
	Agents     Agents
	Revoker    *revocation.Revoker
	// WriteWait is how long a stream's reader may take for what it is sent; 0: 5 s.
	WriteWait time.Duration
}

// The routes' paths.
const (
	statusListsPath = "/oauth2/status-lists/"
	revocationsPath = "/oauth2/revocations"
	introspectPath  = "/oauth2/introspect"
	revokePath      = "/oauth2/revoke"
)

// Endpoints returns the routes.
func (a Recalls) Endpoints() []wire.Endpoint {
	const basic = `Basic realm="authsec"`
	return []wire.Endpoint{
		{Pattern: "GET " + statusListsPath + "{id}", Handler: wire.Handler{Serve: a.statusList, Fail: wire.OAuthError}},
		{Pattern: "GET " + revocationsPath, Handler: wire.Handler{Serve: a.revocations, Fail: wire.OAuthErrorAs(resourceError, basic)}},
		{Pattern: "POST " + introspectPath, Handler: wire.Handler{Serve: a.introspect, Fail: wire.OAuthErrorAs(resourceError, basic)}},
		{Pattern: "POST " + revokePath, Handler: wire.Handler{Serve: a.revoke, Fail: wire.OAuthErrorAs(revokeError, basic)}},
	}
}

// enter lets a resource in by its secret, which comes as a client's does (RFC 7662
// §2.1). f is empty where only the header counts.
func (a Recalls) enter(r *http.Request, f form) (domain.Resource, error) {
	p, err := presented(r, f)
	if err != nil {
		return domain.Resource{}, err
	}
	id := f.value("client_id")
	switch {
	case p.Basic == nil:
		return domain.Resource{}, unauthenticated("This is for resources. Authenticate with HTTP Basic: the resource's ID and its resource_secret.")
	case id != "" && !sameID(id, p.Basic.ClientID):
		return domain.Resource{}, unauthenticated("client_id and the credential name different resources.")
	}
	return a.Resources.Enter(r.Context(), revocation.Credential{ID: p.Basic.ClientID, Secret: p.Basic.Secret}, peerOf(r))
}

func sameID(a, b string) bool {
	x, okX := domain.ParseID(a)
	y, okY := domain.ParseID(b)
	return okX && okY && x == y
}

func peerOf(r *http.Request) revocation.Peer {
	info := wire.FromContext(r.Context())
	return revocation.Peer{IP: info.IP, RequestID: info.ID}
}

// resourceError names an error as RFC 6749 §5.2 does, to which RFC 7662 §2.3 refers.
func resourceError(e domain.Error) domain.Error {
	switch e.Kind {
	case domain.Unauthenticated:
		e.Code = invalidClient
	case domain.RateLimited:
		e.Code = slowDown
	case domain.Unavailable:
		e.Code = unavailable
	case domain.Internal:
		e.Code = serverError
	default:
		e.Code = invalidRequest
	}
	return e
}

// revokeError names an error as RFC 7009 §2.2.1 does.
func revokeError(e domain.Error) domain.Error {
	if e.Code == revocation.CodeUnauthorizedClient {
		return e
	}
	return tokenError(e)
}

// tokenOf returns the parameter token. A token_type_hint, whatever it says, helps
// nothing here: there is one kind of token (RFC 7662 §2.1, RFC 7009 §2.1).
func tokenOf(f form) (string, error) {
	if t := f.value("token"); t != "" {
		return t, nil
	}
	return "", malformed("The parameter token is required.")
}
