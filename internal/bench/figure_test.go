package bench

import (
	"strings"
	"testing"
	"time"
)

// wholeReport is a report of everything that there are figures of.
func wholeReport() *Report {
	const ms = time.Millisecond
	r := reportOf([]float64{30, 31, 32}, []float64{1, 1, 1})
	e := r.Engines[0]
	login := caseNamed(caseLogin)
	row := &VersusRow{Row: &Row{Case: login, Name: login.Name}, What: "10 sessions", Against: "none", AtLeast: 0.8}
	for range 3 {
		row.add(100, 90)
		row.spend(10, cost{server: 20, statements: 2, allocations: 40})
	}
	e.Versus = []*VersusRow{row}
	e.Hooks = &HooksRow{off: []float64{3509}, on: []float64{3331}, cost: []float64{1.05}, work: []float64{1.11}, during: []float64{1341}, after: []float64{17596}, receiver: []float64{0.02}}
	e.Slow = &SlowRow{alone: []time.Duration{ms}, beside: []time.Duration{2 * ms}, late: []time.Duration{3 * ms}, lateBeside: []time.Duration{4 * ms}, worst: 9 * ms, memory: 30 << 20}
	e.Search = &SearchRow{customers: 1000, waits: []time.Duration{4 * ms, 9 * ms}, found: searchAsked, bytes: 77_000, made: 104 * ms, lists: 52 * ms, named: []NameTime{{"ada", 5, ms, 673 * ms}, {"a", 5000, ms, 20 * ms}}, nameBytes: 40_000}
	e.Segments = &SegmentsRow{members: 2580, built: 314 * ms, alone: ms, beside: 3 * ms, changes: []time.Duration{99 * ms}, before: []float64{3802}, after: []float64{3011}, indexed: 5 * ms, unindexed: 13 * ms, counted: true}
	waits := []time.Duration{3 * ms, 8 * ms}
	e.Panel = &PanelRow{list: waits, customer: waits, typed: waits, home: waits, worst: "last_name LIKE '%m'", worstLate: 7 * ms, first: 22_000, later: 7_800}
	e.Import = &ImportRow{customers: 1000, took: time.Second, bulk: 250 * ms, rows: 6000, tables: make([]string, 5), memory: 90 << 20, alone: 3 * ms, beside: 4 * ms, exports: []exported{{"clientele", time.Second, 7 << 20, 80 << 20}}}
	e.Control = &ControlRow{customers: 1000, reset: waits, restore: waits, clone: waits, advance: waits, ready: 43 * ms}
	e.History = &HistoryRow{create: 122 * time.Microsecond, entry: 6500 * time.Nanosecond, bytes: 190, entries: 1}
	e.Loaded = []float64{49_901, 42_396}
	e.Idles = []*IdleRow{{"one store", 11 << 20, 4 * ms, 5.8}}
	e.Shared = &SharedRow{Processes: 4, Kills: 1, Acknowledged: 1000, Found: 1000, Expected: 2000, Delivered: 2000, Shares: []float64{500, 1500}}
	e.Crowd = []*CrowdRow{{Clients: 0, rates: []float64{0}, memory: 20 << 20, waits: waits[:1], p99s: waits[:1]}, {Clients: 16, rates: []float64{76.5}, memory: 30 << 20, waits: waits[:1], p99s: waits[:1]}}
	e.Guesses = []*GuessRow{{Addresses: 1, waits: waits, made: 50, turned: 70, took: time.Second}}
	e.Lists = &ListsReport{rows: []*ListRow{{"customer.List", "", 30 * ms, 0, "kept"}, {"customer.List", "sort=name", 2 * ms, 60 * ms, "counted"}, {"group.List", "", ms, ms, "counted"}}}
	e.Ready, e.Idle, e.Anonymous, e.Peak = 25*ms, 46<<20, 10<<20, 207<<20
	return r
}

// Amounts are written in the layout of their figure.
func TestFigures(t *testing.T) {
	var b strings.Builder
	if err := wholeReport().Write(&b, true, "command"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| A create with a webhook, of one without | 1.05 (3,331 and 3,509 a second) | < 1.15 met |",
		"| The same beside 500 bodies that stand still | 2.0 ms, 4.0 ms |  |",
		"| Searches with an edit that have the right customer among the first ten | 100.0 % | ≥ 97 % met |",
		"| Time of a customer in the lists, of making one | 52.0 µs, 104 µs |  |",
		"median, least | 673×, 673× (1 texts) | ≥ 100× met |",
		"| Creates beside 50 rules, of those without | 0.79 (3,011 and 3,802 a second) | ≥ 0.8 missed by 1 % |",
		"| 99th percentile of a page beside the build, of that alone | 3.00 (3.0 ms and 1.0 ms) | ≤ 2 missed |",
		"99th percentile | 7.0 ms (last_name LIKE '%m') | ≤ 25.0 ms met |",
		"| Control panel: bytes of a later page, gzipped | 7.6 KiB | ≤ 15 KiB met |",
		"| Importing 1,000 customers | 1.0 s, 1,000 a second |  |",
		"| Exporting them, format clientele | 1.0 s, 1,000 a second, 7.0 MiB | ≥ 16,667 a second missed |",
		"| A create without its entry, of one with it | 0.947 | ≥ 0.95 missed |",
		"| Bytes of such an entry, of 1,000,000 | 190, 181.2 MiB |  |",
		"| Loading: the last tenth, of the first one's speed | 0.85 (42,396 and 49,901 a second) | ≥ 0.5 met |",
		"| Customers that 4 processes made, 1 times one killed | 1,000 acknowledged, 0 cut off, 1,000 found | none lost met |",
		"| Idle with one store | 11.0 MiB anonymous, 4.0 ms of processor time and 5.8 statements a second |  |",
		"| Time to ready | 25.0 ms | ≤ 30.0 ms met |",
		"| 0 | – | 20.0 MiB | 3.0 ms | 3.0 ms |\n| 16 | 76.5 | 30.0 MiB | 3.0 ms | 3.0 ms |",
		"| 1 | 8.0 ms | 8.0 ms | 8.0 ms | 50.0 | 70.0 |",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing:\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "%!") {
		t.Errorf("a layout has not as many places as its figure has amounts:\n%s", b.String())
	}
}
