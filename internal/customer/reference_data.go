package customer

import (
	"fmt"

	"clientele/internal/fold"
	"clientele/internal/sqldb"
)

var (
	upsertGroup = sqldb.Static(`INSERT INTO customer_groups (store_id, id, name, date_created, date_modified) VALUES ($1, $2, $3, $4, $4)
		ON CONFLICT (store_id, id) DO UPDATE SET name = excluded.name, date_modified = excluded.date_modified`)
	nextGroupID = sqldb.Static(`UPDATE store_counters SET group_id = group_id + 1 WHERE store_id = $1 RETURNING group_id`)
	groupByName = sqldb.Static(`SELECT id FROM customer_groups WHERE store_id = $1 AND name = $2 ORDER BY id`)
)

func queryInt(tx *sqldb.Tx, s *sqldb.Stmt, args ...any) (n int64, err error) {
	err = tx.Query(s, func(r *sqldb.Row) error { n = r.Int(0); return nil }, args...)
	return n, err
}

// PutGroup creates a customer group or renames the one with that id, inside
// tx. With id 0 the group is found by name or gets the next id.
func PutGroup(tx *sqldb.Tx, id int64, name string, now int64) (int64, error) {
	var err error
	if id == 0 {
		if id, err = queryInt(tx, groupByName, name); err != nil || id != 0 {
			return id, err
		}
		if id, err = queryInt(tx, nextGroupID); err != nil {
			return 0, err
		}
	}
	return id, tx.Exec(upsertGroup, id, name, now)
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
	return id, tx.Exec(insertAttribute, id, name, norm, typ, now)
}
