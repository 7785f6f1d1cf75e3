package credit

import (
	"maps"
	"slices"

	"clientele/internal/fault"
	"clientele/internal/sqldb"
)

// Imported is what became of a row of an import.
type Imported struct {
	EntryID int64        // 0: none was needed
	Err     *fault.Error // why none was made
}

// ImportTx makes entries of rows of an import, in their order and each by itself: one
// that breaks a rule makes none. Their amounts are given where they are above 0, and
// spent below; with set they are what balances become.
func (s *Service) ImportTx(tx *sqldb.Tx, in []Write, set, overdraft bool) ([]Imported, error) {
	out := make([]Imported, len(in))
	if len(in) == 0 {
		return out, nil
	}
	now := s.sys.Now()
	ids := make([]int64, len(in))
	for i := range in {
		ids[i] = in[i].CustomerID
	}
	slices.Sort(ids)
	ledgers, err := s.lock(tx, now, slices.Compact(ids)...)
	if err != nil {
		return nil, err
	}
	by, moved := map[int64]*ledger{}, map[int64]*ledger{}
	for _, l := range ledgers {
		by[l.customerID] = l
	}
	for i := range in {
		w := in[i]
		l := by[w.CustomerID]
		if l == nil {
			out[i].Err = errNoCustomer
			continue
		}
		switch {
		case set && w.Amount == l.balance:
			continue
		case set:
			w.Kind = Adjust
			if w.Amount <= Max && w.Amount >= -Max {
				w.Amount -= l.balance
			}
		case w.Amount < 0:
			w.Kind, w.Amount = Debit, -w.Amount
		default:
			w.Kind = Credit
		}
		e, err := l.try(&w, now, overdraft)
		if out[i].Err = fault.As(err); err != nil {
			continue
		}
		out[i].EntryID, moved[w.CustomerID] = e.ID, l
	}
	return out, s.settle(tx, now, values(moved)...)
}

// try makes the entry of a command, unless it breaks a rule.
func (l *ledger) try(w *Write, now int64, overdraft bool) (Entry, error) {
	var c fault.Collector
	w.check(&c, now)
	if err := c.Err(fault.Invalid); err != nil {
		return Entry{}, err
	}
	before := *l
	before.open, before.made, before.left = slices.Clone(l.open), slices.Clone(l.made), maps.Clone(l.left)
	e := *l.move(w.entry(now))
	if err := l.check(overdraft); err != nil {
		*l = before
		return Entry{}, err
	}
	return e, nil
}

// RevertTx takes entries back, one of each customer at most, and returns whose it
// could take back: one that is reverted already, or whose amount is spent, stays.
func (s *Service) RevertTx(tx *sqldb.Tx, in []Write, overdraft bool) (map[int64]bool, error) {
	now := s.sys.Now()
	ids := make([]int64, len(in))
	for i := range in {
		ids[i] = in[i].CustomerID
	}
	slices.Sort(ids)
	ledgers, err := s.lock(tx, now, ids...)
	if err != nil {
		return nil, err
	}
	done, moved := map[int64]bool{}, map[int64]*ledger{}
	for _, l := range ledgers {
		w := &in[slices.IndexFunc(in, func(w Write) bool { return w.CustomerID == l.customerID })]
		err := s.revert(tx, l, w.EntryID, w.entry(now))
		if err == nil {
			err = l.check(overdraft)
		}
		if err == nil {
			done[l.customerID], moved[l.customerID] = true, l
		} else if fault.As(err) == nil {
			return nil, err
		}
	}
	return done, s.settle(tx, now, values(moved)...)
}

// values are ledgers in the order of their customers.
func values(of map[int64]*ledger) (out []*ledger) {
	for _, id := range slices.Sorted(maps.Keys(of)) {
		out = append(out, of[id])
	}
	return out
}
