package bench

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

const (
	// least is how much further apart than the nearest of their runs figures are
	// that have moved, as a part of the earlier one.
	least = 0.02
	// Fewer values than enough do not tell how far they scatter. Figures that have
	// fewer on a side have moved if they are wide apart: the document says why so
	// far.
	enough = 3
	wide   = 0.3
	// namedAlone is how many of the things are named that one side alone has.
	namedAlone = 20
)

// moved tells whether a figure is another than before: even the runs that are
// nearest to each other differ, or where there are few, the medians much.
func moved(now, before []float64) bool {
	if len(now) == 0 || len(before) == 0 {
		return false
	}
	was := median(before)
	if fewer(now, before) {
		gap := math.Abs(median(now) - was)
		return gap > 0 && gap >= wide*math.Abs(was)
	}
	gap := max(slices.Min(now)-slices.Max(before), slices.Min(before)-slices.Max(now))
	return gap > 0 && gap >= least*math.Abs(was)
}

func fewer(now, before []float64) bool { return min(len(now), len(before)) < enough }

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

// earlier returns a case of the earlier result, without what cannot be compared, an
// empty one where there is none.
func (r *Report) earlier(engine, name string) Row {
	if r.Before == nil {
		return Row{}
	}
	e := r.Before.engine(engine)
	if e == nil {
		return Row{}
	}
	at := slices.IndexFunc(e.Rows, func(o *Row) bool { return o.Name == name })
	if at < 0 {
		return Row{}
	}
	row := *e.Rows[at]
	if r.Machine.fast() != r.Before.Machine.fast() {
		row.FloorTime, row.ServerTime, row.DatabaseTime = nil, nil, nil
	}
	return row
}

// columns are the figures of a case that are compared. Its rates are not: a machine
// that has other work changes them by half.
func (r *Row) columns(name string) []Figure {
	return []Figure{
		figureOf(name+": ratio", "", amount(unitRatio, r.Ratios...).more()),
		figureOf(name+": processor time of the server", "", amount(unitMicros, r.ServerTime...).less()),
		figureOf(name+": processor time of the database", "", amount(unitMicros, r.DatabaseTime...).less()),
		figureOf(name+": statements", "", amount(unitStatements, r.Statements...).less()),
		figureOf(name+": allocations", "", amount(unitCount, r.Allocations...).less()),
	}
}

// item is what a result has or has not: a case with its columns, or a figure.
type item struct {
	name    string
	isCase  bool
	figures []Figure
}

func (e *EngineResult) items() (out []item) {
	for _, r := range e.Rows {
		out = append(out, item{r.Name, true, r.columns(r.Name)})
	}
	for _, v := range e.Versus {
		name := v.Name + " with " + v.With + " against " + v.Against
		out = append(out, item{name, true, v.columns(name)})
	}
	for _, f := range e.Figures {
		out = append(out, item{f.Name, false, []Figure{f}})
	}
	return out
}

// find returns the same item of another result. One that is counted otherwise is not
// the same.
func (i item) find(in []item) *item {
	at := slices.IndexFunc(in, func(o item) bool {
		return o.name == i.name && slices.EqualFunc(i.figures, o.figures, func(a, b Figure) bool {
			return slices.EqualFunc(a.Amounts, b.Amounts, func(a, b Amount) bool { return a.Unit == b.Unit })
		})
	})
	if at < 0 {
		return nil
	}
	return &in[at]
}

// comparison is what is told of two results.
type comparison struct {
	sameMachine                bool
	moves, alone               []string
	cases, figures, moved, few int
}

