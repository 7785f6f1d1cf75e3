package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// row is a write that runs together with others: it makes the row id.
type row struct {
	id  int64
	end string
}

// ends are the ways in which such a write may end; nil: it succeeds.
var ends = map[string]func(error) bool{
	"well":          nil,
	"refused":       func(err error) bool { return errors.Is(err, errMine) },
	"fails all":     func(err error) bool { return errors.Is(err, errMine) },
	"panics":        func(err error) bool { return strings.Contains(err.Error(), "defect") },
	"breaks a key":  isUnique,
	"breaks at end": isUnique,
}

// rowsTogether is a kind of such writes; ran is told how many each run is about.
func rowsTogether(db *sqldb.DB, ran func(n int)) *sqldb.Together[row] {
	return sqldb.NewTogether(db, func(tx *sqldb.Tx, in []row) ([]error, error) {
		ran(len(in))
		own := make([]error, len(in))
		tx.Signal("rows")
		for i, r := range in {
			switch r.end {
			case "refused":
				own[i] = errMine
				continue
			case "fails all":
				_, _ = tx.ExecCount(insertChannel, r.id, "a")
				return nil, errMine
			case "panics":
				_ = tx.Exec(insertChannel, r.id, "a")
				panic("defect")
			case "breaks a key":
				if _, err := tx.ExecCount(insertChannel, int64(2000), "taken"); err != nil {
					return nil, err
				}
			case "breaks at end":
				if err := tx.Exec(insertChannel, int64(2000), "taken"); err != nil {
					return nil, err
				}
			}
			if err := tx.Exec(insertChannel, r.id, "a"); err != nil {
				return nil, err
			}
		}
		return own, nil
	})
}

// Whatever a write does that runs together with others, every other one has its
// own outcome, whether of its kind or not.
func TestTogetherKeepsOutcomesApart(t *testing.T) {
	all := []string{"well", "refused", "fails all", "panics", "breaks a key", "breaks at end"}
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		kind, second := rowsTogether(db, func(int) {}), rowsTogether(db, func(int) {})
		try := func(order []string) {
			t.Helper()
			must(t, db, exec(deleteChannels))
			must(t, db, exec(insertChannel, int64(2000), "there before"))
			jobs := make([]func() error, len(order))
			want := int64(2) // the row that was there and that of the first
			for i, end := range order {
				id := int64(i + 1)
				switch {
				case i%5 == 3:
					jobs[i] = shared(t.Context(), db, exec(insertChannel, id, "a"))
				case i%5 == 4:
					jobs[i] = func() error { return second.Write(t.Context(), 1, row{id, end}) }
				default:
					jobs[i] = func() error { return kind.Write(t.Context(), 1, row{id, end}) }
				}
				if i%5 == 3 || ends[end] == nil {
					want++
				}
			}
			for i, err := range together(t, db, nil, jobs...) {
				w := ends[order[i]]
				if i%5 == 3 {
					w = nil
				}
				if w == nil && err != nil || w != nil && (err == nil || !w(err)) {
					t.Errorf("%q at %d of %q: %v", order[i], i, order, err)
				}
			}
			if n := count(t, db, 1); n != want {
				t.Errorf("%q: %d rows, want %d", order, n, want)
			}
		}
		for _, end := range all {
			try([]string{end, "well", "well"})
			try([]string{"well", end, "well", "well", end})
			try([]string{end, end, end})
		}
		r := rand.New(rand.NewPCG(3, 3))
		for range 20 {
			var order []string
			for range 2 + r.IntN(12) {
				end := all[r.IntN(len(all))]
				if r.IntN(2) == 0 {
					end = "well"
				}
				order = append(order, end)
			}
			try(order)
		}
	})
}

// Those that wait for each other are one run; a refusal does not break it up,
// and a caller who has gone is not in it.
func TestTogetherRunsOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var runs []int
		kind := rowsTogether(db, func(n int) { runs = append(runs, n) })
		gone, leave := context.WithCancel(t.Context())
		var jobs []func() error
		for i := range 20 {
			ctx, end := t.Context(), "well"
			switch i % 5 {
			case 3:
				ctx = gone
			case 4:
				end = "refused"
			}
			jobs = append(jobs, func() error { return kind.Write(ctx, 1, row{int64(i + 1), end}) })
		}
		for i, err := range together(t, db, leave, jobs...) {
			switch {
			case i%5 == 3 && !errors.Is(err, context.Canceled), i%5 == 4 && !errors.Is(err, errMine), i%5 < 3 && err != nil:
				t.Errorf("%d: %v", i, err)
			}
		}
		if !slices.Equal(runs, []int{16}) {
			t.Errorf("runs of %v, want one of 16", runs)
		}
		if n := count(t, db, 1); n != 13 {
			t.Errorf("%d rows, want 13", n)
		}
	})
}

var insertMany = sqldb.StaticRows(`INSERT INTO channels (store_id, date_created, date_modified, id, name) VALUES `, 2, 2, 3, ` ON CONFLICT (store_id, id) DO UPDATE SET name = excluded.name`)

// Any number of rows is inserted, by statements of powers of two.
func TestRows(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		for n := range 12 {
			must(t, db, exec(deleteChannels))
			rows := func(name string) (own []any) {
				for i := range n {
					own = append(own, int64(i+1), fmt.Sprint(name, i+1))
				}
				return own
			}
			dates := []any{int64(1), int64(1)}
			must(t, db, func(tx *sqldb.Tx) error { return insertMany.Exec(tx, dates, rows("a")) })
			must(t, db, func(tx *sqldb.Tx) error {
				changed, err := insertMany.ExecCount(tx, dates, rows("b"))
				if err == nil && changed != int64(n) {
					t.Errorf("%d rows changed, want %d", changed, n)
				}
				return err
			})
			var got []string
			must(t, db, func(tx *sqldb.Tx) error {
				got = nil
				return tx.Query(channelNames, func(r *sqldb.Row) error { got = append(got, fmt.Sprint(r.Int(0), " ", r.Text(1))); return nil })
			})
			for i, s := range got {
				if want := fmt.Sprint(i+1, " b", i+1); s != want {
					t.Errorf("row %d is %q, want %q", i, s, want)
				}
			}
			if len(got) != n {
				t.Errorf("%d rows, want %d", len(got), n)
			}
		}
	})
}
