package history

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"unicode"

	"clientele/internal/jsonx"
	"clientele/internal/personal"
	"clientele/internal/sqldb"
)

var entryByID = sqldb.Static(`SELECT ` + rowColumns + ` FROM history WHERE store_id = $1 AND id = $2`)

// TableName is where entries are.
const TableName = "history"

// PersonalParts are what this package keeps of persons: entries about them, those of
// what they did, those that name their address, and those of exports and erasures of
// their data.
var PersonalParts = []personal.Part{{
	Table: TableName, Title: "History", Scrubs: true, Find: findPerson, Read: readPerson, Drop: dropPerson,
	Columns: []string{"id", "date_created", "actor", "surface", "action", "resource", "resource_id", "customer_id", "request_id", "facts", "personal"},
	Hidden:  map[string]string{"digest": "of what was erased"},
}}

// sift decodes the next entries, and returns where to go on.
func sift(tx *sqldb.Tx, at personal.Place, each func(*row, *Listed) error) (personal.Place, error) {
	var rows []row
	if err := tx.Query(newer, func(r *sqldb.Row) error { rows = append(rows, scan(r)); return nil }, at.Int(0), int64(personal.Sweep)); err != nil {
		return at, err
	}
	for i := range rows {
		e, err := rows[i].record()
		if err != nil {
			return at, err
		}
		if err := each(&rows[i], &e); err != nil {
			return at, err
		}
	}
	if len(rows) < personal.Sweep {
		return personal.Place{End: true}, nil
	}
	return personal.Place{Key: personal.Key(rows[len(rows)-1].id)}, nil
}

// findPerson finds the customers who had the address at some time.
func findPerson(tx *sqldb.Tx, w *personal.Who, at personal.Place) (personal.Place, error) {
	return sift(tx, at, func(r *row, e *Listed) error {
		if e.Resource == Customer && e.CustomerID != 0 && naming(r, e, w) {
			w.AddFormer(e.CustomerID)
		}
		return nil
	})
}

// naming reports whether an entry has the person's address among its values.
func naming(r *row, e *Listed, w *personal.Who) bool {
	if w.Email == "" || bytes.IndexByte(r.personal, '@') < 0 {
		return false
	}
	for _, c := range e.Changes {
		for _, text := range []string{c.Before, c.After} {
			var s string
			if json.Unmarshal([]byte(text), &s) == nil && w.Is(s) {
				return true
			}
		}
	}
	return false
}

func (e *Listed) of(r *row, w *personal.Who) bool {
	kind, id := split(r.actor)
	return w.HasCustomer(e.CustomerID) || e.Resource == Subscriber && w.HasSubscriber(e.ResourceID) || kind == Shopper && w.HasCustomer(id) || naming(r, e, w) || e.proves(w)
}

// proves reports whether an entry tells that the person's data were exported or
// erased.
func (e *Listed) proves(w *personal.Who) bool {
	return w.Hash != "" && (e.Resource == Person || e.Resource == Erasure) &&
		slices.ContainsFunc(e.Changes, func(c Change) bool { return c.Field == FieldHash.name(0) && shown(c.After) == w.Hash })
}

// reasoned reports whether the reason of an entry has the person's address in it.
func (e *Listed) reasoned(w *personal.Who) bool {
	return slices.ContainsFunc(strings.FieldsFunc(e.Reason, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`<>()[]{}"',;:!?`, r) }),
		func(word string) bool { return w.Is(strings.Trim(word, ".")) })
}

func readPerson(tx *sqldb.Tx, w *personal.Who, at personal.Place) ([]personal.Row, personal.Place, error) {
	names, err := readNames(tx)
	if err != nil {
		return nil, at, err
	}
	var out []personal.Row
	next, err := sift(tx, at, func(r *row, e *Listed) error {
		if e.of(r, w) {
			e.Actor = names.of(r.actor)
			out = append(out, personal.Row{Key: personal.Key(e.ID), Fields: e.fields()})
		}
		return nil
	})
	return out, next, err
}

// fields are those of an entry in the export of a person.
func (e *Listed) fields() []personal.Field {
	changes := []byte{'['}
	for i, c := range e.Changes {
		if i > 0 {
			changes = append(changes, ',')
		}
		changes = jsonx.AppendString(append(changes, `{"field":`...), c.Field)
		changes = append(append(changes, `,"before":`...), orNull(c.Before)...)
		changes = append(append(append(changes, `,"after":`...), orNull(c.After)...), '}')
	}
	actor := jsonx.AppendString([]byte(`{"kind":`), e.Actor.Kind.String())
	actor = append(append(actor, `,"id":`...), personal.NumberOrNull(e.Actor.ID)...)
	actor = append(jsonx.AppendString(append(actor, `,"name":`...), e.Actor.Name), '}')
	return []personal.Field{
		{Name: "id", JSON: personal.NumberOrNull(e.ID)}, {Name: "time", JSON: personal.TimeOrNull(e.Time)}, {Name: "actor", JSON: string(actor)},
		{Name: "surface", JSON: personal.TextJSON(e.Surface.String())}, {Name: "action", JSON: personal.TextJSON(e.Action.String())},
		{Name: "resource", JSON: personal.TextJSON(e.Resource.String())}, {Name: "resource_id", JSON: personal.NumberOrNull(e.ResourceID)},
		{Name: "customer_id", JSON: personal.NumberOrNull(e.CustomerID)}, {Name: "changes", JSON: string(append(changes, ']'))},
		{Name: "reason", JSON: personal.TextJSON(e.Reason)}, {Name: "ip", JSON: personal.TextJSON(e.Address)}, {Name: "request_id", JSON: personal.TextJSON(e.RequestID)},
	}
}

func orNull(text string) string {
	if text == "" {
		return "null"
	}
	return text
}

// dropPerson takes away what entries say of a person, as Erase does. What tells of
// an export or an erasure says something of who asked for it, and stays unless the
// reason names the person.
func dropPerson(tx *sqldb.Tx, of *personal.Erasure, rows []personal.Row) (n int64, err error) {
	for i := range rows {
		var w row
		if err := tx.Query(entryByID, func(r *sqldb.Row) error { w = scan(r); return nil }, rows[i].Int(0)); err != nil {
			return 0, err
		}
		e, err := w.record()
		if err != nil {
			return 0, err
		}
		if len(w.personal) == 0 || (e.Resource == Person || e.Resource == Erasure) && !e.reasoned(of.Who) {
			continue
		}
		if err := forget(tx, w.id, w.personal); err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}
