package transfer

import (
	"fmt"
	"strings"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// A transaction takes more and more records, but a few once somebody else has written.
func TestGivesWay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newImporting(t, db)
		var file strings.Builder
		file.WriteString("Email\n")
		for i := range 1500 {
			fmt.Fprintf(&file, "c%d@example.com\n", i)
		}
		f := strings.NewReader(file.String())
		in, err := w.svc.Inspect(t.Context(), w.a, f, "customers.csv", Options{})
		if err != nil {
			t.Fatal(err)
		}
		imp, err := w.svc.Begin(t.Context(), w.a, in.Plan, in.File)
		if err != nil {
			t.Fatal(err)
		}
		last, sizes, wrote := int64(0), []int64(nil), 0
		if err := w.svc.Run(t.Context(), w.a, imp, f, func(i *Import) {
			size := i.Counts.Rows - last
			last, sizes = i.Counts.Rows, append(sizes, size)
			if wrote == len(sizes)-1 && wrote > 0 && size > crowded {
				t.Errorf("%d records after somebody has written: %d", size, sizes)
			}
			if size > crowded && wrote == 0 {
				wrote = len(sizes)
				if _, err := w.svc.customers.CreateFor(t.Context(), password.Party{StoreID: w.a}, []customer.Create{{Email: "other@example.com", FirstName: "A", LastName: "B"}}); err != nil {
					t.Error(err)
				}
			}
		}); err != nil {
			t.Fatal(err)
		}
		if imp.State != Done || imp.Counts.Created != 1500 || wrote == 0 || wrote == len(sizes) {
			t.Errorf("%s, %+v, %d", imp.State, imp.Counts, sizes)
		}
	})
}
