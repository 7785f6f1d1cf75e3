package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// rounds is how often each kind of crash is tried on each engine.
const rounds = 5

// some is how many acknowledgements come before a crash.
func some() int { return 100 + rand.IntN(400) }

// amid lets the crash come at any moment of the writers' work, not only right
// after an acknowledgement.
func amid(crash func()) func() {
	return func() {
		time.Sleep(time.Duration(rand.Int64N(int64(20 * time.Millisecond))))
		crash()
	}
}

func TestKilledServerSQLite(t *testing.T) {
	t.Parallel()
	dsn := dbtest.MigratedDSN(t, sqldb.SQLite)
	seeded(t, dsn)
	testKilledServer(t, dsn, func() {})
}

func TestKilledServerPostgres(t *testing.T) {
	t.Parallel()
	cluster := durableCluster(t)
	dsn := cluster.DSN("postgres")
	seeded(t, dsn)
	l, s := testKilledServer(t, dsn, func() { awaitQuiet(t, dsn) })

	// Now the database crashes under a server that stays.
	c := s.client()
	for round := range 2 {
		l.load(t, fmt.Sprintf("db%d", round), some(), amid(func() {
			if err := cluster.Kill(); err != nil {
				t.Error(err)
			}
		}), []*client{c}, http.StatusServiceUnavailable)
		c.awaitReady(http.StatusServiceUnavailable)
		c.call(http.StatusServiceUnavailable, http.MethodPost, "/customers", []any{person("down@example.com")})
		if status, err := c.get("/healthz"); status != http.StatusOK {
			t.Errorf("without the database /healthz answers %d (%v)", status, err)
		}
		if err := cluster.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.awaitReady(http.StatusOK)
		l.check(t, c)
		after := c.create(fmt.Sprintf("after-db%d@example.com", round))
		l.acked[after.ID] = after.Email
	}
	s.stop()
}

// testKilledServer kills servers under load and returns the last one.
func testKilledServer(t *testing.T, dsn string, quiet func()) (*ledger, *server) {
	t.Helper()
	l := newLedger()
	s := serve(t, "--database", dsn)
	for round := range rounds {
		l.load(t, fmt.Sprintf("r%d", round), some(), amid(s.kill), []*client{s.client()})
		quiet()
		s.restart(t)
		l.check(t, s.client())
		if t.Failed() {
			t.FailNow()
		}
	}
	return l, s
}

// awaitQuiet waits until the database has ended the sessions of a killed
// server: what these were told to do may still be carried out.
func awaitQuiet(t *testing.T, dsn string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		n := 0
		err := conn.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()").Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d sessions outlive their server", n)
		}
	}
}
