package bench

import (
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is all that a run found.
type Report struct {
	Config  Config
	Machine Machine
	Engines []*EngineReport
	// Before is an earlier result that this one is compared with, or nil.
	Before *Result
}

// Machine is where a run was made.
type Machine struct {
	CPU   string `json:"cpu"`
	Cores int    `json:"cores"`
	Go    string `json:"go"`
	OS    string `json:"os"`
}

// EngineReport is what was found on one engine.
type EngineReport struct {
	Engine    string
	Rows      []*Row
	Versus    []*VersusRow
	Idles     []*IdleRow
	Shared    *SharedRow // nil: not measured
	Hooks     *HooksRow  // nil: not measured
	Crowd     []*CrowdRow
	Slow      *SlowRow     // nil: not measured
	Search    *SearchRow   // nil: not measured
	Segments  *SegmentsRow // nil: not measured
	Lists     *ListsReport // nil: not measured
	History   *HistoryRow  // nil: not measured
	Import    *ImportRow   // nil: not measured
	Panel     *PanelRow    // nil: not measured
	Control   *ControlRow  // nil: not measured
	Guesses   []*GuessRow
	Loaded    []float64 // customers a second while loading, in each tenth
	Ready     time.Duration
	Idle      int64 // resident, in bytes
	Anonymous int64 // of Idle
	Peak      int64
}

// Row is one case, with a figure of each kind for each run: what was done a
// second, and what one of these took. Times are of the processor, in
// microseconds; that of the floor is of its process and the database's together.
type Row struct {
	Case         *Case     `json:"-"`
	Name         string    `json:"case"`
	Floors       []float64 `json:"floor_per_second"`
	Servers      []float64 `json:"server_per_second"`
	Ratios       []float64 `json:"ratio"`
	FloorTime    []float64 `json:"floor_cpu_us"`
	ServerTime   []float64 `json:"server_cpu_us"`
	DatabaseTime []float64 `json:"database_cpu_us"`
	Statements   []float64 `json:"statements"`
	Allocations  []float64 `json:"allocations"`
}

func (r *Row) add(floor, server float64) {
	r.Floors = append(r.Floors, floor)
	r.Servers = append(r.Servers, server)
	r.Ratios = append(r.Ratios, server/floor)
}

func (r *Row) spend(floor float64, c cost) {
	r.FloorTime = append(r.FloorTime, floor)
	r.ServerTime = append(r.ServerTime, c.server)
	r.DatabaseTime = append(r.DatabaseTime, c.database)
	r.Statements = append(r.Statements, c.statements)
	r.Allocations = append(r.Allocations, c.allocations)
}

// both returns the time of server and database together.
func (r *Row) both() []float64 {
	out := slices.Clone(r.ServerTime)
	for i := range out {
		out[i] += r.DatabaseTime[i]
	}
	return out
}

// Floor, Server and Ratio are medians over the runs.
func (r *Row) Floor() float64 { return median(r.Floors) }

// Server is described at Floor.
func (r *Row) Server() float64 { return median(r.Servers) }

// Ratio is described at Floor.
func (r *Row) Ratio() float64 { return median(r.Ratios) }

func (r *Row) spread() string {
	return fmt.Sprintf("%.2f–%.2f", slices.Min(r.Ratios), slices.Max(r.Ratios))
}

func median[T float64 | time.Duration](of []T) T {
	s := slices.Sorted(slices.Values(of))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

func newReport(c Config) *Report {
	return &Report{Config: c, Machine: thisMachine()}
}

func thisMachine() Machine {
	m := Machine{CPU: runtime.GOARCH, Cores: runtime.NumCPU(), Go: runtime.Version(), OS: runtime.GOOS + "/" + runtime.GOARCH}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.SplitSeq(string(text), "\n") {
			if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
				m.CPU = strings.TrimSpace(value)
				break
			}
		}
	}
	return m
}

