package listing

import (
	"slices"
	"testing"
)

var prefixed = &Spec{Table: "t", Fields: []Field{
	{Name: "id", Kind: Int, Ops: []Op{Min, Max}, Column: "id", Prefixed: true},
	{Name: "created", Kind: Time, Ops: []Op{Eq, Min}, Column: "created", Prefixed: true},
	{Name: "credit", Kind: Money, Ops: []Op{Eq}, Column: "credit"},
	{Name: "default", Kind: Flag, Ops: []Op{Eq}, Column: "is_default"},
	{Name: "owner", Kind: Int, Ops: []Op{In}, Column: "owner", Hidden: true},
}}

func TestPrefixedAndHiddenFields(t *testing.T) {
	if got, want := prefixed.Params(), []string{"min_id", "max_id", "created", "min_created", "credit", "default", "page", "limit"}; !slices.Equal(got, want) {
		t.Errorf("the parameters are %v, want %v", got, want)
	}
	for _, bad := range []string{"id:min=1", "min-id=1", "owner:in=1", "in_owner=1", "owner=1", "minid=1", "default=yes", "credit=x", "min_id=x"} {
		if _, err := prefixed.Parse(bad); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}

func TestValuesOfKinds(t *testing.T) {
	for raw, want := range map[string][]int64{
		"min_id=7":           {7},
		"min_id=7&min_id=9":  {9},
		"credit=12.5":        {125_000},
		"credit=0":           {0},
		"credit=1.00001":     nil,
		"default=TRUE":       {1},
		"default=0":          {0},
		"created=2018-04-04": {1522800000, 1522886399},
		"min_created=Wed, 04 Apr 2018 23:08:28 %2B0000": {1522883308, 1522883308},
		"min_created=Wed, 04 Apr 2018 23:08:28 +0000":   {1522883308, 1522883308},
		"min_created=Wed, 4 Apr 2018 23:08:28 GMT":      {1522883308, 1522883308},
		"min_created=2018-04-04T23:08:28%2B01:00":       {1522879708, 1522879708},
	} {
		q, err := prefixed.Parse(raw)
		if err != nil {
			t.Errorf("%s: %v", raw, err)
		} else if got := q.Filters[0].Ints; !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v", raw, got, want)
		}
	}
}
