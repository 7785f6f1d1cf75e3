package account

// This file has what the history tells of accounts besides changes of customers:
// sign-ins and what came of them, emailed links, and sessions that end.

import (
	"context"
	"errors"
	"strconv"
	"time"

	"clientele/internal/customer"
	"clientele/internal/history"
	"clientele/internal/limit"
	"clientele/internal/sqldb"
)

// Reasons for which a sign-in fails, besides the outcomes of the same name.
const (
	whyNobody  = "unknown_customer" // nobody has the email
	whyChannel = "no_access"        // who has it may not sign in on this channel
	whyChanged = "changed"          // the password or the channels, after they were looked at
	whyLink    = "link_refused"     // it is used up, expired, or was never sent
)

// Reasons for which sessions end.
const (
	whyReplaced = "replaced" // by another sign-in
	whyPassword = "password_changed"
)

// Bounds of what is recorded of failures: one entry for each account, network and
// reason within noteTime, and so many of a store that name no customer. Each
// process counts by itself. Metrics count all, and wrong passwords are counted in
// the database: each entry tells how many there were in a row.
const (
	noteTime      = time.Hour
	noteKinds     = 10_000
	noteStrangers = 100
)

// notes decides which failures are recorded.
type notes struct{ kinds, strangers *limit.Guard }

// failure is an attempt to sign in, or to prove who somebody is, that failed.
type failure struct {
	action     history.Action
	customerID int64 // whose account it is; 0: nobody knows
	by         Method
	why        string
	peer       limit.Peer
	clientID   string // of who signed a token; empty: nobody
	failures   int64  // wrong passwords in a row
}

// take reports whether a failure is to be recorded, and counts it.
func (n *notes) take(storeID int64, f *failure) bool {
	shop := strconv.FormatInt(storeID, 10)
	key := shop + "\x00" + strconv.FormatInt(f.customerID, 10) + "\x00" + f.peer.Network() + "\x00" + string(f.by) + "\x00" + f.why
	return n.kinds.Take(key) == 0 && (f.customerID != 0 || n.strangers.Take(shop) == 0)
}

// entry returns what is recorded. A token or an email that nobody has is not in it.
func (f *failure) entry() history.Entry {
	e := history.Entry{Action: f.action, Resource: history.Customer, ID: f.customerID, CustomerID: f.customerID}
	e.Add(false, history.FieldMethod, "", history.Text(string(f.by)))
	e.Add(false, history.FieldClient, "", history.Text(f.clientID))
	if f.failures != 0 {
		e.Add(false, history.FieldCount, "", history.Int(f.failures))
	}
	e.Because(f.why)
	return e
}

// fail records a failure that nothing else is written of. One that cannot be
// recorded is a failure all the same.
func (s *Service) fail(ctx context.Context, storeID int64, f failure) {
	history.Refuse(ctx, f.why)
	if !s.watch.notes.take(storeID, &f) {
		return
	}
	// Who hangs up has tried all the same.
	if err := s.db.Write(sqldb.Aside(context.WithoutCancel(ctx)), storeID, func(tx *sqldb.Tx) error {
		if f.customerID != 0 {
			var p customer.Person
			if err := tx.Pipeline(customer.HoldPersonQuery(tx, f.customerID, &p)); err != nil || p.ID == 0 {
				return err // nothing is to be left of who has gone
			}
		}
		return history.Enter(tx, s.sys.Now(), f.entry())
	}); err != nil {
		s.watch.log.Warn("a failed sign-in is not in the history", "error", err)
	}
}

// noting returns what records a wrong guess in the transaction that counts it,
// with what it holds back. f tells whose password it is about, and why it is wrong.
func (s *Service) noting(storeID int64, f failure) func(*sqldb.Tx, limit.Tried) error {
	asked, tell := false, false
	return func(tx *sqldb.Tx, t limit.Tried) error {
		if !asked { // the transaction may run more than once
			asked, tell = true, s.watch.notes.take(storeID, &f)
		}
		f.failures = t.Failures
		now := s.sys.Now()
		var entries []history.Entry
		if tell {
			entries = append(entries, f.entry())
		}
		if t.Account > 0 && (f.customerID != 0 || tell) {
			entries = append(entries, lockedOut(f.customerID, lockOutAccount, t.Failures, now+int64(t.Account/time.Second)))
		}
		if t.Network > 0 {
			entries = append(entries, lockedOut(0, lockOutNetwork, 0, now+int64(t.Network/time.Second)))
		}
		return history.Enter(tx, now, entries...)
	}
}

// lockedOut is the entry of sign-ins that are held back.
func lockedOut(customerID int64, of string, n, until int64) history.Entry {
	e := history.Entry{Action: history.LockedOut, Resource: history.Customer, ID: customerID, CustomerID: customerID}
	if n != 0 {
		e.Add(false, history.FieldCount, "", history.Int(n))
	}
	e.Add(false, history.FieldUntil, "", history.Int(until))
	e.Because(of)
	return e
}

// signedIn is the entry of a new session.
func (s *Session) signedIn(how *opening) history.Entry {
	e := history.Entry{Action: history.SignedIn, Resource: history.Customer, ID: s.CustomerID, CustomerID: s.CustomerID}
	e.Add(false, history.FieldMethod, "", history.Text(string(how.by)))
	e.Add(false, history.FieldClient, "", history.Text(how.clientID))
	e.Add(false, history.FieldSession, "", history.Int(s.ID))
	e.Add(false, history.FieldChannel, "", history.Int(s.ChannelID))
	if how.failures != 0 {
		e.Add(false, history.FieldCount, "", history.Int(how.failures))
	}
	return e
}

// sessionsEnded is the entry of sessions of a customer that end: n, or the one
// with an id.
func sessionsEnded(a history.Action, customerID, id, n int64, why string) history.Entry {
	e := history.Entry{Action: a, Resource: history.Session, ID: id, CustomerID: customerID}
	if id == 0 {
		e.Add(false, history.FieldCount, history.Int(n), "")
	}
	e.Because(why)
	return e
}

// ofLink is the entry of an emailed link.
func ofLink(a history.Action, purpose string, customerID int64) history.Entry {
	e := history.Entry{Action: a, Resource: history.Link, CustomerID: customerID}
	e.Add(false, history.FieldKind, "", history.Text(purpose))
	return e
}

// reason returns the precise reason of a sign-in that came to an outcome.
func reason(o Outcome, err error) string {
	switch {
	case errors.Is(err, ErrCredentials):
		return whyChanged
	case errors.Is(err, ErrNoAccess):
		return whyChannel
	case errors.Is(err, ErrNobody):
		return whyNobody
	case errors.Is(err, ErrLink):
		return whyLink
	}
	return string(o)
}
