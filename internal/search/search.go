// Package search finds customers by words: names, companies and cities also
// where they are misspelled, emails, phones, postal codes and ids.
//
// What a customer is found by are terms. A transaction that changes a customer
// writes a row of search_recent (Note), so what is committed is found at once.
// A job (Fold) puts many customers at a time into lists of ids by term, which
// are small to keep and quick to read. A search reads the lists, and beside them
// the recent rows; what it found it compares with the customers as they are, so
// that a list is never believed.
//
// The words of names are terms of their own, by which Names finds whose name holds
// a text, exactly.
//
// The package knows terms and ids. Whose they are tells a Source.
package search

import (
	"context"

	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// Source is where customers are.
type Source interface {
	// Documents calls each for those of some customers that there are.
	Documents(tx *sqldb.Tx, ids []int64, each func(*Document)) error
	// After returns the customers after an id, in order, n at most. No writer of
	// customers comes between that and the end of the transaction.
	After(tx *sqldb.Tx, id int64, n int) ([]*Document, error)
	// EmailQuery returns the query for the customers whose address is a text or,
	// if asked for, begins with it, n at most.
	EmailQuery(text string, prefix bool, n int, each func(id int64)) sqldb.Q
	// RangeQuery returns the query for the ids of customers between two, n at
	// most.
	RangeQuery(from, to int64, n int, each func(id int64)) sqldb.Q
}

// Index is by what the customers of stores are found.
type Index struct {
	db     *sqldb.DB
	sys    *system.System
	source Source

	// Many is how many ids the rarest word's lists have where the newest are enough
	// for who still types.
	Many int64
}

// NewIndex returns an Index over the customers of a Source.
func NewIndex(db *sqldb.DB, sys *system.System, source Source) *Index {
	return &Index{db: db, sys: sys, source: source, Many: 4000}
}

// batches is for how many sizes of inserts there are statements: 1 to 32 rows.
const batches = 6

// Change is what becomes of a customer. Was is nil for one that is made, Now for
// one that goes.
type Change struct {
	ID       int64
	Was, Now *Document
}

var insertRecent = sqldb.StaticRows(`INSERT INTO search_recent (store_id, customer_id, was, words) VALUES `, 0, 3, batches,
	` ON CONFLICT (store_id, customer_id) DO UPDATE SET words = excluded.words`)

// Note notes changes in the transaction that makes them, once the store's
// counters are locked.
func Note(tx *sqldb.Tx, changes ...Change) error {
	rows := make([]any, 0, 3*len(changes))
	for _, c := range changes {
		was, now := c.Was.terms(), c.Now.terms()
		if was != now {
			rows = append(rows, c.ID, was, now)
		}
	}
	return insertRecent.Exec(tx, nil, rows)
}

var (
	ensureStore = sqldb.Static(`INSERT INTO search_stores (store_id, buckets, words, filled_to, named_before) VALUES ($1, 1, 0, -1, 0) ON CONFLICT (store_id) DO NOTHING`)
	selectStore = sqldb.Static(`SELECT buckets, words, filled_to, named_before FROM search_stores WHERE store_id = $1`)
	updateStore = sqldb.Static(`UPDATE search_stores SET buckets = $2, words = $3 WHERE store_id = $1`)
	moveFilled  = sqldb.Static(`UPDATE search_stores SET named_before = $2, filled_to = $3 WHERE store_id = $1`)
)

// state is the row of a store.
type state struct {
	buckets, words int64
	// filled and named are up to which id customers, and their names, were put into
	// the lists; -1: all.
	filled, named int64
}

func (s *state) query(stmt *sqldb.Stmt) sqldb.Q {
	*s = state{1, 0, -1, -1}
	return sqldb.Q{Stmt: stmt, Each: func(r *sqldb.Row) error { *s = state{r.Int(0), r.Int(1), r.Int(2), r.Int(3) - 1}; return nil }}
}

// fillBite is how many older customers one transaction takes.
const fillBite = 500

// Fill has the next older customers found, and tells that there are no more.
func (x *Index) Fill(ctx context.Context, storeID int64) (done bool, err error) {
	err = x.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		var s state
		if err := tx.Pipeline(s.query(sqldb.Dynamic(selectStore.SQL() + tx.ForUpdate()))); err != nil {
			return err
		}
		if done = s.named < 0; done {
			return nil
		}
		docs, err := x.source.After(tx, s.named, fillBite)
		if err != nil {
			return err
		}
		if len(docs) == 0 {
			done = true
			return tx.Exec(moveFilled, int64(0), int64(-1))
		}
		rows := make([]any, 0, 3*len(docs))
		for _, d := range docs {
			rows = append(rows, d.ID, "", d.terms())
		}
		if err := insertOlder.Exec(tx, nil, rows); err != nil {
			return err
		}
		last := docs[len(docs)-1].ID
		if s.filled >= 0 { // else all but their names were found before
			s.filled = max(s.filled, last)
		}
		return tx.Exec(moveFilled, last+1, s.filled)
	})
	return done, err
}

// Of one that changed already the row says the same, or was written before names
// had words.
var insertOlder = sqldb.StaticRows(`INSERT INTO search_recent (store_id, customer_id, was, words) VALUES `, 0, 3, batches,
	` ON CONFLICT (store_id, customer_id) DO UPDATE SET words = excluded.words`)
