package customer

import (
	"context"

	"clientele/internal/event"
	"clientele/internal/group"
	"clientele/internal/history"
	"clientele/internal/jobs"
	"clientele/internal/rule"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// leaveBatch bounds how many customers leave a group in one transaction, which
// takes some tenths of a second. The rest of a larger group leaves by a job that
// is written in the transaction in which the group goes.
const leaveBatch = 5000

// leaveJob takes the rest of its customers out of a group that is gone.
const leaveJob = "leave_group"

// leaving is the payload of leaveJob.
type leaving struct {
	GroupID int64 `json:"group_id"`
}

var hasMember = sqldb.Static(`SELECT id FROM customers WHERE store_id = $1 AND customer_group_id <> 0 AND customer_group_id = $2 LIMIT 1`)

// LeaveGroup implements group.Members. The customers are locked before the
// group, as when they join one.
func (s *Service) LeaveGroup(tx *sqldb.Tx, groupID int64, remove func() error) error {
	members, err := membersOf(tx, groupID, s.leave)
	if err != nil {
		return err
	}
	if err := remove(); err != nil {
		return err
	}
	if len(members) == s.leave {
		if err := jobs.Enqueue(tx, s.sys.Now(), leaveJob, leaving{groupID}, s.sys.Now()); err != nil {
			return err
		}
		return leaveGroup(tx, members, s.sys.Now())
	}
	if err := unjoin(tx, members, s.sys.Now()); err != nil {
		return err
	}
	if err := tx.Query(hasMember, func(*sqldb.Row) error { return group.ErrJoined }, groupID); err != nil {
		return err
	}
	return tellOf(tx, members, s.sys.Now())
}

// leaveRest is the handler of leaveJob. A group that was made anew with its old
// id keeps its customers.
func (s *Service) leaveRest(ctx context.Context, j jobs.Job) error {
	var of leaving
	if err := j.Decode(&of); err != nil {
		return err
	}
	for {
		n := 0
		if err := s.db.Write(ctx, j.StoreID, func(tx *sqldb.Tx) error {
			n = 0
			members, err := membersOf(tx, of.GroupID, s.leave)
			if err != nil {
				return err
			}
			if again, err := group.Hold(tx, of.GroupID); err != nil || again {
				return err
			}
			n = len(members)
			return leaveGroup(tx, members, s.sys.Now())
		}); err != nil || n < s.leave {
			return err
		}
	}
}

// membersOf returns and locks the first customers of a group.
func membersOf(tx *sqldb.Tx, groupID int64, most int) ([]Customer, error) {
	var members []Customer
	lock := sqldb.Dynamic(`SELECT ` + customerColumns + ` FROM customers WHERE store_id = $1 AND customer_group_id <> 0 AND customer_group_id = $2 ORDER BY id LIMIT $3` + tx.ForUpdate())
	err := tx.Query(lock, func(r *sqldb.Row) error {
		members = append(members, Customer{})
		members[len(members)-1].scan(r)
		return nil
	}, groupID, int64(most))
	return members, err
}

// leaveGroup takes locked customers out of their groups.
func leaveGroup(tx *sqldb.Tx, members []Customer, now int64) error {
	if err := unjoin(tx, members, now); err != nil {
		return err
	}
	return tellOf(tx, members, now)
}

func unjoin(tx *sqldb.Tx, members []Customer, now int64) error {
	entries := make([]history.Entry, len(members))
	for i := range members {
		before := members[i]
		c := &members[i]
		c.GroupID, c.DateModified = 0, now
		entries[i] = c.changeOf(history.Updated, &before, c)
	}
	if err := history.Enter(tx, now, entries...); err != nil {
		return err
	}
	for i := range members {
		c := &members[i]
		if err := updateCustomerRow(tx, c, ""); err != nil {
			return err
		}
	}
	return rule.MarkIf(tx, ownersOf(entries)...)
}

// tellOf records that customers changed.
func tellOf(tx *sqldb.Tx, customers []Customer, now int64) error {
	events := make([]event.Event, len(customers))
	for i := range customers {
		c := &customers[i]
		events[i] = event.Customer(event.CustomerUpdated, c.ID, c.OriginChannelID, c.ChannelIDs)
	}
	return store.Record(tx, now, events...)
}