// moves tells what moved more than noise, one line each, what one side alone has, and
// of how much all that is.
func (r *Result) moves(before *Result) []string {
	c := comparison{sameMachine: r.Machine.fast() == before.Machine.fast()}
	for _, e := range r.Engines {
		if was := before.engine(e.Engine); was != nil {
			c.engine(e, was)
		} else {
			c.alone = append(c.alone, "Only this result has "+engineNames[e.Engine]+".")
		}
	}
	for _, e := range before.Engines {
		if r.engine(e.Engine) == nil {
			c.alone = append(c.alone, "Only the earlier result has "+engineNames[e.Engine]+".")
		}
	}
	out := append(c.moves, c.alone...)
	if c.cases+c.figures == 0 {
		out = append(out, "There is nothing to compare: the results have no case and no figure in common.")
	} else {
		out = append(out, fmt.Sprintf("Compared: %d cases, %d figures. Moved more than noise: %d.", c.cases, c.figures, c.moved))
		if c.few > 0 {
			out = append(out, fmt.Sprintf("With fewer than %d values on a side, which cannot tell noise: %d. They count as moved from %.0f %% on.", enough, c.few, 100*wide))
		}
	}
	if !c.sameMachine {
		out = append(out, "The machines differ, so times and rates are not compared.")
	}
	return out
}

// fast is what times depend on.
func (m Machine) fast() string { return fmt.Sprintf("%d %s", m.Cores, m.CPU) }

func (r *Result) engine(name string) *EngineResult {
	if i := slices.IndexFunc(r.Engines, func(e *EngineResult) bool { return e.Engine == name }); i >= 0 {
		return r.Engines[i]
	}
	return nil
}

func (c *comparison) engine(now, was *EngineResult) {
	engine, mine, theirs := engineNames[now.Engine], now.items(), was.items()
	onlyNow, onlyBefore := missing(mine, theirs), missing(theirs, mine)
	for _, of := range []struct {
		side  string
		names []string
	}{{"this", onlyNow}, {"the earlier", onlyBefore}} {
		if n := len(of.names); n > 0 {
			text := strings.Join(of.names[:min(n, namedAlone)], "; ")
			if n > namedAlone {
				text += fmt.Sprintf("; %d more", n-namedAlone)
			}
			c.alone = append(c.alone, fmt.Sprintf("On %s only %s result has: %s.", engine, of.side, text))
		}
	}
	for _, i := range mine {
		other := i.find(theirs)
		if other == nil || i.name == peakFigure && len(onlyNow)+len(onlyBefore) > 0 { // that is of all cases together
			continue
		}
		c.item(engine, i, *other)
	}
}

// missing names the items that the others lack.
func missing(items, others []item) (out []string) {
	for _, i := range items {
		if i.find(others) == nil {
			out = append(out, i.name)
		}
	}
	return out
}

// item compares one.
func (c *comparison) item(engine string, now, was item) {
	var seen, few, some bool
	for n, f := range now.figures {
		before := was.figures[n].Amounts
		changes, here := make([]string, len(before)), false
		for i, a := range f.Amounts {
			b := before[i]
			changes[i] = "="
			if a.Unit.ofMachine() && !c.sameMachine || len(a.Values) == 0 || len(b.Values) == 0 {
				continue
			}
			seen, few = true, few || fewer(a.Values, b.Values)
			if a.moved(b) {
				here, changes[i] = true, a.change(b)
			}
		}
		if here {
			some = true
			c.moves = append(c.moves, fmt.Sprintf("Moved on %s: %s: %s, was %s (%s)", engine, f.Name, f.text(f.Amounts), f.text(before), strings.Join(changes, ", ")))
		}
	}
	switch {
	case !seen:
		return
	case now.isCase:
		c.cases++
	default:
		c.figures++
	}
	if few {
		c.few++
	}
	if some {
		c.moved++
	}
}

// moved tells whether an amount has moved, and so that one can read it.
func (a Amount) moved(before Amount) bool {
	return moved(a.Values, before.Values) && a.text() != before.text() && max(median(a.Values), median(before.Values)) >= a.from
}

// change tells by how much an amount has moved, and whether that is what a target
// asks for.
func (a Amount) change(before Amount) string {
	now, was := median(a.Values), median(before.Values)
	text := "from nothing"
	if was != 0 {
		text = fmt.Sprintf("%+.0f %%", 100*(now/was-1))
	}
	switch {
	case a.Better == "":
		return text
	case (now > was) == (a.Better == moreIsBetter):
		return text + " better"
	}
	return text + " worse"
}
