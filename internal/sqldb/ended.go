package sqldb

import (
	"context"
	"slices"
	"time"

	"clientele/internal/system"
)

// Ended are rows of a table that nobody needs any more some time after a date
// of theirs, or what is in them. They are taken away beside the requests, which do
// not meet them. Of tables that are the installation's the statements are Global:
// theirs are the parameters from $1 on.
type Ended struct {
	// Keys selects the keys, of one column or more, of rows whose date is
	// before $2, the oldest first, $3 at most.
	Keys    *Stmt
	Columns int  // 0: one
	Number  bool // they are numbers, else texts
	// Drop deletes the row with a key, $2 and on, if its date is still before
	// what follows, or else changes it so that Keys does not select it any more.
	Drop *Stmt
	// Keep is how long after its date a row stays.
	Keep time.Duration
	// Erases tells that what goes must not stay in the file: Erased is signalled.
	Erases bool
}

const (
	// endedBite bounds how many rows of a store one transaction takes away.
	endedBite = 200
	// restTimes is how many times as long as a bite took InBites waits before the
	// next, so that whoever waits for an answer hardly notices.
	restTimes = 9
)

var allStores = Global(`SELECT id FROM stores ORDER BY id`)

// EachStore calls fn for one store after the other, outside of a transaction.
func (db *DB) EachStore(ctx context.Context, fn func(store int64) error) error {
	var stores []int64
	if err := db.Read(ctx, 0, func(tx *Tx) error {
		stores = stores[:0]
		return tx.Query(allStores, func(r *Row) error { stores = append(stores, r.Int(0)); return nil })
	}); err != nil {
		return err
	}
	for _, id := range stores {
		if err := fn(id); err != nil {
			return err
		}
	}
	return nil
}

// InBites calls bite for each store until there is no more to be done for it. It
// works a tenth of the time.
func (db *DB) InBites(ctx context.Context, bite func(store int64) (more bool, err error)) error {
	return db.EachStore(ctx, func(store int64) error { return db.inBites(ctx, func() (bool, error) { return bite(store) }) })
}

func (db *DB) inBites(ctx context.Context, bite func() (more bool, err error)) error {
	for {
		began := db.sys.Elapsed()
		if more, err := bite(); err != nil || !more {
			return err
		}
		if err := system.Pause(ctx, restTimes*(db.sys.Elapsed()-began)); err != nil {
			return err
		}
	}
}

// DropEnded takes away what has ended by now, in all stores and in small
// transactions.
func (db *DB) DropEnded(ctx context.Context, now int64, of []Ended) error {
	// First what is of no store, such as guesses at the staff's passwords.
	if err := db.inBites(ctx, func() (bool, error) { return db.dropSome(ctx, installation, now, of) }); err != nil {
		return err
	}
	of = slices.DeleteFunc(slices.Clone(of), func(e Ended) bool { return e.Keys.IsGlobal() })
	return db.InBites(ctx, func(store int64) (bool, error) { return db.dropSome(ctx, store, now, of) })
}

// dropSome takes one bite of a store and reports whether there is more.
func (db *DB) dropSome(ctx context.Context, store, now int64, of []Ended) (more bool, err error) {
	rows := make([][][]any, len(of)) // the arguments of Drop
	total := 0
	if err := db.Read(ctx, store, func(tx *Tx) error {
		total, more = 0, false
		qs := make([]Q, len(of))
		for i, e := range of {
			rows[i] = rows[i][:0]
			qs[i] = Q{Stmt: e.Keys, Args: []any{e.before(now), int64(endedBite)}, Each: func(r *Row) error {
				var key []any
				for c := range max(e.Columns, 1) {
					if e.Number {
						key = append(key, r.Int(c))
					} else {
						key = append(key, r.Text(c))
					}
				}
				rows[i] = append(rows[i], append(key, e.before(now)))
				total++
				more = more || len(rows[i]) == endedBite
				return nil
			}}
		}
		return tx.Pipeline(qs...)
	}); err != nil || total == 0 {
		return false, err
	}
	return more, db.Write(ctx, store, func(tx *Tx) error {
		for i, e := range of {
			if e.Erases && len(rows[i]) > 0 {
				tx.Signal(Erased)
			}
			for _, key := range rows[i] {
				if err := tx.Exec(e.Drop, key...); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (e *Ended) before(now int64) int64 { return now - int64(e.Keep/time.Second) }
