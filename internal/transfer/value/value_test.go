package value

import (
	"testing"
	"time"
)

func TestAmount(t *testing.T) {
	for in, want := range map[string]int64{
		"1250": 12500000, "1,250.00": 12500000, "1.250,00": 12500000, "1.250,00 €": 12500000, "899kr": 8990000, "kr. 899,50": 8995000, "$ 5": 50000, "US$5.25": 52500,
		"-3.5": -35000, "(5.00)": -50000, "1'250.5": 12505000, "1 250,5": 12505000, "12,34,567.80": 12345678000, "1,000": 10000000, "1,5": 15000, "0,125": 1250,
		"1.250": 12500, "1,250,000": 12500000000, "0": 0, "00012": 120000, ".5": 5000, "−2": -20000, "5-": -50000, "€10": 100000,
	} {
		if got, ok := Amount(in, 4); !ok || got != want {
			t.Errorf("%q: %d, %t, want %d", in, got, ok, want)
		}
	}
	for _, in := range []string{"", "abc", "1.2.3,4,5", "12,34.5,6", "1,23,45", "0.12345", "5/6", "1e5", "1:30", "=5+5", "=5", "10 %"} {
		if got, ok := Amount(in, 4); ok {
			t.Errorf("%q: %d", in, got)
		}
	}
}

func TestTime(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		in    string
		order Order
		want  string
	}{
		{"2026-03-04T05:06:07Z", "", "2026-03-04T05:06:07Z"}, {"2026-03-04T05:06:07.123+02:00", "", "2026-03-04T03:06:07Z"}, {"2026-03-04 05:06:07", "", "2026-03-04T04:06:07Z"},
		{"2026-03-04", "", "2026-03-03T23:00:00Z"}, {"2026-03-04 05:06:07 UTC", "", "2026-03-04T05:06:07Z"}, {"2026-03-04 05:06:07 -0500", "", "2026-03-04T10:06:07Z"},
		{"4 Mar 2026", "", "2026-03-03T23:00:00Z"}, {"Mar 4, 2026, 5:06 PM", "", "2026-03-04T16:06:00Z"}, {"4.3.2026", "", "2026-03-03T23:00:00Z"}, {"04.03.26", "", "2026-03-03T23:00:00Z"},
		{"03/04/2026", MonthFirst, "2026-03-03T23:00:00Z"}, {"04/03/2026", DayFirst, "2026-03-03T23:00:00Z"}, {"03/04/2026", "", ""}, {"03/04/2026", Mixed, ""}, {"31/12/2026", "", "2026-12-30T23:00:00Z"},
		{"12/31/2026 05:06 PM", "", "2026-12-31T16:06:00Z"}, {"31-12-2026 17:06", DayFirst, "2026-12-31T16:06:00Z"}, {"5/5/26", "", "2026-05-04T22:00:00Z"}, {"31/12/2026", MonthFirst, "2026-12-30T23:00:00Z"}, {"12/31/2026", DayFirst, "2026-12-30T23:00:00Z"}, {"13/13/2026", DayFirst, ""},
		{"1772600767", "", "2026-03-04T05:06:07Z"}, {"1772600767123", "", "2026-03-04T05:06:07Z"}, {"0000-00-00 00:00:00", "", ""}, {"", "", ""}, {"yesterday", "", ""}, {"13/13/2026", "", ""}, {"20260304", "", ""}, {"12", "", ""},
	} {
		got := ""
		if n, ok := Time(c.in, c.order, berlin); ok {
			got = time.Unix(n, 0).UTC().Format(time.RFC3339)
		}
		if got != c.want {
			t.Errorf("%q as %q: %s, want %s", c.in, c.order, got, c.want)
		}
	}
}

