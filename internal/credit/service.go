package credit

import (
	"context"
	"slices"
	"time"

	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/jobs"
	"clientele/internal/listing"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/system"
)

// Balance is a customer's balance.
type Balance struct{ CustomerID, Amount int64 }

// Balances are where customers' balances are kept.
type Balances interface {
	// Lock locks customers until the end of tx and returns the balances of those
	// that there are.
	Lock(tx *sqldb.Tx, ids []int64) (map[int64]int64, error)
	// Set gives locked customers other balances and tells of it. It locks the
	// store's counters.
	Set(tx *sqldb.Tx, now int64, balances []Balance) error
	// After returns balances that are not 0, in their order and by the customers'
	// ids, from behind one on.
	After(tx *sqldb.Tx, last Balance, most int) ([]Balance, error)
	// Exists reports whether there is such a customer.
	Exists(tx *sqldb.Tx, id int64) (bool, error)
}

// Service runs the use cases.
type Service struct {
	db       *sqldb.DB
	sys      *system.System
	stores   *store.Service
	balances Balances
}

// NewService returns a Service over db.
func NewService(db *sqldb.DB, sys *system.System, stores *store.Service, balances Balances) *Service {
	return &Service{db: db, sys: sys, stores: stores, balances: balances}
}

var errNoCustomer = fault.New(fault.NotFound, "there is no such customer")

// Write makes an entry, and those of what has expired before it.
func (s *Service) Write(ctx context.Context, storeID int64, in Write) (Entry, error) {
	col := fault.Collector{}
	in.check(&col, s.sys.Now())
	if err := col.Err(fault.Invalid); err != nil {
		return Entry{}, err
	}
	settings, err := s.stores.Settings(ctx, storeID)
	if err != nil {
		return Entry{}, err
	}
	var out Entry
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		now := s.sys.Now()
		ledgers, err := s.lock(tx, now, in.CustomerID)
		if err != nil {
			return err
		}
		if len(ledgers) == 0 {
			return errNoCustomer
		}
		l := ledgers[0]
		if e := in.entry(now); in.Kind == Revert {
			err = s.revert(tx, l, in.EntryID, e)
		} else {
			l.move(e)
		}
		if err != nil {
			return err
		}
		if err := l.check(settings.NegativeCredit); err != nil {
			return err
		}
		out = l.made[len(l.made)-1]
		if err := history.Enter(tx, now, l.written(tx, &out)); err != nil {
			return err
		}
		return s.settle(tx, now, l)
	})
	return out, err
}

// entry is what a command enters.
func (w *Write) entry(now int64) Entry {
	e := Entry{Kind: w.Kind, Amount: w.Amount, ExpiresAt: w.ExpiresAt, Reason: w.Reason, Reference: w.Reference, By: w.By, Created: now}
	if w.Kind == Debit {
		e.Amount = -e.Amount
	}
	return e
}

// revert looks up what is reverted, and has the ledger do it.
func (s *Service) revert(tx *sqldb.Tx, l *ledger, id int64, e Entry) error {
	var of Entry
	if err := tx.Query(selectEntry, of.scan, l.customerID, id); err != nil {
		return err
	}
	// What this transaction made before is not there yet.
	if i := slices.IndexFunc(l.made, func(m Entry) bool { return m.ID == id }); i >= 0 {
		of = l.made[i]
	}
	wrong := func(why fault.Reason, code fault.Code) error {
		return fault.Broken(fault.Conflict, fault.Item{Field: FieldEntry, Code: code, Why: why})
	}
	switch {
	case of.ID == 0:
		return wrong(WhyNoEntry, fault.Unknown)
	case of.RevertedBy != 0:
		return wrong(WhyReverted, fault.Taken)
	case of.Kind == Revert:
		return wrong(WhyNoRevert, fault.NotAccepted)
	}
	var lots []lot
	if len(of.spent) > 0 {
		ids := make([]int64, len(of.spent))
		for i, s := range of.spent {
			ids[i] = s.id
		}
		list, args := sqldb.In([]any{l.customerID, e.Created}, ids)
		if err := tx.Query(sqldb.Dynamic(`SELECT id, expires_at FROM credit_entries WHERE store_id = $1 AND customer_id = $2 AND expires_at > $3 AND reverted_by = 0 AND id IN `+list), func(r *sqldb.Row) error {
			lots = append(lots, lot{id: r.Int(0), expires: r.Int(1)})
			return nil
		}, args...); err != nil {
			return err
		}
	}
	l.revert(&of, lots, e)
	return nil
}

