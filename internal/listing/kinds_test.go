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
		"min_id=7":                   {7},
		"min_id=7&min_id=9":          {9},
		"credit=12.5":                {125_000},
		"credit=0":                   {0},
		"credit=1.00001":             {10_000},
		"credit=25.299999999999997":  {253_000},
		"credit=0.30000000000000004": {3_000},
		"default=TRUE":               {1},
		"default=0":                  {0},
		"created=2018-04-04":         {1522800000, 1522886399},
		"min_created=Wed, 04 Apr 2018 23:08:28 %2B0000": {1522883308, 1522883308},
		"min_created=Wed, 04 Apr 2018 23:08:28 +0000":   {1522883308, 1522883308},
		"min_created=Wed, 4 Apr 2018 23:08:28 GMT":      {1522883308, 1522883308},
		"min_created=2018-04-04T23:08:28%2B01:00":       {1522879708, 1522879708},
		"min_created=2018-04-04 23:08:28":               {1522883308, 1522883308},
	} {
		q, err := prefixed.Parse(raw)
		if err != nil {
			t.Errorf("%s: %v", raw, err)
		} else if got := q.Filters[0].Ints; !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v", raw, got, want)
		}
	}
}

// Every name of a zone that RFC 2822 gives an offset stands for it, in each way
// to write a date of mail; all others say nothing certain.
func TestZonesOfDates(t *testing.T) {
	const utc = 1522883308 // 23:08:28
	zones := map[string]int64{
		"+0000": 0, "-0000": 0, "GMT": 0, "UT": 0, "UTC": 0, "Z": 0, "ut": 0, "z": 0, "0000": 0,
		"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "pst": -8,
		"+0200": 2, "-0500": -5, "0200": 2, // an unencoded + arrives as a space
	}
	for zone, hours := range zones {
		for _, date := range []string{"Wed, 04 Apr 2018 23:08:28", "Wed, 4 Apr 2018 23:08:28", "4 Apr 2018 23:08:28"} {
			for _, space := range []string{" ", "  "} {
				lo, hi, ok := parseTime(date + space + zone)
				if want := utc - hours*3600; !ok || lo != want || hi != want {
					t.Errorf("%s%s%s is %d to %d, %v, want %d", date, space, zone, lo, hi, ok, want)
				}
			}
		}
	}
	if lo, _, ok := parseTime("Wed, 4 Apr 2018 23:08 EST"); !ok || lo != utc-28+5*3600 {
		t.Errorf("without seconds it is %d, %v", lo, ok)
	}
	for _, bad := range []string{
		"CET", "CEST", "XYZ", "BST", "JST", "A", "J", "Y", "GMT+3", "GMT-5", "UTC+1", "EST5EDT", "America/New_York", "+02:00", "+0260", "+2500", "+99", "+02000", "-", "",
	} {
		for _, date := range []string{"Wed, 04 Apr 2018 23:08:28 ", "4 Apr 2018 23:08:28 ", "2018-04-04 23:08:28 ", "2018-04-04T23:08:28 "} {
			if bad == "" && date[0] == '2' || bad == "+02:00" && date[0] == '2' {
				continue // a day and a time without a zone are in UTC
			}
			if lo, _, ok := parseTime(date + bad); ok {
				t.Errorf("%s%s is accepted as %d", date, bad, lo)
			}
		}
	}
	for _, bad := range []string{"Wed, 31 Feb 2018 23:08:28 EST", "Foo, 4 Apr 2018 23:08:28 EST", "Wed, 4 Apr 2018 EST", "EST", "Wed,4 Apr 2018 23:08:28 EST x"} {
		if lo, _, ok := parseTime(bad); ok {
			t.Errorf("%s is accepted as %d", bad, lo)
		}
	}
}
