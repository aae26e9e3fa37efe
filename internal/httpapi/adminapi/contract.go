package adminapi

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"
	"authsec/internal/httpapi/wire"

	"github.com/getkin/kin-openapi/openapi3"
)

// basePath is where the contract's server is.
const basePath = "/api/v1"

// operation is what the contract says of one operation's requests. Routing is
// net/http's: there is no second router that could take another way.
type operation struct {
	path  []*openapi3.Parameter
	query map[string]*openapi3.Parameter
	names []string // of the query, in the contract's order
	body  *openapi3.Schema
	// bodyRequired: a request without a body is refused.
	bodyRequired bool
}

// loadContract reads the contract that the code was generated from, by route
// pattern. It is done once: it takes some 25 ms of a core.
func loadContract() (map[string]*operation, error) {
	doc, err := api.GetSpec()
	if err != nil {
		return nil, fmt.Errorf("the administration API's contract: %w", err)
	}
	if len(doc.Servers) != 1 || doc.Servers[0].URL != basePath {
		return nil, errors.New("the administration API's contract is for another path than " + basePath)
	}
	operations := map[string]*operation{}
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			op, err := newOperation(item.Parameters, o)
			if err != nil {
				return nil, fmt.Errorf("the contract's %s %s: %w", method, path, err)
			}
			operations[method+" "+basePath+path] = op
		}
	}
	return operations, nil
}

func newOperation(shared openapi3.Parameters, o *openapi3.Operation) (*operation, error) {
	op := &operation{query: map[string]*openapi3.Parameter{}}
	for _, list := range []openapi3.Parameters{shared, o.Parameters} {
		for _, ref := range list {
			p := ref.Value
			if p.Schema == nil || p.Schema.Value == nil || p.Schema.Value.Type == nil {
				return nil, fmt.Errorf("parameter %s has no type", p.Name)
			}
			switch p.In {
			case openapi3.ParameterInPath:
				op.path = append(op.path, p)
			case openapi3.ParameterInQuery:
				op.query[p.Name] = p
				op.names = append(op.names, p.Name)
			default:
				return nil, fmt.Errorf("parameter %s is in the %s, where none is checked", p.Name, p.In)
			}
		}
	}
	if o.RequestBody == nil {
		return op, nil
	}
	media := o.RequestBody.Value.Content.Get("application/json")
	if media == nil || media.Schema == nil {
		return nil, errors.New("the body is not JSON with a schema")
	}
	op.body, op.bodyRequired = media.Schema.Value, o.RequestBody.Value.Required
	return op, nil
}

// guard lets through requests that the contract allows, and names every fault
// of those it does not.
func (o *operation) guard(next http.Handler) http.Handler {
	return wire.Handler{Fail: wire.Problem, Serve: func(w http.ResponseWriter, r *http.Request) error {
		// Answers hold secrets, or what this caller may see now.
		w.Header().Set("Cache-Control", "no-store")
		var faults domain.Faults
		if err := o.checkQuery(&faults, r); err != nil {
			return err
		}
		o.checkPath(&faults, r)
		if err := o.checkBody(&faults, r); err != nil {
			return err
		}
		if err := faults.Err(); err != nil {
			return err
		}
		next.ServeHTTP(w, r)
		return nil
	}}
}

// checkMedia refuses bodies in any other form than plain JSON.
func checkMedia(h http.Header) error {
	types := h.Values("Content-Type")
	if len(types) == 1 && h.Values("Content-Encoding") == nil {
		media, params, err := mime.ParseMediaType(types[0])
		charset, given := params["charset"]
		if err == nil && media == "application/json" && (!given || strings.EqualFold(charset, "utf-8")) {
			return nil
		}
	}
	return domain.Errorf(domain.UnsupportedMedia, "unsupported_media_type",
		"The body must be JSON in UTF-8, not compressed. Send Content-Type: application/json.")
}
