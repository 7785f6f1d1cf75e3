// Package personal is how packages tell what their tables hold of a person.
// A package declares a Part for each of its tables that hold something: which
// rows are a person's, how they are shown, and how they are erased. Package
// person puts the parts together. What is exported, what a preview counts and
// what is erased are the same rows, as one function selects them.
package personal

import (
	"slices"

	"clientele/internal/email"
	"clientele/internal/sqldb"
)

// Who is a person in a store.
type Who struct {
	// Email is the address that the person is known by; empty: only the ids count.
	Email string
	// Hash stands for the address where it was erased; empty: nothing was.
	Hash string
	// Customers are who have the address on any channel, and those who had it when
	// they were deleted. Subscribers are those of newsletters, as Customers.
	Customers, Subscribers []int64
	// Former are customers of whom something says that they had the address.
	Former []int64
}

// Is reports whether a text is the person's address.
func (w *Who) Is(address string) bool {
	return w.Email != "" && address != "" && email.Same(w.Email, address)
}

// HasCustomer reports whether a customer is the person.
func (w *Who) HasCustomer(id int64) bool { return id != 0 && slices.Contains(w.Customers, id) }

// HasSubscriber reports whether a subscriber is the person.
func (w *Who) HasSubscriber(id int64) bool { return id != 0 && slices.Contains(w.Subscribers, id) }

// AddCustomer adds a customer.
func (w *Who) AddCustomer(id int64) {
	if id != 0 && !slices.Contains(w.Customers, id) {
		w.Customers = append(w.Customers, id)
	}
}

// AddFormer adds a customer of whom something says that they had the address.
func (w *Who) AddFormer(id int64) {
	if !slices.Contains(w.Former, id) {
		w.Former = append(w.Former, id)
	}
}

// AddSubscriber adds a subscriber.
func (w *Who) AddSubscriber(id int64) {
	if id != 0 && !slices.Contains(w.Subscribers, id) {
		w.Subscribers = append(w.Subscribers, id)
	}
}

// Nobody reports whether the store knows nobody of the address.
func (w *Who) Nobody() bool { return len(w.Customers) == 0 && len(w.Subscribers) == 0 }

// Part is what a table holds of a person.
type Part struct {
	// Table is its name, Title what people call its rows.
	Table, Title string
	// Find adds to Who what a piece of the table tells of whose the address is or
	// was. Nil: the table tells nothing of that.
	Find func(tx *sqldb.Tx, w *Who, at Place) (Place, error)
	// Read returns a piece of the rows, and where to go on.
	Read func(tx *sqldb.Tx, w *Who, at Place) ([]Row, Place, error)
	// Drop erases rows that Read returned, and tells how many. One that is gone, or
	// is not the person's any more, is passed over. Nil: they go with their customer,
	// unless they stay.
	Drop func(tx *sqldb.Tx, e *Erasure, rows []Row) (int64, error)
	// Along tells that rows of customers go with them although there is Drop.
	Along bool
	// Scrubs tells that Drop leaves the rows, without what is personal in them.
	Scrubs bool
	// Stays says why rows are not erased.
	Stays string
	// Columns are those that Read tells of the table, Hidden those that it does not,
	// with the reason.
	Columns []string
	Hidden  map[string]string
}

// Erasure is what Drop has to know.
type Erasure struct {
	Who *Who
	// Mark takes the place of the address in what stays.
	Mark string
	Now  int64
	// Before is called with a customer who is about to be deleted, in the same
	// transaction: it counts what goes along.
	Before func(tx *sqldb.Tx, customerID int64) error
}

// Place is where reading goes on.
type Place struct {
	Of  int      `json:"of,omitempty"`  // which of the person's ids, or which way of finding rows
	Key []string `json:"key,omitempty"` // of the last row
	End bool     `json:"end,omitempty"` // there are no more
}

// Int returns the number in a part of the key, 0 without one.
func (p Place) Int(i int) int64 {
	if i >= len(p.Key) {
		return 0
	}
	return number(p.Key[i])
}

// Text returns a part of the key, empty without one.
func (p Place) Text(i int) string {
	if i >= len(p.Key) {
		return ""
	}
	return p.Key[i]
}

// Row is a row of a person.
type Row struct {
	// Key is that of the row in its table.
	Key    []string
	Fields []Field
}

// Int returns the number in a part of the key.
func (r *Row) Int(i int) int64 { return number(r.Key[i]) }

// Field is a value as JSON text, by its name.
type Field struct{ Name, JSON string }

// Hasher makes keyed hashes: storekey.Keys.
type Hasher interface {
	Hash(purpose string, parts ...string) string
}

// HashOf returns the hash that stands for an address, however it is written. Only
// who has the store's key can tell whose it is, by trying.
func HashOf(h Hasher, address string) string { return h.Hash("person", email.Key(address)) }

// Mark returns what takes the place of an address that was erased.
func Mark(hash string) string { return "erased:" + hash }
