package customer

import (
	"clientele/internal/fold"
	"clientele/internal/sqldb"
)

var (
	attributeByName = sqldb.Static(`SELECT id, type FROM attributes WHERE store_id = $1 AND name_norm = $2`)
	insertAttribute = sqldb.Static(`INSERT INTO attributes (store_id, id, name, name_norm, type, date_created, date_modified) VALUES ($1, $2, $3, $4, $5, $6, $6)`)
	nextAttributeID = sqldb.Static(`UPDATE store_counters SET attribute_id = attribute_id + 1 WHERE store_id = $1 RETURNING attribute_id`)
)

func queryInt(tx *sqldb.Tx, s *sqldb.Stmt, args ...any) (n int64, err error) {
	err = tx.Query(s, func(r *sqldb.Row) error { n = r.Int(0); return nil }, args...)
	return n, err
}

// PutAttribute finds an attribute by name or creates it, with the given id or
// the next one, inside tx. An attribute's type never changes.
func PutAttribute(tx *sqldb.Tx, id int64, name, typ string, now int64) (int64, error) {
	have, err := queryInt(tx, attributeByName, fold.Text(name))
	if err != nil || have != 0 {
		return have, err
	}
	if id == 0 {
		if id, err = queryInt(tx, nextAttributeID); err != nil {
			return 0, err
		}
	}
	return id, tx.Exec(insertAttribute, id, name, fold.Text(name), typ, now)
}
