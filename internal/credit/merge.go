package credit

import (
	"slices"

	"clientele/internal/sqldb"
)

// Moved is what one customer's ledger had from another one's: the entries that it
// made there.
type Moved struct {
	From    int64   `json:"from"`
	Entries []int64 `json:"entries,omitempty"`
	Amount  int64   `json:"amount"`
}

// MoveTx gives a customer what others have, who are about to go: credit that expires
// as such, each with its date. Their own ledgers go with them. Both are locked.
func (s *Service) MoveTx(tx *sqldb.Tx, to int64, from []int64, overdraft bool, by Actor, why, reference string) ([]Moved, error) {
	now := s.sys.Now()
	ledgers, err := s.lock(tx, now, append([]int64{to}, from...)...)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(ledgers, func(l *ledger) bool { return l.customerID == to })
	if i < 0 {
		return nil, errNoCustomer
	}
	keep := ledgers[i]
	var out []Moved
	for _, l := range ledgers {
		if l == keep || l.balance == 0 && len(l.open) == 0 {
			continue
		}
		m := Moved{From: l.customerID, Amount: l.balance}
		e := Entry{Kind: Credit, Reason: why, Reference: reference, By: by, Created: now}
		rest := l.balance
		for _, o := range l.open {
			e.Amount, e.ExpiresAt = o.remaining, o.expires
			rest -= o.remaining
			m.Entries = append(m.Entries, keep.move(e).ID)
		}
		if e.Amount, e.ExpiresAt = rest, 0; rest < 0 {
			e.Kind = Adjust
		}
		if rest != 0 {
			m.Entries = append(m.Entries, keep.move(e).ID)
		}
		out = append(out, m)
	}
	if len(out) == 0 {
		return nil, nil
	}
	if err := keep.check(overdraft); err != nil {
		return nil, err
	}
	return out, s.settle(tx, now, keep)
}

// ReturnTx gives customers back what MoveTx took of them, as far as it is there yet.
// Their ledgers are as they were then; both sides are locked.
func (s *Service) ReturnTx(tx *sqldb.Tx, from int64, moved []Moved, by Actor, why, reference string) error {
	now := s.sys.Now()
	for _, m := range moved {
		keep, err := s.lock(tx, now, from)
		if err != nil {
			return err
		}
		theirs, err := s.balances.Lock(tx, []int64{m.From})
		if err != nil {
			return err
		}
		ledgers, err := load(tx, []int64{m.From}, theirs)
		if err != nil {
			return err
		}
		if len(keep) == 0 || len(theirs) == 0 {
			return errNoCustomer
		}
		if err := s.giveBack(tx, now, keep[0], ledgers[0], m, Entry{By: by, Reason: why, Reference: reference, Created: now}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) giveBack(tx *sqldb.Tx, now int64, keep, back *ledger, m Moved, e Entry) error {
	var made []Entry
	if len(m.Entries) > 0 {
		list, args := sqldb.In([]any{keep.customerID}, m.Entries)
		if err := tx.Query(sqldb.Dynamic(`SELECT `+columns+` FROM credit_entries WHERE store_id = $1 AND customer_id = $2 AND id IN `+list+` ORDER BY id`), func(r *sqldb.Row) error {
			made = append(made, Entry{})
			return made[len(made)-1].scan(r)
		}, args...); err != nil {
			return err
		}
	}
	if back.last == 0 {
		back.begin(now)
	}
	// What was moved had left their ledger.
	out := e
	out.Kind, out.Amount = Adjust, -back.balance
	if out.Amount > 0 {
		out.Kind = Credit
	}
	if out.Amount != 0 {
		back.move(out)
	}
	for i := range made {
		of := &made[i]
		if of.RevertedBy != 0 {
			continue
		}
		give := e
		give.Amount = of.Amount
		switch {
		case of.ExpiresAt != 0:
			at := slices.IndexFunc(keep.open, func(o lot) bool { return o.id == of.ID })
			if at < 0 {
				continue // spent, or over
			}
			give.Amount, give.ExpiresAt = keep.open[at].remaining, of.ExpiresAt
		case of.Amount > 0:
			give.Amount = min(of.Amount, max(keep.balance-keep.opened(), 0))
		}
		if give.Amount == 0 {
			continue
		}
		taken := e
		taken.Kind, taken.Amount = Adjust, -give.Amount
		if of.ExpiresAt != 0 {
			taken.spent = keep.takeFrom(of.ID, give.Amount)
			keep.add(taken)
		} else if taken.Amount > 0 {
			keep.move(taken)
		} else {
			keep.add(taken) // of what does not expire
		}
		if give.Kind = Credit; give.Amount < 0 {
			give.Kind = Adjust
		}
		back.move(give)
	}
	for _, l := range []*ledger{keep, back} {
		if err := l.check(true); err != nil {
			return err
		}
	}
	return s.settle(tx, now, keep, back)
}
