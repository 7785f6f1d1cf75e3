package bench

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is all that a run found.
type Report struct {
	Config  Config
	CPU     string
	Engines []*EngineReport
}

// EngineReport is what was found on one engine.
type EngineReport struct {
	Engine     string
	Rows       []*Row
	Sizes      []*SizeRow
	Hooks      *HooksRow // nil: not measured
	Crowd      []*CrowdRow
	Slow       *SlowRow // nil: not measured
	Guesses    []*GuessRow
	Ready      time.Duration
	Idle, Peak int64 // bytes
}

// Row is one case, with a pair of rates for each run.
type Row struct {
	Case                   *Case
	floors, servers, ratio []float64
}

func (r *Row) add(floor, server float64) {
	r.floors = append(r.floors, floor)
	r.servers = append(r.servers, server)
	r.ratio = append(r.ratio, server/floor)
}

// Floor, Server and Ratio are medians over the runs.
func (r *Row) Floor() float64 { return median(r.floors) }

// Server is described at Floor.
func (r *Row) Server() float64 { return median(r.servers) }

// Ratio is described at Floor.
func (r *Row) Ratio() float64 { return median(r.ratio) }

func (r *Row) spread() string {
	return fmt.Sprintf("%.2f–%.2f", slices.Min(r.ratio), slices.Max(r.ratio))
}

// SizeRow is one case on two sizes of store; the larger stands in the place of
// the floor.
type SizeRow = Row

func median[T float64 | time.Duration](of []T) T {
	s := slices.Sorted(slices.Values(of))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

func newReport(c Config) *Report {
	r := &Report{Config: c, CPU: runtime.GOARCH}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.SplitSeq(string(text), "\n") {
			if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
				r.CPU = strings.TrimSpace(value)
				break
			}
		}
	}
	return r
}

