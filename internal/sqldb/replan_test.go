package sqldb_test

import (
	"strings"
	"testing"

	_ "clientele/internal/app" // declares, with what it imports, all statements
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// SQLite plans a statement once for each connection: planning costs several
// times what a statement by a key does.
func TestNoStatementIsPlannedAgain(t *testing.T) {
	all := sqldb.Declared()
	db := dbtest.Open(t, sqldb.SQLite)
	ran := 0
	for _, s := range all {
		if strings.HasPrefix(s.SQL(), "CREATE") { // run by the migration
			continue
		}
		ran++
		n, err := db.Replans(s)
		if err != nil {
			t.Errorf("%v: %s", err, s.SQL())
		}
		if n > 0 {
			t.Errorf("is planned again by other arguments, %d times of 2: %s", n, s.SQL())
		}
	}
	if ran < 300 {
		t.Errorf("only %d statements are declared", ran)
	}
	// What the test goes by is there: a statement that is planned again.
	if n, err := db.Replans(sqldb.Unchanged(`SELECT id FROM customers WHERE store_id = ?1 ORDER BY id LIMIT ?2`)); n == 0 || err != nil {
		t.Errorf("a bound limit is planned again %d times: %v", n, err)
	}
}
