package listing

import (
	"net/url"
	"testing"
)

func TestLinks(t *testing.T) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for _, s := range []string{"", "plain-text_1.~", "id:in", "ö & ü", string(every)} {
		if got, want := string(appendEscaped(nil, s)), url.QueryEscape(s); got != want {
			t.Errorf("%q is escaped as %q, want %q", s, got, want)
		}
	}
	q := &Query{Limit: 250}
	for _, c := range []struct {
		params []param
		want   string
	}{
		{nil, "x?limit=250&page=3 x?after=c&limit=250 x?before=c&limit=250"},
		{[]param{{"id:in", "1,2"}, {"id:in", "2"}, {"name:like", "a b"}, {"sort", "z"}},
			"x?id%3Ain=1%2C2&id%3Ain=2&limit=250&name%3Alike=a+b&page=3&sort=z" +
				" x?after=c&id%3Ain=1%2C2&id%3Ain=2&limit=250&name%3Alike=a+b&sort=z" +
				" x?before=c&id%3Ain=1%2C2&id%3Ain=2&limit=250&name%3Alike=a+b&sort=z"},
		{[]param{{"a", ""}}, "x?a=&limit=250&page=3 x?a=&after=c&limit=250 x?a=&before=c&limit=250"},
	} {
		q.params = c.params
		got := string(q.AppendPageLink([]byte("x"), 3)) + " " + string(q.AppendAfterLink([]byte("x"), "c")) + " " + string(q.AppendBeforeLink([]byte("x"), "c"))
		if got != c.want {
			t.Errorf("links\n%s, want\n%s", got, c.want)
		}
	}
}
