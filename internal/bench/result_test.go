package bench

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestMoved(t *testing.T) {
	for _, c := range []struct {
		now, before []float64
		want        bool
	}{
		{[]float64{10, 11, 12}, []float64{10, 11, 12}, false},
		{[]float64{10, 11, 12}, []float64{12, 13, 14}, false},   // they meet
		{[]float64{10, 11, 12}, []float64{12.1, 13, 14}, false}, // by less than a fiftieth
		{[]float64{10, 11, 12}, []float64{13, 14, 15}, true},
		{[]float64{13, 14, 15}, []float64{10, 11, 12}, true},
		{[]float64{1}, []float64{0}, true},
		{[]float64{1.2, 1.3}, []float64{1, 1, 1}, false}, // too few to tell
		{[]float64{1, 1, 1}, []float64{1.2}, false},
		{[]float64{1.3}, []float64{1, 1, 1}, true},
		{[]float64{0.6, 0.7}, []float64{1}, true},
		{[]float64{0}, []float64{0}, false},
		{[]float64{1}, nil, false},
		{nil, []float64{1}, false},
	} {
		if got := moved(c.now, c.before); got != c.want {
			t.Errorf("from %v to %v: moved is %t", c.before, c.now, got)
		}
	}
}

// reportOf is a report of one case with a figure for each run.
func reportOf(server, statements []float64) *Report {
	k := caseNamed(caseGet)
	row := &Row{Case: k, Name: k.Name}
	for i := range server {
		row.add(100, 50)
		row.spend(10, cost{server: server[i], statements: statements[i], allocations: 30})
	}
	return &Report{Config: Config{Customers: fewest, Clients: 2, Runs: len(server)}, Machine: Machine{CPU: "x", OS: "linux/amd64"}, Engines: []*EngineReport{{Engine: "sqlite", Rows: []*Row{row}}}}
}

// A result that was kept is what a later one is compared with.
func TestCompareResults(t *testing.T) {
	file := filepath.Join(t.TempDir(), "result.json")
	if err := reportOf([]float64{30, 31, 32}, []float64{1, 1, 1}).Result("command").Save(file); err != nil {
		t.Fatal(err)
	}
	before, err := ReadResult(file)
	if err != nil {
		t.Fatal(err)
	}
	now := reportOf([]float64{20, 21, 22}, []float64{2, 2, 2})
	now.Before = before
	text := func() string {
		var b strings.Builder
		if err := now.Write(&b, true, "command"); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	got := text()
	for _, want := range []string{
		"| 21 (was 31) |", "| 2.0 (was 1.0) |", "| 0.50 |", "| 30 |",
		"Moved on SQLite: get: processor time of the server: 21.0 µs, was 31.0 µs (-32 % better)\n", "Moved on SQLite: get: statements: 2.0, was 1.0 (+100 % worse)\n",
		"Compared: 1 cases, 0 figures. Moved more than noise: 1.\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing:\n%s", want, got)
		}
	}
	if strings.Contains(got, "allocations: 30") {
		t.Errorf("allocations are said to have moved:\n%s", got)
	}
	now.Machine.CPU = "y"
	if got := text(); strings.Contains(got, "Moved on SQLite: get: processor time") || strings.Contains(got, "21 (was 31)") || !strings.Contains(got, "The machines differ") {
		t.Errorf("times of two machines are compared:\n%s", got)
	}
	now = reportOf([]float64{30, 31, 32}, []float64{1, 1, 1})
	now.Before = before
	if got := text(); !strings.Contains(got, "Compared: 1 cases, 0 figures. Moved more than noise: 0.") {
		t.Errorf("got\n%s", got)
	}
	for _, other := range []Config{{Customers: 2 * fewest, Clients: 2}, {Customers: fewest, Clients: 3}, {Customers: fewest, Crowd: 5, Clients: 2}} {
		if err := other.comparable(before); err == nil {
			t.Errorf("%+v is compared with %d customers and %d clients", other, before.Customers, before.Clients)
		}
	}
	if _, err := ReadResult(filepath.Join("..", "..", "go.mod")); err == nil {
		t.Error("go.mod is read as a result")
	}
}

func TestBar(t *testing.T) {
	var out strings.Builder
	b := newBar(&out, 1000)
	b.said = b.said.Add(-2 * sayEvery)
	for range 20 {
		b.add(50)
	}
	if tenths := b.end(); len(tenths) != 10 || !strings.Contains(out.String(), "[=") || !strings.Contains(out.String(), "50 of 1,000, ") {
		t.Errorf("%d tenths: %s", len(tenths), out.String())
	}
}

// A target that was not met tells how much is missing, and the last figure how
// many were met.
func TestTargets(t *testing.T) {
	r := reportOf([]float64{30}, []float64{1})
	e := r.Engines[0]
	e.Ready, e.Idle, e.Anonymous = 45*time.Millisecond, 40<<20, 11<<20
	var b strings.Builder
	if err := r.Write(&b, true, "command"); err != nil {
		t.Fatal(err)
	}
	want, _ := caseNamed(caseGet).wanted("sqlite")
	for _, line := range []string{
		fmt.Sprintf("≥ %g missed by %.0f %%", want, 100*(want-0.5)/want),
		"| Time to ready | 45.0 ms | ≤ 30.0 ms missed by 15.0 ms |",
		"| Anonymous memory when idle | 11.0 MiB | ≤ 12.0 MiB met |",
		"| Targets met | 1 of 3 | Get one by id; Time to ready |",
	} {
		if !strings.Contains(b.String(), line) {
			t.Errorf("%q is not in\n%s", line, b.String())
		}
	}
}
