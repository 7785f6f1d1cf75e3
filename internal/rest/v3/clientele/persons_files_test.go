package clientele_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"clientele/internal/auth"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// With a person who is erased the files go in which they may be: those of imports
// and exports that have ended. What undoes an import stays, and so do the files of
// other stores.
func TestFilesGoWithPersons(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db)
		d.account("first", "mover", auth.FullScopes()...)
		d.account("second", "other", auth.FullScopes()...)
		imported, exported := map[string]int64{}, map[string]string{}
		for hash, account := range map[string]string{"first": "mover", "second": "other"} {
			imported[hash] = d.send(hash, account, "", shop+"Ann,Lee,ann@example.com,yes,1\nBob,Lee,bob@example.com,no,1\nNo,Body,,no,1\n", 202).ID
			d.work()
			one := exportIn(t, d.want(hash, account, "POST", "/clientele/exports", `{"format":"csv"}`, 202, ""))
			d.work()
			exported[hash] = fmt.Sprintf("/clientele/exports/%d/file", one.ID)
			if text := d.want(hash, account, "GET", exported[hash], "", 200, ""); !strings.Contains(text, "ann@example.com") {
				t.Fatalf("the export has nobody: %s", text)
			}
		}
		errorsOf := func(hash string) string { return fmt.Sprintf("/clientele/imports/%d/errors", imported[hash]) }
		d.want("first", "mover", "GET", errorsOf("first"), "", 200, "")

		d.want("first", "mover", "POST", "/clientele/persons/erase", `{"email":"ann@example.com"}`, 200, "")
		d.Clock.Advance(2 * time.Minute)
		d.work()
		d.want("first", "mover", "GET", exported["first"], "", 404, "")
		d.want("first", "mover", "GET", errorsOf("first"), "", 404, "")
		if text := d.imported("first", "mover", imported["first"]).text; strings.Contains(text, "ann@") {
			t.Errorf("the import tells of her: %s", text)
		}
		d.want("second", "other", "GET", exported["second"], "", 200, "")
		d.want("second", "other", "GET", errorsOf("second"), "", 200, "")

		d.want("first", "mover", "POST", fmt.Sprintf("/clientele/imports/%d/undo", imported["first"]), "", 202, "")
		d.work()
		if got := d.imported("first", "mover", imported["first"]); got.State != "undone" || got.Undo["customers"] != 1 {
			t.Errorf("undone: %+v", got)
		}
	})
}
