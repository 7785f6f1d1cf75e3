package figure_test

import (
	"context"
	"testing"
	"time"

	"clientele/internal/figure"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/system"
	"clientele/internal/system/systemtest"
)

// What happened is counted once for each day of the store's zone, today when it
// is asked for, and nothing of it again.
func TestFigures(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		zone, err := time.LoadLocation("America/New_York")
		if err != nil {
			t.Fatal(err)
		}
		clock := systemtest.NewClock(time.Date(2026, 3, 10, 3, 30, 0, 0, time.UTC)) // the 9th there
		var happened []int64
		queries := 0
		source := func(from, to int64, n *int64) sqldb.Q {
			queries++
			*n = 0
			for _, at := range happened {
				if at >= from && at < to {
					*n++
				}
			}
			return sqldb.Q{Stmt: sqldb.Dynamic(`SELECT history_id FROM store_counters WHERE store_id = $1`), Each: func(*sqldb.Row) error { return nil }}
		}
		sources := map[figure.Kind]figure.Source{}
		for _, k := range figure.Kinds {
			sources[k] = source
		}
		s := figure.NewService(db, &system.System{Clock: clock.Now}, func(context.Context, int64) (*time.Location, error) { return zone, nil }, func(context.Context) ([]int64, error) { return []int64{1}, nil }, sources)
		at := func(day, hour, minute int) int64 { return time.Date(2026, 3, day, hour, minute, 0, 0, zone).Unix() }
		// The 8th has 23 hours there.
		happened = []int64{at(7, 23, 59), at(8, 0, 0), at(8, 23, 59), at(9, 1, 0), at(9, 2, 0), at(1, 12, 0)}
		look := func(days int, sum, before int64, known bool, last ...int64) {
			t.Helper()
			p, err := s.Period(t.Context(), 1, days)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range p.Series {
				if o.Kind == figure.OptInsAsked || o.Kind == figure.OptInsConfirmed {
					continue
				}
				if o.Sum != sum || o.Before != before || o.Known != known || len(o.Days) != days {
					t.Errorf("%d days: %+v", days, o)
				}
				for i, want := range last {
					if o.Days[days-len(last)+i] != want {
						t.Errorf("%d days: %v, want %v at the end", days, o.Days, last)
					}
				}
			}
		}
		look(3, 2, 0, false, 0, 0, 2) // nothing is closed yet
		if err := s.CloseAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		look(3, 5, 0, true, 1, 2, 2)
		look(1, 2, 2, true, 2)
		look(4, 5, 0, true)
		look(5, 5, 1, true)
		happened = append(happened, at(8, 12, 0)) // too late for a day that is closed
		queries = 0
		if err := s.CloseAll(t.Context()); err != nil || queries != 0 {
			t.Errorf("%v, %d queries", err, queries)
		}
		clock.Advance(24 * time.Hour)
		if err := s.CloseAll(t.Context()); err != nil || queries != len(figure.Kinds)-2 {
			t.Errorf("%v, %d queries", err, queries)
		}
		look(2, 2, 3, true, 2, 0)
		look(365, 6, 0, true)

		// A kind that is new is counted for all days, and others are left as they are.
		if err := db.Write(t.Context(), 1, func(tx *sqldb.Tx) error {
			return tx.Exec(sqldb.Dynamic(`DELETE FROM daily_figures WHERE store_id = $1 AND kind = 5`))
		}); err != nil {
			t.Fatal(err)
		}
		happened = append(happened, at(8, 13, 0))
		if err := s.CloseAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		p, err := s.Period(t.Context(), 1, 5)
		if err != nil {
			t.Fatal(err)
		}
		if old, late := p.Of(figure.NewCustomers).Sum, p.Of(figure.Kind(5)).Sum; old != 5 || late != 7 {
			t.Errorf("%d and %d", old, late)
		}
		// What is counted as it happens, in the store's days.
		for _, when := range []int64{at(8, 23, 59), at(9, 0, 0), at(10, 23, 0)} {
			if err := db.Write(t.Context(), 1, func(tx *sqldb.Tx) error { return figure.Tally(tx, figure.OptInsAsked, when, zone) }); err != nil {
				t.Fatal(err)
			}
		}
		if p, err = s.Period(t.Context(), 1, 2); err != nil || p.Of(figure.OptInsAsked).Sum != 2 || p.Of(figure.OptInsAsked).Before != 1 || p.Of(figure.OptInsAsked).Days[0] != 1 {
			t.Errorf("%+v, %v", p.Of(figure.OptInsAsked), err)
		}
	})
}

