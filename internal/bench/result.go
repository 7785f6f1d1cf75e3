package bench

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
)

// Result is what a run leaves behind for later ones to be compared with.
type Result struct {
	Machine   Machine         `json:"machine"`
	Command   string          `json:"command"`
	Customers int64           `json:"customers"`
	Crowd     int64           `json:"crowd,omitempty"`
	Clients   int             `json:"clients"`
	Engines   []*EngineResult `json:"engines"`
}

// EngineResult is a result on one engine. Earlier versions of this program kept the
// cases that have a floor, and no more.
type EngineResult struct {
	Engine  string         `json:"engine"`
	Rows    []*Row         `json:"cases"`
	Versus  []VersusResult `json:"versus,omitempty"`
	Figures []Figure       `json:"figures,omitempty"`
}

// VersusResult is a case on one side, held against another.
type VersusResult struct {
	Row
	With    string `json:"with"`
	Against string `json:"against"`
}

// Result returns what to keep of a report.
func (r *Report) Result(commandLine string) *Result {
	out := &Result{Machine: r.Machine, Command: commandLine, Customers: r.Config.Customers, Crowd: r.Config.Crowd, Clients: r.Config.Clients}
	for _, e := range r.Engines {
		kept := &EngineResult{Engine: e.Engine, Rows: e.Rows, Figures: append(e.derived(), e.Lists.figures()...)}
		for _, v := range e.Versus {
			kept.Versus = append(kept.Versus, VersusResult{*v.Row, v.What, v.Against})
		}
		for _, c := range e.Crowd {
			kept.Figures = append(kept.Figures, c.figure())
		}
		for _, g := range e.Guesses {
			kept.Figures = append(kept.Figures, g.figure())
		}
		kept.Figures = slices.DeleteFunc(kept.Figures, func(f Figure) bool { return !f.comparable() })
		out.Engines = append(out.Engines, kept)
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
	if len(r.Engines) == 0 || slices.ContainsFunc(r.Engines, func(e *EngineResult) bool { return e == nil || slices.Contains(e.Rows, nil) }) {
		return nil, fmt.Errorf("%s: holds no result", file)
	}
	return r, nil
}

// comparable says why a run cannot be compared with an earlier result.
func (c *Config) comparable(before *Result) error {
	if before == nil {
		return nil
	}
	crowd := cmp.Or(before.Crowd, before.Customers)
	switch {
	case c.Customers != before.Customers:
		return fmt.Errorf("the earlier result is of %d customers: give the same number", before.Customers)
	case cmp.Or(c.Crowd, c.Customers) != crowd:
		return fmt.Errorf("the earlier result is of a crowd of %d: give the same number", crowd)
	case c.Clients != before.Clients:
		return fmt.Errorf("the earlier result is of %d clients: give the same number", before.Clients)
	case before.Machine.OS == "":
		return errors.New("the earlier result does not tell of which machine it is")
	}
	return nil
}
