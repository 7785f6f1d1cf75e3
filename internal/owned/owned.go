// Package owned is how packages tell what of their tables belongs to customers, and
// what becomes of it when customers become one. A package declares a Part for each
// of its tables whose rows a customer has; package merge puts the parts together.
package owned

import (
	"strconv"
	"strings"

	"clientele/internal/event"
	"clientele/internal/history"
	"clientele/internal/portable"
	"clientele/internal/sqldb"
)

// Becoming is what becomes of rows whose customer goes.
type Becoming uint8

// What becomes of them.
const (
	// Moves: the customer who stays has them from then on, but for those that are
	// the same as one of the customer's own.
	Moves Becoming = iota
	// Joins: the customer who stays has one that comes of all.
	Joins
	// Goes: they end with their customer.
	Goes
)

// Part is what a table holds of customers.
type Part struct {
	// Title is what people call its rows.
	Title string
	Rows  *portable.Part
	// Owner is the column of the owner; empty: customer_id.
	Owner string
	// Through is the table whose rows are the owners, by their ids, where that are
	// not customers. Such rows go where their owner goes.
	Through string
	Becomes Becoming
	// Same tells rows that a customer has once: two with one text are the same. Nil:
	// none are.
	Same func(r portable.Record) string
	// Choice is the number by which somebody chooses whose row stays where several
	// are the same; nil: nobody can.
	Choice func(r portable.Record) int64
	// Join returns the one row, but for its owner, that comes of several. The first
	// is that of the customer who stays, if there is one.
	Join func(rows []portable.Record) portable.Record
	// Single is a flag that one of a customer's rows has at most; empty: there is none.
	Single string
	// Fits leaves out rows that another owner must not get.
	Fits func(tx *sqldb.Tx, rows []portable.Record) ([]portable.Record, error)
	// Refers has functions that tell, by the columns that name them, which rows of
	// other tables there are.
	Refers map[string]func(tx *sqldb.Tx, ids []int64) (map[int64]bool, error)
	// Resource and ID name the record in the history. Without ID it is the owner's.
	Resource history.Resource
	ID       string
	// Changed and Made are the events of a row that has another owner, and of one
	// that came back; nil: nobody is told.
	Changed, Made func(r portable.Record, customerID int64) event.Event
	// Counted keeps the totals when rows are made here, or deleted by themselves; nil:
	// there are none. The store's counters are locked.
	Counted func(tx *sqldb.Tx, rows []portable.Record, by int64) error
	// SecretKey tells that the key of a row is told to nobody.
	SecretKey bool
	// Passing tells that rows change by themselves while nobody changes the customer.
	Passing bool
}

// Table is the name of the table.
func (p *Part) Table() string { return p.Rows.Table }

// OwnerColumn is the column of the owner.
func (p *Part) OwnerColumn() string {
	if p.Owner == "" {
		return "customer_id"
	}
	return p.Owner
}

// Keyed reports whether the owner is of a row's key: a row of another owner is then
// another row.
func (p *Part) Keyed() bool {
	for _, name := range p.Rows.Key() {
		if name == p.OwnerColumn() {
			return true
		}
	}
	return false
}

// OwnerOf returns whose a row is.
func (p *Part) OwnerOf(r portable.Record) int64 { return r.Int(p.OwnerColumn()) }

// By returns a Part.Same for rows of which a customer has one for each value of some
// columns of text.
func By(columns ...string) func(portable.Record) string {
	return func(r portable.Record) string {
		out := make([]string, len(columns))
		for i, name := range columns {
			out[i] = r.Text(name)
		}
		return strings.Join(out, "\x00")
	}
}

// ByNumber is By of a column of numbers.
func ByNumber(column string) func(portable.Record) string {
	return func(r portable.Record) string { return strconv.FormatInt(r.Int(column), 10) }
}

// One is a Part.Same for a table in which a customer has one row.
func One(portable.Record) string { return "" }

// Number returns a Part.Choice.
func Number(column string) func(portable.Record) int64 {
	return func(r portable.Record) int64 { return r.Int(column) }
}

// There returns a function for Part.Refers over a query that ends in "IN ".
func There(query string) func(tx *sqldb.Tx, ids []int64) (map[int64]bool, error) {
	return func(tx *sqldb.Tx, ids []int64) (map[int64]bool, error) {
		out := make(map[int64]bool, len(ids))
		if len(ids) == 0 {
			return out, nil
		}
		return out, tx.Pipeline(sqldb.Among(query, ids, ``, out))
	}
}
