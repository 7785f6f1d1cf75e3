package rule

import (
	"slices"

	"clientele/internal/sqldb"
)

// Topic is signalled by transactions that mark customers.
const Topic = "rules"

var (
	insertMarks = sqldb.StaticRows(`INSERT INTO rule_marks (store_id, customer_id, version) VALUES `, 0, 2, 6,
		` ON CONFLICT (store_id, customer_id) DO UPDATE SET version = excluded.version`)
	anyRules    = sqldb.Static(`SELECT rules FROM store_counters WHERE store_id = $1`)
	firstMarks  = sqldb.Static(`SELECT customer_id, version FROM rule_marks WHERE store_id = $1 ORDER BY customer_id LIMIT $2`)
	dropMark    = sqldb.Static(`DELETE FROM rule_marks WHERE store_id = $1 AND customer_id = $2 AND version = $3`)
	markedFirst = sqldb.Global(`SELECT s.id FROM stores s WHERE EXISTS (SELECT 1 FROM rule_marks m WHERE m.store_id = s.id)`)
)

// Mark notes, in the transaction that changes customers or what is theirs, that
// the rules have to look at them again. It comes last, after the store's counters,
// which tell whether there are rules.
func Mark(tx *sqldb.Tx, customers ...int64) error {
	if len(customers) == 0 {
		return nil
	}
	customers = slices.Compact(slices.Sorted(slices.Values(customers)))
	rows := make([]any, 0, 2*len(customers))
	for _, id := range customers {
		if id != 0 {
			rows = append(rows, id, tx.Draw())
		}
	}
	tx.Signal(Topic)
	return insertMarks.Exec(tx, nil, rows)
}

// MarkIf is Mark where the counters were moved without a look at whether there
// are rules.
func MarkIf(tx *sqldb.Tx, customers ...int64) error {
	if len(customers) == 0 {
		return nil
	}
	there, err := Any(tx)
	if err != nil || !there {
		return err
	}
	return Mark(tx, customers...)
}

// Any reports whether the store has rules.
func Any(tx *sqldb.Tx) (there bool, err error) {
	err = tx.Query(anyRules, func(r *sqldb.Row) error { there = r.Flag(0); return nil })
	return there, err
}

// MarkAddressees is Mark for the customers who have one of some email addresses,
// by their keys.
func MarkAddressees(tx *sqldb.Tx, keys ...string) error {
	if len(keys) == 0 {
		return nil
	}
	var ids []int64
	in, args := sqldb.In(nil, keys)
	if err := tx.Query(sqldb.Dynamic(`SELECT customer_id FROM customer_emails WHERE store_id = $1 AND customer_id <> 0 AND email_norm IN `+in), func(r *sqldb.Row) error {
		ids = append(ids, r.Int(0))
		return nil
	}, args...); err != nil {
		return err
	}
	return Mark(tx, ids...)
}

// Marked is a customer who is to be looked at, as of a change.
type Marked struct{ CustomerID, Version int64 }

// Marks returns marked customers, n at most.
func Marks(tx *sqldb.Tx, n int) (out []Marked, err error) {
	err = tx.Query(firstMarks, func(r *sqldb.Row) error { out = append(out, Marked{r.Int(0), r.Int(1)}); return nil }, int64(n))
	return out, err
}

// Standing returns which of marked customers did not change since. It is asked
// under the lock of the store's counters.
func Standing(tx *sqldb.Tx, marks []Marked) (map[int64]bool, error) {
	ids := make([]int64, len(marks))
	versions := make(map[int64]int64, len(marks))
	for i, m := range marks {
		ids[i], versions[m.CustomerID] = m.CustomerID, m.Version
	}
	out := make(map[int64]bool, len(marks))
	in, args := sqldb.In(nil, ids)
	err := tx.Query(sqldb.Dynamic(`SELECT customer_id, version FROM rule_marks WHERE store_id = $1 AND customer_id IN `+in), func(r *sqldb.Row) error {
		if versions[r.Int(0)] == r.Int(1) {
			out[r.Int(0)] = true
		}
		return nil
	}, args...)
	return out, err
}

// Unmark takes marks away, but those of customers who changed since. It comes
// last in its transaction.
func Unmark(tx *sqldb.Tx, marks []Marked) error {
	for _, m := range marks {
		if err := tx.Exec(dropMark, m.CustomerID, m.Version); err != nil {
			return err
		}
	}
	return nil
}

// StoresQuery returns the query for the stores that have marked customers.
func StoresQuery(each func(storeID int64)) sqldb.Q {
	return sqldb.Q{Stmt: markedFirst, Each: func(r *sqldb.Row) error { each(r.Int(0)); return nil }}
}