// target is a bound and whether it was met, or how much is missing.
func target(value float64, atLeast float64) string {
	if value < atLeast {
		return fmt.Sprintf("≥ %g missed by %.0f %%", atLeast, max(100*(atLeast-value)/atLeast, 1))
	}
	return fmt.Sprintf("≥ %g met", atLeast)
}

// within is a bound from above and whether it was kept, or what is too much.
func within[T time.Duration | int64](value, atMost T, text func(T) string) string {
	if value > atMost {
		return "≤ " + text(atMost) + " missed by " + text(value-atMost)
	}
	return "≤ " + text(atMost) + " met"
}

// summary tells of the targets in some tables, each with a row of headings, how
// many were met, and names the others.
func summary(tables ...[][]string) []string {
	all, short := 0, []string{}
	for _, rows := range tables {
		for _, row := range rows {
			for _, cell := range row[1:] {
				switch {
				case strings.HasSuffix(cell, " met"):
					all++
				case strings.HasSuffix(cell, " missed"), strings.Contains(cell, " missed by "):
					all++
					short = append(short, row[0])
				}
			}
		}
	}
	if all == 0 {
		return nil
	}
	return []string{"Targets met", fmt.Sprintf("%d of %d", all-len(short), all), strings.Join(short, "; ")}
}

func met(ok bool) string {
	if ok {
		return "met"
	}
	return "missed"
}

func (e *EngineReport) row(name string) *Row {
	for _, r := range e.Rows {
		if r.Case.Name == name {
			return r
		}
	}
	return nil
}

