package account

import (
	"context"
	"time"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/jobs"
	"clientele/internal/sqldb"
)

// inviteJob sends customers without a password a link to choose one.
const inviteJob = "invite_passwords"

const (
	// inviteEvery is how often some are sent, in seconds.
	inviteEvery = 10
	// inviteLooks is how many customers one transaction looks at.
	inviteLooks = 2000
	// MaxInvites is how many emails a minute may be asked for.
	MaxInvites = 6000
)

// Invites is how far customers without a password were sent a link to choose one.
type Invites struct {
	Sent      int64
	PerMinute int64
	Done      bool
	Began     int64
	Modified  int64
}

var (
	selectInvites = sqldb.Static(`SELECT position, sent, a_minute, done, date_created, date_modified FROM password_invites WHERE store_id = $1`)
	beginInvites  = sqldb.Static(`INSERT INTO password_invites (store_id, position, sent, a_minute, done, date_created, date_modified) VALUES ($1, 0, 0, $2, 0, $3, $3)
		ON CONFLICT (store_id) DO UPDATE SET position = 0, sent = 0, a_minute = excluded.a_minute, done = 0, date_created = excluded.date_created, date_modified = excluded.date_modified`)
	paceInvites = sqldb.Static(`UPDATE password_invites SET a_minute = $2 WHERE store_id = $1`)
	moveInvites = sqldb.Static(`UPDATE password_invites SET position = $2, sent = sent + $3, done = $4, date_modified = $5 WHERE store_id = $1`)
)

// ErrPace: nobody is sent so many emails.
var ErrPace = fault.New(fault.Invalid, "between 1 and 6000 emails a minute can be sent")

// InviteRest has all customers without a password sent a link to choose one, so many a
// minute at most. While that goes on, it changes the pace alone, and tells so.
func (s *Service) InviteRest(ctx context.Context, storeID, perMinute int64) (begun bool, err error) {
	if perMinute < 1 || perMinute > MaxInvites {
		return false, ErrPace
	}
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		begun = true
		if err := tx.Query(sqldb.Dynamic(selectInvites.SQL()+tx.ForUpdate()), func(r *sqldb.Row) error { begun = r.Flag(3); return nil }); err != nil {
			return err
		}
		if !begun {
			return tx.Exec(paceInvites, perMinute)
		}
		now := s.sys.Now()
		if err := tx.Exec(beginInvites, perMinute, now); err != nil {
			return err
		}
		return jobs.Enqueue(tx, now, inviteJob, struct{}{}, now)
	})
	return begun, err
}

// Invites returns how far InviteRest has come, or nil where nobody was invited.
func (s *Service) Invites(ctx context.Context, storeID int64) (*Invites, error) {
	var out *Invites
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = nil
		return tx.Query(selectInvites, func(r *sqldb.Row) error {
			out = &Invites{Sent: r.Int(1), PerMinute: r.Int(2), Done: r.Flag(3), Began: r.Int(4), Modified: r.Int(5)}
			return nil
		})
	})
	return out, err
}

// inviteSome is the handler of inviteJob. How far it has come is stored with the
// emails, so that nobody gets two.
func (s *Service) inviteSome(ctx context.Context, j jobs.Job) error {
	done, wait := false, time.Duration(0)
	if err := s.db.Write(ctx, j.StoreID, func(tx *sqldb.Tx) error {
		position, pace := int64(0), int64(0)
		done = true
		if err := tx.Query(sqldb.Dynamic(selectInvites.SQL()+tx.ForUpdate()), func(r *sqldb.Row) error {
			position, pace, done = r.Int(0), r.Int(2), r.Flag(3)
			return nil
		}); err != nil || done {
			return err
		}
		most := max(pace*inviteEvery/60, 1)
		wait = time.Duration(max(inviteEvery, 60/pace)) * time.Second
		rows, last, end, err := customer.WithoutPassword(tx, position, inviteLooks, int(most))
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			wait = 0 // nobody among those
		}
		sent := int64(0)
		for i := range rows {
			at, err := home(tx, &rows[i])
			if err != nil {
				return err
			}
			if at == 0 { // who may not sign in anywhere
				continue
			}
			if err := s.AccountCreated(tx, &rows[i], false, nil); err != nil {
				return err
			}
			sent++
		}
		done = end
		return tx.Exec(moveInvites, last, sent, sqldb.Flag(end), s.sys.Now())
	}); err != nil || done {
		return err
	}
	return jobs.NotNow(wait)
}

// WithoutPassword counts the customers of a store who have no password, among all. It
// looks at each, a few thousand at a time.
func (s *Service) WithoutPassword(ctx context.Context, storeID int64) (without, all int64, err error) {
	for after, end := int64(0), false; !end; {
		var some, n, last int64
		if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
			some, n, last, err = customer.CountWithoutPassword(tx, after, inviteLooks)
			return err
		}); err != nil {
			return 0, 0, err
		}
		after, end = last, n < inviteLooks
		without, all = without+some, all+n
	}
	return without, all, nil
}
