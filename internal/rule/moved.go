package rule

// Moved returns a condition for each comparison of a rule that means something
// else now than it did before, as the clock or the store's time zone moved. All
// of whom a rule may tell something else meet one of them.
func (c *Checked) Moved(engine Engine, before, now Clock, args []any, each func(condition string, args []any) error) error {
	var err error
	c.Root.Each(func(n *Node) {
		f := c.conds[n]
		if err != nil || n.Op == IsNull || f.class != aMomentField && f.class != aDayField || !c.moves(n, before, now) {
			return
		}
		equal := *n
		equal.Op = Eq
		own := &Checked{Root: &equal, conds: map[*Node]*cond{&equal: f}}
		w := &writer{c: own, engine: engine, clock: now, args: args[:len(args):len(args)], before: &before}
		w.node(&equal)
		err = each(w.b.String(), w.args)
	})
	return err
}

func (c *Checked) moves(n *Node, before, now Clock) bool {
	for i := range n.Values {
		v := &n.Values[i]
		if c.conds[n].class == aDayField {
			if before.dayText(v) != now.dayText(v) {
				return true
			}
		} else if before.span(v) != now.span(v) {
			return true
		}
	}
	return false
}

// moved writes that a time lies between what a date meant before and what it
// means now.
func (w *writer) moved(n *Node, col string) {
	w.write("(1 = 0")
	for i := range n.Values {
		was, is := w.before.span(&n.Values[i]), w.clock.span(&n.Values[i])
		for _, edge := range [][2]int64{{was.from, is.from}, {was.to, is.to}} {
			if edge[0] != edge[1] {
				w.write(" OR (", col, " >= ", w.bind(min(edge[0], edge[1])), " AND ", col, " < ", w.bind(max(edge[0], edge[1])), ")")
			}
		}
	}
	w.write(")")
}

// Movement is how a rule's dates follow the clock.
type Movement uint8

// How dates follow the clock.
const (
	Stays Movement = iota // there are none, or none that follow it
	Daily                 // from day to day
	Always
)

// Movement tells how the dates of a rule follow the clock.
func (c *Checked) Movement() Movement {
	most := Stays
	c.Root.Each(func(n *Node) {
		for i := range n.Values {
			if v := &n.Values[i]; v.Kind == Relative {
				if v.kindOfDate() == aMoment {
					most = Always
				} else {
					most = max(most, Daily)
				}
			}
		}
	})
	return most
}
