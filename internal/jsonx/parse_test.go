package jsonx

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func mustParse(t testing.TB, s string) Value {
	t.Helper()
	v, err := Parse([]byte(s), Limits{})
	if err != nil {
		t.Fatalf("Parse(%q): %v", s, err)
	}
	return v
}

// tree turns a value into what encoding/json decodes with UseNumber.
func tree(v Value) any {
	switch v.Kind() {
	case Bool:
		b, _ := v.Bool()
		return b
	case Number:
		s, _ := v.NumberText()
		return json.Number(s)
	case String:
		s, _ := v.Str()
		return s
	case Array:
		a := make([]any, 0, v.Len())
		for _, e := range v.Elems() {
			a = append(a, tree(e))
		}
		return a
	case Object:
		m := make(map[string]any, v.Len())
		for k, e := range v.Members() {
			m[k] = tree(e)
		}
		return m
	}
	return nil
}

// checkAccess compares the ways to reach a value below v with each other.
func checkAccess(t *testing.T, v Value) {
	t.Helper()
	n := 0
	last := map[string]Value{}
	for i, e := range v.Elems() {
		if i != n || v.Index(i) != e {
			t.Fatalf("Index(%d) is not element %d", i, n)
		}
		n++
		checkAccess(t, e)
	}
	for k, e := range v.Members() {
		last[k] = e
		n++
		checkAccess(t, e)
	}
	for k, e := range last {
		if v.Get(k) != e {
			t.Fatalf("Get(%q) is not the last such member", k)
		}
	}
	if v.Len() != n {
		t.Fatalf("Len() = %d, want %d", v.Len(), n)
	}
}

func TestParse(t *testing.T) {
	tests := []struct {
		in   string
		want any
	}{
		{`null`, nil},
		{` true `, true},
		{"\t\r\nfalse\n", false},
		{`0`, json.Number("0")},
		{`-0.0E-0`, json.Number("-0.0E-0")},
		{`1.50`, json.Number("1.50")},
		{`""`, ""},
		{`"a long string of plain text"`, "a long string of plain text"},
		{`"\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC"`, "\"\\/\b\f\n\r\tAé€"},
		{`"\ud83d\ude00"`, "😀"},
		{`"\uD83D\uDE00\ud83d\ude00!"`, "😀😀!"},
		{`"\\ud83d"`, `\ud83d`},
		{`"\u0000"`, "\x00"},
		{"\"\x7f héllo € 😀 \uFFFD\"", "\x7f héllo € 😀 \uFFFD"},
		{"\uFEFF {}", map[string]any{}},
		{`[]`, []any{}},
		{`[ ]`, []any{}},
		{`[[],{},[[1]]]`, []any{[]any{}, map[string]any{}, []any{[]any{json.Number("1")}}}},
		{`{"a":1,"a":2}`, map[string]any{"a": json.Number("2")}},
		{`{"a":{"b":1},"\u0061":[2]}`, map[string]any{"a": []any{json.Number("2")}}},
		{`{ "a" : null , "" : { "b" : [ 1 , "x" ] } }`,
			map[string]any{"a": nil, "": map[string]any{"b": []any{json.Number("1"), "x"}}}},
	}
	for _, tt := range tests {
		v := mustParse(t, tt.in)
		if got := tree(v); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("Parse(%q) = %#v, want %#v", tt.in, got, tt.want)
		}
		checkAccess(t, v)
	}
}

// No text can hold half a character, so no document may.
func TestLoneSurrogates(t *testing.T) {
	for in, offset := range map[string]int{
		`"\ud83d"`: 1, `"\ude00"`: 1, `"\ude00\ud83d"`: 1, `"\ud83d\ud83d\ude00"`: 1, `"\ud83d\u0041"`: 1, `"\ud83d\n"`: 1, `"\ud83d\\u0041"`: 1,
		`"\ud83d\ude0"`: 1, `"\ud83d\ude0x"`: 1, `"a\ud83d\ude00\udbff"`: 14, `{"\udfff":1}`: 2, `[1,{"a":["\uD800"]}]`: 10, `"\ud83d😀"`: 1, `"\ud83d `: 1,
	} {
		_, err := Parse([]byte(in), Limits{})
		var se *SyntaxError
		if !errors.As(err, &se) || se.Offset != offset || !strings.Contains(se.Reason, "surrogate") {
			t.Errorf("%s: %v, want a fault at %d", in, err, offset)
		}
	}
}

