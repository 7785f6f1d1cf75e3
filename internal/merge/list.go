package merge

import (
	"context"
	"encoding/json"
	"time"

	"clientele/internal/history"
	"clientele/internal/jobs"
	"clientele/internal/listing"
	"clientele/internal/owned"
	"clientele/internal/personal"
	"clientele/internal/portable"
	"clientele/internal/sqldb"
)

const columns = `id, customer_id, merged, actor_kind, actor_id, actor_name, leftover, date_created, CASE WHEN data = '' THEN 0 ELSE date_expires END, date_ended`

func (m *Merge) scan(r *sqldb.Row) error {
	*m = Merge{
		ID: r.Int(0), Customer: r.Int(1), By: history.Actor{Kind: history.ActorKindOf(r.Text(3)), ID: r.Int(4), Name: r.Text(5)},
		Created: r.Int(7), Expires: r.Int(8), Ended: r.Int(9),
	}
	if text := r.Text(6); text != "" {
		if err := json.Unmarshal([]byte(text), &m.Left); err != nil {
			return err
		}
	}
	return json.Unmarshal([]byte(r.Text(2)), &m.Merged)
}

// load reads a merge with what it keeps, locked by a clause.
func load(tx *sqldb.Tx, id int64, clause string) (m *Merge, data string, err error) {
	err = tx.Query(sqldb.Dynamic(`SELECT `+columns+`, data FROM customer_merges WHERE store_id = $1 AND id = $2`+clause), func(r *sqldb.Row) error {
		m, data = &Merge{}, r.Text(10)
		return m.scan(r)
	}, id)
	return m, data, err
}

// Get returns a merge.
func (s *Service) Get(ctx context.Context, storeID, id int64) (m *Merge, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		m, _, err = load(tx, id, "")
		return err
	})
	if err == nil && m == nil {
		err = ErrNoMerge
	}
	return m, err
}

// List returns a page of merges.
func (s *Service) List(ctx context.Context, storeID int64, q *listing.Query) (out []Merge, res *listing.Result, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out, res, err = listing.Rows(tx, q, columns, (*Merge).scan)
		return err
	})
	return out, res, err
}

var (
	endedData = sqldb.Static(`SELECT id FROM customer_merges WHERE store_id = $1 AND data <> '' AND date_expires <= $2 ORDER BY date_expires, id LIMIT $3`)
	forget    = sqldb.Static(`UPDATE customer_merges SET data = '' WHERE store_id = $1 AND id = $2 AND date_expires <= $3`)
)

// Ended returns what merged customers were whose time is over.
func Ended() []sqldb.Ended {
	return []sqldb.Ended{{Keys: endedData, Number: true, Drop: forget, Erases: true}}
}

// Register has r forget what merged customers were once their time is over.
func (s *Service) Register(r *jobs.Runner) { r.Every("merges whose time is over", time.Hour, s.Prune) }

// Prune forgets what merged customers were whose time is over.
func (s *Service) Prune(ctx context.Context) error { return s.db.DropEnded(ctx, s.sys.Now(), Ended()) }

// Owned is what customers have of this package's table.
var Owned = []owned.Part{{Title: "Merges", Rows: portable.Of(slim, "customer_merges"), Resource: history.Customer}}

// slim is as much of a merge as another owner needs.
var slim = []portable.Part{portable.Table{Table: "customer_merges", Key: "id", Columns: "id int, customer_id int"}.Part()}

// Portable is what moves of this package's table. What customers were has hashes of
// passwords: without secrets they cannot be parted where they arrive.
var Portable = []portable.Part{
	portable.Table{
		Table: "customer_merges", Key: "id", Masked: []string{"data"},
		Columns: "id int, customer_id int, merged, actor_kind, actor_id int, actor_name, data, leftover, date_created int, date_expires int, date_ended int",
	}.Part(),
}

// Personal is what this package keeps of persons. It goes with the customer who
// stayed, whom their former addresses find.
var Personal = []personal.Part{
	personal.Table{
		Name: "customer_merges", Title: "Accounts that became one", By: personal.ByCustomer, Key: []string{"id"},
		Select: sqldb.Static(`SELECT id, customer_id, merged, actor_kind, actor_id, actor_name, leftover, date_created, date_expires, date_ended FROM customer_merges
			WHERE store_id = $1 AND customer_id = $2 AND id > $3 ORDER BY id LIMIT $4`),
		Kinds:  "id int, customer_id int, merged json, actor_id id, leftover json, date_created time, date_expires time, date_ended time",
		Hidden: map[string]string{"data": "copies of what the other tables hold, as it was before"},
	}.Part(),
}
