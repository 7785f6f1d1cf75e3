package listing_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"clientele/internal/listing"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// timedList is a list whose bounds of a time are looked at first.
var timedList = &listing.Spec{
	Table: "attribute_values",
	Fields: []listing.Field{
		{Name: "made", Kind: listing.UnixTime, Ops: []listing.Op{listing.Eq, listing.Min, listing.Max}, Column: "date_created", Ordered: true},
		{Name: "customer", Kind: listing.Int, Ops: []listing.Op{listing.Eq}, Column: "customer_id"},
	},
	Cursors: true,
}

var (
	insertOwner     = sqldb.Static(`INSERT INTO attributes (store_id, id, name, name_norm, type, date_created, date_modified) VALUES ($1, $2, $3, $3, 'string', 1, 1)`)
	insertCustomers = sqldb.Static(`INSERT INTO customers (store_id, id, email, first_name, last_name, company, phone, notes, tax_exempt_category, customer_group_id, registration_ip_address,
		accepts_emails, store_credit, origin_channel_id, channel_ids, password_hash, force_password_reset, date_created, date_modified, name_norm, last_name_norm, company_norm, phone_norm)
		VALUES ($1, $2, '', '', '', '', '', '', '', 0, '', 0, 0, 1, '', '', 0, 1, 1, '', '', '', '')`)
	insertTimed = sqldb.Static(`INSERT INTO attribute_values (store_id, id, customer_id, attribute_id, value, date_created, date_modified) VALUES ($1, $2, $2, 1, '', $3, 1)`)
)

// Pages, totals and cursors are the same whether few rows or many meet bounds of
// a time.
func TestBoundsOfTime(t *testing.T) {
	const n = 2100
	made := func(id int64) int64 { return id*13%n + 1 } // in no order of the ids
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Write(t.Context(), 3, func(tx *sqldb.Tx) error {
			if err := tx.Exec(insertOwner, int64(1), "a"); err != nil {
				return err
			}
			for id := int64(1); id <= n; id++ {
				if err := tx.Exec(insertCustomers, id); err != nil {
					return err
				}
				if err := tx.Exec(insertTimed, id, made(id)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		page := func(raw string) (ids []int64, q *listing.Query, res *listing.Result) {
			t.Helper()
			q, err := timedList.Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Read(t.Context(), 3, func(tx *sqldb.Tx) error {
				ids = ids[:0]
				res, err = q.Run(tx, "id", func(r *sqldb.Row) error { ids = append(ids, r.Int(0)); return nil })
				return err
			}); err != nil {
				t.Fatalf("%s: %v", raw, err)
			}
			return ids, q, res
		}
		for _, bounds := range [][2]int64{{1, n}, {n + 1, n + 5}, {n, n}, {1100, n}, {1102, n}, {1, 999}, {1, 1000}, {1, 1001}, {500, 600}, {600, 500}} {
			var want []int64
			for id := int64(1); id <= n; id++ {
				if at := made(id); at >= bounds[0] && at <= bounds[1] {
					want = append(want, id)
				}
			}
			raw := fmt.Sprintf("made:min=%d&made:max=%d&limit=40", bounds[0], bounds[1])
			for _, number := range []int{1, 2, len(want)/40 + 1, len(want)/40 + 9} {
				lo, hi := min((number-1)*40, len(want)), min(number*40, len(want))
				got, _, res := page(fmt.Sprintf("%s&page=%d", raw, number))
				if !slices.Equal(got, want[lo:hi]) || res.Total != int64(len(want)) || res.After != (hi < len(want)) {
					t.Errorf("%s page %d: %d of %d, after %v; want %d of %d", raw, number, got, res.Total, res.After, want[lo:hi], len(want))
				}
			}
			all, q, res := page(raw)
			for res.After {
				var next []int64
				next, q, res = page(strings.TrimPrefix(string(q.AppendAfterLink(nil, q.EndCursor(res))), "?"))
				if res.Total != -1 || len(next) == 0 {
					t.Fatalf("%s: by cursor come %d rows and the total %d", raw, len(next), res.Total)
				}
				all = append(all, next...)
			}
			if !slices.Equal(all, want) {
				t.Errorf("%s: by cursor come %d rows, want %d", raw, len(all), len(want))
			}
		}
		if got, _, res := page(fmt.Sprintf("made=%d&customer=7", made(7))); !slices.Equal(got, []int64{7}) || res.Total != 1 {
			t.Errorf("with another filter: %d of %d", got, res.Total)
		}
	})
}