func TestParseSyntaxError(t *testing.T) {
	tests := []struct {
		in     string
		offset int
		reason string
	}{
		{``, 0, "unexpected end of document"},
		{`  `, 2, "unexpected end of document"},
		{"\uFEFF", 3, "unexpected end of document"},
		{"\uFEFF\uFEFF{}", 3, "expected a value"},
		{`{} x`, 3, "unexpected data after the document"},
		{`1 2`, 2, "unexpected data after the document"},
		{`nul`, 3, "unexpected end of document"},
		{`nulL`, 3, "expected null"},
		{`tru3`, 3, "expected true"},
		{`fals `, 4, "expected false"},
		{`NaN`, 0, "expected a value"},
		{`+1`, 0, "expected a value"},
		{`.5`, 0, "expected a value"},
		{`-`, 1, "unexpected end of document"},
		{`-x`, 1, "invalid number"},
		{`01`, 1, "invalid number"},
		{`-00`, 2, "invalid number"},
		{`1.`, 2, "unexpected end of document"},
		{`[1.]`, 3, "invalid number"},
		{`[1e+]`, 4, "invalid number"},
		{`1x`, 1, "unexpected data after the document"},
		{`[`, 1, "unexpected end of document"},
		{`[1`, 2, "unexpected end of document"},
		{`[1,`, 3, "unexpected end of document"},
		{`[1,]`, 3, "expected a value"},
		{`[,1]`, 1, "expected a value"},
		{`[1 2]`, 3, "expected ',' or ']'"},
		{`[1}`, 2, "expected ',' or ']'"},
		{`{`, 1, "unexpected end of document"},
		{`{"a"`, 4, "unexpected end of document"},
		{`{"a":`, 5, "unexpected end of document"},
		{`{"a":1`, 6, "unexpected end of document"},
		{`{"a":1,`, 7, "unexpected end of document"},
		{`{"a":1,}`, 7, "expected a member name in quotes"},
		{`{a:1}`, 1, "expected a member name in quotes"},
		{`{"a" 1}`, 5, "expected ':'"},
		{`{"a":1]`, 6, "expected ',' or '}'"},
		{`{"a":}`, 5, "expected a value"},
		{`'a'`, 0, "expected a value"},
		{`[1]/**/`, 3, "unexpected data after the document"},
		{`"abc`, 4, "unexpected end of document"},
		{`"abc\`, 5, "unexpected end of document"},
		{`"\u12`, 5, "unexpected end of document"},
		{`"\u12g4"`, 5, `invalid \u escape in string`},
		{`"\x"`, 2, "invalid escape in string"},
		{"\"a\nb\"", 2, "control character in string"},
		{"\"0123456789\x00\"", 11, "control character in string"},
		{"\"é\xff\"", 3, "invalid UTF-8 in string"},
		{"\"\xc3\"", 1, "invalid UTF-8 in string"},
		{"\"a\xed\xa0\x80\"", 2, "invalid UTF-8 in string"},
		{"{\"\xc0\xaf\":1}", 2, "invalid UTF-8 in string"},
		{"\xff", 0, "expected a value"},
	}
	for _, tt := range tests {
		v, err := Parse([]byte(tt.in), Limits{})
		var se *SyntaxError
		if !errors.As(err, &se) {
			t.Errorf("Parse(%q) error = %v, want a SyntaxError", tt.in, err)
			continue
		}
		if se.Offset != tt.offset || se.Reason != tt.reason {
			t.Errorf("Parse(%q) = %d %q, want %d %q", tt.in, se.Offset, se.Reason, tt.offset, tt.reason)
		}
		if v.Present() {
			t.Errorf("Parse(%q) returned a value with its error", tt.in)
		}
	}
	err := error(&SyntaxError{12, "expected ':'"})
	if got, want := err.Error(), "jsonx: invalid JSON at byte 12: expected ':'"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
}

func TestLimits(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	list := func(n int) string { return "[" + strings.Repeat("1,", n-2) + "1]" } // n values
	tests := []struct {
		name string
		in   string
		lim  Limits
		want error
	}{
		{"default depth", nested(DefaultDepth), Limits{}, nil},
		{"beyond default depth", nested(DefaultDepth + 1), Limits{}, ErrTooDeep},
		{"depth", `{"a":{"b":1}}`, Limits{Depth: 2}, nil},
		{"beyond depth", `{"a":{"b":[]}}`, Limits{Depth: 2}, ErrTooDeep},
		{"depth is given back", `[[],[],[],{"a":[]}]`, Limits{Depth: 3}, nil},
		{"too deep and unfinished", strings.Repeat(`{"a":[`, 1_000_000), Limits{}, ErrTooDeep},
		{"deep by request", nested(200_000), Limits{Depth: 200_000, Values: 200_000}, nil},
		{"default values", list(DefaultValues), Limits{}, nil},
		{"beyond default values", list(DefaultValues + 1), Limits{}, ErrTooLarge},
		{"values, names not counted", `{"a":1,"b":[2]}`, Limits{Values: 4}, nil},
		{"beyond values", `{"a":1,"b":[2]}`, Limits{Values: 3}, ErrTooLarge},
		{"below zero", `[1]`, Limits{Depth: -1, Values: -1}, nil},
	}
	for _, tt := range tests {
		if _, err := Parse([]byte(tt.in), tt.lim); !errors.Is(err, tt.want) {
			t.Errorf("%s: error = %v, want %v", tt.name, err, tt.want)
		}
	}
}

// Values stay as they were parsed when the caller reuses its buffer.
func TestParseCopies(t *testing.T) {
	data := []byte(`{"plain":"text","esc\t":"a\nb","n":12.5}`)
	v, err := Parse(data, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	clear(data)
	want := map[string]any{"plain": "text", "esc\t": "a\nb", "n": json.Number("12.5")}
	if got := tree(v); !reflect.DeepEqual(got, want) {
		t.Errorf("after reuse of the buffer: %#v, want %#v", got, want)
	}
}

func TestAbsentAndWrongKind(t *testing.T) {
	obj := mustParse(t, `{"null":null,"s":"1","n":1,"b":true,"a":[1,[2],3],"flat":[1,2,3],"o":{}}`)
	tests := []struct {
		v       Value
		kind    Kind
		present bool
	}{
		{Value{}, Invalid, false},
		{obj.Get("missing"), Invalid, false},
		{obj.Get("missing").Get("below").Index(0), Invalid, false},
		{obj.Get("n").Get("x"), Invalid, false},
		{obj.Get("a").Get("0"), Invalid, false},
		{obj.Get("a").Index(-1), Invalid, false},
		{obj.Get("a").Index(3), Invalid, false},
		{obj.Get("flat").Index(3), Invalid, false},
		{obj.Index(0), Invalid, false},
		{obj.Get("null"), Null, true},
		{obj.Get("s"), String, true},
		{obj.Get("n"), Number, true},
		{obj.Get("b"), Bool, true},
		{obj.Get("a"), Array, true},
		{obj.Get("a").Index(1), Array, true},
		{obj.Get("a").Index(2), Number, true},
		{obj.Get("flat").Index(2), Number, true},
		{obj.Get("o"), Object, true},
	}
	for i, tt := range tests {
		v := tt.v
		if v.Kind() != tt.kind || v.Present() != tt.present || v.IsNull() != (tt.kind == Null) {
			t.Errorf("%d: kind %v, present %v, null %v; want kind %v", i, v.Kind(), v.Present(), v.IsNull(), tt.kind)
		}
		if _, ok := v.Str(); ok != (tt.kind == String) {
			t.Errorf("%d: Str of %v: ok = %v", i, tt.kind, ok)
		}
		if _, ok := v.Bool(); ok != (tt.kind == Bool) {
			t.Errorf("%d: Bool of %v: ok = %v", i, tt.kind, ok)
		}
		if _, ok := v.Int(); ok != (tt.kind == Number) {
			t.Errorf("%d: Int of %v: ok = %v", i, tt.kind, ok)
		}
		if _, ok := v.NumberText(); ok != (tt.kind == Number) {
			t.Errorf("%d: NumberText of %v: ok = %v", i, tt.kind, ok)
		}
		if _, ok, _ := v.Decimal(4); ok != (tt.kind == Number) {
			t.Errorf("%d: Decimal of %v: ok = %v", i, tt.kind, ok)
		}
		if tt.kind != Array && tt.kind != Object && v.Len() != 0 {
			t.Errorf("%d: Len of %v = %d", i, tt.kind, v.Len())
		}
		if tt.kind != Array {
			for range v.Elems() {
				t.Errorf("%d: Elems of %v yields", i, tt.kind)
			}
		}
		if tt.kind != Object {
			for range v.Members() {
				t.Errorf("%d: Members of %v yields", i, tt.kind)
			}
		}
	}
}

func TestDocumentOrder(t *testing.T) {
	v := mustParse(t, `{"b":1,"a":[],"b":{"c":2},"z":0}`)
	var names []string
	for k := range v.Members() {
		if k == "z" {
			break
		}
		names = append(names, k)
	}
	if got, want := fmt.Sprint(names), "[b a b]"; got != want {
		t.Errorf("members %s, want %s", got, want)
	}
	if v.Len() != 4 {
		t.Errorf("Len() = %d, want 4", v.Len())
	}
	if n, ok := v.Get("b").Get("c").Int(); !ok || n != 2 {
		t.Errorf("the last duplicate does not win")
	}
	for i := range mustParse(t, `[1,2,3]`).Elems() {
		if i == 1 {
			break
		}
	}
}

func TestKindString(t *testing.T) {
	want := []string{"absent", "null", "boolean", "number", "string", "array", "object", "unknown"}
	for k, w := range want {
		if got := Kind(k).String(); got != w {
			t.Errorf("Kind(%d) = %q, want %q", k, got, w)
		}
	}
}

// TestParseAllocs holds the reader to what the package comment promises.
func TestParseAllocs(t *testing.T) {
	body := []byte(customerBody)
	got := testing.AllocsPerRun(100, func() {
		v, err := Parse(body, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range v.Members() {
			e.Str()
			e.Int()
		}
		v.Get("email").Str()
	})
	if got != 2 {
		t.Errorf("a body of %d bytes costs %v allocations, want 2", len(body), got)
	}
}

// FuzzParse compares the reader with encoding/json. They differ, on purpose,
// in that this reader skips a byte order mark, and rejects invalid UTF-8 and
// surrogates without their pair where encoding/json puts U+FFFD. Both let the last of duplicate names win.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		customerBody, "\uFEFF[]", `{"a":1,"a":{"b":[1.5e-3,true,null]}}`,
		`"\ud83d\ude00\ud83d\u0041\\"`, `"\ud83d\ude00\u0041\\"`, "\"\xff\"", `[[[[1,2],[3]],{}]]`, `-01`, `[1,]`, `{"a"}`,
		"[\"0123456\x01\"]", "{\"é\u2028\":\"\x7f\"} x",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		orig := bytes.Clone(data)
		v, err := Parse(data, Limits{Depth: 10_000, Values: 1 << 30}) // encoding/json's own depth
		if !bytes.Equal(orig, data) {
			t.Fatal("Parse modified its input")
		}
		plain := bytes.TrimPrefix(data, []byte("\uFEFF"))
		want := json.Valid(plain) && utf8.Valid(plain)
		var lone *SyntaxError
		if errors.As(err, &lone) && strings.Contains(lone.Reason, "surrogate") {
			want = false
		}
		if (err == nil) != want {
			t.Fatalf("Parse(%q) error = %v, want valid = %v", data, err, want)
		}
		if err != nil {
			checkSyntaxError(t, data, err)
			return
		}
		dec := json.NewDecoder(bytes.NewReader(plain))
		dec.UseNumber()
		var ref any
		if err := dec.Decode(&ref); err != nil {
			t.Fatal(err)
		}
		if got := tree(v); !reflect.DeepEqual(got, ref) {
			t.Fatalf("Parse(%q) = %#v, want %#v", data, got, ref)
		}
		if len(data) < 1<<12 { // Index makes it quadratic
			checkAccess(t, v)
		}
		if _, err := Parse(data, Limits{}); err != nil && !errors.Is(err, ErrTooDeep) && !errors.Is(err, ErrTooLarge) {
			t.Fatalf("default limits: %v", err)
		}
	})
}

