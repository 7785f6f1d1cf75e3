// Package historytest shows tests what was recorded, a line for each entry.
package historytest

import (
	"fmt"
	"strings"
	"testing"

	"clientele/internal/history"
	"clientele/internal/sqldb"
)

// Lines returns what a store's history says of the entries after one, from the
// oldest: "action resource id of customer: field before>after, …". Empty values
// are "-".
func Lines(t testing.TB, db *sqldb.DB, store, after int64) []string {
	t.Helper()
	var out []string
	for _, r := range Entries(t, db, store, after) {
		out = append(out, Line(&r))
	}
	return out
}

// Entries returns the entries after one, from the oldest.
func Entries(t testing.TB, db *sqldb.DB, store, after int64) []history.Listed {
	t.Helper()
	if after == 0 {
		after = -1 // 0 would be none, and so the newest first
	}
	var out []history.Listed
	for after != 0 {
		page, err := history.NewService(db).List(t.Context(), store, history.Filter{After: after, Limit: history.MaxLimit})
		if err != nil {
			t.Fatal(err)
		}
		for i := len(page.Records) - 1; i >= 0; i-- {
			out = append(out, page.Records[i])
		}
		after = page.Newer
	}
	return out
}

// Forget empties a store's history, of which nothing was sealed yet: what it says
// of how the store was made is not what a test is about.
func Forget(t testing.TB, db *sqldb.DB, store int64) {
	t.Helper()
	if err := db.Write(t.Context(), store, func(tx *sqldb.Tx) error {
		for _, text := range []string{`DELETE FROM history WHERE store_id = $1`, `UPDATE store_counters SET history_id = 0 WHERE store_id = $1`} {
			if err := tx.Exec(sqldb.Dynamic(text)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// Last returns the id of the last entry.
func Last(t testing.TB, db *sqldb.DB, store int64) int64 {
	t.Helper()
	id, err := history.NewService(db).Last(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Line returns what an entry says.
func Line(r *history.Listed) string {
	b := fmt.Sprintf("%s %s %d", r.Action, r.Resource, r.ResourceID)
	if r.CustomerID != 0 && r.Resource != history.Customer {
		b += fmt.Sprintf(" of %d", r.CustomerID)
	}
	var changes []string
	for _, c := range r.Changes {
		changes = append(changes, c.Field+" "+shown(c.Before)+">"+shown(c.After))
	}
	if r.Reason != "" {
		b += " (" + r.Reason + ")"
	}
	if len(changes) == 0 {
		return b
	}
	return b + ": " + strings.Join(changes, ", ")
}

func shown(value string) string {
	if value == "" {
		return "-"
	}
	return value
}
