package customer

import (
	"cmp"
	"slices"

	"clientele/internal/rule"
	"clientele/internal/sqldb"
)

// cameSince keeps the last sign-in no more exactly than to an hour: who signs in all
// the time need not be written all the time.
const cameSince = ` ON CONFLICT (store_id, customer_id) DO UPDATE SET date_last = excluded.date_last WHERE customer_sign_ins.date_last <= excluded.date_last - 3600`

var (
	noteSignIns = sqldb.StaticRows(`INSERT INTO customer_sign_ins (store_id, customer_id, date_last) VALUES `, 0, 2, 6, cameSince)
	tellSignIn  = sqldb.Static(`INSERT INTO customer_sign_ins (store_id, customer_id, date_last) VALUES ($1, $2, $3)` + cameSince + ` RETURNING customer_id`)
)

// Came is a customer who signed in at a time.
type Came struct{ ID, Time int64 }

// SignedIn notes that customers, who are locked, signed in. It is no change of
// them: no event tells of it. rules tells that segments have rules.
func SignedIn(tx *sqldb.Tx, rules bool, all ...Came) error {
	slices.SortFunc(all, func(a, b Came) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(b.Time, a.Time)) })
	all = slices.CompactFunc(all, func(a, b Came) bool { return a.ID == b.ID })
	if !rules {
		rows := make([]any, 0, 2*len(all))
		for _, c := range all {
			rows = append(rows, c.ID, c.Time)
		}
		return noteSignIns.Exec(tx, nil, rows)
	}
	var noted []int64
	queries := make([]sqldb.Q, len(all))
	for i, c := range all {
		queries[i] = sqldb.Q{Stmt: tellSignIn, Args: []any{c.ID, c.Time}, Each: func(r *sqldb.Row) error { noted = append(noted, r.Int(0)); return nil }}
	}
	if len(queries) > 0 {
		if err := tx.Pipeline(queries...); err != nil {
			return err
		}
	}
	return rule.Mark(tx, noted...)
}
