package subscriber_test

import (
	"fmt"
	"strings"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/storekey"
	"clientele/internal/subscriber"
	"clientele/internal/system"
)

// Of two wishes the stricter one holds, whichever comes first, and whoever has left
// does not come back by a file.
func TestImport(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		sys := system.Real()
		st, err := store.NewService(db, sys).Create(t.Context(), "mine", "", "")
		if err != nil {
			t.Fatal(err)
		}
		svc := subscriber.NewService(db, sys)
		if _, err := svc.Create(t.Context(), st.ID, subscriber.Create{Email: "here@example.com"}, subscriber.Origin{}); err != nil {
			t.Fatal(err)
		}
		keys, err := storekey.NewService(db, sys).Keys(t.Context(), st.ID)
		if err != nil {
			t.Fatal(err)
		}
		told := []string{"rejected", "created", "changed", "unchanged", "kept"}
		bring := func(address string, said subscriber.Said) string {
			t.Helper()
			var out string
			if err := db.Write(t.Context(), st.ID, func(tx *sqldb.Tx) error {
				tx.Mute(sqldb.Muted{Events: true, Entries: true})
				row := subscriber.ImportRow{Email: address, FirstName: "Ann", Said: said, At: 500, IP: "192.0.2.1", File: "abc"}
				done, err := subscriber.ImportTx(tx, keys, []subscriber.ImportRow{row}, 1000)
				if err != nil {
					return err
				}
				if out = told[done[0].Outcome]; done[0].Err != nil {
					out += " " + fmt.Sprint(done[0].Err.Items[0].Code)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			return out
		}
		for _, c := range []struct {
			address string
			said    subscriber.Said
			want    string
		}{
			{"no mail", subscriber.Agreed, "rejected bad_format"},
			{"ann@example.com", subscriber.Agreed, "created"}, {"ANN@example.com", subscriber.Agreed, "unchanged"},
			{"ann@example.com", subscriber.HasLeft, "changed"}, {"ann@example.com", subscriber.Agreed, "kept"}, {"ann@example.com", subscriber.HasLeft, "kept"},
			{"bob@example.com", subscriber.HasLeft, "created"}, {"bob@example.com", subscriber.Agreed, "kept"},
			{"cy@example.com", subscriber.NoWord, "created"}, {"cy@example.com", subscriber.Agreed, "kept"}, {"cy@example.com", subscriber.Barred, "unchanged"},
			{"here@example.com", subscriber.NoWord, "changed"}, {"here@example.com", subscriber.Agreed, "unchanged"}, {"here@example.com", subscriber.Barred, "changed"},
		} {
			if got := bring(c.address, c.said); got != c.want {
				t.Errorf("%s says %d: %s, want %s", c.address, c.said, got, c.want)
			}
		}
		var all []string
		if err := db.Read(t.Context(), st.ID, func(tx *sqldb.Tx) error {
			return tx.Query(sqldb.Dynamic(`SELECT s.email, s.consents, c.via, c.proof FROM subscribers s JOIN consent_changes c ON c.store_id = s.store_id AND c.subscriber_id = s.id
				WHERE s.store_id = $1 AND c.action = 'created' ORDER BY s.id`), func(r *sqldb.Row) error {
				all = append(all, r.Text(0)+" "+r.Text(1)+" "+r.Text(2)+" "+r.Text(3))
				return nil
			})
		}); err != nil {
			t.Fatal(err)
		}
		if len(all) != 4 || !strings.HasPrefix(all[1], "ann@example.com  import ") || !strings.Contains(all[1], `"asked":{"time":500,"ip_address":"192.0.2.1","place":"sha256:abc"}`) {
			t.Errorf("%q", all)
		}
	})
}
