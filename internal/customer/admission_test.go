package customer_test

import (
	"fmt"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// The rule of who enters a channel, from all that decides.
func TestAdmission(t *testing.T) {
	for _, c := range []struct {
		open, global   bool
		channels       customer.Channels
		enters, served bool
	}{
		{true, true, "", true, true},
		{true, false, "", false, true},
		{true, false, "2", true, true},
		{true, false, "1,2,3", true, true},
		{true, true, "1,3", false, false},
		{true, true, "22", false, false},
		{false, true, "", false, false},
		{false, true, "2", false, false},
	} {
		a := customer.Admission{ChannelID: 2, Entrance: store.Entrance{Open: c.open, Global: c.global}}
		what := fmt.Sprintf("open %v, global %v, channels %q", c.open, c.global, c.channels)
		if got := a.Enters(c.channels); got != c.enters {
			t.Errorf("%s: enters %v", what, got)
		}
		if got := a.Serves(c.channels); got != c.served {
			t.Errorf("%s: is served %v", what, got)
		}
	}
	for _, c := range []struct {
		open, global bool
		channel      int64
		want         bool
	}{{true, true, 0, true}, {true, false, 0, false}, {true, false, 2, true}, {true, true, 3, false}, {false, true, 0, false}, {false, true, 2, false}} {
		a := customer.Admission{ChannelID: 2, Entrance: store.Entrance{Open: c.open, Global: c.global}}
		if got := a.EntersAs(&customer.Holder{ChannelID: c.channel}); got != c.want {
			t.Errorf("%+v: enters as a holder on %d: %v", a, c.channel, got)
		}
	}
}

// What is read and what is joined tell the same.
func TestAdmissionIsReadAlike(t *testing.T) {
	joined := `SELECT c.id, ` + customer.AdmissionColumns + ` FROM account_sessions s` + customer.AdmissionJoin("s") + ` WHERE s.store_id = $1`
	each(t, func(w *world) {
		everywhere, two := w.create(named("a@x.org"))[0].ID, w.create(named("b@x.org", 2))[0].ID
		run := func(text string, args ...any) {
			w.t.Helper()
			if err := w.db.Write(w.t.Context(), w.mine, func(tx *sqldb.Tx) error { return tx.Exec(sqldb.Dynamic(text), args...) }); err != nil {
				w.t.Fatal(err)
			}
		}
		for i, id := range []int64{everywhere, two} {
			run(`INSERT INTO account_sessions (store_id, token_hash, id, customer_id, channel_id, kind, date_created, date_seen, date_expires, idle_seconds, user_agent, ip_address)
				VALUES ($1, $2, $3, $4, 2, 0, 0, 0, 0, 0, '', '')`, fmt.Sprint("t", i), int64(i+1), id)
		}
		for _, step := range []struct {
			sql  string
			want map[int64]bool
		}{
			{`UPDATE channels SET status = 'active' WHERE store_id = $1 AND id = 2`, map[int64]bool{everywhere: false, two: true}},
			{`INSERT INTO customer_settings (store_id, channel_id, name, value) VALUES ($1, 2, 'allow_global_logins', '1')`, map[int64]bool{everywhere: true, two: true}},
			{`UPDATE customer_settings SET value = '0' WHERE store_id = $1 AND channel_id = 2`, map[int64]bool{everywhere: false, two: true}},
			{`UPDATE channels SET status = 'deleted' WHERE store_id = $1 AND id = 2`, map[int64]bool{everywhere: false, two: false}},
		} {
			run(step.sql)
			if err := w.db.Read(w.t.Context(), w.mine, func(tx *sqldb.Tx) error {
				var a customer.Admission
				people := map[int64]*customer.Person{everywhere: {}, two: {}}
				queries := a.Query(2)
				for id, p := range people {
					queries = append(queries, customer.PersonQuery(id, p))
				}
				if err := tx.Pipeline(queries...); err != nil {
					return err
				}
				return tx.Query(sqldb.Dynamic(joined), func(r *sqldb.Row) error {
					id := r.Int(0)
					if by, read := customer.Admitted(r, 1, 2), a.Enters(people[id].Channels); by != step.want[id] || read != step.want[id] {
						w.t.Errorf("%s: customer %d enters: joined %v, read %v, want %v", step.sql, id, by, read, step.want[id])
					}
					return nil
				})
			}); err != nil {
				w.t.Fatal(err)
			}
		}
	})
}

func TestHold(t *testing.T) {
	each(t, func(w *world) {
		id := w.create(named("a@x.org"))[0].ID
		if err := w.db.Write(w.t.Context(), w.mine, func(tx *sqldb.Tx) error {
			found, err := customer.Hold(tx, 99, id, id)
			if err != nil || !found[id] || found[99] {
				w.t.Errorf("held %v, %v", found, err)
			}
			if found, err = customer.Hold(tx); err != nil || len(found) != 0 {
				w.t.Errorf("held of nobody %v, %v", found, err)
			}
			if err := customer.HoldOne(tx, 99); err != customer.ErrNoCustomer {
				w.t.Errorf("nobody is held: %v", err)
			}
			return nil
		}); err != nil {
			w.t.Fatal(err)
		}
		if err := w.db.Read(w.t.Context(), w.other, func(tx *sqldb.Tx) error {
			if found, err := customer.Exists(tx, id); found || err != nil {
				w.t.Errorf("another store's customer exists: %v, %v", found, err)
			}
			return nil
		}); err != nil {
			w.t.Fatal(err)
		}
	})
}
