package metafield

import (
	"maps"
	"slices"

	"clientele/internal/customer"
	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/total"
)

var liftID = sqldb.Static(`UPDATE store_counters SET metafield_id = CASE WHEN metafield_id < $2 THEN $2 ELSE metafield_id END WHERE store_id = $1`)

// Copied is how many metafields a copy made, changed and left out, as their
// customers are not here.
type Copied struct{ Created, Changed, Orphans int }

// CopyTx makes metafields what another store has them to be, with their ids and
// owners: all of them or, if any breaks a rule, none.
func CopyTx(tx *sqldb.Tx, in []Metafield, now int64) (out Copied, err error) {
	var b fault.Batch
	ids, owners := make([]int64, len(in)), map[int64]bool{}
	b.Each(len(in), func(i int, c *fault.Collector) {
		ids[i], owners[in[i].CustomerID] = in[i].ID, true
		in[i].check(c)
	})
	if err := b.Err(fault.Invalid); err != nil || len(in) == 0 {
		return out, err
	}
	customers, err := customer.Hold(tx, slices.Sorted(maps.Keys(owners))...)
	if err != nil {
		return out, err
	}
	there, err := load(tx, ids, tx.ForDelete())
	if err != nil {
		return out, err
	}
	var changes []Update
	var fresh []*Metafield
	var moved []int64 // whose customer or owner is another one
	for i := range in {
		m := &in[i]
		old := there[m.ID]
		switch {
		case !customers[m.CustomerID]:
			out.Orphans++
			continue
		case old != nil && (old.CustomerID != m.CustomerID || old.ClientID != m.ClientID):
			moved = append(moved, m.ID)
			fallthrough
		case old == nil:
			fresh = append(fresh, m)
		case old.Namespace != m.Namespace || old.Key != m.Key || old.Value != m.Value || old.Description != m.Description || old.Permission != m.Permission:
			changes = append(changes, Update{
				ID: m.ID, Namespace: opt.Some(m.Namespace), Key: opt.Some(m.Key), Value: opt.Some(m.Value), Description: opt.Some(m.Description), Permission: opt.Some(m.Permission),
			})
		}
	}
	if _, err := RemoveTx(tx, moved, now); err != nil {
		return out, err
	}
	if len(changes) > 0 {
		o, err := update(tx, Caller{All: true}, 0, changes, now)
		if err == nil {
			err = o.broken()
		}
		if err != nil {
			return out, err
		}
		out.Changed = len(changes)
	}
	out.Created = len(fresh)
	return out, insert(tx, fresh, now)
}

// broken returns what of a batch breaks a rule, or nil.
func (o *Outcome) broken() error {
	var b fault.Batch
	b.Each(len(o.Failed), func(i int, c *fault.Collector) { c.Items = o.Failed[i] })
	return b.Err(fault.Invalid)
}

// insert makes metafields with chosen ids, whose customers are locked.
func insert(tx *sqldb.Tx, fresh []*Metafield, now int64) error {
	if len(fresh) == 0 {
		return nil
	}
	n := int64(len(fresh))
	counters, err := store.Advance{EventIDs: n, Entries: n}.Run(tx)
	if err != nil {
		return err
	}
	events, entries := make([]event.Event, n), make([]history.Entry, n)
	more, highest := map[string]int64{}, int64(0)
	for i, m := range fresh {
		more[m.readers()]++
		highest = max(highest, m.ID)
		entries[i] = m.changeOf(nil, m)
		if err := tx.Exec(insertRow, m.ID, m.CustomerID, m.ClientID, m.Namespace, m.Key, m.Value, m.Description, m.Permission, now); err != nil {
			return err
		}
		events[i] = event.Metafield(event.MetafieldCreated, m.ID, m.CustomerID, m.Namespace)
	}
	if err := tx.Exec(liftID, highest); err != nil {
		return err
	}
	if err := total.Metafields.MoveAll(tx, more); err != nil {
		return err
	}
	return tell(tx, counters, now, events, entries)
}

// RemoveTx removes the metafields with some ids, whoever owns them, and returns how
// many there were.
func RemoveTx(tx *sqldb.Tx, ids []int64, now int64) (int, error) {
	if len(ids) == 0 {
		return 0, nil
	}
	o, err := remove(tx, Caller{All: true}, 0, ids, now)
	return len(o.Done), err
}

var (
	idsAfter = sqldb.Static(`SELECT id, customer_id FROM metafields WHERE store_id = $1 AND id > $2 ORDER BY id LIMIT $3`)
	idsOf    = sqldb.Static(`SELECT id FROM metafields WHERE store_id = $1 AND customer_id = $2 ORDER BY id`)
)

// IDsAfter returns the ids of some metafields above an id, in order, and whose they
// are.
func IDsAfter(tx *sqldb.Tx, id int64, most int) (ids, customers []int64, err error) {
	return ids, customers, tx.Query(idsAfter, func(r *sqldb.Row) error {
		ids, customers = append(ids, r.Int(0)), append(customers, r.Int(1))
		return nil
	}, id, int64(most))
}

// IDsOf returns the ids of all metafields of a customer.
func IDsOf(tx *sqldb.Tx, customerID int64) (ids []int64, err error) {
	return ids, tx.Query(idsOf, func(r *sqldb.Row) error { ids = append(ids, r.Int(0)); return nil }, customerID)
}

// ByIDs returns the metafields with some ids, whoever owns them, by id.
func ByIDs(tx *sqldb.Tx, ids []int64) (map[int64]*Metafield, error) { return load(tx, ids, "") }
