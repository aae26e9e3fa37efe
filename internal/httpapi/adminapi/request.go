package adminapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"

	"github.com/getkin/kin-openapi/openapi3"
)

// maxQuery bounds a query: 64 KiB of actions for explain, and the rest.
const maxQuery = 96 << 10

// checkQuery holds the query to the contract. An unknown parameter is refused: a
// misspelt filter must not silently mean "everything". So is one that is given
// more than once and is no list: readers differ on which one counts.
func (o *operation) checkQuery(f *domain.Faults, r *http.Request) error {
	if len(r.URL.RawQuery) > maxQuery {
		return domain.Errorf(domain.Invalid, "invalid_request", "The query is longer than %d bytes.", maxQuery)
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return domain.Errorf(domain.Invalid, "invalid_request", "The query is not well-formed.")
	}
	for name := range query {
		if o.query[name] == nil {
			f.Add(clip(name), "unknown_parameter", "There is no parameter %q. %s", clip(name), o.known())
		}
	}
	for _, name := range o.names {
		p, values := o.query[name], query[name]
		schema := p.Schema.Value
		switch {
		case len(values) == 0:
			if p.Required {
				f.Add(name, "required", "%s is required.", name)
			}
		case schema.Type.Is(openapi3.TypeArray):
			checkValue(f, name, schema, texts(values))
		case len(values) > 1:
			f.Add(name, "repeated", "%s is given more than once.", name)
		case values[0] == "" && p.AllowEmptyValue:
		default:
			checkText(f, name, schema, values[0])
		}
	}
	return nil
}

func (o *operation) known() string {
	if len(o.names) == 0 {
		return "This operation takes none."
	}
	return "Known are " + strings.Join(o.names, ", ") + "."
}

// checkPath holds the parameters of the path to the contract. net/http has decoded them.
func (o *operation) checkPath(f *domain.Faults, r *http.Request) {
	for _, p := range o.path {
		checkText(f, p.Name, p.Schema.Value, r.PathValue(p.Name))
	}
}

// checkText holds a parameter's text to its schema.
func checkText(f *domain.Faults, name string, schema *openapi3.Schema, text string) {
	var value any = text
	if schema.Type.Is(openapi3.TypeInteger) {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			f.Add(name, "wrong_type", "%s must be a whole number.", name)
			return
		}
		value = n
	}
	checkValue(f, name, schema, value)
}

func texts(values []string) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = v
	}
	return out
}

// checkBody reads the body, holds it to the contract, and puts it back for the
// generated code to decode.
func (o *operation) checkBody(f *domain.Faults, r *http.Request) error {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			return err
		}
		return &domain.Error{Kind: domain.Invalid, Code: "invalid_request", Public: "The body could not be read to its end.", Err: err}
	}
	switch {
	case o.body == nil && len(raw) > 0:
		return domain.Errorf(domain.Invalid, "invalid_request", "This operation takes no body.")
	case len(raw) == 0 && o.bodyRequired:
		return domain.Errorf(domain.Invalid, "invalid_request", "The body is missing. Send a JSON object.")
	case len(raw) == 0:
		return nil
	}
	if err := checkMedia(r.Header); err != nil {
		return err
	}
	value, err := decodeStrict(raw)
	if err != nil {
		return err
	}
	checkValue(f, "", o.body, value)
	r.Body = io.NopCloser(bytes.NewReader(raw))
	return nil
}

// undecodable turns what the generated code cannot decode into a fault. The
// contract's check lets hardly anything through to here: a number such as 6e1,
// which is whole and yet no Go integer.
func undecodable(err error) error {
	var f domain.Faults
	var wrongType *json.UnmarshalTypeError
	var format *api.InvalidParamFormatError
	switch {
	case errors.As(err, &wrongType):
		field := "/" + strings.ReplaceAll(wrongType.Field, ".", "/")
		f.Add(field, "wrong_type", "%s must be written as a plain whole number.", label(field))
	case errors.As(err, &format):
		f.Add(format.ParamName, "invalid_format", "%s is not well-formed.", format.ParamName)
	default:
		return &domain.Error{Kind: domain.Invalid, Code: "invalid_request", Public: "The request could not be decoded.",
			Err: fmt.Errorf("decode what the contract allows: %w", err)}
	}
	return f.Err()
}

// clip shortens what a caller made up before it is repeated.
func clip(s string) string {
	const most = 64
	s = strings.ToValidUTF8(s, string(utf8.RuneError))
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
