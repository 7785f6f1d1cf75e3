// Package tax holds what a tax provider is to know about customers: named
// properties, which the store itself gives no meaning.
package tax

import (
	"context"
	"fmt"
	"slices"
	"unicode/utf8"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/system"
)

// Bounds, lengths in characters.
const (
	MaxBatch      = 250
	maxCode       = 255
	maxValue      = 255
	maxProperties = 100 // of one customer in one request
)

// Property is one thing a tax provider knows by its code.
type Property struct{ Code, Value string }

// Customer is a customer's tax data; properties are ordered by code.
type Customer struct {
	ID         int64
	Properties []Property
}

// List declares the list of customers with tax data; it has no pages.
var List = &listing.Spec{
	Table:   "tax_properties",
	Fields:  []listing.Field{{Name: "customer_id", Kind: listing.Int, Ops: []listing.Op{listing.In}, Column: "customer_id"}},
	Unpaged: true,
}

// DeleteList declares what customers' tax data may be selected by for deletion.
var DeleteList = &listing.Spec{Table: List.Table, Fields: List.Fields, Unpaged: true, Deletes: true}

var (
	selectAll = sqldb.Static(`SELECT customer_id, code, value FROM tax_properties WHERE store_id = $1 ORDER BY customer_id, code`)
	upsert    = sqldb.Static(`INSERT INTO tax_properties (store_id, customer_id, code, value) VALUES ($1, $2, $3, $4)
		ON CONFLICT (store_id, customer_id, code) DO UPDATE SET value = excluded.value`)
	remove = sqldb.Static(`DELETE FROM tax_properties WHERE store_id = $1 AND customer_id = $2`)
)

// Service keeps tax data.
type Service struct {
	db  *sqldb.DB
	sys *system.System
}

// NewService returns a Service over db.
func NewService(db *sqldb.DB, sys *system.System) *Service { return &Service{db: db, sys: sys} }

func read(tx *sqldb.Tx, stmt *sqldb.Stmt, args ...any) ([]Customer, error) {
	var out []Customer
	err := tx.Query(stmt, func(r *sqldb.Row) error {
		if id := r.Int(0); len(out) == 0 || out[len(out)-1].ID != id {
			out = append(out, Customer{ID: id})
		}
		last := &out[len(out)-1]
		last.Properties = append(last.Properties, Property{r.Text(1), r.Text(2)})
		return nil
	}, args...)
	return out, err
}

func readSome(tx *sqldb.Tx, ids []int64) ([]Customer, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, args := sqldb.In(nil, ids)
	return read(tx, sqldb.Dynamic(`SELECT customer_id, code, value FROM tax_properties WHERE store_id = $1 AND customer_id IN `+list+` ORDER BY customer_id, code`), args...)
}

// Customers returns the tax data of the customers that q selects, or of all.
func (s *Service) Customers(ctx context.Context, storeID int64, q *listing.Query) (out []Customer, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		if len(q.Filters) == 0 {
			out, err = read(tx, selectAll)
		} else {
			out, err = readSome(tx, q.Filters[0].Ints)
		}
		return err
	})
	return out, err
}

// Put adds properties to what customers have, all or none, and returns all
// they have then, in the order asked.
func (s *Service) Put(ctx context.Context, storeID int64, in []Customer) ([]Customer, error) {
	var out []Customer
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out, err = PutTx(tx, in, s.sys.Now())
		return err
	})
	return out, err
}

func (t *Customer) check(c *fault.Collector) {
	if len(t.Properties) > maxProperties {
		c.Because(FieldProperties, fault.TooManyItems, WhyMany, fmt.Sprint(maxProperties))
	}
	for _, p := range t.Properties {
		if n := utf8.RuneCountInString(p.Code); n == 0 || n > maxCode {
			c.Because(FieldProperties, fault.TooLong, WhyCode, fmt.Sprint(maxCode))
		}
		if utf8.RuneCountInString(p.Value) > maxValue {
			c.AddItem(fault.Item{Field: FieldProperties, Key: p.Code, Code: fault.TooLong, Why: WhyValue, Want: fmt.Sprint(maxValue)})
		}
		if slices.Contains([]byte(p.Code+p.Value), 0) {
			c.Because(FieldProperties, fault.BadFormat, WhyNUL, "")
		}
	}
}

// PutTx is Put inside a transaction.
func PutTx(tx *sqldb.Tx, in []Customer, now int64) ([]Customer, error) {
	var b fault.Batch
	b.Each(len(in), func(i int, c *fault.Collector) {
		in[i].check(c)
		if slices.ContainsFunc(in[:i], func(o Customer) bool { return o.ID == in[i].ID }) {
			c.Because(FieldCustomer, fault.Duplicate, WhyTwice, "")
		}
	})
	if err := b.Err(fault.Invalid); err != nil {
		return nil, err
	}
	ids := make([]int64, len(in))
	for i := range in {
		ids[i] = in[i].ID
	}
	found, err := customer.Hold(tx, ids...)
	if err != nil {
		return nil, err
	}
	b.Each(len(in), func(i int, c *fault.Collector) {
		if !found[in[i].ID] {
			c.Because(FieldCustomer, fault.Unknown, WhyNoCustomer, "")
		}
	})
	if err := b.Err(fault.Invalid); err != nil {
		return nil, err
	}
	// Under the counters' lock nobody else changes them.
	if _, err := (store.Advance{}).Run(tx); err != nil {
		return nil, err
	}
	before, err := readSome(tx, ids)
	if err != nil {
		return nil, err
	}
	for i := range in {
		for _, p := range in[i].Properties {
			if err := tx.Exec(upsert, in[i].ID, p.Code, p.Value); err != nil {
				return nil, err
			}
		}
	}
	have, err := readSome(tx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]Customer, len(in))
	for i := range in {
		out[i].ID = in[i].ID
		if j := slices.IndexFunc(have, func(c Customer) bool { return c.ID == in[i].ID }); j >= 0 {
			out[i] = have[j]
		}
	}
	return out, history.Enter(tx, now, changes(before, out)...)
}

// Delete removes the tax data of the customers that q selects. Without a
// condition it removes none.
func (s *Service) Delete(ctx context.Context, storeID int64, q *listing.Query) error {
	if len(q.Filters) == 0 {
		return nil
	}
	ids := slices.Clone(q.Filters[0].Ints)
	slices.Sort(ids)
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		if _, err := (store.Advance{}).Run(tx); err != nil {
			return err
		}
		have, err := readSome(tx, ids)
		if err != nil {
			return err
		}
		entries := make([]history.Entry, len(have))
		for i := range have {
			entries[i] = taxHistory.Change(history.TaxProperty, 0, have[i].ID, &have[i], nil)
		}
		if err := history.Enter(tx, s.sys.Now(), entries...); err != nil {
			return err
		}
		for _, id := range ids {
			if err := tx.Exec(remove, id); err != nil {
				return err
			}
		}
		return nil
	})
}
