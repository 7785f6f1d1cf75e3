package listing_test

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/listing"
)

// show is a query in words.
func show(q *listing.Query) string {
	var b strings.Builder
	for _, f := range q.Filters {
		fmt.Fprintf(&b, "%s:%s%v%q ", f.Field.Name, f.Op, f.Ints, f.Texts)
	}
	if q.Sort != nil {
		fmt.Fprintf(&b, "sort=%s ", q.Sort.Name)
	}
	if q.Desc {
		b.WriteString("desc ")
	}
	if q.Page != 1 {
		fmt.Fprintf(&b, "page=%d ", q.Page)
	}
	if q.Limit != 50 {
		fmt.Fprintf(&b, "limit=%d ", q.Limit)
	}
	for _, in := range customer.List.Includes {
		if q.Includes(in) {
			fmt.Fprintf(&b, "+%s ", in)
		}
	}
	return strings.TrimSpace(b.String())
}

func TestParse(t *testing.T) {
	day := time.Date(2024, 5, 14, 0, 0, 0, 0, time.UTC).Unix()
	at := day + 9*3600 + 34*60
	for raw, want := range map[string]string{
		"":                                      "desc",
		"id:in=3":                               `id:in[3][] desc`,
		"id:in=3,1,2":                           `id:in[3 1 2][] desc`,
		"id%3Ain=3%2C1":                         `id:in[3 1][] desc`,
		"id%3ain=3%2c1":                         `id:in[3 1][] desc`,
		"id:in=3,1&id:in=2":                     `id:in[3 1 2][] desc`,
		"id:in=3,,1,":                           `id:in[3 1][] desc`,
		"id:in=+3+,%201":                        `id:in[3 1][] desc`,
		"id:in=":                                `id:in[][] desc`,
		"id:in":                                 `id:in[][] desc`,
		"id:in=-1":                              `id:in[-1][] desc`,
		"id:in=9223372036854775807":             `id:in[9223372036854775807][] desc`,
		"company:in=ACME,%C3%96l":               `company:in[]["acme" "öl"] desc`,
		"company:in=":                           `company:in[][""] desc`,
		"customer_group_id:in=0,4":              `customer_group_id:in[0 4][] desc`,
		"email:in=ZO%C3%8B@X.ORG":               `email:in[]["zoë@x.org"] desc`,
		"email:in=a%2Bb@x.org":                  `email:in[]["a+b@x.org"] desc`,
		"name:in=Jane+Doe":                      `name:in[]["jane doe"] desc`,
		"name:like=AN,oe":                       `name:like[]["an" "oe"] desc`,
		"name:like=":                            `name:like[][] desc`,
		"name:like=%25":                         `name:like[]["%"] desc`,
		"phone:in=1":                            `phone:in[]["1"] desc`,
		"registration_ip_address:in=A::1":       `registration_ip_address:in[]["A::1"] desc`,
		"date_created=2024-05-14":               fmt.Sprintf(`date_created:[%d %d][] desc`, day, day+86399),
		"date_created:min=2024-05-14T09:34:00":  fmt.Sprintf(`date_created:min[%d %d][] desc`, at, at),
		"date_created:max=2024-05-14T09:34:00Z": fmt.Sprintf(`date_created:max[%d %d][] desc`, at, at),
		"date_modified=2024-05-14T11:34:00%2B02:00":                          fmt.Sprintf(`date_modified:[%d %d][] desc`, at, at),
		"date_modified=2024-05-14T11:34:00+02:00":                            fmt.Sprintf(`date_modified:[%d %d][] desc`, at, at),
		"date_modified:min=2024-05-14&date_modified:min=2024-05-14T09:34:00": fmt.Sprintf(`date_modified:min[%d %d][] desc`, at, at),
		"date_created:min=2024-05-14&date_created:max=2024-05-14T09:34:00":   fmt.Sprintf(`date_created:min[%d %d][] date_created:max[%d %d][] desc`, day, day+86399, at, at),
		"sort=date_created:asc":                                              "sort=date_created",
		"sort=date_created:desc":                                             "sort=date_created desc",
		"sort=last_name":                                                     "sort=last_name",
		"sort=last_name:asc&sort=date_modified:desc":                         "sort=date_modified desc",
		"page=2":                 "desc page=2",
		"page=2&page=3":          "desc page=3",
		"limit=1":                "desc limit=1",
		"limit=250":              "desc limit=250",
		"limit=251":              "desc limit=250",
		"limit=1000000":          "desc limit=250",
		"limit=3&page=7&id:in=1": "id:in[1][] desc page=7 limit=3",
		"include=addresses":      "desc +addresses",
		"include=formfields,addresses,attributes": "desc +addresses +attributes +formfields",
		"include=addresses&include=storecredit":   "desc +addresses +storecredit",
		"include=":                                "desc",
		"include=addresses%2Cstorecredit%2C":      "desc +addresses +storecredit",
		"before=":                                 "desc",
	} {
		q, err := customer.List.Parse(raw)
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		if got := show(q); got != want {
			t.Errorf("%s:\n got %s\nwant %s", raw, got, want)
		}
	}
}

