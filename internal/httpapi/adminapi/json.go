package adminapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"

	"authsec/internal/domain"
)

// Bounds of a body's shape. The contract's deepest has four levels, its largest
// list 500 items; to find fault with each of 100,000 would keep a core busy for seconds.
const (
	maxDepth  = 16
	maxValues = 2048
)

// decodeStrict decodes a body as any two readers would. encoding/json takes the
// last of two members of one name, replaces what is not UTF-8, and ignores what
// comes after a value it was asked for: each would let a request be one thing to
// who checks it and another to who acts on it (RFC 8259 §4, RFC 7493 §2).
func decodeStrict(raw []byte) (any, error) {
	switch {
	case !utf8.Valid(raw):
		return nil, malformed("invalid_utf8", "The body is not valid UTF-8.")
	case !json.Valid(raw):
		return nil, malformed("invalid_json", "The body is not one well-formed JSON value.")
	case loneSurrogate(raw):
		return nil, malformed("invalid_utf8", "The body has a \\u escape that is half of a character.")
	}
	d := strictDecoder{Decoder: json.NewDecoder(bytes.NewReader(raw)), left: maxValues}
	d.UseNumber()
	return d.value("", 0)
}

func malformed(code, format string, args ...any) error {
	return domain.Errorf(domain.Invalid, code, format, args...)
}

type strictDecoder struct {
	*json.Decoder
	left int // values that may still come
}

// value reads one value at a pointer. The input is known to be valid JSON.
func (d *strictDecoder) value(at string, depth int) (any, error) {
	if d.left--; d.left < 0 {
		return nil, malformed("too_many", "The body has more than %d values.", maxValues)
	}
	t, err := d.Token()
	if err != nil {
		return nil, fmt.Errorf("decode valid JSON: %w", err)
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return t, nil
	}
	if depth == maxDepth {
		return nil, malformed("too_deep", "The body nests deeper than %d levels.", maxDepth)
	}
	if delim == '[' {
		return d.array(at, depth+1)
	}
	return d.object(at, depth+1)
}

func (d *strictDecoder) array(at string, depth int) (any, error) {
	items := []any{}
	for i := 0; d.More(); i++ {
		item, err := d.value(at+"/"+strconv.Itoa(i), depth)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	_, err := d.Token()
	return items, err
}

func (d *strictDecoder) object(at string, depth int) (any, error) {
	members := map[string]any{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("decode valid JSON: %w", err)
		}
		name, _ := t.(string) // JSON has no other names
		field := at + "/" + pointerToken(name)
		if _, twice := members[name]; twice {
			var f domain.Faults
			f.Add(field, "repeated", "%s is given more than once.", label(field))
			return nil, f.Err()
		}
		if members[name], err = d.value(field, depth); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return members, err
}

// loneSurrogate reports whether valid JSON escapes half of a UTF-16 pair, which
// encoding/json would replace without a word.
func loneSurrogate(raw []byte) bool {
	high := false // the escape before was the first half of a pair
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			if high {
				return true
			}
			continue
		}
		i++ // valid: something follows
		if raw[i] != 'u' {
			if high {
				return true
			}
			continue
		}
		n, _ := strconv.ParseUint(string(raw[i+1:i+5]), 16, 16) // valid: four hex digits follow
		i += 4
		low := n >= 0xdc00 && n <= 0xdfff
		if low != high {
			return true
		}
		high = n >= 0xd800 && n <= 0xdbff
	}
	return false
}
