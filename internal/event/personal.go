package event

import (
	"strings"

	"clientele/internal/personal"
	"clientele/internal/sqldb"
)

// Of reports whether an event is of a person. For most it is told by the
// customer, for subscribers by the scope and the resource.
func Of(w *personal.Who, scope string, customerID, resourceID int64) bool {
	return w.HasCustomer(customerID) || strings.HasPrefix(scope, "store/subscriber/") && w.HasSubscriber(resourceID)
}

// Scrubbed returns the data of an event without what somebody may have written
// in it. Ids and channels stay: they are what receivers go by. Only the namespace
// of a metafield is a text.
func Scrubbed(scope, data string) string {
	if !strings.HasPrefix(scope, "store/metafield/") {
		return data
	}
	before, _, _ := strings.Cut(data, `,"namespace":`)
	return before + `,"namespace":""}`
}

var (
	eventOf  = sqldb.Static(`SELECT scope, data FROM events WHERE store_id = $1 AND id = $2`)
	putEvent = sqldb.Static(`UPDATE events SET data = $3 WHERE store_id = $1 AND id = $2`)
)

// Personal is what this package keeps of persons.
var Personal = []personal.Part{personal.Sieve{
	Name: "events", Title: "Events for apps", Key: []string{"id"}, Scrubs: true,
	All:   sqldb.Static(`SELECT id, customer_id, resource_id, scope FROM events WHERE store_id = $1 AND id > $2 ORDER BY id LIMIT $3`),
	Mine:  func(w *personal.Who, r *sqldb.Row) bool { return Of(w, r.Text(3), r.Int(1), r.Int(2)) },
	One:   sqldb.Static(`SELECT id, scope, resource_id, customer_id, data, date_created FROM events WHERE store_id = $1 AND id = $2`),
	Kinds: "id int, resource_id int, customer_id id, data json, date_created time",
	Drop: func(tx *sqldb.Tx, _ *personal.Erasure, rows []personal.Row) (n int64, err error) {
		for i := range rows {
			was, is := "", ""
			if err := tx.Query(eventOf, func(r *sqldb.Row) error {
				was = r.Text(1)
				is = Scrubbed(r.Text(0), was)
				return nil
			}, rows[i].Int(0)); err != nil {
				return 0, err
			}
			if was == is {
				continue
			}
			if err := tx.Exec(putEvent, rows[i].Int(0), is); err != nil {
				return 0, err
			}
			n++
		}
		return n, nil
	},
}.Part()}
