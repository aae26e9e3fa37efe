package verify

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
	// maxJSONDepth bounds nesting before anything recurses over it. A token
	// with the longest actor chain needs maxActors+1.
	maxJSONDepth = 16
	// maxUnixTime is 9999-12-31T23:59:59Z, the last second RFC 3339 can write.
	maxUnixTime = 253402300799
)

var errJSON = errors.New("not one JSON object of unique members")

// object is a decoded JSON object. Its getters tell an absent member apart from
// one of the wrong type; null is a wrong type.
type object map[string]any

// parseObject reads exactly one JSON object: UTF-8 (RFC 8725 §3.7), nothing
// after it, no duplicated member at any depth (RFC 7515 §4, RFC 7519 §4).
func parseObject(data []byte) (object, error) {
	if !utf8.Valid(data) || jsonDepth(data) > maxJSONDepth {
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

// jsonDepth returns how deep the brackets of data nest. It need not understand
// malformed JSON, only never report less than a decoder would recurse.
func jsonDepth(data []byte) int {
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

func (o object) has(name string) bool {
	_, ok := o[name]
	return ok
}

// text returns a member that must be a string when present.
func (o object) text(name string) (value string, ok bool) {
	v, present := o[name]
	if !present {
		return "", true
	}
	value, ok = v.(string)
	return value, ok
}

// texts returns a member that must be an array of strings.
func (o object) texts(name string) ([]string, bool) {
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

// seconds returns a member that must be a whole number of seconds since 1970.
// JSON's other spellings of a number (1.0, 1e9) are refused: RFC 7519 allows
// them, our issuer never writes them, and libraries disagree on them.
func (o object) seconds(name string) (int64, bool) {
	number, ok := o[name].(json.Number)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(number.String(), 10, 64)
	if err != nil || n < 0 || n > maxUnixTime {
		return 0, false
	}
	return n, true
}