func TestOrderOfAColumn(t *testing.T) {
	for _, c := range []struct {
		dates  []string
		want   Order
		unsure int64
	}{
		{[]string{"01/02/2026", "13/02/2026"}, DayFirst, 1}, {[]string{"01/02/2026", "02/13/2026 10:00"}, MonthFirst, 1}, {[]string{"01/02/2026", "03/03/2026", ""}, Undecided, 1},
		{[]string{"13/02/2026", "02/13/2026"}, Mixed, 0}, {[]string{"2026-13-02", "1.2.2026", "x"}, Undecided, 0}, {[]string{"1-2-2026"}, Undecided, 1},
	} {
		var d Dates
		for _, s := range c.dates {
			d.Look(s)
		}
		if d.Order() != c.want || d.Unsure != c.unsure {
			t.Errorf("%q: %q, %d", c.dates, d.Order(), d.Unsure)
		}
	}
}

func TestPhone(t *testing.T) {
	for in, want := range map[string]string{" +44 20 7946 0958": "+44 20 7946 0958", "'+4915112345678": "+4915112345678", "442079460958.0": "442079460958", "": "", "555-0100": "555-0100"} {
		if got, ok := Phone(in); !ok || got != want {
			t.Errorf("%q: %q, %t", in, got, ok)
		}
	}
	for _, in := range []string{"4.41E+11", "4,41e+11", "4E+11"} {
		if got, ok := Phone(in); ok {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestPostalCode(t *testing.T) {
	for _, c := range [][3]string{{"2138", "US", "02138"}, {"501", "US", "00501"}, {"2138-1234", "US", "02138-1234"}, {"1067", "DE", "01067"}, {"1010", "AT", "1010"}, {"'02138", "US", "02138"}, {"SW1A 1AA", "GB", "SW1A 1AA"}, {"12345", "US", "12345"}, {"", "US", ""}} {
		if got := PostalCode(c[0], c[1]); got != c[2] {
			t.Errorf("%v: %q", c, got)
		}
	}
}

func TestCountry(t *testing.T) {
	for in, want := range map[string]string{
		"DE": "DE", "deu": "DE", "Germany": "DE", "Deutschland": "DE", "Allemagne": "DE", "ALEMANIA": "DE", "Royaume-Uni": "GB", "United Kingdom (UK)": "GB", "UK": "GB", "United States (US)": "US", "USA": "US",
		"Vereinigte Staaten": "US", "Österreich": "AT", "osterreich": "AT", "Schweiz": "CH", "Suisse": "CH", "España": "ES", "Nederland": "NL", "Sverige": "SE", "Danmark": "DK", "Norge": "NO", "Suomi": "FI", "Polska": "PL",
	} {
		if c, ok := Country(in); !ok || c.Code != want {
			t.Errorf("%q: %v", in, c)
		}
	}
	for _, in := range []string{"", "XX", "Atlantis", "()"} {
		if c, ok := Country(in); ok {
			t.Errorf("%q: %s", in, c.Code)
		}
	}
}

func TestNames(t *testing.T) {
	for in, want := range map[string][2]string{
		"Ann Lee": {"Ann", "Lee"}, "Ann Mary  Lee": {"Ann Mary", "Lee"}, "Lee, Ann": {"Ann", "Lee"}, "Cher": {"Cher", ""}, "": {"", ""},
		"Ludwig van der Berg": {"Ludwig", "van der Berg"}, "van Gogh": {"van", "Gogh"}, "Lee,": {"Lee,", ""},
	} {
		if first, last := SplitName(in); first != want[0] || last != want[1] {
			t.Errorf("%q: %q, %q", in, first, last)
		}
	}
	for in, want := range map[string][2]string{
		" ann@example.com ": {"ann@example.com", ""}, "Ann Lee <ann@example.com>": {"ann@example.com", "Ann Lee"}, `"Lee, Ann" <ann@example.com>`: {"ann@example.com", "Lee, Ann"}, "Lee, Ann <ann@example.com>": {"ann@example.com", "Lee, Ann"},
		"mailto:ann@example.com": {"ann@example.com", ""}, "Ann <broken": {"Ann <broken", ""},
	} {
		if address, name := Mailbox(in); address != want[0] || name != want[1] {
			t.Errorf("%q: %q, %q", in, address, name)
		}
	}
}
