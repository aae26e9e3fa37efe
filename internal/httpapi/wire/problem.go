package wire

import (
	"encoding/json"
	"net/http"
	"strings"

	"authsec/internal/domain"
)

// problem is an RFC 9457 body.
type problem struct {
	Type      string         `json:"type"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Detail    string         `json:"detail"`
	Instance  string         `json:"instance,omitempty"`
	Code      string         `json:"code"`
	RequestID string         `json:"request_id"`
	Errors    []problemField `json:"errors,omitempty"`
}

type problemField struct {
	Field   string `json:"field"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Problem writes err as application/problem+json (RFC 9457): how the
// administration API fails.
func Problem(w http.ResponseWriter, r *http.Request, err error) {
	info := FromContext(r.Context())
	info.Err = err
	e := public(err)
	status := Status(e.Kind)
	p := problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: e.Public,
		Instance: r.URL.EscapedPath(), Code: e.Code, RequestID: info.ID}
	for _, f := range e.Fields {
		p.Errors = append(p.Errors, problemField{Field: f.Field, Code: f.Code, Message: f.Message})
	}
	retryAfter(w, e)
	if status == http.StatusUnauthorized && w.Header().Get("WWW-Authenticate") == "" {
		w.Header().Set("WWW-Authenticate", `Bearer realm="authsec"`)
	}
	write(w, status, "application/problem+json", p)
}

// OAuthError writes err as {"error", "error_description", …} (RFC 6749 §5.2):
// how token routes fail.
func OAuthError(w http.ResponseWriter, r *http.Request, err error) {
	// Both ways in which a workload can prove itself (RFC 9110 §11.6.1).
	oauthError(w, r, err, public(err), `Bearer realm="authsec"`, `Basic realm="authsec"`)
}

// OAuthErrorAs returns an OAuthError for an endpoint whose RFC names the errors:
// name turns one that may be shown into what that RFC calls it. The challenges are
// those of its 401.
func OAuthErrorAs(name func(domain.Error) domain.Error, challenges ...string) func(http.ResponseWriter, *http.Request, error) {
	return func(w http.ResponseWriter, r *http.Request, err error) {
		e := name(*public(err))
		e.Public = describable(e.Public)
		oauthError(w, r, err, &e, challenges...)
	}
}

func oauthError(w http.ResponseWriter, r *http.Request, err error, e *domain.Error, challenges ...string) {
	info := FromContext(r.Context())
	info.Err = err
	status := Status(e.Kind)
	body := map[string]any{}
	for k, v := range e.Details {
		body[k] = v
	}
	body["error"], body["error_description"], body["request_id"] = e.Code, e.Public, info.ID
	retryAfter(w, e)
	if status == http.StatusUnauthorized {
		for _, c := range challenges {
			w.Header().Add("WWW-Authenticate", c)
		}
	}
	write(w, status, "application/json", body)
}

// describable puts a text into the characters that error_description may have
// (RFC 6749 §5.2): printable ASCII without " and \.
func describable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"', r == '\\':
			return '\''
		case r < ' ' || r > '~':
			return '?'
		}
		return r
	}, strings.ReplaceAll(s, "…", "..."))
}

func write(w http.ResponseWriter, status int, contentType string, v any) {
	body, err := json.Marshal(v)
	if err != nil { // only if a Details value cannot be encoded: our own fault
		status, body = http.StatusInternalServerError, []byte(`{"error":"internal_error","code":"internal_error"}`)
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the peer may be gone; nobody to tell
}
