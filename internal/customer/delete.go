package customer

import (
	"context"

	"clientele/internal/event"
	"clientele/internal/form"
	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/segment"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/total"
)

// Delete removes the customers that q selects, with all that is theirs, and
// returns how many there were. Without a condition it removes nobody.
func (s *Service) Delete(ctx context.Context, storeID int64, q *listing.Query) (int, error) {
	n := 0
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		n = 0
		ids, err := q.IDs(tx)
		if err != nil || len(ids) == 0 {
			return err
		}
		n = len(ids)
		return s.deleteCustomers(tx, ids, s.sys.Now(), nil)
	})
	return n, err
}

// Leaving returns the query of what goes with customers who are deleted. It adds
// the events that tell of it, which name the customer.
type Leaving func(tx *sqldb.Tx, customers []int64, add func(event.Event)) sqldb.Q

// LeaveWith sets a Leaving of another package. It must be called before s is
// used: the service that keeps something of customers calls it when it is made.
func (s *Service) LeaveWith(l Leaving) { s.leaving = append(s.leaving, l) }

// deleteCustomers deletes customers that the caller has locked. instead is what
// the history tells in place of an entry for each record, where it is not nil.
func (s *Service) deleteCustomers(tx *sqldb.Tx, ids []int64, now int64, instead []history.Entry) error {
	// Their addresses and profiles leave the lists; locked, so that nobody else
	// takes them out as well.
	var addressIDs, profileIDs []int64
	var gone []Customer
	var book []Address
	left := leftBehind{filled: map[int64][]storedValue{}, inBook: map[int64][]storedValue{}, noted: map[int64][]AttributeValue{}}
	var unhashed []rehash
	theirs := map[int64][]event.Event{} // that what they have goes with them
	fields := map[string]int64{}        // metafields, by who may read them
	along := func(e event.Event) { theirs[e.CustomerID] = append(theirs[e.CustomerID], e) }
	in, args := sqldb.In(nil, ids)
	qs := []sqldb.Q{
		{
			Stmt: sqldb.Dynamic(`SELECT ` + addressColumns + ` FROM addresses WHERE store_id = $1 AND customer_id IN ` + in + ` ORDER BY id` + tx.ForDelete()),
			Args: args,
			Each: func(r *sqldb.Row) error {
				book = append(book, Address{})
				book[len(book)-1].scan(r)
				addressIDs = append(addressIDs, r.Int(0))
				along(event.Address(event.AddressDeleted, r.Int(0), r.Int(1)))
				return nil
			},
		},
		{
			Stmt: sqldb.Dynamic(`SELECT id, customer_id, namespace, client_id, permission_set FROM metafields WHERE store_id = $1 AND customer_id IN ` + in + ` ORDER BY id` + tx.ForDelete()),
			Args: args,
			Each: func(r *sqldb.Row) error {
				fields[total.Readers(r.Text(3), r.Text(4))]--
				along(event.Metafield(event.MetafieldDeleted, r.Int(0), r.Int(1), r.Text(2)))
				return nil
			},
		},
		segment.ProfilesOf(tx, ids, &profileIDs),
		{
			Stmt: sqldb.Dynamic(`SELECT ` + customerColumns + `, password_hash FROM customers WHERE store_id = $1 AND id IN ` + in + ` ORDER BY id`),
			Args: args,
			Each: func(r *sqldb.Row) error {
				gone = append(gone, Customer{})
				gone[len(gone)-1].scan(r)
				unhashed = append(unhashed, rehash{id: r.Int(0), from: r.Text(hashColumn)})
				return nil
			},
		},
	}
	for _, l := range s.leaving {
		qs = append(qs, l(tx, ids, along))
	}
	if err := tx.Pipeline(qs...); err != nil {
		return err
	}
	entries := instead
	if instead == nil {
		if err := left.read(tx, ids, addressIDs); err != nil {
			return err
		}
		entries = left.record(gone, book)
	}
	events := make([]event.Event, 0, len(gone)+len(addressIDs))
	for i := range gone {
		events = append(events, theirs[gone[i].ID]...)
		events = append(events, event.Customer(event.CustomerDeleted, gone[i].ID, 0, nil))
	}
	counters, err := store.Advance{EventIDs: int64(len(events)), Entries: int64(len(entries)), Customers: -int64(len(ids)), Addresses: -int64(len(addressIDs))}.Run(tx)
	if err != nil {
		return err
	}
	if err := lose(tx, ids, addressIDs); err != nil {
		return err
	}
	if err := total.Metafields.MoveAll(tx, fields); err != nil {
		return err
	}
	if err := segment.Forget(tx, profileIDs); err != nil {
		return err
	}
	if err := noting(tx, ids, func() error {
		for i := range gone {
			if err := dropEmail(tx, &gone[i]); err != nil {
				return err
			}
			if err := s.endAccess(tx, Ended{CustomerID: gone[i].ID}); err != nil {
				return err
			}
			if err := tx.Exec(deleteCustomer, gone[i].ID); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if err := countHashes(tx, unhashed...); err != nil {
		return err
	}
	if err := listing.Customers.Remove(tx, ids...); err != nil {
		return err
	}
	if err := listing.Addresses.Remove(tx, addressIDs...); err != nil {
		return err
	}
	if err := history.Record(tx, counters.EntryID, now, entries); err != nil {
		return err
	}
	return event.Record(tx, counters.EventID, now, events)
}

// leftBehind is what goes with customers and is told of in their entries.
type leftBehind struct {
	filled, inBook map[int64][]storedValue // by the customer, and by the address
	noted          map[int64][]AttributeValue
}

func (l *leftBehind) read(tx *sqldb.Tx, customers, addresses []int64) error {
	in, args := sqldb.In(nil, customers)
	qs := []sqldb.Q{
		filledQuery(form.Customer, customers, l.filled),
		{
			Stmt: sqldb.Dynamic(`SELECT ` + attributeValueColumns + ` FROM attribute_values WHERE store_id = $1 AND customer_id IN ` + in + ` ORDER BY id`),
			Args: args,
			Each: func(r *sqldb.Row) error {
				var v AttributeValue
				v.scan(r)
				l.noted[v.CustomerID] = append(l.noted[v.CustomerID], v)
				return nil
			},
		},
	}
	if len(addresses) > 0 {
		qs = append(qs, filledQuery(form.Address, addresses, l.inBook))
	}
	return tx.Pipeline(qs...)
}

// record returns the entries of customers and addresses that go.
func (l *leftBehind) record(gone []Customer, book []Address) []history.Entry {
	entries := make([]history.Entry, 0, len(gone)+len(book))
	for i := range book {
		entries = append(entries, book[i].deletion(l.inBook))
	}
	for i := range gone {
		c := &gone[i]
		for j := range l.noted[c.ID] {
			v := &l.noted[c.ID][j]
			entries = append(entries, v.changeOf(history.Deleted, v, nil))
		}
		e := c.changeOf(history.Deleted, c, nil)
		for _, v := range l.filled[c.ID] {
			addFormValue(&e, v.field, v.typ, v.text, "")
		}
		entries = append(entries, e)
	}
	return entries
}
