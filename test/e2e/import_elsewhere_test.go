package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// With PostgreSQL the file of an import is kept in the database: where the server is
// killed that takes it, and stays away, another one goes on.
func TestImportGoesOnElsewhere(t *testing.T) {
	t.Parallel()
	dsn := dbtest.MigratedDSN(t, sqldb.Postgres)
	movedStores(t, dsn)
	ask := func(s *server, method, path, body string, want int) shownImport {
		t.Helper()
		return askImports(t, s, "killed", method, path, body, want)
	}
	const rows = 15_000
	first := serve(t, "--database", dsn)
	imp := ask(first, "POST", "?file=customers.csv", movingIn(rows), 202)
	path := fmt.Sprintf("/%d", imp.Data.ID)
	until := func(s *server, done func(shownImport) bool) (now shownImport) {
		t.Helper()
		for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			if now = ask(s, "GET", path, "", 200); done(now) {
				return now
			}
		}
		t.Fatalf("%+v", now)
		return now
	}
	until(first, func(i shownImport) bool { return i.Data.Progress.Rows > 0 })
	first.kill()
	db := dbtest.OpenDSN(t, dsn)
	// Of a customer the name follows the address, of a subscriber nothing does or a consent.
	customers := func() int64 { return int64(strings.Count(strings.ToLower(movedIn(t, db, "killed")), "@example.com c")) }
	before := customers()
	second := serve(t, "--database", dsn)
	got := until(second, func(i shownImport) bool { return i.Data.State == "done" })
	if after := customers(); got.Data.Counts["rows"] != rows || after != got.Data.Counts["created"] || before == 0 || before >= after {
		t.Errorf("%d were there when the server was killed, then %d; %v", before, after, got.Data.Counts)
	}
	second.stop()
}
