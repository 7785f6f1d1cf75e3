package table

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestObjects(t *testing.T) {
	for _, c := range []struct {
		name, file, header string
		rows               []string
	}{
		{"lines", `{"a":"x","b":{"c":1,"d":null}}` + "\r\n\n" + `{"e":[1,2],"a":"y"}`, "a|b.c|b.d|e", []string{"1: x|1||", "2: y|||[1,2]"}},
		{"an array in one line", `[{"a":"x, \"]}"},{"a":["p","q"]},{"a":true}]`, "a", []string{`1: x, "]}`, "2: p, q", "3: true"}},
		{"a member", "\uFEFF{\"realm\":\"r\",\"clients\":[{\"users\":[{\"a\":0}]}],\n \"users\" : [\n{\"a\":1},\n{\"a\":2}],\"x\":[{\"a\":3}]}", "a", []string{"1: 1", "2: 2"}},
		{"members of persons", `{"email":"a","users":["x"]}` + "\n" + `{"email":"b"}`, "email|users", []string{"1: a|x", "2: b|"}},
		{"lists of persons", `{"id":1,"identities":[{"a":1}]}` + "\n" + `{"id":2,"identities":[{"a":2}]}`, "id|identities", []string{`1: 1|[{"a":1}]`, `2: 2|[{"a":2}]`}},
		{"lists of one person", `{"identities":[{"a":1}],"email":"a"}`, "identities|email", []string{`1: [{"a":1}]|a`}},
		{"lists of one who was not taken", `{"_line":3,"identities":[{"a":1}]}`, "_line|identities", []string{`1: 3|[{"a":1}]`}},
		{"one that is none", "{\"a\":1}\nnonsense\n{\"a\":}\n{\"a\":2}\n{\"a\":", "a", []string{"1: 1", `2: json_unreadable at 2:0 in "nonsense"`, `3: json_unreadable at 3:0 in "{\"a\":}"`, "4: 2", `5: json_unreadable at 5:0 in "{\"a\":"`}},
		{"list of objects", `[{"a":[ {"b":1} ]}]`, "a", []string{`1: [{"b":1}]`}},
	} {
		l, rows := read(t, c.file)
		if !l.Objects || strings.Join(l.Header, "|") != c.header || !slices.Equal(rows, c.rows) {
			t.Errorf("%s: %s\n got %q\nwant %q", c.name, strings.Join(l.Header, "|"), rows, c.rows)
		}
		// Resumed after each row it goes on as if it had never stopped.
		r, err := NewReader(slow(c.file), l)
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			row, err := r.Next()
			if err != nil {
				t.Fatal(err)
			}
			on, err := Resume(slow(c.file), l, row.End, row.Lines)
			if err != nil {
				t.Fatal(err)
			}
			if got := rest(t, on); !slices.Equal(got, rows[i+1:]) {
				t.Errorf("%s, after %d: %q", c.name, i, got)
			}
		}
		if _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	// A long file is no person, whatever its list and its end are.
	long := `{"x":"` + strings.Repeat("x", 3*maxRecord) + `","users":[{"a":1}],"email":"a"}` + "\n" + `{"a":2}`
	if _, rows := read(t, long); !slices.Equal(rows, []string{"1: 1"}) {
		t.Errorf("%.99q", rows)
	}
	for _, none := range []string{"{", "[", "[]", "{}x", "[1]", "{\"users\":[]}"} {
		if l, err := Detect(strings.NewReader(none)); err == nil && len(l.Header) > 0 {
			t.Errorf("%q: %+v", none, l)
		}
	}
}
