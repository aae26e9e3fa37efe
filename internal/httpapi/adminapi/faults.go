package adminapi

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"authsec/internal/domain"

	"github.com/getkin/kin-openapi/openapi3"
)

// maxFaults bounds the faults that are named: a body can have thousands.
const maxFaults = 100

// checkValue holds a decoded value to its schema and adds a fault for each
// difference. name is a parameter's, or "" for the body. No fault repeats a
// value: it might be a password.
func checkValue(f *domain.Faults, name string, schema *openapi3.Schema, value any) {
	if at, ok := invalidText(name, value); ok {
		f.Add(at, "invalid_utf8", "%s is not valid UTF-8.", label(at))
		return
	}
	err := schema.VisitJSON(value, openapi3.VisitAsRequest(), openapi3.MultiErrors(), openapi3.DisableSchemaErrorDetails(),
		openapi3.WithStringFormatValidator("date-time", openapi3.NewCallbackValidator(checkTime)))
	if err == nil {
		return
	}
	c := faultCollector{faults: f, name: name, seen: map[string]bool{}}
	c.add(err)
}

// checkTime accepts what time.Time decodes and can write again in UTC, which the
// library's regular expression does not promise.
func checkTime(s string) error {
	var t time.Time
	if err := t.UnmarshalText([]byte(s)); err != nil {
		return errors.New("not a time")
	}
	if y := t.UTC().Year(); y < 1970 || y > 9999 {
		return errors.New("not a year that can be stored")
	}
	return nil
}

// invalidText finds text of a parameter that is not UTF-8. Bodies were checked as a whole.
func invalidText(name string, value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return name, !utf8.ValidString(v)
	case []any:
		for i, item := range v {
			if s, ok := item.(string); ok && !utf8.ValidString(s) {
				return name + "/" + strconv.Itoa(i), true
			}
		}
	}
	return "", false
}

// faultCollector turns a validator's errors into faults, each once.
type faultCollector struct {
	faults *domain.Faults
	name   string
	seen   map[string]bool
}

func (c *faultCollector) add(err error) {
	var schemaErr *openapi3.SchemaError
	switch e := err.(type) { //nolint:errorlint // the validator's own tree, not wrapped
	case openapi3.MultiError:
		for _, one := range e {
			c.add(one)
		}
		return
	case *openapi3.SchemaError:
		schemaErr = e
	default:
		c.put(c.name, "invalid", "is not valid.")
		return
	}
	at := strings.Join(append([]string{c.name}, each(schemaErr.JSONPointer(), pointerToken)...), "/")
	if schemaErr.SchemaField == "properties" {
		c.addUnknown(at, schemaErr)
		return
	}
	code, message := describe(schemaErr)
	c.put(at, code, message)
}

// addUnknown names the members that an object's schema does not have.
func (c *faultCollector) addUnknown(at string, e *openapi3.SchemaError) {
	if c.seen[at] { // the validator says it once for each such member
		return
	}
	c.seen[at] = true
	object, _ := e.Value.(map[string]any)
	for _, member := range slices.Sorted(maps.Keys(object)) {
		if e.Schema.Properties[member] == nil {
			c.put(at+"/"+pointerToken(clip(member)), "unknown_field", "is not a member that is known here.")
		}
	}
}

func (c *faultCollector) put(at, code, message string) {
	key := code + at
	if c.seen[key] || len(*c.faults) >= maxFaults {
		return
	}
	c.seen[key] = true
	what := label(at)
	if what == "" {
		what = "The body"
	}
	c.faults.Add(at, code, "%s %s", what, message)
}

// describe says what one keyword of a schema asked for, as a sentence's end.
func describe(e *openapi3.SchemaError) (code, message string) {
	s := e.Schema
	switch e.SchemaField {
	case "required":
		return "required", "is required."
	case "nullable":
		return "wrong_type", "must not be null."
	case "type":
		return "wrong_type", "must be " + typeName(s) + "."
	case "enum":
		return "unknown", "must be one of " + choices(s.Enum) + "."
	case "minLength":
		if s.MinLength == 1 {
			return "required", "must not be empty."
		}
		return "too_short", fmt.Sprintf("must have at least %d characters.", s.MinLength)
	case "maxLength":
		return "too_long", fmt.Sprintf("has more than %d characters.", *s.MaxLength)
	case "pattern":
		if s.Example == nil {
			return "invalid_format", "is not well-formed."
		}
		return "invalid_format", fmt.Sprintf("must be of the form %v.", s.Example)
	case "format":
		return "invalid_format", formatName(s.Format)
	case "minimum", "maximum":
		return "out_of_range", "must be " + bounds(s) + "."
	case "minItems":
		return "required", fmt.Sprintf("must list at least %d.", s.MinItems)
	case "maxItems":
		return "too_many", fmt.Sprintf("may list at most %d.", *s.MaxItems)
	case "minProperties":
		return "required", "changes nothing: name at least one member."
	}
	return "invalid", "is not valid."
}

func typeName(s *openapi3.Schema) string {
	switch {
	case s.Type.Is(openapi3.TypeInteger):
		return "a whole number"
	case s.Type.Is(openapi3.TypeBoolean):
		return "true or false"
	case s.Type.Is(openapi3.TypeArray):
		return "a list"
	case s.Type.Is(openapi3.TypeObject):
		return "a JSON object"
	}
	return "a text"
}

func choices(enum []any) string {
	names := make([]string, len(enum))
	for i, v := range enum {
		names[i] = fmt.Sprint(v)
	}
	return strings.Join(names, ", ")
}

func formatName(format string) string {
	if format == "date-time" {
		return "must be an RFC 3339 time from 1970 to 9999, such as 2027-01-31T12:00:00Z."
	}
	return "is not well-formed."
}

func bounds(s *openapi3.Schema) string {
	switch {
	case s.Min == nil:
		return fmt.Sprintf("at most %.0f", *s.Max)
	case s.Max == nil:
		return fmt.Sprintf("at least %.0f", *s.Min)
	}
	return fmt.Sprintf("from %.0f to %.0f", *s.Min, *s.Max)
}

// pointerToken escapes a member's name for a JSON pointer (RFC 6901 §3).
func pointerToken(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

// label turns a pointer into words: "/selectors/0/key" → "selectors[0].key".
func label(pointer string) string {
	var b strings.Builder
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if _, err := strconv.Atoi(token); err == nil {
			b.WriteString("[" + token + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(strings.NewReplacer("~1", "/", "~0", "~").Replace(token))
	}
	return b.String()
}