func TestParseAnyOrder(t *testing.T) {
	parts := []string{"id:in=1,2", "name:like=a", "date_created:min=2024-01-01", "sort=last_name:desc", "page=2", "limit=7", "include=addresses"}
	sorted := func(q *listing.Query) string {
		w := strings.Fields(show(q))
		slices.Sort(w)
		return strings.Join(w, " ")
	}
	first := ""
	for i := range parts {
		p := append(slices.Clone(parts[i:]), parts[:i]...)
		if i%2 == 1 {
			slices.Reverse(p)
		}
		q, err := customer.List.Parse(strings.Join(p, "&"))
		if err != nil {
			t.Fatal(err)
		}
		if got := sorted(q); first == "" {
			first = got
		} else if got != first {
			t.Errorf("%v: %s, want %s", p, got, first)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for raw, want := range map[string]string{
		"&page=2":                             "unknown_filter:",
		"page=2&":                             "unknown_filter:",
		"page=2&&limit=3":                     "unknown_filter:",
		"&":                                   "unknown_filter: unknown_filter:",
		"=":                                   "unknown_filter:",
		"nonsense=1":                          "unknown_filter:nonsense",
		"a=1&b=2":                             "unknown_filter:a unknown_filter:b",
		"id=3":                                "unknown_filter:id",
		"id:min=3":                            "unknown_filter:id:min",
		"ID:in=3":                             "unknown_filter:ID:in",
		"id:in:in=3":                          "unknown_filter:id:in:in",
		"company:like=a":                      "unknown_filter:company:like",
		"store_id=2":                          "unknown_filter:store_id",
		"store_id:in=2":                       "unknown_filter:store_id:in",
		"id:in=x":                             "bad_format:id:in",
		"id:in=1,x,2":                         "bad_format:id:in",
		"id:in=1.5":                           "bad_format:id:in",
		"id:in=9223372036854775808":           "bad_format:id:in",
		"id:in=1;DROP":                        "bad_format:id:in",
		"id:in=%zz":                           "bad_format:id:in",
		"date_created=":                       "bad_format:date_created",
		"date_created=yesterday":              "bad_format:date_created",
		"date_created=2024-13-01":             "bad_format:date_created",
		"date_created:min=2024-02-30":         "bad_format:date_created:min",
		"page=0":                              "bad_format:page",
		"page=-1":                             "bad_format:page",
		"page=":                               "bad_format:page",
		"page=x":                              "bad_format:page",
		"page=99999999999999999999":           "bad_format:page",
		"limit=0":                             "bad_format:limit",
		"limit=1e3":                           "bad_format:limit",
		"sort=":                               "not_accepted:sort",
		"sort=email:asc":                      "not_accepted:sort",
		"sort=last_name:up":                   "not_accepted:sort",
		"sort=last_name:asc:desc":             "not_accepted:sort",
		"include=everything":                  "not_accepted:include",
		"include=addresses,x,y":               "not_accepted:include not_accepted:include",
		"after=x":                             "bad_cursor:after",
		"before=%25":                          "bad_cursor:before",
		"after=" + strings.Repeat("A", 5000):  "bad_cursor:after",
		"id:in=x&page=0&after=!":              "bad_format:id:in bad_format:page bad_cursor:after",
		"id:in=" + strings.Repeat("1,", 1001): "too_many_items:id:in",
		"name:like=" + strings.Repeat("a,", 1001):                                    "too_many_items:name:like",
		"after=eyJpZCI6MX0&before=eyJpZCI6MX0":                                       "not_accepted:before",
		"sort=last_name:asc&after=eyJpZCI6MX0":                                       "bad_cursor:after",
		"id:in=" + strings.Repeat("1,", 600) + "&id:in=" + strings.Repeat("1,", 600): "too_many_items:id:in",
	} {
		q, err := customer.List.Parse(raw)
		f := fault.As(err)
		if f == nil {
			t.Errorf("%.80s: %v, %v", raw, q, err)
			continue
		}
		var got []string
		for _, it := range f.Items {
			got = append(got, string(it.Code)+":"+it.Path)
			if it.Index() != -1 {
				t.Errorf("%.80s: index %d", raw, it.Index())
			}
		}
		if s := strings.Join(got, " "); s != want || f.Kind != fault.BadFilter {
			t.Errorf("%.80s: kind %d %s, want %s", raw, f.Kind, s, want)
		}
	}
	_, err := customer.List.Parse("name:like=" + strings.Repeat("a", 64<<10))
	if f := fault.As(err); f == nil || f.Kind != fault.TooLarge {
		t.Errorf("a huge query string: %v", err)
	}
	for _, raw := range []string{"page=1", "limit=1", "sort=last_name", "after=eyJpZCI6MX0", "include=addresses", "company:in=x"} {
		if _, err := customer.DeleteList.Parse(raw); fault.As(err) == nil {
			t.Errorf("deletion accepts %s", raw)
		}
	}
}

func TestParamsAreTheAcceptedOnes(t *testing.T) {
	for _, spec := range []*listing.Spec{customer.List, customer.DeleteList, customer.AddressList, customer.DeleteAddressList} {
		for _, p := range spec.Params() {
			_, err := spec.Parse(url.QueryEscape(p) + "=")
			if f := fault.As(err); f != nil && f.Items[0].Code == fault.UnknownFilter {
				t.Errorf("%s: %s is listed and not known", spec.Table, p)
			}
		}
	}
}

func TestWherePanicsOnWhatIsNotDeclared(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	customer.List.New().Where("password_hash", listing.In, nil, []string{"x"})
}

// same compares what two queries ask for.
func same(a, b *listing.Query) bool {
	return reflect.DeepEqual(a.Filters, b.Filters) && a.Sort == b.Sort && a.Desc == b.Desc && a.Limit == b.Limit && show(a) == show(b)
}

func reparse(spec *listing.Spec, link string) (*listing.Query, error) {
	raw, ok := strings.CutPrefix(link, "?")
	if !ok {
		return nil, errors.New("a link begins with a question mark")
	}
	return spec.Parse(raw)
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "id:in=1,2&page=3", "name:like=%C3%96&limit=5", "date_created:min=2024-05-14&sort=last_name:desc", "&&", "%", "include=addresses,", "after=eyJpZCI6MX0",
		"company:in=a%00,b;c", "sort=date_created&after=eyJpZCI6MSwiZGF0ZV9jcmVhdGVkIjoyfQ", "name:in=+%20x", "phone:in=%ff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		for _, spec := range []*listing.Spec{customer.List, customer.AddressList, customer.DeleteList} {
			q, err := spec.Parse(raw)
			if err != nil {
				if fault.As(err) == nil {
					t.Fatalf("%q: %v is no fault", raw, err)
				}
				continue
			}
			if q.Page < 1 || q.Limit < 1 || q.Limit > listing.MaxLimit {
				t.Fatalf("%q: page %d, limit %d", raw, q.Page, q.Limit)
			}
			if spec.Unpaged || len(raw) > 16<<10 {
				continue
			}
			again, err := reparse(spec, string(q.AppendPageLink(nil, q.Page)))
			if err != nil || !same(q, again) || again.Page != q.Page {
				t.Fatalf("%q: its link %s is %v, %v", raw, q.AppendPageLink(nil, q.Page), again, err)
			}
			if !spec.Cursors {
				continue
			}
			r := &listing.Result{Last: &listing.Cursor{Key: [2]int64{7}, Int: -3, Str: "ö\"<"}}
			link := string(q.AppendAfterLink(nil, q.EndCursor(r)))
			next, err := reparse(spec, link)
			if err != nil || next.After == nil || next.After.Key[0] != 7 || next.Before != nil || !reflect.DeepEqual(next.Filters, q.Filters) || next.Sort != q.Sort {
				t.Fatalf("%q: its link %s is %v, %v", raw, link, next, err)
			}
		}
	})
}

