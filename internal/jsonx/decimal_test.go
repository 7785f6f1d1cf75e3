package jsonx

import (
	"encoding/json"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

func TestParseDecimal(t *testing.T) {
	tests := []struct {
		in        string
		scale     int
		val       int64
		ok, exact bool
	}{
		{"43.15", 4, 431500, true, true},
		{"-43.15", 4, -431500, true, true},
		{"43.1500000", 4, 431500, true, true},
		{"43.15004", 4, 431500, true, false},
		{"43.15005", 4, 431501, true, false},
		{"-43.15005", 4, -431501, true, false},
		{"0.5", 0, 1, true, false},
		{"0.4999", 0, 0, true, false},
		{"0.05", 0, 0, true, false},
		{"-0.4", 0, 0, true, false},
		{"9.99", 1, 100, true, false},
		{"0", 4, 0, true, true},
		{"-0", 4, 0, true, true},
		{"0.000000", 2, 0, true, true},
		{"1e2", 0, 100, true, true},
		{"1E+2", 2, 10000, true, true},
		{"12e-1", 0, 1, true, false},
		{"120e-1", 0, 12, true, true},
		{"1.5e1", 0, 15, true, true},
		{"1.25e1", 0, 13, true, false},
		{"0.0000001e7", 0, 1, true, true},
		{"0e99999999999999999999999", 18, 0, true, true},
		{"0.0e-99999999999999999999999", 18, 0, true, true},
		{"1e99999999999999999999999", 0, 0, false, false},
		{"1e18446744073709551616", 0, 0, false, false},
		{"1e-99999999999999999999999", 18, 0, true, false},
		{"9223372036854775807", 0, math.MaxInt64, true, true},
		{"9223372036854775808", 0, 0, false, false},
		{"-9223372036854775808", 0, math.MinInt64, true, true},
		{"-9223372036854775809", 0, 0, false, false},
		{"922337203685477.5807", 4, math.MaxInt64, true, true},
		{"922337203685477.5808", 4, 0, false, false},
		{"922337203685477.58074", 4, math.MaxInt64, true, false},
		{"922337203685477.58075", 4, 0, false, false},
		{"-922337203685477.58085", 4, 0, false, false},
		{"9.3", 18, 0, false, false},
		{"9.2", 18, 9_200_000_000_000_000_000, true, true},
		{"99999999999999999999", 0, 0, false, false},
		{"000", 0, 0, false, false},
		{"", 0, 0, false, false},
		{"-", 0, 0, false, false},
		{"1.", 0, 0, false, false},
		{".1", 0, 0, false, false},
		{"+1", 0, 0, false, false},
		{" 1", 0, 0, false, false},
		{"1 ", 0, 0, false, false},
		{"1e", 0, 0, false, false},
		{"1,5", 0, 0, false, false},
		{"0x10", 0, 0, false, false},
		{"NaN", 0, 0, false, false},
		{"1", -1, 0, false, false},
		{"1", MaxScale + 1, 0, false, false},
		{"1", MaxScale, 1_000_000_000_000_000_000, true, true},
	}
	for _, tt := range tests {
		val, ok, exact := ParseDecimal(tt.in, tt.scale)
		if val != tt.val || ok != tt.ok || exact != tt.exact {
			t.Errorf("ParseDecimal(%q, %d) = %d, %v, %v; want %d, %v, %v",
				tt.in, tt.scale, val, ok, exact, tt.val, tt.ok, tt.exact)
		}
		if json.Valid([]byte(tt.in)) && strings.TrimSpace(tt.in) == tt.in {
			v := mustParse(t, "["+tt.in+"]").Index(0)
			if val, ok, exact := v.Decimal(tt.scale); val != tt.val || ok != tt.ok || exact != tt.exact {
				t.Errorf("Decimal(%d) of %s = %d, %v, %v", tt.scale, tt.in, val, ok, exact)
			}
			if s, _ := v.NumberText(); s != tt.in {
				t.Errorf("NumberText of %s = %q", tt.in, s)
			}
		}
	}
}

func TestInt(t *testing.T) {
	tests := []struct {
		in  string
		val int64
		ok  bool
	}{
		{"1", 1, true},
		{"1.0", 1, true},
		{"1e2", 100, true},
		{"150e-1", 15, true},
		{"-0", 0, true},
		{"1.5", 0, false},
		{"0.1", 0, false},
		{"1e-1", 0, false},
		{"1e19", 0, false},
		{"-9223372036854775808", math.MinInt64, true},
		{"9223372036854775808", 0, false},
	}
	for _, tt := range tests {
		if val, ok := mustParse(t, tt.in).Int(); val != tt.val || ok != tt.ok {
			t.Errorf("Int of %s = %d, %v; want %d, %v", tt.in, val, ok, tt.val, tt.ok)
		}
	}
}

// bigDecimal is ParseDecimal by way of math/big.
func bigDecimal(s string, scale int) (val int64, ok, exact bool) {
	r, good := new(big.Rat).SetString(s)
	if !good {
		return 0, false, false
	}
	r.Mul(r, new(big.Rat).SetInt(pow10(scale)))
	exact = r.IsInt()
	half := big.NewRat(1, 2)
	if r.Sign() < 0 {
		half.Neg(half)
	}
	r.Add(r, half)
	q := new(big.Int).Quo(r.Num(), r.Denom()) // toward zero
	if !q.IsInt64() {
		return 0, false, false
	}
	return q.Int64(), true, exact
}

func pow10(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

func checkDecimal(t *testing.T, s string, scale int) {
	t.Helper()
	val, ok, exact := ParseDecimal(s, scale)
	wantVal, wantOK, wantExact := bigDecimal(s, scale)
	if val != wantVal || ok != wantOK || exact != wantExact {
		t.Fatalf("ParseDecimal(%q, %d) = %d, %v, %v; math/big has %d, %v, %v",
			s, scale, val, ok, exact, wantVal, wantOK, wantExact)
	}
}

func TestDecimalAgainstBig(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	digits := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "0123456789059000"[rng.IntN(16)]
		}
		return string(b)
	}
	for range 200_000 {
		s := strings.TrimLeft(digits(rng.IntN(22)), "0")
		if s == "" {
			s = "0"
		}
		if rng.IntN(2) == 0 {
			s = "-" + s
		}
		if rng.IntN(3) > 0 {
			s += "." + digits(1+rng.IntN(22))
		}
		if rng.IntN(3) == 0 {
			s += []string{"e", "E", "e+", "e-", "e-0"}[rng.IntN(5)] + strconv.Itoa(rng.IntN(45))
		}
		checkDecimal(t, s, rng.IntN(MaxScale+1))
	}
}

