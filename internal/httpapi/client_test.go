package httpapi_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// contract is the administration API's, made strict: a member that an answer
// has and the contract does not is a fault here.
var contract = sync.OnceValue(func() *openapi3.T {
	doc, err := api.GetSpec()
	if err != nil {
		panic(err)
	}
	no := false
	for _, ref := range doc.Components.Schemas {
		if s := ref.Value; s.Type.Is("object") && s.AdditionalProperties.Has == nil && len(s.Properties) > 0 {
			s.AdditionalProperties.Has = &no
		}
	}
	return doc
})

// operation is one of the contract's, with the path's template.
type operation struct {
	*openapi3.Operation
	method, path string
	item         *openapi3.PathItem
}

func (o operation) levels(t testing.TB) []string {
	t.Helper()
	raw, ok := o.Extensions["x-levels"].([]any)
	if !ok {
		return nil
	}
	levels := make([]string, len(raw))
	for i, l := range raw {
		levels[i], _ = l.(string)
	}
	return levels
}

// sessionOnly reports whether no API token may call it.
func (o operation) sessionOnly() bool {
	if o.Security == nil || len(*o.Security) == 0 {
		return false
	}
	for _, requirement := range *o.Security {
		if _, ok := requirement["bearerAuth"]; ok {
			return false
		}
	}
	return true
}

func operations() []operation {
	var all []operation
	for _, path := range contract().Paths.InMatchingOrder() {
		item := contract().Paths.Value(path)
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
			if o := item.Operations()[method]; o != nil {
				all = append(all, operation{o, method, path, item})
			}
		}
	}
	return all
}

// find returns the operation of a request below /api/v1, if there is one.
func find(method, path string) (operation, map[string]string, bool) {
	path, _, _ = strings.Cut(path, "?")
	got := strings.Split(strings.TrimPrefix(path, "/api/v1"), "/")
	for _, o := range operations() {
		want := strings.Split(o.path, "/")
		if o.method != method || len(want) != len(got) {
			continue
		}
		params, ok := map[string]string{}, true
		for i := range want {
			if name, isParam := strings.CutPrefix(want[i], "{"); isParam {
				params[strings.TrimSuffix(name, "}")] = got[i]
			} else if want[i] != got[i] {
				ok = false
			}
		}
		if ok {
			return o, params, true
		}
	}
	return operation{}, nil, false
}

// request changes a request before it is sent.
type request func(*http.Request)

func (h *house) as(p person) request { return h.withCookie(p.cookie) }

func (h *house) withCookie(secret domain.Secret) request {
	return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: h.cookie.Name(), Value: secret.Reveal()}) }
}

func bearer(secret domain.Secret) request { return header("Authorization", "Bearer "+secret.Reveal()) }

func header(name string, values ...string) request {
	return func(r *http.Request) { r.Header[http.CanonicalHeaderKey(name)] = values }
}

func from(address string) request { return func(r *http.Request) { r.RemoteAddr = address } }

func host(name string) request { return func(r *http.Request) { r.Host = name } }

// answer is what came back.
type answer struct {
	t       testing.TB
	status  int
	header  http.Header
	body    string
	problem api.Problem
}

// member returns a text member of the JSON body.
func (a answer) member(name string) string {
	a.t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(a.body), &object); err != nil {
		a.t.Fatalf("%v: %s", err, a.body)
	}
	s, _ := object[name].(string)
	return s
}

// want fails the test unless the status is as expected.
func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

// call sends a request; body is "", text, or a value to send as JSON. An answer
// below /api/v1 is held to the contract: its status, headers and body.
func (h *house) call(method, target string, body any, changes ...request) answer {
	h.t.Helper()
	var reader io.Reader = http.NoBody
	if text, ok := body.(string); ok {
		if text != "" {
			reader = strings.NewReader(text)
		}
	} else if body != nil {
		raw, err := json.Marshal(body)
		h.must(err)
		reader = bytes.NewReader(raw)
	}
	r := httptest.NewRequestWithContext(h.t.Context(), method, target, reader)
	r.Host, r.RemoteAddr = "localhost:7468", "127.0.0.1:50000"
	if reader != http.NoBody {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, change := range changes {
		change(r)
	}
	w := httptest.NewRecorder()
	sent := r.Clone(r.Context())
	h.handler.ServeHTTP(w, r)
	a := answer{t: h.t, status: w.Code, header: w.Header(), body: w.Body.String()}
	if a.header.Get("Content-Type") == "application/problem+json" {
		h.must(json.Unmarshal(w.Body.Bytes(), &a.problem))
	}
	h.checkContract(sent, a)
	return a
}

func (h *house) checkContract(r *http.Request, a answer) {
	h.t.Helper()
	o, params, ok := find(r.Method, r.URL.Path)
	if !ok || a.status == http.StatusMisdirectedRequest {
		return
	}
	if a.header.Get("Cache-Control") != "no-store" {
		h.t.Errorf("%s %s (%d) can be cached", r.Method, r.URL.Path, a.status)
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params,
			Route: &routers.Route{Spec: contract(), Path: o.path, PathItem: o.item, Method: o.method, Operation: o.Operation}},
		Status: a.status, Header: a.header, Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	input.SetBodyBytes([]byte(a.body))
	if err := openapi3filter.ValidateResponse(r.Context(), input); err != nil {
		h.t.Errorf("%s %s (%d) is not what the contract says: %v\n%s", r.Method, r.URL.Path, a.status, err, a.body)
	}
}
