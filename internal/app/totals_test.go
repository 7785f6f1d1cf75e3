package app_test

import (
	"fmt"
	"maps"
	"testing"

	"clientele/internal/company"
	"clientele/internal/listing"
	"clientele/internal/metafield"
	"clientele/internal/segment"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/total"
	"clientele/internal/wishlist"
)

// countedLists counts what the lists have whose totals are kept, by list and part.
var countedLists = map[total.List]string{
	total.Wishlists:  `SELECT '', COUNT(*) FROM wishlists WHERE store_id = $1`,
	total.Companies:  `SELECT '', COUNT(*) FROM companies WHERE store_id = $1`,
	total.Metafields: `SELECT CASE WHEN permission_set = 'app_only' THEN client_id ELSE '' END, COUNT(*) FROM metafields WHERE store_id = $1 GROUP BY CASE WHEN permission_set = 'app_only' THEN client_id ELSE '' END`,
	total.Members:    `SELECT CAST(segment_id AS TEXT), COUNT(*) FROM segment_members WHERE store_id = $1 GROUP BY segment_id`,
}

// checkListTotals holds the totals that are kept to the rows that there are.
func checkListTotals(t *testing.T, db *sqldb.DB, storeID int64, after string) {
	t.Helper()
	have, want := map[string]int64{}, map[string]int64{}
	if err := db.Read(t.Context(), storeID, func(tx *sqldb.Tx) error {
		clear(have)
		clear(want)
		note := func(into map[string]int64, list int64, part string, n int64) {
			if n != 0 {
				into[fmt.Sprint(list, " ", part)] = n
			}
		}
		qs := []sqldb.Q{{Stmt: sqldb.Dynamic(`SELECT list, part, total FROM list_totals WHERE store_id = $1`), Each: func(r *sqldb.Row) error {
			note(have, r.Int(0), r.Text(1), r.Int(2))
			return nil
		}}}
		for list, sql := range countedLists {
			qs = append(qs, sqldb.Q{Stmt: sqldb.Dynamic(sql), Each: func(r *sqldb.Row) error { note(want, int64(list), r.Text(0), r.Int(1)); return nil }})
		}
		return tx.Pipeline(qs...)
	}); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(have, want) {
		t.Errorf("after %s the totals are %v, counted %v", after, have, want)
	}
}

// Lists from before their totals were kept are counted once, by a job; until then
// they count by themselves.
func TestTotalsOfOlderLists(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := newPeople(t, db)
		for n, mark := range []string{"Wombat", "Quokka", "Numbat"} {
			p.person(mark, int64(n+1)) // most rows are put into the tables as they are
		}
		p.write(1, `DELETE FROM list_totals WHERE store_id = $1`)
		p.write(1, `UPDATE store_counters SET uncounted_lists = 1 WHERE store_id = $1`)
		told := func(state string, want int64) {
			t.Helper()
			var got [5]int64
			if err := db.Read(t.Context(), 1, func(tx *sqldb.Tx) (err error) {
				for i, q := range []*listing.Query{
					wishlist.List.New(), company.List.New(), metafield.List.New(), metafield.List.New().Where("readable", listing.In, nil, []string{"cli-app"}),
					segment.MemberList.New().Where("segment", listing.In, []int64{1}, nil),
				} {
					if got[i], err = q.Count(tx); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if got != [5]int64{want, want, want, want, want} {
				t.Errorf("%s: %v, want %d of each", state, got, want)
			}
		}
		told("before", 3)
		lists := []total.Count{wishlist.Counted, company.Counted, metafield.Counted, segment.Counted}
		for range 2 {
			if err := total.Run(t.Context(), db, 1, lists); err != nil {
				t.Fatal(err)
			}
			checkListTotals(t, db, 1, "the job")
			told("after", 3)
		}
		p.erase("demo", "token", `{"email":"quokka@example.com"}`)
		checkListTotals(t, db, 1, "an erasure")
		told("after an erasure", 2)
		// Nobody counts any more.
		p.write(1, `UPDATE list_totals SET total = 77 WHERE store_id = $1 AND total <> 0`)
		told("kept", 77)
	})
}
