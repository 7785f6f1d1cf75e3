package bulk

import (
	"clientele/internal/personal"
	"clientele/internal/sqldb"
)

// Personal is what this package keeps of persons: what customers had before.
var Personal = []personal.Part{personal.Table{
	Name: "bulk_items", Title: "Bulk actions", By: personal.ByCustomer, Key: []string{"bulk_action_id", "id"},
	Select: sqldb.Static(`SELECT i.bulk_action_id, i.id, i.failed, i.detail FROM bulk_items i JOIN bulk_actions a ON a.store_id = i.store_id AND a.id = i.bulk_action_id
		WHERE i.store_id = $1 AND i.id = $2 AND a.subject = 'customers' AND (i.bulk_action_id, i.id) > ($3, $4) ORDER BY i.bulk_action_id, i.id LIMIT $5`),
	Kinds: "bulk_action_id int, id int, failed flag",
	Drop:  drop,
}.Part()}

var dropItem = sqldb.Static(`DELETE FROM bulk_items WHERE store_id = $1 AND bulk_action_id = $2 AND id = $3`)

// drop forgets what a customer had: who was erased is not changed back.
func drop(tx *sqldb.Tx, _ *personal.Erasure, rows []personal.Row) (n int64, err error) {
	for i := range rows {
		r := &rows[i]
		if err := tx.Exec(dropItem, r.Int(0), r.Int(1)); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
