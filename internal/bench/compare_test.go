package bench

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// kept returns a report as a file keeps it.
func kept(t *testing.T, r *Report) *Result {
	t.Helper()
	file := filepath.Join(t.TempDir(), "result.json")
	if err := r.Result("command").Save(file); err != nil {
		t.Fatal(err)
	}
	out, err := ReadResult(file)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Everything that a report has numbers of is compared with what was kept of it.
func TestCompareEverything(t *testing.T) {
	before := kept(t, wholeReport())
	same := wholeReport().Result("command").moves(before)
	if len(same) != 2 || same[0] != "Compared: 2 cases, 58 figures. Moved more than noise: 0." || same[1] != "With fewer than 3 values on a side, which cannot tell noise: 58. They count as moved from 30 % on." {
		t.Errorf("a report and itself:\n%s", strings.Join(same, "\n"))
	}
	for name, c := range map[string]struct {
		change func(e *EngineReport)
		want   string // "" for no move
	}{
		"sessions":      {func(e *EngineReport) { e.Versus[0].Ratios = []float64{0.5, 0.6, 0.7} }, "login with 10 sessions against none: ratio: 0.60, was 0.90 (-33 % worse)"},
		"webhooks":      {func(e *EngineReport) { e.Hooks.cost[0] = 1.5 }, "A create with a webhook, of one without: 1.50 (3,331 and 3,509 a second), was 1.05 (3,331 and 3,509 a second) (+43 % worse, =, =)"},
		"little":        {func(e *EngineReport) { e.Hooks.cost[0] = 1.3 }, ""},
		"search":        {func(e *EngineReport) { e.Search.found /= 2 }, "Searches with an edit that have the right customer among the first ten: 50.0 %, was 100.0 % (-50 % worse)"},
		"transfer":      {func(e *EngineReport) { e.Import.took *= 2 }, "Importing 1,000 customers: 2.0 s, 500 a second, was 1.0 s, 1,000 a second (+100 %, -50 %)"},
		"stores":        {func(e *EngineReport) { e.Idles[0].Statement = 17 }, "Idle with one store: 11.0 MiB anonymous, 4.0 ms of processor time and 17.0 statements a second, was 11.0 MiB anonymous, 4.0 ms of processor time and 5.8 statements a second (=, =, +193 %)"},
		"crowd":         {func(e *EngineReport) { e.Crowd[1].rates[0] = 30 }, "16 that sign in at once: 30.0 sign-ins a second, memory 30.0 MiB, another client's read 3.0 ms, 99th percentile 3.0 ms, was 76.5 sign-ins"},
		"guesses":       {func(e *EngineReport) { e.Guesses[0].turned = 7 }, "Sign-ins beside guesses from 1 addresses: "},
		"lists":         {func(e *EngineReport) { e.Lists.rows[1].page = 14 * time.Millisecond }, "List customer.List by sort=name: first page 14.0 ms, total 60.0 ms, was first page 2.0 ms, total 60.0 ms (+600 % worse, =)"},
		"short lists":   {func(e *EngineReport) { e.Lists.rows[2].page = 9 * time.Millisecond }, ""},
		"ready":         {func(e *EngineReport) { e.Ready = 15 * time.Millisecond }, "Time to ready: 15.0 ms, was 25.0 ms (-40 % better)"},
		"ready as soon": {func(e *EngineReport) { e.Ready = 20 * time.Millisecond }, ""},
		"three runs":    {func(e *EngineReport) { e.Versus[0].ServerTime = []float64{21, 21, 21} }, "login with 10 sessions against none: processor time of the server: 21.0 µs, was 20.0 µs (+5 % worse)"},
		"memory":        {func(e *EngineReport) { e.Anonymous *= 2 }, "Anonymous memory when idle: 20.0 MiB, was 10.0 MiB (+100 % worse)"},
	} {
		r := wholeReport()
		c.change(r.Engines[0])
		got := slices.DeleteFunc(r.Result("command").moves(before), func(s string) bool { return !strings.HasPrefix(s, "Moved") })
		if c.want == "" && len(got) > 0 || c.want != "" && !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "Moved on SQLite: "+c.want) }) {
			t.Errorf("%s: want %q, got\n%s", name, c.want, strings.Join(got, "\n"))
		}
	}
}

