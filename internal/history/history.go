// Package history keeps what changed in a store, who changed it, and by which
// door: one entry for each record that a write changed, and for what customers
// do with their accounts. Entries are written in the transaction of the write
// and are never changed afterwards.
//
// A room of the domain records in a few lines. It declares the fields of its
// records once, as a Table, makes an Entry of what it holds before and after a
// write, counts entries with whatever else it counts (store.Advance.Entries),
// and hands them to Record. Who, by which surface and from where is told by the
// context of the write: see Origin.
//
// What an entry says of a person is in one value with a random salt. It can be
// taken away without a trace of it staying, and the digest that is left in its
// place proves that nothing else has changed. See seal.go for the chain.
//
// What the columns hold in short codes is in codes.go and fields.go. Codes are
// for good: entries are older than the program.
package history

import (
	"encoding/binary"

	"clientele/internal/jsonx"
)

// Entry is something that happened, before it is recorded.
type Entry struct {
	Action   Action
	Resource Resource
	// ID is that of the record, CustomerID of whose timeline the entry belongs
	// to: 0 for none.
	ID, CustomerID int64
	// From is who did it, where that is not the transaction's own Origin.
	From *Origin
	// By is who did it, where that is somebody else than the Origin tells.
	By *Actor

	facts, personal []byte // changes, as append makes them
}

// Masked stands for a value that is not told.
const Masked = `"***"`

// Add adds a change of a field. Values are JSON texts; empty stands for none.
// personal tells that a person may have them erased. Equal values add nothing.
func (e *Entry) Add(personal bool, f Field, before, after string) {
	e.AddOf(personal, f, 0, before, after)
}

// AddOf is Add for one of several fields that share a name, such as a form
// field by its id.
func (e *Entry) AddOf(personal bool, f Field, of int64, before, after string) {
	if before != after {
		to := e.part(personal)
		*to = appendChange(*to, f, of, before, after)
	}
}

// Many returns the one entry of what was done to many records at once: a deletion
// of all that a filter selects (DeletedAll), or an import (Imported). n is how many
// they are, and report where there is more about them, empty for nowhere. What was
// done in steps is recorded with the first one, with a count from before it.
func Many(action Action, resource Resource, n int64, report string) Entry {
	e := Entry{Action: action, Resource: resource}
	before, after := Int(n), ""
	if action != DeletedAll {
		before, after = after, before
	}
	e.Add(false, FieldCount, before, after)
	e.Add(false, FieldReport, "", Text(report))
	return e
}

// AddMasked adds that a field changed whose values are not told.
func (e *Entry) AddMasked(f Field, of int64) {
	e.facts = appendChange(e.facts, f, of, Masked, Masked)
}

// Because adds the precise reason, in words of the program.
func (e *Entry) Because(reason string) {
	if reason != "" {
		e.facts = appendChange(e.facts, fieldCause, 0, "", reason)
	}
}

// Changed reports whether the entry has changes.
func (e *Entry) Changed() bool { return len(e.facts)+len(e.personal) > 0 }

func (e *Entry) part(personal bool) *[]byte {
	if personal {
		return &e.personal
	}
	return &e.facts
}

func appendChange[T string | []byte](b []byte, f Field, of int64, before, after T) []byte {
	b = binary.AppendUvarint(b, uint64(f))
	if f.several() {
		b = binary.AppendUvarint(b, uint64(of))
	}
	b = append(binary.AppendUvarint(b, uint64(len(before))), before...)
	return append(binary.AppendUvarint(b, uint64(len(after))), after...)
}

// Text returns a text as the JSON text of a change; empty is none.
func Text(s string) string {
	if s == "" {
		return ""
	}
	return string(jsonx.AppendString(make([]byte, 0, len(s)+2), s))
}

// Few is how many records of one kind a deletion has an entry each of.
const Few = 100

// AllUpTo returns the one entry of a deletion of n records that were not named, with
// ids up to one.
func AllUpTo(r Resource, n, id int64) Entry {
	e := Many(DeletedAll, r, n, "")
	e.Add(false, FieldUpToID, Int(id), "")
	return e
}

// Gone returns the entries of records that one transaction deletes: those that
// are given or, where there are more than a few, one with their number and the
// last id.
func Gone(entries []Entry) []Entry {
	if len(entries) <= Few {
		return entries
	}
	last := int64(0)
	for i := range entries {
		last = max(last, entries[i].ID)
	}
	return []Entry{AllUpTo(entries[0].Resource, int64(len(entries)), last)}
}

// Brought returns the entries of records that one file brings: those that are given
// or, where there are more than a few, one with their number.
func Brought(entries []Entry) []Entry {
	if len(entries) <= Few {
		return entries
	}
	return []Entry{Many(Imported, entries[0].Resource, int64(len(entries)), "")}
}

// Step returns the entries of a step of something that is done to n records in
// several transactions: each of its own or, where there are more than a few, that of
// all, which the first step writes.
func Step(first bool, n int64, all Entry, each []Entry) []Entry {
	switch {
	case n <= Few && len(each) <= Few:
		return each
	case first:
		return []Entry{all}
	}
	return nil
}