func FuzzParseDecimal(f *testing.F) {
	for _, s := range []string{"43.15", "-0.0005e3", "1e400", "9223372036854775807.5", "01", "1_0", "0x1p4", "1/2"} {
		f.Add(s, 4)
	}
	f.Fuzz(func(t *testing.T, s string, scale int) {
		_, ok, _ := ParseDecimal(s, scale)
		if scale < 0 || scale > MaxScale || !json.Valid([]byte(s)) || strings.Trim(s, "-0123456789.eE+") != "" {
			if ok {
				t.Fatalf("ParseDecimal(%q, %d) is ok", s, scale)
			}
			return
		}
		if _, e, has := strings.Cut(strings.ToLower(s), "e"); has && len(strings.TrimLeft(e, "+-0")) > 3 {
			return // math/big would take too long
		}
		checkDecimal(t, s, scale)
	})
}

func TestAppendDecimal(t *testing.T) {
	tests := []struct {
		v     int64
		scale int
		want  string
	}{
		{431500, 4, "43.15"},
		{-431500, 4, "-43.15"},
		{0, 0, "0"},
		{0, 4, "0"},
		{5, 4, "0.0005"},
		{-5, 4, "-0.0005"},
		{10000, 4, "1"},
		{1000000, 4, "100"},
		{1000000, 0, "1000000"},
		{12345, 5, "0.12345"},
		{12345, -2, "12345"},
		{7, 25, "0.0000000000000000000000007"},
		{math.MaxInt64, 18, "9.223372036854775807"},
		{math.MinInt64, 18, "-9.223372036854775808"},
		{math.MinInt64, 0, "-9223372036854775808"},
		{math.MinInt64, 19, "-0.9223372036854775808"},
	}
	for _, tt := range tests {
		if got := string(AppendDecimal([]byte("x"), tt.v, tt.scale)); got != "x"+tt.want {
			t.Errorf("AppendDecimal(%d, %d) = %s, want %s", tt.v, tt.scale, got[1:], tt.want)
		}
	}
}

func TestAppendFixed(t *testing.T) {
	tests := []struct {
		v             int64
		scale, places int
		want          string
	}{
		{431500, 4, 4, "43.1500"},
		{431500, 4, 2, "43.15"},
		{431500, 4, 0, "43"},
		{435000, 4, 0, "44"},
		{431549, 4, 2, "43.15"},
		{431550, 4, 2, "43.16"},
		{-431550, 4, 2, "-43.16"},
		{-49, 4, 2, "0.00"},
		{-50, 4, 2, "-0.01"},
		{0, 4, 4, "0.0000"},
		{0, 0, 2, "0.00"},
		{7, 0, 2, "7.00"},
		{7, 1, 3, "0.700"},
		{7, -1, -1, "7"},
		{999999, 4, 2, "100.00"},
		{math.MaxInt64, 19, 0, "1"},
		{math.MinInt64, 19, 0, "-1"},
		{math.MinInt64, 20, 0, "0"},
		{math.MinInt64, 40, 1, "0.0"},
		{math.MinInt64, 4, 4, "-922337203685477.5808"},
	}
	for _, tt := range tests {
		if got := string(AppendFixed([]byte("x"), tt.v, tt.scale, tt.places)); got != "x"+tt.want {
			t.Errorf("AppendFixed(%d, %d, %d) = %s, want %s", tt.v, tt.scale, tt.places, got[1:], tt.want)
		}
	}
}

func TestAppendDecimalAgainstBig(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 100_000 {
		v := int64(rng.Uint64()) >> rng.IntN(64)
		scale, places := rng.IntN(MaxScale+1), rng.IntN(MaxScale+4)
		got := string(AppendDecimal(nil, v, scale))
		if !json.Valid([]byte(got)) {
			t.Fatalf("AppendDecimal(%d, %d) = %s is not JSON", v, scale, got)
		}
		if strings.Contains(got, ".") && strings.HasSuffix(got, "0") {
			t.Fatalf("AppendDecimal(%d, %d) = %s is not the shortest", v, scale, got)
		}
		if back, ok, exact := ParseDecimal(got, scale); back != v || !ok || !exact {
			t.Fatalf("AppendDecimal(%d, %d) = %s reads back as %d, %v, %v", v, scale, got, back, ok, exact)
		}
		got = string(AppendFixed(nil, v, scale, places))
		want := new(big.Rat).SetFrac(big.NewInt(v), pow10(scale)).FloatString(places)
		if want = strings.TrimPrefix(want, "-"); strings.Trim(want, "0.") != "" && v < 0 {
			want = "-" + want
		}
		if got != want {
			t.Fatalf("AppendFixed(%d, %d, %d) = %s, want %s", v, scale, places, got, want)
		}
	}
}
