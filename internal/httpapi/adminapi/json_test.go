package adminapi

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"authsec/internal/domain"
)

func TestDecodeStrict(t *testing.T) {
	for _, c := range []struct{ name, body, code string }{
		{"an object", `{"a":[1,"x",null,true,{"b":{}}]}`, ""},
		{"white space around", " \r\n\t{} \n", ""},
		{"a whole pair of surrogates", `{"a":"\ud83d\ude00"}`, ""},
		{"an escaped backslash before u", `{"a":"\\ud800"}`, ""},
		{"the same name in two objects", `{"a":{"x":1},"b":{"x":1}}`, ""},
		{"the deepest", strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth), ""},
		{"one level deeper", strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1), "too_deep"},
		{"deeper than encoding/json reads", strings.Repeat(`[`, 100_000) + strings.Repeat(`]`, 100_000), "invalid_json"},
		{"the most values", "[" + strings.TrimSuffix(strings.Repeat("0,", maxValues-1), ",") + "]", ""},
		{"one value more", "[" + strings.TrimSuffix(strings.Repeat("0,", maxValues), ",") + "]", "too_many"},
		{"a name twice", `{"a":1,"b":2,"a":1}`, "invalid_request"},
		{"the first half of a pair", `["\ud83d"]`, "invalid_utf8"},
		{"the first half, then a letter", `["\ud83dx"]`, "invalid_utf8"},
		{"the first half, then another escape", `["\ud83d\n"]`, "invalid_utf8"},
		{"the first half twice", `["\ud83d\ud83d\ude00"]`, "invalid_utf8"},
		{"the second half", `["\ude00"]`, "invalid_utf8"},
		{"not UTF-8", "[\"\xc3\x28\"]", "invalid_utf8"},
		{"an overlong NUL", "[\"\xc0\x80\"]", "invalid_utf8"},
		{"nothing", "", "invalid_json"},
		{"two values", "1 2", "invalid_json"},
		{"a comma too many", `[1,]`, "invalid_json"},
		{"a comment", `{} // x`, "invalid_json"},
		{"NaN", `NaN`, "invalid_json"},
		{"a raw control character", "[\"\x01\"]", "invalid_json"},
	} {
		value, err := decodeStrict([]byte(c.body))
		if got := domain.CodeOf(err); got != c.code || (err != nil && domain.KindOf(err) != domain.Invalid) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err == nil && !reflect.DeepEqual(value, lenient(t, []byte(c.body))) {
			t.Errorf("%s: decoded as %v", c.name, value)
		}
	}
}

func lenient(t *testing.T, raw []byte) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// FuzzDecodeStrict: what is accepted means the same to encoding/json, and
// survives being written and read again.
func FuzzDecodeStrict(f *testing.F) {
	for _, seed := range []string{`{"a":1,"a":2}`, `{"a":{"b":[1,2.5e3,"\ud83d\ude00"]}}`, `["\ud800"]`, `[[[[]]]]`, "\xff", `{"\u0061":1,"a":2}`, `{"":{"":0}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		value, err := decodeStrict(raw)
		if err != nil {
			if domain.KindOf(err) != domain.Invalid {
				t.Fatalf("not the caller's fault: %v", err)
			}
			return
		}
		if !json.Valid(raw) {
			t.Fatalf("accepted %q", raw)
		}
		if !reflect.DeepEqual(value, lenient(t, raw)) {
			t.Fatalf("%q means %v here", raw, value)
		}
		again, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := decodeStrict(again); err != nil || !reflect.DeepEqual(second, value) {
			t.Fatalf("%q became %v, %v", raw, second, err)
		}
	})
}
