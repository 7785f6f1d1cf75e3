package e2e

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/testing/pgcluster"
)

// The seed file's store and account.
const (
	seedFile  = "testdata/seed.yaml"
	seedStore = "abc123"
	seedToken = "TOKEN"
)

// engines runs a test on a database of each engine that has the schema and no
// store.
func engines(t *testing.T, fn func(t *testing.T, dsn string)) {
	eachEngine(t, dbtest.MigratedDSN, fn)
}

// emptyEngines runs a test on an empty database of each engine.
func emptyEngines(t *testing.T, fn func(t *testing.T, dsn string)) {
	eachEngine(t, dbtest.DSN, fn)
}

func eachEngine(t *testing.T, database func(testing.TB, sqldb.Engine) string, fn func(t *testing.T, dsn string)) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			fn(t, database(t, e))
		})
	}
}

// seeded applies the seed file to a database.
func seeded(t *testing.T, dsn string) {
	t.Helper()
	must(t, "seed", "--database", dsn, absolute(t, seedFile))
}

// server is a running server and the way to run it again.
type server struct {
	*process
	dir  string
	args []string
	url  string
}

var listening = regexp.MustCompile(`address["=:]+(127\.0\.0\.1:\d+)`)

// serve starts a server on a free port and waits until it listens.
func serve(t *testing.T, args ...string) *server {
	t.Helper()
	s := &server{dir: t.TempDir(), args: args}
	s.launch(t)
	s.ready()
	return s
}

func (s *server) launch(t *testing.T) {
	t.Helper()
	args := append([]string{"serve", "--listen", "127.0.0.1:0"}, s.args...)
	s.process = launch(t, s.dir, nil, program(t), args...)
}

func (s *server) ready() {
	s.t.Helper()
	s.url = "http://" + s.await(&s.errs, listening)[1]
}

// restart starts a server that has ended again, on another port.
func (s *server) restart(t *testing.T) {
	t.Helper()
	s.wait()
	s.launch(t)
	s.ready()
}

// stop ends the server as an operator does.
func (s *server) stop() {
	s.t.Helper()
	s.signal(syscall.SIGTERM)
	s.wait()
	if s.code != 0 {
		s.t.Fatalf("after SIGTERM the exit code is %d: %s", s.code, s.errs.String())
	}
}

// host returns the address that the server listens on.
func (s *server) host() string { return strings.TrimPrefix(s.url, "http://") }

// client returns a client of the seed file's store.
func (s *server) client() *client { return newClient(s.t, s.url, seedStore, seedToken) }

// durableCluster starts a PostgreSQL that keeps what it acknowledges.
func durableCluster(t *testing.T) *pgcluster.Cluster {
	t.Helper()
	c, err := pgcluster.Start(t.Context(), pgcluster.Options{Durable: true})
	if errors.Is(err, pgcluster.ErrMissing) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}