// lock locks customers, those that there are, and returns their ledgers as they
// are by now.
func (s *Service) lock(tx *sqldb.Tx, now int64, ids ...int64) ([]*ledger, error) {
	balances, err := s.balances.Lock(tx, ids)
	if err != nil {
		return nil, err
	}
	ids = slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { _, ok := balances[id]; return !ok })
	ledgers, err := load(tx, ids, balances)
	for _, l := range ledgers {
		l.begin(now)
	}
	return ledgers, err
}

// settle stores ledgers and the balances that came of them.
func (s *Service) settle(tx *sqldb.Tx, now int64, ledgers ...*ledger) error {
	var moved []Balance
	for _, l := range ledgers {
		if l.balance != l.had {
			moved = append(moved, Balance{l.customerID, l.balance})
		}
	}
	if len(moved) > 0 {
		if err := s.balances.Set(tx, now, moved); err != nil {
			return err
		}
	}
	return save(tx, now, ledgers...)
}

// List returns a page of a customer's ledger.
func (s *Service) List(ctx context.Context, storeID, customerID int64, q *listing.Query) (out []Entry, res *listing.Result, err error) {
	q.Where(customerField, listing.In, []int64{customerID}, nil)
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		if out, res, err = listing.Rows(tx, q, columns, (*Entry).scan); err != nil || len(out) > 0 {
			return err
		}
		found, err := s.balances.Exists(tx, customerID)
		if err == nil && !found {
			err = errNoCustomer
		}
		return err
	})
	return out, res, err
}

const (
	// bite is how many credits one transaction has expire, and of how many
	// customers one opens the ledgers.
	bite = 200
	// look is how often credits are looked for that are due.
	look = 10 * time.Second
	// openingJob opens the ledgers of customers from before there were ledgers.
	openingJob = "credit_opening"
)

// Register has r do what is due by itself.
func (s *Service) Register(r *jobs.Runner) {
	r.Every("credit that expires", look, s.ExpireDue)
	r.Register(jobs.Kind{Name: openingJob, Handler: s.open, Limit: 2, Schedule: []time.Duration{
		5 * time.Second, time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour,
	}})
}

// ExpireDue has all credits expire that are due, in all stores.
func (s *Service) ExpireDue(ctx context.Context) error {
	var stores []int64
	if err := s.db.Read(ctx, 0, func(tx *sqldb.Tx) error {
		stores = stores[:0]
		return tx.Query(storesDue, func(r *sqldb.Row) error { stores = append(stores, r.Int(0)); return nil }, s.sys.Now())
	}); err != nil {
		return err
	}
	for _, id := range stores {
		for {
			if more, err := s.expireSome(ctx, id); err != nil {
				return err
			} else if !more {
				break
			}
		}
	}
	return nil
}

// expireSome has some of a store's credits expire and reports whether there may
// be more.
func (s *Service) expireSome(ctx context.Context, storeID int64) (more bool, err error) {
	now := s.sys.Now()
	var due []int64
	if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		due = due[:0]
		return tx.Query(selectDue, func(r *sqldb.Row) error { due = append(due, r.Int(0)); return nil }, now, int64(bite))
	}); err != nil || len(due) == 0 {
		return false, err
	}
	more = len(due) == bite
	slices.Sort(due)
	due = slices.Compact(due)
	return more, s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		ledgers, err := s.lock(tx, now, due...)
		if err != nil {
			return err
		}
		// Another process may have come before.
		ledgers = slices.DeleteFunc(ledgers, func(l *ledger) bool { return len(l.made) == 0 })
		if len(ledgers) == 0 {
			return nil
		}
		if err := history.Enter(tx, now, expired(ledgers)); err != nil {
			return err
		}
		return s.settle(tx, now, ledgers...)
	})
}

// open is the handler of openingJob: it opens some ledgers, and asks for the
// next ones in the same transaction. A balance that changes meanwhile has its
// ledger opened by what changes it, so none is passed over.
func (s *Service) open(ctx context.Context, j jobs.Job) error {
	var last Balance
	if err := j.Decode(&last); err != nil {
		return err
	}
	var next []Balance
	if err := s.db.Read(ctx, j.StoreID, func(tx *sqldb.Tx) (err error) {
		next, err = s.balances.After(tx, last, bite)
		return err
	}); err != nil || len(next) == 0 {
		return err
	}
	ids := make([]int64, len(next))
	for i, b := range next {
		ids[i] = b.CustomerID
	}
	slices.Sort(ids)
	return s.db.Write(ctx, j.StoreID, func(tx *sqldb.Tx) error {
		now := s.sys.Now()
		ledgers, err := s.lock(tx, now, ids...)
		if err != nil {
			return err
		}
		if err := s.settle(tx, now, ledgers...); err != nil {
			return err
		}
		if err := jobs.Finish(tx, j); err != nil {
			return err
		}
		return jobs.Enqueue(tx, now, openingJob, next[len(next)-1], now)
	})
}
