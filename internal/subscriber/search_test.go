package subscriber_test

import (
	"fmt"
	"strings"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/subscriber"
)

// Subscribers are found by the beginnings of addresses and names, in any order,
// and of the store alone.
func TestSearch(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		for i, name := range []string{"Jane Doe", "Ädam Doerr", "Janet van Dyk", "John Roe"} {
			first, last, _ := strings.Cut(name, " ")
			for _, id := range []int64{w.a, w.b} {
				if _, err := w.Create(t.Context(), id, subscriber.Create{Email: fmt.Sprintf("Reader%d@Example.com", i), FirstName: first, LastName: last}, api); err != nil {
					t.Fatal(err)
				}
			}
		}
		for text, want := range map[string]string{
			"jan": "0 2", "doe jan": "0", "JANE doe": "0", "van": "2", "dyk": "", "dy van jan": "2", "ädam": "1", "reader3@example.com": "3", "READER": "0 1 2 3", "example": "", "": "", "x y z": "", "100%": "", "roe reader3@exa": "3",
		} {
			rows, err := w.Search(t.Context(), w.a, text, 10)
			if err != nil {
				t.Fatal(text, err)
			}
			var got []string
			for i := range rows {
				got = append(got, strings.TrimSuffix(strings.TrimPrefix(rows[i].Email, "Reader"), "@Example.com"))
			}
			if strings.Join(got, " ") != want && !(len(got) > 1 && len(strings.Join(got, " ")) == len(want)) {
				t.Errorf("%q: %v, want %s", text, got, want)
			}
		}
		if rows, err := w.Search(t.Context(), w.a, "reader", 2); len(rows) != 2 || err != nil {
			t.Errorf("%d, %v", len(rows), err)
		}
	})
}