// Where much happens in a day it is counted once, and what comes is added.
func TestMuchToday(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		clock := systemtest.NewClock(time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC))
		happened, looked := []int64{}, 0
		source := func(from, to int64, n *int64) sqldb.Q {
			*n = 0
			for _, at := range happened {
				if at >= from && at < to {
					*n++
					looked++
				}
			}
			return sqldb.Q{Stmt: sqldb.Dynamic(`SELECT history_id FROM store_counters WHERE store_id = $1`), Each: func(*sqldb.Row) error { return nil }}
		}
		sources := map[figure.Kind]figure.Source{}
		for _, k := range figure.Kinds {
			sources[k] = func(_, _ int64, n *int64) sqldb.Q {
				*n = 0
				return sqldb.Q{Stmt: sqldb.Dynamic(`SELECT history_id FROM store_counters WHERE store_id = $1`), Each: func(*sqldb.Row) error { return nil }}
			}
		}
		sources[figure.NewCustomers] = source
		s := figure.NewService(db, &system.System{Clock: clock.Now}, func(context.Context, int64) (*time.Location, error) { return time.UTC, nil }, func(context.Context) ([]int64, error) { return []int64{1}, nil }, sources)
		want := func(sum int64, most int) {
			t.Helper()
			looked = 0
			p, err := s.Period(t.Context(), 1, 1)
			if err != nil || p.Of(figure.NewCustomers).Sum != sum || looked > most {
				t.Errorf("%d, %v, %d looked at; want %d and %d at most", p.Of(figure.NewCustomers).Sum, err, looked, sum, most)
			}
		}
		now := func() int64 { return clock.Now().Unix() }
		for i := range int64(5000) {
			happened = append(happened, now()-3600+i/2)
		}
		want(5000, 10_000)
		want(5000, 0)
		happened = append(happened, now()-30, now()-59) // begun before, and there later
		want(5002, 2)
		clock.Advance(10 * time.Minute)
		happened = append(happened, now())
		want(5003, 3)
		clock.Advance(12 * time.Hour)
		want(0, 0)
	})
}

// A store in which little happened has few rows, whenever that was, and none of
// it is missed.
func TestQuietDaysHaveNoRows(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		clock := systemtest.NewClock(time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC))
		day := func(ago int) int64 { return clock.Now().AddDate(0, 0, -ago).Unix() }
		happened := []int64{day(1), day(2), day(40), day(41), day(400), day(figure.Back)}
		queries := 0
		sources := map[figure.Kind]figure.Source{}
		for _, k := range figure.Kinds {
			sources[k] = func(from, to int64, n *int64) sqldb.Q {
				queries++
				for _, at := range happened {
					if at >= from && at < to {
						*n++
					}
				}
				return sqldb.Q{Stmt: sqldb.Dynamic(`SELECT history_id FROM store_counters WHERE store_id = $1`), Each: func(*sqldb.Row) error { return nil }}
			}
		}
		s := figure.NewService(db, &system.System{Clock: clock.Now}, func(context.Context, int64) (*time.Location, error) { return time.UTC, nil }, func(context.Context) ([]int64, error) { return []int64{1}, nil }, sources)
		rows := func() (n int64) {
			t.Helper()
			if err := db.Read(t.Context(), 1, func(tx *sqldb.Tx) error {
				return tx.Query(sqldb.Dynamic(`SELECT COUNT(*) FROM daily_figures WHERE store_id = $1`), func(r *sqldb.Row) error { n = r.Int(0); return nil })
			}); err != nil {
				t.Fatal(err)
			}
			return n
		}
		for ago := range 3 {
			if err := s.CloseAll(t.Context()); err != nil {
				t.Fatal(err)
			}
			p, err := s.Period(t.Context(), 1, 366)
			if err != nil {
				t.Fatal(err)
			}
			o := p.Of(figure.NewCustomers)
			if o.Sum != 4 || o.Before != 1 || !o.Known || o.Days[365-ago-1] != 1 || o.Days[365-ago-41] != 1 {
				t.Errorf("after %d days: %+v", ago, o)
			}
			clock.Advance(24 * time.Hour)
		}
		if n := rows(); n > 200 || queries > 1500 {
			t.Errorf("%d rows after %d queries", n, queries)
		}
	})
}
