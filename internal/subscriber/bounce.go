package subscriber

import (
	"context"
	"slices"
	"strings"

	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/opt"
	"clientele/internal/personal"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Kinds of bounces.
const (
	// HardBounce: a mail server refuses the address for good.
	HardBounce = "hard"
	// Complaint: the person told their mailbox's provider that they want no such
	// emails.
	Complaint = "complaint"
)

// BounceKinds are all kinds of bounces.
var BounceKinds = []string{HardBounce, Complaint}

// ViaMailServer is how the program itself learns of a bounce.
const ViaMailServer = "mail_server"

const maxBounceReason = 500

// Report is the command to note a bounce.
type Report struct{ Email, Kind, Reason string }

// Bounce is what is known of an address that nothing is to be sent to.
type Bounce struct {
	Email, Kind, Reason, Via string
	Time                     int64
}

const bounceColumns = `email, kind, reason, via, date_created`

var (
	selectBounce = sqldb.Static(`SELECT ` + bounceColumns + ` FROM bounces WHERE store_id = $1 AND email_norm = $2`)
	// A complaint is not taken back by a mail server's refusal.
	putBounce = sqldb.Static(`INSERT INTO bounces (store_id, email_norm, email, kind, reason, via, date_created) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (store_id, email_norm) DO UPDATE SET kind = CASE WHEN bounces.kind = 'complaint' THEN bounces.kind ELSE excluded.kind END, reason = excluded.reason, via = excluded.via, date_created = excluded.date_created`)
	deleteBounce = sqldb.Static(`DELETE FROM bounces WHERE store_id = $1 AND email_norm = $2`)
)

func scanBounce(r *sqldb.Row) Bounce {
	return Bounce{r.Text(0), r.Text(1), r.Text(2), r.Text(3), r.Int(4)}
}

func bounceOf(tx *sqldb.Tx, key string) (out *Bounce, err error) {
	err = tx.Query(selectBounce, func(r *sqldb.Row) error { b := scanBounce(r); out = &b; return nil }, key)
	return out, err
}

func liftBounce(tx *sqldb.Tx, address string) error { return tx.Exec(deleteBounce, email.Key(address)) }

func (in *Report) check() error {
	c := fault.Collector{}
	if it, ok := email.Check(FieldEmail, in.Email); !ok {
		c.AddItem(it)
	}
	if !slices.Contains(BounceKinds, in.Kind) {
		c.Because(FieldBounce, fault.NotAccepted, WhyBounce, strings.Join(BounceKinds, ", "))
	}
	c.Length(FieldReason, in.Reason, 0, maxBounceReason)
	return c.Err(fault.Invalid)
}

// Bounce notes that nothing reaches an address, or that its owner complained. Who
// complains is unsubscribed from every channel.
func (s *Service) Bounce(ctx context.Context, storeID int64, in Report, by Origin) (out *Bounce, err error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	by = by.Came(ctx)
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		out, err = BounceTx(tx, in, by, s.sys.Now())
		return err
	})
	return out, err
}

// BounceTx is Bounce inside a transaction, of a report that is as it should be.
func BounceTx(tx *sqldb.Tx, in Report, by Origin, now int64) (*Bounce, error) {
	key := email.Key(in.Email)
	subs, err := held(tx, in.Email)
	if err != nil {
		return nil, err
	}
	if in.Kind == Complaint {
		by.Via = ViaComplaint
		if err := complained(tx, key, subs, by, now); err != nil {
			return nil, err
		}
	}
	was, err := bounceOf(tx, key)
	if err != nil {
		return nil, err
	}
	if err := tx.Exec(putBounce, key, in.Email, in.Kind, in.Reason, by.Via, now); err != nil {
		return nil, err
	}
	before := ""
	if was != nil {
		before = was.Kind
	}
	out, err := bounceOf(tx, key)
	if err != nil || before == out.Kind {
		return out, err
	}
	return out, recordBounce(tx, subs, before, out.Kind, now)
}

// held locks the subscribers with an address.
func held(tx *sqldb.Tx, address string) (subs []Subscriber, err error) {
	in, args := sqldb.In(nil, email.Keys(address))
	err = tx.Query(sqldb.Dynamic(`SELECT `+columns+` FROM subscribers WHERE store_id = $1 AND email_norm IN `+in+` ORDER BY id`+tx.ForUpdate()), func(r *sqldb.Row) error {
		var s Subscriber
		if s.scan(r); email.Same(s.Email, address) {
			subs = append(subs, s)
		}
		return nil
	}, args...)
	return subs, err
}

// complained has an address leave all channels.
func complained(tx *sqldb.Tx, key string, subs []Subscriber, by Origin, now int64) error {
	for i := range subs {
		if _, err := changeHeld(tx, &subs[i], &Update{Consents: opt.Some([]string{})}, by, now); err != nil {
			return err
		}
	}
	return insertEnds.Exec(tx, []any{now}, []any{key, int64(store.DefaultChannel), ViaComplaint})
}

// recordBounce has the history tell what is known of subscribers' addresses.
func recordBounce(tx *sqldb.Tx, subs []Subscriber, before, after string, now int64) error {
	for i := range subs {
		e := history.Entry{Action: history.Updated, Resource: history.Subscriber, ID: subs[i].ID}
		value := func(s string) string {
			if s == "" {
				return ""
			}
			return history.Text(s)
		}
		e.Add(false, history.FieldStatus, value(before), value(after))
		if err := history.Enter(tx, now, e); err != nil {
			return err
		}
	}
	return nil
}

// Reachable forgets that an address bounced. Who complained stays unsubscribed.
func (s *Service) Reachable(ctx context.Context, storeID int64, address string) error {
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		subs, err := held(tx, address)
		if err != nil {
			return err
		}
		was, err := bounceOf(tx, email.Key(address))
		if err != nil || was == nil {
			return err
		}
		if err := liftBounce(tx, address); err != nil {
			return err
		}
		return recordBounce(tx, subs, was.Kind, "", s.sys.Now())
	})
}

var bouncePart = personal.Table{
	Name: "bounces", Title: "Emails that came back", By: personal.ByAddress, Key: []string{"email_norm"},
	Select: sqldb.Static(`SELECT email_norm, email, kind, reason, via, date_created FROM bounces WHERE store_id = $1 AND email_norm = $2 AND email_norm > $3 ORDER BY email_norm LIMIT $4`),
	Kinds:  "date_created time",
	Drop: func(tx *sqldb.Tx, _ *personal.Erasure, rows []personal.Row) (n int64, err error) {
		for i := range rows {
			some, err := tx.ExecCount(deleteBounce, rows[i].Key[0])
			if err != nil {
				return n, err
			}
			n += some
		}
		return n, nil
	},
}.Part()
