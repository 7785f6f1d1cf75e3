package subscriber_test

import (
	"errors"
	"log/slog"
	"maps"
	"slices"
	"testing"

	"clientele/internal/fault"
	"clientele/internal/jobs"
	"clientele/internal/opt"
	"clientele/internal/rekey"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/subscriber"
	"clientele/internal/system"
)

// Subscribers' keys are made anew, and they are found meanwhile.
func TestKeysAreMadeAnew(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		for _, address := range []string{"p1@x.org", "mbox@example.com", "p3@x.org", "p4@x.org"} {
			w.make(t, w.a, address)
		}
		if err := db.Write(t.Context(), w.a, func(tx *sqldb.Tx) error {
			for id, address := range map[int64]string{1: "a@münchen.de", 3: "mbox@example.com.", 4: "straße@example.com"} {
				key := address
				if id == 4 {
					key = "strasse@example.com"
				}
				if err := tx.Exec(sqldb.Dynamic(`UPDATE subscribers SET email = $3, email_norm = $4 WHERE store_id = $1 AND id = $2`), id, address, key); err != nil {
					return err
				}
			}
			if err := tx.Exec(sqldb.Dynamic(`INSERT INTO email_rekeys (store_id, list, done_to) VALUES ($1, 'subscribers', 0)`)); err != nil {
				return err
			}
			return jobs.Enqueue(tx, 0, "rekey_subscribers", struct{}{}, 0)
		}); err != nil {
			t.Fatal(err)
		}
		look := func(when string) {
			t.Helper()
			for address, want := range map[string]int64{"a@xn--mnchen-3ya.de": 1, "A@münchen.de": 1, "mbox@example.com": 2, "mbox@example.com.": 3, "straße@example.com": 4, "strasse@example.com": 0} {
				got, err := w.Find(t.Context(), w.a, 1, address)
				if err != nil || (got == nil) != (want == 0) || got != nil && got.ID != want {
					t.Errorf("%s %s is %+v, %v", when, address, got, err)
				}
			}
			if ids, _ := w.ids(t, w.a, "email=a@xn--mnchen-3ya.de"); !slices.Equal(ids, []int64{1}) {
				t.Errorf("%s the list finds %v", when, ids)
			}
			if _, err := w.Create(t.Context(), w.a, subscriber.Create{Email: "a@xn--mnchen-3ya.de"}, api); kind(err) != fault.Conflict {
				t.Errorf("%s the address is free: %v", when, err)
			}
		}
		look("before")
		r := jobs.NewRunner(db, system.Real(), jobs.Options{})
		(&rekey.Job{List: subscriber.Rekey, DB: db, Sys: system.Real(), Log: slog.New(slog.DiscardHandler), Bite: 2}).Register(r)
		if n, err := r.RunDue(t.Context()); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		look("after")
		var keys []string
		if err := db.Read(t.Context(), w.a, func(tx *sqldb.Tx) error {
			keys = nil
			return tx.Query(sqldb.Dynamic(`SELECT email_norm FROM subscribers WHERE store_id = $1 ORDER BY id`), func(r *sqldb.Row) error { keys = append(keys, r.Text(0)); return nil })
		}); err != nil {
			t.Fatal(err)
		}
		if want := []string{"a@xn--mnchen-3ya.de", "mbox@example.com", "mbox@example.com.", "straße@example.com"}; !slices.Equal(keys, want) {
			t.Errorf("the keys are %+q, want %+q", keys, want)
		}
		found, pending, err := rekey.Clashes(t.Context(), db, w.a, subscriber.Rekey)
		if err != nil || len(pending) != 0 || len(found) != 1 || found[0].ID != 3 || found[0].OtherID != 2 {
			t.Errorf("clashes are %+v, %q, %v", found, pending, err)
		}
		// Who clashes can be changed, but for another's address.
		if _, err := w.Update(t.Context(), w.a, 3, subscriber.Update{FirstName: opt.Some("Jo")}, api); err != nil {
			t.Error(err)
		}
		if _, err := w.Update(t.Context(), w.a, 3, subscriber.Update{Email: opt.Some("mbox@example.com")}, api); kind(err) != fault.Conflict {
			t.Error(err)
		}
	})
}

// Who has the right key already is in nobody's way, and who is gone is passed
// over: what was looked at may change before it is moved.
func TestKeysAreMovedOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		for _, email := range []string{"a@example.com", "b@example.com", "b@xn--mnchen-3ya.de"} {
			w.make(t, w.a, email)
		}
		if err := db.Write(t.Context(), w.a, func(tx *sqldb.Tx) error {
			old := sqldb.Dynamic(`UPDATE subscribers SET email = $3, email_norm = $3 WHERE store_id = $1 AND id = $2`)
			return errors.Join(tx.Exec(old, int64(1), "a@münchen.de"), tx.Exec(old, int64(2), "b@münchen.de"))
		}); err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			var clashes map[int64]int64
			if err := db.Write(t.Context(), w.a, func(tx *sqldb.Tx) (err error) {
				clashes, err = subscriber.Rekey.Move(tx, []int64{1, 2, 3, 99})
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if want := map[int64]int64{2: 3}; !maps.Equal(clashes, want) {
				t.Errorf("time %d: clashes are %v, want %v", i+1, clashes, want)
			}
		}
	})
}
