package geo

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// Every ISO 3166-1 country must be there, and nothing but Kosovo beside them.
// CLDR, which x/text carries, is the second witness.
func TestCountriesAreThoseOfISO3166(t *testing.T) {
	// The witness also knows codes that ISO 3166-1 only reserves, or has withdrawn.
	const others = "AC CP CQ DG EA EZ IC TA UN XK " + "AN CS FQ NT PC SU YU"
	want := 0
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string([]rune{a, b})
			region, err := language.ParseRegion(code)
			if err != nil || !region.IsCountry() || region.String() != code || region.Canonicalize() != region || strings.Contains(others, code) {
				continue
			}
			want++
			c, ok := ByCode(code)
			if !ok {
				t.Errorf("%s is missing", code)
				continue
			}
			if c.Code3 != region.ISO3() {
				t.Errorf("%s has alpha-3 %s, want %s", code, c.Code3, region.ISO3())
			}
		}
	}
	if want != 249 {
		t.Errorf("the witness knows %d countries, want 249", want)
	}
	if got := len(Countries()); got != want+1 {
		t.Errorf("%d countries, want %d and Kosovo", got, want)
	}
}

func TestTableIsConsistent(t *testing.T) {
	seen := map[string]string{}
	once := func(where, key, who string) {
		t.Helper()
		k := where + " " + key
		if other, taken := seen[k]; taken {
			t.Errorf("%s %q belongs to %s and %s", where, key, other, who)
		}
		seen[k] = who
	}
	last := int64(0)
	for i := range Countries() {
		c := &Countries()[i]
		if c.ID <= last {
			t.Errorf("country %d (%s) follows %d", c.ID, c.Name, last)
		}
		last = c.ID
		if !upper(c.Code, 2) || !upper(c.Code3, 3) || !clean(c.Name) {
			t.Errorf("malformed country %+v", c)
		}
		once("code", c.Code, c.Name)
		once("code3", c.Code3, c.Name)
		once("name", fold(c.Name), c.Name)
		for _, by := range []func() (*Country, bool){
			func() (*Country, bool) { return ByCode(c.Code) },
			func() (*Country, bool) { return ByCode(strings.ToLower(c.Code)) },
			func() (*Country, bool) { return ByID(c.ID) },
			func() (*Country, bool) { return ByName(c.Name) },
		} {
			if got, ok := by(); !ok || got != c {
				t.Errorf("a lookup of %s finds %+v", c.Name, got)
			}
		}
		if c.StateRequired && len(c.States) == 0 {
			t.Errorf("%s requires a state and has none", c.Name)
		}

		lastState := int64(0)
		for j := range c.States {
			s := &c.States[j]
			if s.ID <= lastState {
				t.Errorf("%s: state %d follows %d", c.Name, s.ID, lastState)
			}
			lastState = s.ID
			if s.Code == "" || len(s.Code) > 4 || s.Code != strings.ToUpper(s.Code) || !clean(s.Name) {
				t.Errorf("%s: malformed state %+v", c.Name, s)
			}
			once("state id", fmt.Sprint(s.ID), s.Name)
			once("state code", c.Code+"-"+s.Code, s.Name)
			once("state name", c.Code+"-"+fold(s.Name), s.Name)
			if got, ok := c.State(s.Name); !ok || got != s {
				t.Errorf("%s: State(%q) finds %+v", c.Name, s.Name, got)
			}
			if got, ok := c.StateByCode(s.Code); !ok || got != s {
				t.Errorf("%s: StateByCode(%q) finds %+v", c.Name, s.Code, got)
			}
			if got, ok := c.StateByID(s.ID); !ok || got != s {
				t.Errorf("%s: StateByID(%d) finds %+v", c.Name, s.ID, got)
			}
		}
		if len(c.States) != cap(c.States) {
			t.Errorf("%s: an append to its states would run into the next country's", c.Name)
		}
	}
}

// An alternative name that is already somebody's would silently take it over.
func TestAlternativeNamesAreFree(t *testing.T) {
	taken := map[string]string{}
	check := func(scope, all string) {
		for _, name := range strings.Split(all, "|") {
			key := scope + fold(name)
			if other, ok := taken[key]; ok || !clean(name) {
				t.Errorf("%s%q is taken by %q or malformed", scope, name, other)
			}
			taken[key] = name
		}
	}
	for row := range rows(countryRows) {
		f := append(strings.Split(row, "\t"), "")
		check("", strings.TrimSuffix(f[4]+"|"+f[5], "|"))
	}
	for row := range rows(stateRows) {
		f := append(strings.Split(row, "\t"), "")
		check(f[0]+"-", strings.TrimSuffix(f[3]+"|"+f[4], "|"))
	}
}

func TestParseRejectsMalformedRows(t *testing.T) {
	const fine = "1\tAF\tAFG\t-\tAfghanistan\n"
	for _, tt := range [][2]string{
		{"x\tAF\tAFG\t-\tAfghanistan\n", ""},
		{"1\tA1\tAFG\t-\tAfghanistan\n", ""},
		{"1\tAF\tAFG\n", ""},
		{"1\tAF\tAFG\t-\tAfghanistan\ta\tb\n", ""},
		{fine, "AL\t1\tX\tSomewhere\n"},
		{fine, "AF\t1\tX\n"},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("parse(%q, %q) did not panic", tt[0], tt[1])
				}
			}()
			parse(tt[0], tt[1])
		}()
	}
	if got := parse(fine, "").countries; len(got) != 1 || got[0].Name != "Afghanistan" {
		t.Errorf("parse(%q) = %+v", fine, got)
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		parse(countryRows, stateRows)
	}
}

func upper(s string, n int) bool {
	return len(s) == n && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

func clean(s string) bool {
	return s != "" && s == strings.TrimSpace(s) && utf8.ValidString(s) && !strings.Contains(s, "  ")
}
