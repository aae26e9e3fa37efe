// Package adminapi is the administration API (DESIGN §4): each handler decodes,
// calls a service, and encodes. What may be asked for is the contract's
// (api/openapi.yaml), against which every request is checked first; who may ask
// is the table of routes'; what is decided is the services'.
package adminapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"authsec/internal/audit"
	"authsec/internal/delegation"
	"authsec/internal/directory"
	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"
	"authsec/internal/httpapi/wire"
	"authsec/internal/issuance"
	"authsec/internal/keyring"
	"authsec/internal/policy"
	"authsec/internal/revocation"
	"authsec/internal/signin"
	"authsec/internal/token"
)

// API is the administration API's parts. All fields are required.
type API struct {
	Directory  *directory.Service
	Delegation *delegation.Service
	SignIn     *signin.Service
	Keyring    *keyring.Keyring
	Minter     *token.Minter // previews what explain would grant
	Examiner   *issuance.Examiner
	Subjects   *delegation.SubjectExaminer
	Audit      audit.Query
	Recalls    *revocation.Progress
	Cookie     wire.SessionCookie
	PublicURL  string // without a slash at the end
	Policy     policy.Settings
	Version    string
	Now        func() time.Time
}

// Endpoints returns the API's routes, each behind the contract's check. It fails
// when a part is missing, or when the contract and the generated code differ.
func (a API) Endpoints() ([]wire.Endpoint, error) {
	if a.Directory == nil || a.Delegation == nil || a.SignIn == nil || a.Keyring == nil || a.Minter == nil ||
		a.Examiner == nil || a.Subjects == nil || a.Audit.Store == nil || a.Audit.Watcher == nil || a.Recalls == nil || a.PublicURL == "" || a.Now == nil {
		return nil, errors.New("the administration API lacks a part")
	}
	operations, err := loadContract()
	if err != nil {
		return nil, err
	}
	strict := api.NewStrictHandlerWithOptions(server{a}, nil, api.StrictHTTPServerOptions{
		RequestErrorHandlerFunc: func(w http.ResponseWriter, r *http.Request, err error) { wire.Problem(w, r, undecodable(err)) },
		// Any error of a handler; a write that fails has no reader left to tell.
		ResponseErrorHandlerFunc: wire.Problem,
	})
	var routes collector
	api.HandlerWithOptions(strict, api.StdHTTPServerOptions{BaseURL: basePath, BaseRouter: &routes,
		ErrorHandlerFunc: func(w http.ResponseWriter, r *http.Request, err error) { wire.Problem(w, r, undecodable(err)) }})
	if len(routes) != len(operations) {
		return nil, fmt.Errorf("the contract has %d operations and the generated code %d routes", len(operations), len(routes))
	}
	for i, e := range routes {
		op, ok := operations[e.Pattern]
		if !ok {
			return nil, fmt.Errorf("route %q is not in the contract", e.Pattern)
		}
		routes[i].Handler = op.guard(e.Handler)
	}
	return routes, nil
}

// server answers the generated interface.
type server struct{ API }

var _ api.StrictServerInterface = server{}

// collector takes the place of a mux, and keeps what is registered.
type collector []wire.Endpoint

// HandleFunc implements api.ServeMux.
func (c *collector) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	*c = append(*c, wire.Endpoint{Pattern: pattern, Handler: http.HandlerFunc(handler)})
}

// ServeHTTP implements api.ServeMux; nothing is served before it is collected.
func (c *collector) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "not a mux", http.StatusInternalServerError)
}

// callerOf returns who is calling. Behind a route that asks for nobody it is the
// zero Caller, who may do nothing.
func callerOf(ctx context.Context) domain.Caller {
	if c := wire.FromContext(ctx).Caller; c != nil {
		return *c
	}
	return domain.Caller{}
}

// each converts a list's items; never nil, so that none is [] in JSON.
func each[T, U any](items []T, convert func(T) U) []U {
	out := make([]U, len(items))
	for i, item := range items {
		out[i] = convert(item)
	}
	return out
}

// orEmpty returns list, or an empty one for nil, which JSON would write as null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// valueOf returns what an optional member says, or the zero value.
func valueOf[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// optional returns nil for the zero value: JSON's null or absence.
func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// optionalTime returns nil for "never".
func optionalTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	utc := t.UTC()
	return &utc
}
