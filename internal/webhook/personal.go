package webhook

import (
	"clientele/internal/event"
	"clientele/internal/personal"
	"clientele/internal/sqldb"
)

var (
	deliveryOf    = sqldb.Static(`SELECT scope, data, tries, error FROM webhook_deliveries WHERE store_id = $1 AND hook_id = $2 AND id = $3`)
	scrubDelivery = sqldb.Static(`UPDATE webhook_deliveries SET data = $4, tries = '', error = '' WHERE store_id = $1 AND hook_id = $2 AND id = $3`)
)

// ofLane reports whether the deliveries of a lane are of a person: see lane.
func ofLane(w *personal.Who, scope string, lane int64) bool {
	return event.Of(w, scope, max(lane, 0), max(-lane, 0))
}

// Personal is what this package keeps of persons. A delivery that waits is still
// made: its receiver has to know that the customer is gone. What receivers have
// answered is erased.
var Personal = []personal.Part{personal.Sieve{
	Name: "webhook_deliveries", Title: "What apps were told", Key: []string{"hook_id", "id"}, Scrubs: true,
	All:  sqldb.Static(`SELECT hook_id, id, lane, scope FROM webhook_deliveries WHERE store_id = $1 AND (hook_id, id) > ($2, $3) ORDER BY hook_id, id LIMIT $4`),
	Mine: func(w *personal.Who, r *sqldb.Row) bool { return ofLane(w, r.Text(3), r.Int(2)) },
	One: sqldb.Static(`SELECT hook_id, id, scope, data, date_created, state, attempts, first_attempt, last_attempt, status, error, tries FROM webhook_deliveries
		WHERE store_id = $1 AND hook_id = $2 AND id = $3`),
	Kinds:  "hook_id int, id int, data json, date_created time, attempts int, first_attempt time, last_attempt time, status id, tries json",
	Hidden: map[string]string{"lane": "what it waits for", "due_at": "of the program's own", "lease_owner": "of the program's own", "step": "of the program's own", "duration": "how long the receiver took"},
	Drop: func(tx *sqldb.Tx, _ *personal.Erasure, rows []personal.Row) (n int64, err error) {
		for i := range rows {
			hook, id := rows[i].Int(0), rows[i].Int(1)
			data, clean := "", true
			if err := tx.Query(deliveryOf, func(r *sqldb.Row) error {
				data = event.Scrubbed(r.Text(0), r.Text(1))
				clean = data == r.Text(1) && r.Text(2) == "" && r.Text(3) == ""
				return nil
			}, hook, id); err != nil {
				return 0, err
			}
			if clean {
				continue
			}
			if err := tx.Exec(scrubDelivery, hook, id, data); err != nil {
				return 0, err
			}
			n++
		}
		return n, nil
	},
}.Part()}