// target is a bound and whether it was met.
func target(value float64, atLeast float64) string {
	return fmt.Sprintf("≥ %.1f %s", atLeast, met(value >= atLeast))
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
func (e *EngineReport) derived(c Config) [][]string {
	var out [][]string
	deep, page := e.row(caseDeep), e.row(casePage)
	if deep != nil && page != nil {
		v := deep.Server() / page.Server()
		out = append(out, []string{"Last page by number, of page 1's speed", fmt.Sprintf("%.2f", v), target(v, 0.5)})
	}
	one, ten := e.row(caseCreate), e.row(caseBatch)
	if one != nil && ten != nil {
		v := 10 * ten.Server() / one.Server()
		out = append(out, []string{"Customers a second by tens, of one by one", fmt.Sprintf("%.2f", v), target(v, 1.7)})
	}
	if one != nil {
		out = append(out, []string{"Durable creates a second", number(one.Server()), ""})
	}
	if h := e.Hooks; h != nil {
		out = append(out,
			[]string{"A create with a webhook, of one without", fmt.Sprintf("%.2f (%s and %s a second)", h.Cost(), number(h.On()), number(h.Off())), "< 1.15 " + met(h.Cost() < 1.15)},
			[]string{"The same in processor time of the server", fmt.Sprintf("%.2f", h.Work()), ""},
			[]string{"Of one core, what the receiver takes meanwhile", fmt.Sprintf("%.2f", h.Receiver()), ""},
			[]string{"Webhooks delivered a second while creating", number(h.During()), ""},
			[]string{"Webhooks delivered a second afterwards", number(h.After()), ""})
	}
	if r := e.Slow; r != nil {
		out = append(out,
			[]string{"Another client's request, median and 99th percentile", millis(r.Alone()) + ", " + millis(r.Late()), ""},
			[]string{fmt.Sprintf("The same beside %d bodies that stand still", slowConnections), millis(r.Beside()) + ", " + millis(r.LateBeside()), ""},
			[]string{"The 99th percentile, of that alone", fmt.Sprintf("%.2f", r.Ratio()), "≤ 1.5 " + met(r.Ratio() <= 1.5)},
			[]string{"The slowest of these requests", millis(r.worst), "≤ 1 s " + met(r.worst <= time.Second)},
			[]string{"Memory with those bodies", mebibytes(r.memory), ""})
	}
	for _, r := range e.Sizes {
		out = append(out, []string{
			fmt.Sprintf("%s: %s customers, of %s customers' speed", r.Case.Title, number(float64(c.Customers)), number(float64(c.Compare))),
			fmt.Sprintf("%.2f (%s and %s a second)", r.Ratio(), number(r.Server()), number(r.Floor())), "",
		})
	}
	out = append(out, []string{"Time to ready", fmt.Sprintf("%.1f ms", e.Ready.Seconds()*1000), "< 50 ms " + met(e.Ready < 50*time.Millisecond)})
	if e.Idle > 0 {
		out = append(out,
			[]string{"Memory when idle", mebibytes(e.Idle), "< 32 MiB " + met(e.Idle < 32<<20)},
			[]string{"Memory at its peak under this load", mebibytes(e.Peak), ""})
	}
	return out
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// number writes 12345.6 as 12,346 and small values with a decimal place.
func number(v float64) string {
	if v < 100 {
		return fmt.Sprintf("%.1f", v)
	}
	digits := fmt.Sprintf("%.0f", v)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func (e *EngineReport) table() [][]string {
	out := [][]string{{"Case", "Floor, a second", "Clientele, a second", "Ratio", "Range", "Target", "The floor is"}}
	for _, r := range e.Rows {
		want, ok := r.Case.atLeast[""]
		if !ok {
			want, ok = r.Case.atLeast[e.Engine]
		}
		text := ""
		if ok {
			text = target(r.Ratio(), want)
		}
		out = append(out, []string{r.Case.Title, number(r.Floor()), number(r.Server()), fmt.Sprintf("%.2f", r.Ratio()), r.spread(), text, r.Case.Floor})
	}
	return out
}

var engineNames = map[string]string{"sqlite": "SQLite", "postgres": "PostgreSQL"}

// Write prints the report, as Markdown if asked to. commandLine is how to
// repeat it.
func (r *Report) Write(w io.Writer, markdown bool, commandLine string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d cores, %s, %s/%s\n", r.CPU, runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	fmt.Fprintf(&b, "%s customers with an address, a value and a subscription each, %d clients, medians of %d runs of %s\n", number(float64(r.Config.Customers)), r.Config.Clients, r.Config.Runs, r.Config.Duration)
	if markdown {
		fmt.Fprintf(&b, "\n    %s\n", commandLine)
	} else {
		fmt.Fprintf(&b, "%s\n", commandLine)
	}
	for _, e := range r.Engines {
		if markdown {
			fmt.Fprintf(&b, "\n**%s**\n\n", engineNames[e.Engine])
			writeMarkdown(&b, e.table(), 1, 4)
			b.WriteByte('\n')
			if len(e.Crowd) > 0 {
				writeMarkdown(&b, crowdTable(e.Crowd), 0, 4)
				b.WriteByte('\n')
			}
			if len(e.Guesses) > 0 {
				writeMarkdown(&b, guessTable(e.Guesses), 0, 5)
				b.WriteByte('\n')
			}
			writeMarkdown(&b, append([][]string{{"Figure", "Value", "Target"}}, e.derived(r.Config)...), 1, 1)
			continue
		}
		fmt.Fprintf(&b, "\n%s\n\n", engineNames[e.Engine])
		writePlain(&b, e.table())
		if len(e.Crowd) > 0 {
			b.WriteByte('\n')
			writePlain(&b, crowdTable(e.Crowd))
		}
		if len(e.Guesses) > 0 {
			b.WriteByte('\n')
			writePlain(&b, guessTable(e.Guesses))
		}
		b.WriteByte('\n')
		writePlain(&b, e.derived(r.Config))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeMarkdown aligns the columns first to last to the right.
func writeMarkdown(b *strings.Builder, rows [][]string, first, last int) {
	for i, cells := range rows {
		fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
		if i > 0 {
			continue
		}
		for j := range cells {
			if first <= j && j <= last {
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
