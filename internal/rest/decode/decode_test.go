package decode_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/rest/decode"
)

var (
	strict = &decode.Dialect{Types: map[jsonx.Kind]string{
		jsonx.String: "s", jsonx.Number: "n", jsonx.Bool: "b", jsonx.Array: "a", jsonx.Object: "o",
	}}
	loose = &decode.Dialect{Types: strict.Types, Says: func(path, want string) string { return path + " wants " + want }, Loose: true}
)

// read returns what fn reads of a document, and the faults.
func read(t *testing.T, d *decode.Dialect, text string, fn func(decode.Object) any) (got string, faults []string) {
	t.Helper()
	v, err := jsonx.Parse([]byte(text), jsonx.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	o := d.Object(v, &fault.Collector{})
	got = fmt.Sprint(fn(o))
	for _, it := range o.Faults.Items {
		faults = append(faults, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", it.Path, it.Code, it.Want, it.Message)))
	}
	if (o.Err() != nil) != (len(faults) > 0) {
		t.Errorf("%s: Err is %v, the faults are %q", text, o.Err(), faults)
	}
	return got, faults
}

func TestMembers(t *testing.T) {
	text := func(o decode.Object) any { return o.Text("m") }
	whole := func(o decode.Object) any { return o.Int("m") }
	flag := func(o decode.Object) any { return o.Flag("m") }
	amount := func(o decode.Object) any { return o.Decimal("m", 2) }
	texts := func(o decode.Object) any { return o.Texts("m") }
	ints := func(o decode.Object) any { return decode.OrNull(o, "m", o.Ints) }
	moment := func(o decode.Object) any { return o.Time("m") }
	required := func(o decode.Object) any { o.RequiredAs(jsonx.Number, "m"); return nil }
	for _, tt := range []struct {
		dialect *decode.Dialect
		text    string
		fn      func(decode.Object) any
		want    string
		faults  []string
	}{
		{strict, `{}`, text, "{false false }", nil},
		{strict, `{"m":null}`, text, "{false false }", nil},
		{strict, `{"m":"x"}`, text, "{true false x}", nil},
		{strict, `{"m":1.50}`, text, "{false false }", []string{"m wrong_type s"}},
		{loose, `{"m":1.50}`, text, "{true false 1.50}", nil},
		{loose, `{"m":true}`, text, "{false false }", []string{"m wrong_type s m wants s"}},
		{strict, `{"m":1.50}`, func(o decode.Object) any { return o.TextOrNumber("m") }, "{true false 1.50}", nil},

		{strict, `{"m":7}`, whole, "{true false 7}", nil},
		{strict, `{"m":"7"}`, whole, "{false false 0}", []string{"m wrong_type n"}},
		{loose, `{"m":" 7 "}`, whole, "{true false 7}", nil},
		{loose, `{"m":"7x"}`, whole, "{false false 0}", []string{"m wrong_type n m wants n"}},

		{strict, `{"m":true}`, flag, "{true false true}", nil},
		{strict, `{"m":"true"}`, flag, "{false false false}", []string{"m wrong_type b"}},
		{loose, `{"m":"TRUE"}`, flag, "{true false true}", nil},
		{loose, `{"m":0}`, flag, "{true false false}", nil},
		{loose, `{"m":"yes"}`, flag, "{false false false}", []string{"m wrong_type b m wants b"}},

		{strict, `{"m":1.5}`, amount, "{true false 150}", nil},
		{strict, `{"m":"1.5"}`, amount, "{false false 0}", []string{"m wrong_type n"}},
		{strict, `{"m":1.555}`, amount, "{true false 156}", nil},
		{strict, `{"m":1e30}`, amount, "{false false 0}", []string{"m out_of_range  m is out of range"}},
		{loose, `{"m":"1.5"}`, amount, "{true false 150}", nil},
		{loose, `{"m":"1.555"}`, amount, "{true false 156}", nil},

		{strict, `{"m":["a","b"]}`, texts, "{true false [a b]}", nil},
		{strict, `{"m":"a"}`, texts, "{false false []}", []string{"m wrong_type a"}},
		{strict, `{"m":["a",1]}`, texts, "{true false [a ]}", []string{"m.1 wrong_type s"}},
		{strict, `{"m":[` + strings.Repeat(`"a",`, decode.MaxList) + `"a"]}`, texts, "{false false []}", []string{"m too_many_items 1000 m must have at most 1000 entries"}},
		{strict, `{"m":null}`, ints, "{true true []}", nil},
		{strict, `{"m":[1,2]}`, ints, "{true false [1 2]}", nil},

		{strict, `{"m":5}`, moment, "5", nil},
		{strict, `{"m":"1970-01-01T00:01:00Z"}`, moment, "60", nil},
		{strict, `{}`, moment, "0", []string{"m required"}},
		{strict, `{"m":[]}`, moment, "0", []string{"m wrong_type n"}},

		{strict, `{}`, required, "<nil>", []string{"m required"}},
		{strict, `{"m":null}`, required, "<nil>", []string{"m wrong_type n"}},
		{loose, `{"m":null}`, required, "<nil>", []string{"m required"}},
		{strict, `{"a":1,"b":1,"c":1}`, func(o decode.Object) any { o.Only([]string{"a"}, []string{"b"}); return nil }, "<nil>", []string{"b read_only", "c unknown_field"}},
	} {
		got, faults := read(t, tt.dialect, tt.text, tt.fn)
		if got != tt.want || !slices.Equal(faults, tt.faults) {
			t.Errorf("%s: %s with %q, want %s with %q", tt.text[:min(len(tt.text), 40)], got, faults, tt.want, tt.faults)
		}
	}
}

// Faults below a member are told with the path to them.
func TestNested(t *testing.T) {
	var seen []string
	_, faults := read(t, loose, `{"list":[{"m":true},3],"one":{"m":{}},"pairs":{"x":"1","y":2}}`, func(o decode.Object) any {
		o.Objects("list", func(_ int, e decode.Object) { e.Text("m") })
		o.Object("one", func(e decode.Object) { e.Text("m") })
		o.Pairs("pairs", jsonx.Value.Str, func(name, value string) { seen = append(seen, name+"="+value) })
		o.Object("list", func(decode.Object) { t.Error("a list was read as an object") })
		return nil
	})
	want := []string{
		"list.0.m wrong_type s list.0.m wants s", "list.1 wrong_type o list.1 wants o", "one.m wrong_type s one.m wants s",
		"pairs.y wrong_type s pairs.y wants s", "list wrong_type o list wants o",
	}
	if !slices.Equal(faults, want) {
		t.Errorf("faults %q\nwant %q", faults, want)
	}
	if !slices.Equal(seen, []string{"x=1", "y="}) {
		t.Errorf("pairs %q", seen)
	}
}

// What becomes of the members of an object: those that are written or passed
// over are nobody's fault, read-only ones are refused unless a null stands for
// their absence, and the rest is refused unless the dialect is open.
func TestOnly(t *testing.T) {
	open := *strict
	open.Open = true
	only := func(o decode.Object) any { o.Only([]string{"w"}, []string{"r"}, "p", "q"); return nil }
	for _, tt := range []struct {
		dialect *decode.Dialect
		text    string
		faults  []string
	}{
		{strict, `{}`, nil},
		{strict, `{"w":1,"p":1,"q":null}`, nil},
		{strict, `{"w":null,"r":null}`, nil},
		{strict, `{"r":0}`, []string{"r read_only"}},
		{strict, `{"x":null}`, []string{"x unknown_field"}},
		{strict, `{"W":1,"r":"","x":1}`, []string{"W unknown_field", "r read_only", "x unknown_field"}},
		{loose, `{"w":null,"p":1}`, nil},
		{loose, `{"r":null,"x":1}`, []string{"r read_only", "x unknown_field"}},
		{&open, `{"x":1,"r":null,"w":1,"p":{}}`, nil},
		{&open, `{"x":1,"r":false}`, []string{"r read_only"}},
	} {
		if _, faults := read(t, tt.dialect, tt.text, only); !slices.Equal(faults, tt.faults) {
			t.Errorf("%s, open %v, loose %v: %q, want %q", tt.text, tt.dialect.Open, tt.dialect.Loose, faults, tt.faults)
		}
	}
}
