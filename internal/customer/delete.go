package customer

import (
	"context"

	"clientele/internal/event"
	"clientele/internal/listing"
	"clientele/internal/segment"
	"clientele/internal/sqldb"
	"clientele/internal/store"
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
		return s.deleteCustomers(tx, ids, s.sys.Now())
	})
	return n, err
}

func (s *Service) deleteCustomers(tx *sqldb.Tx, ids []int64, now int64) error {
	// Their addresses and profiles leave the lists; locked, so that nobody else
	// takes them out as well.
	var addressIDs, profileIDs []int64
	var gone []Customer
	var unhashed []rehash
	theirs := map[int64][]event.Event{} // that what they have goes with them
	in, args := sqldb.In(nil, ids)
	err := tx.Pipeline(
		sqldb.Q{
			Stmt: sqldb.Dynamic(`SELECT id, customer_id FROM addresses WHERE store_id = $1 AND customer_id IN ` + in + ` ORDER BY id` + tx.ForDelete()),
			Args: args,
			Each: func(r *sqldb.Row) error {
				addressIDs = append(addressIDs, r.Int(0))
				theirs[r.Int(1)] = append(theirs[r.Int(1)], event.Address(event.AddressDeleted, r.Int(0), r.Int(1)))
				return nil
			},
		},
		sqldb.Q{
			Stmt: sqldb.Dynamic(`SELECT id, customer_id, namespace FROM metafields WHERE store_id = $1 AND customer_id IN ` + in + ` ORDER BY id` + tx.ForDelete()),
			Args: args,
			Each: func(r *sqldb.Row) error {
				theirs[r.Int(1)] = append(theirs[r.Int(1)], event.Metafield(event.MetafieldDeleted, r.Int(0), r.Int(1), r.Text(2)))
				return nil
			},
		},
		segment.ProfilesOf(tx, ids, &profileIDs),
		sqldb.Q{
			Stmt: sqldb.Dynamic(`SELECT id, email, channel_ids, password_hash FROM customers WHERE store_id = $1 AND id IN ` + in + ` ORDER BY id`),
			Args: args,
			Each: func(r *sqldb.Row) error {
				gone = append(gone, Customer{ID: r.Int(0), Email: r.Text(1), ChannelIDs: parseChannels(r.Text(2))})
				unhashed = append(unhashed, rehash{id: r.Int(0), from: r.Text(3)})
				return nil
			},
		},
	)
	if err != nil {
		return err
	}
	events := make([]event.Event, 0, len(gone)+len(addressIDs))
	for i := range gone {
		events = append(events, theirs[gone[i].ID]...)
		events = append(events, event.Customer(event.CustomerDeleted, gone[i].ID, 0, nil))
	}
	counters, err := store.Advance{EventIDs: int64(len(events)), Customers: -int64(len(ids)), Addresses: -int64(len(addressIDs))}.Run(tx)
	if err != nil {
		return err
	}
	if err := segment.Forget(tx, profileIDs); err != nil {
		return err
	}
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
	if err := countHashes(tx, unhashed...); err != nil {
		return err
	}
	if err := listing.Customers.Remove(tx, ids...); err != nil {
		return err
	}
	if err := listing.Addresses.Remove(tx, addressIDs...); err != nil {
		return err
	}
	return event.Record(tx, counters.EventID, now, events)
}
