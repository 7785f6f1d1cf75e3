package listing_test

import (
	"fmt"
	"slices"
	"testing"

	"clientele/internal/listing"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// Where many rows are known to hold a text, their total is told, and a page by
// another order or another filter is read without them.
func TestManyRowsHoldAText(t *testing.T) {
	const n = 4200 // more than an engine is told
	asked := 0
	spec := &listing.Spec{
		Table: "attribute_values",
		Fields: []listing.Field{
			{Name: "value", Kind: listing.Text, Ops: []listing.Op{listing.Like}, Column: "value", Held: func(tx *sqldb.Tx, texts []string) (ids []int64, known bool, err error) {
				asked++
				for id := int64(1); id <= n; id++ {
					ids = append(ids, id)
				}
				return ids, true, nil
			}},
			{Name: "customer", Kind: listing.Int, Ops: []listing.Op{listing.Min}, Column: "customer_id"},
		},
		Sorts: []listing.Sort{{Name: "made", Column: "date_created", Kind: listing.Time}},
	}
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Write(t.Context(), 3, func(tx *sqldb.Tx) error {
			if err := tx.Exec(insertOwner, int64(1), "a"); err != nil {
				return err
			}
			for id := int64(1); id <= n; id++ {
				if err := tx.Exec(insertCustomers, id); err != nil {
					return err
				}
				if err := tx.Exec(insertTimed, id, 2*n-id); err != nil {
					return err
				}
			}
			return tx.Exec(sqldb.Dynamic(`UPDATE attribute_values SET value = 'some text' WHERE store_id = $1`))
		}); err != nil {
			t.Fatal(err)
		}
		for raw, want := range map[string]struct {
			first, step, total int64
		}{
			"value:like=text":                              {1, 1, n},
			"value:like=text&page=3":                       {101, 1, n},
			"value:like=text&sort=made:asc":                {n, -1, n},
			"value:like=text&sort=made:asc&page=2":         {n - 50, -1, n},
			"value:like=text&customer:min=11":              {11, 1, n - 10},
			"customer:min=11&value:like=text&page=2":       {61, 1, n - 10},
			fmt.Sprintf("value:like=text&page=%d", n/50):   {n - 49, 1, n},
			fmt.Sprintf("value:like=text&page=%d", n/50+1): {0, 0, n},
		} {
			q, err := spec.Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			var ids, list []int64
			for i := int64(0); i < 50 && want.step != 0; i++ {
				list = append(list, want.first+i*want.step)
			}
			asked = 0
			if err := db.Read(t.Context(), 3, func(tx *sqldb.Tx) error {
				ids = nil
				res, err := q.Run(tx, "id, value", func(r *sqldb.Row) error { ids = append(ids, r.Int(0)); return nil })
				if err == nil && res.Total != want.total {
					t.Errorf("%s: the total is %d, want %d", raw, res.Total, want.total)
				}
				if total, err := q.Count(tx); total != want.total || err != nil {
					t.Errorf("%s: counted %d, want %d: %v", raw, total, want.total, err)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(ids, list) {
				t.Errorf("%s: %d, want %d", raw, ids, list)
			}
			if asked != 2 {
				t.Errorf("%s: asked %d times", raw, asked)
			}
		}
	})
}
