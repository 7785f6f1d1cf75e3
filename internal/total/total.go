// Package total keeps how many rows lists have that are shown with a total, so
// that nobody counts them: in the transactions that make and delete rows, after
// the store's counters are locked. A list may have parts with a total each, such
// as the members of each segment.
//
// Rows from before an upgrade are counted by a job, which holds no lock while it
// counts; until then the lists count by themselves.
package total

import (
	"context"
	"fmt"
	"time"

	"clientele/internal/jobs"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// List is a list whose total is kept.
type List int64

// The lists whose totals are kept here.
const (
	Wishlists  List = 1
	Companies  List = 2
	Metafields List = 3 // by who may read them: "" for all, or a client id
	Members    List = 4 // by the id of their segment
)

var (
	moveTotal = sqldb.Static(`INSERT INTO list_totals (store_id, list, part, total) VALUES ($1, $2, $3, $4)
		ON CONFLICT (store_id, list, part) DO UPDATE SET total = list_totals.total + excluded.total`)
	dropTotal = sqldb.Static(`DELETE FROM list_totals WHERE store_id = $1 AND list = $2 AND part = $3`)
	uncounted = sqldb.Static(`SELECT uncounted_lists FROM store_counters WHERE store_id = $1`)
	recount   = sqldb.Static(`UPDATE store_counters SET uncounted_lists = 1 WHERE store_id = $1`)
	counted   = sqldb.Static(`UPDATE store_counters SET uncounted_lists = 0 WHERE store_id = $1`)
)

// Move notes that there are more rows, or fewer. The caller holds the lock on the
// store's counters.
func (l List) Move(tx *sqldb.Tx, part string, by int64) error {
	if by == 0 {
		return nil
	}
	return tx.Exec(moveTotal, int64(l), part, by)
}

// MoveAll is Move for several parts.
func (l List) MoveAll(tx *sqldb.Tx, by map[string]int64) error {
	for part, n := range by {
		if err := l.Move(tx, part, n); err != nil {
			return err
		}
	}
	return nil
}

// Readers returns the part of Metafields to which one belongs, by the app that made
// it and its permission set.
func Readers(clientID, permission string) string {
	if permission == "app_only" {
		return clientID
	}
	return ""
}

// Drop forgets a part that is gone with its rows.
func (l List) Drop(tx *sqldb.Tx, part string) error { return tx.Exec(dropTotal, int64(l), part) }

// Total returns the text of the statement for listing.Spec.Total: that of all
// parts.
func (l List) Total() string { return l.statement(``) }

// TotalOf returns the text of the statement for listing.Spec.TotalOf.
func (l List) TotalOf() string { return l.statement(` AND t.part = $2`) }

// TotalWith is TotalOf where the rows of the part "" belong to every other one.
func (l List) TotalWith() string { return l.statement(` AND t.part IN ('', $2)`) }

func (l List) statement(of string) string {
	return fmt.Sprintf(`SELECT CAST(COALESCE(SUM(t.total), 0) AS BIGINT), 0 FROM store_counters c LEFT JOIN list_totals t ON t.store_id = c.store_id AND t.list = %d%s
		WHERE c.store_id = $1 AND c.uncounted_lists = 0 GROUP BY c.store_id`, l, of)
}

// Count is how the job counts a list.
type Count struct {
	List List
	// Parts lists the names of the parts that there are; nil: there is one, "".
	Parts *sqldb.Stmt
	// Wrong tells by how much the total of a part is wrong.
	Wrong *sqldb.Stmt
}

// Wrong returns the text of the statement for Count. count selects how many rows a
// part has, whose name is $2 as text.
func (l List) Wrong(count string) string {
	return fmt.Sprintf(`SELECT (%s) - COALESCE((SELECT t.total FROM list_totals t WHERE t.store_id = $1 AND t.list = %d AND t.part = $2), 0) FROM store_counters WHERE store_id = $1`, count, l)
}

// Job is the kind of the job that counts.
const Job = "count_lists"

// Register has r count the lists of stores from before their totals were kept.
func Register(r *jobs.Runner, db *sqldb.DB, lists ...Count) {
	r.Register(jobs.Kind{Name: Job, Limit: 1, Schedule: []time.Duration{5 * time.Second, time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour},
		Handler: func(ctx context.Context, j jobs.Job) error { return Run(ctx, db, j.StoreID, lists) }})
}

// Recount has a job count the lists of a store whose rows have arrived without
// their totals. Until then the lists count by themselves.
func Recount(tx *sqldb.Tx, now int64) error {
	if err := tx.Exec(recount); err != nil {
		return err
	}
	return jobs.Enqueue(tx, now, Job, struct{}{}, now)
}

// Run counts the lists of a store. One statement tells how many rows there are and
// what the total is at the same moment; by the difference the total is corrected,
// whatever was written since.
func Run(ctx context.Context, db *sqldb.DB, storeID int64, lists []Count) error {
	ctx = sqldb.Aside(ctx)
	todo := false
	if err := db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		todo = false
		return tx.Query(uncounted, func(r *sqldb.Row) error { todo = r.Int(0) != 0; return nil })
	}); err != nil || !todo {
		return err
	}
	off := map[List]map[string]int64{}
	for _, l := range lists {
		off[l.List] = map[string]int64{}
		if err := db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
			parts := []string{""}
			if l.Parts != nil {
				parts = nil
				if err := tx.Query(l.Parts, func(r *sqldb.Row) error { parts = append(parts, r.Text(0)); return nil }); err != nil {
					return err
				}
			}
			for _, part := range parts {
				if err := tx.Query(l.Wrong, func(r *sqldb.Row) error { off[l.List][part] = r.Int(0); return nil }, part); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		if _, err := (store.Advance{}).Run(tx); err != nil {
			return err
		}
		todo = false // one that ran meanwhile has corrected them
		if err := tx.Query(uncounted, func(r *sqldb.Row) error { todo = r.Int(0) != 0; return nil }); err != nil || !todo {
			return err
		}
		for l, by := range off {
			if err := l.MoveAll(tx, by); err != nil {
				return err
			}
		}
		return tx.Exec(counted)
	})
}
