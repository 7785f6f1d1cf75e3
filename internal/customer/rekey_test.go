package customer_test

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/jobs"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/rekey"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// was makes a customer's address one that an earlier version has kept, under
// the key that it made.
func (w *world) was(id int64, address, key string) {
	w.t.Helper()
	if err := w.db.Write(w.t.Context(), w.mine, func(tx *sqldb.Tx) error {
		if err := tx.Exec(sqldb.Dynamic(`UPDATE customers SET email = $3 WHERE store_id = $1 AND id = $2`), id, address); err != nil {
			return err
		}
		if err := tx.Exec(sqldb.Dynamic(`UPDATE customer_emails SET email_norm = $3 WHERE store_id = $1 AND channel_id = 0 AND customer_id = 0
			AND email_norm = (SELECT MIN(o.email_norm) FROM customer_emails o WHERE o.store_id = $1 AND o.customer_id = $2)`), id, key); err != nil {
			return err
		}
		return tx.Exec(sqldb.Dynamic(`UPDATE customer_emails SET email_norm = $3 WHERE store_id = $1 AND customer_id = $2`), id, key)
	}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) job(storeID int64) {
	w.t.Helper()
	if err := w.db.Write(w.t.Context(), storeID, func(tx *sqldb.Tx) error {
		if err := tx.Exec(sqldb.Dynamic(`INSERT INTO email_rekeys (store_id, list, done_to) VALUES ($1, 'customers', 0)`)); err != nil {
			return err
		}
		return jobs.Enqueue(tx, 0, "rekey_customers", struct{}{}, 0)
	}); err != nil {
		w.t.Fatal(err)
	}
}

// has returns who has an address, the first of them.
func (w *world) has(address string) (id int64) {
	w.t.Helper()
	if err := w.db.Read(w.t.Context(), w.mine, func(tx *sqldb.Tx) error {
		id = 0
		return tx.Pipeline(customer.HoldersQuery(address, func(h customer.Holder) {
			if id == 0 {
				id = h.ID
			}
		})...)
	}); err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *world) clashes() (out []string) {
	w.t.Helper()
	found, _, err := rekey.Clashes(w.t.Context(), w.db, w.mine, customer.Rekey)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range found {
		out = append(out, c.List+" "+fmt.Sprint(c.ID, " ", c.OtherID))
	}
	return out
}

// older makes customers as earlier versions kept them.
func (w *world) older() {
	w.t.Helper()
	w.create(named("p1@x.org"), named("p2@x.org"), named("mbox@example.com"), named("p4@x.org"), named("p5@x.org", 2, 3), named("p6@x.org"), named("p7@x.org"), named("plain@example.com"))
	w.was(1, "A@münchen.de", "a@münchen.de")
	w.was(2, "straße@example.com", "strasse@example.com")
	w.was(4, "mbox@exam\u00adple.com", "mbox@exam\u00adple.com")
	w.was(5, "b@bücher.example", "b@bücher.example")
	w.was(6, "c@xn--mnchen-3ya.de", "c@xn--mnchen-3ya.de")
	w.was(7, "c@münchen.de", "c@münchen.de")
	w.job(w.mine)
}

// wantFound looks for everybody in all ways.
func (w *world) wantFound(when string) {
	w.t.Helper()
	for address, want := range map[string]int64{
		"a@münchen.de": 1, "A@MÜNCHEN.de": 1, "a@xn--mnchen-3ya.de": 1, "straße@example.com": 2, "strasse@example.com": 0, "mbox@example.com": 3,
		"mbox@exam\u00adple.com": 4, "b@bücher.example": 5, "b@xn--bcher-kva.example": 5, "c@xn--mnchen-3ya.de": 6, "c@münchen.de": 7, "Plain@example.com": 8,
	} {
		if got := w.has(address); got != want {
			w.t.Errorf("%s %+q is of %d, want %d", when, address, got, want)
		}
	}
	for _, address := range []string{"a@münchen.de", "a@xn--mnchen-3ya.de", "b@xn--bcher-kva.example", "straße@example.com", "mbox@example.com", "c@münchen.de"} {
		if _, err := w.svc.CreateFor(w.t.Context(), password.Party{StoreID: w.mine}, []customer.Create{named(address)}); fault.As(err) == nil || fault.As(err).Kind != fault.Conflict {
			w.t.Errorf("%s %+q is free: %v", when, address, err)
		}
	}
	if got := w.list(w.mine, "email:in=a@xn--mnchen-3ya.de"); len(got) != 1 || got[0].ID != 1 || got[0].Email != "A@münchen.de" {
		w.t.Errorf("%s the list finds %v", when, got)
	}
}

// Older keys are made anew step by step, each by a process of its own, and
// everybody is found meanwhile. Who has somebody else's address keeps theirs,
// and is told of.
func TestKeysAreMadeAnew(t *testing.T) {
	each(t, func(w *world) {
		w.older()
		var log strings.Builder
		w.wantFound("before")
		for i := 0; ; i++ {
			j := &rekey.Job{List: customer.Rekey, DB: w.db, Sys: system.Real(), Log: slog.New(slog.NewTextHandler(&log, nil)), Bite: 2}
			if i%2 == 0 { // killed before the commit
				dies := *j
				dies.Move = func(tx *sqldb.Tx, ids []int64) (map[int64]int64, error) {
					if _, err := j.Move(tx, ids); err != nil {
						return nil, err
					}
					return nil, errors.New("killed")
				}
				if _, err := dies.Some(w.t.Context(), w.mine); err != nil && err.Error() != "killed" {
					w.t.Fatal(err)
				}
			}
			done, err := j.Some(w.t.Context(), w.mine)
			if err != nil {
				w.t.Fatal(err)
			}
			w.wantFound("after step " + fmt.Sprint(i))
			if done {
				break
			}
			if i > 10 {
				w.t.Fatal("it never ends")
			}
		}
		keys := w.query(w.mine, `SELECT email_norm || ' ' || CAST(channel_id AS TEXT) || ' ' || CAST(customer_id AS TEXT) FROM customer_emails WHERE store_id = $1`)
		slices.Sort(keys)
		if want := []string{
			"a@xn--mnchen-3ya.de 0 1", "b@xn--bcher-kva.example 0 0", "b@xn--bcher-kva.example 2 5", "b@xn--bcher-kva.example 3 5", "c@münchen.de 0 7", "c@xn--mnchen-3ya.de 0 6",
			"mbox@example.com 0 3", "mbox@exam\u00adple.com 0 4", "plain@example.com 0 8", "straße@example.com 0 2",
		}; !slices.Equal(keys, want) {
			w.t.Errorf("the keys are\n%s\nwant\n%s", strings.Join(keys, "\n"), strings.Join(want, "\n"))
		}
		if got, want := w.clashes(), []string{"customers 4 3", "customers 7 6"}; !slices.Equal(got, want) {
			w.t.Errorf("clashes are %q, want %q", got, want)
		}
		if text := log.String(); strings.Count(text, "level=WARN") != 2 || !strings.Contains(text, "id=4 other_id=3") || strings.Contains(text, "@") {
			w.t.Errorf("told is %s", text)
		}
		// What the sharp s took is free, and a customer who clashes can be changed.
		w.create(named("strasse@example.com"))
		w.update(customer.Update{ID: 4, FirstName: opt.Some("Jo")})
		w.update(customer.Update{ID: 4, Email: opt.Some("other@example.com")})
		w.remove(6)
		if got := w.clashes(); len(got) != 0 {
			w.t.Errorf("settled clashes are told: %q", got)
		}
		w.update(customer.Update{ID: 7, Email: opt.Some("c@xn--mnchen-3ya.de")})
		if id := w.has("c@münchen.de"); id != 7 {
			w.t.Errorf("the address is of %d", id)
		}
		w.remove(1, 2, 3, 4, 5, 7, 8, 9)
		if left := w.query(w.mine, `SELECT email_norm FROM customer_emails WHERE store_id = $1`); len(left) != 0 {
			w.t.Errorf("keys of nobody are left: %+q", left)
		}
	})
}

// Customers change while their keys are old.
func TestOldKeysCanBeChanged(t *testing.T) {
	each(t, func(w *world) {
		w.older()
		w.update(customer.Update{ID: 1, Email: opt.Some("a@xn--mnchen-3ya.de")})
		w.remove(3)
		w.update(customer.Update{ID: 4, Email: opt.Some("mbox@example.com")}) // the same, spelled anew
		w.remove(2, 5)
		for address, want := range map[string]int64{"a@münchen.de": 1, "mbox@example.com": 4, "straße@example.com": 0, "b@bücher.example": 0} {
			if got := w.has(address); got != want {
				w.t.Errorf("%+q is of %d, want %d", address, got, want)
			}
		}
		r := jobs.NewRunner(w.db, system.Real(), jobs.Options{})
		(&rekey.Job{List: customer.Rekey, DB: w.db, Sys: system.Real(), Log: slog.New(slog.DiscardHandler)}).Register(r)
		if n, err := r.RunDue(w.t.Context()); n != 1 || err != nil {
			w.t.Fatal(n, err)
		}
		if got, want := w.clashes(), []string{"customers 7 6"}; !slices.Equal(got, want) {
			w.t.Errorf("clashes are %q, want %q", got, want)
		}
		if n := w.number(w.mine, `SELECT COUNT(*) FROM customer_emails WHERE store_id = $1`); n != 5 {
			w.t.Errorf("%d keys are there", n)
		}
		if n := w.number(w.mine, `SELECT COUNT(*) FROM email_rekeys WHERE store_id = $1`); n != 0 {
			w.t.Error("it is not done")
		}
	})
}

// One mailbox is one customer, and two mailboxes are two.
func TestOneAddressIsOneCustomer(t *testing.T) {
	each(t, func(w *world) {
		for _, in := range []struct{ first, second string }{
			{"mbox@example.com", "MBOX@ｅｘａｍｐｌｅ。com"}, {"a@münchen.de", "A@xn--mnchen-3ya.de"}, {"zoë@example.com", "zoe\u0308@example.com"},
		} {
			w.create(named(in.first))
			if _, err := w.svc.CreateFor(w.t.Context(), password.Party{StoreID: w.mine}, []customer.Create{named(in.second)}); fault.As(err) == nil || fault.As(err).Kind != fault.Conflict {
				w.t.Errorf("%+q and %+q: %v", in.first, in.second, err)
			}
		}
		for _, bad := range []string{"mbox@example.com\u200b", "mbox@exam\u00adple.com", "mbox@example.com."} {
			if _, err := w.svc.CreateFor(w.t.Context(), password.Party{StoreID: w.mine}, []customer.Create{named(bad)}); fault.As(err) == nil || fault.As(err).Kind != fault.Invalid {
				w.t.Errorf("%+q: %v", bad, err)
			}
		}
		got := w.create(named("strasse@example.com"), named("straße@example.com"), named("k@example.com"), named("\u212a@example.com"))
		if got[1].Email != "straße@example.com" || got[3].Email != "\u212a@example.com" {
			w.t.Errorf("%+v", got)
		}
	})
}

// Who has the right key already is in nobody's way, least of all their own, and
// who is gone is passed over: what was looked at may change before it is moved.
func TestKeysAreMovedOnce(t *testing.T) {
	each(t, func(w *world) {
		w.older()
		var keys []string
		for i := range 2 {
			var clashes map[int64]int64
			if err := w.db.Write(w.t.Context(), w.mine, func(tx *sqldb.Tx) (err error) {
				clashes, err = customer.Rekey.Move(tx, []int64{1, 2, 3, 4, 5, 6, 7, 8, 99})
				return err
			}); err != nil {
				w.t.Fatal(err)
			}
			if want := map[int64]int64{4: 3, 7: 6}; !maps.Equal(clashes, want) {
				w.t.Errorf("time %d: clashes are %v, want %v", i+1, clashes, want)
			}
			now := w.query(w.mine, `SELECT email_norm || ' ' || CAST(channel_id AS TEXT) || ' ' || CAST(customer_id AS TEXT) FROM customer_emails WHERE store_id = $1`)
			slices.Sort(now)
			if i > 0 && !slices.Equal(now, keys) {
				w.t.Errorf("the keys were %q and are %q", keys, now)
			}
			keys = now
		}
	})
}
