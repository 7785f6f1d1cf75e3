package customer

import "clientele/internal/sqldb"

// Hold returns which of the ids are customers. They are locked until the end
// of tx: they cannot go, and what they have is counted by one transaction
// after the other.
func Hold(tx *sqldb.Tx, ids ...int64) (map[int64]bool, error) {
	found := make(map[int64]bool, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	err := tx.Pipeline(HoldQuery(tx, ids, found))
	return found, err
}

// HoldQuery is the query of Hold, of one id at least, to be run in a pipeline.
func HoldQuery(tx *sqldb.Tx, ids []int64, found map[int64]bool) sqldb.Q {
	return sqldb.Among(`SELECT id FROM customers WHERE store_id = $1 AND id IN `, ids, ` ORDER BY id`+tx.ForUpdate(), found)
}

// HoldOne is Hold for one customer. It returns ErrNoCustomer if there is none.
func HoldOne(tx *sqldb.Tx, id int64) error {
	found, err := Hold(tx, id)
	if err == nil && !found[id] {
		err = ErrNoCustomer
	}
	return err
}

// ExistsQuery returns the query for whether a customer exists, without a lock,
// to be run in a pipeline.
func ExistsQuery(id int64, found *bool) sqldb.Q {
	*found = false
	return sqldb.Q{Stmt: customerExists, Args: []any{id}, Each: func(*sqldb.Row) error { *found = true; return nil }}
}

// Exists reports whether a customer exists, without a lock.
func Exists(tx *sqldb.Tx, id int64) (found bool, err error) {
	err = tx.Pipeline(ExistsQuery(id, &found))
	return found, err
}
