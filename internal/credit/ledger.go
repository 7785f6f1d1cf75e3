package credit

import (
	"slices"

	"clientele/internal/fault"
)

// ledger is what a customer's next entries come of, and the entries themselves
// before they are stored. It holds the rules. What is open is never more than
// the balance: what a customer owes is paid of new credit first.
type ledger struct {
	customerID int64
	had        int64 // the balance before
	balance    int64
	last       int64 // the id of the last entry; 0: there is none
	open       []lot // the soonest to expire first

	made    []Entry         // to be stored
	left    map[int64]int64 // what is left now of credits, by id
	revoked int64           // the entry that is reverted; 0: none
}

// lot is a credit that expires and is not all spent.
type lot struct{ id, expires, remaining int64 }

// add makes an entry. Remaining and what it took are the caller's.
func (l *ledger) add(e Entry) *Entry {
	l.last++
	l.balance += e.Amount
	e.ID, e.CustomerID, e.Balance = l.last, l.customerID, l.balance
	l.made = append(l.made, e)
	return &l.made[len(l.made)-1]
}

// begin makes the entries that come before all others: of a balance from before
// there was a ledger, and of what has expired by now.
func (l *ledger) begin(now int64) {
	if l.last == 0 && l.balance != 0 {
		amount := l.balance
		l.balance = 0
		l.add(Entry{Kind: Adjust, Amount: amount, Reason: Opening, By: byClock, Created: now})
	}
	for len(l.open) > 0 && l.open[0].expires <= now {
		due := l.open[0]
		l.open = l.open[1:]
		l.keep(due.id, 0)
		l.add(Entry{Kind: Expire, Amount: -due.remaining, Of: due.id, By: byClock, Created: now})
	}
}

// keep notes what is left of a credit that expires.
func (l *ledger) keep(id, remaining int64) {
	if l.left == nil {
		l.left = map[int64]int64{}
	}
	l.left[id] = remaining
}

// opened returns how much of the balance expires.
func (l *ledger) opened() (sum int64) {
	for _, o := range l.open {
		sum += o.remaining
	}
	return sum
}

// move makes an entry of what is given or taken.
func (l *ledger) move(e Entry) *Entry {
	owed := min(l.balance, 0)
	if e.Amount < 0 {
		e.spent = l.take(-e.Amount)
		return l.add(e)
	}
	if e.ExpiresAt != 0 {
		e.Remaining = max(e.Amount+owed, 0)
	}
	made := l.add(e)
	if made.Remaining > 0 {
		l.insert(lot{made.ID, made.ExpiresAt, made.Remaining})
	}
	return made
}

// insert adds an open credit in its place.
func (l *ledger) insert(o lot) {
	at, _ := slices.BinarySearchFunc(l.open, o, compareLots)
	l.open = slices.Insert(l.open, at, o)
}

func compareLots(a, b lot) int {
	if a.expires != b.expires {
		return int(max(min(a.expires-b.expires, 1), -1))
	}
	return int(max(min(a.id-b.id, 1), -1))
}

// take spends credit that expires, as far as there is some, and returns of which
// it was.
func (l *ledger) take(amount int64) (taken []share) {
	for amount > 0 && len(l.open) > 0 {
		o := &l.open[0]
		n := min(amount, o.remaining)
		taken = append(taken, share{o.id, n})
		o.remaining, amount = o.remaining-n, amount-n
		l.keep(o.id, o.remaining)
		if o.remaining == 0 {
			l.open = l.open[1:]
		}
	}
	return taken
}

// takeFrom is take that begins with one credit.
func (l *ledger) takeFrom(id, amount int64) (taken []share) {
	if i := slices.IndexFunc(l.open, func(o lot) bool { return o.id == id }); i >= 0 {
		o := &l.open[i]
		n := min(amount, o.remaining)
		taken = append(taken, share{id, n})
		o.remaining, amount = o.remaining-n, amount-n
		l.keep(id, o.remaining)
		if o.remaining == 0 {
			l.open = slices.Delete(l.open, i, i+1)
		}
	}
	return append(taken, l.take(amount)...)
}

// revert takes an entry back. What it took of credits that expire goes back to
// those of them, in lots, that are neither due nor reverted themselves; the rest
// is credit that does not expire.
func (l *ledger) revert(of *Entry, lots []lot, e Entry) {
	e.Kind, e.Amount, e.Of = Revert, -of.Amount, of.ID
	l.revoked = of.ID
	if e.Amount < 0 {
		e.spent = l.takeFrom(of.ID, -e.Amount)
		l.add(e)
		return
	}
	l.add(e)
	room := max(l.balance, 0) - l.opened()
	for _, s := range of.spent {
		i := slices.IndexFunc(lots, func(o lot) bool { return o.id == s.id })
		n := min(s.amount, room)
		if i < 0 || n <= 0 {
			continue
		}
		room -= n
		at := slices.IndexFunc(l.open, func(o lot) bool { return o.id == s.id })
		if at < 0 {
			l.insert(lot{s.id, lots[i].expires, n})
			l.keep(s.id, n)
			continue
		}
		l.open[at].remaining += n
		l.keep(s.id, l.open[at].remaining)
	}
}

// check returns why what was made may not be.
func (l *ledger) check(overdraft bool) error {
	it := fault.Item{Field: FieldAmount, Code: fault.OutOfRange}
	fell := len(l.made) > 0 && l.made[len(l.made)-1].Amount < 0
	switch {
	case l.balance < 0 && fell && !overdraft:
		it.Why = WhyNotEnough
	case l.balance > Max || l.balance < -Max:
		it.Why = WhyTooMuch
	case len(l.open) > maxOpen:
		it.Why, it.Code = WhyManyExpires, fault.TooManyItems
	default:
		return nil
	}
	return fault.Broken(fault.Conflict, it)
}
