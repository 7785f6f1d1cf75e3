package customer_test

import (
	"errors"
	"fmt"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/event"
	"clientele/internal/group"
	"clientele/internal/jobs"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// people puts n customers into a group.
func (w *world) people(n int, groupID int64) {
	w.t.Helper()
	for i := range n {
		in := named(fmt.Sprintf("g%d.%d@x.org", groupID, i))
		in.GroupID = groupID
		w.create(in)
	}
}

func (w *world) members(groupID int64) int64 {
	w.t.Helper()
	n, err := w.svc.Count(w.t.Context(), w.mine, customer.PlainList.New().Where("customer_group_id", listing.Eq, []int64{groupID}, nil))
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) told() (n int64) {
	return w.number(w.mine, `SELECT COUNT(*) FROM events WHERE store_id = $1 AND scope = '`+event.CustomerUpdated+`'`)
}

// A group goes with all its customers or not at all.
func TestGroupGoesAtOnce(t *testing.T) {
	each(t, func(w *world) {
		w.people(7, 2)
		failed := errors.New("failed")
		err := w.db.Write(w.t.Context(), w.mine, func(tx *sqldb.Tx) error {
			if err := w.svc.LeaveGroup(tx, 2, func() error { return nil }); err != nil {
				return err
			}
			return failed
		})
		if !errors.Is(err, failed) || w.members(2) != 7 || w.told() != 0 {
			w.t.Errorf("after a failure %d members are left, %d are told of: %v", w.members(2), w.told(), err)
		}
		groups := group.NewService(w.db, system.Real(), w.svc)
		if err := groups.Delete(w.t.Context(), w.mine, 2); err != nil {
			w.t.Fatal(err)
		}
		if w.members(2) != 0 || w.told() != 7 {
			w.t.Errorf("%d members are left, %d are told of", w.members(2), w.told())
		}
		if n := w.number(w.mine, `SELECT COUNT(*) FROM jobs WHERE store_id = $1`); n != 0 {
			w.t.Errorf("%d jobs are left", n)
		}
	})
}

// Of a large group the rest leaves by a job, which another process takes up.
func TestLargeGroupGoes(t *testing.T) {
	each(t, func(w *world) {
		w.people(10, 2)
		w.people(2, 3)
		w.svc.LeaveBy(4)
		groups := group.NewService(w.db, system.Real(), w.svc)
		if err := groups.Delete(w.t.Context(), w.mine, 2); err != nil {
			w.t.Fatal(err)
		}
		if n := w.number(w.mine, `SELECT COUNT(*) FROM customer_groups WHERE store_id = $1 AND id = 2`); n != 0 || w.members(2) != 6 || w.told() != 4 {
			w.t.Errorf("%d groups and %d members are left, %d are told of", n, w.members(2), w.told())
		}
		in := named("late@x.org")
		in.GroupID = 2
		_, err := w.svc.CreateFor(w.t.Context(), password.Party{StoreID: w.mine}, []customer.Create{in})
		w.wantBroken("who joins a group that is gone", err, "0.customer_group_id "+"unknown")
		r := jobs.NewRunner(w.db, system.Real(), jobs.Options{})
		w.svc.Register(r)
		if n, err := r.RunDue(w.t.Context()); n != 1 || err != nil {
			w.t.Fatal(n, err)
		}
		if w.members(2) != 0 || w.members(3) != 2 || w.told() != 10 {
			w.t.Errorf("%d members are left, %d are told of, %d are in another group", w.members(2), w.told(), w.members(3))
		}
	})
}

// A group that was made anew with the id of one that is gone keeps its
// customers.
func TestGroupMadeAnewKeepsCustomers(t *testing.T) {
	each(t, func(w *world) {
		w.people(6, 2)
		w.svc.LeaveBy(4)
		groups := group.NewService(w.db, system.Real(), w.svc)
		if err := groups.Delete(w.t.Context(), w.mine, 2); err != nil {
			w.t.Fatal(err)
		}
		if err := w.db.Write(w.t.Context(), w.mine, func(tx *sqldb.Tx) error {
			_, err := group.Put(tx, 2, group.Write{Name: opt.Some("again")}, 0)
			return err
		}); err != nil {
			w.t.Fatal(err)
		}
		r := jobs.NewRunner(w.db, system.Real(), jobs.Options{})
		w.svc.Register(r)
		if n, err := r.RunDue(w.t.Context()); n != 1 || err != nil {
			w.t.Fatal(n, err)
		}
		if w.members(2) != 2 {
			w.t.Errorf("%d members", w.members(2))
		}
	})
}
