package transfer

import (
	"testing"

	"clientele/internal/customer"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// The hash of a password comes to a customer who is there and has none, as other things
// that customers lack. A password that is there stays.
func TestPasswordsOfThoseWhoAreThere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newImporting(t, db)
		const (
			one   = "$P$984478476IagS59wHZvyQMArzfx58u."
			other = "$1$28772684$iEwNOgGugqO9.bIz5sk8k/"
			head  = "Email,Password hash\n"
		)
		have := func(want string) {
			t.Helper()
			if got := w.rows(w.a, `SELECT password_hash FROM customers WHERE store_id = $1 ORDER BY id`); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
		kinds := func(want string) {
			t.Helper()
			if got := w.rows(w.a, `SELECT kind || ' ' || CAST(customers AS TEXT) FROM imported_hashes WHERE store_id = $1 ORDER BY kind`); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
		w.bring(w.a, "a.csv", head+"ann@example.com,\nbob@example.com,"+one+"\ncy@example.com,\n", Options{})
		have("; " + one + "; ")
		file := head + "ann@example.com," + one + "\nbob@example.com," + other + "\n"
		w.bring(w.a, "b.csv", file, Options{})
		have("; " + one + "; ")
		for n, existing := range []customer.Existing{customer.FillExisting, customer.OverwriteExisting} {
			imp := w.bring(w.a, "b.csv", file, Options{OnExisting: existing})
			want := Counts{Rows: 2, Changed: 1, Unchanged: 1}
			if n > 0 {
				want = Counts{Rows: 2, Unchanged: 2}
			}
			if imp.Counts != want {
				t.Errorf("%s: %+v", existing, imp.Counts)
			}
			have(one + "; " + one + "; ")
		}
		kinds("phpass-md5:11 2")
		w.bring(w.a, "c.csv", head+"cy@example.com,"+other+"\n", Options{OnExisting: customer.OverwriteExisting})
		have(one + "; " + one + "; " + other)
		kinds("crypt-md5 1; phpass-md5:11 2")
	})
}
