package jsonx

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestAppendString(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", `""`},
		{"plain ASCII text, long enough", `"plain ASCII text, long enough"`},
		{"\"\\", `"\"\\"`},
		{"\n\r\t\b\f", `"\n\r\t\b\f"`},
		{"\x00\x1f\v", `"\u0000\u001f\u000b"`},
		{"a/b<c>&d'", `"a/b<c>&d'"`},
		{"\x7f", "\"\x7f\""},
		{"héllo € 😀\u2028\u2029", "\"héllo € 😀\u2028\u2029\""},
		{"\uFFFD", "\"\uFFFD\""},
		{"a\xffb\xc3", "\"a\uFFFDb\uFFFD\""},
		{"\xed\xa0\x80", "\"\uFFFD\uFFFD\uFFFD\""},
		{"0123456789\n0123456789\"", `"0123456789\n0123456789\""`},
	}
	for _, tt := range tests {
		if got := string(AppendString([]byte("x"), tt.in)); got != "x"+tt.want {
			t.Errorf("AppendString(%q) = %s, want %s", tt.in, got[1:], tt.want)
		}
	}
}

// Every byte, at every place within the eight that are looked at together.
func TestAppendStringEveryByte(t *testing.T) {
	for c := range 256 {
		for at := range 20 {
			s := strings.Repeat("a", at) + string([]byte{byte(c)}) + strings.Repeat("z", 19-at)
			checkString(t, s)
		}
	}
}

func checkString(t *testing.T, s string) {
	t.Helper()
	var want strings.Builder
	for _, r := range s { // yields U+FFFD for each bad byte
		want.WriteRune(r)
	}
	out := AppendString(nil, s)
	v, err := Parse(out, Limits{})
	if err != nil {
		t.Fatalf("AppendString(%q) = %s: %v", s, out, err)
	}
	if got, ok := v.Str(); !ok || got != want.String() {
		t.Fatalf("AppendString(%q) reads back as %q", s, got)
	}
	var ref string
	if err := json.Unmarshal(out, &ref); err != nil || ref != want.String() {
		t.Fatalf("AppendString(%q) reads back as %q, %v by encoding/json", s, ref, err)
	}
}

func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "plain", "\"\\/\b\f\n\r\t\x00\x1f\x7f", "é€😀\u2028", "a\xff\xc3", "</script>&"} {
		f.Add(s)
	}
	f.Fuzz(checkString)
}

func TestAppendKey(t *testing.T) {
	if got, want := string(AppendKey([]byte("{"), "first_name")), `{"first_name":`; got != want {
		t.Errorf("AppendKey = %s, want %s", got, want)
	}
}

func TestAppendTime(t *testing.T) {
	at := time.Date(2026, 6, 18, 14, 37, 37, 0, time.UTC).Unix()
	if got, want := string(AppendTime([]byte("x"), at)), `x"2026-06-18T14:37:37Z"`; got != want {
		t.Errorf("AppendTime = %s, want %s", got, want)
	}
	if got, want := string(AppendTimeOffset([]byte("x"), at)), `x"2026-06-18T14:37:37+00:00"`; got != want {
		t.Errorf("AppendTimeOffset = %s, want %s", got, want)
	}
}

func TestAppendTimeAgainstFormat(t *testing.T) {
	check := func(unix int64) {
		t.Helper()
		u := time.Unix(unix, 0).UTC()
		if got, want := string(AppendTime(nil, unix)), u.Format(`"2006-01-02T15:04:05Z"`); got != want {
			t.Fatalf("AppendTime(%d) = %s, want %s", unix, got, want)
		}
		if got, want := string(AppendTimeOffset(nil, unix)), u.Format(`"2006-01-02T15:04:05-07:00"`); got != want {
			t.Fatalf("AppendTimeOffset(%d) = %s, want %s", unix, got, want)
		}
	}
	for year := -2; year <= 10002; year++ {
		for _, day := range []time.Time{
			time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC),
			time.Date(year, 2, 29, 0, 0, 0, 0, time.UTC),
			time.Date(year, 3, 1, 0, 0, 0, 0, time.UTC),
		} {
			check(day.Unix() - 1)
			check(day.Unix())
		}
	}
	for unix := time.Date(1896, 1, 1, 0, 0, 0, 0, time.UTC).Unix(); unix < 1<<32; unix += secondsPerDay {
		check(unix)
	}
	rng := rand.New(rand.NewPCG(5, 6))
	for range 200_000 {
		check(unixYear0 + rng.Int64N(unixYear10000-unixYear0))
	}
	for _, unix := range []int64{0, -1, 1, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64} {
		check(unix)
	}
}

func TestAppendAllocs(t *testing.T) {
	buf := make([]byte, 0, 1024)
	got := testing.AllocsPerRun(100, func() {
		b := AppendKey(buf, "name")
		b = AppendString(b, "tab\t, é, bad \xff, and a long tail of plain text")
		b = AppendTime(b, 1781793457)
		b = AppendTimeOffset(b, 1781793457)
		b = AppendDecimal(b, -431500, 4)
		AppendFixed(b, 431500, 4, 4)
	})
	if got != 0 {
		t.Errorf("appending within capacity costs %v allocations", got)
	}
}
