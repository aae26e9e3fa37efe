package oauthapi

import (
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"authsec/internal/domain"
	"authsec/internal/issuance"
)

// maxForm bounds the body of a request, in bytes.
const maxForm = 64 << 10

// form is the parameters of a request, each with a value and, but for those of
// RFC 8707, only one.
type form url.Values

// value returns a parameter's value; "" : it is not there.
func (f form) value(name string) string { return url.Values(f).Get(name) }

// readForm reads a request's form (RFC 6749 §3.2).
func readForm(w http.ResponseWriter, r *http.Request) (form, error) {
	if r.URL.RawQuery != "" || r.URL.ForceQuery {
		// RFC 6749 §2.3.1: credentials are never in the URI, which is logged.
		return nil, malformed("Parameters are sent in the body, none in the URL.")
	}
	if types := r.Header.Values("Content-Type"); len(types) != 1 || !isForm(types[0]) {
		return nil, malformed("The body must be of the type application/x-www-form-urlencoded, in UTF-8.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if err != nil {
		return nil, bodyError(err)
	}
	return parseForm(string(body))
}

func isForm(contentType string) bool {
	kind, parameters, err := mime.ParseMediaType(contentType)
	charset, named := parameters["charset"]
	return err == nil && kind == "application/x-www-form-urlencoded" && (!named || strings.EqualFold(charset, "utf-8"))
}

// parseForm reads a form. Of the parameters, only what keeps each from having one
// meaning is checked.
func parseForm(body string) (form, error) {
	values, err := url.ParseQuery(body)
	if err != nil {
		return nil, malformed("The body is not a well-formed form.")
	}
	f := form{}
	for _, name := range slices.Sorted(maps.Keys(values)) { // the same request, the same answer
		given := values[name]
		if len(given) > 1 && name != "resource" && name != "audience" {
			return nil, malformed("The parameter %s is given more than once.", clip(name))
		}
		for _, v := range given {
			if !utf8.ValidString(v) {
				return nil, malformed("The parameter %s is not in UTF-8.", clip(name))
			}
			if v != "" { // RFC 6749 §3.2: one without a value was not sent
				f[name] = append(f[name], v)
			}
		}
	}
	return f, nil
}

func malformed(format string, args ...any) error {
	return domain.Errorf(domain.Invalid, issuance.CodeInvalidRequest, format, args...)
}

// clip shortens what a caller sent before it is echoed.
func clip(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
