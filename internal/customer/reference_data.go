package customer

import (
	"fmt"

	"clientele/internal/fold"
	"clientele/internal/history"
	"clientele/internal/sqldb"
)

func queryInt(tx *sqldb.Tx, s *sqldb.Stmt, args ...any) (n int64, err error) {
	err = tx.Query(s, func(r *sqldb.Row) error { n = r.Int(0); return nil }, args...)
	return n, err
}

// AttributesByName returns the ids of a store's attributes by their folded
// names, inside tx.
func AttributesByName(tx *sqldb.Tx) (map[string]int64, error) {
	var have attributeSet
	err := tx.Pipeline(have.query())
	return have.byNorm, err
}

// PutAttribute finds an attribute by name or creates it, with the given id or
// the next one, inside tx. An attribute's type never changes.
func PutAttribute(tx *sqldb.Tx, id int64, name, typ string, now int64) (int64, error) {
	var have attributeSet
	if err := tx.Pipeline(have.query()); err != nil {
		return 0, err
	}
	norm := fold.Text(name)
	if old := have.byNorm[norm]; old != 0 {
		if have.byID[old].Type != typ {
			return 0, fmt.Errorf("attribute %q has type %s, and types never change", name, have.byID[old].Type)
		}
		return old, nil
	}
	if len(have.byID) >= MaxAttributes {
		return 0, fmt.Errorf("a store cannot have more than %d attributes", MaxAttributes)
	}
	if id == 0 {
		var err error
		if id, err = queryInt(tx, nextAttributeIDs, int64(1)); err != nil {
			return 0, err
		}
	}
	a := Attribute{ID: id, Name: name, Type: typ}
	if err := history.Enter(tx, now, a.changeOf(history.Created, nil, &a)); err != nil {
		return 0, err
	}
	return id, tx.Exec(insertAttribute, id, name, norm, typ, now)
}
