package jws

import (
	"slices"
	"strings"
	"testing"
)

func TestParseObjectIsStrict(t *testing.T) {
	for text, ok := range map[string]bool{
		`{}`: true, `{"a":1}`: true, " {} \n": true, `{"a":{"b":[1]}}`: true, `{"a":1,"A":2}`: true,
		``: false, `[]`: false, `null`: false, `7`: false, `{} {}`: false, `{}x`: false, `{"a":1,}`: false,
		`{"a":1,"a":1}`: false, `{"x":{"a":1,"a":2}}`: false, `{"a":1,"\u0061":2}`: false, "{\"a\":\"\xff\"}": false,
		strings.Repeat(`{"a":`, MaxDepth+1) + `1` + strings.Repeat(`}`, MaxDepth+1): false,
		strings.Repeat(`{"a":`, MaxDepth) + `1` + strings.Repeat(`}`, MaxDepth):     true,
	} {
		if o, err := ParseObject([]byte(text)); (err == nil) != ok || (o != nil) != ok {
			t.Errorf("%q: %v, %v", text, o, err)
		}
	}
}

func TestGettersTellWrongTypesApart(t *testing.T) {
	o, err := ParseObject([]byte(`{"s":"x","n":1,"null":null,"list":["a","b"],"mixed":["a",1],"one":1.0,"exp":1e3,"minus":-1,"late":253402300800,"last":253402300799,"aud":["a"]}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"s": true, "absent": true, "n": false, "null": false} {
		if _, ok := o.Text(name); ok != want {
			t.Errorf("Text(%s) = %t", name, ok)
		}
	}
	for name, want := range map[string]bool{"n": true, "last": true, "one": false, "exp": false, "minus": false, "late": false, "s": false, "absent": false} {
		if _, ok := o.Seconds(name); ok != want {
			t.Errorf("Seconds(%s) = %t", name, ok)
		}
	}
	if list, ok := o.Texts("list"); !ok || !slices.Equal(list, []string{"a", "b"}) {
		t.Errorf("Texts: %v, %t", list, ok)
	}
	if _, ok := o.Texts("mixed"); ok {
		t.Error("Texts takes a number for a string")
	}
	if !o.Has("null") || o.Has("absent") {
		t.Error("Has")
	}
	if got := o.Audience(); !slices.Equal(got, []string{"a"}) {
		t.Errorf("Audience: %v", got)
	}
	if got := (Object{"aud": "a"}).Audience(); !slices.Equal(got, []string{"a"}) {
		t.Errorf("Audience of one: %v", got)
	}
	for _, aud := range []any{nil, 7, map[string]any{}, []any{"a", 7}} {
		if got := (Object{"aud": aud}).Audience(); got != nil {
			t.Errorf("Audience of %v: %v", aud, got)
		}
	}
}

// FuzzParseObject holds Depth to never reporting less than what was read.
func FuzzParseObject(f *testing.F) {
	for _, text := range []string{`{}`, `{"a":[{"b":"[\""}]}`, `{"a":"\\"}`, `{"a":1e5}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		o, err := ParseObject(text)
		if err != nil {
			return
		}
		if deep, said := nesting(map[string]any(o)), Depth(text); deep > said || said > MaxDepth {
			t.Fatalf("nests %d deep, Depth says %d", deep, said)
		}
	})
}

func nesting(v any) int {
	deepest := 0
	switch v := v.(type) {
	case map[string]any:
		for _, m := range v {
			deepest = max(deepest, nesting(m))
		}
		return deepest + 1
	case []any:
		for _, m := range v {
			deepest = max(deepest, nesting(m))
		}
		return deepest + 1
	}
	return 0
}
