package sqldb_test

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

var (
	pass = sqldb.Static(`UPDATE store_counters SET history_id = history_id + $2, lap = ` + sqldb.NextLap("$2") + ` WHERE store_id = $1` + sqldb.Newest + ` RETURNING history_id, lap`)
	look = sqldb.Static(`SELECT history_id FROM store_counters WHERE store_id = $1` + sqldb.Newest)
)

// The counters are found by their last lap, and where that is not what it was.
func TestLaps(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		write := func(fn func(tx *sqldb.Tx) error) {
			t.Helper()
			if err := db.Write(t.Context(), 1, fn); err != nil {
				t.Fatal(err)
			}
		}
		var id, lap int64
		step := func(n int64, note bool) {
			t.Helper()
			id, lap = -1, -1
			write(func(tx *sqldb.Tx) error {
				return tx.Query(pass, func(r *sqldb.Row) error {
					if id, lap = r.Int(0), r.Int(1); note {
						tx.Lapped(lap)
					}
					return nil
				}, n)
			})
		}
		write(func(tx *sqldb.Tx) error {
			return tx.Exec(sqldb.Dynamic(`INSERT INTO store_counters (store_id) VALUES ($1)`))
		})
		for n, want := range []int64{0, 0, 1, 1, 2, 3} {
			if step([]int64{1, 1022, 1, 1023, 1, 3000}[n], true); lap != want {
				t.Errorf("after %d entries lap %d, want %d", id, lap, want)
			}
		}
		if step(-10, true); lap != 3 {
			t.Errorf("what was taken back makes it lap %d", lap)
		}
		// Another process has gone on, or the content of the store was replaced.
		for _, now := range []string{`lap = 40`, `lap = 1, history_id = 5`} {
			write(func(tx *sqldb.Tx) error {
				return tx.Exec(sqldb.Dynamic(`UPDATE store_counters SET ` + now + ` WHERE store_id = $1`))
			})
			seen := int64(-1)
			if err := db.Read(t.Context(), 1, func(tx *sqldb.Tx) error {
				return tx.Query(look, func(r *sqldb.Row) error { seen = r.Int(0); return nil })
			}); err != nil || seen < 0 {
				t.Errorf("%s: %d %v", now, seen, err)
			}
			if step(1, true); id != seen+1 {
				t.Errorf("%s: %d after %d", now, id, seen)
			}
		}
		// A write that was taken back had the next lap.
		if err := db.Write(t.Context(), 1, func(tx *sqldb.Tx) error {
			if err := tx.Query(pass, func(r *sqldb.Row) error { tx.Lapped(r.Int(1)); return nil }, int64(5000)); err != nil {
				return err
			}
			return errTakenBack
		}); err == nil {
			t.Fatal("it was kept")
		}
		before := id
		if step(1, true); id != before+1 {
			t.Errorf("%d after %d", id, before)
		}
	})
}

var errTakenBack = sqldb.ErrUnavailable

// While an old snapshot is open the counters are found without passing all versions.
func TestCountersUnderAnOldSnapshot(t *testing.T) {
	ctx := t.Context()
	dsn := dbtest.MigratedDSN(t, sqldb.Postgres)
	db := dbtest.OpenDSN(t, dsn)
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	var conns [2]*pgx.Conn
	for i := range conns {
		if conns[i], err = pgx.ConnectConfig(ctx, cfg.ConnConfig); err != nil {
			t.Fatal(err)
		}
		defer conns[i].Close(context.WithoutCancel(ctx))
	}
	run := func(c *pgx.Conn, sql string) {
		t.Helper()
		if _, err := c.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	run(conns[0], `INSERT INTO store_counters (store_id) VALUES (1)`)
	run(conns[0], `BEGIN ISOLATION LEVEL REPEATABLE READ`)
	run(conns[0], `SELECT history_id FROM store_counters`)
	lap := int64(0)
	for range 600 {
		if err := db.Write(ctx, 1, func(tx *sqldb.Tx) error {
			return tx.Query(pass, func(r *sqldb.Row) error { lap = r.Int(1); tx.Lapped(lap); return nil }, int64(100))
		}); err != nil {
			t.Fatal(err)
		}
	}
	run(conns[1], `VACUUM ANALYZE store_counters`)
	pages := func(sql string) int {
		t.Helper()
		sql = strings.NewReplacer("$1", "1", "$2", strconv.FormatInt(lap, 10)).Replace(sql)
		rows, err := conns[1].Query(ctx, "EXPLAIN (ANALYZE, BUFFERS) "+sql)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			if _, n, ok := strings.Cut(line, "shared hit="); ok {
				n, err := strconv.Atoi(strings.Fields(n)[0])
				if err != nil {
					t.Fatal(err)
				}
				return n
			}
		}
		t.Fatal(lines)
		return 0
	}
	all, newest := pages(look.SQL()), pages(sqldb.TextOnPostgres(look))
	if newest*3 > all {
		t.Errorf("%d pages are read for the newest version, %d for all", newest, all)
	}
}