// checkSyntaxError holds an error to its offset: what comes before it must be
// free of faults by encoding/json, which reads it as a stream of documents.
func checkSyntaxError(t *testing.T, data []byte, err error) {
	t.Helper()
	if errors.Is(err, ErrTooDeep) || errors.Is(err, ErrTooLarge) {
		return
	}
	var se *SyntaxError
	if !errors.As(err, &se) || se.Reason == "" || se.Offset < 0 || se.Offset > len(data) {
		t.Fatalf("Parse(%q): bad error %#v", data, err)
	}
	if (se.Offset == len(data)) != (se.Reason == reasonEnd) {
		t.Fatalf("Parse(%q): %v, of a length of %d", data, err, len(data))
	}
	if se.Offset == len(data) || bytes.HasPrefix(data, []byte("\uFEFF")) {
		return
	}
	before := json.NewDecoder(bytes.NewReader(data[:se.Offset]))
	for {
		var x json.RawMessage
		switch err := before.Decode(&x); {
		case err == nil:
			continue
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			return
		default:
			t.Fatalf("Parse(%q): offset %d is after the fault: %v", data, se.Offset, err)
		}
	}
}

func TestSource(t *testing.T) {
	const inner = `{ "a":[1, "]}\"\\" ,{}],"\u00e9":{ } }`
	v := mustParse(t, ` [`+inner+`,"x\n", [ ] ] `)
	for i, want := range []string{inner, "", "[ ]"} {
		if got := v.Index(i).Source(); got != want {
			t.Errorf("%d: %s, want %s", i, got, want)
		}
	}
	if got, want := v.Source(), ` [`+inner+`,"x\n", [ ] ] `; got != strings.TrimSpace(want) {
		t.Error(got)
	}
	if got := (Value{}).Source(); got != "" {
		t.Error(got)
	}
}