// derived are the figures that come from two rows or none.
func (e *EngineReport) derived() []Figure {
	var out []Figure
	deep, page := e.row(caseDeep), e.row(casePage)
	if deep != nil && page != nil {
		v := deep.Server() / page.Server()
		out = append(out, figureOf("Last page by number, of page 1's speed", target(v, 0.5), amount(unitRatio, v).more()))
	}
	one, ten := e.row(caseCreate), e.row(caseBatch)
	if one != nil && ten != nil {
		v := 10 * ten.Server() / one.Server()
		out = append(out, figureOf("Customers a second by tens, of one by one", target(v, 1.7), amount(unitRatio, v).more()))
	}
	if one != nil {
		out = append(out, figureOf("Durable creates a second", "", amount(unitRate, one.Servers...)))
	}
	if h := e.Hooks; h != nil {
		out = append(out,
			figureOf("A create with a webhook, of one without", "< 1.15 "+met(h.Cost() < 1.15), amount(unitRatio, h.cost...).less(), amount(unitRate, h.on...), amount(unitRate, h.off...)).as("%s (%s and %s a second)"),
			figureOf("The same in processor time of the server", "", amount(unitRatio, h.work...)),
			figureOf("Of one core, what the receiver takes meanwhile", "", amount(unitRatio, h.receiver...)),
			figureOf("Webhooks delivered a second while creating", "", amount(unitRate, h.during...)),
			figureOf("Webhooks delivered a second afterwards", "", amount(unitRate, h.after...)))
	}
	if r := e.Slow; r != nil {
		out = append(out,
			figureOf("Another client's request, median and 99th percentile", "", inMillis(r.alone...), inMillis(r.late...)),
			figureOf(fmt.Sprintf("The same beside %d bodies that stand still", slowConnections), "", inMillis(r.beside...), inMillis(r.lateBeside...)),
			figureOf("The 99th percentile, of that alone", "≤ 1.5 "+met(r.Ratio() <= 1.5), amount(unitRatio, r.Ratio()).less()),
			figureOf("The slowest of these requests", "≤ 1 s "+met(r.worst <= time.Second), inMillis(r.worst).less()),
			figureOf("Memory with those bodies", "", inMiB(r.memory)))
	}
	if r := e.Search; r != nil {
		out = append(out, r.figures(e.Engine)...)
	}
	if r := e.Segments; r != nil {
		out = append(out, r.figures()...)
	}
	if r := e.Panel; r != nil {
		out = append(out, r.figures(e.Engine)...)
	}
	if r := e.Import; r != nil {
		out = append(out, r.figures()...)
	}
	if r := e.Control; r != nil {
		out = append(out, r.figures(e.Engine)...)
	}
	if r := e.History; r != nil {
		out = append(out, r.figures()...)
	}
	if n := len(e.Loaded); n > 1 {
		v := e.Loaded[n-1] / e.Loaded[0]
		out = append(out, figureOf("Loading: the last tenth, of the first one's speed", target(v, 0.5), amount(unitRatio, v).more(), amount(unitRate, e.Loaded[n-1]), amount(unitRate, e.Loaded[0])).as("%s (%s and %s a second)"))
	}
	if r := e.Shared; r != nil {
		// Texts alone: what was under way at a kill is no measure of anything.
		out = append(out,
			figureOf(fmt.Sprintf("Customers that %d processes made, %d times one killed", r.Processes, r.Kills), "none lost "+met(r.lost() <= 0)).as(fmt.Sprintf("%s acknowledged, %s cut off, %s found", whole(r.Acknowledged), whole(r.Unknown), whole(r.Found))),
			figureOf("Their deliveries", "").as(fmt.Sprintf("%s of %s, %s made again", whole(r.Delivered), whole(r.Expected), whole(r.Again))),
			figureOf("Attempts at deliveries by each process, least and most", "each its share "+met(r.Shares[0] > 0)).as(fmt.Sprintf("%s and %s", whole(int64(r.Shares[0])), whole(int64(r.Shares[len(r.Shares)-1])))))
	}
	for _, r := range e.Idles {
		out = append(out, figureOf("Idle with "+r.What, "", inMiB(r.Memory), inMillis(r.Time), amount(unitStatements, r.Statement)).as("%s anonymous, %s of processor time and %s statements a second"))
	}
	if e.Ready > 0 { // one value, as starts within the same second do not tell noise
		out = append(out, figureOf("Time to ready", within(e.Ready, 30*time.Millisecond, millis), inMillis(e.Ready).less()))
	}
	if e.Idle > 0 {
		out = append(out,
			figureOf("Anonymous memory when idle", within(e.Anonymous, 12<<20, mebibytes), inMiB(e.Anonymous).less()),
			figureOf("Resident memory when idle, the program's own pages included", "", inMiB(e.Idle)),
			figureOf(peakFigure, "", inMiB(e.Peak)))
	}
	return out
}

const peakFigure = "Resident memory at its peak under this load"