func FuzzCursor(f *testing.F) {
	for _, s := range []string{"", "eyJpZCI6MX0", "eyJpZCI6MX0=", "eyJpZCI6MSwibGFzdF9uYW1lIjoiYSJ9", "eyJpZCI6MSwiZGF0ZV9jcmVhdGVkIjoyfQ", "bnVsbA", "W10", "eyJpZCI6IjEifQ"} {
		f.Add(s, "")
		f.Add(s, "last_name:asc")
		f.Add(s, "date_created:desc")
	}
	f.Fuzz(func(t *testing.T, cursor, sort string) {
		raw := "after=" + url.QueryEscape(cursor)
		if sort != "" {
			raw += "&sort=" + url.QueryEscape(sort)
		}
		q, err := customer.List.Parse(raw)
		if err != nil || q.After == nil {
			return
		}
		text := q.EndCursor(&listing.Result{Last: q.After})
		again, err := reparse(customer.List, string(q.AppendAfterLink(nil, text)))
		if err != nil || again.After == nil || *again.After != *q.After {
			t.Fatalf("%q: %+v became %+v, %v", cursor, q.After, again, err)
		}
	})
}

func TestCursorsOfAnotherOrderAreRefused(t *testing.T) {
	r := &listing.Result{First: &listing.Cursor{Key: [2]int64{1}, Int: 2, Str: "x"}, Last: &listing.Cursor{Key: [2]int64{9}, Int: 3, Str: "y"}}
	orders := []string{"", "sort=date_created:asc", "sort=date_modified:asc", "sort=last_name:asc"}
	for _, from := range orders {
		q, err := customer.List.Parse(from)
		if err != nil {
			t.Fatal(err)
		}
		for _, to := range orders[1:] {
			_, err := customer.List.Parse(to + "&before=" + q.StartCursor(r))
			if ok := err == nil; ok != (from == to) {
				t.Errorf("a cursor of %q for %q: %v", from, to, err)
			}
		}
	}
	empty := &listing.Result{}
	if q := customer.List.New(); q.StartCursor(empty) != "" || q.EndCursor(empty) != "" {
		t.Error("an empty page has cursors")
	}
}
