package jws

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"

	// The fork that go-jose reads JOSE with: names are case-sensitive and a
	// duplicated member, at any depth, is an error.
	"github.com/go-jose/go-jose/v4/json"
)

const (
	// MaxDepth bounds how deep JSON may nest, before anything recurses over it.
	// An access token with the longest actor chain needs nine levels.
	MaxDepth = 16
	// maxUnixTime is 9999-12-31T23:59:59Z, the last second RFC 3339 can write.
	maxUnixTime = 253402300799
)

var errJSON = errors.New("not one JSON object of unique members")

// Object is a decoded JSON object: of nil, bool, string, [Number], []any and
// map[string]any. Its getters tell an absent member apart from one of the wrong
// type; null is a wrong type.
type Object map[string]any

// Number is a JSON number as it was written.
type Number = json.Number

// ParseObject reads exactly one JSON object: UTF-8 (RFC 8725 §3.7), nothing
// after it, no duplicated member at any depth (RFC 7515 §4, RFC 7519 §4), at
// most [MaxDepth] levels. Its error quotes nothing of data.
func ParseObject(data []byte) (Object, error) {
	if !utf8.Valid(data) || Depth(data) > MaxDepth {
		return nil, errJSON
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.SetNumberType(json.UnmarshalJSONNumber)
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, errJSON // the decoder's text quotes the input
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errJSON
	}
	members, ok := v.(map[string]any)
	if !ok {
		return nil, errJSON
	}
	return members, nil
}

// Depth returns how deep the brackets of data nest. It need not understand
// malformed JSON, only never report less than a decoder would recurse.
func Depth(data []byte) int {
	depth, deepest, inString := 0, 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++ // whatever is escaped, it does not end the string
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}

// Has reports whether there is a member of the name, null included.
func (o Object) Has(name string) bool {
	_, ok := o[name]
	return ok
}

// Text returns a member that must be a string when present.
func (o Object) Text(name string) (value string, ok bool) {
	v, present := o[name]
	if !present {
		return "", true
	}
	value, ok = v.(string)
	return value, ok
}

// Texts returns a member that must be an array of strings.
func (o Object) Texts(name string) ([]string, bool) {
	list, ok := o[name].([]any)
	if !ok {
		return nil, false
	}
	values := make([]string, 0, len(list))
	for _, v := range list {
		s, ok := v.(string)
		if !ok {
			return nil, false
		}
		values = append(values, s)
	}
	return values, true
}

// Seconds returns a member that must be a whole number of seconds since 1970.
// JSON's other spellings of a number (1.0, 1e9) are refused: RFC 7519 allows
// them, issuers do not write them, and libraries disagree on them.
func (o Object) Seconds(name string) (int64, bool) { return o.Whole(name, maxUnixTime) }

// Whole returns a member that must be a whole number from 0 to most, in the one
// spelling that [Object.Seconds] allows.
func (o Object) Whole(name string, most int64) (int64, bool) {
	number, ok := o[name].(Number)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(number.String(), 10, 64)
	if err != nil || n < 0 || n > most {
		return 0, false
	}
	return n, true
}

// Audience returns aud, one string or an array of them (RFC 7519 §4.1.3), or nil.
func (o Object) Audience() []string {
	if one, ok := o["aud"].(string); ok {
		return []string{one}
	}
	several, _ := o.Texts("aud")
	return several
}
