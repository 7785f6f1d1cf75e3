package bench

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Unit is what an amount is counted in.
type Unit string

const (
	unitCount      Unit = "count"
	unitRatio      Unit = "ratio"
	unitShare      Unit = "share" // a ratio whose target is near to 1
	unitPercent    Unit = "%"
	unitTimes      Unit = "×"
	unitRate       Unit = "a second"
	unitStatements Unit = "statements"
	unitMicros     Unit = "µs"
	unitMillis     Unit = "ms"
	unitSeconds    Unit = "s"
	unitKiB        Unit = "KiB"
	unitMiB        Unit = "MiB"
)

// text writes a number of the unit.
func (u Unit) text(v float64) string {
	switch u {
	case unitCount:
		return whole(int64(math.Round(v)))
	case unitRatio:
		return fmt.Sprintf("%.2f", v)
	case unitShare:
		return fmt.Sprintf("%.3f", v)
	case unitTimes:
		return fmt.Sprintf("%.0f×", v)
	case unitStatements:
		return fmt.Sprintf("%.1f", v)
	case unitRate:
		return number(v)
	case unitMicros:
		return number(v) + " µs"
	}
	return fmt.Sprintf("%.1f %s", v, u)
}

// ofMachine tells whether numbers of the unit depend on how fast a machine is.
func (u Unit) ofMachine() bool {
	return slices.Contains([]Unit{unitRate, unitMicros, unitMillis, unitSeconds}, u)
}

// Amount is a number of a figure, with a value for each run, or a single one.
type Amount struct {
	Unit   Unit      `json:"unit"`
	Better string    `json:"better,omitempty"` // more or less of it, where a target says so
	Values []float64 `json:"values"`

	from float64 // below it amounts are not told apart
}

func amount(unit Unit, values ...float64) Amount { return Amount{Unit: unit, Values: values} }

func inMillis(times ...time.Duration) Amount {
	a := Amount{Unit: unitMillis}
	for _, d := range times {
		a.Values = append(a.Values, d.Seconds()*1000)
	}
	return a
}

func inMiB(bytes int64) Amount { return amount(unitMiB, float64(bytes)/(1<<20)) }

const (
	moreIsBetter = "more"
	lessIsBetter = "less"
)

// more says that a target asks for more of it, and less that one asks for less.
func (a Amount) more() Amount { a.Better = moreIsBetter; return a }

func (a Amount) less() Amount { a.Better = lessIsBetter; return a }

// text writes the median.
func (a Amount) text() string {
	if len(a.Values) == 0 {
		return "–"
	}
	return a.Unit.text(median(a.Values))
}

// Figure is a line of a report: amounts, of which its text is made, and a target.
type Figure struct {
	Name    string   `json:"figure"`
	Amounts []Amount `json:"amounts"`

	layout string // with a %s for each amount; "": commas between them
	target string
}

func figureOf(name, target string, amounts ...Amount) Figure {
	return Figure{Name: name, Amounts: amounts, target: target}
}

// as gives a figure a layout.
func (f Figure) as(layout string) Figure { f.layout = layout; return f }

// text writes amounts, its own or earlier ones, as the figure does.
func (f Figure) text(amounts []Amount) string {
	texts := make([]any, len(amounts))
	for i, a := range amounts {
		texts[i] = a.text()
	}
	layout := f.layout
	if layout == "" {
		layout = strings.TrimPrefix(strings.Repeat(", %s", len(amounts)), ", ")
	}
	return fmt.Sprintf(layout, texts...)
}

func (f Figure) String() string { return f.Name + ": " + f.text(f.Amounts) }

// comparable reports whether a figure has numbers that another run can be held
// against.
func (f Figure) comparable() bool {
	for _, a := range f.Amounts {
		if len(a.Values) == 0 || slices.ContainsFunc(a.Values, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }) {
			return false
		}
	}
	return len(f.Amounts) > 0
}

func figureTable(figures []Figure) [][]string {
	out := [][]string{{"Figure", "Value", "Target"}}
	for _, f := range figures {
		out = append(out, []string{f.Name, f.text(f.Amounts), f.target})
	}
	return out
}
