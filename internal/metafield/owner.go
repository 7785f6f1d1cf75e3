package metafield

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/auth"
	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/total"
)

var updateOwner = sqldb.Static(`UPDATE metafields SET client_id = $3, date_modified = $4 WHERE store_id = $1 AND id = $2`)

// Reassign gives metafields to an API account of the store, by its client id:
// all of them, or none and a fault. It is for callers who decide on the owners
// of all metafields, so no permission set is asked.
func (s *Service) Reassign(ctx context.Context, storeID int64, clientID string, ids []int64) error {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	switch {
	case len(ids) == 0:
		return fault.Broken(fault.Invalid, fault.Item{Field: FieldID, Code: fault.Required})
	case len(ids) > MaxBatch:
		return fault.Broken(fault.Invalid, fault.Item{Field: FieldID, Code: fault.TooManyItems, Why: WhyManyIDs, Want: strconv.Itoa(MaxBatch)})
	}
	return s.db.WriteAgain(ctx, storeID, func(tx *sqldb.Tx) error { return reassign(tx, clientID, ids, s.sys.Now()) })
}

func reassign(tx *sqldb.Tx, clientID string, ids []int64, now int64) error {
	var owns bool
	if !strings.ContainsRune(clientID, 0) { // which not every engine takes
		if err := tx.Pipeline(auth.InForce(clientID, &owns)); err != nil {
			return err
		}
	}
	if !owns {
		return fault.Broken(fault.Invalid, fault.Item{Field: FieldClient, Code: fault.Unknown, Why: WhyNoAccount})
	}
	have, err := load(tx, ids, tx.ForUpdate())
	if err != nil {
		return err
	}
	if len(have) < len(ids) {
		return fault.Broken(fault.NotFound, fault.Item{Field: FieldID, Code: fault.Unknown, Why: WhyNone})
	}
	var moved []*Metafield
	var customers []int64
	for _, id := range ids {
		if m := have[id]; m.ClientID != clientID {
			moved = append(moved, m)
			customers = append(customers, m.CustomerID)
		}
	}
	if len(moved) == 0 {
		return nil
	}
	slices.Sort(customers)
	// Under the counters' lock nobody else can take a name.
	held, count := map[name]bool{}, map[int64]int{}
	list, args := sqldb.In([]any{clientID}, slices.Compact(customers))
	var counters store.Counters
	if err := tx.Pipeline(store.Advance{EventIDs: int64(len(moved)), Entries: int64(len(moved))}.Query(tx, &counters), sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT customer_id, namespace, key FROM metafields WHERE store_id = $1 AND client_id = $2 AND customer_id IN ` + list),
		Args: args,
		Each: func(r *sqldb.Row) error {
			held[name{r.Int(0), clientID, r.Text(1), r.Text(2)}] = true
			count[r.Int(0)]++
			return nil
		},
	}); err != nil {
		return err
	}
	events, entries := make([]event.Event, len(moved)), make([]history.Entry, len(moved))
	more := map[string]int64{}
	for i, m := range moved {
		before := *m
		m.ClientID = clientID
		more[before.readers()]--
		more[m.readers()]++
		entries[i] = m.changeOf(&before, m)
		count[m.CustomerID]++
		switch {
		case held[m.name()]:
			return fault.Broken(fault.Conflict, fault.Item{Field: FieldKey, Code: fault.Taken, Why: WhyTaken})
		case count[m.CustomerID] > MaxPerOwner:
			return fault.Broken(fault.Invalid, fault.Item{Field: FieldOwner, Code: fault.TooManyItems, Why: WhyMany, Want: strconv.Itoa(MaxPerOwner)})
		}
		held[m.name()] = true
		if err := tx.Exec(updateOwner, m.ID, clientID, now); err != nil {
			return err
		}
		events[i] = event.Metafield(event.MetafieldUpdated, m.ID, m.CustomerID, m.Namespace)
	}
	if err := total.Metafields.MoveAll(tx, more); err != nil {
		return err
	}
	return tell(tx, counters, now, events, entries)
}
