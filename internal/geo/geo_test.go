package geo

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

func TestByCode(t *testing.T) {
	for _, code := range []string{"GB", "gb", "Gb"} {
		c, ok := ByCode(code)
		if !ok || c.Name != "United Kingdom" || c.Code != "GB" || c.Code3 != "GBR" {
			t.Errorf("ByCode(%q) = %+v, %v", code, c, ok)
		}
	}
	for _, code := range []string{"", "G", "GBR", "ZZ", "UK", "1A", "É", "[]", "@A", "\x01\x02"} {
		if c, ok := ByCode(code); ok || c != nil {
			t.Errorf("ByCode(%q) = %+v, want none", code, c)
		}
	}
}

func TestByCodeDoesNotAllocate(t *testing.T) {
	Countries()
	if n := testing.AllocsPerRun(100, func() {
		if _, ok := ByCode("US"); !ok {
			t.Fatal("no US")
		}
	}); n != 0 {
		t.Errorf("ByCode allocates %v times", n)
	}
}

// The ids are BigCommerce's; clients hard-code some of them.
func TestByID(t *testing.T) {
	for id, code := range map[int64]string{
		1: "AF", 2: "AL", 10: "AR", 13: "AU", 14: "AT", 30: "BR", 38: "CA", 50: "CD", 73: "FR", 80: "DE",
		99: "IN", 103: "IE", 107: "JP", 113: "KR", 138: "MX", 153: "NZ", 189: "RS", 206: "CH", 225: "GB",
		226: "US", 239: "ZW", 240: "IM", 243: "LA", 245: "ME", 246: "CI", 247: "BQ", 248: "XK",
	} {
		if c, ok := ByID(id); !ok || c.Code != code {
			t.Errorf("ByID(%d) = %+v, %v, want %s", id, c, ok, code)
		}
	}
	// The gaps in BigCommerce's numbering, and the dissolved Netherlands Antilles.
	for _, id := range []int64{-1, 0, 53, 112, 116, 151, 249, 1 << 40} {
		if c, ok := ByID(id); ok {
			t.Errorf("ByID(%d) = %s, want none", id, c.Code)
		}
	}
}

func TestByName(t *testing.T) {
	for name, code := range map[string]string{
		"United States": "US", "united states": "US", "VIET NAM": "VN", "Russian Federation": "RU",
		"Korea, Republic of": "KR", "South Korea": "KR", "Cote d'Ivoire": "CI", "Côte d’Ivoire": "CI",
		"Swaziland": "SZ", "Eswatini": "SZ", "Turkey": "TR", "Türkiye": "TR", "Czech Republic": "CZ",
		"Congo": "CG", "Congo, the Democratic Republic of the": "CD", "Curaçao": "CW", "Åland Islands": "AX",
	} {
		if c, ok := ByName(name); !ok || c.Code != code {
			t.Errorf("ByName(%q) = %+v, %v, want %s", name, c, ok, code)
		}
	}
	for _, name := range []string{"", "US", "Atlantis", "United State"} {
		if c, ok := ByName(name); ok {
			t.Errorf("ByName(%q) = %s, want none", name, c.Code)
		}
	}
}

func TestState(t *testing.T) {
	for _, tt := range []struct {
		country, name string
		id            int64
		code          string
	}{
		{"US", "Texas", 57, "TX"},
		{"US", "new YORK", 43, "NY"},
		{"CA", "Québec", 76, "QC"},
		{"CA", "Yukon", 78, "YT"},
		{"AU", "australian capital territory", 208, "ACT"},
		{"BR", "São Paulo", 0, "SP"},
		{"BR", "SAO PAULO", 0, "SP"},
		{"BR", "Sa\u0303o Paulo", 0, "SP"}, // the tilde as a mark of its own
		{"DE", "Thuringen", 94, "THE"},
		{"DE", "BADEN-WÜRTTEMBERG", 80, "BAW"},
		{"ES", "Cádiz", 142, "CADI"},
		{"AR", "Cordoba", 314, "X"},
		{"MX", "Ciudad de Mexico", 346, "CMX"},
		{"AT", "Vorarlberg", 103, "VB"},
		{"AT", "Voralberg", 103, "VB"},
		{"IN", "Odisha", 292, "OR"},
		{"NZ", "hawke’s bay", 0, "HKB"},
		{"RO", "Bucuresti", 0, "B"},
		{"RO", "Timis", 0, "TM"},
	} {
		c := country(t, tt.country)
		if c == nil {
			continue
		}
		s, ok := c.State(tt.name)
		if !ok || s.Code != tt.code || tt.id != 0 && s.ID != tt.id {
			t.Errorf("%s: State(%q) = %+v, %v, want %s", tt.country, tt.name, s, ok, tt.code)
		}
	}
}

