// Package dbtest gives tests migrated databases on both engines: SQLite in a
// temporary file and PostgreSQL in a database of its own. The server is the
// one named by CLIENTELE_TEST_POSTGRES, or a throwaway one started for the
// test binary. Without PostgreSQL tests skip, but fail where CI is set.
package dbtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"clientele/internal/sqldb"
	"clientele/internal/testing/pgcluster"
)

// Now is the time at which test databases are migrated.
const Now = 1_750_000_000

// Each runs a test on both engines, each time with an empty migrated database.
func Each(t *testing.T, fn func(t *testing.T, db *sqldb.DB)) {
	t.Helper()
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			fn(t, Open(t, e))
		})
	}
}

// Open returns an empty migrated database.
func Open(t testing.TB, e sqldb.Engine) *sqldb.DB {
	t.Helper()
	return open(t, MigratedDSN(t, e), sqldb.Options{})
}

// OpenDSN opens and migrates a database that ends with the test.
func OpenDSN(t testing.TB, dsn string) *sqldb.DB {
	t.Helper()
	return open(t, dsn, sqldb.Options{})
}

// OpenWith is Open with options.
func OpenWith(t testing.TB, e sqldb.Engine, o sqldb.Options) *sqldb.DB {
	t.Helper()
	return open(t, MigratedDSN(t, e), o)
}

// OpenWatched is Open whose statements are shown to watch before they run.
func OpenWatched(t testing.TB, e sqldb.Engine, watch func(*sqldb.Stmt)) *sqldb.DB {
	t.Helper()
	return open(t, MigratedDSN(t, e), sqldb.Options{Watch: watch})
}

func open(t testing.TB, dsn string, o sqldb.Options) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(t.Context(), dsn, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	if _, err := db.Migrate(t.Context(), Now); err != nil {
		t.Fatal(err)
	}
	return db
}

// MigratedDSN returns the name of a new database with the schema and no store.
// It is a copy of a template, which takes less time than migrating.
func MigratedDSN(t testing.TB, e sqldb.Engine) string {
	t.Helper()
	if e == sqldb.Postgres {
		return postgres(t, true)
	}
	text, err := sqliteTemplate()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "clientele.db")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + file
}

// DSN returns the name of a new, empty database that is not migrated.
func DSN(t testing.TB, e sqldb.Engine) string {
	t.Helper()
	if e == sqldb.SQLite {
		return "sqlite:" + filepath.Join(t.TempDir(), "clientele.db")
	}
	return postgres(t, false)
}

var databases atomic.Int64

// postgres makes a database, empty or migrated, that ends with the test.
func postgres(t testing.TB, migrated bool) string {
	t.Helper()
	server, err := serverDSN()
	if errors.Is(err, pgcluster.ErrMissing) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.WithoutCancel(t.Context())
	template := "template1"
	if migrated {
		if template, err = postgresTemplate(); err != nil {
			t.Fatal(err)
		}
	}
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	name := fmt.Sprintf("t%d_%d", os.Getpid(), databases.Add(1))
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn, err := pgx.Connect(ctx, server)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close(ctx)
		if _, err := conn.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	dsn, err := database(server, name)
	if err != nil {
		t.Fatal(err)
	}
	return dsn
}

// database returns the DSN of a database of a server.
func database(server, name string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	q := u.Query()
	q.Set("pool_max_conns", "8")
	u.RawQuery = q.Encode()
	return strings.Replace(u.String(), "postgresql:", "postgres:", 1), nil
}

// serverDSN starts a server for this test binary unless there is one. It ends
// with the process.
var serverDSN = sync.OnceValues(func() (string, error) {
	if dsn := os.Getenv("CLIENTELE_TEST_POSTGRES"); dsn != "" {
		return dsn, nil
	}
	c, err := pgcluster.Start(context.Background(), pgcluster.Options{})
	if err != nil {
		return "", err
	}
	return c.DSN("postgres"), nil
})
