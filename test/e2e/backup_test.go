package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/testing/pgcluster"
)

// told remembers the ids that webhooks were told of.
type told struct {
	*httptest.Server
	mu  sync.Mutex
	ids map[int64]bool
}

func newTold(t *testing.T) *told {
	h := &told{ids: map[int64]bool{}}
	h.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the sender has gone
		}
		var in struct{ Data struct{ ID int64 } }
		if err := json.Unmarshal(body, &in); err != nil {
			t.Error(err)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.ids[in.Data.ID] = true
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *told) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.ids)
}

// missing counts those who were not told of.
func (h *told) missing(ids map[int64]string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id := range ids {
		if !h.ids[id] {
			n++
		}
	}
	return n
}

// acknowledged returns what was acknowledged so far.
func (l *ledger) acknowledged() map[int64]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.acked)
}

// The drill: a server under load is backed up and then killed, and its database
// is given up. A new one, restored from the backup, has all that was
// acknowledged before the backup, and webhooks can be told of it again.
func TestRestoreDrill(t *testing.T) {
	t.Parallel()
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			if _, err := pgcluster.Tool("pg_dump"); err != nil && e == sqldb.Postgres && os.Getenv("CI") == "" {
				t.Skip(err)
			}
			testRestoreDrill(t, e)
		})
	}
}

func testRestoreDrill(t *testing.T, e sqldb.Engine) {
	dsn, file := dbtest.MigratedDSN(t, e), filepath.Join(t.TempDir(), "drill.backup")
	seeded(t, dsn)
	s := serve(t, "--database", dsn)
	hooks := newTold(t)
	hook := hookFor(s.client(), "store/customer/created", hooks.URL)
	l := newLedger()
	var before map[int64]string
	l.load(t, "drill", some(), func() {
		before = l.acknowledged()
		t.Log(strings.TrimSpace(must(t, "backup", "--database", dsn, file)))
		for deadline := time.Now().Add(patience); l.len() == len(before) && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		s.kill()
	}, []*client{s.client()})
	hooks.forget()

	restored := dbtest.DSN(t, e)
	out := must(t, "restore", "--database", restored, file)
	if !strings.HasPrefix(out, "Restored 1 store(s).") {
		t.Errorf("restore prints %q", out)
	}
	s = serve(t, "--database", restored)
	c := s.client()
	(&ledger{acked: before}).check(t, c)
	all := len(c.everyone())
	t.Logf("acknowledged before the backup %d, until the crash %d; in the backup are %d", len(before), l.len(), all)

	// What the backup holds can be told of again, also what had been told before.
	must(t, "webhooks", "replay", "--database", restored, "--store", seedStore, "--since", "1h", strconv.FormatInt(hook, 10))
	for deadline := time.Now().Add(patience); hooks.missing(before) > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("of %d customers webhooks are not told of %d", len(before), hooks.missing(before))
		}
	}
	after := c.create("after-the-drill@example.com")
	if before[after.ID] != "" {
		t.Errorf("id %d is given out twice", after.ID)
	}
	s.stop()
	killedRestores(t, e, file, all)
}

// killedRestores kills restores over another store's data: it is there
// afterwards, or the backup is.
func killedRestores(t *testing.T, e sqldb.Engine, file string, customers int) {
	t.Helper()
	dsn := dbtest.MigratedDSN(t, e)
	old, whole, longest := 0, 0, 100*time.Millisecond
	for round := range 8 {
		if round == 0 || whole > 0 {
			p := run(t, t.TempDir(), nil, "store", "create", "--database", dsn, "--hash", fmt.Sprintf("old%d", round))
			if p.code != 0 {
				t.Fatal(p.errs.String())
			}
		}
		p := launch(t, t.TempDir(), nil, program(t), "restore", "--overwrite", "--database", dsn, file)
		time.Sleep(time.Duration(rand.Int64N(int64(longest))))
		p.kill()
		awaitAlone(t, dsn)
		stores := must(t, "store", "list", "--database", dsn)
		switch {
		case strings.Contains(stores, seedStore):
			whole++
			longest -= longest / 3
			db, err := sqldb.Open(t.Context(), dsn, sqldb.Options{MustExist: true})
			if err != nil {
				t.Fatal(err)
			}
			if got := countCustomers(t, db); got != customers {
				t.Errorf("a killed restore leaves %d of %d customers", got, customers)
			}
			db.Close()
		case strings.Contains(stores, "old"):
			old++
			longest += longest / 2
		default:
			t.Fatalf("a killed restore leaves the stores\n%s", stores)
		}
	}
	t.Logf("of 8 killed restores %d left what was there, %d the backup", old, whole)
}

var customersOfAll = sqldb.Dynamic(`SELECT COUNT(*) FROM customers WHERE store_id = $1`)

func countCustomers(t *testing.T, db *sqldb.DB) (n int) {
	t.Helper()
	err := db.Read(t.Context(), 1, func(tx *sqldb.Tx) error {
		return tx.Query(customersOfAll, func(r *sqldb.Row) error { n = int(r.Int(0)); return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// awaitAlone waits until nobody is connected to a PostgreSQL database: what a
// killed process began may still be carried out.
func awaitAlone(t *testing.T, dsn string) {
	t.Helper()
	if strings.HasPrefix(dsn, "sqlite:") {
		return
	}
	ctx := context.Background()
	cfg, err := pgxpool.ParseConfig(dsn) // which may bound a pool
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.ConnectConfig(ctx, cfg.ConnConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		n := 0
		err := conn.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()").Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d sessions outlive their process", n)
		}
	}
}
