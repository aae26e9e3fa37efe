package token

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"

	// The decoder go-jose reads JOSE with: names are case-sensitive and a
	// repeated member, at any depth, is an error.
	"github.com/go-jose/go-jose/v4/json"
)

// maxDepth bounds nesting before anything recurses over it. The longest chain
// of actors needs MaxActors+1.
const maxDepth = 16

var errObject = errors.New("not one JSON object of unique members")

// object is a JSON object whose members have not been judged yet. Its getters
// tell an absent member from one of the wrong type; null is a wrong type.
type object map[string]any

// parseObject reads exactly one object of valid UTF-8 (RFC 8725 §3.7).
func parseObject(data []byte) (object, error) {
	if !utf8.Valid(data) || tooDeep(data) {
		return nil, errObject
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.SetNumberType(json.UnmarshalJSONNumber)
	var v any
	if dec.Decode(&v) != nil { // its text would quote the input
		return nil, errObject
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errObject
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, errObject
	}
	return o, nil
}

// tooDeep counts brackets outside strings. On malformed JSON it may say yes
// too often, which harms nobody.
func tooDeep(data []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			quoted = !quoted
		case '\\':
			i++ // an escaped quote does not end a string
		case '{', '[':
			if !quoted {
				if depth++; depth > maxDepth {
					return true
				}
			}
		case '}', ']':
			if !quoted {
				depth--
			}
		}
	}
	return false
}

func (o object) has(name string) bool {
	_, ok := o[name]
	return ok
}

// text returns a member that is a string, or "" when absent.
func (o object) text(name string) (string, bool) {
	v, present := o[name]
	if !present {
		return "", true
	}
	s, ok := v.(string)
	return s, ok
}

// texts returns a member that is an array of strings; never nil when it is.
func (o object) texts(name string) ([]string, bool) {
	list, ok := o[name].([]any)
	if !ok {
		return nil, false
	}
	texts := make([]string, len(list))
	for i, v := range list {
		if texts[i], ok = v.(string); !ok {
			return nil, false
		}
	}
	return texts, true
}

// seconds returns a member that is a plain whole number. JSON's other spellings
// (1.0, 1e9) are refused: we never write them, and libraries differ on them.
func (o object) seconds(name string) (int64, bool) {
	number, ok := o[name].(json.Number)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(number.String(), 10, 64)
	return n, err == nil && n >= 0 && n <= maxUnixTime
}