// What one side alone has is named, and that there is nothing to compare.
func TestCompareAlone(t *testing.T) {
	tell := func(now, before *Report) string {
		return strings.Join(now.Result("command").moves(kept(t, before)), "\n")
	}
	// Another case, so that the peak of the memory is of another load.
	a, b := wholeReport(), wholeReport()
	a.Engines[0].Rows, a.Engines[0].Peak = nil, 1<<30
	a.Engines[0].Segments = nil
	b.Engines[0].Versus = nil
	got := tell(a, b)
	for _, want := range []string{
		"On SQLite only this result has: login with 10 sessions against none.",
		"On SQLite only the earlier result has: get; From a change of a customer until a segment has it, median and 99th percentile; ",
		"Compared: 0 cases, 51 figures. Moved more than noise: 0.",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing:\n%s", want, got)
		}
	}
	// A figure that is counted otherwise than before is another one.
	c := wholeReport().Result("command")
	for i, f := range c.Engines[0].Figures {
		if f.Name == "Time to ready" {
			c.Engines[0].Figures[i].Amounts[0].Unit = unitSeconds
		}
	}
	if got := strings.Join(c.moves(kept(t, wholeReport())), "\n"); !strings.Contains(got, "only this result has: Time to ready.") || !strings.Contains(got, "only the earlier result has: Time to ready.") {
		t.Errorf("got\n%s", got)
	}
	// Another engine.
	a, b = wholeReport(), wholeReport()
	b.Engines[0].Engine = "postgres"
	if got, want := tell(a, b), "Only this result has SQLite.\nOnly the earlier result has PostgreSQL.\nThere is nothing to compare: the results have no case and no figure in common."; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	// Many are not all named.
	a, b = wholeReport(), wholeReport()
	a.Engines[0] = &EngineReport{Engine: "sqlite", Rows: a.Engines[0].Rows}
	if got := tell(a, b); !strings.Contains(got, "; 39 more.\n") {
		t.Errorf("got\n%s", got)
	}
	// Of another machine times and rates say nothing, memory and shares do.
	a, b = wholeReport(), wholeReport()
	a.Machine.Cores = 64
	e := a.Engines[0]
	e.Ready, e.Import.took, e.Anonymous = time.Millisecond, time.Minute, 99<<20
	got = tell(a, b)
	if strings.Contains(got, "Time to ready") || strings.Contains(got, "Importing") || !strings.Contains(got, "The import, of the bulk way's speed: 0.00, was 0.25 (-98 % worse)") || !strings.Contains(got, "Anonymous") || !strings.HasSuffix(got, "The machines differ, so times and rates are not compared.") {
		t.Errorf("got\n%s", got)
	}
}

// Where the system does not tell processor time, figures of it are no numbers, and
// the others are kept.
func TestKeepNumbers(t *testing.T) {
	r := wholeReport()
	r.Engines[0].History = &HistoryRow{entries: 1}
	if got, all := len(kept(t, r).Engines[0].Figures), len(kept(t, wholeReport()).Engines[0].Figures); got != all-1 {
		t.Errorf("%d of %d figures are kept", got, all)
	}
}

// What an earlier version kept, which had the cases alone, is read and compared.
func TestCompareOldResult(t *testing.T) {
	const old = `{"machine":{"cpu":"x","cores":0,"go":"go1","os":"linux/amd64"},"command":"c","customers":1000,"clients":2,"engines":[{"engine":"sqlite","ready_ms":25.6,"idle_anonymous_bytes":10010624,"cases":[
		{"case":"get","floor_per_second":[1,1,1],"server_per_second":[1,1,1],"ratio":[0.5,0.5,0.5],"floor_cpu_us":[10,10,10],"server_cpu_us":[60,61,62],"database_cpu_us":[0,0,0],"statements":[1,1,1],"allocations":[30,30,30]}]}]}`
	file := filepath.Join(t.TempDir(), "old.json")
	if err := os.WriteFile(file, []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	before, err := ReadResult(file)
	if err != nil {
		t.Fatal(err)
	}
	r := wholeReport()
	if err := r.Config.comparable(before); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(r.Result("command").moves(before), "\n")
	for _, want := range []string{"Moved on SQLite: get: processor time of the server: 31.0 µs, was 61.0 µs (-49 % better)", "only this result has: login", "Compared: 1 cases, 0 figures. Moved more than noise: 1."} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing:\n%s", want, got)
		}
	}
}
