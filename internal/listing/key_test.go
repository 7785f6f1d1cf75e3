package listing_test

import (
	"slices"
	"strings"
	"testing"

	"clientele/internal/fault"
	"clientele/internal/listing"
)

var pairs = &listing.Spec{
	Table: "pairs",
	Key:   []listing.Key{{Name: "outer", Column: "outer_id"}, {Name: "inner", Column: "inner_id"}},
	Fields: []listing.Field{
		{Name: "kind", Kind: listing.Text, Ops: []listing.Op{listing.Eq}, Column: "kind", Values: map[string]string{"big": "b", "small": "s"}},
		{Name: "size", Kind: listing.Int, Ops: []listing.Op{listing.Eq}, Column: "size"},
		{Name: "made", Kind: listing.UnixTime, Ops: []listing.Op{listing.Eq, listing.Min}, Column: "made"},
		{Name: "seen", Kind: listing.Time, Ops: []listing.Op{listing.Eq}, Column: "seen"},
	},
	Cursors: true,
}

func TestCompositeCursor(t *testing.T) {
	const text = "eyJvdXRlciI6NywiaW5uZXIiOjMwfQ" // {"outer":7,"inner":30}
	for _, given := range []string{text, text + "=="} {
		q, err := pairs.Parse("after=" + given)
		if err != nil {
			t.Fatal(err)
		}
		if q.After.Key != [2]int64{7, 30} {
			t.Errorf("%s is read as %v", given, q.After.Key)
		}
		if got := q.EndCursor(&listing.Result{Last: q.After}); got != text {
			t.Errorf("it is written as %s", got)
		}
	}
	// {"id":1}, {"outer":7}, {"outer":7,"inner":"x"}
	for _, bad := range []string{"eyJpZCI6MX0", "eyJvdXRlciI6N30", "eyJvdXRlciI6NywiaW5uZXIiOiJ4In0", "?"} {
		if _, err := pairs.Parse("before=" + bad); fault.As(err) == nil || fault.As(err).Items[0].Code != fault.BadCursor {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestSingleValues(t *testing.T) {
	for raw, want := range map[string]listing.Filter{
		"kind=big":                            {Texts: []string{"b"}},
		"kind=big&kind=small":                 {Texts: []string{"s"}}, // the last one counts
		"size=4&size=5":                       {Ints: []int64{5}},
		"made=86400":                          {Ints: []int64{86400, 86400}},
		"made=1970-01-02":                     {Ints: []int64{86400, 2*86400 - 1}},
		"made:min=1970-01-02T02:00:00%2B0200": {Ints: []int64{86400, 86400}},
		"made:min=1970-01-02T02:00:00+02:00":  {Ints: []int64{86400, 86400}},
		"made=-5":                             {Ints: []int64{-5, -5}},
	} {
		q, err := pairs.Parse(raw)
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		f := q.Filters[0]
		if len(q.Filters) != 1 || !slices.Equal(f.Ints, want.Ints) || !slices.Equal(f.Texts, want.Texts) {
			t.Errorf("%s is read as %+v", raw, q.Filters)
		}
	}
	for _, bad := range []string{"kind=b", "kind=", "kind=big,small", "size=4,5", "size=", "seen=86400", "made=1.5", "made="} {
		name, _, _ := strings.Cut(bad, "=")
		if _, err := pairs.Parse(bad); fault.As(err) == nil || fault.As(err).Kind != fault.BadFilter || fault.As(err).Items[0].Path != name {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