func TestStateMisses(t *testing.T) {
	for _, tt := range [][2]string{
		{"US", "TX"}, {"US", ""}, {"US", "Ontario"}, {"US", " Texas"}, {"CA", "Texas"}, {"GB", "Kent"}, {"FR", ""},
	} {
		if s, ok := country(t, tt[0]).State(tt[1]); ok {
			t.Errorf("%s: State(%q) = %+v, want none", tt[0], tt[1], s)
		}
	}
}

// The same name means another place elsewhere.
func TestStateStaysInItsCountry(t *testing.T) {
	ar, _ := country(t, "AR").State("La Rioja")
	es, _ := country(t, "ES").State("La Rioja")
	if ar == nil || es == nil || ar.ID != 320 || es.ID != 156 {
		t.Errorf("La Rioja is %+v in Argentina, %+v in Spain", ar, es)
	}
}

func TestStateByCodeAndID(t *testing.T) {
	us := country(t, "US")
	for _, code := range []string{"TX", "tx"} {
		if s, ok := us.StateByCode(code); !ok || s.Name != "Texas" {
			t.Errorf("StateByCode(%q) = %+v, %v", code, s, ok)
		}
	}
	if s, ok := us.StateByCode(""); ok {
		t.Errorf("StateByCode of nothing = %+v", s)
	}
	if s, ok := us.StateByID(16); !ok || s.Name != "District of Columbia" {
		t.Errorf("StateByID(16) = %+v, %v", s, ok)
	}
	if s, ok := us.StateByID(66); ok {
		t.Errorf("StateByID(66) = %+v, but that is Canada's", s)
	}
}

func TestStatesOfUnitedStates(t *testing.T) {
	var codes []string
	for _, s := range country(t, "US").States {
		codes = append(codes, s.Code)
	}
	want := []string{
		"AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS", "KY",
		"LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC", "ND",
		"OH", "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY", // 50 states
		"DC",
		"AA", "AC", "AE", "AF", "AM", "AP", // Armed Forces
		"AS", "FM", "GU", "MH", "MP", "PR", "PW", "VI", // territories and freely associated states
	}
	slices.Sort(codes)
	slices.Sort(want)
	if !slices.Equal(codes, want) {
		t.Errorf("states of the US:\n got %v\nwant %v", codes, want)
	}
}

func TestStateCounts(t *testing.T) {
	for code, want := range map[string]int{
		"US": 65, "CA": 13, "AU": 8, "NZ": 17, "MX": 32, "BR": 27, "IN": 37, "JP": 47, "DE": 16, "AT": 9,
		"CH": 26, "ES": 52, "IT": 107, "NL": 12, "IE": 26, "RO": 42, "AR": 24, "CN": 31, "ZA": 9, "MY": 16,
		"AE": 7, "ID": 38, "MM": 15, "GB": 0, "FR": 0,
	} {
		if got := len(country(t, code).States); got != want {
			t.Errorf("%s has %d states, want %d", code, got, want)
		}
	}
}

func TestRequired(t *testing.T) {
	for code, want := range map[string]struct{ postal, state bool }{
		"US": {true, true}, "CA": {true, true}, "AU": {true, true}, "BR": {true, true}, "JP": {true, true},
		"IT": {true, true}, "ES": {true, true}, "IN": {true, true}, "MX": {true, true}, "CN": {true, true},
		"GB": {true, false}, "DE": {true, false}, "FR": {true, false}, "NZ": {true, false}, "SG": {true, false},
		"KR": {true, false}, // the address data wants a province, but none are known here
		"AE": {false, true}, "ID": {false, true},
		"IE": {false, false}, "HK": {false, false}, "AR": {false, false}, "GH": {false, false},
	} {
		if c := country(t, code); c.PostalRequired != want.postal || c.StateRequired != want.state {
			t.Errorf("%s requires postal %v, state %v; want %+v", code, c.PostalRequired, c.StateRequired, want)
		}
	}
}

func country(t *testing.T, code string) *Country {
	t.Helper()
	c, ok := ByCode(code)
	if !ok {
		t.Fatalf("no country %s", code)
	}
	return c
}

// Whoever knows a country by its usual name, its code or what a list shows can
// name it: none is harder to name than others.
func TestEveryCountryCanBeNamed(t *testing.T) {
	english := display.English.Regions()
	for _, c := range Countries() {
		names := []string{c.Name, " " + strings.ToUpper(c.Name) + " ", c.Code, strings.ToLower(c.Code), c.Code3, strings.ToLower(c.Code3)}
		if region, err := language.ParseRegion(c.Code); err == nil {
			names = append(names, english.Name(region))
		}
		for _, name := range names {
			if got, ok := Named(name); !ok || got.Code != c.Code {
				t.Errorf("%q is %+v, want %s", name, got, c.Code)
			}
		}
	}
	for _, name := range []string{"", " ", "X", "QQ", "QQQ", "Atlantis", "United"} {
		if c, ok := Named(name); ok {
			t.Errorf("%q is %s", name, c.Code)
		}
	}
}
