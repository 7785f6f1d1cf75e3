package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
)

// Result is what a run leaves behind for later ones to be compared with.
type Result struct {
	Machine   Machine         `json:"machine"`
	Command   string          `json:"command"`
	Customers int64           `json:"customers"`
	Clients   int             `json:"clients"`
	Engines   []*EngineResult `json:"engines"`
}

// EngineResult is a result on one engine.
type EngineResult struct {
	Engine    string  `json:"engine"`
	ReadyMs   float64 `json:"ready_ms"`
	Anonymous int64   `json:"idle_anonymous_bytes"`
	Rows      []*Row  `json:"cases"`
}

// Result returns what to keep of a report.
func (r *Report) Result(commandLine string) *Result {
	out := &Result{Machine: r.Machine, Command: commandLine, Customers: r.Config.Customers, Clients: r.Config.Clients}
	for _, e := range r.Engines {
		out.Engines = append(out.Engines, &EngineResult{Engine: e.Engine, ReadyMs: e.Ready.Seconds() * 1000, Anonymous: e.Anonymous, Rows: e.Rows})
	}
	return out
}

// Save writes a result to a file.
func (r *Result) Save(file string) error {
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

// ReadResult reads a file that Save wrote.
func ReadResult(file string) (*Result, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := &Result{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(r.Engines) == 0 {
		return nil, fmt.Errorf("%s: holds no result", file)
	}
	return r, nil
}

// comparable says why a run cannot be compared with an earlier result.
func (c *Config) comparable(before *Result) error {
	switch {
	case before == nil:
	case c.Customers != before.Customers:
		return fmt.Errorf("the earlier result is of %d customers: give the same number", before.Customers)
	case c.Clients != before.Clients:
		return fmt.Errorf("the earlier result is of %d clients: give the same number", before.Clients)
	case before.Machine.OS == "":
		return errors.New("the earlier result does not tell of which machine it is")
	}
	return nil
}

// row returns an earlier row, an empty one where there is none.
func (r *Result) row(engine, name string) *Row {
	if r != nil {
		for _, e := range r.Engines {
			for _, row := range e.Rows {
				if e.Engine == engine && row.Name == name {
					return row
				}
			}
		}
	}
	return &Row{}
}

// least is how much further apart than the nearest of their runs figures are
// that have moved, as a part of the earlier one.
const least = 0.02

// moved tells whether a figure is another than before: even the runs that are
// nearest to each other differ.
func moved(now, before []float64) bool {
	if len(now) == 0 || len(before) == 0 {
		return false
	}
	gap := max(slices.Min(now)-slices.Max(before), slices.Min(before)-slices.Max(now))
	return gap > 0 && gap >= least*math.Abs(median(before))
}

// figure writes a median, and what it was if it has moved.
func figure(now, before []float64, format string) string {
	if len(now) == 0 {
		return "–"
	}
	text := fmt.Sprintf(format, median(now))
	if moved(now, before) {
		text += fmt.Sprintf(" (was "+format+")", median(before))
	}
	return text
}

// moves tells what moved more than noise, one line each.
func (r *Report) moves() []string {
	var out []string
	seen := 0
	for _, e := range r.Engines {
		for _, row := range e.Rows {
			was := r.Before.row(e.Engine, row.Name)
			if was.Name == "" {
				continue
			}
			seen++
			for _, f := range []struct {
				what        string
				now, before []float64
				machine     bool // it depends on the machine
			}{
				{"ratio", row.Ratios, was.Ratios, false},
				{"processor time of the server", row.ServerTime, was.ServerTime, true},
				{"processor time of the database", row.DatabaseTime, was.DatabaseTime, true},
				{"statements", row.Statements, was.Statements, false},
				{"allocations", row.Allocations, was.Allocations, false},
			} {
				if f.machine && r.Machine.CPU != r.Before.Machine.CPU || !moved(f.now, f.before) {
					continue
				}
				now, before := median(f.now), median(f.before)
				change := "from nothing"
				if before != 0 {
					change = fmt.Sprintf("%+.0f %%", 100*(now/before-1))
				}
				out = append(out, fmt.Sprintf("Moved on %s: %s: %s %.2f, was %.2f (%s)", engineNames[e.Engine], row.Name, f.what, now, before, change))
			}
		}
	}
	if len(out) == 0 {
		out = append(out, fmt.Sprintf("Of %d cases nothing moved more than noise.", seen))
	}
	if r.Machine.CPU != r.Before.Machine.CPU {
		out = append(out, "The machines differ, so times are not compared.")
	}
	return out
}
