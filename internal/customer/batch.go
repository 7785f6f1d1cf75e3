package customer

import (
	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/rule"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// A batch changes several things at once: it locks them, looks up what they are
// held to, plans what changes, counts it under the store's counters, writes it
// and tells of it. batch is the order; each kind of change says what its steps
// are.
type batch interface {
	// lock locks the things that change.
	lock(tx *sqldb.Tx) error
	// lookUp reads what the changes are held to.
	lookUp(tx *sqldb.Tx) error
	// plan notes what is wrong; nothing is written then.
	plan(wrong *fault.Batch)
	// settle reads what only a plan tells, and returns how many things change and
	// of how many of them is told.
	settle(tx *sqldb.Tx) (changes, told int, err error)
	// record returns the entry of the change i.
	record(i int) history.Entry
	// write stores the change i and returns what is told of it: an event without
	// a scope is nothing.
	write(tx *sqldb.Tx, i int, now int64) (event.Event, error)
}

// runBatch takes a batch through its steps.
func runBatch(tx *sqldb.Tx, b batch, now int64) error {
	if err := b.lock(tx); err != nil {
		return err
	}
	if err := b.lookUp(tx); err != nil {
		return err
	}
	var wrong fault.Batch
	b.plan(&wrong)
	if err := wrong.Err(fault.Invalid); err != nil {
		return err
	}
	n, told, err := b.settle(tx)
	if err != nil || n == 0 {
		return err
	}
	counters, err := store.Advance{EventIDs: int64(told), Entries: int64(n)}.Run(tx)
	if err != nil {
		return err
	}
	var events []event.Event
	entries := make([]history.Entry, n)
	for i := range n {
		entries[i] = b.record(i)
		e, err := b.write(tx, i, now)
		if err != nil {
			return err
		}
		if e.Scope != "" {
			events = append(events, e)
		}
	}
	if err := history.Record(tx, counters.EntryID, now, entries); err != nil {
		return err
	}
	if err := markOwners(tx, counters, entries); err != nil {
		return err
	}
	return event.Record(tx, counters.EventID, now, events)
}

// markOwners has the rules look again at those whose changes entries tell.
func markOwners(tx *sqldb.Tx, counters store.Counters, entries []history.Entry) error {
	if !counters.Rules {
		return nil
	}
	return rule.Mark(tx, ownersOf(entries)...)
}

func ownersOf(entries []history.Entry) []int64 {
	var ids []int64
	for i := range entries {
		if id := entries[i].CustomerID; id != 0 {
			ids = append(ids, id)
		}
	}
	return ids
}