// figures is the table of derived figures, which ends with how many targets
// were met.
func (e *EngineReport) figures() [][]string {
	out := figureTable(e.derived())
	if row := summary(e.table((&Report{}).earlier), versusTable(e.Versus), out); row != nil {
		out = append(out, row)
	}
	return out
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// number writes 12345.6 as 12,346 and small values with a decimal place.
func number(v float64) string {
	if v < 100 {
		return fmt.Sprintf("%.1f", v)
	}
	return whole(int64(math.Round(v)))
}

// whole writes 12345 as 12,345.
func whole(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// wanted returns the least ratio that a case is to have on an engine.
func (k *Case) wanted(engine string) (float64, bool) {
	want, ok := k.atLeast[""]
	if !ok {
		want, ok = k.atLeast[engine]
	}
	return want, ok
}

// table is of all cases that have a floor. With an earlier report's cases it marks
// what moved.
func (e *EngineReport) table(earlier func(engine, name string) Row) [][]string {
	out := [][]string{{"Case", "Floor, a second", "Clientele, a second", "Ratio", "Range", "Target", "Floor, µs", "Server, µs", "Database, µs", "Statements", "Allocations", "The floor is"}}
	for _, r := range e.Rows {
		text := ""
		if want, ok := r.Case.wanted(e.Engine); ok {
			text = target(r.Ratio(), want)
		}
		was := earlier(e.Engine, r.Name)
		database := "–" // in the server
		if e.Engine != "sqlite" {
			database = figure(r.DatabaseTime, was.DatabaseTime, "%.0f")
		}
		out = append(out, []string{
			r.Case.Title, number(r.Floor()), number(r.Server()), figure(r.Ratios, was.Ratios, "%.2f"), r.spread(), text,
			figure(r.FloorTime, was.FloorTime, "%.0f"), figure(r.ServerTime, was.ServerTime, "%.0f"), database,
			figure(r.Statements, was.Statements, "%.1f"), figure(r.Allocations, was.Allocations, "%.0f"), r.Case.Floor,
		})
	}
	return out
}

// versusTable is of all cases that were held against the same on another side.
func versusTable(rows []*VersusRow) [][]string {
	out := [][]string{{"Case", "With", "A second", "Held against", "A second", "Ratio", "Range", "Target", "µs", "µs of the other"}}
	for _, r := range rows {
		text := ""
		if r.AtLeast > 0 {
			text = target(r.Ratio(), r.AtLeast)
		}
		out = append(out, []string{r.Case.Title, r.What, number(r.Server()), r.Against, number(r.Floor()), fmt.Sprintf("%.2f", r.Ratio()), r.spread(), text,
			fmt.Sprintf("%.0f", median(r.both())), fmt.Sprintf("%.0f", median(r.FloorTime))})
	}
	return out
}

var engineNames = map[string]string{"sqlite": "SQLite", "postgres": "PostgreSQL"}

// Write prints the report, as Markdown if asked to. commandLine is how to
// repeat it.
func (r *Report) Write(w io.Writer, markdown bool, commandLine string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d cores, %s, %s\n", r.Machine.CPU, r.Machine.Cores, r.Machine.Go, r.Machine.OS)
	fmt.Fprintf(&b, "%s with an address, a value and a subscription each, %d clients, medians of %d runs of %s\n", quantity(r.Config.Customers, "customers"), r.Config.Clients, r.Config.Runs, r.Config.Duration)
	write := writePlain
	if markdown {
		write = func(b *strings.Builder, rows [][]string) { writeMarkdown(b, rows) }
		fmt.Fprintf(&b, "\n    %s\n", commandLine)
	} else {
		fmt.Fprintf(&b, "%s\n", commandLine)
	}
	for _, e := range r.Engines {
		heading := "\n%s\n"
		if markdown {
			heading = "\n**%s**\n"
		}
		fmt.Fprintf(&b, heading, engineNames[e.Engine])
		for _, rows := range [][][]string{e.table(r.earlier), versusTable(e.Versus), crowdTable(e.Crowd), guessTable(e.Guesses), e.Lists.table(!markdown), e.figures()} {
			if len(rows) > 1 {
				b.WriteByte('\n')
				write(&b, rows)
			}
		}
	}
	if r.Before != nil {
		b.WriteByte('\n')
		for _, line := range r.Result(commandLine).moves(r.Before) {
			b.WriteString(line + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// digit matches cells that are figures, which stand at the right.
var digit = regexp.MustCompile(`^[0-9–]`)

// writeMarkdown aligns columns of figures to the right.
func writeMarkdown(b *strings.Builder, rows [][]string) {
	for i, cells := range rows {
		fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
		if i > 0 {
			continue
		}
		for j := range cells {
			if digit.MatchString(rows[1][j]) && j > 0 {
				b.WriteString("| ---: ")
			} else {
				b.WriteString("| --- ")
			}
		}
		b.WriteString("|\n")
	}
}

func writePlain(b *strings.Builder, rows [][]string) {
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, cells := range rows {
		fmt.Fprintf(w, "  %s\n", strings.Join(cells, "\t"))
	}
	_ = w.Flush() // a strings.Builder takes everything
}
